-- SPDX-License-Identifier: MIT
--
-- Telephone events (RFC 4733): the payload, codes, names and lists of them.

local face <const> = require "rtp_face"

describe("The payload of an event (RFC 4733 2.3)", function()
  it("is a code, an end, a volume and a duration", function()
    local pound <const> = { code = 11, stop = true, volume = 10, duration = 800 }
    assert.same(pound, face.event "\11\x8a\3\x20")
    assert.equal("\11\x8a\3\x20", face.write_event(pound))
    assert.same({ code = 255, stop = false, volume = 63, duration = 65535 },
      face.event "\255\x3f\xff\xff")
  end)

  it("has a reserved bit that is ignored (2.3.4)", function()
    assert.same({ code = 1, stop = false, volume = 5, duration = 0 }, face.event "\1\x45\0\0")
  end)

  it("is of four bytes", function()
    for len = 0, 3 do assert.is_nil(face.event(("\0"):rep(len))) end
    assert.truthy(face.event "\0\0\0\0\0")
  end)

  it("is a digit for codes 0 to 15 (3.2), and has a name for some others", function()
    local digits = {}
    for code = 0, 15 do
      local name, digit = face.event_name(code)
      assert.equal(name, digit)
      digits[#digits + 1] = digit
      assert.equal(code, face.event_of_digit(digit))
    end
    assert.equal("0123456789*#ABCD", table.concat(digits))
    assert.equal(12, face.event_of_digit "a")
    for _, other in ipairs { "E", "e", " ", "", "+" } do
      assert.equal(-1, face.event_of_digit(other))
    end
    local names = {
      [16] = "flash", [32] = "ANS", [33] = "/ANS", [36] = "CNG", [54] = "V.21 preamble",
      [66] = "dial tone", [17] = "", [255] = "",
    }
    for code, name in pairs(names) do
      local got, digit = face.event_name(code)
      assert.equal(name, got)
      assert.is_nil(digit)
    end
  end)
end)

describe("The events of an fmtp line (RFC 4733 2.4.1)", function()
  local function codes(text)
    local sound, list = face.event_set(text)
    return sound, table.concat(list, " ")
  end
  local DTMF <const> = "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"

  it("are codes and ranges of them", function()
    assert.same({ true, DTMF }, { codes "0-15" })
    assert.same({ true, DTMF .. " 66 70" }, { codes "0-15,66,70" })
    assert.same({ true, "0 255" }, { codes "255,0" })
    assert.same({ true, "5" }, { codes "5-5,5" })
  end)

  it("are DTMF when nothing is said (2.5.1.1)", function()
    assert.same({ true, DTMF }, { codes "" })
  end)

  it("are DTMF when what is said makes no sense", function()
    for _, text in ipairs {
      "256", "0-256", "5-4", "-", "1-", "-1", ",", "1,", ",1", "1,,2", "a", "0-15 ", "1-2-3",
      "99999999999999999999",
    } do
      assert.same({ false, DTMF }, { codes(text) }, text)
    end
  end)
end)
