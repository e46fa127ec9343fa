-- SPDX-License-Identifier: MIT
--
-- Messages that would mean one thing to us and another to the next hop, which is a real
-- kamailio (figure 56; bug classes 7, 9, 11): what has two meanings is refused, and what goes
-- on means the same to it. A carrier behind it tells what came through.

local kamailio <const> = require "spec.interop.support.kamailio"
local messages <const> = require "spec.support.messages"
local phone <const> = require "spec.interop.support.phone"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local raw <const> = require "spec.interop.support.raw"
local script <const> = require "spec.interop.support.script"
local turn <const> = require "spec.interop.support.turn"

local DOMAIN <const> = "neighbours.example"
local SCRIPT <const> = "spec/interop/scripts/neighbour.lua"

local serial = 0

-- A MESSAGE with these lines in place of its Content-Length.
local function text_of(peer, lines, o)
  o = o or {}
  serial = serial + 1
  return ("MESSAGE sip:%d@%s SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bKs%d\r\n"
    .. "Max-Forwards: 70\r\nFrom: <sip:s@s.example>;tag=s\r\nTo: <sip:n@%s>\r\n"
    .. "Call-ID: smuggled-%d\r\nCSeq: 1 MESSAGE\r\n%s\r\n%s"):format(o.number or 666, DOMAIN,
    peer.transport:upper(), peer.address, serial, DOMAIN, serial, lines, o.body or "abc")
end

-- What has two meanings, or none. The lines, and what is wrong with them.
local ambiguous <const> = {
  { "two Content-Lengths", "Content-Length: 3\r\nContent-Length: 0\r\n" },
  { "two that say the same", "Content-Length: 3\r\nContent-Length: 3\r\n" },
  { "the compact form beside the long one", "Content-Length: 0\r\nl: 3\r\n" },
  { "the long one beside the compact form", "l: 3\r\nContent-Length: 0\r\n" },
  { "one with a space before its colon beside one without",
    "Content-Length : 0\r\nContent-Length: 3\r\n" },
  { "a tab before the colon of the compact one", "l\t: 0\r\nContent-Length: 3\r\n" },
  { "a space before the colon of a second To", "To : <sip:x@y>\r\nContent-Length: 3\r\n" },
  { "a second Call-ID in compact form", "i: other\r\nContent-Length: 3\r\n" },
  { "a second CSeq", "CSeq: 2 INVITE\r\nContent-Length: 3\r\n" },
  { "a second From", "f: <sip:other@s.example>;tag=o\r\nContent-Length: 3\r\n" },
  { "a length with a sign", "Content-Length: +3\r\n" },
  { "a hexadecimal length", "Content-Length: 0x3\r\n" },
  { "a list of lengths", "Content-Length: 3, 3\r\n" },
  { "a negative length", "Content-Length: -1\r\n" },
  { "a length beyond 32 bits", "Content-Length: 4294967299\r\n" },
  { "a length beyond 64 bits", "Content-Length: 18446744073709551619\r\n" },
  { "no length at all behind the colon", "Content-Length:\r\n" },
  { "a bare LF at the end of a line", "X-A: a\nContent-Length: 3\r\n" },
  { "a bare LF within a value", "X-A: a\nRoute: <sip:evil.example;lr>\r\nContent-Length: 3\r\n" },
  { "a bare CR within a value", "X-A: a\rX-B: b\r\nContent-Length: 3\r\n" },
  { "a NUL within a value", "X-A: a\0b\r\nContent-Length: 3\r\n" },
  { "a NUL within a name", "X\0A: a\r\nContent-Length: 3\r\n" },
  { "a name that goes on in the next line", "Content-Length\r\n : 3\r\n" },
  { "a control character before the colon", "Content-Length\v: 3\r\n" },
  { "a line without a colon", "Content-Length 3\r\n" },
  { "an end of the head by bare LFs", "Content-Length: 3\n\nMESSAGE sip:666@x SIP/2.0\r\n" },
}

-- What has one meaning, however odd it looks (RFC 3261 7.3.1, 25.1).
local odd <const> = {
  { "a space before the colon", "X-Probe : value\r\nContent-Length : 3\r\n" },
  { "tabs before the colon", "X-Probe\t\t: value\r\nl\t:3\r\n" },
  { "a folded value", "X-Probe: \r\n value\r\nContent-Length: 3\r\n" },
  { "the compact form", "X-Probe:value\r\nl:3\r\n" },
  { "a name in odd case", "x-pROBE: value\r\ncONTENT-lENGTH: 3\r\n" },
  { "zeros in front", "X-Probe: value\r\nContent-Length: 0003\r\n" },
  { "another header's name in a value", "X-Probe: value\r\nX-A: Content-Length: 0\r\nl: 3\r\n" },
}

for _, transport in ipairs { "udp", "tcp" } do
  describe("With kamailio as the next hop over " .. transport, function()
    local server, neighbour, carrier

    setup(function()
      local address = place.address()
      carrier = phone.new { user = "carrier", domain = DOMAIN, transport = "udp" }
      neighbour = kamailio.start { server = address, carrier = carrier.peer.address,
                                   transport = transport }
      server = script.serve(SCRIPT, { DOMAIN, neighbour.gateway, transport },
        { address = address })
    end)
    teardown(function()
      carrier:close()
      process.end_all()
    end)

    local function peer_of()
      return transport == "tcp" and raw.tcp(server.address) or raw.udp()
    end

    -- What the carrier gets of a MESSAGE with these lines.
    local function carried(lines)
      local peer <close> = peer_of()
      peer:send(text_of(peer, lines, { number = 42 }), server.address)
      local came = carrier:request "MESSAGE"
      carrier:answer(came, 200, neighbour.gateway)
      peer:response "MESSAGE"
      return came
    end

    for _, one in ipairs(ambiguous) do
      it("is refused: " .. one[1], function()
        local peer <close> = peer_of()
        peer:send(text_of(peer, one[2]), server.address)
        turn.until_true("refusal", function()
          return peer.received:find "^SIP/2%.0 4%d%d" or peer.is_closed
        end, function() return peer.received end)
        -- What is sent after it arrives, and nothing of it before.
        local came = carried "Content-Length: 3\r\n"
        assert.truthy(came:find "^MESSAGE sip:42@")
        assert.same({}, carrier.heard)
      end)
    end

    for _, one in ipairs(odd) do
      it("means the same to it: " .. one[1], function()
        local came = carried(one[2])
        assert.equal("abc", came:match "\r\n\r\n(.*)$")
        local probe = came:lower():match "x%-probe[ \t]*:%s*([^\r]*)"
        assert.equal("value", probe)
        local lengths = 0
        for name in came:lower():gmatch "\r\n([%w-]+)[ \t]*:" do
          if name == "content-length" or name == "l" then lengths = lengths + 1 end
        end
        assert.equal(1, lengths)
      end)
    end

    it("what follows a datagram's message does not go on; over a stream it is a message",
      function()
        local peer <close> = peer_of()
        local first = text_of(peer, "Content-Length: 3\r\n", { number = 42 })
        local second = text_of(peer, "Content-Length: 3\r\n", { number = 43 })
        peer:send(first .. second, server.address)
        local came = carrier:request "MESSAGE"
        carrier:answer(came, 200, neighbour.gateway)
        assert.truthy(came:find "^MESSAGE sip:42@")
        assert.equal("abc", came:match "\r\n\r\n(.*)$")
        if transport == "tcp" then
          local next_one = carrier:request "MESSAGE"
          carrier:answer(next_one, 200, neighbour.gateway)
          assert.truthy(next_one:find "^MESSAGE sip:43@")
        else
          carried "Content-Length: 3\r\n"
          assert.same({}, carrier.heard)
        end
        assert.equal(1, #messages.headers(came, "CSeq"))
      end)
  end)
end
