-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"
local face <const> = require "sip_face"

-- Each header with values that its grammar allows (and what of them is read) and
-- values that it does not. `{ text, field = value, ... }` is a value with what
-- core.header gives for it; a string alone need only be allowed.
local function headers(list)
  for _, row in ipairs(list) do
    describe(("%s (%s)"):format(row.name, row.clause), function()
      for _, good in ipairs(row.good) do
        local text <const> = type(good) == "table" and good[1] or good
        it("allows " .. text:gsub("%c", "?"), function()
          assert.is_nil(face.value(row.name, text))
          local value <const>, err <const> = core.header(row.name, text)
          assert.is_nil(err)
          for key, expected in pairs(type(good) == "table" and good or {}) do
            if key == "is" then
              assert.same(expected, value)
            elseif key ~= 1 then
              assert.same(expected, value[key])
            end
          end
        end)
      end
      for _, bad in ipairs(row.bad) do
        local text <const> = type(bad) == "table" and bad[1] or bad
        it("refuses " .. text:gsub("%c", "?"), function()
          local name <const> = face.value(row.name, text)
          assert.truthy(name)
          local value <const>, err <const> = core.header(row.name, text)
          assert.is_nil(value)
          assert.same(row.name, err.header)
          if type(bad) == "table" then assert.same(bad[2], name) end
        end)
      end
    end)
  end
end

headers {
  { name = "Accept", clause = "RFC 3261 20.1",
    good = { { "application/sdp;level=1", value = "application/sdp", params = { level = "1" },
      q = 1 },
             { "Text/HTML ; q = 0.5", type = "text", subtype = "html", q = 0.5 }, "*/*", "text/*",
             { "text/plain;q=0", q = 0 }, { "a/b;q=1.000", q = 1 }, "a/b;x", 'a/b;x="y,z"' },
    bad = { "", "text", "text/", "/plain", "*/plain", "text/plain;", "text/plain;q=2",
      "a/b;q=0.1234",
            "a/b;q=1.001", "a/b;q", "a/b;q=.5", "a b/c", "a/b c" } },
  { name = "Accept-Encoding", clause = "RFC 3261 20.2",
    good = { { "gzip", value = "gzip", q = 1 }, { "identity;q=0.25", q = 0.25 }, "*" },
    bad = { "", "gzip;q=x", "gz/ip", "gzip;;", "gzip deflate" } },
  { name = "Accept-Language", clause = "RFC 3261 20.3",
    good = { { "da", value = "da" }, { "en-gb;q=0.8", value = "en-gb", q = 0.8 }, "*",
      "de-CH-1996" },
    bad = { "", "1en", "en-", "-en", "toolonglanguage", "en_gb", "en-toolongtag1" } },
  { name = "Alert-Info", clause = "RFC 3261 20.4",
    good = { { "<http://www.example.com/sounds/moo.wav>", params = nil }, "<cid:x@y>;a=b",
             "<urn:alert:service:call-waiting>" },
    bad = { "http://www.example.com/x", '"Moo" <http://x>', "<>", "<http://x", "<http://x>;",
      "" } },
  { name = "Allow", clause = "RFC 3261 20.5", good = { { "INVITE", is = "INVITE" }, "X-y" },
    bad = { "", "IN VITE", "INVITE;a", "<x>" } },
  { name = "Allow-Events", clause = "RFC 6665 8.2.2",
    good = { { "presence", is = "presence" }, "a.winfo" }, bad = { "", ".a", "a.", "a..b",
      "a;b" } },
  { name = "Authentication-Info", clause = "RFC 3261 20.6",
    good = { { 'nextnonce="47364c23432d2e131a5fb210812c"', name = "nextnonce",
               value = "47364c23432d2e131a5fb210812c" }, "qop=auth", "nc=00000001" },
    bad = { "", "nextnonce", "nextnonce=", "=x", 'a="b', "a=b c" } },
  { name = "Authorization", clause = "RFC 3261 20.7",
    good = { { 'Digest username="Alice", realm="atlanta.com", '
               .. 'nonce="84a4cc6f3082121f32b42a2187831a9e", '
               .. 'response="7587245234b3434cc3412213e5f113a5432"', scheme = "Digest",
               params = { username = "Alice", realm = "atlanta.com",
                          nonce = "84a4cc6f3082121f32b42a2187831a9e",
                          response = "7587245234b3434cc3412213e5f113a5432" } },
             { 'Digest a="x\\"y,z" , b=c', params = { a = 'x"y,z', b = "c" } },
             { "Bearer abc-._~+/==", scheme = "Bearer", token = "abc-._~+/==" },
               "Basic QWxhZGRpbg==" },
    bad = { "", "Digest", "Digest ", 'Digest a="b', "Digest a=b,", "Digest a=b,,c=d",
      "Digest a=b c=d",
            "Digest a=b,a=c", 'Digest A="b",a="c"', "Digest ,a=b", "Digest a=b;c=d", "=x" } },
  { name = "Call-ID", clause = "RFC 3261 20.8",
    good = { { "f81d4fae-7dec-11d0-a765-00a0c91e6bf6@foo.bar.com",
      is = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6@foo.bar.com" },
             "a", [[()<>:\"/[]?{}@!%*_+`'~]] },
    bad = { "", "@b", "a@", "a@b@c", "a b", "a,b", "a;b", "a=b", "é" } },
  { name = "Call-Info", clause = "RFC 3261 20.9",
    good = { "<http://wwww.example.com/alice/photo.jpg> ;purpose=icon",
      "<http://x/>;purpose=info;b" },
    bad = { "http://x/;purpose=icon", "<http://x/> purpose=icon", "" } },
  { name = "Contact", clause = "RFC 3261 20.10",
    good = { { '"Mr. Watson" <sip:watson@worcester.bell-telephone.com>;q=0.7; expires=3600',
      q = 0.7,
               expires = 3600, display = "Mr. Watson", user = "watson" },
             { "mailto:watson@bell-telephone.com ;q=0.1", q = 0.1 }, { "*", star = true },
             { "sip:a@b;q=0.5", q = 0.5 }, "<sips:a@b?x=y>" },
    bad = { { "sip:a@b?x=y", "URI" }, "<sip:a@b", { "< sip:a@b>", "URI" }, { "<sip:a b@c>", "URI" },
            '"A" sip:a@b', "A. B, <sip:a@b>", "<sip:a@b>;", "<sip:a@b>;a=", "<sip:a@b>;;a",
              "<sip:a@b> x",
            "", "* ;q=1", '"A <sip:a@b>', "<sip:a@b>;a=b=c", "<sip:a@b>;tag=1;tag=2" } },
  { name = "Content-Disposition", clause = "RFC 3261 20.11",
    good = { { "session", value = "session", optional = false },
             { "icon; handling = optional", value = "icon", optional = true }, "x;a;b=c" },
    bad = { "", "a b", "a;", "a;handling", 'a;handling="optional"', ";a" } },
  { name = "Content-Encoding", clause = "RFC 3261 20.12", good = { "gzip" }, bad = { "", "g zip",
    "gzip;q=1" } },
  { name = "Content-Language", clause = "RFC 3261 20.13", good = { "fr", "en-US" }, bad = { "",
    "fr;q=1", "*", "fr-" } },
  { name = "Content-Length", clause = "RFC 3261 20.14", good = { { "349", is = 349 }, "0", "007" },
    bad = { "", "-1", "+1", "1 2", "0x1", "1.0", "five" } },
  { name = "Content-Type", clause = "RFC 3261 20.15",
    good = { { "application/sdp", value = "application/sdp" },
             { 'text/html; charset="ISO-8859-4"', params = { charset = "ISO-8859-4" } },
             { "Multipart / Mixed;boundary=x", value = "multipart/mixed" } },
    bad = { "", "text", "text/", "text/html;", "text/html;charset", "text/html;charset=",
      "a/b/c" } },
  { name = "CSeq", clause = "RFC 3261 20.16",
    good = { { "4711 INVITE", number = 4711, method = "INVITE" }, { "0009\t X-y", number = 9,
      method = "X-y" } },
    bad = { "", "INVITE", "1", "1INVITE", "-1 INVITE", "1 INVITE x", { "2147483648 A", "NUMBER" },
      "1 (A)" } },
  { name = "Date", clause = "RFC 3261 20.17",
    good = { { "Sat, 13 Nov 2010 23:29:00 GMT", is = 1289690940 },
      { "Thu, 01 Jan 1970 00:00:00 GMT", is = 0 },
             { "Tue, 29 Feb 2000 23:59:59 GMT", is = 951868799 } },
    bad = { "", "Sun, 13 Nov 2010 23:29:00 GMT", "Sat, 13 Nov 2010 23:29:00 EST",
      "Sat, 13 Nov 2010 24:00:00 GMT",
            "Sat, 13 Nov 2010 23:60:00 GMT", "Sat, 13 Nov 10 23:29:00 GMT",
              "Mon, 29 Feb 2001 00:00:00 GMT",
            "Sat, 13 Nov 2010 23:29 GMT", "13 Nov 2010 23:29:00 GMT",
              "Sat, 13  Nov 2010 23:29:00 GMT",
            "Sat, 00 Nov 2010 23:29:00 GMT", "Sat, 13 Foo 2010 23:29:00 GMT",
              "Sat, 13 Nov 2010 23:29:00 GMT x" } },
  { name = "Error-Info", clause = "RFC 3261 20.18",
    good = { "<sip:not-in-service-recording@atlanta.com>" },
    bad = { "sip:x@y", "" } },
  { name = "Event", clause = "RFC 6665 8.2.1",
    good = { { "presence", value = "presence" }, { "dialog;id=5;sla", value = "dialog",
      id = "5" }, "a.b.c" },
    bad = { "", "a.", "a;id", 'a;id="x"', "a b", "a,b" } },
  { name = "Expires", clause = "RFC 3261 20.19", good = { { "5", is = 5 }, { "4294967295",
    is = 4294967295 } },
    bad = { "", "-1", "soon", { "4294967296", "NUMBER" }, "1 2", "5;a" } },
  { name = "From", clause = "RFC 3261 20.20",
    good = { { '"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s', display = "A. G. Bell",
      tag = "a48s" },
             { "sip:+12125551212@server.phone2net.com;tag=887s", user = "+12125551212",
               tag = "887s" },
             { "Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8", display = "Anonymous" },
             { "caller<sip:caller@example.com>;tag=323", display = "caller" },
               "<tel:+1-201-555-0123>",
             "<http://example.com>;tag=1", "a b c <sip:x>" },
    bad = { "", "*", "sip:a@b;tag=", '<sip:a@b>;tag="x"', "<sip:a@b>, <sip:c@d>",
      "Bell, A <sip:a@b>", "<>" } },
  { name = "History-Info", clause = "RFC 7044 5",
    good = { "<sip:a@b?Reason=SIP%3Bcause%3D302>;index=1.1" }, bad = { "sip:a@b", "" } },
  { name = "In-Reply-To", clause = "RFC 3261 20.21", good = { '"unpaired<@x' }, bad = { "",
    "a b" } },
  { name = "Max-Forwards", clause = "RFC 3261 20.22", good = { { "6", is = 6 } }, bad = { "",
    "-1", "6 hops" } },
  { name = "MIME-Version", clause = "RFC 3261 20.24", good = { "1.0" }, bad = { "", "1 .0" } },
  { name = "Min-Expires", clause = "RFC 3261 20.23", good = { { "60", is = 60 } }, bad = { "",
    "60s" } },
  { name = "Min-SE", clause = "RFC 4028 5", good = { { "60;lr", seconds = 60 } }, bad = { "", "x",
    "60;" } },
  { name = "Priority", clause = "RFC 3261 20.26", good = { "emergency", "my-own" }, bad = { "",
    "non urgent" } },
  { name = "Proxy-Authenticate", clause = "RFC 3261 20.27",
    good = { { 'Digest realm="atlanta.com", domain="sip:ss1.carrier.com", qop="auth", '
               .. 'nonce="f84f", '
               .. 'opaque="", stale=FALSE, algorithm=MD5', scheme = "Digest",
               params = { realm = "atlanta.com", domain = "sip:ss1.carrier.com", qop = "auth",
                 nonce = "f84f",
                          opaque = "", stale = "FALSE", algorithm = "MD5" } } },
    bad = { "Digest realm", "Digest" } },
  { name = "RAck", clause = "RFC 3262 7.2",
    good = { { "776656 1 INVITE", rseq = 776656, number = 1, method = "INVITE" },
             { "4294967295 0 A", rseq = 4294967295 } },
    bad = { "", "1 INVITE", { "0 1 INVITE", "NUMBER" }, { "4294967296 1 INVITE", "NUMBER" },
      "1 1", "1 1 A B" } },
  { name = "Reason", clause = "RFC 3326 2",
    good = { { 'SIP ;cause=200 ;text="Call completed elsewhere"', value = "SIP", cause = 200,
               text = "Call completed elsewhere" }, { "Q.850;cause=16", value = "Q.850",
                 cause = 16 }, "SIP" },
    bad = { "", "SIP;cause=", "SIP;cause=x", "SIP;text=unquoted", { "SIP;cause=4294967296",
      "NUMBER" } } },
  { name = "Record-Route", clause = "RFC 3261 20.30",
    good = { "<sip:server10.biloxi.com;lr>", '"x" <sip:bigbox3.site3.atlanta.com;lr>;a=b' },
    bad = { "sip:server10.biloxi.com;lr", "", "*" } },
  { name = "Refer-To", clause = "RFC 3515 2.1",
    good = { "<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345>",
      "sip:a@b" },
    bad = { "", "sip:a@b?Replaces=x" } },
  { name = "Replaces", clause = "RFC 3891 6.1",
    good = { { "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff",
      call_id = "98732@sip.example.com",
               to_tag = "ff87ff", from_tag = "r33th4x0r", early_only = false },
             { "a;to-tag=1;from-tag=2;early-only", early_only = true } },
    bad = { "", "a", "a;to-tag=1", "a;from-tag=1", "a;to-tag=1;to-tag=2;from-tag=3",
      "a;to-tag=;from-tag=2" } },
  { name = "Require", clause = "RFC 3261 20.32", good = { "100rel" }, bad = { "", "a b", "a;b" } },
  { name = "Retry-After", clause = "RFC 3261 20.33",
    good = { { "18000;duration=3600", seconds = 18000, duration = 3600 },
             { "120 (I'm in a meeting)", seconds = 120, comment = "I'm in a meeting" },
             { "5 (a (nested \\) one) b);x", comment = "a (nested \\) one) b" } },
    bad = { "", "x", "5 (", "5 (a", "5 (a(b)", "5 a", { "4294967296", "NUMBER" }, "5;duration=x",
      "5 (a) b" } },
  { name = "Route", clause = "RFC 3261 20.34", good = { "<sip:bigbox3.site3.atlanta.com;lr>" },
    bad = { "sip:bigbox3.site3.atlanta.com", "<sip:a>;", "" } },
  { name = "RSeq", clause = "RFC 3262 7.1", good = { { "988789", is = 988789 } }, bad = { "",
    "x" } },
  { name = "Server", clause = "RFC 3261 20.35", good = { "HomeServer v2", "a/1 (b (c)) d / 2" },
    bad = { "", "a/", "(a", "a,b", "a/1/2" } },
  { name = "Session-Expires", clause = "RFC 4028 4",
    good = { { "4000;refresher=UAC", seconds = 4000, refresher = "uac" }, { "90", seconds = 90 } },
    bad = { "", "x", "90;refresher=me", "90;refresher" } },
  { name = "Subscription-State", clause = "RFC 6665 8.2.3",
    good = { { "active;expires=600", value = "active", expires = 600 },
             { "Terminated;reason=probation;retry-after=5", value = "terminated",
               reason = "probation",
               retry_after = 5 }, { "pending", value = "pending" }, "other" },
    bad = { "", "active;expires=x", "active;", "a b", { "active;expires=4294967296", "NUMBER" } } },
  { name = "Supported", clause = "RFC 3261 20.37", good = { "timer" }, bad = { "", "a/b" } },
  { name = "Target-Dialog", clause = "RFC 4538 7",
    good = { { "fa77@x;local-tag=kkaz-;remote-tag=6544", to_tag = "kkaz-", from_tag = "6544" } },
    bad = { "fa77@x;local-tag=kkaz-", "fa77@x;to-tag=1;from-tag=2" } },
  { name = "Timestamp", clause = "RFC 3261 20.38",
    good = { { "54", time = "54" }, { "54.2 0.3", time = "54.2", delay = "0.3" }, "1. .5" },
    bad = { "", ".5", "x", "1 2 3", "1.2.3", "-1" } },
  { name = "To", clause = "RFC 3261 20.39",
    good = { { "The Operator <sip:operator@cs.columbia.edu>;tag=287447", display = "The Operator" },
             "sip:+12125551212@server.phone2net.com" },
    bad = { "", "sip:a@b, sip:c@d", "<sip:a@b>;tag" } },
  { name = "User-Agent", clause = "RFC 3261 20.41", good = { "Softphone Beta1.5" }, bad = { "",
    "a(", "a@b" } },
  { name = "Via", clause = "RFC 3261 20.42",
    good = { { "SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7",
      transport = "UDP",
               host = "erlang.bell-telephone.com", port = 5060, branch = "z9hG4bK87asdks7" },
             { "SIP/2.0/UDP 192.0.2.1:5060 ;received=192.0.2.207;branch=z9hG4bK77asjd",
               received = "192.0.2.207" },
             { "SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7",
               port = 4000, maddr = "224.2.0.1" },
             { "SIP/2.0/TLS [2001:db8::9:1];rport;branch=a", host = "[2001:db8::9:1]" },
             { "sip/2.0/udp a;rport=5070;received=1.2.3.4", rport = 5070 },
             { "SIP/2.0/X-y a.b.", transport = "X-y", host = "a.b." } },
    bad = { "", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0 UDP a", "UDP a", { "SIP/3.0/UDP a",
      "VERSION" },
            "SIP/2.0/UDP a;", "SIP/2.0/UDP a;;b", "SIP/2.0/UDP a:0", "SIP/2.0/UDP a:65536",
              "SIP/2.0/UDP a:",
            "SIP/2.0/UDP a b", "SIP/2.0/UDP a;branch=", 'SIP/2.0/UDP a;branch="x"',
              "SIP/2.0/UDP a;branch=1;branch=2",
            { "SIP/2.0/UDP a;ttl=256", "NUMBER" }, { "SIP/2.0/UDP a;rport=0", "NUMBER" },
            { "SIP/2.0/UDP a;rport=65536", "NUMBER" }, "SIP/2.0/UDP a;received=host",
              "SIP/2.0/UDP -a",
            "SIP/2.0/UDP a-", "SIP/2.0/UDP a..b", "SIP/2.0/UDP 1.2.3", "SIP/2.0/UDP 1.2.3.256",
              "SIP/2.0/UDP 2001:db8::1",
            "SIP/2.0/UDP a;maddr=-x", "SIP/2.0/UDP a_b" } },
  { name = "Warning", clause = "RFC 3261 20.43",
    good = { { '307 isi.edu "Session parameter \'foo\' not understood"', code = 307,
      agent = "isi.edu",
               text = "Session parameter 'foo' not understood" },
             { '301 [2001:db8::1]:5060 "Incompatible \\"x\\""', agent = "[2001:db8::1]:5060",
               text = 'Incompatible "x"' },
             '399 my_pseudonym ""' },
    bad = { "", "307 isi.edu", '3070 isi.edu "x"', '30 isi.edu "x"', '307 "x"', "307 isi.edu x",
      '307 isi.edu "x',
            '307 isi.edu "x" y' } },
}

describe("a header without a grammar of its own (RFC 3261 7.3.1)", function()
  it("is text, with folds as one space", function()
    assert.same(";;,,;;,;", core.header("X-Unusual", ";;,,;;,;"))
    assert.same("a b c", core.header("Subject", "a \r\n b\t\r\n\tc"))
    assert.same("", core.header("Organization", ""))
  end)
end)

describe("header names (RFC 3261 7.3.1, 7.3.3, 20)", function()
  local rows <const> = face.header_names()

  it("are found by long and compact name, whatever their case", function()
    for id, row in ipairs(rows) do
      for _, name in ipairs { row[1], row[1]:upper(), row[1]:lower(), row[2], row[2]
        and row[2]:upper() } do
        assert.same(id, face.find_header(name), name)
      end
    end
  end)

  it("are not found by anything that differs in one byte", function()
    for _, row in ipairs(rows) do
      local name <const> = row[1]
      for i = 1, #name do
        for _, byte in ipairs { 0, 9, 10, 13, 32, 45, 48, 64, 91, 96, 122, 123, 127, 141, 255 } do
          local other <const> = name:sub(1, i - 1) .. string.char(byte) .. name:sub(i + 1)
          if other:lower() ~= name:lower() then assert.same(0, face.find_header(other), other) end
        end
      end
      assert.same(0, face.find_header(name .. "x"))
      if name ~= "To" then assert.same(0, face.find_header(name:sub(1, -2))) end -- "T" is To
      assert.same(0, face.find_header("x" .. name))
    end
  end)

  it("have the compact forms of their RFCs", function()
    local compact <const> = {}
    for _, row in ipairs(rows) do
      if row[2] then compact[#compact + 1] = row[2] .. "=" .. row[1] end
    end
    table.sort(compact)
    assert.same({
      "a=Accept-Contact", "b=Referred-By", "c=Content-Type", "d=Request-Disposition",
        "e=Content-Encoding",
      "f=From", "i=Call-ID", "j=Reject-Contact", "k=Supported", "l=Content-Length", "m=Contact",
      "n=Identity-Info", "o=Event", "r=Refer-To", "s=Subject", "t=To", "u=Allow-Events", "v=Via",
      "x=Session-Expires", "y=Identity" }, compact)
  end)

  it("and no name at all is none", function()
    assert.same(0, face.find_header "")
    assert.same(0, face.find_header(("x"):rep(1000)))
  end)
end)

describe("methods (RFC 3261 7.1)", function()
  it("are the fourteen by exact case; all others are extensions", function()
    local seen <const> = {}
    for _, name in ipairs { "INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "PRACK",
      "SUBSCRIBE",
                            "NOTIFY", "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE" } do
      local id <const>, spelt <const> = face.method(name)
      assert.same(name, spelt)
      assert.is_nil(seen[id])
      seen[id] = true
      assert.same(0, (face.method(name:lower())))
      assert.same(0, (face.method(name .. "X")))
      assert.same(0, (face.method(name:sub(1, -2))))
    end
    assert.same(0, (face.method "BYTE"))
    assert.same(0, (face.method "PULLISH"))
  end)
end)

describe("reason phrases (RFC 3261 21, 8.1.3.2)", function()
  it("are those registered, or the class's", function()
    for status, phrase in pairs { [100] = "Trying", [199] = "Early Dialog Terminated",
      [200] = "OK", [202] = "Accepted",
                                  [300] = "Multiple Choices", [404] = "Not Found",
                                    [439] = "First Hop Lacks Outbound Support",
                                  [489] = "Bad Event", [580] = "Precondition Failure",
                                    [608] = "Rejected",
                                  [499] = "Bad Request", [299] = "OK", [699] = "Busy Everywhere",
                                    [555] = "Push Notification Service Not Supported" } do
      assert.same(phrase, face.reason(status))
    end
    assert.same("", face.reason(700))
    assert.same("", face.reason(99))
  end)
end)
