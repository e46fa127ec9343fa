-- SPDX-License-Identifier: MIT

local face <const> = require "sip_face"
local messages <const> = require "spec.support.messages"
local ours <const> = require "spec.torture.ours"
local rfc <const> = require "spec.torture.rfc"
local verdicts <const> = require "spec.torture.verdicts"

-- Messages that hold most headers there are.
local rich <const> = {
  messages.invite { body = "v=0\r\n", to_tag = "t", lines = {
    'Authorization: Digest username="a\\"b", realm="r", nonce="n", uri="sip:x", response="0", '
      .. "qop=auth, nc=00000001",
    "Record-Route: <sip:p1;lr>, <sip:p2;lr>", "Route: <sip:[2001:db8::1]:5070;lr>",
      "Supported: 100rel, timer",
    'Warning: 301 a.b:5 "x \\" y"', "Retry-After: 5 (a (b\\)) c);duration=6",
      "Session-Expires: 90;refresher=uas",
    "Date: Sat, 13 Nov 2010 23:29:00 GMT", "Subject: a\r\n b", "Content-Type: application/sdp",
      "Event: presence.winfo;id=1",
    "Accept-Language: en;q=0.5, de", "Timestamp: 1.5 .1", 'Reason: Q.850;cause=16;text="x"',
      "RAck: 1 1 INVITE",
    "Refer-To: <sip:a@b?Replaces=c%3Bto-tag%3D1>", "Replaces: a@b;to-tag=1;from-tag=2;early-only",
    'Call-Info: <http://x/>;purpose=icon', "Subscription-State: active;expires=5",
      "User-Agent: a/1 (b) c" } },
}
for _, row in ipairs(verdicts) do
  if row.rfc == 5118 or #ours(row.name) < 1500 then rich[#rich + 1] = ours(row.name) end
end

-- All of ours, and the RFCs' own where their texts are.
local all <const> = table.move(rich, 1, #rich, 1, {})
for _, row in ipairs(verdicts) do all[#all + 1] = ours(row.name) end
for _, number in ipairs { 4475, 5118 } do
  for _, text in pairs(rfc.text(number) and rfc.messages(number) or {}) do all[#all + 1] = text end
end

describe("a message cut short at every byte (bug class 8)", function()
  it("is an error or a shorter message, and reads nothing behind its end", function()
    for _, text in ipairs(all) do
      local whole <const> = face.parse(text)
      for len = 0, #text - 1 do
        local m <const> = face.parse(text:sub(1, len))
        assert.truthy(m.len <= len)
        -- Without its last bytes a sound message can only be sound when it needed none of them.
        if not whole.error and len < whole.len - whole.body_len then assert.truthy(m.error) end
      end
    end
  end)
end)

describe("a message with one byte changed (figure 17)", function()
  for _, byte in ipairs { "\0", "\n", "\r", " ", '"', ":", "\x7f", "\xff", ",", ";", "<", ">",
    "\\", "%", "@" } do
    it(("to %q anywhere is read or refused"):format(byte), function()
      for _, text in ipairs(rich) do
        for i = 1, #text, #text > 700 and 3 or 1 do
          local m <const> = face.parse(text:sub(1, i - 1) .. byte .. text:sub(i + 1))
          assert.truthy(m.error or m.check)
        end
      end
    end)
  end
end)

describe("a header cut short at every byte (bug class 16)", function()
  local values <const> = {
    Via = 'SIP/2.0/UDP [2001:db8::1]:5060;branch=z9hG4bK1;received="x";rport=5;maddr=a.b;ttl=1',
      From = '"A \\" B" <sip:a:b@c:5;x=y?h=i>;tag=1',
    To = "Bob Smith <tel:+1-2;ext=3>;a=b", ["Call-ID"] = "a@b", CSeq = "1 INVITE",
      Contact = '<sips:%41@[::1]>;q=0.5;expires=5',
    Route = '"x" <sip:a;lr>;y', ["Content-Type"] = 'a/b;c="d\\"e"', Accept = "a/b;q=0.5",
      Date = "Sat, 13 Nov 2010 23:29:00 GMT",
    Warning = '301 a:5 "x\\""', ["Retry-After"] = "5 (a (b) \\) c);duration=6",
      Authorization = 'Digest a="b\\"c", d=e',
    ["Session-Expires"] = "90;refresher=uac", Event = "a.b;id=c",
      ["Subscription-State"] = "active;expires=5", RAck = "1 2 INVITE",
    Reason = 'SIP;cause=1;text="x"', Replaces = "a@b;to-tag=1;from-tag=2", Timestamp = "1.2 3.4",
      ["User-Agent"] = "a/1 (b\\) c) d",
    ["Content-Disposition"] = "session;handling=optional", ["Accept-Language"] = "en-gb;q=0.1",
      ["Authentication-Info"] = 'a="b"',
    ["Call-Info"] = "<http://x/>;purpose=icon", ["In-Reply-To"] = "a@b",
      ["Target-Dialog"] = "a;local-tag=b;remote-tag=c",
    ["History-Info"] = "<sip:a?Reason=b>;index=1", ["Min-SE"] = "5;x",
      ["Accept-Encoding"] = "gzip;q=1", ["Content-Language"] = "en-GB",
  }
  for name, value in pairs(values) do
    it(name .. " is read or refused", function()
      for len = 0, #value do
        for _, tail in ipairs { "", "\r\n ", "\0", '"', "\\", "%", ";", ",", "<", "[" } do
          local error_name <const> = face.value(name, value:sub(1, len) .. tail)
          assert.truthy(error_name == nil or #error_name > 0)
        end
      end
    end)
  end
end)
