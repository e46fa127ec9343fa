-- SPDX-License-Identifier: MIT
--
-- Port 0 of an agent: one port for UDP and TCP together, on real sockets, in a child that
-- has spec/support/failing_calls.c in front of its C library.

local ends <const> = require "spec.net.ends"

local CHILD <const> = [[
local failing <const> = require "failing_calls"
local sip <const> = require "moonsip"

local function sockets()
  local pipe <close> = assert(io.popen "ls -l /proc/$PPID/fd")
  return select(2, pipe:read("a"):gsub("socket:", ""))
end

-- The agent when TCP finds its port taken so many times.
local function try(times, where)
  failing.fail("listen", 1, "EADDRINUSE", times)
  local agent, err = sip.agent { listen = where or "127.0.0.1:0" }
  return failing.stop(), agent, err
end

%s
]]

local function child(chunk)
  return ends.failing_child(CHILD:format(chunk))
end

describe("port 0 of an agent", function()
  it("is the same for UDP and TCP of an address, and another one for the next", function()
    local output, status = child [[
      local _, agent = try(0, { "127.0.0.1:0", "127.0.0.1:0", "udp:127.0.0.2:0" })
      local names, count = {}, 0
      for _, one in ipairs(agent.listeners) do
        if not names[one.port] then count, names[one.port] = count + 1, count + 1 end
        print(one.transport, one.ip, names[one.port])
      end
    ]]
    assert.same({ "udp\t127.0.0.1\t1\ntcp\t127.0.0.1\t1\nudp\t127.0.0.1\t2\n"
      .. "tcp\t127.0.0.1\t2\nudp\t127.0.0.2\t3\n", 0 }, { output, status })
  end)

  it("is tried anew, 32 times, when what is free for UDP is taken for TCP", function()
    local output, status = child [[
      for _, times in ipairs { 1, 20 } do
        local failed, agent = try(times)
        print(failed, #agent.listeners, agent.listeners[1].port == agent.listeners[2].port)
        agent:close()
      end
      local failed, agent, err = try(40)
      print(failed, agent, err.name)
      print(sockets())
    ]]
    assert.same({ "1\t2\ttrue\n20\t2\ttrue\n32\tnil\tEADDRINUSE\n0\n", 0 },
      { output, status })
  end)

  it("is tried once where nothing is shared, and so is a port that was said", function()
    local output, status = child [[
      for _, where in ipairs { "tcp:127.0.0.1:0", "127.0.0.1:45061" } do
        local failed, agent, err = try(40, where)
        print(failed, agent, tostring(err):match "%d: (.*)")
      end
    ]]
    local line <const> = "1\tnil\taddress already in use\n"
    assert.same({ line .. line, 0 }, { output, status })
  end)
end)
