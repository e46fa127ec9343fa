-- SPDX-License-Identifier: MIT
--
-- The handshake of a WebSocket that speaks SIP (RFC 6455 4, RFC 7118 4.1).

local web <const> = require "web_face"

-- Changes by name: a text instead of the field's value, false without the field; `first`
-- is the request line, `more` further lines.
local function request(changes)
  changes = changes or {}
  local lines = { changes.first or "GET / HTTP/1.1" }
  for _, each in ipairs {
    { "Host", "sip-ws.example.com" }, { "Upgrade", "websocket" }, { "Connection", "Upgrade" },
    { "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==" }, { "Origin", "http://www.example.com" },
    { "Sec-WebSocket-Protocol", "sip" }, { "Sec-WebSocket-Version", "13" },
  } do
    local value = changes[each[1]]
    if value == nil then value = each[2] end
    if value then lines[#lines + 1] = each[1] .. ": " .. value end
  end
  lines[#lines + 1] = changes.more
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

local function status(changes, paths, origins)
  return (web.answer(request(changes), paths, origins))
end

describe("A server", function()
  it("lets in who asks as the RFC's example does (RFC 7118 4.1)", function()
    local code, text = web.answer(request())
    assert.equal(101, code)
    assert.equal("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
      .. "Connection: Upgrade\r\nSec-WebSocket-Protocol: sip\r\n"
      .. "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", text)
  end)

  it("lets in who writes it otherwise (RFC 9110 5.1, 5.6.1)", function()
    assert.equal(101, status { Upgrade = "foo, WebSocket", Connection = "keep-alive, UPGRADE",
      ["Sec-WebSocket-Protocol"] = "other, sip", Origin = false })
    assert.equal(101, status { first = "GET /any/path?query HTTP/1.1" })
    assert.equal(101, status { ["Sec-WebSocket-Protocol"] = false,
      more = "sec-websocket-protocol: other\r\nSEC-WEBSOCKET-PROTOCOL:sip" })
  end)

  it("says what is wrong (RFC 6455 4.2.2)", function()
    local expected = {
      [{ first = "POST / HTTP/1.1" }] = 405,
      [{ first = "GET / HTTP/1.0" }] = 400,
      [{ first = "GET / HTTP/2.0" }] = 505,
      [{ first = "GET /" }] = 400,
      [{ first = "OPTIONS sip:x SIP/2.0" }] = 400,
      [{ Host = false }] = 400,
      [{ more = "Host: two.example" }] = 400,
      [{ Upgrade = false }] = 426,
      [{ Upgrade = "h2c" }] = 426,
      [{ Connection = false }] = 400,
      [{ Connection = "close" }] = 400,
      [{ ["Sec-WebSocket-Version"] = false }] = 426,
      [{ ["Sec-WebSocket-Version"] = "8" }] = 426,
      [{ ["Sec-WebSocket-Key"] = false }] = 400,
      [{ ["Sec-WebSocket-Key"] = "c2hvcnQ=" }] = 400,
      [{ ["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZXM=" }] = 400,
      [{ ["Sec-WebSocket-Key"] = "!!!!!!!!!!!!!!!!!!!!!!==" }] = 400,
      [{ more = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" }] = 400,
      [{ ["Sec-WebSocket-Protocol"] = false }] = 400,
      [{ ["Sec-WebSocket-Protocol"] = "xmpp" }] = 400,
      [{ ["Sec-WebSocket-Protocol"] = "SIPS" }] = 400,
    }
    for changes, code in pairs(expected) do
      local got, text, why = web.answer(request(changes))
      assert.equal(code, got, why)
      assert.truthy(text:find(("^HTTP/1.1 %d "):format(code)), text)
      assert.truthy(text:find "Connection: close\r\n", text)
    end
    assert.truthy(select(2, web.answer(request { Upgrade = false }))
      :find "Sec%-WebSocket%-Version: 13\r\n")
    assert.truthy(select(2, web.answer(request { first = "PUT / HTTP/1.1" })):find "Allow: GET\r\n")
  end)

  it("serves the paths it is told, and no other", function()
    local paths = { "/sip", "/ws" }
    assert.equal(101, status({ first = "GET /ws HTTP/1.1" }, paths))
    assert.equal(101, status({ first = "GET /sip?token=1 HTTP/1.1" }, paths))
    for _, path in ipairs { "/", "/WS", "/ws/", "/wsx", "http://sip-ws.example.com/ws" } do
      assert.equal(404, status({ first = ("GET %s HTTP/1.1"):format(path) }, paths))
    end
  end)

  it("lets pages of the origins in that it is told (RFC 6455 10.2)", function()
    local origins = { "https://phone.example", "http://localhost:8080" }
    assert.equal(101, status({ Origin = "https://PHONE.example" }, nil, origins))
    assert.equal(403, status({ Origin = "https://evil.example" }, nil, origins))
    assert.equal(403, status({ Origin = "https://phone.example.evil.example" }, nil, origins))
    assert.equal(403, status({ Origin = false }, nil, origins))
    assert.equal(400, status({ more = "Origin: https://phone.example" }, nil, origins))
  end)

  it("refuses what two readers would read in two ways (RFC 9112 2.2, 5.1)", function()
    for _, line in ipairs { "Host : x", " folded: x", "no colon", "a\rb: c", "a: b\nc: d",
                            ": x", "a\0: b", "a: \1b" } do
      assert.equal(400, status { more = line }, line)
    end
  end)

  it("takes 64 fields, and not one more", function()
    local more = {}
    for at = 1, 64 - 7 do more[at] = "X-" .. at .. ": y" end
    assert.equal(101, status { more = table.concat(more, "\r\n") })
    more[#more + 1] = "X: y"
    assert.equal(431, status { more = table.concat(more, "\r\n") })
  end)

  it("survives a request cut after any byte", function()
    local text = request()
    for at = 0, #text - 1 do
      assert.equal(0, web.head_len(text:sub(1, at)))
      assert.not_equal(101, (web.answer(text:sub(1, at))))
    end
    assert.equal(#text, web.head_len(text .. "frames"))
  end)
end)

describe("A client", function()
  local key <const> = "the sample nonce"
  local granted <const> = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    .. "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    .. "Sec-WebSocket-Protocol: sip\r\n\r\n"

  it("takes the RFC's example for an answer (RFC 7118 4.1)", function()
    assert.is_true(web.is_granted(granted, key))
  end)

  it("takes nothing less (RFC 6455 4.1)", function()
    for from, to in pairs {
      ["101 Switching Protocols"] = "200 OK",
      ["HTTP/1.1"] = "HTTP/2.0",
      ["Upgrade: websocket\r\n"] = "",
      ["Connection: Upgrade\r\n"] = "",
      ["s3pPLMBiTxaQ9kYGzzhZRbK%+xOo="] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=",
      ["Sec%-WebSocket%-Protocol: sip\r\n"] = "",
      ["Protocol: sip"] = "Protocol: sip, xmpp",
    } do
      local text, count = granted:gsub(from, to)
      assert.equal(1, count)
      assert.is_false((web.is_granted(text, key)), text)
    end
    assert.is_false((web.is_granted(granted, "another nonce...")))
  end)
end)

describe("UTF-8 (RFC 3629 3, 4)", function()
  it("is what Lua's own library takes for it", function()
    for first = 0, 255 do
      for _, tail in ipairs { "", "\x80", "\xbf", "\x80\x80", "\xa0\x80", "\x9f\xbf",
                              "\x8f\xbf\xbf", "\x90\x80\x80", "\xbf\xbf\xbf", "a", "\xc0" } do
        local text = string.char(first) .. tail
        assert.equal(utf8.len(text) ~= nil, web.is_utf8(text), ("%q"):format(text))
      end
    end
  end)

  it("is so wherever it stands among ASCII, which is looked at eight bytes at a time", function()
    for before = 0, 17 do
      for behind = 0, 17 do
        for _, middle in ipairs { "\u{e9}", "\u{20ac}", "\u{1f600}", "\x80", "\xff", "\xc3" } do
          local text = ("a"):rep(before) .. middle .. ("z"):rep(behind)
          assert.equal(utf8.len(text) ~= nil, web.is_utf8(text), ("%q"):format(text))
        end
      end
    end
  end)
end)
