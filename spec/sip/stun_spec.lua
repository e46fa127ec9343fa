-- SPDX-License-Identifier: MIT
--
-- The STUN server on a port that speaks SIP (RFC 5626 8, RFC 8489), and RFC 5769's vectors.

local core <const> = require "moonsip.core"
local ends <const> = require "spec.net.ends"
local messages <const> = require "spec.support.messages"
local wire <const> = require "spec.support.wire"

local COOKIE <const>, ID <const> = "\x21\x12\xa4\x42", "abcdefghijkl"

local function stun(kind, attributes, fields)
  fields = fields or {}
  return string.pack(">I2I2", kind, fields.length or #attributes) .. (fields.cookie or COOKIE)
    .. ID .. attributes
end

local function attribute(kind, value)
  return string.pack(">I2s2", kind, value) .. ("\0"):rep(-#value % 4)
end

local REQUEST <const> = stun(1, "")

-- What is answered; nil: nothing.
local function answer(text, from)
  local net <const> = wire.new()
  net:deliver(text, from)
  return net.sent[1] and net.sent[1].text, net
end

-- RFC 5769 2.1: SOFTWARE, PRIORITY, ICE-CONTROLLED, USERNAME, MESSAGE-INTEGRITY, FINGERPRINT.
local function bytes(hex)
  return (hex:gsub("%s+", ""):gsub("%x%x", function(two)
    return string.char(tonumber(two, 16))
  end))
end
local SAMPLE <const> = bytes [[
  00010058 2112a442 b7e7a701 bc34d686 fa87dfae 80220010 5354554e 20746573 7420636c 69656e74
  00240004 6e0001ff 80290008 932ff9b1 51263b36 00060009 6576746a 3a683676 59202020
  00080014 9aeaa70c bfd8cb56 781ef2b5 b2d3f249 c1b571a2 80280004 e57a3bcf]]

describe("a binding request on a UDP port (RFC 5626 8)", function()
  it("is answered with the address that it came from, over IPv4 (RFC 8489 14.2)", function()
    local text <const>, net <const> = answer(REQUEST, { ip = "192.0.2.1", port = 32853 })
    assert.equal("\x01\x01\0\12" .. COOKIE .. ID .. "\0\x20\0\8\0\1\xa1\x47\xe1\x12\xa6\x43", text)
    assert.equal("192.0.2.1:32853", net.sent[1].to)
    assert.equal(0, net:live())
  end)

  it("is answered so over IPv6", function()
    local engine <const> = core.engine { now = 0, seed = 1 }
    local number <const> = engine:add_listener("udp", "2001:db8::2", 5060)
    engine:receive(core.flow("udp", "2001:db8::2", 5060,
      "2001:db8:1234:5678:11:2233:4455:6677", 32853, number, 0),
      stun(1, "", {}):sub(1, 8) .. "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae")
    local text <const> = engine:next_packet()
    -- RFC 5769 2.3
    assert.equal(bytes "0020 0014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9", text:sub(21))
  end)

  it("leaves no trace in the history of messages, and no SIP message is taken for one",
    function()
    local net <const> = wire.new()
    net.engine:keep_history(65536)
    net:deliver(REQUEST)
    assert.same({}, (net.engine:history(0)))
    net:deliver(messages.invite())
    assert.truthy(net:event "request")
  end)

  it("may carry attributes that need not be understood, and credentials (6.3)", function()
    for _, kind in ipairs { 0x8022, 0xffff, 0x0006, 0x0008, 0x001c } do
      assert.equal("\x01\x01", answer(stun(1, attribute(kind, "abc"))):sub(1, 2))
    end
  end)

  it("is refused with those that have to be understood and are not (6.3.1)", function()
    local text <const> = answer(stun(1, attribute(0x0024, "1234") .. attribute(0x7fff, "")))
    assert.equal("\x01\x11\0\16" .. COOKIE .. ID .. "\0\9\0\4\0\0\4\20"
      .. "\0\10\0\4\0\x24\x7f\xff", text)
    local many <const> = answer(stun(1, attribute(1, ""):rep(300)))
    assert.truthy(#many <= 64)
  end)

  it("has its fingerprint checked, and gets one (14.7, RFC 5769 2.1)", function()
    local text <const> = answer(SAMPLE)
    assert.equal("\x01\x11", text:sub(1, 2)) -- PRIORITY is of ICE, which is not spoken here
    assert.equal("\x80\x28\0\4", text:sub(-8, -5))
    assert.equal(#text - 20, string.unpack(">I2", text, 3))
    local own_type <const> = #SAMPLE - 7 -- without it there is no fingerprint to check
    for at = 21, #SAMPLE do
      if at == own_type or at == own_type + 1 then goto next end
      local broken <const> = SAMPLE:sub(1, at - 1)
        .. string.char(SAMPLE:byte(at) ~ 1) .. SAMPLE:sub(at + 1)
      assert.is_nil((answer(broken)))
      ::next::
    end
    assert.is_nil((answer(stun(1, attribute(0x8028, "1234")))))
  end)

  it("is dropped when it is none, or damaged (bug class 48)", function()
    for _, text in ipairs {
      "\0", "\1", REQUEST:sub(1, 19), REQUEST .. "\0", stun(1, "", { length = 4 }),
      stun(1, "", { length = 65535 }), stun(1, "", { cookie = "\0\0\0\0" }), -- RFC 3489
      stun(0x0011, ""), stun(0x0101, ""), stun(0x0111, ""), stun(3, ""), -- not binding requests
      stun(1, "\0\6\xff\xff"), stun(1, "\0\6\0\5abcd"), stun(1, "\0\6\0"), stun(1, "\x80\x28\0\0"),
      stun(1, attribute(0x8028, "12345678")), "\3" .. ("x"):rep(100),
    } do
      local sent <const>, net <const> = answer(text)
      assert.is_nil(sent)
      assert.equal(1, net.engine:counts().dropped)
    end
  end)

  it("cut at every byte is dropped", function()
    for len = 1, #SAMPLE - 1 do assert.is_nil((answer(SAMPLE:sub(1, len)))) end
  end)

  it("is none on a stream", function()
    local net <const> = wire.new { transport = "tcp" }
    net:deliver(REQUEST)
    assert.same({}, net.sent)
  end)

  it("is answered on a real socket, from the address that it reached", function()
    local service <close> = ends.service()
    local port <const> = service:listen("udp", "0.0.0.0")
    local peer <close> = ends.udp()
    peer:send(REQUEST, "127.0.0.1", port)
    local text <const>, from <const> = peer:wait()
    assert.same({ "127.0.0.1", port }, { from.ip, from.port })
    assert.equal(peer.port ~ 0x2112, string.unpack(">I2", text, 27))
  end)
end)
