-- SPDX-License-Identifier: MIT

local face <const> = require "base_face"

local ALPHABET <const> = "0123456789abcdefghijklmnopqrstuv"

-- Written from the definition, with a string of bits.
local function expected(bytes)
  local bits = bytes:gsub(".", function(byte)
    local text = ""
    for bit = 7, 0, -1 do text = text .. (byte:byte() >> bit & 1) end
    return text
  end)
  bits = bits .. ("0"):rep(-#bits % 5)
  return (bits:gsub("%d%d%d%d%d", function(five)
    local at <const> = tonumber(five, 2) + 1
    return ALPHABET:sub(at, at)
  end))
end

describe("base 32", function()
  it("writes five bits a character, and reads them back", function()
    for len = 0, 40 do
      local bytes = ""
      for at = 1, len do bytes = bytes .. string.char((at * 73 + len * 31) & 255) end
      local text <const> = face.base32(bytes)
      assert.same(expected(bytes), text)
      assert.same(bytes, face.unbase32(text, len))
    end
  end)

  it("reads nothing else: another length, another character, bits that are left over", function()
    assert.is_nil(face.unbase32("0000000000000", 7))
    assert.is_nil(face.unbase32("000000000000", 8))
    assert.is_nil(face.unbase32("", 1))
    for byte = 0, 255 do
      local char <const> = string.char(byte)
      local is_ours <const> = ALPHABET:find(char, 1, true) ~= nil
      assert.same(is_ours, face.unbase32("0" .. char .. "000000", 5) ~= nil)
    end
    assert.is_nil(face.unbase32("01", 1)) -- 8 bits in 10: the last two are zero
    assert.same("\0", face.unbase32("00", 1))
    assert.same("\1", face.unbase32("04", 1))
  end)
end)
