-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"
local face <const> = require "sip_face"
local messages <const> = require "spec.support.messages"

local BIG <const> = {
  "2147483647", "2147483648", "4294967295", "4294967296", "4294967328", "9223372036854775807",
    "9223372036854775808",
  "18446744073709551615", "18446744073709551616", "18446744073709551648", ("9"):rep(40), "1"
    .. ("0"):rep(100),
}
local ODD <const> = { "-1", "+1", "1.0", "1e3", "0x10", "1 2", "1,2", "", " ", "one", "1_000",
  "１", "-0", "--1", "1-" }

-- What a number of each place may be at most (nil where more is another error).
local places <const> = {
  { "Content-Length", nil, function(text) return messages.message {}:gsub("Content%-Length: 0",
    "Content-Length: " .. text) end },
  { "CSeq", 2147483647, function(text) return messages.options {}:gsub("CSeq: 1 ", "CSeq: "
    .. text .. " ") end },
  { "Max-Forwards", 255, function(text) return messages.options { max_forwards = text } end },
  { "port of Via", 65535, function(text) return messages.options { via = "SIP/2.0/UDP a:"
    .. text } end },
  { "port of the Request-URI", 65535, function(text) return messages.options { uri = "sip:a@b:"
    .. text } end },
  { "rport of Via", 65535, function(text) return messages.options { via = "SIP/2.0/UDP a;rport="
    .. text } end },
  { "ttl of Via", 255, function(text) return messages.options { via = "SIP/2.0/UDP a;ttl="
    .. text } end },
}

-- Decimal text without leading zeros, compared as numbers.
local function exceeds(text, max)
  local limit <const> = tostring(max)
  return #text > #limit or (#text == #limit and text > limit)
end

describe("a number in a message (bug classes 9, 10, 19)", function()
  for _, place in ipairs(places) do
    local name <const>, max <const>, build <const> = place[1], place[2], place[3]

    it(("%s is refused when it is too large"):format(name), function()
      for _, text in ipairs(BIG) do
        local m <const> = face.parse((build(text)))
        if max and not exceeds(text, max) then
          assert.is_nil(m.error, text)
        else
          assert.truthy(m.error, text)
          -- Without a sound sent-by there is no way back.
          assert.same(name ~= "port of Via", m.answer ~= nil, text)
        end
      end
    end)

    it(("%s is refused when it is none"):format(name), function()
      for _, text in ipairs(ODD) do
        local list <const> = text == "1,2" and name:find "Via" -- two values
        if not list then assert.truthy(face.parse((build(text))).error, text) end
      end
    end)

    if max then
      it(("%s may be %d and not one more"):format(name, max), function()
        assert.is_nil(face.parse((build(tostring(max)))).error)
        assert.truthy(face.parse((build(tostring(max + 1)))).error)
      end)
    end

    it(("%s may have leading zeros"):format(name), function()
      assert.is_nil(face.parse((build(max and ("0"):rep(60) .. "7" or ("0"):rep(60)))).error)
    end)
  end

  it("Content-Length never makes a body longer than what came", function()
    for _, text in ipairs(BIG) do
      local m <const> = face.parse((messages.message { body = "abc" }:gsub("Content%-Length: %d+",
        "Content-Length: " .. text)))
      assert.truthy(m.error)
      assert.truthy(m.body_len <= 3)
    end
  end)
end)

-- header -> most seconds or counts; values beyond are refused
describe("a number of a header (RFC 3261 20, bug class 27)", function()
  for name, form in pairs {
    Expires = "%s", ["Min-Expires"] = "%s", ["Retry-After"] = "%s", RSeq = "%s",
      ["Session-Expires"] = "%s", ["Min-SE"] = "%s",
    ["Max-Breadth"] = "%s", ["Flow-Timer"] = "%s", ["Subscription-State"] = "active;expires=%s",
      Reason = "SIP;cause=%s",
    ["Retry-After "] = "1;duration=%s", RAck = "%s 1 INVITE",
  } do
    local header <const> = name:match "%S+"
    it(("%s may be 2^32-1 and not one more: %s"):format(header, form), function()
      for text, allowed in pairs { ["4294967295"] = true, ["0004294967295"] = true,
        ["4294967296"] = false, ["4294967297"] = false,
                                   ["18446744073709551617"] = false, [("9"):rep(40)] = false,
                                     ["-1"] = false, ["+1"] = false, [""] = false } do
        assert.same(allowed, face.value(header, (form:format(text))) == nil, text)
      end
    end)
  end

  it("expires of a Contact is 2^32-1 when larger, 3600 when none (10.2.1.1)", function()
    for text, seconds in pairs { ["0"] = 0, ["1"] = 1, ["4294967295"] = 4294967295,
      ["4294967296"] = 4294967295, [("9"):rep(40)] = 4294967295,
                                 soon = 3600, ['"60"'] = 3600, ["6x"] = 3600 } do
      assert.same(seconds, core.address("<sip:a>;expires=" .. text).expires, text)
    end
    assert.is_nil(core.address("<sip:a>").expires)
  end)

  it("q has up to three decimals and is at most 1 (25.1 qvalue)", function()
    for text, q in pairs { ["0"] = 0, ["1"] = 1, ["0."] = 0, ["1."] = 1, ["0.1"] = 0.1,
      ["0.123"] = 0.123, ["1.000"] = 1, ["0.999"] = 0.999 } do
      assert.same(q, core.address("<sip:a>;q=" .. text).q)
    end
    for _, text in ipairs { "2", "1.1", "1.001", "0.1234", "-0.1", "00.1", "x", '"0.5"', "0,5" } do
      local a <const> = core.address("<sip:a>;q=" .. text)
      assert.is_nil(a and a.q, text)
    end
    assert.same(1, core.address("<sip:a>").q)
  end)
end)
