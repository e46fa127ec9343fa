-- SPDX-License-Identifier: MIT
--
-- The audio of a call for a voice agent of Node (`ws`), in both framings, in the clear and over
-- TLS: examples/29_voice_agent.lua, the server beside it, and a phone that hears itself by both.

local audio <const> = require "spec.interop.support.audio"
local baresip <const> = require "spec.interop.support.baresip"
local certificates <const> = require "spec.support.certificates"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local script <const> = require "spec.interop.support.script"
local turn <const> = require "spec.interop.support.turn"
local wave <const> = require "spec.support.wave"

local modules <const> = (os.getenv "BUILD" or "build") .. "/npm"

describe("A voice agent of Node", function()
  local folder, said, ca, cert, key, other_cert, other_key

  setup(function()
    folder = scratch.folder()
    said = wave.speech("Is there anybody out there who hears what I say?", folder)
    -- baresip hangs up at the end of its file
    wave.write(folder.path .. "/said.wav", wave.silence(1) .. said .. wave.silence(30))
    ca = certificates.authority()
    cert, key = ca:issue("agent", { names = "DNS:localhost,DNS:*.agents.example" })
    other_cert, other_key = ca:issue("other", { names = "DNS:other.example" })
  end)
  teardown(function()
    folder:remove()
    ca:close()
  end)
  after_each(process.end_all)

  -- The agent, and where it listens.
  local function serve(...)
    local agent <const> = process.start { "node", "examples/servers/voice_agent.cjs", "0", modules,
                                          ... }
    agent:expect "listening on 127.0.0.1:(%d+)"
    return agent, agent.output:match "listening on 127.0.0.1:(%d+)"
  end

  local function call(server, fn)
    local phone <close> = baresip.start { transport = "udp", answer = "auto",
      says = folder.path .. "/said.wav" }
    local from = phone:now()
    phone:tell("dial", "sip:echo@" .. server.address)
    phone:expect("CALL_ESTABLISHED", from)
    return fn(phone, from)
  end

  for _, case in ipairs {
    { "json", "ws", "start audio/x%-mulaw {\"called\":\"echo\"}" },
    { "binary", "wss", "start 8000 mono" },
  } do
    local framing <const>, scheme <const>, began <const> = table.unpack(case)
    it(("says what it hears, in the framing %s over %s; digits and marks"):format(framing, scheme),
      function()
        local is_secure <const> = scheme == "wss"
        local agent <const>, port = serve(table.unpack(is_secure and { cert, key } or {}))
        local server <const> = script.serve("examples/29_voice_agent.lua",
          { ("%s://localhost:%s/live?x=1"):format(scheme, port), framing,
            is_secure and ca.path or nil }, { env = { AGENT_KEY = "k" } })
        audio.carried(said, function()
          return call(server, function(phone, from)
            agent:expect "call /live%?x=1 Bearer k"
            agent:expect(began)
            agent:expect "said begun"
            turn.pause(6000)
            phone:press "#"
            phone:expect("CALL_CLOSED", from)
            return phone:heard()
          end)
        end)
        agent:expect "digit #"
        agent:expect "closed 1000"
        server:expect "the agent hung up"
        script.stop(server)
      end)
  end

  it("hears of the end of a call: stop, and a close frame", function()
    local agent <const>, port = serve()
    local server <const> = script.serve("examples/29_voice_agent.lua",
      { ("ws://127.0.0.1:%s/"):format(port) })
    call(server, function(phone)
      agent:expect "said begun"
      phone:tell "hangup"
      agent:expect "stop"
      agent:expect "closed 1000"
      server:expect "hangup: the other side hung up"
    end)
    script.stop(server)
  end)

  it("proves its name over TLS, or there is no stream (RFC 9525)", function()
    local _, port = serve(other_cert, other_key)
    for _, trusted in ipairs { ca.path, "/etc/ssl/certs" } do
      local server <const> = script.serve("examples/29_voice_agent.lua",
        { ("wss://localhost:%s/"):format(port), "json", trusted })
      call(server, function() server:expect "no agent: transport: .*certificate" end)
      script.stop(server)
    end
  end)

  it("that is killed ends the stream, and the call goes on", function()
    local agent <const>, port = serve()
    local server <const> = script.serve("examples/29_voice_agent.lua",
      { ("ws://127.0.0.1:%s/"):format(port) })
    call(server, function()
      agent:expect "said begun"
      agent:send_signal "sigkill"
      server:expect "talking as [^\n]*\n%l+: [^\n]*connection" -- gone, or reset
    end)
    script.stop(server)
  end)
end)
