-- SPDX-License-Identifier: MIT
-- Reliable provisional responses between two scripts (RFC 3262), and the offers and answers
-- that they and their PRACKs carry (RFC 6337 table 1).

local descriptions <const> = require "spec.support.descriptions"
local pair <const> = require "spec.support.pair"

local talks <const> = descriptions.talks

describe("provisional responses of a call", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  -- What went over the wire, without copies: "INVITE", "183 INVITE", "PRACK+" (+: described).
  local function flow(filter)
    filter = filter or {}
    filter.retransmissions = false
    local found <const> = {}
    for _, one in ipairs(net:messages(filter)) do
      local status <const> = one.bytes:match "^SIP/2.0 (%d+)"
      local method <const> = one.bytes:match "CSeq: %d+ (%u+)"
      local has_sdp <const> = one.bytes:find("application/sdp", 1, true) and "+" or ""
      found[#found + 1] = (status and status .. " " .. method or method) .. has_sdp
    end
    return table.concat(found, ", ")
  end

  local function answers_early(options)
    bob:on("INVITE", function(req)
      assert(req:progress { sdp = true, reliable = options and options.reliable })
      net:sleep "2s"
      assert(req:answer())
    end)
  end

  it("carry the answer reliably; the 200 has none (pattern 3)", function()
    answers_early()
    local near <const> = assert(alice:call(bob))
    net:advance(1)
    assert.equal("INVITE+, 183 INVITE+, PRACK, 200 PRACK, 200 INVITE, ACK", flow())
    assert.equal("PCMU", near.media.codec.name)
    assert.equal("PCMU", bob.calls[1].media.codec.name)
    assert(near:reinvite())
    assert(bob.calls[1]:reinvite())
  end)

  it("carry the offer, answered in the PRACK (pattern 4)", function()
    answers_early()
    local near <const> = assert(alice:call(bob, { sdp = false }))
    net:advance(1)
    assert.equal("INVITE, 183 INVITE+, PRACK+, 200 PRACK, 200 INVITE, ACK", flow())
    assert.equal(near.local_sdp, bob.calls[1].remote_sdp)
    assert.equal(near.remote_sdp, bob.calls[1].local_sdp)
  end)

  it("that cross a refusal: their PRACK gets its 200, and the call is over (RFC 3262 3)", function()
    net:link(alice, bob, { delay = 50 })
    bob:on("INVITE", function(req)
      assert(req:progress { sdp = true })
      req:reject(486)
    end)
    local _, err <const> = alice:call(bob)
    net:settle()
    assert.equal("INVITE+, 183 INVITE+, 486 INVITE, PRACK, ACK, 200 PRACK", flow())
    assert.same({ 486, 0 }, { err.code, (net:live()) })
  end)

  it("are followed by an offer in the PRACK, answered in its 200 (pattern 5)", function()
    answers_early()
    alice:on(183, function(res) assert(res:prack { sdp = talks(5002) }) end)
    local near <const> = assert(alice:call(bob, { own_prack = true }))
    net:advance(1)
    assert.equal("INVITE+, 183 INVITE+, PRACK+, 200 PRACK+, 200 INVITE, ACK", flow())
    assert.equal(5002, bob.calls[1].media.port)
    assert.equal(near.remote_sdp, bob.calls[1].local_sdp)
  end)

  it("are followed by an offer in an UPDATE, of either side, before the 200 (pattern 6)", function()
    for _, by in ipairs { "caller", "callee" } do
      local other <const>, one <const>, two <const> = pair.new()
      local done
      two:on("INVITE", function(req)
        local call <const> = assert(req:progress { sdp = true })
        other:sleep "1s"
        if by == "callee" then done = call:update { sdp = talks(6000) } end
        other:sleep "1s"
        assert(req:answer())
      end)
      if by == "caller" then
        one:on(183, function(res)
          other:sleep "1s"
          done = res.call:update { sdp = talks(6000) }
        end)
      end
      local near <const> = assert(one:call(two))
      assert.equal(200, done.code)
      local far <const> = two.calls[1]
      assert.equal(6000, (by == "caller" and far or near).media.port)
      other:close()
    end
  end)

  it("whose PRACK makes an offer that is refused leave what was agreed on (RFC 6337 2.3)",
    function()
    bob:on("INVITE", function(req)
      local call <const> = assert(req:progress { sdp = true })
      call:on("PRACK", function(prack)
        if prack.body ~= "" then return prack:reject(488) end
        prack:reply(200)
      end)
      net:sleep "4s"
      assert(req:answer())
    end)
    local codes <const> = {}
    alice:on(183, function(res)
      local _, err <const> = res:prack { sdp = talks(5002) }:wait()
      codes[1] = err.code
      codes[2] = assert(res:prack():wait()).code
    end)
    local near <const> = assert(alice:call(bob, { own_prack = true }))
    assert.same({ 488, 200 }, codes)
    assert.equal("PCMU", near.media.codec.name)
    assert.are_not.equal(5002, bob.calls[1].media.port)
  end)

  it("that make an offer which the PRACK does not answer end the call", function()
    local why
    bob:on("INVITE", function(req)
      local call <const> = assert(req:progress { sdp = true })
      why = call:wait_end()
    end)
    alice:on(183, function(res)
      res.call:request("PRACK", { headers = {
        RAck = ("%s %d INVITE"):format(res.headers["RSeq"], res.cseq) } })
    end)
    local near <const>, err <const> = alice:call(bob, { sdp = false, own_prack = true })
    assert.is_nil(near)
    assert.same({ 488, "media" }, { err.code, why.kind })
  end)

  it("come one after the other: a 200 after two of them waits for both PRACKs", function()
    local seen <const> = {}
    bob:on("INVITE", function(req)
      assert(req:ring { reliable = true })
      assert(req:progress { sdp = true })
      assert(req:answer())
      seen[1] = req.call.state
    end)
    alice:on("1xx", function(res) seen[#seen + 1] = { res.code, res.reliable } end)
    assert(alice:call(bob))
    net:advance(1)
    assert.equal("INVITE+, 180 INVITE, PRACK, 200 PRACK, 183 INVITE+, PRACK, 200 PRACK, "
      .. "200 INVITE, ACK", flow())
    assert.same({ "connected", { 180, true }, { 183, true } }, seen)
    assert.equal(1, #bob.calls)
  end)

  it("that nobody acknowledges end the INVITE with 504, answered or not", function()
    for _, is_answered in ipairs { true, false } do
      local other <const>, one <const>, two <const> = pair.new()
      local ends <const> = {}
      two:on("INVITE", function(req)
        local call <const> = assert(req:progress { sdp = true })
        if is_answered then assert(req:answer()) end
        local why <const> = call:wait_end()
        ends[1], ends[2] = why.kind, why.code
      end)
      local near <const>, err <const> = one:call(two, { own_prack = true })
      assert.is_nil(near)
      assert.equal(504, err.code)
      other:settle()
      assert.same({ "timeout", 504 }, ends)
      assert.same(0, #two.calls)
      assert.same(0, (other:live()))
      other:close()
    end
  end)

  it("that wait may be followed by a hang-up: BYE after the ACK", function()
    bob:on("INVITE", function(req)
      assert(req:progress { sdp = true })
      local call <const> = assert(req:answer())
      call:hangup()
    end)
    local near <const> = assert(alice:call(bob))
    assert.equal("hangup", near:wait_end().kind)
    net:settle()
    assert.equal("INVITE+, 183 INVITE+, PRACK, 200 PRACK, 200 INVITE, ACK, BYE, 200 BYE", flow())
    assert.equal(0, (net:live()))
  end)

  it("are not reliable where a script, the agent or the caller does not want that", function()
    local cases <const> = { { {}, {}, { reliable = false } }, { { reliable = "off" }, {}, {} },
                            { {}, { reliable = "off" }, {} } }
    for _, case in ipairs(cases) do
      local other <const>, one <const> = pair.new()
      local two <const> = other:agent("sip:carol@example.com",
        { media = false, reliable = case[1].reliable })
      two:on("INVITE", function(req)
        req:progress { sdp = true, reliable = case[3].reliable }
        req:answer()
      end)
      assert(one:call(two, case[2]))
      assert.equal(0, other:count { method = "PRACK" })
      local invite <const> = other:messages { method = "INVITE" }[1].bytes
      local has_tag <const> = invite:find("100rel", 1, true) ~= nil
      assert.equal(case[2].reliable ~= "off", has_tag)
      other:close()
    end
  end)

  it("are all reliable where the agent says \"required\"; who cannot gets 421", function()
    local strict <const> = net:agent("sip:carol@example.com",
      { media = false, reliable = "required" })
    strict:on("INVITE", function(req)
      if req:ring() then req:answer() end
    end)
    assert(alice:call(strict))
    net:advance(1)
    assert.equal(1, net:count { method = "PRACK", code = 200 })
    local near <const>, err <const> = alice:call(strict, { reliable = "off" })
    assert.is_nil(near)
    assert.same({ 421, "100rel" }, { err.code, err.response.headers["Require"] })
  end)

  it("are required by a call that says so: 420 from who cannot (8.2.2.3)", function()
    local old <const> = net:agent("sip:carol@example.com", { media = false, reliable = "off" })
    pair.answers(old)
    local near <const>, err <const> = alice:call(old, { reliable = "required" })
    assert.is_nil(near)
    assert.same({ 420, "100rel" }, { err.code, err.response.headers["Unsupported"] })
    bob:on("INVITE", function(req)
      req:ring()
      req:answer()
    end)
    assert(alice:call(bob, { reliable = "required" }))
    net:advance(1)
    assert.equal(1, net:count { method = "PRACK", code = 200, retransmissions = false })
  end)

  it("have our offer where they are required and the INVITE has none (RFC 3262 5)", function()
    bob:on("INVITE", function(req)
      assert(req:ring())
      assert(req:answer())
    end)
    local near <const> = assert(alice:call(bob, { reliable = "required", sdp = false }))
    net:advance(1)
    assert.equal("INVITE, 180 INVITE+, PRACK+, 200 PRACK, 200 INVITE, ACK", flow())
    assert.equal("PCMU", near.media.codec.name)
  end)

  it("are acknowledged with proofs of who we are, when PRACKs are asked for them", function()
    local challenged = 0
    bob:on("INVITE", function(req)
      local call <const> = assert(req:progress { sdp = true })
      call:on("PRACK", function(prack)
        if prack.headers["Authorization"] then return prack:reply(200) end
        challenged = challenged + 1
        prack:reply(401, { ["WWW-Authenticate"] =
          'Digest realm="r", nonce="n", qop="auth", algorithm=MD5' })
      end)
      net:sleep "3s"
      assert(req:answer())
    end)
    assert(alice:call(bob, { username = "alice", password = "secret" }))
    assert.equal(1, challenged)
  end)

  it("that were not asked for give no PRACK of the script's", function()
    local err
    bob:on("INVITE", function(req)
      req:ring()
      req:answer()
    end)
    alice:on(180, function(res) err = select(2, res:prack()) end)
    assert(alice:call(bob, { own_prack = true }))
    assert.equal("invalid", err.kind)
  end)

  for _, name in ipairs { "the 183", "the PRACK", "the 200 of the PRACK", "the 200", "the ACK" } do
    it("survive the loss of " .. name, function()
      local lost <const> = { ["the 183"] = "^SIP/2.0 183", ["the PRACK"] = "^PRACK",
        ["the 200 of the PRACK"] = "^SIP/2.0 200.*CSeq: %d+ PRACK",
        ["the 200"] = "^SIP/2.0 200.*CSeq: %d+ INVITE", ["the ACK"] = "^ACK" }
      local count = 0
      net:drop(function(bytes)
        if bytes:find(lost[name]) and count < 2 then
          count = count + 1
          return true
        end
      end)
      answers_early()
      local near <const> = assert(alice:call(bob))
      net:settle()
      assert.equal(2, count)
      assert.same({ "connected", "connected" }, { near.state, bob.calls[1].state })
      assert.equal("INVITE+, 183 INVITE+, PRACK, 200 PRACK, 200 INVITE, ACK", flow())
      assert.equal("PCMU", near.media.codec.name)
    end)
  end
end)
