-- SPDX-License-Identifier: MIT
--
-- Where an agent listens, and what it says of that. Port 0 is tried on real sockets, in a
-- child that has spec/support/failing_calls.c in front of its C library.

local ends <const> = require "spec.net.ends"
local test <const> = require "moonsip.test"

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
      print(failed > 20 and failed <= 32, agent, err.name) -- others may have taken some
      print(sockets())
    ]]
    assert.same({ "1\t2\ttrue\n20\t2\ttrue\ntrue\tnil\tEADDRINUSE\n0\n", 0 },
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

describe("advertise", function()
  -- What Via and Contact of a request say of an agent with that option.
  local function said(advertise, transport)
    local net <close> = test.net()
    local alice = net:agent("sip:alice@example.com", { advertise = advertise })
    local bob = net:agent "sip:bob@example.com"
    alice:request("INVITE", bob, { transport = transport })
    net:advance(1)
    local text = net:messages({ method = "INVITE", from = alice })[1].bytes
    return text:match "Via: SIP/2.0/%u+ ([^;]*);", text:match "Contact: <sip:alice@([^>]*)>"
  end

  for given, expected in pairs {
    ["pbx.example.com"] = "pbx.example.com", ["pbx.example.com:5060"] = "pbx.example.com:5060",
    ["pbx.example.com:5070"] = "pbx.example.com:5070",
    ["192.0.2.1"] = "192.0.2.1:5060", ["[2001:db8::1]"] = "[2001:db8::1]:5060",
    ["[2001:db8::1]:5070"] = "[2001:db8::1]:5070",
  } do
    it(("%q is what Via and Contact say (RFC 3261 18.1.1)"):format(given), function()
      assert.same({ expected, expected }, { said(given) })
    end)
  end

  it("may differ by transport", function()
    local each = { udp = "udp.example.com", tcp = "tcp.example.com:5070" }
    assert.same("udp.example.com", (said(each)))
    local via, contact = said(each, "tcp")
    assert.same("tcp.example.com:5070", via)
    assert.same("tcp.example.com:5070;transport=tcp", contact)
  end)

  for _, wrong in ipairs { "", "a b", "sip:a", "a@b", "a;b", "a:0", "a:65536", "2001:db8::1",
                           "a:b", "[::1", ("a"):rep(256), "a\rb" } do
    it(("%q is refused at the caller's line"):format(wrong:sub(1, 20)), function()
      local ok, err = pcall(said, wrong)
      assert.is_false(ok)
      assert.matches("bad argument 'advertise'", err)
    end)
  end
end)
