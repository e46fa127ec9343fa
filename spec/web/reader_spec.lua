-- SPDX-License-Identifier: MIT
--
-- Frames and messages of a WebSocket (RFC 6455 5, 7.4, 8.1; bug class 41). Frames are
-- written here by hand, as the RFC draws them.

local web <const> = require "web_face"

local CONTINUATION <const>, TEXT <const>, BINARY <const> = 0, 1, 2
local CLOSE <const>, PING <const>, PONG <const> = 8, 9, 10

local limit <const> = 70000

local function xor(text, mask)
  return (text:gsub("()(.)", function(at, c)
    return string.char(c:byte() ~ mask:byte((at - 1) % 4 + 1))
  end))
end

-- o: more (not the last fragment), mask (4 bytes), reserved, size (2 or 8: how the length
-- is written), claims (what it says instead of the truth)
local function frame(opcode, data, o)
  o = o or {}
  local len = o.claims or #data
  local size = o.size or len < 126 and len >= 0 and 0 or len < 65536 and len >= 0 and 2 or 8
  local second = size == 0 and len or size == 2 and 126 or 127
  return string.char((o.more and 0 or 0x80) | (o.reserved or 0) | opcode,
      (o.mask and 0x80 or 0) | second)
    .. (size > 0 and (">I" .. size):pack(len) or "")
    .. (o.mask or "") .. (o.mask and xor(data, o.mask) or data)
end

local function read(bytes, expects_mask, max)
  return web.reader(max or limit, expects_mask or false):feed(bytes)
end

local function one(kind, data, code)
  return { { kind = kind, data = data or "", code = code or 0 } }
end

describe("Of a WebSocket comes", function()
  it("what the examples of the RFC say (RFC 6455 5.7)", function()
    assert.same(one("message", "Hello"), read "\x81\x05\x48\x65\x6c\x6c\x6f")
    assert.same(one("message", "Hello"),
      read("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", true))
    assert.same(one("message", "Hello"), read "\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f")
    assert.same(one("ping", "Hello"), read "\x89\x05\x48\x65\x6c\x6c\x6f")
    assert.same(one("pong", "Hello"),
      read("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", true))
    local data = ("x"):rep(256)
    assert.same(one("message", data), read("\x82\x7e\x01\x00" .. data))
    data = ("x"):rep(65536)
    assert.same(one("message", data), read("\x82\x7f\0\0\0\0\0\1\0\0" .. data))
  end)

  for _, mask in ipairs { false, "\0\0\0\0", "\1\2\3\4", "\xff\xff\xff\xff" } do
    for _, length in ipairs { 0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 65534, 65535, 65536,
                              limit - 1, limit } do
      it(("a message of %d bytes, %s"):format(length, mask and "masked" or "bare"), function()
        local data = ("ab\n"):rep(length // 3 + 1):sub(1, length)
        local bytes = frame(BINARY, data, { mask = mask or nil })
        assert.same(one("message", data), read(bytes, mask ~= false))
        local reader = web.reader(limit, mask ~= false)
        local at = math.min(#bytes - 1, 7)
        assert.same({}, reader:feed(bytes:sub(1, at)))
        assert.same(one("message", data), reader:feed(bytes:sub(at + 1)))
      end)
    end
  end

  it("the same however its bytes are cut (bug class 41)", function()
    local mask = "\x11\x22\x33\x44"
    local bytes = frame(TEXT, "INVITE sip:", { more = true, mask = mask })
      .. frame(PING, "here?", { mask = mask })
      .. frame(CONTINUATION, "", { more = true, mask = mask })
      .. frame(CONTINUATION, "b@x SIP/2.0", { mask = mask }) .. frame(PONG, "", { mask = mask })
      .. frame(BINARY, ("z"):rep(200), { mask = mask })
      .. frame(CLOSE, "\3\xe8bye", { mask = mask })
    local expected = {
      one("ping", "here?")[1], one("message", "INVITE sip:b@x SIP/2.0")[1], one("pong")[1],
      one("message", ("z"):rep(200))[1], one("close", "bye", 1000)[1],
    }
    assert.same(expected, read(bytes, true))
    for first = 1, #bytes - 1 do
      local reader = web.reader(limit, true)
      local got = reader:feed(bytes:sub(1, first))
      for _, event in ipairs(reader:feed(bytes:sub(first + 1))) do got[#got + 1] = event end
      assert.same(expected, got, "cut after " .. first)
    end
    local reader, got = web.reader(limit, true), {}
    for byte in bytes:gmatch "." do
      for _, event in ipairs(reader:feed(byte)) do got[#got + 1] = event end
    end
    assert.same(expected, got)
  end)

  it("a message in as many fragments as it has bytes (5.4)", function()
    local text, parts = "0123456789", {}
    for at = 1, #text do
      parts[at] = frame(at == 1 and TEXT or CONTINUATION, text:sub(at, at),
        { more = at < #text })
    end
    assert.same(one("message", text), read(table.concat(parts)))
  end)

  it("nothing that is kept in memory when it was delivered", function()
    local reader = web.reader(limit, false)
    reader:feed(frame(BINARY, ("x"):rep(60000)))
    reader:feed(frame(PONG, ""))
    assert.equal(0, reader:live())
  end)

  it("no more memory than bytes came, whatever they announce (bug class 10)", function()
    local reader = web.reader(1 << 40, false)
    assert.same({}, reader:feed(frame(BINARY, "abc", { claims = 1 << 39 })))
    assert.is_true(reader:live() < 4096)
  end)
end)

describe("A WebSocket is broken by", function()
  local protocol <const>, not_utf8 <const>, too_big <const> = 1002, 1007, 1009

  local function breaks(code, bytes, expects_mask, max)
    local got = read(bytes, expects_mask, max)
    assert.same(one("broken", "", code), { got[#got] })
  end

  it("reserved bits (5.2)", function()
    for _, bits in ipairs { 0x10, 0x20, 0x40, 0x70 } do
      breaks(protocol, frame(TEXT, "x", { reserved = bits }))
    end
  end)

  it("opcodes that are not defined (5.2)", function()
    for opcode = 0, 15 do
      if opcode > BINARY and opcode < CLOSE or opcode > PONG then
        breaks(protocol, frame(opcode, "x"))
      end
    end
  end)

  it("a client that does not mask, and a server that does (5.1)", function()
    breaks(protocol, frame(TEXT, "x"), true)
    breaks(protocol, frame(TEXT, "x", { mask = "abcd" }), false)
    breaks(protocol, frame(PING, "x"), true)
  end)

  it("control frames in fragments, or of more than 125 bytes (5.5)", function()
    for _, opcode in ipairs { CLOSE, PING, PONG } do
      breaks(protocol, frame(opcode, "", { more = true }))
      breaks(protocol, frame(opcode, ("x"):rep(126)))
      breaks(protocol, frame(opcode, "", { claims = 2 ^ 62 // 1 | 0 }))
    end
    assert.same(one("ping", ("x"):rep(125)), read(frame(PING, ("x"):rep(125))))
  end)

  it("fragments out of order (5.4)", function()
    breaks(protocol, frame(CONTINUATION, "x"))
    breaks(protocol, frame(TEXT, "x", { more = true }) .. frame(TEXT, "y"))
    breaks(protocol, frame(TEXT, "x", { more = true }) .. frame(BINARY, "y"))
    breaks(protocol, frame(TEXT, "x") .. frame(CONTINUATION, "y"))
  end)

  it("lengths that are not written as short as they can be (5.2)", function()
    for _, each in ipairs { { 0, 2 }, { 125, 2 }, { 0, 8 }, { 125, 8 }, { 126, 8 },
                            { 65535, 8 } } do
      breaks(protocol, frame(BINARY, ("x"):rep(each[1]), { size = each[2] }))
    end
  end)

  it("a length with its highest bit set (5.2)", function()
    for _, claims in ipairs { math.mininteger, -1, math.mininteger + 5 } do
      breaks(protocol, frame(BINARY, "x", { claims = claims, size = 8 }))
      breaks(protocol, frame(BINARY, "x", { claims = claims, size = 8, mask = "abcd" }), true)
    end
  end)

  it("a message of one byte more than it may have, in one frame or several", function()
    breaks(too_big, frame(BINARY, ("x"):rep(limit + 1)))
    breaks(too_big, frame(BINARY, "", { claims = limit + 1 }))
    breaks(too_big, frame(BINARY, "", { claims = math.maxinteger }))
    breaks(too_big, frame(BINARY, ("x"):rep(limit), { more = true }) .. frame(CONTINUATION, "y"))
    breaks(too_big, frame(BINARY, "ab", { more = true })
      .. frame(CONTINUATION, "", { claims = math.maxinteger }))
    assert.same(one("message", ("x"):rep(limit)),
      read(frame(BINARY, ("x"):rep(limit - 1), { more = true }) .. frame(CONTINUATION, "x")))
  end)

  it("text that is no UTF-8 (8.1)", function()
    for _, bad in ipairs { "\x80", "\xc0\x80", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xf8\x88\x80\x80\x80", "ab\xff" } do
      breaks(not_utf8, frame(TEXT, bad))
      assert.same(one("message", bad), read(frame(BINARY, bad)))
    end
    local good = "\u{e9}\u{20ac}\u{1f600}\u{10ffff}\u{d7ff}\u{e000}"
    assert.same(one("message", good), read(frame(TEXT, good)))
    assert.same(one("message", good),
      read(frame(TEXT, good:sub(1, 1), { more = true }) .. frame(CONTINUATION, good:sub(2))))
  end)

  it("a close frame that says nothing sensible (7.4, 5.5.1)", function()
    breaks(protocol, frame(CLOSE, "\3"))
    for _, code in ipairs { 0, 999, 1004, 1005, 1006, 1012, 1015, 2999, 5000, 65535 } do
      breaks(protocol, frame(CLOSE, (">I2"):pack(code)))
    end
    breaks(not_utf8, frame(CLOSE, "\3\xe8\xff"))
    for _, code in ipairs { 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4999 } do
      assert.same(one("close", "", code), read(frame(CLOSE, (">I2"):pack(code))))
    end
    assert.same(one "close", read(frame(CLOSE, "")))
  end)
end)

describe("The head of a frame is written", function()
  it("as it is read", function()
    for _, length in ipairs { 0, 1, 125, 126, 65535, 65536, 1 << 40 } do
      for _, mask in ipairs { false, "abcd" } do
        local head = web.write(BINARY, length, true, mask or nil)
        assert.equal(frame(BINARY, "", { claims = length, mask = mask or nil }), head)
      end
    end
    assert.equal("\1\0", web.write(TEXT, 0, false))
  end)
end)
