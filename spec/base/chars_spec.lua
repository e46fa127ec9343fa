-- SPDX-License-Identifier: MIT

local face <const> = require "base_face"

-- Bits of csrc/base/chars.h.
local BITS <const> = { digit = 0, alpha = 1, hex = 2, token = 3, word = 4, user = 5, param = 6,
                       header = 7, host = 8, uri = 9, space = 10, control = 11 }

local ALPHANUM <const> = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
local MARK <const> = "-_.!~*'()"
local RESERVED <const> = ";/?:@&=+$,"

-- RFC 3261 25.1, rule by rule.
local rules <const> = {
  digit = "0123456789",
  alpha = ALPHANUM:sub(1, 52),
  hex = "0123456789abcdefABCDEF",
  token = ALPHANUM .. "-.!%*_+`'~",
  word = ALPHANUM .. "-.!%*_+`'~()<>:\\\"/[]?{}",
  user = ALPHANUM .. MARK .. "&=+$,;?/",
  param = ALPHANUM .. MARK .. "[]/:&+$",
  header = ALPHANUM .. MARK .. "[]/?:+$",
  host = ALPHANUM .. "-.",
  uri = ALPHANUM .. MARK .. RESERVED,
  space = " \t",
  control = "\127",
}
for byte = 0, 31 do
  if byte ~= 9 then rules.control = rules.control .. string.char(byte) end
end

describe("the table of character classes is the grammar's (RFC 3261 25.1):", function()
  for name, members in pairs(rules) do
    it(name, function()
      for byte = 0, 255 do
        local expected <const> = members:find(string.char(byte), 1, true) ~= nil
        assert.same(expected, face.classes(byte) >> BITS[name] & 1 == 1, byte)
      end
    end)
  end

  it("and nothing else", function()
    for byte = 0, 255 do assert.same(0, face.classes(byte) >> 12) end
  end)
end)

describe("text", function()
  it("compares without case in ASCII only (RFC 3261 7.3.1)", function()
    assert.is_true(face.equal_nocase("aZ09@[`{", "Az09@[`{"))
    for _, pair in ipairs { { "@", "`" }, { "[", "{" }, { "\xc4", "\xe4" }, { "a", "b" }, { "a",
      "aa" } } do
      assert.is_false(face.equal_nocase(pair[1], pair[2]))
    end
    assert.is_true(face.equal_nocase("", ""))
  end)

  it("is trimmed of blanks and line ends", function()
    assert.same("a b", face.trim " \t\r\n a b\r\n\t ")
    assert.same("", face.trim " \t\r\n")
    assert.same("\0", face.trim " \0 ")
  end)

  it("has the value of a parameter in a list of them", function()
    local list = "minptime=10; UseInbandFEC =1;empty=;;flag;minptime=20"
    assert.same("10", face.param(list, "minptime"))
    assert.same("1", face.param(list, "useinbandfec"))
    assert.same("", face.param(list, "empty"))
    for _, name in ipairs { "flag", "min", "ptime", "" } do
      assert.is_nil(face.param(list, name))
    end
    assert.is_nil(face.param("", "a"))
  end)

  it("is a number of digits, up to the most allowed", function()
    assert.same(0, face.number("0", 0))
    assert.same(255, face.number("000255", 255))
    for text, max in pairs { ["256"] = 255, [""] = 9, ["-1"] = 9, ["+1"] = 9, ["1a"] = 99,
      [" 1"] = 9, ["1"] = 0 } do
      assert.is_nil(face.number(text, max), text)
    end
    assert.same(math.maxinteger, face.number("9223372036854775807", math.maxinteger))
    assert.is_nil(face.number("9223372036854775808", math.maxinteger))
    assert.same(-1, face.number("18446744073709551615", -1)) -- 2^64-1
    assert.is_nil(face.number("18446744073709551616", -1))
    assert.is_nil(face.number(("9"):rep(40), -1))
  end)
end)

describe("errors", function()
  it("have a name, a kind and a text each, and codes that are none of libuv's", function()
    local seen <const> = {}
    for code = -19999, -19990 do
      local name <const>, kind <const>, text <const> = face.error(code)
      assert.is_nil(seen[name])
      seen[name] = true
      assert.truthy(#name > 0 and #kind > 0 and #text > 0)
    end
    for _, code in ipairs { 0, 1, -1, -20000, -4095, -2147483648, 2147483647 } do
      assert.same({ "UNKNOWN", "error", "unknown error" }, { face.error(code) })
    end
  end)
end)
