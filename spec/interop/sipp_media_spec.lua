-- SPDX-License-Identifier: MIT
--
-- SIPp speaks, presses keys, and hears: its RTP against scripts/ivr.lua.

local audio <const> = require "spec.interop.support.audio"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local recorder <const> = require "spec.interop.support.recorder"
local scenarios <const> = require "spec.interop.support.scenarios"
local scratch <const> = require "spec.support.scratch"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"
local uv <const> = require "luv"
local wave <const> = require "spec.support.wave"

local is_root <const> = uv.getuid() == 0

describe("SIPp with audio", function()
  local folder, said, server

  setup(function()
    folder = scratch.folder()
    said = wave.speech("This call may be recorded. Please leave a message.", folder)
    wave.write(folder.path .. "/prompt.wav", said)
    wave.write(folder.path .. "/said.wav", wave.silence(0.5) .. said .. wave.silence(1))
    local output, code = folder:run("cd " .. folder.path .. " && sox said.wav -t ul said.ul")
    assert.equal(0, code, output)
    server = script.serve("spec/interop/scripts/ivr.lua", { folder.path })
  end)

  teardown(function()
    script.stop(server)
    process.end_all()
    folder:remove()
  end)

  local function milliseconds() return #said // 16 end

  -- Runs a scenario that calls a user of the script.
  local function call(name, user, options)
    options.transport, options.target, options.user = "udp", server.address, user
    options.media = options.media or ("%s:%d"):format(place.ip, place.ports(4))
    sipp.run(name, options)
  end

  it("hears a prompt as it is. " .. scenarios.title "uac_listen", function()
    audio.carried(said, function()
      local from = #server.output + 1
      local port <close> = recorder.start()
      call("uac_listen", "listen", { words = { PORT = port.port, MS = milliseconds() + 4000 } })
      server:expect("played\ttrue", from)
      return port:heard()
    end)
  end)

  it("received it without a loss. " .. scenarios.title "uac_echo", function()
    local result = audio.carried(said, function()
      local from = #server.output + 1
      call("uac_echo", "echoed", { media = "echo", words = { MS = milliseconds() + 2500 } })
      server:expect("recorded\ttrue", from)
      return wave.read(folder.path .. "/recorded.wav")
    end)
    assert.is_true(result.correlation >= 0.999)
  end)

  it("is recorded as it speaks. " .. scenarios.title "uac_says", function()
    local result = audio.carried(said, function()
      local from = #server.output + 1
      call("uac_says", "record", { words = { FILE = folder.path .. "/said.ul",
                                             MS = milliseconds() + 1500 } })
      server:expect("recorded\t", from)
      return wave.read(folder.path .. "/recorded.wav")
    end)
    assert.is_true(result.correlation >= 0.999)
  end)

  it("is heard by another in a bridge", function()
    audio.carried(said, function()
      local from = #server.output + 1
      local port <close> = recorder.start()
      local first <close> = sipp.start("uac_listen", { transport = "udp", user = "pair",
        target = server.address, media = ("%s:%d"):format(place.ip, place.ports(4)),
        words = { PORT = port.port, MS = milliseconds() + 4000 } })
      server:expect("waiting\n", from)
      call("uac_says", "pair", { words = { FILE = folder.path .. "/said.ul",
                                           MS = milliseconds() + 1500 } })
      server:expect("apart\thangup", from)
      first:wait()
      return port:heard()
    end)
  end)

  if not is_root then return end -- SIPp writes its digits to a raw socket

  it("presses twelve keys, which arrive once each and in order. "
    .. scenarios.title "uac_digits", function()
    local from = #server.output + 1
    call("uac_digits", "digits", { words = { DIGITS = "13579*24680#" } })
    server:expect("digits\t[^\n]*\n", from)
    assert.truthy(server.output:find("digits\t13579*24680\n", from, true), server.output)
  end)
end)
