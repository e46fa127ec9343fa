-- SPDX-License-Identifier: MIT
--
-- What an INVITE carries beside its description (RFC 5621): the option `parts`, and the token of a
-- Referred-By (RFC 3892 2.2).

local pair <const> = require "spec.support.pair"
local sip <const> = require "moonsip"

describe("the parts of an INVITE", function()
  local net, alice, bob, seen
  before_each(function()
    net, alice, bob = pair.new()
    bob:on("INVITE", function(req)
      seen = { type = req.message.content_type, parts = req.message:parts(), sdp = req.sdp }
      assert(req:answer())
    end)
  end)
  after_each(function() net:close() end)

  local LOCATION <const> = { content_type = "application/pidf+xml", body = "<presence/>\r\n",
    headers = { ["Content-ID"] = "<place@alice>",
                ["Content-Disposition"] = "x;handling=optional" } }

  it("come behind the description, as tables or as text", function()
    local call <const> = assert(alice:call(bob, { parts = { LOCATION,
      "Content-Type: text/plain\r\nContent-Disposition: y;handling=optional\r\n\r\nhello" } }))
    net:advance "1s"
    assert.equal("multipart/mixed", seen.type.value)
    assert.same({ "application/sdp", "application/pidf+xml", "text/plain" }, {
      seen.parts[1].content_type.value, seen.parts[2].content_type.value,
      seen.parts[3].content_type.value })
    assert.same({ "<presence/>\r\n", "<place@alice>", "hello" }, { seen.parts[2].body,
      seen.parts[2].headers["content-id"], seen.parts[3].body })
    assert.equal(call.local_sdp, seen.parts[1].body)
    assert.truthy(call.media)
    assert(call:reinvite()) -- the description alone
    assert.equal("application/sdp", net:messages({ method = "INVITE", from = alice })[2].bytes
      :match "Content%-Type: ([^\r;]*)")
  end)

  it("may be all there is, when the offer is to come in the 2xx (13.2.1)", function()
    local call <const> = assert(alice:call(bob, { sdp = false, parts = { LOCATION } }))
    net:advance "1s"
    assert.equal(1, #seen.parts)
    assert.is_nil(seen.sdp)
    assert.truthy(call.media)
  end)

  it("come again with the proof of who calls, and by a boundary of its own", function()
    local auth <const> = sip.digest { realm = "b", secret = function() return "x" end }
    bob:off "INVITE"
    bob:on("INVITE", function(req)
      if not auth:check(req) then return end
      seen = { parts = req.message:parts() }
      assert(req:answer())
    end)
    assert(alice:call(bob, { parts = { LOCATION }, username = "a", password = "x" }))
    assert.equal(2, #seen.parts)
  end)

  it("are sixteen at most, and right, or raise at the script's line", function()
    local many <const> = {}
    for at = 1, 16 do many[at] = LOCATION end
    assert(alice:call(bob, { parts = many }))
    assert.equal(17, #seen.parts)
    many[17] = LOCATION
    for _, bad in ipairs { { parts = many }, { parts = "x" }, { parts = { {} } },
      { parts = { { content_type = "a/b\r\nX: y", body = "" } } },
      { parts = { { content_type = "a/b" } } },
      { parts = { { content_type = "a/b", body = "", colour = 1 } } } } do
      assert.has_error(function() alice:call(bob, bad) end)
    end
  end)

  describe("that a REFER asks for", function()
    local carol
    before_each(function()
      carol = net:agent("sip:carol@example.com", { media = false })
      carol:on("REFER", function(req) return req:follow_refer() end)
    end)

    local TOKEN <const> = "Content-Type: multipart/signed;boundary=inner\r\n"
      .. "Content-ID: <token@alice>\r\nContent-Disposition: aib;handling=optional\r\n\r\n"
      .. "--inner\r\nContent-Type: message/sipfrag\r\n\r\nRefer-To: <sip:b>\r\n\r\n--inner--\r\n"

    local function refer(by)
      assert(alice:request("REFER", carol, {
        headers = { ["Refer-To"] = "<" .. bob.contact .. ">", ["Referred-By"] = by },
        content_type = "multipart/mixed;boundary=outer",
        body = "--outer\r\n\r\nnot this\r\n--outer\r\n" .. TOKEN .. "\r\n--outer--\r\n",
      }):wait())
      net:advance "2s"
      return net:messages({ method = "INVITE", to = bob })[1].bytes
    end

    it("is the token of Referred-By, as it came (RFC 3892 2.2)", function()
      local by <const> = '<sip:alice@example.com>;cid="token@alice"'
      local invite <const> = refer(by)
      assert.truthy(invite:find("\r\nReferred-By: " .. by .. "\r\n", 1, true))
      assert.truthy(invite:find("\r\n" .. TOKEN .. "\r\n--", 1, true))
      assert.is_nil(invite:find("not this", 1, true))
      assert.equal("application/sdp", seen.parts[1].content_type.value)
      assert.equal(1, #bob.calls)
    end)

    it("is none where its cid names no part", function()
      local invite <const> = refer '<sip:alice@example.com>;cid="other@alice"'
      assert.is_nil(invite:find("multipart", 1, true))
      assert.equal(1, #bob.calls)
    end)
  end)
end)
