-- SPDX-License-Identifier: MIT
-- The two legs of a B2BUA as two calls (RFC 7092 3.1): what crosses, what never does, and
-- how each way out ends both.

local legs <const> = require "spec.support.legs"
local messages <const> = require "spec.support.messages"

local talks <const> = legs.talks

local function header(text, name) return messages.header(text, (name:gsub("%-", "%%-"))) end

describe("req:leg", function()
  local stage, alice, bob, net, sbc
  before_each(function()
    stage = legs.stage()
    alice, bob, net, sbc = stage.alice, stage.bob, stage.net, stage.sbc
  end)
  after_each(function() stage:close() end)

  local function call(headers)
    return alice:call(stage.to, { sdp = talks("10.1.0.7", 4000), headers = headers,
                                  from = "\"Alice A.\" <sip:alice@10.1.0.7>" })
  end

  it("of a scope that is left unanswered sends 500, with an error too; 487 when the caller "
    .. "gave up", function()
    sbc:on("INVITE", function(req) local _ <close> = req:leg() end)
    assert.equal(500, select(2, call()).code)
    sbc:off("INVITE"):on("INVITE", function(req)
      local _ <close> = req:leg()
      net:sleep "5s"
    end)
    local near <const> = alice:start_call(stage.to)
    net:advance "1s"
    near:hangup()
    net:advance "10s"
    assert.equal(1, net:count { method = "INVITE", code = 487 })
    stage:finish()
  end)

  it("refuses what cannot be accepted: 420, 483, 415 (8.2.2.3, RFC 7332 5, 8.2.3)", function()
    local whys <const> = {}
    sbc:on("INVITE", function(req)
      local a <close> = req:leg()
      whys[#whys + 1] = a.state .. " " .. tostring(select(2, a:dial(bob.contact)).code)
    end)
    local codes <const> = {}
    for at, wish in ipairs {
      { headers = { Require = "no-such-extension" } }, { headers = { ["Max-Forwards"] = 0 } },
      { body = "hello", content_type = "text/plain" },
    } do
      codes[at] = select(2, alice:request("INVITE", stage.to, wish):wait()).code
    end
    assert.same({ 420, 483, 415 }, codes)
    assert.same({ "ended 420", "ended 483", "ended 415" }, whys)
    assert.equal(0, net:count { to = bob })
    stage:finish()
  end)

  it("is for a new INVITE only", function()
    local whys <const> = {}
    sbc:on("MESSAGE", function(req)
      whys[1] = select(2, pcall(req.leg, req))
      req:reply(200)
    end)
    alice:request("MESSAGE", stage.to):wait()
    assert.matches("only an INVITE is a leg, not MESSAGE", whys[1])
  end)

  for _, media in ipairs { "direct", "relay" } do
    describe("with media = " .. media, function()
      before_each(function()
        stage:close()
        stage = legs.stage { media = true }
        alice, bob, net, sbc = stage.alice, stage.bob, stage.net, stage.sbc
      end)

      local function serve(options)
        local chosen <const> = { media = media }
        for name, value in pairs(options or {}) do chosen[name] = value end
        return stage:join(chosen)
      end

      local function answers(more)
        bob:on("INVITE", function(req)
          req:reply(180, { ["Alert-Info"] = "<http://10.2.0.1/ring>", ["X-Ring"] = "r" })
          net:sleep "1s"
          assert(req:answer { headers = more })
        end)
      end

      it("gives each leg identifiers of its own, and nothing of the other's (8.1.1)", function()
        serve { hide = true }
        answers { Server = "bob 1.0", ["X-Answer"] = "10.2.0.1" }
        local near <const> = assert(call { ["X-Host"] = "10.1.0.7", Subject = "at 10.1.0.7:5060",
          ["P-Asserted-Identity"] = "<sip:alice@10.1.0.7>", Organization = "near.example" })
        local first <const> = stage:first { method = "INVITE", from = alice }
        local second <const> = stage:first { method = "INVITE", from = sbc, to = bob }
        for _, name in ipairs { "Call-ID", "From", "Via", "Contact" } do
          assert.not_equal(header(first, name), header(second, name), name)
        end
        assert.equal("69", header(second, "Max-Forwards")) -- RFC 7332 5
        assert.equal("at 10.0.0.1:5060", header(second, "Subject"))
        assert.matches('^"Alice A%." <sip:alice@10%.0%.0%.1>', header(second, "From"))
        assert(near:hangup())
        net:advance "1s"
        for _, one in ipairs(net:messages { from = sbc, to = bob }) do
          local text <const> = media == "direct" and one.bytes:gsub("\nc=[^\n]*", "") or one.bytes
          assert.is_nil(text:find("10.1.0", 1, true), text)
          assert.is_nil(text:find("near.example", 1, true), text)
        end
        for _, one in ipairs(net:messages { from = sbc, to = alice }) do
          local text <const> = media == "direct" and one.bytes:gsub("\nc=[^\n]*", "") or one.bytes
          assert.is_nil(text:find("10.2.0", 1, true), text)
        end
        stage:finish()
      end)

      it("passes header fields by policy: those that speak of the call, and by name", function()
        serve { headers = { pass = { "P-Asserted-Identity", "X-Keep" }, drop = "X-*",
                            ["X-Class"] = "premium" } }
        answers()
        local near <const> = assert(call { ["X-Foo"] = "1", ["X-Keep"] = "2", Subject = "s",
          ["P-Asserted-Identity"] = "<tel:+441>", Diversion = "<sip:x@y>", ["Odd-Header"] = "o",
          ["X-Class"] = "economy" })
        local sent <const> = stage:first { method = "INVITE", to = bob }
        local got <const> = {}
        for _, name in ipairs { "X-Foo", "X-Keep", "Subject", "P-Asserted-Identity", "Diversion",
                                "Odd-Header", "X-Class" } do
          got[name] = header(sent, name)
        end
        assert.same({ ["X-Keep"] = "2", Subject = "s", ["P-Asserted-Identity"] = "<tel:+441>",
                      ["Odd-Header"] = "o", ["X-Class"] = "premium" }, got)
        local ringing <const> = stage:first { method = "INVITE", code = 180, to = alice }
        assert.is_nil(header(ringing, "Alert-Info"))
        assert.is_nil(header(ringing, "X-Ring"))
        near:hangup()
        stage:finish()
      end)

      for name, by in pairs {
        ["before anything came back"] = function() end,
        ["while it rings"] = function(req) req:ring() end,
        ["with early media"] = function(req) req:progress { sdp = true } end,
      } do
        it("gives the second leg up when the caller does: " .. name .. " (9.1)", function()
          serve()
          bob:on("INVITE", function(req)
            by(req)
            net:sleep "1m"
          end)
          local near <const> = alice:start_call(stage.to)
          net:advance "2s"
          near:hangup { reason = 'SIP;cause=486;text="busy"' }
          net:advance "5s"
          assert.equal("cancelled", stage.err.kind)
          assert.equal(1, net:count { method = "CANCEL", to = bob, retransmissions = false })
          assert.equal('SIP;cause=486;text="busy"',
            header(stage:first { method = "CANCEL", to = bob }, "Reason")) -- RFC 3326
          assert.equal("cancelled", stage.records[1].disposition)
          assert.equal("caller", stage.records[1].by)
          stage:finish()
        end)
      end

      it("ends an answer that crosses the CANCEL (15)", function()
        serve()
        bob:on("INVITE", function(req)
          net:sleep "2s"
          assert(req:answer())
        end)
        local near <const> = alice:start_call(stage.to)
        net:advance "2001ms"
        near:hangup()
        net:advance "5s"
        assert.equal("ended", bob.calls[1] and bob.calls[1].state or "ended")
        assert.equal(1, net:count { method = "BYE", to = bob, retransmissions = false })
        stage:finish()
      end)

      for _, side in ipairs { "alice", "bob" } do
        it("ends both when one hangs up: " .. side .. ", whose Reason passes (15, RFC 3326)",
          function()
            serve()
            answers()
            assert(call())
            net:advance "10s"
            local other <const> = side == "alice" and bob or alice
            stage[side].calls[1]:hangup { reason = "Q.850;cause=16" }
            net:advance "1s"
            local bye <const> = stage:first { method = "BYE", from = sbc, to = other }
            assert.equal("Q.850;cause=16", header(bye, "Reason"))
            local record <const> = stage.record
            assert.same({ "answered", side == "alice" and "caller" or "callee" },
              { record.disposition, record.by })
            assert.is_true(record.seconds >= 10 and record.seconds < 10.1, record.seconds)
            stage:finish()
          end)
      end

      it("passes INFO and MESSAGE inside the call, and their answers (RFC 6086 4.2)", function()
        serve { hide = true }
        answers()
        local near <const> = assert(call())
        net:advance "1s"
        local far <const> = bob.calls[1]
        far:on("INFO", function(req)
          req:reply(200, { body = "got " .. req.body, content_type = "text/x-answer",
                           ["X-Info"] = "10.2.0.1" })
        end)
        near:on("MESSAGE", function(req) req:reply(202) end)
        local res <const> = assert(near:request("INFO", { body = "hello",
          content_type = "text/x-hello", headers = { ["Info-Package"] = "nothing" } }):wait())
        assert.same({ 200, "got hello", "text/x-answer" },
          { res.code, res.body, res.content_type.value })
        assert.equal("nothing", header(stage:first { method = "INFO", to = bob }, "Info-Package"))
        assert.is_nil(res.headers["X-Info"])
        assert.equal(202, far:request("MESSAGE", { body = "hi" }):wait().code)
        far:off("INFO"):on("INFO", function(req) req:reply(415) end)
        local none <const>, err = near:request("INFO", { body = "x" }):wait()
        assert.is_nil(none)
        assert.equal(415, err.code)
        near:hangup()
        stage:finish()
      end)

      it("declines transfers unless it was told to pass them on", function()
        serve()
        answers()
        local near <const> = assert(call())
        net:advance "1s"
        local transfer <const> = { headers = { ["Refer-To"] = "<sip:x@y>" } }
        local err <const> = select(2, near:request("REFER", transfer):wait())
        assert.equal(603, err.code)
        assert.equal(0, net:count { method = "REFER", to = bob })
        near:hangup()
        stage:finish()
      end)

      it("passes what a response means for the caller, and is told in the record", function()
        serve()
        bob:on("INVITE", function(req) req:reject(486, { ["Retry-After"] = 7 }) end)
        local none <const>, err = call()
        assert.is_nil(none)
        assert.equal(486, err.code)
        local record <const> = stage.records[1]
        assert.same({ "busy", 486, 0, 1 },
          { record.disposition, record.code, record.billsec, #record.attempts })
        assert.same({ "busy", 486 }, { record.attempts[1].kind, record.attempts[1].code })
        stage:finish()
        assert.equal(1, #stage.records)
      end)

      it("ends both when the caller's ACK never comes (13.3.1.4)", function()
        serve()
        bob:on("INVITE", function(req)
          net:sleep "1s"
          assert(req:answer())
        end)
        local near <const> = alice:start_call(stage.to, { sdp = talks("10.1.0.7", 4000) })
        net:advance "500ms"
        net:link(alice, sbc, { loss = 1, one_way = true })
        net:advance "1m"
        assert.same({ 0, "ended" }, { #bob.calls, near.state })
        net:heal()
        stage:finish()
      end)
    end)
  end
end)
