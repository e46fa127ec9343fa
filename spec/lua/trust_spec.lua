-- SPDX-License-Identifier: MIT
--
-- Who may say who calls, and what does not leave the trust domain.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"

describe("a trust domain", function()
  local net, sip, alice, bob, trunks, trust
  before_each(function()
    net = test.net()
    alice, bob = net:agent("sip:alice@10.0.0.8"), net:agent("sip:bob@10.0.0.9")
    sip = face.of(bob.context)
    trunks = sip.gateways({ in1 = { uri = "sip:192.0.2.1" } }, { probe = false })
    trust = sip.trust { networks = "10.0.0.0/8", gateways = trunks }
  end)
  after_each(function() net:close() end)

  -- The request that bob gets from alice with these headers.
  local function received(headers)
    local got
    bob:off("MESSAGE"):on("MESSAGE", function(req)
      got = req
      req:reply(200)
    end)
    assert(alice:request("MESSAGE", bob, { headers = headers }):wait())
    return got
  end

  local PAI <const> = { ["P-Asserted-Identity"] = { '"A" <sip:a@b>', "<tel:+44>" } }
  local function with(headers)
    for name, value in pairs(PAI) do headers[name] = headers[name] or value end
    return headers
  end
  local function texts(list)
    local found = {}
    for at, one in ipairs(list or {}) do found[at] = tostring(one) end
    return found
  end

  it("has networks, gateways, and what came from them (RFC 3325 2.3)", function()
    assert.is_true(trust:has(received {}))
    for _, one in ipairs { "10.1.2.3", "::ffff:10.1.2.3", "sip:x@10.9.9.9:5070" } do
      assert.is_true(trust:has(one), one)
    end
    assert.is_true(trust:has(sip.uri "sip:10.0.0.1"))
    assert.is_true(trust:has(trunks.in1))
    for _, one in ipairs { "11.1.2.3", "::1", "sip:x@example.com", "nonsense", "10.0.0.0/8" } do
      assert.is_false(trust:has(one), one)
    end
    local others <const> = sip.gateways({ in1 = { uri = "sip:192.0.2.1" } }, { probe = false })
    assert.is_false(trust:has(others.in1))
    assert.is_false(sip.trust {}:has "10.0.0.1")
  end)

  it("believes an identity only from those in it (RFC 3325 5)", function()
    local req <const> = received(with {})
    assert.same({ '"A" <sip:a@b>', "<tel:+44>" }, texts(trust:identity(req)))
    assert.is_nil(sip.trust { networks = "192.0.2.0/24" }:identity(req))
    assert.is_nil(trust:identity(received {}))
  end)

  it("takes one sip or sips URI and one tel URI of an identity (RFC 3325 9.1)", function()
    local req <const> = received { ["P-Asserted-Identity"] = { "<sip:a@b>, <sips:c@d>",
      "<tel:+44>", "<tel:+45>", "<http://x>" } }
    local list <const> = trust:identity(req)
    assert.same({ "<sip:a@b>", "<tel:+44>" }, texts(list))
  end)

  it("gives a user the identity he prefers when it is his (RFC 3325 6)", function()
    local mine <const> = { "sip:a@b", "tel:+44" }
    assert.equal("<tel:+44>", trust:prefer(received {
      ["P-Preferred-Identity"] = "<tel:+4-4>" }, { "sip:a@b", "tel:+44" })
      :gsub("%+4%-4", "+44"))
    assert.equal("<sip:a@b>", trust:prefer(received {
      ["P-Preferred-Identity"] = "<sip:boss@b>" }, mine))
    assert.equal("<sip:a@b>", trust:prefer(received {}, mine))
    assert.is_false(pcall(trust.prefer, trust, received {}, {}))
  end)

  it("passes identity and privacy on inside (RFC 3325 7)", function()
    local made <const> = trust:cross(received(with { Privacy = "id;critical",
      ["P-Preferred-Identity"] = "<sip:x@y>" }), { to = trunks.in1 })
    assert.is_true(made.trusted)
    assert.is_nil(made.from)
    assert.same({ '"A" <sip:a@b>', "<tel:+44>" }, made.headers["P-Asserted-Identity"])
    assert.equal("id;critical", made.headers["Privacy"])
    assert.is_false(made.forward["P-Preferred-Identity"])
  end)

  for privacy, wanted in pairs {
    [""] = { shown = true }, none = { shown = true, left = "none" },
    id = { from = true, forward = {} }, ["id;critical"] = { from = true },
    user = { from = true, forward = { "Subject", "Call-Info", "Organization", "Reply-To" } },
    header = { forward = { "History-Info", "Server" } },
    history = { shown = true, forward = { "History-Info" } },
    ["ID; session"] = { from = true, left = "session", forward = { "History-Info" } },
  } do
    it(("withholds outside what Privacy %q says (RFC 3323 5, RFC 3325 7)"):format(privacy),
      function()
        local made <const> = assert(trust:cross(received(with {
          Privacy = privacy ~= "" and privacy or nil }), { to = "203.0.113.1" }))
        assert.is_false(made.trusted)
        assert.equal(wanted.shown or false, made.headers["P-Asserted-Identity"] ~= nil)
        assert.equal(wanted.shown or false, made.forward["P-Asserted-Identity"] ~= false)
        assert.equal(wanted.from and '"Anonymous" <sip:anonymous@anonymous.invalid>' or nil,
          made.from)
        assert.equal(wanted.left, made.headers["Privacy"])
        for _, name in ipairs(wanted.forward or {}) do assert.is_false(made.forward[name]) end
      end)
  end

  for _, privacy in ipairs { "session;critical", "id;nonsense;critical" } do
    it(("fails when critical privacy is not provided: %s (RFC 3323 5)"):format(privacy), function()
      local made, err = trust:cross(received(with { Privacy = privacy }), { to = "203.0.113.1" })
      assert.is_nil(made)
      assert.equal(500, err:status())
    end)
  end

  it("asserts who proved himself, and not what strangers say (RFC 3325 5)", function()
    local req <const> = received(with {})
    local outside <const> = sip.trust { networks = "192.0.2.0/24" }
    assert.is_nil(outside:cross(req, { to = "192.0.2.1" }).headers["P-Asserted-Identity"])
    assert.same({ "<sip:me@b>" }, outside:cross(req, { to = "192.0.2.1",
      asserted = "<sip:me@b>" }).headers["P-Asserted-Identity"])
    for _, wrong in ipairs { { asserted = "<sip:b" }, { to = "1.2.3.4", asserted = "<sip:b" },
      { to = "1.2.3.4", typo = 1 } } do
      assert.is_false(pcall(outside.cross, outside, req, wrong))
    end
  end)

  it("makes a request that goes out so", function()
    local made <const> = trust:cross(received(with { Privacy = "id" }), { to = "10.0.0.8" })
    local got
    alice:on("MESSAGE", function(req)
      got = req
      req:reply(200)
    end)
    assert(bob:request("MESSAGE", alice, { headers = made.headers, from = made.from }):wait())
    assert.equal("id", got.headers["Privacy"])
    assert.equal(2, #got.message:typed "P-Asserted-Identity")
  end)

  it("is refused at the script's line when it makes no sense", function()
    for _, wrong in ipairs { { networks = "10.0.0.0/33" }, { networks = 5 }, { gateways = {} },
      { typo = 1 } } do
      local ok <const>, why = pcall(sip.trust, wrong)
      assert.is_false(ok)
      assert.truthy(why:find("trust_spec", 1, true), why)
    end
  end)
end)
