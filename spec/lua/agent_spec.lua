-- SPDX-License-Identifier: MIT
-- Agents: their options, listeners, handlers as such, traces, reloads and ends.

local handlers = require "moonsip.handlers"
local pair = require "spec.support.pair"
local scratch = require "spec.support.scratch"

describe("an agent", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  local function ok(req) req:reply(200) end

  describe("on", function()
    it("takes a method, a status, a class or an event, and gives the agent back",
      function()
      for _, what in ipairs { "INVITE", "X-ODD.METHOD!", 486, "486", "1xx", "6xx",
                              "request", "response", "error", "my_event" } do
        assert.equal(bob, bob:on(what, ok))
      end
    end)

    for what, why in pairs { Invite = "is no METHOD", ["7xx"] = "is no METHOD",
                             ["0xx"] = "is no METHOD", [99] = "99 is no status",
                             [700] = "700 is no status", ["1000"] = "1000 is no status",
                             [""] = "is no METHOD", ["IN VITE"] = "is no METHOD",
                             [true] = "string or status expected",
                               [4.5] = "string or status" } do
      it("refuses " .. tostring(what) .. " at the caller's line", function()
        local here = debug.getinfo(1, "l").currentline + 1
        local fine, err = pcall(function() bob:on(what, ok) end)
        assert.is_false(fine)
        assert.matches(("agent_spec.lua:%d: bad argument 'what' to 'agent:on'"):format(here), err)
        assert.matches(why, err)
      end)
    end

    it("refuses what is no function, and filters it does not know", function()
      assert.has_error(function() bob:on("INVITE") end)
      assert.has_error(function()
        bob:on("INVITE", {}, setmetatable({}, { __call = ok }))
      end)
      local _, err = pcall(bob.on, bob, "INVITE", { too = "x" }, ok)
      assert.matches("bad argument 'too' to 'agent:on' %(no such field of a filter", err)
      _, err = pcall(bob.on, bob, "INVITE", { to = 4.5 == 4 }, ok)
      assert.matches("bad argument 'to'", err)
      _, err = pcall(bob.on, bob, "INVITE", { to = "^[" }, ok)
      assert.matches("bad argument 'to'.*malformed pattern", err)
      _, err = pcall(bob.on, bob, "INVITE", { to = {} }, ok)
      assert.matches("the list is empty", err)
      _, err = pcall(bob.on, bob, "INVITE", { to = "sip:" }, ok)
      assert.matches("is no URI", err)
      _, err = pcall(bob.on, bob, "error", { to = "x" }, ok)
      assert.matches("has no message to filter", err)
    end)

    it("is undone by off: one function, or all of a kind", function()
      local function first(req) req:reply(201) end
      bob:on("MESSAGE", first):on("MESSAGE", ok)
      local function code() return assert(alice:request("MESSAGE", bob):wait()).code end
      assert.equal(201, code())
      bob:off("MESSAGE", first)
      assert.equal(200, code())
      bob:off "MESSAGE"
      assert.equal(405, select(2, alice:request("MESSAGE", bob):wait()).code)
    end)

    it("may be called by a handler that runs", function()
      local count = 0
      bob:on("MESSAGE", function()
        count = count + 1
        bob:off "MESSAGE"
        bob:on("MESSAGE", ok)
        return handlers.next
      end)
      bob:on("MESSAGE", function(req) req:reply(299) end)
      assert.equal(299, assert(alice:request("MESSAGE", bob):wait()).code)
      assert.equal(200, assert(alice:request("MESSAGE", bob):wait()).code)
      assert.equal(1, count)
    end)
  end)

  describe("filters", function()
    -- Which of two handlers a request meets.
    local function meets(filter, options, uri)
      local met
      bob:off "MESSAGE"
      bob:on("MESSAGE", function(req) met = false; req:reply(200) end)
      bob:on("MESSAGE", filter, function(req) met = true; req:reply(200) end)
      assert(alice:request("MESSAGE", uri or bob.contact, options):wait())
      return met
    end

    local cases <const> = {
      { { to = "600" }, { to = "sip:600@example.com" }, true },
      { { to = "600" }, { to = "sip:6000@example.com" }, false },
      { { to = "600@EXAMPLE.com" }, { to = "sip:600@example.com" }, true },
      { { to = "600@example.org" }, { to = "sip:600@example.com" }, false },
      { { to = "sip:600@example.com" }, { to = "sip:%36%30%30@EXAMPLE.com" }, true },
      { { to = "^%+44" }, { to = "sip:+441234@example.com" }, true },
      { { to = "^%+44" }, { to = "sip:+431234@example.com" }, false },
      { { to = "^.*@example%.com$" }, { to = "sip:600@example.com" }, true },
      { { to = { "100", "^6%d%d$" } }, { to = "sip:600@example.com" }, true },
      { { to = { "100", "^6%d%d$" } }, { to = "sip:700@example.com" }, false },
      { { to = function(uri) return uri.host == "example.com" end },
        { to = "sip:x@example.com" }, true },
      { { from = "carol" }, { from = "sip:carol@example.com" }, true },
      { { from = "carol" }, {}, false },
      { { user = "bob" }, {}, true },
      { { user = "^b" }, {}, true },
      { { host = "10.0.1.2" }, {}, true },
      { { uri = "bob" }, {}, true },
      { { method = "MESSAGE" }, {}, true },
      { { method = "INVITE" }, {}, false },
      { { content_type = "TEXT/plain" }, { body = "x" }, true },
      { { content_type = "text/plain" }, {}, false },
      { { content_type = "^text/" },
        { body = "x", content_type = "text/html; charset=utf-8" }, true },
      { { event = "presence" }, { headers = { Event = "presence;id=1" } }, true },
      { { event = "presence" }, { headers = { Event = "dialog" } }, false },
      { { source = "10.0.1.1" }, {}, true },
      { { source = "10.0.1.9" }, {}, false },
      { { transport = "udp" }, {}, true },
      { { transport = "UDP" }, { transport = "tcp" }, false },
      { { headers = { ["X-Foo"] = "bar" } }, { headers = { ["x-foo"] = "bar" } }, true },
      { { headers = { ["X-Foo"] = "bar" } }, { headers = { ["x-foo"] = "baz" } }, false },
      { { headers = { ["X-Foo"] = 7 } }, { headers = { ["X-Foo"] = "7" } }, true },
      { { to = "600", from = "carol" }, { to = "sip:600@example.com" }, false },
    }
    for at, case in ipairs(cases) do
      it(("case %d %s"):format(at, case[3] and "fits" or "does not fit"), function()
        assert.equal(case[3], meets(case[1], case[2]))
      end)
    end

    it("that raise end in a 500, and on(\"error\")", function()
      local told
      bob:on("error", function(err) told = err end)
      bob:on("MESSAGE", { to = function() error("boom") end }, ok)
      assert.equal(500, select(2, alice:request("MESSAGE", bob):wait()).code)
      assert.matches("boom", told.reason)
    end)

    it("have their turn by how much they say", function()
      local order = {}
      local function note(name)
        return function() order[#order + 1] = name; return handlers.next end
      end
      bob:on("MESSAGE", note "none")
      bob:on("MESSAGE", { user = function() return true end }, note "function")
      bob:on("MESSAGE", { user = "^b" }, note "pattern")
      bob:on("MESSAGE", { user = "bob" }, note "exact")
      bob:on("MESSAGE", { user = { "bob", "^c" } }, note "list with a pattern")
      bob:on("MESSAGE", { user = "^b", host = "^1" }, note "two patterns")
      bob:on("MESSAGE", { user = "bob" }, note "exact, later")
      bob:on("request", function(req) req:reply(200) end)
      assert(alice:request("MESSAGE", bob):wait())
      assert.same({ "two patterns", "exact", "exact, later", "pattern",
                    "list with a pattern", "function", "none" }, order)
    end)
  end)

  describe("says", function()
    local function allow()
      return assert(alice:request("OPTIONS", bob):wait()).headers["Allow"]
    end

    it("in Allow what it has handlers for", function()
      assert.equal("OPTIONS", allow())
      bob:on("INVITE", ok):on("MESSAGE", ok):on("EXAMPLE", ok)
      assert.equal("ACK, BYE, CANCEL, EXAMPLE, INVITE, MESSAGE, OPTIONS, PRACK, UPDATE", allow())
      bob:off "INVITE":off "EXAMPLE"
      assert.equal("MESSAGE, OPTIONS", allow())
    end)

    it("what its options say", function()
      local carol = net:agent("sip:carol@example.com", {
        allow = { "INVITE", "ACK" }, accept = "text/plain",
        supported = { "path", "timer" }, user_agent = "moonsip test",
      })
      carol:on("MESSAGE", ok)
      local res = assert(alice:request("OPTIONS", carol):wait())
      assert.equal("INVITE, ACK", res.headers["Allow"])
      assert.equal("text/plain", res.headers["Accept"])
      assert.equal("path, timer", res.headers["Supported"])
      assert.equal("moonsip test", res.headers["Server"])
    end)

    it("nothing of its make by default", function()
      local res = assert(alice:request("OPTIONS", bob):wait())
      assert.is_nil(res.headers["Server"])
    end)
  end)

  it("sends through its outbound proxy, and through that of a request", function()
    local first, second = net:endpoint "10.7.0.1:5060", net:endpoint "10.7.0.2:5060"
    local carol = net:agent("sip:carol@example.com", { outbound_proxy = "sip:10.7.0.1" })
    carol:request("MESSAGE", "sip:x@192.0.2.1")
    local got = assert(first:expect "MESSAGE")
    assert.matches("MESSAGE sip:x@192.0.2.1 SIP", got.bytes)
    assert.matches("Route: <sip:10.7.0.1;lr>", got.bytes)
    carol:request("MESSAGE", "sip:x@192.0.2.1",
      { via = { uri = "sip:10.7.0.2", from = "trunk", headers = { ["X-Trunk"] = "1" } } })
    got = assert(second:expect "MESSAGE")
    assert.matches("From: <sip:trunk@", got.bytes)
    assert.matches("X%-Trunk: 1", got.bytes)
  end)

  it("hands events to whoever wants them", function()
    local got = {}
    bob:on("mine", function(...) got[1] = { ... } end)
    bob:on("mine", function(...) net:sleep(1); got[2] = { ... } end)
    bob:emit("mine", 1, "two")
    net:advance "2s"
    assert.same({ { 1, "two" }, { 1, "two" } }, got)
    assert.has_error(function() bob:emit("MINE") end)
  end)

  describe("trace", function()
    it("shows each message to a function until it is stopped", function()
      local seen = {}
      local tap = bob:trace(function(record)
        seen[#seen + 1] = { record.direction, record.bytes:match "^(%S+ %S+)" }
      end)
      assert(alice:request("OPTIONS", bob):wait())
      tap:stop()
      assert(alice:request("OPTIONS", bob):wait())
      assert.same({ { "in", "OPTIONS sip:bob@10.0.1.2:5060" },
        { "out", "SIP/2.0 200" } }, seen)
    end)

    it("writes a file, without control bytes and secrets", function()
      local folder <close> = scratch.folder()
      local path = folder.path .. "/trace.txt"
      do
        local _ <close> = assert(bob:trace(path))
        alice:request("OPTIONS", bob, { headers = {
          Authorization = 'Digest username="a", response="0123456789"',
        ["X-Odd"] = "a\27[2Jb", } }):wait()
      end
      local file <close> = assert(io.open(path))
      local text = file:read "a"
      assert.matches("OPTIONS sip:bob", text)
      assert.matches("SIP/2.0 400", text)
      assert.is_nil(text:find("0123456789", 1, true))
      assert.is_nil(text:find "\27")
    end)

    it("of a file that cannot be written is nil, io", function()
      local tap, err = bob:trace "/nowhere/at/all"
      assert.is_nil(tap)
      assert.equal("io", err.kind)
    end)

    it("stops when its function raises, and says so", function()
      bob:trace(function() error("boom") end)
      assert(alice:request("OPTIONS", bob):wait())
      assert.matches("bob: .*agent:trace was stopped.*boom",
        table.concat(net.log_lines, "\n"))
      assert(alice:request("OPTIONS", bob):wait())
      assert.equal(1, #net.log_lines)
    end)
  end)

  describe("reload", function()
    it("gives new requests the new handlers, and lets live calls keep the old", function()
      local function generation(name)
        return function(agent)
          agent:on("INVITE", function(req) assert(req:answer()) end)
          agent:on("INFO", function(req) req:reply(200, name) end)
        end
      end
      generation "old" (bob)
      local call = assert(alice:call(bob))
      assert.is_true(bob:reload(generation "new"))
      assert.equal(2, bob.generation)
      assert.equal("old", assert(call:request("INFO"):wait()).reason)
      assert.equal("new", assert(alice:request("INFO", bob):wait()).reason)
      assert.equal("new", assert(assert(alice:call(bob)):request("INFO"):wait()).reason)
    end)

    it("that raises leaves everything as it was", function()
      bob:on("MESSAGE", ok)
      local done, err = bob:reload(function(agent)
        agent:on("INFO", ok)
        error("boom", 0)
      end)
      assert.is_nil(done)
      assert.equal("boom", err)
      assert.equal(1, bob.generation)
      assert.equal(200, assert(alice:request("MESSAGE", bob):wait()).code)
      assert.equal(405, select(2, alice:request("INFO", bob):wait()).code)
    end)
  end)

  describe("that is closed", function()
    it("ends what is under way, and can be closed again", function()
      bob:on("INVITE", function(req) assert(req:answer()) end)
      local call = assert(alice:call(bob))
      local pending = alice:request("MESSAGE", "sip:x@10.9.9.9")
      alice:close()
      alice:close()
      assert.equal("ended", call.state)
      assert.equal("cancelled", select(2, pending:wait()).kind)
      net:settle()
      assert.equal(0, #bob.calls)
    end)

    it("answers an INVITE that waits with 503", function()
      bob:on("INVITE", function(req) req:defer() end)
      local call = alice:start_call(bob)
      net:advance(1)
      bob:close()
      local _, err = call:wait()
      assert.equal(503, err.code)
    end)
  end)

  it("drains: no new calls, 503 with Retry-After; live ones go on", function()
    bob:on("INVITE", function(req) assert(req:answer()) end)
    local call = assert(alice:call(bob))
    bob:drain(7)
    local _, err = alice:call(bob)
    assert.equal(503, err.code)
    assert.equal("7", err.response.headers["Retry-After"])
    assert.equal(481, select(2, call:request("INFO"):wait()) and 481)
    assert.equal("connected", call.state)
    bob:drain(0)
    assert(alice:call(bob))
  end)
end)

describe("sip.agent", function()
  local clock = require "spec.support.clock"
  local sip = clock.sip()

  local function refused(options, pattern)
    local ok, err = pcall(function() sip.agent(options) end)
    assert.is_false(ok)
    assert.matches("^spec/lua/agent_spec.lua:%d+: ", err)
    assert.matches(pattern, err)
  end

  local at <const> = "udp:127.0.0.1:5060"

  for name, value in pairs {
    listen = 5060, t1 = "soon", t2 = -1, timer_c = 0, mtu = 0, max_dialogs = 1.5,
    max_transactions = "many", limits = { header_size = "x" }, domains = 7,
    user_agent = {},
    allow = 7, accept = false, supported = { 1 }, peers = { x = { tcp = true } },
    outbound_proxy = "a\r\nb", advertise = 7, history = "x", nonsense = true,
  } do
    it("refuses its option " .. name .. " at the caller's line, naming it", function()
      local options = { listen = at }
      options[name] = value
      refused(options, "'" .. (name == "peers" and "tcp" or name == "limits"
        and "limits.header_size"
        or name) .. "'")
    end)
  end

  it("refuses to listen nowhere", function()
    refused({}, "bad argument 'listen'")
    refused({ listen = {} }, "the list is empty")
    refused(nil, "bad argument 'listen'")
    refused(7, "bad argument 'options'")
  end)

  for text, why in pairs { ["udp:example.com:5060"] = "IP address",
                           ["xyz:127.0.0.1"] = "no transport",
                           ["udp:::1:5060"] = "brackets",
                             ["udp:127.0.0.1:99999"] = "out of range" } do
    it(("gives nil, err for %q"):format(text), function()
      local agent, err = sip.agent { listen = text }
      assert.is_nil(agent)
      assert.equal("invalid", err.kind)
      assert.matches(why, err.reason)
    end)
  end

  local listen = require "moonsip.listen"
  for text, expected in pairs {
    ["udp:0.0.0.0:5060"] = "udp:0.0.0.0:5060", ["udp::5060"] = "udp:0.0.0.0:5060",
    ["tcp:192.0.2.1"] = "tcp:192.0.2.1:5060",
    ["UDP:[2001:db8::1]:5070"] = "udp:[2001:db8::1]:5070",
    ["127.0.0.1:5070"] = "udp:127.0.0.1:5070 tcp:127.0.0.1:5070", ["5070"] =
      "udp:0.0.0.0:5070 tcp:0.0.0.0:5070", ["[::1]"] = "udp:[::1]:5060 tcp:[::1]:5060",
    ["udp:*:0"] = "udp:0.0.0.0:0",
  } do
    it(("listens on %s for %q"):format(expected, text), function()
      local list = {}
      for index, one in ipairs(assert(listen.list("x", text))) do
        list[index] = listen.text(one)
      end
      assert.equal(expected, table.concat(list, " "))
    end)
  end
end)
