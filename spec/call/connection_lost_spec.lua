-- SPDX-License-Identifier: MIT
--
-- Bug class 23: connections over which INVITEs came, or went, are reset in every state of their
-- transactions and dialogs. Nothing is left of them, and others call as before.

local descriptions <const> = require "spec.support.descriptions"
local messages <const> = require "spec.support.messages"
local pair <const> = require "spec.support.pair"
local test <const> = require "moonsip.test"

local talks <const> = descriptions.talks

-- How many at a time.
local FLOOD <const> = 30

-- A request of the peer at a connection of its own.
local function ask(peer, method, o)
  o = o or {}
  o.method, o.uri = method, "sip:bob@10.0.0.2;transport=tcp"
  o.vias = { ("SIP/2.0/TCP %s;branch=z9hG4bK%s%d"):format(peer.address, method, o.cseq or 1) }
  o.contact = ("<sip:peer@%s;transport=tcp>"):format(peer.address)
  o.call_id = "call-" .. peer.ip
  if method == "INVITE" then
    o.body = talks(4000)
    o.lines = { "Supported: 100rel, timer", "Content-Type: application/sdp" }
  end
  peer:send(messages.request(o), "10.0.0.2:5060")
end

-- In each, `bob` is called by `peer`; `rings` is what bob does with its INVITE.
local CALLED <const> = {
  { "without any response", function() end },
  { "with a 180", function(req) req:ring() end },
  { "with a reliable 183", function(req) req:progress { sdp = true } end },
  { "with a 200 behind a reliable 183", function(req)
    req:progress { sdp = true }
    req:answer()
  end },
  { "with a 200", function(req) req:answer() end },
  { "with a rejection", function(req) req:reject(486) end },
  { "with a rejection and its ACK", function(req) req:reject(486) end, function(peer)
    local res <const> = assert(peer:expect(486))
    ask(peer, "ACK", { to_tag = messages.tag(res.bytes, "To"), cseq_method = "ACK" })
  end },
  { "in a call", function(req) req:answer() end, function(peer)
    local res <const> = assert(peer:expect(200))
    ask(peer, "ACK", { to_tag = messages.tag(res.bytes, "To") })
  end },
  { "in a call that is put on hold", function(req)
    local call <const> = req:answer()
    call:hold({}, function() end)
  end, function(peer)
    local res <const> = assert(peer:expect(200))
    ask(peer, "ACK", { to_tag = messages.tag(res.bytes, "To") })
    assert(peer:expect "INVITE")
  end },
  { "in a call that is hung up", function(req) req:answer():hangup() end, function(peer)
    local res <const> = assert(peer:expect(200))
    ask(peer, "ACK", { to_tag = messages.tag(res.bytes, "To") })
    assert(peer:expect "BYE")
  end },
  { "behind its CANCEL", function(req) req:ring() end, function(peer)
    assert(peer:expect(180))
    ask(peer, "CANCEL")
  end },
}

-- In each, bob calls; `status` is what the peer says, or nothing.
local CALLING <const> = {
  { "before any response" },
  { "behind a 100", 100 },
  { "behind a 180", 180 },
  { "behind a reliable 183", 183, "Require: 100rel\r\nRSeq: 5\r\n" },
  { "behind a 200", 200 },
  { "behind a rejection", 486 },
}

describe("a connection that is reset (bug class 23)", function()
  local net, alice, bob
  before_each(function()
    net = test.net()
    alice = net:agent("sip:alice@example.com", { media = false, address = "10.0.0.1" })
    bob = net:agent("sip:bob@example.com", { media = false, address = "10.0.0.2" })
  end)

  local function peers()
    local list <const> = {}
    for at = 1, FLOOD do list[at] = net:endpoint(("tcp:10.0.1.%d:5060"):format(at)) end
    return list
  end

  local function finish()
    net:advance "40m" -- session timers end what nobody tells of its end
    assert.equal(0, #bob.calls)
    bob:off "INVITE"
    pair.answers(bob)
    local call <const> = assert(alice:call(bob))
    call:hangup()
    assert.is_true(net:settle())
    assert.equal(0, (net:live()))
    net:close()
  end

  for _, one in ipairs(CALLED) do
    local title <const>, rings <const>, go_on <const> = one[1], one[2], one[3]
    it("of a caller, " .. title, function()
      bob:on("INVITE", function(req)
        rings(req)
        if req.final then return end
        net:sleep "1m" -- nobody is there
        req:reject(480)
      end)
      for _, peer in ipairs(peers()) do
        ask(peer, "INVITE")
        net:advance "20ms"
        if go_on then go_on(peer) end
        net:advance "20ms"
        peer:disconnect()
      end
      finish()
    end)
  end

  for _, one in ipairs(CALLING) do
    local title <const>, status <const>, lines <const> = one[1], one[2], one[3]
    it("of who is called, " .. title, function()
      for _, peer in ipairs(peers()) do
        local call <const> = bob:start_call(("sip:peer@%s;transport=tcp"):format(peer.address))
        local invite <const> = assert(peer:expect "INVITE")
        if status then
          local contact <const> = ("Contact: <sip:peer@%s;transport=tcp>\r\n"):format(peer.address)
          local described <const> = status ~= 100 and status < 300
          peer:reply(invite, status, "x", contact .. (lines or "")
            .. (described and "Content-Type: application/sdp\r\n" or ""),
            described and talks(5000) or nil)
          net:advance "20ms"
        end
        peer:disconnect()
        net:advance "20ms"
        call:hangup()
      end
      finish()
    end)
  end
end)
