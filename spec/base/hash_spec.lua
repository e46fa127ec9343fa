-- SPDX-License-Identifier: MIT

local face <const> = require "base_face"

-- SipHash-1-3, written from its description with Lua's 64-bit integers, so that
-- the C is compared with something that was not made from it.
local function siphash(k0, k1, text)
  local v0, v1 = k0 ~ 0x736f6d6570736575, k1 ~ 0x646f72616e646f6d
  local v2, v3 = k0 ~ 0x6c7967656e657261, k1 ~ 0x7465646279746573
  local function rotate(x, bits) return x << bits | x >> (64 - bits) end
  local function round()
    v0 = v0 + v1
    v2 = v2 + v3
    v1 = rotate(v1, 13) ~ v0
    v3 = rotate(v3, 16) ~ v2
    v0 = rotate(v0, 32) + v3
    v2 = v2 + v1
    v1 = rotate(v1, 17) ~ v2
    v3 = rotate(v3, 21) ~ v0
    v2 = rotate(v2, 32)
  end
  local whole <const> = #text // 8 * 8
  for at = 1, whole, 8 do
    local word <const> = ("<i8"):unpack(text, at)
    v3 = v3 ~ word
    round()
    v0 = v0 ~ word
  end
  local last = (#text & 0xff) << 56
  for i = whole + 1, #text do last = last | text:byte(i) << 8 * (i - whole - 1) end
  v3 = v3 ~ last
  round()
  v0 = v0 ~ last
  v2 = v2 ~ 0xff
  for _ = 1, 3 do round() end
  return v0 ~ v1 ~ v2 ~ v3
end

describe("SipHash-1-3", function()
  local K0 <const>, K1 <const> = 0x0706050403020100, 0x0f0e0d0c0b0a0908

  it("of the bytes 0, 1, 2 ... under the key 0, 1, 2 ...", function()
    local text = ""
    for len = 0, 63 do
      assert.same(siphash(K0, K1, text), face.hash(K0, K1, text), len)
      text = text .. string.char(len)
    end
    -- The first of the published vectors of SipHash-1-3.
    assert.same(0xabac0158050fc4dc, face.hash(K0, K1, ""))
  end)

  it("of long texts under other keys", function()
    for i = 1, 50 do
      local text <const> = ("\xff\0x"):rep(i * 7)
      assert.same(siphash(-i, i * 0x123456789, text), face.hash(-i, i * 0x123456789, text))
    end
  end)

  it("without case is that of the lower case", function()
    for _, text in ipairs { "", "z9hG4bK-ABC", "[\\]^_`@", "\xc4ZZZZZZZZ", ("Ab"):rep(33) } do
      assert.same(face.hash(1, 2, (text:gsub("%u", string.lower))), face.hash(1, 2, text, true))
    end
    assert.are_not.same(face.hash(1, 2, "A"), face.hash(1, 2, "a"))
  end)

  it("differs with either half of the key", function()
    assert.are_not.same(face.hash(1, 2, "x"), face.hash(1, 3, "x"))
    assert.are_not.same(face.hash(1, 2, "x"), face.hash(2, 2, "x"))
  end)
end)

describe("tokens of a seed", function()
  it("are the same for the same seed and different within it", function()
    assert.same(face.tokens(7, 16, 50), face.tokens(7, 16, 50))
    assert.are_not.same(face.tokens(7, 16, 1), face.tokens(8, 16, 1))
    local seen <const> = {}
    for _, token in ipairs(face.tokens(1, 16, 20000)) do
      assert.truthy(token:find "^[0-9a-v]+$" and #token == 16)
      assert.is_nil(seen[token])
      seen[token] = true
    end
  end)

  it("use every character about equally often", function()
    local count <const> = {}
    local all <const> = table.concat(face.tokens(3, 200, 320))
    for c in all:gmatch "." do count[c] = (count[c] or 0) + 1 end
    local kinds = 0
    for _, n in pairs(count) do
      kinds = kinds + 1
      assert.truthy(n > 1700 and n < 2300)
    end
    assert.same(32, kinds)
  end)

  it("have any length", function()
    for len = 0, 40 do assert.same(len, #face.tokens(1, len, 1)[1]) end
  end)
end)
