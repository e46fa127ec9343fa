-- SPDX-License-Identifier: MIT
--
-- The event packages that come with moonsip, and the documents they speak.

local events <const> = require "spec.support.events"
local face <const> = require "moonsip.face"
local pair <const> = require "spec.support.pair"
local pidf <const> = require "moonsip.pidf"
local sipfrag <const> = require "moonsip.sipfrag"
local xml <const> = require "moonsip.xml"

local function package(name) return require("moonsip.events." .. name) end

describe("XML of strangers", function()
  it("is read into elements, with namespaces and attributes", function()
    local root <const> = xml.parse [[<?xml version="1.0"?>
      <a xmlns="urn:one" xmlns:b="urn:two" x="1 &lt; 2"><b:c>  t&amp;u </b:c><d/></a>]]
    assert.same({ "a", "urn:one", "1 < 2" }, { root.name, root.ns, root.attributes.x })
    assert.same({ "urn:two", "t&u" }, { xml.child(root, "c").ns, xml.text(root, "c") })
    assert.is_nil(xml.text(root, "d"))
  end)

  it("is refused with the line where it is malformed", function()
    for _, text in ipairs { "", "x", "<a>", "<a></b>", "<a/><b/>", "<a b=c/>", "<a>\1</a>",
      "<a>\xff</a>", "<a>&nothing;</a>" } do
      local root <const>, err = xml.parse(text)
      assert.is_nil(root)
      assert.equal("invalid", err.kind)
      assert.matches("^XML, line %d+: ", err.reason)
    end
  end)

  it("may declare no type, so that no entity grows (entity bombs)", function()
    local bomb <const> = [[<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">
      <!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><lolz>&b;</lolz>]]
    local outside <const> = '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'
    for _, text in ipairs { bomb, outside } do
      local root <const>, err = xml.parse(text)
      assert.is_nil(root)
      assert.matches("type declaration", err.reason)
    end
  end)

  it("is nested no deeper than 32 (bug class 17)", function()
    local function nested(depth) return ("<a>"):rep(depth) .. ("</a>"):rep(depth) end
    assert.truthy(xml.parse(nested(32)))
    for _, depth in ipairs { 33, 100000 } do
      local root <const>, err = xml.parse(nested(depth))
      assert.is_nil(root)
      assert.matches("nested", err.reason)
    end
  end)

  it("has no more than 16384 parts", function()
    local function many(count) return "<a>" .. ("<b/>"):rep(count - 1) .. "</a>" end
    assert.truthy(xml.parse(many(16384)))
    assert.is_nil(xml.parse(many(16385)))
    local attributes <const> = {}
    for i = 1, 16384 do attributes[i] = ("a%d=''"):format(i) end
    assert.is_nil(xml.parse("<a " .. table.concat(attributes, " ") .. "/>"))
  end)

  it("survives being cut at every byte (bug class 8)", function()
    local text <const> = pidf { entity = "sip:a@b", basic = "open", note = "<&>\"'" }
    for at = 1, #text - 3 do assert.is_nil(xml.parse(text:sub(1, at))) end
  end)

  it("is written with everything escaped", function()
    local nasty <const> = "<a>&\"']]>\1\0 ü \xff"
    local text <const> = xml.write { "r", nasty, attributes = { x = nasty } }
    local root <const> = assert(xml.parse(text))
    assert.equal(root.attributes.x, (xml.text(root)))
    assert.matches("^<a>&\"'%]%]>", xml.text(root))
  end)
end)

describe("moonsip.pidf (RFC 3863)", function()
  it("writes what it reads", function()
    local text <const> = pidf { entity = "sip:someone@example.com", note = "all", tuples = {
      { id = "bs35r9", basic = "open", contact = "im:someone@mobilecarrier.net", priority = 0.8,
        note = "here", timestamp = "2001-10-27T16:49:29Z" },
      { id = "1", basic = "closed" } } }
    local made <const> = assert(pidf.parse(text))
    assert.same({ "sip:someone@example.com", "open", "all", 2 },
      { made.entity, made.basic, made.note, #made.tuples })
    assert.same({ id = "bs35r9", basic = "open", contact = "im:someone@mobilecarrier.net",
      priority = 0.8, note = "here", timestamp = "2001-10-27T16:49:29Z" }, made.tuples[1])
    assert.equal("t1", made.tuples[2].id)
  end)

  it("reads the example of RFC 3863 4.3.1 with extensions it does not know", function()
    local made <const> = assert(pidf.parse [[<?xml version="1.0" encoding="UTF-8"?>
      <impp:presence xmlns:impp="urn:ietf:params:xml:ns:pidf"
          xmlns:im="urn:ietf:params:xml:ns:pidf:im" entity="pres:someone@example.com">
        <impp:tuple id="sg89ae"><impp:status><impp:basic>open</impp:basic><im:im>busy</im:im>
          </impp:status><impp:contact priority="0.8">tel:+09012345678</impp:contact>
        </impp:tuple></impp:presence>]])
    assert.same({ "open", "tel:+09012345678", 0.8 }, { made.basic, made.tuples[1].contact,
      made.tuples[1].priority })
  end)

  it("refuses other documents, and raises for wrong arguments", function()
    assert.equal("invalid", select(2, pidf.parse "<presence entity='a'/>").kind)
    assert.equal("invalid", select(2, pidf.parse "nothing").kind)
    for _, bad in ipairs { {}, { entity = "a", basic = "maybe" }, { entity = "a", size = 1 },
      { entity = "a", contact = "b", priority = 2 } } do
      assert.has_error(function() return pidf(bad) end)
    end
  end)
end)

describe("the message-summary package (RFC 3842)", function()
  local mwi <const> = package "message_summary"

  it("says and reads its lines", function()
    local body <const> = mwi.format({ new = 2, old = 5 }, "sip:alice@example.com")
    assert.equal("Messages-Waiting: yes\r\nMessage-Account: sip:alice@example.com\r\n"
      .. "Voice-Message: 2/5\r\n", body)
    assert.equal("Messages-Waiting: no\r\n", mwi.format { waiting = false })
    local value <const> = mwi.parse(mwi.format { voice = { new = 4, old = 8, urgent_new = 1,
      urgent_old = 2 }, fax = { new = 0, old = 1 } })
    assert.same({ true, 4, 8, { new = 0, old = 1 }, 1 },
      { value.waiting, value.new, value.old, value.fax, value.voice.urgent_new })
  end)

  it("reads the example of its section 3.5, and refuses what is none", function()
    local value <const> = mwi.parse("Messages-Waiting: yes\r\nMessage-Account: "
      .. "sip:alice@vmail.example.com\r\nVoice-Message: 2/8 (0/2)\r\n")
    assert.same({ 2, 8, "sip:alice@vmail.example.com" }, { value.new, value.old, value.account })
    assert.equal("invalid", select(2, mwi.parse "hello").kind)
    assert.has_error(function() mwi.format { new = -1 } end)
    assert.has_error(function() mwi.format { letters = {} } end)
    assert.has_error(function() mwi.format { account = "a\r\nb: c", new = 1 } end)
  end)

  it("is told by agent:event from a table", function()
    local net <const>, server, alice = events.new()
    server:event("message-summary", { state = function() return { new = 2, old = 5 } end })
    local heard <const> = events.gather(alice, "sip:alice@example.com", "message-summary")
    net:advance "1s"
    local value <const> = heard[1]:parse()
    assert.same({ true, 2, 5 }, { value.waiting, value.new, value.old })
    net:close()
  end)
end)

describe("the dialog package (RFC 4235)", function()
  local net, server, alice, bob
  before_each(function() net, server, alice, bob = events.new() end)
  after_each(function() net:close() end)

  it("lights a lamp from live calls", function()
    server:event("dialog", { source = server.calls, interval = 0 })
    pair.answers(server)
    local heard <const> = events.gather(bob, "sip:ivr@example.com", "dialog")
    net:advance "1s"
    local call <const> = assert(alice:call "sip:ivr@example.com")
    net:advance "2s"
    call:hangup()
    net:advance "1s"
    local states <const>, versions = {}, {}
    for at, info in ipairs(heard) do
      local list <const> = assert(info:parse())
      states[at] = list[1] and list[1].state or "none"
      versions[at] = list.version
    end
    assert.same({ "none", "confirmed", "terminated" }, states)
    assert.same({ 0, 1, 2 }, versions)
    local one <const> = heard[2]:parse()[1]
    assert.same({ "recipient", "sip:ivr@example.com", "sip:alice@example.com" },
      { one.direction, one.local_identity, one.remote_identity })
    assert.equal("sip:ivr@example.com", heard[2]:parse().entity)
    assert.same({ call.call_id, call.remote_tag }, { one.call_id, call.remote_tag })
    assert.equal("remote-bye", heard[3]:parse()[1].event)
  end)

  it("shows who calls as the initiator, and while it rings", function()
    server:event("dialog", { source = server.calls, interval = 0 })
    server:on("INVITE", function(req)
      req:ring()
      face.of(server.context).sleep "5s"
      req:reject(486)
    end)
    local heard <const> = events.gather(bob, "sip:alice@example.com", "dialog")
    net:advance "1s"
    alice:start_call "sip:ivr@example.com"
    net:advance "2s"
    local one = heard[#heard]:parse()[1]
    assert.same({ "early", "initiator", "sip:ivr@example.com" },
      { one.state, one.direction, one.remote_identity })
    net:advance "5s"
    one = heard[#heard]:parse()[1]
    assert.same({ "terminated", "rejected" }, { one.state, one.event })
  end)
end)

describe("the reg package (RFC 3680)", function()
  it("follows the bindings of a location", function()
    local net <const>, server, alice, bob = events.new()
    local loc <const> = face.of(server.context).location()
    server:on("REGISTER", function(req) loc:save(req) end)
    server:event("reg", { source = loc, interval = 0 })
    local heard <const> = events.gather(bob, "sip:alice@example.com", "reg")
    net:advance "1s"
    assert(alice:register "sip:10.0.0.5")
    net:advance "1s"
    assert(alice:register("sip:10.0.0.5", { expires = 0 }))
    net:advance "1s"
    local function registration(at) return heard[at]:parse()[1] end
    assert.same({ "init", "active", "terminated" },
      { registration(1).state, registration(2).state, registration(3).state })
    local contact <const> = registration(2).contacts[1]
    assert.same({ alice.contact, "active", "registered" }, { contact.uri, contact.state,
      contact.event })
    assert.same({ "terminated", "unregistered" }, { registration(3).contacts[1].state,
      registration(3).contacts[1].event })
    assert.equal("sip:alice@example.com", registration(1).aor)
    assert.same({ 0, 1, 2 }, { heard[1]:parse().version, heard[2]:parse().version,
      heard[3]:parse().version })
    net:close()
  end)
end)

describe("the conference package (RFC 4575)", function()
  it("follows the members of a room", function()
    local net <const>, server, _, bob, phone = events.new()
    local host <const> = net:agent("sip:room@example.com", { address = "10.0.0.9" })
    local sip <const> = face.of(host.context)
    local room <const> = assert(sip.conference { beep = false })
    host:event("conference", { source = room, interval = 0 })
    host:on("INVITE", function(req) room:join(assert(req:answer())) end)
    local heard <const> = events.gather(bob, "sip:10.0.0.9", "conference",
      { routes = "sip:10.0.0.9" })
    net:advance "1s"
    local alice <const> = net:agent("sip:alice@example.com", { address = "10.0.0.21" })
    local call <const> = assert(alice:call "sip:room@10.0.0.9")
    net:advance "1s"
    call:hangup()
    net:advance "1s"
    local counts <const> = {}
    for at, info in ipairs(heard) do counts[at] = #info:parse().users end
    assert.same({ 0, 1, 0 }, counts)
    local user <const> = heard[2]:parse().users[1]
    assert.same({ "sip:alice@example.com", "connected", "dialed-in" },
      { user.entity, user.status, user.joined })
    assert.truthy(server and phone)
    net:close()
  end)
end)

describe("message/sipfrag (RFC 3420)", function()
  it("is a status line, and headers that nobody needs", function()
    assert.equal("SIP/2.0 180 Ringing\r\n", sipfrag.status(180))
    assert.equal("SIP/2.0 486 Busy\r\n", sipfrag.status(486, "Busy"))
    assert.same({ code = 200, reason = "OK", headers = "" }, sipfrag.parse "SIP/2.0 200 OK\r\n")
    assert.same({ code = 603, reason = "Declined", headers = "Contact: <sip:a@b>\r\n" },
      sipfrag.parse "SIP/2.0 603 Declined\r\nContact: <sip:a@b>\r\n")
    assert.equal(100, sipfrag.parse("SIP/2.0 100").code)
    for _, bad in ipairs { "", "SIP/2.0 99 X", "SIP/2.0 700 X", "INVITE sip:a SIP/2.0", "x" } do
      assert.equal("invalid", select(2, sipfrag.parse(bad)).kind)
    end
    assert.equal("SIP/2.0 200 a  b\r\n", sipfrag.status(200, "a\r\nb"))
  end)
end)
