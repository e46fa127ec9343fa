-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"
local face <const> = require "sip_face"
local messages <const> = require "spec.support.messages"

local TEXT <const> = table.concat({
  "INVITE sip:bob@biloxi.com;x=%41 SIP/2.0",
    "vIA  :  SIP/2.0/UDP  a ;branch=z9hG4bK1 ,SIP/2.0/TCP b", "Max-Forwards: 0070",
  'From:"Alice \\"A\\""<sip:alice@atlanta.com>  ;  tag = 1',
    "t :\r\n\tBob  <sip:bob@biloxi.com>  ", "Call-ID:a@b", "CSeq:  1\tINVITE",
  "X-A: 1", "s:", "x-a :2\r\n  3", "Contact: <sip:a@c>", "X-B:   keep   ", "l: 4", "", "v=0\n",
}, "\r\n")

local function message(text) return assert(core.message(text or TEXT)) end

-- What an edit leaves: the text with one part exchanged, nothing else.
local function replaced(from, to, text)
  local before <const>, after <const> = (text or TEXT):find(from, 1, true)
  assert(before, from)
  return (text or TEXT):sub(1, before - 1) .. to .. (text or TEXT):sub(after + 1)
end

describe("an edit changes what it names and no other byte:", function()
  local function edits(title, change, expected)
    it(title, function()
      local m <const> = message()
      change(m)
      assert.same(expected, m.text)
      assert.same(expected, message(expected).text)
      assert.same(TEXT, message().text) -- another message of the same text is not touched
    end)
  end

  edits("the Request-URI", function(m) m.uri = "sips:c@d:5" end,
    replaced("sip:bob@biloxi.com;x=%41 ", "sips:c@d:5 "))
  edits("a part of the Request-URI", function(m) m.uri.user = "c d" end,
    replaced("sip:bob@biloxi.com;x=%41 ", "sip:c%20d@biloxi.com;x=%41 "))
  edits("a parameter of the Request-URI", function(m) m.uri.params.x = nil end, replaced(";x=%41",
    ""))
  edits("the method, in CSeq too", function(m) m.method = "MESSAGE" end, replaced("1\tINVITE",
    "1\tMESSAGE", replaced("INVITE sip", "MESSAGE sip")))
  edits("a header with several lines", function(m) m.headers["x-A"] = "9" end,
    replaced("x-a :2\r\n  3\r\n", "", replaced("X-A: 1", "X-A: 9")))
  edits("one that becomes several lines", function(m) m.headers["X-A"] = { "7", "8" } end,
    replaced("x-a :2\r\n  3\r\n", "", replaced("X-A: 1", "X-A: 7\r\nX-A: 8")))
  edits("an empty one, by its long name", function(m) m.headers.Subject = "hi" end,
    replaced("s:\r\n", "s: hi\r\n"))
  edits("a new one, behind the others", function(m) m.headers["X-New"] = "n" end,
    replaced("l: 4\r\n", "l: 4\r\nX-New: n\r\n"))
  edits("a new one that is known gets its spelling",
    function(m) m.headers["user-agent"] = "n" end, replaced("l: 4\r\n",
    "l: 4\r\nUser-Agent: n\r\n"))
  edits("a number", function(m) m.headers["X-New"] = 5 end, replaced("l: 4\r\n",
    "l: 4\r\nX-New: 5\r\n"))
  edits("a header that goes", function(m) m.headers["X-A"] = nil end,
    replaced("x-a :2\r\n  3\r\n", "", replaced("X-A: 1\r\n", "")))
  edits("a header that goes by an empty list", function(m) m.headers["X-B"] = {} end,
    replaced("X-B:   keep   \r\n", ""))
  edits("a header that was not there and goes", function(m) m.headers["X-None"] = nil end, TEXT)
  edits("the body, with its length", function(m) m.body = "hello\0\r\n" end, replaced("v=0\n",
    "hello\0\r\n", replaced("l: 4", "l: 8")))
  edits("the body that goes", function(m) m.body = "" end, replaced("v=0\n", "", replaced("l: 4",
    "l: 0")))
  edits("the display name of From", function(m) m.from.display = "B" end,
    replaced('From:"Alice \\"A\\""<sip:alice@atlanta.com>  ;  tag = 1',
      'From: "B" <sip:alice@atlanta.com>;  tag = 1'))
  edits("the URI of To", function(m) m.to.uri.host = "x.y" end,
    replaced("t :\r\n\tBob  <sip:bob@biloxi.com>  ", "t: Bob <sip:bob@x.y>"))
  edits("the tag of To", function(m) m.to.tag = "9" end,
    replaced("t :\r\n\tBob  <sip:bob@biloxi.com>  ", "t: Bob <sip:bob@biloxi.com>;tag=9"))
  edits("Contact, by a URI", function(m) m.contact = "<sip:n@m>" end, replaced("<sip:a@c>",
    "<sip:n@m>"))
  edits("Contact, by an address", function(m) m.contact = core.address "<sip:n@m>;q=1" end,
    replaced("<sip:a@c>", "<sip:n@m>;q=1"))
  edits("Max-Forwards", function(m) m.max_forwards = 69 end, replaced("0070", "69"))
  edits("Call-ID", function(m) m.call_id = "c@d" end, replaced("Call-ID:a@b", "Call-ID: c@d"))
  edits("nothing, when the value is the same", function(m) m.headers["X-C"] = nil end, TEXT)

  it("code and reason of a response", function()
    local text <const> = "SIP/2.0 200 OK  \r\n" .. messages.options {}:match "\r\n(.*)"
    local m <const> = message(text)
    m.reason = "Fine é"
    assert.same(replaced("OK  ", "Fine é", text), m.text)
    m.code = 404
    assert.same(replaced("200 OK  ", "404 Not Found", text), m.text)
    m.reason = ""
    assert.same(replaced("200 OK  ", "404 ", text), m.text)
  end)

  it("Content-Length and Content-Type where there were none", function()
    local text <const> = messages.message { body = "x" }:gsub("Content%-Length: 1\r\n", "")
    local m <const> = message(text)
    m.body = "abc"
    assert.same((text:gsub("\r\n\r\nx$", "\r\nContent-Length: 3\r\n\r\nabc")), m.text)
    m.content_type = "a/b"
    assert.same("a/b", m.headers["content-type"])
    assert.same("abc", m.body)
  end)

  it("one after the other", function()
    local m <const> = message()
    for i = 1, 50 do
      m.headers["X-" .. i] = ("v"):rep(i)
      m.headers["X-" .. (i - 10)] = nil
      m.body = ("b"):rep(i * 7)
    end
    assert.same({ "v49", 350, nil }, { "v" .. #m.headers["X-49"], #m.body, m.headers["X-40"] })
    assert.same(m.text, message(m.text).text)
  end)

  it("of a copy leave the original alone", function()
    local m <const> = message()
    local copy <const> = m:copy()
    copy.headers["X-A"] = "changed"
    assert.same({ TEXT, "changed" }, { m.text, copy.headers["x-a"] })
  end)

  it("of an address that came out of a list do not reach the message", function()
    local m <const> = message()
    m.contact.display = "x"
    m:typed("Contact")[1].uri.user = "y"
    assert.same(TEXT, m.text)
  end)
end)

describe("an edit is refused at the caller's line", function()
  local function refused(why, change)
    local m <const> = message()
    local ok <const>, err <const> = pcall(change, m)
    assert.is_false(ok)
    assert.truthy(err:find "^%S*edit_spec.lua:%d+: ", err)
    assert.truthy(err:find(why, 1, true), err)
    assert.same(TEXT, m.text)
  end

  it("when the message would be malformed", function()
    refused("'uri'", function(m) m.uri = "x" end)
    refused("'uri'", function(m) m.uri = "sip:a@b?c=d" end)
    refused("'user'", function(m) m.uri.user = "" end)
    refused("'From'", function(m) m.headers.From = "a b" end)
    refused("'From'", function(m) m.from = nil end)
    refused("'f'", function(m) m.headers.f = { "<sip:a>", "<sip:b>" } end)
    refused("'CSeq'", function(m) m.headers.CSeq = "1 BYE" end)
    refused("'Via'", function(m) m.headers.Via = nil end)
    refused("'Content-Length'", function(m) m.headers["Content-Length"] = 5 end)
    refused("'method'", function(m) m.method = "IN VITE" end)
    refused("'Max-Forwards'", function(m) m.max_forwards = 256 end)
    refused("'a b'", function(m) m.headers["a b"] = "c" end)
    refused("''", function(m) m.headers[""] = "c" end)
  end)

  it("when the field is read-only, unknown or of another kind", function()
    for _, field in ipairs { "cseq", "via", "vias", "contacts", "headers", "text", "branch",
      "transport", "flow", "nothing", "typed" } do
      refused("no field '" .. field .. "'", function(m) m[field] = "x" end)
    end
    refused("'code'", function(m) m.code = 200 end)
    refused("'code'", function(m) m.code = 99 end)
    refused("string expected", function(m) m.headers.X = {{}} end)
    refused("string expected", function(m) m.headers.X = true end)
    refused("string expected", function(m) m.uri = {} end)
    refused("'display'", function(m) m.from.display = {} end)
  end)

  it("when the value holds CR, LF or NUL: every setter (bug class 34)", function()
    for _, byte in ipairs { "\r", "\n", "\0", "\r\n", "x\r\nInjected: y" } do
      local value <const> = "a" .. byte
      for _, field in ipairs { "uri", "method", "from", "to", "contact", "call_id",
        "max_forwards", "expires", "content_type" } do
        refused("CR, LF or NUL", function(m) m[field] = value end)
      end
      refused("CR, LF or NUL", function(m) m.headers["X-A"] = value end)
      refused("CR, LF or NUL", function(m) m.headers["X-A"] = { "ok", value } end)
      refused("CR, LF or NUL", function(m) m.headers[value] = "x" end)
      for _, field in ipairs { "display", "tag", "user", "host", "uri", "q", "expires", "text" } do
        refused("CR, LF or NUL", function(m) m.from[field] = value end)
      end
      refused("CR, LF or NUL", function(m) m.from.params[value] = "x" end)
      refused("CR, LF or NUL", function(m) m.from.params.x = value end)
      refused("CR, LF or NUL", function(m) m.uri.params.x = value end)
      refused("CR, LF or NUL", function(m) m.uri.user = value end)
      local response <const> = assert(core.message("SIP/2.0 200 OK\r\n"
        .. messages.options {}:match "\r\n(.*)"))
      assert.is_false((pcall(function() response.reason = value end)))
    end
  end)
end)

describe("what is printed into a buffer of every size (bug class 14, figure 24)", function()
  local function sizes(expected, write)
    for size = 0, #expected - 1 do
      local text <const>, err <const> = write(size)
      assert.is_nil(text, size)
      assert.truthy(err == "FULL" or err == "MEMORY", err)
    end
    for size = #expected, #expected + 1 do assert.same(expected, (write(size))) end
  end

  for _, row in ipairs {
    { "quote", 'a"b\\c\td', '"a\\"b\\\\c\td"' }, { "unquote", '"a\\"b\r\n c"', 'a"b c' },
      { "unfold", "a \r\n\t b", "a b" },
    { "escape", "a b%\0é", "a%20b%25%00%C3%A9" }, { "unescape", "a%20b%00", "a b\0" },
      { "request_uri", "sip:a@b;method=X;c?d=e", "sip:a@b;c" },
    { "address", "[2001:DB8:0:0:1:0:0:1]", "[2001:db8::1:0:0:1]:5060" }, { "address", "192.0.2.1",
      "192.0.2.1:5060" },
    { "date", "Sat, 13 Nov 2010 23:29:00 GMT", "Sat, 13 Nov 2010 23:29:00 GMT" },
    { "multipart", "body", "--edge\r\nContent-Type: text/plain\r\n\r\nbody\r\n--edge--\r\n" },
  } do
    it(row[1] .. " " .. row[3]:gsub("%c", "?"), function()
      sizes(row[3], function(size) return face.write(row[1], row[2], size) end)
    end)
  end

  for _, row in ipairs {
    { "uri", "sip:x@y" }, { "method", "FOO" }, { "header", "X-A", "new" }, { "add", "X-A",
      "new" }, { "first", "X-A", "new" },
    { "remove", "X-A" }, { "at", "3", "<sip:z>" }, { "body", "0123456789" }, { "typed_body",
      "a/b", "0123456789" },
  } do
    it("the edit of " .. row[1], function()
      local whole <const> = assert(face.edit(TEXT, row[1], row[2], row[3], #TEXT + 200))
      sizes(whole, function(size) return face.edit(TEXT, row[1], row[2], row[3], size) end)
      assert.is_nil(face.parse(whole).error)
    end)
  end

  it("quoting refuses CR, LF and NUL and is undone by unquoting", function()
    for _, byte in ipairs { "\r", "\n", "\0" } do assert.same("INJECTION", select(2,
      face.write("quote", "a" .. byte, 99))) end
    local every <const> = {}
    for byte = 1, 255 do
      if byte ~= 10 and byte ~= 13 then every[#every + 1] = string.char(byte) end
    end
    local text <const> = table.concat(every)
    assert.same(text, (face.write("unquote", face.write("quote", text, 999), 999)))
  end)
end)

describe("addresses are printed as RFC 5952 4 says", function()
  for text, expected in pairs {
    ["::"] = "[::]:5060", ["::1"] = "[::1]:5060", ["1::"] = "[1::]:5060",
      ["2001:DB8:0:0:0:0:2:1"] = "[2001:db8::2:1]:5060",
    ["2001:db8:0:1:1:1:1:1"] = "[2001:db8:0:1:1:1:1:1]:5060",
      ["2001:0:0:1:0:0:0:1"] = "[2001:0:0:1::1]:5060",
    ["2001:db8:0:0:1:0:0:1"] = "[2001:db8::1:0:0:1]:5060",
      ["::ffff:192.0.2.1"] = "[::ffff:192.0.2.1]:5060",
    ["1:2:3:4:5:6:7:0"] = "[1:2:3:4:5:6:7:0]:5060", ["0:0:3:4:5:6:7:8"] = "[::3:4:5:6:7:8]:5060",
      ["0.0.0.0"] = "0.0.0.0:5060",
  } do
    it(text .. " as " .. expected, function()
      assert.same(expected, (face.write("address", text, 99)))
      assert.same(expected, (face.write("address", expected:match "^(.*):5060$", 99)))
    end)
  end
end)

describe("print and parse again (figure 24)", function()
  it("gives the same bytes, twice, for every torture message that is accepted", function()
    for _, row in ipairs(require "spec.torture.verdicts") do
      local file <close> = assert(io.open(("spec/torture/messages/%s.sip"):format(row.name), "rb"))
      local m <const> = core.message(file:read "a")
      if m then
        assert.same(m.text, message(m.text).text)
        for name, value in pairs(m.headers) do
          local again <const> = m:copy()
          again.headers["X-Sentinel"] = "1"
          again.headers["X-Sentinel"] = nil
          assert.same(m.text, again.text)
          assert.truthy(name and value)
        end
      end
    end
  end)

  it("holds for URIs and addresses", function()
    for _, text in ipairs { "sip:a:b@c:5;d=e;f?g=h&i=j", "tel:+1;ext=2", "http://x/y" } do
      assert.same(text, tostring(core.uri(tostring(core.uri(text)))))
      assert.same("<" .. text .. ">", tostring(core.address("<" .. text .. ">")))
    end
  end)
end)
