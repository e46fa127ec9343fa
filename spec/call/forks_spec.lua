-- SPDX-License-Identifier: MIT
-- One INVITE that a proxy sends to several: early dialogs of each, one answer that is kept
-- (RFC 3261 13.2.2.4), 199 (RFC 6228), and a script that chooses.

local descriptions <const> = require "spec.support.descriptions"
local test <const> = require "moonsip.test"

local talks <const> = descriptions.talks

describe("a call with several answers", function()
  local net, alice, bob, carol, proxy
  before_each(function()
    net = test.net()
    alice = net:agent("sip:alice@example.com", { media = false })
    bob = net:agent("sip:bob@example.com", { media = false })
    carol = net:agent("sip:carol@example.com", { media = false })
    proxy = net:agent("sip:proxy@example.com", { media = false })
    proxy:on("INVITE", function(req)
      req:forward { bob.contact, carol.contact, mode = "parallel" }
    end)
  end)
  after_each(function() net:close() end)

  -- Answers after so many seconds, with a port to be known by; before that a 183 with it.
  local function answers(who, port, options)
    who:on("INVITE", function(req)
      if options.early then
        net:sleep(options.early)
        req:progress { sdp = talks(port), reliable = options.reliable }
      end
      if options.after then
        net:sleep(options.after)
        if not req.cancelled then
          req:answer(not options.reliable and { sdp = talks(port) } or nil)
        end
      elseif options.refuse then
        net:sleep(options.refuse)
        req:reject(486)
      end
    end)
  end

  it("keeps the first and ends the other: ACK and BYE (13.2.2.4)", function()
    answers(bob, 4000, { after = "1s" })
    answers(carol, 4002, { after = "1s" })
    local near <const> = assert(alice:call(proxy))
    net:advance "2s"
    assert.equal("connected", near.state)
    assert.equal(1, #alice.calls)
    assert.equal(1, #bob.calls + #carol.calls)
    assert.equal(1, net:count { method = "BYE", code = 200 })
    assert.equal(near.media.port, #bob.calls == 1 and 4000 or 4002)
    near:hangup()
    net:settle()
    assert.equal(0, (net:live()))
  end)

  it("gives the other to a handler of `fork`, which may keep it", function()
    answers(bob, 4000, { after = "1s" })
    answers(carol, 4002, { after = "1s" })
    local other
    alice:on("fork", function(two, one)
      other = { two, one, two.state }
    end)
    local near <const> = assert(alice:call(proxy))
    net:advance "2s"
    assert.same({ near, "connected" }, { other[2], other[3] })
    assert.equal(2, #alice.calls)
    local ports <const> = { [near.media.port] = true, [other[1].media.port] = true }
    assert.same({ [4000] = true, [4002] = true }, ports)
    assert.equal(near.call_id, other[1].call_id)
    assert(other[1]:request("OPTIONS"):wait())
    near:hangup()
    assert(other[1]:reinvite())
    net:advance "40s"
    assert.equal("connected", other[1].state)
    other[1]:hangup()
    net:settle()
    assert.equal(0, (net:live()))
  end)

  it("gives it with the answer in the ACK, when the INVITE had no offer", function()
    answers(bob, 4000, { after = "1s" })
    answers(carol, 4002, { after = "1s" })
    local other
    alice:on("fork", function(two) other = two end)
    local near <const> = assert(alice:call(proxy, { sdp = false }))
    net:advance "2s"
    for _, one in ipairs { bob, carol } do
      assert.matches("m=audio 9 ", one.calls[1].remote_sdp)
    end
    assert.same({ [4000] = true, [4002] = true },
      { [near.media.port] = true, [other.media.port] = true })
  end)

  for _, reliable in ipairs { true, false } do
    it("has an early dialog of each: the last description counts, then the answer's; "
      .. (reliable and "reliable" or "not reliable"), function()
      answers(bob, 4000, { early = "1s", after = "5s", reliable = reliable })
      answers(carol, 4002, { early = "2s", reliable = reliable })
      local ports <const> = {}
      alice:on(183, function(res) ports[#ports + 1] = res.call.media.port end)
      local near <const> = assert(alice:call(proxy))
      assert.same({ 4000, 4002 }, ports)
      assert.equal(4000, near.media.port)
      net:advance "1s"
      assert.equal("cancelled", (carol.calls[1] or { why = { kind = "cancelled" } }).why.kind)
      assert.equal("connected", near.state)
      assert(near:reinvite())
      assert.equal(1, #bob.calls)
    end)
  end

  -- A response as a branch with this tag sends it.
  local function branch(peer, invite, status, tag, port)
    local sdp <const> = port and talks(port) or ""
    local lines <const> = { ("SIP/2.0 %d x"):format(status) }
    for line in invite.bytes:gmatch "[^\r\n]+" do
      if line:find "^Via" or line:find "^From" or line:find "^Call" or line:find "^CSeq" then
        lines[#lines + 1] = line
      elseif line:find "^To" then
        lines[#lines + 1] = line .. ";tag=" .. tag
      end
    end
    lines[#lines + 1] = "Contact: <sip:" .. tag .. "@" .. peer.address .. ">"
    if port then lines[#lines + 1] = "Content-Type: application/sdp" end
    lines[#lines + 1] = "Content-Length: " .. #sdp
    peer:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. sdp, invite.from)
    net:advance "1s"
  end

  it("loses the branch that a 199 ends, and goes on with the others (RFC 6228)", function()
    local peer <const> = net:endpoint "10.0.0.99:5060"
    local call <const> = alice:start_call "sip:peer@10.0.0.99:5060"
    local invite <const> = assert(peer:expect "INVITE")
    assert.matches("199", invite.bytes:match "Supported: [^\r]+")
    branch(peer, invite, 183, "a", 5000)
    branch(peer, invite, 183, "b", 5002)
    assert.equal(5002, call.media.port)
    branch(peer, invite, 199, "b")
    assert.same({ 5000, "ringing", "a" }, { call.media.port, call.state, call.remote_tag })
    branch(peer, invite, 199, "a")
    assert.same({ "ringing", nil }, { call.state, call.remote_tag })
    branch(peer, invite, 183, "c", 5004)
    branch(peer, invite, 200, "c", 5004)
    assert.same({ 5004, "connected", "c" }, { call.media.port, call.state, call.remote_tag })
  end)

  it("that are all given up: every early dialog ends", function()
    answers(bob, 4000, { early = "1s", refuse = "1m" })
    answers(carol, 4002, { early = "2s", refuse = "1m" })
    local call <const> = alice:start_call(proxy)
    net:advance "4s"
    assert.equal(2, alice:counts().dialogs)
    call:hangup()
    net:settle()
    assert.equal(0, (net:live()))
  end)
end)
