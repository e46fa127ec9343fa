-- SPDX-License-Identifier: MIT
--
-- Following a 3xx (RFC 3261 16.5, 16.7 item 4), within bounds.

local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local A <const>, B <const>, C <const>, D <const> =
  "10.0.0.21", "10.0.0.22", "10.0.0.23", "10.0.0.24"

local function uri(ip) return "sip:bob@" .. ip end

local function moved(r, ip, status, ...)
  local lines <const> = {}
  for at, contact in ipairs { ... } do lines[at] = "Contact: " .. contact end
  return r:answer(ip, status, { contact = false, lines = lines })
end

local function invited(recursions, o)
  local r <const> = relay.new()
  return r:invite({ uri(A) }, { recursions = recursions }, o)
end

describe("a 3xx", function()
  it("goes back when it is not to be followed", function()
    local r <const> = invited(0)
    moved(r, A, 302, "<sip:bob@10.0.0.22>")
    assert.same({ 302 }, r:upstream())
    assert.same("<sip:bob@10.0.0.22>", messages.header(r:up(), "Contact"))
  end)

  it("300, 301 and 302 are followed: the contact is a target, and the 3xx no response", function()
    for _, status in ipairs { 300, 301, 302 } do
      local r <const> = invited(1)
      moved(r, A, status, "\"Bob\" <sip:bob@10.0.0.22;x=1?Subject=no>;expires=5")
      assert.same({}, r:upstream())
      assert.same("sip:bob@10.0.0.22;x=1", r:last_to(B):match "^INVITE (%S+)")
      r:answer(B, 486)
      assert.same({ 486 }, r:upstream())
    end
  end)

  it("305 and 380 are not: they name no address of the callee", function()
    for _, status in ipairs { 305, 380 } do
      local r <const> = invited(1)
      moved(r, A, status, "<sip:bob@10.0.0.22>")
      assert.same({ status }, r:upstream())
    end
  end)

  it("with several contacts: the highest q at once, the others one q after the other", function()
    local r <const> = invited(1)
    moved(r, A, 300, "<sip:bob@10.0.0.23>;q=0.1, <sip:bob@10.0.0.22>;q=0.7",
      "<sip:carol@10.0.0.22>;q=0.70,<sip:bob@10.0.0.24>;q=0")
    assert.same(2, #r:sent_to(B, "INVITE"))
    assert.same({}, r:kinds_to(C))
    r:answer(B, 486)
    r:deliver(messages.answer(r:sent_to(B, "INVITE")[1].text, 486, { to_tag = "x" }), { ip = B })
    assert.same({ "INVITE" }, r:kinds_to(C))
    r:answer(C, 486)
    assert.same({ "INVITE" }, r:kinds_to(D))
    r:answer(D, 404)
    assert.same({ 486 }, r:upstream())
  end)

  it("its targets come before the groups behind", function()
    local r <const> = relay.new()
    r:invite({ { uri = uri(A), group = 1 }, { uri = uri(B), group = 2 } }, { recursions = 5 })
    moved(r, A, 302, "<sip:bob@10.0.0.23>;q=1", "<sip:bob@10.0.0.24>;q=0.5")
    assert.same({ "INVITE" }, r:kinds_to(C))
    r:answer(C, 486)
    assert.same({ "INVITE" }, r:kinds_to(D))
    assert.same({}, r:kinds_to(B))
    r:answer(D, 486)
    assert.same({ "INVITE" }, r:kinds_to(B))
  end)

  it("is tried beside what rings", function()
    local r <const> = relay.new()
    r:invite({ uri(A), uri(B) }, { recursions = 5 })
    r:answer(B, 180)
    moved(r, A, 302, "<sip:bob@10.0.0.23>")
    assert.same({ "INVITE" }, r:kinds_to(C))
    r:answer(C, 200)
    assert.same({ "INVITE", "CANCEL" }, r:kinds_to(B))
  end)

  it("names nobody twice: it goes back when it brings nothing new (16.5)", function()
    local r <const> = invited(5)
    moved(r, A, 302, "<sip:bob@10.0.0.21>")
    assert.same({ 302 }, r:upstream())
    local two <const> = invited(5)
    moved(two, A, 302, "<sip:bob@10.0.0.22>")
    moved(two, B, 302, "<sip:bob@10.0.0.21>")
    assert.same({ 302 }, two:upstream())
  end)

  it("is followed so often and no more (figure 59)", function()
    for limit = 0, 5 do
      local r <const> = invited(limit)
      for hop = 1, limit + 1 do
        moved(r, A, 302, ("<sip:hop%d@10.0.0.21>"):format(hop))
      end
      assert.same(limit + 1, #r:sent_to(A, "INVITE"))
      assert.same({ 302 }, r:upstream())
    end
  end)

  it("with a thousand contacts fills the set and no more (bug class 3)", function()
    local r <const> = invited(5)
    local lines <const> = {}
    for line = 1, 10 do
      local contacts <const> = {}
      for at = 1, 100 do contacts[at] = ("<sip:%d@10.0.0.22>"):format(line * 1000 + at) end
      lines[line] = table.concat(contacts, ",")
    end
    moved(r, A, 300, table.unpack(lines))
    assert.same(60, #r:sent_to(B, "INVITE")) -- Max-Breadth; 63 are in the set
    r:advance(400000)
    assert.same(0, r:live())
  end)

  it("is followed only where the Request-URI is ours to change (16.5)", function()
    local r <const> = invited(5, { uri = "sip:bob@far.example" })
    moved(r, A, 302, "<sip:bob@10.0.0.22>")
    assert.same({ 302 }, r:upstream())
  end)

  it("is not followed for a caller who gave up, nor after a 6xx", function()
    local r <const> = invited(5)
    r:answer(A, 180):cancel()
    moved(r, A, 302, "<sip:bob@10.0.0.22>")
    assert.same({}, r:kinds_to(B))
    local two <const> = relay.new()
    two:invite({ uri(A), uri(B) }, { recursions = 5 })
    two:answer(B, 603)
    moved(two, A, 302, "<sip:bob@10.0.0.23>")
    assert.same({}, two:kinds_to(C))
    assert.same({ 603 }, two:upstream())
  end)

  it("other schemes, *, and what is malformed in it are passed over", function()
    local r <const> = invited(5)
    moved(r, A, 302, "<tel:+491>, <mailto:a@b>, <sip:>, <sip:bob@10.0.0.22>", "<http://x>")
    assert.same({ "INVITE" }, r:kinds_to(B))
    local none <const> = invited(5)
    moved(none, A, 302, "*")
    assert.same({ 302 }, none:upstream())
  end)

  it("keeps what the script set for the branch, and its time-out", function()
    local r <const> = relay.new()
    r:invite({ { uri = uri(A), headers = { "X-Mine", "1" }, timeout = 1000 } },
      { recursions = 1, stay = "record_route" })
    r:advance(900)
    moved(r, A, 302, "<sip:bob@10.0.0.22>")
    assert.same("1", messages.header(r:last_to(B), "X%-Mine"))
    assert.is_string(messages.header(r:last_to(B), "Record%-Route"))
    r:advance(999)
    assert.same({ 100 }, r:upstream())
    r:advance(1)
    assert.same({ 100, 408 }, r:upstream())
  end)
end)
