-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"
local face <const> = require "sip_face"

local function uri(text) return assert(core.uri(text), text) end

describe("a URI (RFC 3261 19.1.1)", function()
  it("gives its parts without their escapes", function()
    local u <const> = uri("sips:al%69ce:p%3Ass@[2001:db8::1]:5070;transport=TCP;lr;m%61ddr=a%3Bb"
      .. "?to=sip:bob%40x&a=")
    assert.same({ "sips", "alice", "p:ss", "[2001:db8::1]", 5070 }, { u.scheme, u.user,
      u.password, u.host, u.port })
    assert.same({ "TCP", true, "a;b" }, { u.params.transport, u.params.lr, u.params.maddr })
    assert.same({ "sip:bob@x", "" }, { u.headers.To, u.headers.a })
    assert.is_true(u.secure)
    assert.same("TCP", u.transport)
  end)

  it("has nil for what is absent", function()
    local u <const> = uri "sip:example.com"
    assert.same({}, { u.user, u.password, u.port, u.transport, u.params.x, u.headers.x, u.nothing })
    assert.is_false(u.secure)
  end)

  it("keeps its text", function()
    for _, text in ipairs { "SIP:a@B.c:05060;X=%41", "tel:+1-(201).555;ext=1",
      "http://x/?a#".. "" } do
      local u <const> = core.uri(text)
      if u then assert.same({ text, text }, { u.text, tostring(u) }) end
    end
  end)

  for text, parts in pairs {
    ["sip:a@b"] = { "a", nil, "b" }, ["sip:1.2.3.4"] = { nil, nil, "1.2.3.4" },
    ["sip:user;par=u%40example.net@example.com"] = { "user;par=u@example.net", nil, "example.com" },
    ["sip:&=+$,;?/-_.!~*'()@h"] = { "&=+$,;?/-_.!~*'()", nil, "h" },
    ["sip:a:&=+$,-_.!~*'()@h"] = { "a", "&=+$,-_.!~*'()", "h" }, ["sip:a:@h"] = { "a", "", "h" },
    ["sip:%00@h"] = { "\0", nil, "h" }, ["sip:a@h."] = { "a", nil, "h." },
    ["sip:a@xn--bcher-kva.example"] = { "a", nil, "xn--bcher-kva.example" },
    ["sip:a@3com.example"] = { "a", nil, "3com.example" }, ["sip:a@[::ffff:192.0.2.1]"] = { "a",
      nil, "[::ffff:192.0.2.1]" },
    ["sip:a@h:5060;a;b=c;d=[]/:&+$-_.!~*'()?x=[]/?:+$&y=%20"] = { "a", nil, "h" },
  } do
    it("allows " .. text, function()
      local u <const> = uri(text)
      assert.same(parts, { u.user, u.password, u.host })
    end)
  end

  -- text, and the first byte that is wrong
  for text, at in pairs {
    [""] = 1, ["sip"] = 4, ["sip:"] = 5, [":a"] = 1, ["1sip:a"] = 1, ["s_p:a"] = 2,
      ["sip:@h"] = 5, ["sip:a@"] = 7,
    ["sip:a@h:"] = 9, ["sip:a@h:0"] = 9, ["sip:a@h:65536"] = 9, ["sip:a@h:5060x"] = 13,
      ["sip:a@h:-1"] = 9,
    ["sip:a b@h"] = 6, ["sip:a@h b"] = 8, [" sip:a@h"] = 1, ["sip:a@h "] = 8, ["sip:a%4@h"] = 6,
      ["sip:a%zz@h"] = 6,
    ["sip:a%"] = 6, ["sip:a@b@c"] = 8, ["sip:a\"b@h"] = 6, ["sip:<a@h>"] = 5, ["sip:a#b@h"] = 6,
      ["sip:a\127@h"] = 6,
    ["sip:a\xe9@h"] = 6, ["sip:a@h;"] = 9, ["sip:a@h;;b"] = 9, ["sip:a@h;=b"] = 9,
      ["sip:a@h;a="] = 11, ["sip:a@h;a=b=c"] = 12,
    ["sip:a@h?"] = 9, ["sip:a@h?a"] = 10, ["sip:a@h?=b"] = 9, ["sip:a@h?a=b&"] = 13,
      ["sip:a@h?a=b;c=d"] = 12,
    ["sip:a@-h"] = 7, ["sip:a@h-"] = 7, ["sip:a@h..i"] = 7, ["sip:a@.h"] = 7, ["sip:a@h-.i"] = 7,
      ["sip:a@h.-i"] = 7,
    ["sip:a@h_i"] = 8, ["sip:a@h.1"] = 7, ["sip:a@1.2.3"] = 7, ["sip:a@1.2.3.4.5"] = 7,
      ["sip:a@1.2.3.256"] = 7,
    ["sip:a@01.2.3.4"] = 7, ["sip:a@1.2.3.4."] = 7, ["sip:a@[::1"] = 7, ["sip:a@::1"] = 7,
      ["sip:a@[]"] = 7,
    ["sip:a@[1::2::3]"] = 7, ["sip:a@[:::]"] = 7, ["sip:a@[12345::]"] = 7,
      ["sip:a@[1:2:3:4:5:6:7:8:9]"] = 7,
    ["sip:a@[1:2:3:4:5:6:7]"] = 7, ["sip:a@[::1.2.3.256]"] = 7, ["sip:a@[::g]"] = 7,
      ["sip:a@[fe80::1%25eth0]"] = 7,
    ["sip:a@h;lr;LR"] = 12, ["sip:a@h;a=1;%61=2"] = 13, ["sip:a@h;a=1;%61=1"] = 13,
      ["sip:a@h;a=1;a=2"] = 13, ["sip:a@h;a=1;a"] = 13, ["sip:a@h;a;a=1"] = 11,
      ["sip:a@h;a=1;b;a=A"] = 15, ["sip:a@h;a=b;a=B"] = 13, ["tel:+1;ext=1;ext=2"] = 14,
  } do
    it(("refuses %q at byte %d"):format(text, at), function()
      local u <const>, err <const> = core.uri(text)
      assert.is_nil(u)
      assert.same({ "URI", "invalid", at }, { err.name, err.kind, err.at })
    end)
  end

  it("takes a parameter that repeats itself byte for byte, as baresip sends it (19.1.1)",
    function()
    local u <const> = uri "sip:a@h;transport=udp;lr;transport=udp;lr;transport=udp"
    assert.same("udp", u.params.transport)
    assert.is_true(u == uri "sip:a@h;lr;transport=udp")
    assert.same("sip:a@h;transport=udp;lr;transport=udp;lr;transport=udp", tostring(u))
    u.params.transport = "tcp"
    assert.same("sip:a@h;transport=tcp;lr;lr", tostring(u))
    u.params.lr = nil
    assert.same("sip:a@h;transport=tcp", tostring(u))
    assert.same("+1", uri("tel:+1;ext=1;ext=1").user)
  end)

  it("takes every form of IPv6 address (RFC 4291 2.2)", function()
    for _, ip in ipairs { "::", "::1", "1::", "1::2", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::",
      "::2:3:4:5:6:7:8",
                          "2001:DB8::Ff00", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1::1.2.3.4",
                            "1::3:0:0:8" } do
      assert.same("[" .. ip .. "]", uri("sip:a@[" .. ip .. "]").host)
    end
  end)

  it("has at most 64 parameters and 64 headers", function()
    local function many(count, first, between)
      local list <const> = {}
      for i = 1, count do list[i] = "p" .. i .. "=1" end
      return "sip:a@h" .. first .. table.concat(list, between)
    end
    assert.truthy(core.uri(many(64, ";", ";")))
    assert.is_nil(core.uri(many(65, ";", ";")))
    assert.truthy(core.uri(many(64, "?", "&")))
    assert.is_nil(core.uri(many(65, "?", "&")))
  end)
end)

describe("other schemes (RFC 3261 25.1 absoluteURI, RFC 3966)", function()
  it("keep what follows the colon", function()
    for text, rest in pairs { ["http://www.example.com/a?b=c"] = "//www.example.com/a?b=c",
      ["urn:isbn:0"] = "isbn:0",
                              ["mailto:a@b"] = "a@b",
                                ["http://[2001:db8::1]/"] = "//[2001:db8::1]/",
                                ["x+y-z.1:%20"] = "%20" } do
      assert.same({ text:match "^[^:]*", rest }, { uri(text).scheme, uri(text).host })
    end
  end)

  it("refuse what no URI may hold", function()
    for _, text in ipairs { "http:", "http://a b", "http://<", 'http://"', "http://%",
      "http://a\0", "http://a#b" } do
      assert.is_nil(core.uri(text))
    end
  end)

  it("a tel URI is its number", function()
    local u <const> = uri "tel:+1-201-(555).0123;ext=123;isub=1"
    assert.same({ "tel", "+1-201-(555).0123", "123", nil }, { u.scheme, u.user, u.params.ext,
      u.host })
    assert.same("7042", uri("tel:7042;phone-context=example.com").user)
    assert.same("*#A", uri("tel:*#A;phone-context=+1").user)
  end)

  it("a local number needs its context, and digits (RFC 3966 3, 5.1.5)", function()
    for _, text in ipairs { "tel:7042", "tel:+", "tel:", "tel:+-", "tel:;phone-context=a.b",
      "tel:+1x", "tel:+1;", "tel:--;phone-context=x" } do
      assert.is_nil(core.uri(text), text)
    end
  end)
end)

describe("two URIs are the same (RFC 3261 19.1.4)", function()
  local function check(expected, a, b)
    it(("%s %s %s"):format(a, expected and "==" or "~=", b), function()
      assert.same(expected, uri(a) == uri(b))
      assert.same(expected, uri(b) == uri(a))
    end)
  end

  -- The RFC's own table.
  check(true, "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp")
  check(true, "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5")
  check(true, "sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on")
  check(true, "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
    "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com")
  check(true, "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
    "sip:alice@atlanta.com?priority=urgent&subject=project%20x")
  check(false, "SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP")
  check(false, "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060")
  check(false, "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp")
  check(false, "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp")
  check(false, "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting")
  check(false, "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4")
  check(false, "sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off")

  -- The sentences around it.
  check(false, "sip:a@h", "sips:a@h")
  check(true, "sip:a@h", "SIP:a@H")
  check(false, "sip:a@h", "sip:A@h")
  check(false, "sip:a@h", "sip:h")
  check(false, "sip:a:p@h", "sip:a@h")
  check(false, "sip:a:@h", "sip:a@h")
  check(false, "sip:a:p@h", "sip:a:P@h")
  check(true, "sip:a%2d@h", "sip:a-@h")
  check(true, "sip:a%2D@h", "sip:a%2d@h")
  check(false, "sip:a%3b@h", "sip:a;@h") -- reserved
  check(false, "sip:%00@h", "sip:%00%00@h")
  check(false, "sip:a%2525@h", "sip:a%25@h")
  check(false, "sip:a@h;user=phone", "sip:a@h")
  check(false, "sip:a@h;ttl=1", "sip:a@h")
  check(false, "sip:a@h;maddr=1.2.3.4", "sip:a@h")
  check(false, "sip:a@h;method=INVITE", "sip:a@h")
  check(false, "sip:a@h;method=INVITE", "sip:a@h;method=invite")
  check(true, "sip:a@h;lr", "sip:a@h")
  check(false, "sip:a@h;x=1", "sip:a@h;x")
  check(true, "sip:a@h;x=%41", "sip:a@h;X=a")
  check(true, "sip:a@h?a=1&b=2&a=3", "sip:a@h?a=3&a=1&b=2")
  check(false, "sip:a@h?a=1&a=1", "sip:a@h?a=1")
  check(true, "sip:a@h.", "sip:a@h")
  check(true, "sip:a@[2001:DB8::1]", "sip:a@[2001:db8:0:0:0:0:0:1]")
  check(false, "sip:a@[2001:db8::1]", "sip:a@[2001:db8::2]")
  check(true, "sip:a@h;maddr=[::1]", "sip:a@h;maddr=[0:0::1]")

  -- RFC 3966 4
  check(true, "tel:+1-201-555-0123", "tel:+1(201)555.0123")
  check(false, "tel:+12015550123", "tel:12015550123;phone-context=+1")
  check(true, "tel:7042;phone-context=Example.com", "tel:70-42;Phone-Context=example.COM")
  check(true, "tel:7042;phone-context=+1-2", "tel:7042;phone-context=+12")
  check(false, "tel:+1;ext=1", "tel:+1")
  check(true, "tel:+1;ext=1-2", "tel:+1;ext=12")
  check(true, "tel:+1;a=b;c=d", "tel:+1;c=D;a=B")
  check(false, "tel:+1;isub=1", "tel:+1;isub=2")
  check(false, "tel:+1", "tel:+12")
  check(true, "tel:0a*;phone-context=x", "TEL:0A*;phone-context=x")

  -- RFC 3986 6.2.2
  check(true, "HTTP://x/%7Eu", "http://x/~u")
  check(false, "http://x/A", "http://x/a")
  check(false, "http://x/", "https://x/")
  check(false, "urn:a", "mailto:a")
end)

describe("setting a part of a URI (RFC 3261 19.1.2)", function()
  it("escapes what the part may not hold and keeps the others", function()
    local u <const> = uri "sip:a:pw@h:5060;x=%41;y?b=c"
    u.user = "b c@d"
    assert.same("sip:b%20c%40d:pw@h:5060;x=%41;y?b=c", u.text)
    u.password = nil
    u.port = nil
    assert.same("sip:b%20c%40d@h;x=%41;y?b=c", u.text)
    u.params.z = "1;2"
    u.params.x = 7
    u.params["n;m"] = true
    assert.same("sip:b%20c%40d@h;x=7;y;z=1%3B2;n%3Bm?b=c", u.text)
    u.params.y, u.params["n;m"], u.headers.B, u.headers.to = nil, false, nil, "<sip:q>"
    assert.same("sip:b%20c%40d@h;x=7;z=1%3B2?to=%3Csip:q%3E", u.text)
    u.headers.to, u.params.x, u.params.z = nil, nil, nil
    u.scheme, u.host, u.port = "sips", "2001:db8::1", 5061
    assert.same("sips:b%20c%40d@[2001:db8::1]:5061", u.text)
    u.user = nil
    assert.same("sips:[2001:db8::1]:5061", u.text)
    u.text = "tel:+1"
    u.user = "+2"
    assert.same("tel:+2", tostring(u))
  end)

  it("leaves copies alone", function()
    local u <const> = uri "sip:a@h"
    local copy <const> = u:copy()
    copy.user = "b"
    assert.same({ "sip:a@h", "sip:b@h" }, { u.text, copy.text })
  end)

  -- what is set, and a part of the message that says why it cannot be
  for _, row in ipairs {
    { "host", "a b", "malformed" }, { "host", "", "malformed" }, { "host", "a@b", "malformed" },
      { "port", 0, "1 to 65535" },
    { "port", 65536, "1 to 65535" }, { "port", "x", "1 to 65535" }, { "port", 1.5, "1 to 65535" },
      { "scheme", "a b", "malformed" },
    { "text", "sip:", "malformed" }, { "user", {}, "string expected" }, { "user", "",
      "malformed" }, { "nothing", 1, "no field" },
    { "params", {}, "no field" }, { "transport", "x", "no field" },
  } do
    it(("refuses %s = %s at the caller's line"):format(row[1], row[2]), function()
      local u <const> = uri "sip:a@h:5060"
      local ok <const>, err <const> = pcall(function() u[row[1]] = row[2] end)
      assert.is_false(ok)
      assert.truthy(err:find("uri_spec.lua:%d+: "), err)
      assert.truthy(err:find(row[3], 1, true), err)
      assert.same("sip:a@h:5060", u.text)
    end)
  end

  it("refuses CR, LF and NUL in every field (bug class 34)", function()
    for _, byte in ipairs { "\r", "\n", "\0", "\r\n" } do
      for _, field in ipairs { "scheme", "user", "password", "host", "port", "text" } do
        local u <const> = uri "sip:a@h"
        assert.is_false((pcall(function() u[field] = "x" .. byte .. "y" end)), field)
        assert.same("sip:a@h", u.text)
      end
      for _, list in ipairs { "params", "headers" } do
        local u <const> = uri "sip:a@h;x=1?y=2"
        assert.is_false((pcall(function() u[list].a = "x" .. byte end)))
        assert.is_false((pcall(function() u[list]["a" .. byte] = "x" end)))
        assert.same("sip:a@h;x=1?y=2", u.text)
      end
    end
  end)
end)

describe("walking parameters", function()
  it("gives them in order, every one", function()
    local found <const> = {}
    for name, value in pairs(uri("sip:a@h;b=%41;c;d=1").params) do found[#found + 1] = { name,
      value } end
    assert.same({ { "b", "A" }, { "c", true }, { "d", "1" } }, found)
    for _ in pairs(uri("sip:a@h").params) do error "there is none" end
  end)
end)

describe("escapes (RFC 3261 25.1)", function()
  it("are undone once", function()
    assert.same("%41", core.unescape "%2541")
    assert.same("a b\0", core.unescape "a%20b%00")
  end)

  it("must have two digits", function()
    for _, text in ipairs { "%", "%4", "%4g", "a%" } do
      local value <const>, err <const> = core.unescape(text)
      assert.is_nil(value)
      assert.same("URI", err.name)
    end
  end)

  it("are made of what a user may not hold", function()
    assert.same("a%20%40%25%3A-_.!~*'()&=+$,;?/", core.escape "a @%:-_.!~*'()&=+$,;?/")
    local every <const> = {}
    for byte = 0, 255 do every[byte + 1] = string.char(byte) end
    local all <const> = table.concat(every)
    assert.same(all, core.unescape(core.escape(all)))
    assert.truthy(core.uri("sip:" .. core.escape(all) .. "@h"))
  end)
end)

describe("the Request-URI made of a URI (RFC 3261 19.1.1 table)", function()
  it("has neither method nor headers", function()
    assert.same("sip:a@h;x=1;lr", (face.write("request_uri", "sip:a@h;x=1;METHOD=INVITE;lr?c=d",
      99)))
    assert.same("sips:h:5061;a=b", (face.write("request_uri", "sips:h:5061;method=X;a=b?c=d", 99)))
    assert.same("sip:a@h;lr;x=1", (face.write("request_uri", "sip:a@h;lr;x=1;lr;x=1", 99)))
    assert.same("tel:+1;method=x", (face.write("request_uri", "tel:+1;method=x", 99)))
  end)
end)
