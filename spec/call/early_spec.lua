-- SPDX-License-Identifier: MIT
-- What a call does before it is answered: ringing, early media (RFC 3960), refusals and
-- redirections, with the verbs of the request and with those of the call.

local descriptions <const> = require "spec.support.descriptions"
local pair <const> = require "spec.support.pair"

describe("a call that is not answered yet", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  local function flow(filter)
    local found <const> = {}
    for _, record in ipairs(net:messages(filter)) do
      found[#found + 1] = math.tointeger(tonumber(record.bytes:match "^SIP/2.0 (%d+)"))
    end
    return found
  end

  describe("has early media", function()
    for name, early in pairs {
      ["req:progress { sdp = true }"] = function(req) return req:progress { sdp = true } end,
      ["call:early()"] = function(req) return req.call:early() end,
      ["call:early { code = 180 }"] = function(req) return req.call:early { code = 180 } end,
    } do
      it("by " .. name .. ": the same answer in the 1xx and in the 200 (13.2.1)", function()
        local first, state
        bob:on("INVITE", function(req)
          local call <const> = assert(early(req))
          first, state = call.local_sdp, call.state
          assert.equal("PCMU", call.media.codec.name)
          net:sleep "3s"
          assert(req:answer())
        end)
        local preview
        alice:on("1xx", function(res)
          if res.code > 100 then preview = { res.call.remote_sdp, res.call.media.codec.name } end
        end)
        local near <const> = assert(alice:call(bob))
        assert.equal("ringing", state)
        assert.same({ first, "PCMU" }, preview)
        assert.equal(first, near.remote_sdp)
        assert.equal("connected", near.state)
      end)
    end

    it("in codecs, with header fields and a description of the script's", function()
      bob:on("INVITE", function(req)
        req:progress { codecs = { "PCMA" }, headers = { ["X-A"] = "1" }, reliable = false }
        req:answer { sdp = descriptions.audio { "m=audio 4002 RTP/AVP 8" } }
      end)
      local seen
      alice:on(183, function(res) seen = { res.headers["X-A"], res.sdp.media[1].formats } end)
      local near <const> = assert(alice:call(bob))
      assert.same({ "1", { "8" } }, seen)
      assert.equal(4002, near.media.port)
    end)

    it("not when the INVITE has no offer and supports no responses that are reliable", function()
      local err
      bob:on("INVITE", function(req)
        err = select(2, req:progress { sdp = true })
        req:answer()
      end)
      assert(alice:call(bob, { sdp = false, reliable = "off" }))
      assert.equal("invalid", err.kind)
      assert.same({ 200 }, flow { method = "INVITE", class = "2xx" })
    end)

    it("not of an offer that fits nothing: 488", function()
      local err
      bob:on("INVITE", function(req) err = select(2, req.call:early()) end)
      local call <const>, why = alice:call(bob,
        { sdp = descriptions.audio { "m=video 4000 RTP/AVP 31" } })
      assert.is_nil(call)
      assert.same({ 488, "media", 488 }, { why.code, err.kind, err.code })
    end)

    it("that a 4xx takes back", function()
      bob:on("INVITE", function(req)
        req.call:early()
        req:reject(486)
      end)
      local call <const>, err = alice:call(bob)
      assert.is_nil(call)
      assert.equal("busy", err.kind)
      net:settle()
      assert.equal(0, #bob.calls)
    end)

    it("of several branches: what the 200 says counts", function()
      local carol <const> = net:agent("sip:carol@example.com", { media = false })
      carol:on("INVITE", function(req)
        req:progress { sdp = descriptions.audio { "m=audio 4100 RTP/AVP 0" } }
        req:reject(503)
      end)
      bob:on("INVITE", function(req)
        req:answer { sdp = descriptions.audio { "m=audio 4200 RTP/AVP 0" } }
      end)
      local near <const> = assert(alice:call { carol.contact, bob.contact })
      assert.equal(4200, near.media.port)
    end)
  end)

  it("is driven by the call as well as by the request", function()
    bob:on("INVITE", function(req)
      req.call:ring { ["X-A"] = "1" }
      assert(req.call:answer())
    end)
    assert(alice:call(bob))
    assert.same({ 180, 200 }, flow { method = "INVITE", from = bob, code = 180 }[1]
      and { 180, flow({ method = "INVITE", from = bob, code = 200 })[1] })
    bob:off("INVITE"):on("INVITE", function(req) req.call:reject(603) end)
    assert.equal(603, select(2, alice:call(bob)).code)
    bob:off("INVITE"):on("INVITE", function(req)
      req.call:redirect "sip:elsewhere@192.0.2.1"
    end)
    local _, err = alice:call(bob)
    assert.equal("<sip:elsewhere@192.0.2.1>", err.response.headers["Contact"])
  end)

  it("refuses the verbs of an incoming call when it was placed by us", function()
    local calling <const> = alice:start_call(bob)
    for _, verb in ipairs { "answer", "ring", "early", "reject", "redirect" } do
      local ok <const>, message = pcall(function() calling[verb](calling) end)
      assert.is_false(ok)
      assert.matches("early_spec.lua:%d+: call:" .. verb .. ": this call was placed by us", message)
    end
  end)
end)
