-- SPDX-License-Identifier: MIT
--
-- The example of blocking work, on the test network.

local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"

describe("examples/13_offload.lua", function()
  it("looks callers up in a file, in a thread, and refuses strangers", function()
    local folder <close> = scratch.folder()
    local path <const> = folder:write("names.txt", "alice Alice Liddell\n")
    local net <close> = test.net()
    local script <const> = net:load("examples/13_offload.lua", "10.0.0.1",
      { "0.0.0.0:5060", path })
    local function send(user)
      local res <const>, err = net:agent("sip:" .. user .. "@example.com")
        :request("MESSAGE", script, { body = "hello" }):wait()
      return res and res.code or err.code
    end
    assert.same({ 200, 403, 200 }, { send "alice", send "eve", send "alice" })
    assert.is_true(script:printed "^Alice Liddell says hello$")
    script:stop()
    net:settle()
    assert.same("ended", script.state)
  end)

  it("says 503 when there is no file", function()
    local net <close> = test.net()
    local script <const> = net:load("examples/13_offload.lua", "10.0.0.1",
      { "0.0.0.0:5060", "/nowhere/names.txt" })
    local _, err = net:agent("sip:a@example.com"):request("MESSAGE", script, { body = "x" }):wait()
    assert.same(503, err.code)
    assert.is_true(script:printed "^no names: .*No such file")
  end)
end)
