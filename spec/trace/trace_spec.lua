-- SPDX-License-Identifier: MIT
--
-- The text of a trace: what it says, what it hides, what it defuses.

local trace <const> = require "moonsip.trace"

local function record(bytes, fields)
  local result = { at = 12034, transport = "udp", from = "192.0.2.1:5060",
                   to = "192.0.2.2:5060", bytes = bytes }
  for key, value in pairs(fields or {}) do result[key] = value end
  return result
end

describe("a message trace", function()
  it("heads each message with time, direction, transport, addresses and size", function()
    local options = record("OPTIONS sip:a SIP/2.0\r\n\r\n", { direction = "in" })
    local text = trace.text(options, 12000)
    assert.equal("0.034  <-  udp 192.0.2.1:5060 -> 192.0.2.2:5060  25 bytes\n"
      .. "    OPTIONS sip:a SIP/2.0\n    \n", text)
  end)

  it("says why a message was lost", function()
    local text = trace.text(record("x", { lost = "cut" }))
    assert.truthy(text:find("1 bytes (cut)", 1, true))
  end)

  it("turns what a tap is told into a record, from either side", function()
    local flow = { transport = "tcp", local_address = "10.0.0.1:5060",
                   remote_address = "[2001:db8::2]:5070" }
    local out = trace.record(5, "out", "x", flow)
    assert.same({ at = 5, direction = "out", transport = "tcp", from = "10.0.0.1:5060",
                  to = "[2001:db8::2]:5070", bytes = "x" }, out)
    local inward = trace.record(5, "in", "x", flow)
    assert.equal("[2001:db8::2]:5070", inward.from)
    assert.equal("10.0.0.1:5060", inward.to)
  end)
end)

describe("a trace hides (bug classes 34 and 67)", function()
  local function masked(line)
    return trace.mask("REGISTER sip:a SIP/2.0\r\n" .. line .. "\r\n\r\nbody")
      :match "SIP/2.0\r\n(.*)\r\n\r\nbody$"
  end

  for line, expected in pairs {
    ['Authorization: Digest username="bob", response="0123abcd", uri="sip:a"'] =
      'Authorization: Digest username="bob", response="***", uri="sip:a"',
    ['proxy-authorization : Digest RESPONSE=0123abcd, qop=auth'] =
      'proxy-authorization : Digest RESPONSE=***, qop=auth',
    ['Authorization: Digest\r\n response = "0123abcd"'] =
      'Authorization: Digest\r\n response = "***"',
    ['Authorization: Basic Ym9iOnNlY3JldA=='] = 'Authorization: Basic ***',
    ['AUTHORIZATION: Bearer abc.def-ghi'] = 'AUTHORIZATION: Bearer ***',
    ['Authentication-Info: rspauth="0123", nc=00000001'] =
      'Authentication-Info: rspauth="***", nc=00000001',
    ['Contact: <sip:bob:secret@192.0.2.4;ob>'] = 'Contact: <sip:bob:***@192.0.2.4;ob>',
    ['Refer-To: <SIPS:bob:se:cret@192.0.2.4>'] = 'Refer-To: <SIPS:bob:***@192.0.2.4>',
    ['From: "response" <sip:bob@a>;tag=1'] = 'From: "response" <sip:bob@a>;tag=1',
    ['Route: <sip:192.0.2.4:5060;lr>'] = 'Route: <sip:192.0.2.4:5060;lr>',
  } do
    it("what proves an identity: " .. line:gsub("[\r\n]+", "|"), function()
      assert.equal(expected, masked(line))
    end)
  end

  it("the rest of the head after a quotation that never ends", function()
    assert.equal('a\r\nAuthorization: Digest response="***"',
      trace.mask 'a\r\nAuthorization: Digest response="0123ab\r\n\r\n')
  end)

  it("inline keys of SDP (RFC 4568 9.1)", function()
    local text = trace.mask("INVITE sip:a SIP/2.0\r\n\r\nv=0\r\n"
      .. "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3|2^20\r\n")
    assert.truthy(text:find("inline:***|2^20\r\n", 1, true))
    assert.falsy(text:find("d0Rm", 1, true))
  end)
end)

describe("a trace is safe to print", function()
  for name, case in pairs {
    ["escape sequences"] = { "a\27[2Jb", "a\\x1b[2Jb" },
    ["NUL and DEL"] = { "a\0b\127", "a\\x00b\\x7f" },
    ["bytes that are no UTF-8"] = { "J\xe9r\xc3\xb4me", "J\\xe9r\\xc3\\xb4me" },
    ["C1 controls in UTF-8"] = { "a\u{9b}2J", "a\\xc2\\x9b2J" },
    ["reversed writing"] = { "a\u{202e}b", "a\\xe2\\x80\\xaeb" },
    ["letters of any script, as they are"] = { "Jérôme 日本", "Jérôme 日本" },
  } do
    it("escapes " .. name, function() assert.equal(case[2], trace.escape(case[1])) end)
  end

  it("shows a line end that is not CRLF", function()
    assert.same({ "a", "b\\n", "c\\r", "", "d" }, trace.lines "a\r\nb\nc\r\r\nd")
  end)
end)
