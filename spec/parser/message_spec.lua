-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"
local face <const> = require "sip_face"
local messages <const> = require "spec.support.messages"

-- A request with everything that is mandatory, and these lines.
local function with(...)
  return messages.options { lines = { ... } }
end

local function parsed(text) return assert(core.message(text)) end

local function error_of(text)
  local message <const>, err <const> = core.message(text)
  assert.is_nil(message)
  return err.name, err.at, err
end

describe("a request line (RFC 3261 7.1)", function()
  local rest <const> = messages.options {}:match "\r\n(.*)"
  local function first_line(line) return line .. "\r\n" .. rest end

  it("has method, Request-URI and version", function()
    local m <const> = parsed(first_line "OPTIONS sip:carol@chicago.com SIP/2.0")
    assert.same({ "OPTIONS", "sip:carol@chicago.com", nil, nil }, { m.method, m.uri.text, m.code,
      m.reason })
    parsed(first_line "OPTIONS sip:carol@chicago.com sip/2.0") -- the version is without case
  end)

  for line, expected in pairs {
    ["OPTIONS sip:a@b  SIP/2.0"] = "START_LINE", ["OPTIONS  sip:a@b SIP/2.0"] = "START_LINE",
    [" OPTIONS sip:a@b SIP/2.0"] = "START_LINE", ["OPTIONS sip:a@b SIP/2.0 "] = "START_LINE",
    ["OPTIONS\tsip:a@b SIP/2.0"] = "START_LINE", ["OPTIONS sip:a@b"] = "START_LINE",
      ["OPTIONS"] = "START_LINE",
    ["OPTIONS sip:a@b SIP/2.0x"] = "START_LINE", ["OPTIONS sip:a@b HTTP/1.1"] = "START_LINE",
      [""] = "MISSING",
    ["OPT(IONS sip:a@b SIP/2.0"] = "START_LINE", ["OPTIONS sip:a@b SIP/2."] = "START_LINE",
    ["OPTIONS sip:a@b SIP/3.0"] = "VERSION", ["OPTIONS sip:a@b SIP/2.1"] = "VERSION",
      ["OPTIONS sip:a@b SIP/22.0"] = "VERSION",
    ["OPTIONS <sip:a@b> SIP/2.0"] = "URI", ["OPTIONS sip: SIP/2.0"] = "URI",
      ["OPTIONS sip:a@b;x= SIP/2.0"] = "URI",
    ["OPTIONS sip:a@b?c=d SIP/2.0"] = "URI", ["OPTIONS sip:a@b\0 SIP/2.0"] = "START_LINE",
      ["OPTIONS sip:a@\x01b SIP/2.0"] = "START_LINE",
  } do
    it(("is %s: %q"):format(expected, line), function()
      local name <const> = error_of(first_line(line))
      if line == "" then assert.truthy(name) else assert.same(expected, name) end
    end)
  end

  it("does not fold (7.3.1)", function()
    assert.same("HEADER_NAME", (error_of(first_line "OPTIONS sip:a@b SIP/2.0\r\n x")))
  end)

  it("may be any token's (extension methods)", function()
    local m <const> = parsed(messages.request { method = "X-y.!%*_+`'~" })
    assert.same({ "X-y.!%*_+`'~", "X-y.!%*_+`'~" }, { m.method, m.cseq_method })
  end)
end)

describe("a status line (RFC 3261 7.2)", function()
  local rest <const> = messages.options {}:match "\r\n(.*)"

  it("has code and reason, which may be empty or anything", function()
    for phrase, expected in pairs { OK = "OK", [""] = "", ["= 2**3 * 5**2 é"] = "= 2**3 * 5**2 é",
      [" x  "] = " x  " } do
      local m <const> = parsed("SIP/2.0 200 " .. phrase .. "\r\n" .. rest)
      assert.same({ 200, expected, nil, nil, "OPTIONS" }, { m.code, m.reason, m.method, m.uri,
        m.cseq_method })
    end
  end)

  it("allows 100 to 699", function()
    for _, code in ipairs { 100, 199, 699 } do
      assert.same(code, parsed(("SIP/2.0 %d x\r\n"):format(code) .. rest).code)
    end
  end)

  for _, line in ipairs { "SIP/2.0 099 x", "SIP/2.0 700 x", "SIP/2.0 20 x", "SIP/2.0 2000 x",
    "SIP/2.0 200", "SIP/2.0  200 x",
                          "SIP/2.0 +20 x", "SIP/2.0 x", "SIP/2.0", "SIP/2.0 2e2 x",
                            "SIP/2.0 4294967496 x" } do
    it("refuses " .. line, function()
      assert.same("START_LINE", (error_of(line .. "\r\n" .. rest)))
    end)
  end

  it("refuses other versions", function()
    assert.same("VERSION", (error_of("SIP/3.0 200 OK\r\n" .. rest)))
  end)

  it("a malformed response is answered by nothing (RFC 4475 3.1.2.19)", function()
    assert.is_nil(select(3, error_of("SIP/2.0 999 x\r\n" .. rest)).status)
  end)
end)

describe("header fields (RFC 3261 7.3)", function()
  it("are read without case and by compact name", function()
    local m <const> = parsed(with("SUBJECT: a", "X-Custom: b"))
    assert.same({ "a", "a", "b" }, { m.headers.subject, m.headers.s, m.headers["x-cUSTOM"] })
    assert.is_nil(m.headers.nothing)
    assert.same("c", parsed(with "s: c").headers.Subject)
  end)

  it("fold: CRLF and blanks are one space (7.3.1)", function()
    local m <const> = parsed(with(
      "Subject: I know\r\n you're there,\r\n\tpick up  \r\n  the phone\r\n ", "X: y"))
    assert.same("I know you're there, pick up the phone", m.headers.Subject)
    assert.same("y", m.headers.X)
  end)

  it("may have blanks before the colon and none behind it", function()
    local m <const> = parsed(with("Subject \t :a", "X-A:", "X-B:   \t", "X-C :\r\n  c"))
    assert.same({ "a", "", "", "c" }, { m.headers.subject, m.headers["X-A"], m.headers["X-B"],
      m.headers["X-C"] })
  end)

  it("that are lists may share a line (7.3.1)", function()
    local one <const> = parsed(with 'Route: <sip:a,b@x;lr>, "c, \\"d" <sip:e@f> ,<sip:g>')
    local several <const> = parsed(with('Route: <sip:a,b@x;lr>', 'Subject: x',
      'ROUTE: "c, \\"d" <sip:e@f>', "route: <sip:g>"))
    for _, m in ipairs { one, several } do
      assert.same({ "<sip:a,b@x;lr>", '"c, \\"d" <sip:e@f>', "<sip:g>" }, m:header_values "route")
      local routes <const> = m:typed "Route"
      assert.same({ "a,b", 'c, "d', "g" }, { routes[1].user, routes[2].display, routes[3].host })
    end
  end)

  it("that are no lists keep their commas", function()
    local m <const> = parsed(with("Subject: a, b",
      'WWW-Authenticate: Digest realm="a", nonce="b"', "X-List: a, b"))
    assert.same({ "a, b" }, m:header_values "Subject")
    assert.same({ 'Digest realm="a", nonce="b"' }, m:header_values "www-authenticate")
    assert.same({ "a, b" }, m:header_values "X-List")
    assert.same({}, m:header_values "Route")
  end)

  it("give empty values where a comma has nothing at one side", function()
    for text, values in pairs { ["a,"] = { "a", "" }, [",a"] = { "", "a" }, [",,"] = { "", "",
      "" }, ["a, ,b"] = { "a", "", "b" }, [""] = {} } do
      local m <const> = parsed(with("Supported: " .. text))
      assert.same(values, m:header_values "Supported")
      assert.same(text == "", m:check() == true)
    end
  end)

  it("In-Reply-To has words in which quotes and brackets mean nothing (25.1)", function()
    assert.same({ '"a@b', "<c" }, parsed(with 'In-Reply-To: "a@b, <c'):header_values "In-Reply-To")
  end)

  it("answer for a token of a list", function()
    local m <const> = parsed(with("Supported: 100rel, Timer", "k: path"))
    for token, there in pairs { ["100REL"] = true, timer = true, path = true, tim = false,
      ["100rel, Timer"] = false, [""] = false } do
      assert.same(there, m:has_token("Supported", token))
    end
    assert.is_false(m:has_token("X-Unknown", "a"))
    assert.is_false(m:has_token("Require", "a"))
  end)

  it("are walked in order, line by line", function()
    local found <const> = {}
    for name, value in pairs(parsed(with("X-A: 1", "s: 2\r\n 3",
      "x-a: 4")).headers) do found[#found + 1] = name .. "=" .. value end
    assert.same("X-A=1 s=2 3 x-a=4 Content-Length=0", table.concat(found, " ", #found - 3))
    assert.same(#found, #parsed(with("X-A: 1", "s: 2\r\n 3", "x-a: 4")).headers)
  end)

  it("have bytes beyond ASCII as they came (25.1 TEXT-UTF8)", function()
    assert.same("h\xe9\xc3\xa9 \xff", parsed(with "Subject: h\xe9\xc3\xa9 \xff").headers.subject)
  end)

  for line, expected in pairs {
    ["Sub ject: a"] = "HEADER_NAME", ["Subject"] = "HEADER_NAME", [": a"] = "HEADER_NAME",
      ["Sub(ject: a"] = "HEADER_NAME",
    ["Subj\x0bect: a"] = "HEADER_NAME", ["Subject\x0b: a"] = "HEADER_NAME",
      ["Subject\x00: a"] = "HEADER_NAME", ["Subj\xe9ct: a"] = "HEADER_NAME",
    ["Subject\r\n : a"] = "HEADER_NAME", ["Subject: a\x00b"] = "HEADER",
      ["Subject: a\x01"] = "HEADER", ["Subject: \x7f"] = "HEADER",
    ["Subject: \\\x00"] = "HEADER", ["X: \x0c"] = "HEADER", ["Subject: a\rb"] = "LINE_END",
      ["Subject: a\nX: b"] = "LINE_END",
    ["Subject: a\r\rX: b"] = "LINE_END", ["Subject: a\n b"] = "LINE_END",
      ["Sub\rject: a"] = "LINE_END", ["\rSubject: a"] = "LINE_END",
    ["Subject: \r"] = "LINE_END",
  } do
    it(("are %s (bug class 7): %q"):format(expected, line), function()
      local text <const> = with("X-Before: 1", line)
      local name <const>, at <const> = error_of(text)
      assert.same(expected, name)
      local from <const>, to <const> = text:find(line, 1, true)
      assert.truthy(at >= from and at <= to + 2, at)
    end)
  end

  it("may hold a quoted control byte, in quotes and comments only (25.1 quoted-pair)", function()
    parsed(with('X: "a\\\x00\\\x7f\\\x01"', "User-Agent: a (b\\\x02)"))
    for _, line in ipairs { 'X: "a\x00"', 'X: "a" \\\x00', "X: a\\\x00", 'X: "a\\\\\x00"',
      'X: "a\\\r"', 'X: "a\\\n"', "X: (a) \\\x00" } do
      assert.truthy((error_of(with(line))))
    end
  end)
end)

describe("what a transaction needs", function()
  local names <const> = { "Via", "From", "To", "Call-ID", "CSeq" }
  local function without(method, name)
    return (messages[method] {}:gsub("\r\n" .. name:gsub("%-", "%%-") .. ":[^\r]*", "", 1))
  end

  it("is mandatory, for every method (RFC 3261 8.1.1, bug class 15)", function()
    for _, method in ipairs { "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK",
      "SUBSCRIBE", "NOTIFY",
                              "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE", "EXTENSION" } do
      for _, name in ipairs(names) do
        local error_name <const>, _, err <const> = error_of(without(method:lower(), name))
        assert.same("MISSING", error_name)
        -- An ACK is never answered, and without Via there is no way back.
        assert.same(method ~= "ACK" and name ~= "Via" and 400 or nil, err.status)
      end
    end
  end)

  it("says which is missing", function()
    for _, name in ipairs { "From", "To", "Call-ID", "CSeq" } do
      assert.same("Missing " .. name, face.parse(without("invite", name)).reason)
    end
  end)

  it("comes once (RFC 3261 7.3.1, bug class 6)", function()
    for _, name in ipairs { "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length",
      "Content-Type", "Expires", "Subject", "Event" } do
      local text <const> = with("Content-Type: a/b", "Expires: 1", "Subject: x", "Event: a")
      local line <const> = text:match("\r\n(" .. name:gsub("%-", "%%-") .. ":[^\r]*)")
      local twice <const> = text:gsub("\r\n\r\n", "\r\n" .. line .. "\r\n\r\n", 1)
      assert.same("DUPLICATE", (error_of(twice)), name)
    end
    assert.same("DUPLICATE", (error_of(with "f: <sip:x>")))
    assert.same("DUPLICATE", (error_of(with "t: ")))
    assert.same("DUPLICATE", (error_of(with "i:")))
    assert.same("DUPLICATE", (error_of(with "l: 0")))
  end)

  it("must not be empty (bug class 6)", function()
    for _, name in ipairs(names) do
      local text <const> = messages.options {}:gsub("(\r\n" .. name:gsub("%-", "%%-")
        .. ":)[^\r]*", "%1", 1)
      assert.same("HEADER", (error_of(text)), name)
    end
  end)

  it("is the first Via's, From's and To's tag, Call-ID and CSeq", function()
    local m <const> = face.parse(messages.bye {
      via = "SIP/2.0/UDP a:5;branch=z9hG4bKx, SIP/2.0/TCP b",
      from_tag = "f", to_tag = "t", cseq = 7 })
    assert.same({ "z9hG4bKx", "a:5", "f", "t", "call-1@10.0.0.9", 7, "BYE", 70 },
      { m.branch, m.sent_by, m.from_tag, m.to_tag, m.call_id, m.cseq, m.method, m.max_forwards })
  end)

  it("names one method (RFC 3261 8.1.1.5)", function()
    local name <const>, _, err <const> = error_of(messages.options { cseq_method = "INVITE" })
    assert.same({ "MISMATCH", 400 }, { name, err.status })
    assert.same("MISMATCH", (error_of(messages.options { cseq_method = "options" })))
    assert.same(501, select(3, error_of(messages.request { method = "FOO",
      cseq_method = "BAR" })).status)
  end)

  it("may have no Max-Forwards and no From tag (RFC 2543 peers)", function()
    local m <const> = parsed(messages.options { from = "<sip:a@b>" }:gsub("Max%-Forwards: 70\r\n",
      ""), nil)
    assert.is_nil(m.max_forwards)
    assert.is_nil(m.from.tag)
  end)
end)

describe("the end of a datagram (RFC 3261 18.3)", function()
  local function body(length, text)
    return messages.message { body = text }:gsub("Content%-Length: %d+", length
      and "Content-Length: " .. length or "X: y")
  end

  it("is that of the body without Content-Length", function()
    assert.same("hello", parsed((body(nil, "hello"))).body)
  end)

  it("is where Content-Length says, and the rest is dropped", function()
    local m <const> = parsed((body(3, "hello")))
    assert.same("hel", m.body)
    assert.same("hel", m.text:sub(-3))
  end)

  it("must have come", function()
    local name <const>, _, err <const> = error_of((body(6, "hello")))
    assert.same({ "CONTENT_LENGTH", 400 }, { name, err.status })
  end)

  it("is behind an empty line", function()
    assert.same("TRUNCATED", (error_of((messages.options {}:gsub("\r\n\r\n$", "\r\n")))))
    assert.same("TRUNCATED", (error_of((messages.options {}:gsub("\r\n\r\n$", "")))))
  end)

  it("may have CRLFs in front of the message (7.5), which count in positions", function()
    local text <const> = messages.options {}
    assert.same(text, parsed("\r\n\r\n" .. text).text)
    local _, at <const> = error_of "\r\n\r\nOPTIONS x"
    assert.truthy(at > 4)
    assert.same("TRUNCATED", (error_of "\r\n\r\n"))
    assert.same("TRUNCATED", (error_of ""))
  end)

  it("bodies hold any byte", function()
    local bytes <const> = {}
    for byte = 0, 255 do bytes[byte + 1] = string.char(byte) end
    local text <const> = table.concat(bytes) .. "\r\n\r\n" .. table.concat(bytes)
    assert.same(text, parsed(messages.message { body = text }).body)
  end)
end)

describe("an answer to a malformed request", function()
  it("needs a sound top Via (RFC 3261 8.2.6.2)", function()
    local good <const> = messages.options { cseq_method = "BYE" }
    assert.same(400, select(3, error_of(good)).status)
    for _, via in ipairs { "SIP/2.0/UDP", "x", "SIP/2.0/UDP -a", "SIP/2.0/UDP a:0" } do
      assert.is_nil(select(3, error_of(messages.options { via = via })).status)
    end
    for _, via in ipairs { "SIP/2.0/UDP a;;", "SIP/7.0/UDP a", "SIP/2.0/UDP a b",
      "SIP/2.0/UDP a;rport=x" } do
      assert.truthy(select(3, error_of(messages.options { via = via })).status)
    end
  end)

  it("copies no control byte", function()
    local function answerable(o) return face.parse(messages.options(o)).answerable end
    assert.is_true(answerable { cseq_method = "BYE" })
    assert.is_false(answerable { from = "<sip:a\rb@c>;tag=1" })
    assert.is_false(answerable { to = "<sip:a@c>\n ;tag=1" })
    assert.is_false(answerable { call_id = "a\0b" })
    assert.is_true(answerable { lines = { "X: a\rb" } })
  end)

  it("has a status that fits", function()
    local function status(text, limits)
      local m <const> = face.parse(text, limits)
      return m.answer, m.reason
    end
    assert.same({ 400, "Malformed From" }, { status(messages.options { from = "x y" }) })
    assert.same({ 400, "Malformed Via" }, { status(messages.options { via = "SIP/2.0/UDP a;;" }) })
    assert.same({ 400, "Malformed Request-URI" }, { status(messages.options { uri = "sip:" }) })
    assert.same({ 400, "Malformed Max-Forwards" },
      { status(messages.options { max_forwards = "x" }) })
    assert.same({ 400, "CR or LF alone" }, { status(with "X: a\rb") })
    assert.same({ 413, "Request Entity Too Large" },
      { status(messages.message { body = ("x"):rep(600) }, { message_size = 600 }) })
    assert.same({ 513, "Message Too Large" }, { status(with("X: " .. ("x"):rep(600), "Y: 1"),
      { message_size = 600 }) })
    assert.same({ 400, "Header field too long" }, { status(with("X: " .. ("x"):rep(600)),
      { header_size = 100 }) })
    assert.same({ 400, "Too many header fields" }, { status(with(), { header_count = 5 }) })
  end)
end)

describe("a message object", function()
  local text <const> = messages.invite { to_tag = "t", body = "v=0", lines = {
    "Content-Type: application/sdp", "Expires: 60", "m: <sip:b@c>;expires=5" } }

  it("has the fields of the message", function()
    local m <const> = parsed(text)
    assert.same({ "INVITE", "peer", "peertag", "t", "call-1@10.0.0.9", 1, "INVITE", 70, 60,
      "application/sdp", "v=0", "z9hG4bKpeer1" },
      { m.method, m.from.user, m.from.tag, m.to.tag, m.call_id, m.cseq, m.cseq_method,
        m.max_forwards, m.expires,
        m.content_type.value, m.body, m.branch })
    assert.same({ "peer", 2, "b", 5 }, { m.contact.user, #m.contacts, m.contacts[2].user,
      m.contacts[2].expires })
    assert.same({ "UDP", "10.0.0.9", 5060, 1 }, { m.via.transport, m.via.host, m.via.port,
      #m.vias })
    assert.same(text, m.text)
    assert.same(text, tostring(m))
  end)

  it("without a flow knows no addresses", function()
    local m <const> = parsed(text)
    assert.same({}, { m.transport, m.source_ip, m.source_port, m.local_ip, m.local_port, m.flow })
  end)

  it("has nil for what is absent or malformed, and typed() says why", function()
    local m <const> = parsed(messages.options { contact = false, lines = { "Expires: soon",
      "Content-Type: x" } })
    assert.same({}, { m.expires, m.content_type, m.contact, m.nothing })
    assert.same({}, m.contacts)
    local value <const>, err <const> = m:typed "Expires"
    assert.same({ nil, "HEADER", "Expires" }, { value, err.name, err.header })
    assert.is_nil(m:typed "Date")
  end)

  it("checks every field when asked (RFC 3261 25.1)", function()
    assert.is_true(parsed(text):check())
    for _, line in ipairs { "Contact: *", "Date: today", "Route: sip:x", "Supported: a b",
      "Allow: ,", "Warning: x",
                            "Retry-After: x", "WWW-Authenticate: Digest", "Record-Route:",
                              "Require:", "Event: a,b" } do
      local ok <const>, err <const> = parsed(with(line)):check()
      assert.is_nil(ok, line)
      assert.same(line:match "^[%w-]+", err.header)
    end
    assert.is_true(parsed(messages.register { contact = "*" }):check())
    assert.is_true(parsed(with("Supported:", "Allow:", "Accept:", "Subject:", "X-y:")):check())
  end)

  it("can be made of text only", function()
    assert.has_error(function() core.message(nil) end)
    assert.has_error(function() core.message {} end)
  end)
end)

describe("generic URIs in every header that has one (bug class 13)", function()
  for _, name in ipairs { "From", "To", "Contact", "Diversion", "Refer-To", "P-Asserted-Identity",
    "Route", "Reply-To" } do
    it("are read or refused in " .. name, function()
      for _, uri in ipairs { "/", "//", "a", "a:", ":", "a:/", "a://", "tel:", "tel:+", "sip:/",
        "sip:?", "sips:@", "mailto:", "urn:", "http:", "*", "sip:[", "sip:a@[", "sip:%" } do
        for _, form in ipairs { "<%s>", '"x" <%s>', "%s", "x <%s>;a", '"x\\" <%s>', "<%s" } do
          local text <const> = form:gsub("%%s", (uri:gsub("%%", "%%%%")))
          local value <const>, err <const> = core.header(name, text)
          assert.truthy(value or err.name)
        end
      end
    end)
  end
end)
