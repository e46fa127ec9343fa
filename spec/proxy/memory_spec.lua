-- SPDX-License-Identifier: MIT
--
-- No memory: the n-th allocation of a proxied call fails, for every n, once and from then
-- on (figure 27). Nothing crashes, nothing is left over, the next call succeeds.

local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local A <const>, B <const>, C <const> = "10.0.0.21", "10.0.0.22", "10.0.0.23"

-- Passes over what fails: the peer would send it again, or give up.
local function quietly(fn, ...) pcall(fn, ...) end

local function resolve(r)
  while true do
    local query <const> = r.net.engine:next_query()
    if not query then return end
    r.net.engine:resolved(query, { { transport = "udp", ip = B, port = 5060 },
      { transport = "udp", ip = C, port = 5060 } })
    r.net:collect()
  end
end

-- A call that is forked to an address and a name, is redirected, rings, is answered, has a
-- re-INVITE and ends; then one that is cancelled, and one that fails with challenges.
local function call(r, id)
  local function step(method, branch, o)
    o = o or {}
    o.branch, o.call_id, o.from_tag = "z9hG4bK" .. id .. branch, id .. (o.leg or ""), "t" .. id
    local before <const> = #r.net.events
    r:deliver(messages[method](o))
    local event <const> = r.net.events[before + 1]
    r.transaction = event and event.transaction or 0
  end
  local function proxy(targets, wish)
    for _, target in ipairs(targets) do quietly(r.add, r, target) end
    quietly(r.start, r, wish)
    resolve(r)
  end
  local function answer(ip, status, o) quietly(r.answer, r, ip, status, o) end
  r.net.sent = {}
  step("invite", "a", { lines = { "Route: <sip:10.0.0.1;lr>" } })
  proxy({ { uri = "sip:a@" .. A, headers = { "X-A", "1" } }, "sip:b@far.example" },
    { stay = "record_route", watch = true, recursions = 2 })
  answer(A, 180)
  answer(A, 302, { contact = "<sip:c@10.0.0.21>" })
  answer(B, 503)
  local invite <const> = r:last_to(A, "INVITE") or ""
  local routes <const> = invite ~= "" and messages.headers(invite, "Record%-Route") or {}
  answer(A, 200, { record_routes = routes, contact = "<sip:a@10.0.0.21>", to_tag = "in" })
  local lines <const> = { "Route: " .. (routes[1] or "<sip:10.0.0.1;lr>") }
  local to <const> = { to_tag = "in", uri = "sip:a@" .. A, lines = lines }
  local function inside(method, branch, cseq, uri)
    step(method, branch, { to_tag = to.to_tag, uri = uri or to.uri, lines = lines, cseq = cseq })
  end
  inside("ack", "b", 1)
  inside("ack", "b2", 1, "sip:a@far.example")
  resolve(r)
  inside("invite", "c", 2)
  answer(A, 200, { contact = "<sip:a@10.0.0.21>" })
  inside("bye", "d", 3)
  answer(A, 200, { to = "BYE" })
  local done <const> = r:up() and (messages.kind(r:up()))
  step("invite", "e", { leg = "2" })
  proxy({ "sip:a@" .. A }, { finish = false })
  answer(A, 180)
  step("cancel", "e", { leg = "2", lines = { "Reason: SIP;cause=487" } })
  answer(A, 487)
  step("invite", "f", { leg = "3" })
  proxy({ "sip:a@" .. A, "sip:b@" .. B }, { finish = false })
  answer(A, 401, { lines = { "WWW-Authenticate: Digest realm=\"a\"" } })
  answer(B, 407, { lines = { "Proxy-Authenticate: Digest realm=\"b\"" } })
  quietly(function()
    r.net.engine:proxy_finish(r.transaction)
    r.net:collect()
  end)
  step("message", "g", { leg = "4" })
  quietly(function()
    r.net.engine:proxy_stateless(r.transaction, r.net:event("request").message, nil,
      "sip:b@far.example")
    resolve(r)
  end)
  return done
end

-- Ends everything that still lives and says what does not end.
local function settle(r)
  for _ = 1, 3 do
    resolve(r)
    r:advance(400000)
    for _, event in ipairs(r.net.events) do
      if event.kind == "request" then r.net.engine:reply(event.transaction, 500) end
    end
    r.net:collect()
  end
  r:advance(400000)
  local counts <const> = r.net.engine:counts()
  return { counts.server_transactions, counts.client_transactions, counts.dialogs, counts.timers,
    counts.events, counts.packets }
end

local NOTHING <const> = { 0, 0, 0, 0, 0, 0 }

local function allocations()
  local r <const> = relay.new()
  local before <const> = r.net.engine:fail_allocation(0)
  assert.same(200, call(r, "probe"))
  return r.net.engine:fail_allocation(0) - before
end

describe("without memory a proxied call", function()
  for name, is_lasting in pairs { ["at each of its allocations"] = false,
    ["when all allocations from one on fail"] = true } do
    it("fails cleanly " .. name, function()
      local count <const> = allocations()
      assert.is_true(count > 60, count .. " allocations")
      for n = 1, count do
        local r <const> = relay.new()
        r.net.engine:fail_allocation(n, is_lasting or nil)
        call(r, "first")
        r.net.engine:fail_allocation(0)
        assert.same(NOTHING, settle(r), n)
        assert.same(200, call(r, "second"), n)
        assert.same(NOTHING, settle(r), n)
        r.net.engine:close() -- the leak sanitizer counts what is left
      end
    end)
  end

  it("leaves nothing when its engine is closed in the middle, at any point", function()
    for stop = 1, 14 do
      local r <const> = relay.new()
      local steps = 0
      local deliver <const> = r.net.deliver
      r.net.deliver = function(...)
        steps = steps + 1
        if steps > stop then error "enough" end
        return deliver(...)
      end
      pcall(call, r, "cut")
      r.net.engine:close()
    end
  end)
end)

describe("the request of a proxied call", function()
  local SIZE <const> = 4000

  -- Bytes that are alive once the branches have been answered so far.
  local function alive(wish, ...)
    local r <const> = relay.new()
    local before <const> = r.net.engine:counts().live_bytes
    r:invite({ "sip:a@" .. A, "sip:b@" .. B }, wish, { lines = { "X-A: " .. ("x"):rep(SIZE) } })
    for _, answer in ipairs { ... } do r:answer(answer[1], answer[2]) end
    collectgarbage()
    return r.net.engine:counts().live_bytes - before, r
  end

  it("is let go when nothing of it can be sent again, and copies of the 2xx still pass",
    function()
    local ringing <const> = alive(nil, { A, 200 })
    local over <const>, r = alive(nil, { A, 200 }, { B, 487 })
    assert.is_true(ringing - over > SIZE, ringing - over)
    local before <const> = #r:upstream()
    r:answer(A, 200)
    assert.equal(before + 1, #r:upstream())
    r:advance(32000)
    assert.same(0, r:live())
  end)

  it("stays for who watches and may ask for its targets", function()
    local over <const> = alive(nil, { A, 200 }, { B, 487 })
    assert.is_true(alive({ watch = true }, { A, 200 }, { B, 487 }) - over > SIZE)
  end)
end)
