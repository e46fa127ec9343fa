-- SPDX-License-Identifier: MIT
--
-- The registration flows of RFC 3665 2, with the same sequence of messages. Bob's server
-- asks for digest credentials; the transport is UDP instead of TLS.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"

local BOB <const> = "sip:bob@biloxi.example.com"

describe("RFC 3665", function()
  local net, bob, loc

  before_each(function()
    net = test.net()
    local server <const> = net:agent("sip:ss2.biloxi.example.com",
      { address = "192.0.2.222", domains = { "biloxi.example.com" }, name = "SIP Server" })
    local sip <const> = face.of(server.context)
    loc = sip.location()
    local auth <const> = sip.digest { realm = "atlanta.example.com", algorithms = "MD5",
      secret = function(user) return user == "bob" and "secret" or nil end }
    server:on("REGISTER", function(req)
      local user <const> = auth:check(req)
      if not user then return end
      if user ~= req.to.user then return req:reply(403) end
      return loc:save(req)
    end)
    bob = net:agent(BOB, { address = "192.0.2.201", name = "Bob",
      credentials = { username = "bob", password = "secret", realm = "atlanta.example.com" },
      outbound_proxy = "sip:192.0.2.222" })
  end)
  after_each(function() net:close() end)

  local function register(headers)
    return bob:request("REGISTER", "sip:biloxi.example.com", { to = BOB, headers = headers }):wait()
  end

  -- The messages since the last time: "REGISTER" and statuses.
  local seen = 0
  local function sequence()
    local list <const>, all = {}, net:messages()
    for at = seen + 1, #all do
      list[#list + 1] = all[at].bytes:match "^SIP/2.0 (%d+ [^\r]+)" or all[at].bytes:match "^%S+"
    end
    seen = #all
    return list
  end

  local NEW <const> = { Contact = "<sip:bob@192.0.2.201>" }

  local function begin()
    seen = 0
    assert(register(NEW))
    sequence()
  end

  it("2.1: successful new registration", function()
    seen = 0
    local res <const> = assert(register(NEW))
    assert.same({ "REGISTER", "401 Unauthorized", "REGISTER", "200 OK" }, sequence())
    assert.same("<sip:bob@192.0.2.201>;expires=3600", res.headers["Contact"])
  end)

  it("2.2: update of contact list", function()
    begin()
    local res <const> = assert(register { Contact = "<mailto:bob@biloxi.example.com>" })
    assert.same({ "REGISTER", "200 OK" }, sequence())
    assert.same(2, #res.contacts)
  end)

  it("2.3: request for current contact list", function()
    begin()
    local res <const> = assert(register())
    assert.same({ "REGISTER", "200 OK" }, sequence())
    assert.same("sip:bob@192.0.2.201", res.contact.uri.text)
  end)

  it("2.4: cancellation of registration", function()
    begin()
    local res <const> = assert(register { Contact = "*", Expires = 0 })
    assert.same({ "REGISTER", "200 OK" }, sequence())
    assert.same({}, res.contacts)
    assert.same(480, select(2, loc:lookup(BOB)).code)
  end)

  it("2.5: unsuccessful registration", function()
    seen = 0
    bob = net:agent(BOB, { address = "192.0.2.202", outbound_proxy = "sip:192.0.2.222",
      credentials = { username = "bob", password = "wrong", realm = "atlanta.example.com" } })
    local none <const>, err = register(NEW)
    assert.is_nil(none)
    assert.same({ "auth", 401 }, { err.kind, err.code })
    assert.same({ "REGISTER", "401 Unauthorized", "REGISTER", "401 Unauthorized" }, sequence())
    assert.same(404, select(2, loc:lookup(BOB)).code)
  end)
end)
