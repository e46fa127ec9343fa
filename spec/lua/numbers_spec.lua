-- SPDX-License-Identifier: MIT
--
-- Telephone numbers: E.164, how they are dialled, and the URIs that carry them.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"

describe("a telephone number", function()
  local net, sip
  before_each(function()
    net = test.net()
    sip = face.of(net:agent("sip:alice@example.com").context)
  end)
  after_each(function() net:close() end)

  local places <const> = {
    london = { country = "44", area = "20" },
    nobody = { country = "44" },
    chicago = { country = "1", national = "1", international = "011", area = "312", length = 10 },
    madrid = { country = "34", national = "" },
  }

  for _, case in ipairs {
    { "london", "+44 (0)20 7946-0000", "+442079460000" },
    { "london", "(020) 7946.0000", "+442079460000" },
    { "london", "7946 0000", "+442079460000" },
    { "london", "00 1 555 123 4567", "+15551234567" },
    { "london", "tel:+44-20-7946-0000;ext=5", "+442079460000" },
    { "london", "tel:02079460000;phone-context=+44", "+442079460000" },
    { "london", "sip:+44-20-7946-0000;ext=5@gw;user=phone", "+442079460000" },
    { "london", '"A" <sip:02079460000@gw>;tag=x', "+442079460000" },
    { "chicago", "1 914 555 0100", "+19145550100" },
    { "chicago", "9145550100", "+19145550100" },
    { "chicago", "555 0100", "+13125550100" },
    { "chicago", "01144 20 7946 0000", "+442079460000" },
    { "madrid", "912 345 678", "+34912345678" },
  } do
    it(("%s is %s in %s (E.164 6.2, RFC 3966 5.1)"):format(case[2], case[3], case[1]), function()
      assert.equal(case[3], sip.numbers(places[case[1]]):e164(case[2]))
    end)
  end

  for _, case in ipairs {
    { "london", "112" }, { "london", "" }, { "london", "0800FLOWERS" }, { "london", "*31#" },
    { "london", "+0123456" }, { "london", "+1234567890123456" }, { "london", "+" },
    { "london", "sip:example.com" }, { "london", "tel:5550100;phone-context=+1-914" },
    { "london", "sip:a b@c" }, { "nobody", "7946 0000" }, { "london", "++44" },
    { "london", "7946\u{660}000" },
  } do
    it(("%q is none in %s"):format(case[2], case[1]), function()
      local number, err = sip.numbers(places[case[1]]):e164(case[2])
      assert.is_nil(number)
      assert.truthy(err.kind)
    end)
  end

  it("is dialled with the prefix that the place asks for", function()
    local london, chicago = sip.numbers(places.london), sip.numbers(places.chicago)
    assert.equal("02079460000", london:dial "+442079460000")
    assert.equal("0015551234567", london:dial "+15551234567")
    assert.equal("9145550100", chicago:dial "+19145550100")
    assert.equal("011442079460000", chicago:dial "+442079460000")
    assert.equal("912345678", sip.numbers(places.madrid):dial "+34912345678")
    assert.is_nil(london:dial "112")
  end)

  it("is the same however it is written", function()
    local london <const> = sip.numbers(places.london)
    assert.is_true(london:equal("tel:+44-20-7946-0000", sip.uri "sip:02079460000@x;user=phone"))
    assert.is_true(london:equal("1-1-2", "112"))
    assert.is_false(london:equal("112", "999"))
    assert.is_false(london:equal("112", "+442079460000"))
    assert.is_false(london:equal("x", "x"))
  end)

  it("makes tel URIs (RFC 3966 3, 5.1.5)", function()
    for given, wanted in pairs {
      ["+44 20"] = "tel:+4420", ["tel:+44-20"] = "tel:+44-20",
      ["sip:+44-20;EXT=5@h;user=phone"] = "tel:+44-20;ext=5",
      ["sip:+4420@h"] = "tel:+4420",
      ["sip:7042@example.com;user=phone"] = "tel:7042;phone-context=example.com",
    } do assert.equal(wanted, tostring(sip.tel(given))) end
    assert.equal("tel:112;phone-context=+44", tostring(sip.tel("112", "+44")))
    for _, wrong in ipairs { "112", "sip:bob@example.com", "sip:h;user=phone", "tel:112", "a b" } do
      local made, err = sip.tel(wrong)
      assert.is_nil(made)
      assert.truthy(err.kind, wrong)
    end
  end)

  it("makes sip URIs with user=phone, parameters in their order (RFC 3261 19.1.6)", function()
    local made = sip.phone("tel:7042;Z=1;phone-context=Example.com;ext=3;isub=9", "gw.net")
    assert.equal("sip:7042;isub=9;ext=3;phone-context=example.com;z=1@gw.net;user=phone",
      tostring(made))
    assert.equal("sip:+358-555-1234567;postd=pp22@foo.com;user=phone",
      tostring(sip.phone("tel:+358-555-1234567;postd=pp22", "foo.com")))
    assert.is_nil(sip.phone("bob", "foo.com"))
  end)

  it("is refused at the script's line when its place makes no sense", function()
    for _, wrong in ipairs { {}, { country = "044" }, { country = 44 }, { country = "44", x = 1 },
      { country = "44", national = "x" }, { country = "44", length = -1 } } do
      local ok <const>, why = pcall(sip.numbers, wrong)
      assert.is_false(ok)
      assert.truthy(why:find("numbers_spec", 1, true), why)
    end
  end)
end)
