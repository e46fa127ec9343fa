-- SPDX-License-Identifier: MIT
--
-- CANCEL (RFC 3261 9, 16.10): of the caller's, of branches, and its races, cell by cell.

local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local A <const>, B <const> = "10.0.0.21", "10.0.0.22"

local function invited(wish)
  local r <const> = relay.new()
  return r:invite({ "sip:a@" .. A, "sip:b@" .. B }, wish)
end

local function kinds(r, ip) return table.concat(r:kinds_to(ip), " ") end

-- The state a branch is in when the caller's CANCEL comes, then what comes after it.
--   before, after: what A answers; to_a: what A gets; up: what the caller gets
local races <const> = {
  { "nothing has come and nothing comes: 487 rather than 408 for who gave up",
    before = {}, after = {}, to_a = "INVITE", up = "200 100 487", patience = 32000 },
  { "nothing has come, then it rings", before = {}, after = { 180 },
    to_a = "INVITE CANCEL", up = "200 180" },
  { "nothing has come, then 100", before = {}, after = { 100 }, to_a = "INVITE CANCEL",
    up = "200" },
  { "nothing has come, then 200: the 2xx wins", before = {}, after = { 200 },
    to_a = "INVITE", up = "200 200" },
  { "nothing has come, then 486", before = {}, after = { 486 }, to_a = "INVITE ACK",
    up = "200 486" },
  { "100 has come", before = { 100 }, after = {}, to_a = "INVITE CANCEL", up = "200" },
  { "100 has come, then 487", before = { 100 }, after = { 487 }, to_a = "INVITE CANCEL ACK",
    up = "200 487" },
  { "it rings", before = { 180 }, after = {}, to_a = "INVITE CANCEL", up = "180 200" },
  { "it rings, then 487", before = { 180 }, after = { 487 }, to_a = "INVITE CANCEL ACK",
    up = "180 200 487" },
  { "it rings, then 200 that crossed the CANCEL", before = { 180 }, after = { 200 },
    to_a = "INVITE CANCEL", up = "180 200 200" },
  { "it rings, then 200 and 487 cannot both be", before = { 180 }, after = { 200, 487 },
    to_a = "INVITE CANCEL", up = "180 200 200" },
  { "it rings, then 183, 487", before = { 180 }, after = { 183, 487 },
    to_a = "INVITE CANCEL ACK", up = "180 200 183 487" },
  { "it rings, then 603", before = { 180 }, after = { 603 }, to_a = "INVITE CANCEL ACK",
    up = "180 200 603" },
  { "it has answered 200: no effect (9.2)", before = { 200 }, after = {}, to_a = "INVITE",
    up = "200 200" },
  { "it has refused: no effect", before = { 486 }, after = {}, to_a = "INVITE ACK",
    up = "486 200" },
}

describe("a CANCEL of the caller (16.10) when", function()
  for _, race in ipairs(races) do
    it(race[1], function()
      local r <const> = relay.new()
      r:invite { "sip:a@" .. A }
      for _, status in ipairs(race.before) do r:answer(A, status) end
      r:cancel()
      for _, status in ipairs(race.after) do r:answer(A, status) end
      assert.same(race.to_a, kinds(r, A))
      r:advance(race.patience or 0)
      assert.same(race.up, table.concat(r:upstream(), " "))
      r:advance(200000)
      assert.same(0, r:live())
    end)
  end

  it("two ring: each is cancelled once, and 487 goes back when both have ended", function()
    local r <const> = invited()
    r:answer(A, 180):answer(B, 180)
    r:cancel():cancel()
    assert.same("INVITE CANCEL", kinds(r, A))
    assert.same("INVITE CANCEL", kinds(r, B))
    r:answer(A, 487)
    assert.same({ 180, 180, 200, 200 }, r:upstream())
    r:answer(B, 487)
    assert.same({ 180, 180, 200, 200, 487 }, r:upstream())
  end)

  it("others wait for their turn: they never get it", function()
    local r <const> = relay.new()
    r:invite { "sip:a@" .. A, { uri = "sip:b@" .. B, group = 1 } }
    r:answer(A, 180):cancel():answer(A, 487)
    assert.same("", kinds(r, B))
    assert.same({ 180, 200, 487 }, r:upstream())
  end)

  it("a name is still being looked up: it ends at once", function()
    local r <const> = relay.new()
    r:invite { "sip:a@far.example" }
    r:cancel()
    assert.same({ 200, 487 }, r:upstream())
    assert.same(1, r.net.engine:counts().server_transactions - 1)
    local query <const> = r.net.engine:next_query()
    assert.is_nil(query)
  end)

  it("a script thinks about it: 487 at once, and it is told", function()
    local r <const> = relay.new()
    r:invite({ "sip:a@" .. A }, { finish = false })
    r:answer(A, 486):cancel()
    assert.same({ 200, 487 }, r:upstream())
    assert.same("cancelled", r.net:event().kind)
    assert.same(487, r.net:event().code)
  end)

  it("a script waits: it is told at once that the branches will answer, then of the outcome",
    function()
      local r <const> = relay.new()
      r:invite({ "sip:a@" .. A }, { finish = false })
      r:answer(A, 180):cancel()
      assert.same({ "request", "cancelled" }, r.net:heard())
      assert.same(0, r.net:event("cancelled").code)
      r:answer(A, 487)
      assert.same(487, (r:outcome()))
      assert.same({ 180, 200, 487 }, r:upstream())
    end)

  it("nobody asked: it never gets up to the script", function()
    local r <const> = relay.new { handles = { "INVITE" } }
    r:invite { "sip:a@" .. A }
    r:answer(A, 180):cancel():answer(A, 487)
    assert.same({ "request" }, r.net:heard())
  end)
end)

describe("a CANCEL of ours", function()
  it("has the branch, Request-URI, Route, Call-ID, To, From and CSeq number of the INVITE (9.1)",
    function()
      local r <const> = relay.new()
      r:invite { { uri = "sip:a@192.168.0.1", routes = "<sip:10.0.0.21;lr>" } }
      r:answer(A, 180):cancel { lines = { "Reason: SIP;cause=487, Q.850 ;cause=16" } }
      local invite <const>, cancel = r:last_to(A, "INVITE"), r:last_to(A, "CANCEL")
      assert.same({ messages.header(invite, "Via") }, messages.headers(cancel, "Via"))
      for _, name in ipairs { "From", "To", "Call%-ID", "Route" } do
        assert.same(messages.header(invite, name), messages.header(cancel, name))
      end
      assert.same("1 CANCEL", messages.header(cancel, "CSeq"))
      assert.same("CANCEL sip:a@192.168.0.1 SIP/2.0", cancel:match "^[^\r]+")
      assert.is_nil(messages.header(cancel, "Max%-Breadth")) -- RFC 5393 5.4.1
      -- RFC 3326 2: why goes along.
      assert.same("SIP;cause=487, Q.850 ;cause=16", messages.header(cancel, "Reason"))
    end)

  it("is retransmitted until its 200, and its INVITE ends after 64*T1 without an answer (9.1)",
    function()
      local r <const> = relay.new()
      r:invite { "sip:a@" .. A }
      r:answer(A, 180):cancel()
      r:advance(1500)
      assert.same(3, #r:sent_to(A, "CANCEL"))
      r:answer(A, 200, { to = "CANCEL" }):advance(30499)
      assert.same({ 180, 200 }, r:upstream())
      r:advance(1)
      assert.same({ 180, 200, 487 }, r:upstream())
    end)

  it("of one branch leaves the others alone", function()
    local r <const> = invited { finish = false }
    r:answer(A, 180):answer(B, 180)
    assert.is_true(r.net.engine:proxy_cancel(r.transaction, 2, { "Reason", "SIP;cause=486" }))
    r.net:collect()
    assert.same("INVITE", kinds(r, A))
    assert.same("SIP;cause=486", messages.header(r:last_to(B, "CANCEL"), "Reason"))
    r:answer(B, 487):answer(A, 200)
    assert.same({ 180, 180, 200 }, r:upstream())
  end)

  it("of all: what they answer is the outcome, and others may be tried", function()
    local r <const> = invited { finish = false }
    r:answer(A, 180):answer(B, 180)
    assert.is_true(r.net.engine:proxy_cancel(r.transaction, 0))
    r:answer(A, 487):answer(B, 487)
    assert.same(487, (r:outcome()))
    assert.same({ 180, 180 }, r:upstream())
    assert.is_true(r:proxy { "sip:c@10.0.0.23" })
    assert.same({ "INVITE" }, r:kinds_to "10.0.0.23")
  end)

  it("of a branch that is not there says so", function()
    local r <const> = invited()
    assert.same("GONE", select(2, r.net.engine:proxy_cancel(r.transaction, 3)).name)
    assert.same("GONE", select(2, r.net.engine:proxy_cancel(r.transaction + 1, 0)).name)
  end)
end)

describe("a CANCEL of nothing", function()
  it("gets 481, also when a proxied INVITE is long over (9.2)", function()
    local r <const> = relay.new()
    r:cancel()
    assert.same({ 481 }, r:upstream())
    r:invite { "sip:a@" .. A }
    r:answer(A, 200):advance(100000):cancel { branch = "z9hG4bKlate" }
    assert.same({ 481, 200, 481 }, r:upstream())
  end)
end)
