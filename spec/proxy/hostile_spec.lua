-- SPDX-License-Identifier: MIT
--
-- Messages that mean one thing here and another to the next hop: they are refused, or
-- what goes on has one meaning only.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local TO <const> = "10.0.0.21"

-- What becomes of a text: what was forwarded, or the status it was refused with, or nil.
local function fate(text)
  local r <const> = relay.new()
  r:deliver(text)
  local event <const> = r.net:event "request"
  if event then
    r.transaction = event.transaction
    r:proxy { { uri = "sip:bob@" .. TO, via = "sip:" .. TO, headers = { "X-Ours", "1" },
      drop = { "X-Drop" } } }
  end
  local sent <const> = r:last_to(TO)
  return sent, (r:upstream())[1]
end

local function request(lines, body, rest)
  return "MESSAGE sip:bob@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKh\r\n"
    .. "From: <sip:p@10.0.0.9>;tag=t\r\nTo: <sip:bob@10.0.0.1>\r\nCall-ID: h\r\n"
    .. "CSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n" .. lines .. "\r\n" .. (body or "") .. (rest or "")
end

describe("bug class 6: a second To, an empty tag, an odd Via", function()
  it("refuses what there may be once and is twice, whatever its form, and forwards none of it",
    function()
      for _, line in ipairs { "To: <sip:x@y>;tag=", "t: <sip:x@y>", "From: <sip:x@y>;tag=z",
        "Call-ID: other", "i: other", "CSeq: 2 MESSAGE", "Max-Forwards: 1", "To:",
        "to : <sip:a@b>" } do
        local sent <const>, status = fate(request(line .. "\r\n"))
        assert.is_nil(sent, line)
        assert.same(400, status, line)
      end
    end)

  it("refuses an empty tag, which may be taken for none or for one", function()
    for _, value in ipairs { "<sip:bob@10.0.0.1>;tag=", "<sip:bob@10.0.0.1>;tag",
      "sip:bob@10.0.0.1;tag=",
      "<sip:bob@10.0.0.1>;tag=\"\"" } do
      local text <const> = request(""):gsub("To: [^\r]*", "To: " .. value)
      local sent <const> = fate(text)
      if sent then assert.same(value, messages.header(sent, "To")) end
    end
  end)

  it("answers hop by hop from any Via that a response finds its way by", function()
    for _, via in ipairs { "SIP/2.0/UDP 10.0.0.9", "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK;rport",
      "SIP/2.0/UDP 10.0.0.9:5060;a=\"x;branch=y\";branch=z9hG4bKq",
      "SIP / 2.0 / UDP  10.0.0.9 : 5060 ; branch = z9hG4bKs , SIP/2.0/UDP far;branch=1" } do
      local r <const> = relay.new()
      r:deliver((request(""):gsub("Via: [^\r]*", "Via: " .. via)))
      r.transaction = r.net:event("request").transaction
      r:proxy { { uri = "sip:bob@" .. TO, via = "sip:" .. TO } }
      r:answer(TO, 200, { to = "MESSAGE" })
      assert.same({ 200 }, r:upstream())
      local count <const> = select(2, messages.header(r:up(), "Via"):gsub(",", ","))
      assert.same(via:find(",", 1, true) and 1 or 0, count)
    end
  end)
end)

describe("bug class 7: a name that is another one to the next hop", function()
  it("has spaces and tabs alone before its colon; they stay where they are", function()
    local sent <const> = fate(request("X-A\t :1\r\nSubject  : s\r\n"))
    assert.truthy(sent:find("\r\nX-A\t :1\r\nSubject  : s\r\n", 1, true))
  end)

  it("has no other byte in it: 400", function()
    for byte = 0, 255 do
      local char <const> = string.char(byte)
      if not char:find "[%w%-%.!%%%*_%+`'~ \t:\r\n]" then
        for _, name in ipairs { "X" .. char, "X" .. char .. "A", "X-A " .. char } do
          local sent <const>, status = fate(request(name .. ": 1\r\n"))
          assert.is_nil(sent, ("%q"):format(name))
          assert.same(400, status)
        end
      end
    end
  end)

  it("is matched by what is set and taken away as it is by the parser", function()
    for _, line in ipairs { "X-Drop: 1", "x-drop : 1", "X-DROP\t: 1", "X-Drop:" } do
      assert.is_nil((fate(request(line .. "\r\n"))):lower():find "x%-drop")
    end
    for _, line in ipairs { "X-Ours: 2", "x-ours\t : 2", "X-OURS:2" } do
      local sent <const> = fate(request(line .. "\r\n"))
      assert.same(1, select(2, sent:lower():gsub("x%-ours", "")))
    end
  end)
end)

describe("bug class 11: where a message ends", function()
  it("two lengths, in one form or two, are refused even when they are equal", function()
    for _, lines in ipairs { "Content-Length: 3\r\nContent-Length: 3\r\n",
      "Content-Length: 3\r\nl: 3\r\n", "l: 3\r\nContent-Length: 0\r\n", "l: 3\r\nl: 4\r\n" } do
      local sent <const>, status = fate(request(lines, "abc"))
      assert.is_nil(sent)
      assert.same(400, status)
    end
  end)

  it("a length that is no plain number is refused", function()
    for _, value in ipairs { "+3", "-1", "0x3", "3,3", "3 3", "", "3;x", "18446744073709551619",
      "4294967299", "\"3\"" } do
      local sent <const>, status = fate(request("Content-Length: " .. value .. "\r\n", "abc"))
      assert.is_nil(sent, value)
      assert.truthy(status == 400 or status == 413, value)
    end
    assert.is_string((fate(request("Content-Length: 0003\r\n", "abc"))))
  end)

  it("bytes behind the length do not go on", function()
    local sent <const> = fate(request("Content-Length: 3\r\n", "abc",
      "INVITE sip:victim SIP/2.0\r\n\r\n"))
    assert.same("\r\n\r\nabc", sent:sub(-7))
    assert.is_nil(sent:find "victim")
  end)

  it("bare LF, bare CR and NUL are refused, and never travel in a header", function()
    for _, lines in ipairs { "X: a\nY: b\r\n", "X: a\rY: b\r\n", "X: a\0b\r\n", "X: a\n\r\n",
      "X: a\n\nMESSAGE x SIP/2.0\r\n" } do
      local sent <const>, status = fate(request(lines))
      assert.is_nil(sent)
      assert.same(400, status)
    end
  end)

  it("what goes on has the same headers and the same body to whoever reads it again", function()
    for _, lines in ipairs {
      "X-Fold: a\r\n b\r\n\tc\r\nContent-Length: 2\r\n",
      "Content-Type: text/plain\r\nl : 2\r\n", "X-Q: \"a\\\"\r\n b\"\r\nContent-Length:2\r\n",
      "Contact: <sip:a@b>,<sip:c@d>\r\nm: \"x, y\" <sip:e@f>\r\nContent-Length: 2\r\n",
    } do
      local text <const> = request(lines, "\r\n")
      local sent <const> = assert(fate(text), lines)
      local before <const>, after = core.message(text), assert(core.message(sent))
      assert.same("\r\n", after.body)
      for name, value in pairs(before.headers) do
        local lower <const> = name:lower()
        if lower ~= "via" and lower ~= "max-forwards" then
          local found = false
          for other, its in pairs(after.headers) do
            found = found or other == name and its == value
          end
          assert.is_true(found, name)
        end
      end
      assert.same(#before.headers + 3, #after.headers) -- Via, Max-Breadth, X-Ours
    end
  end)

  it("a malformed response goes nowhere", function()
    for _, change in ipairs {
      function(text) return text:gsub("Content%-Length: 0", "Content-Length: 0\r\nl: 5") end,
      function(text) return text:gsub("To:", "To: <sip:x@y>\r\nTo:") end,
      function(text) return text:gsub("\r\n", "\n") end,
      function(text) return text:gsub("SIP/2.0 200", "SIP/2.0 2000") end,
      function(text) return text:gsub("CSeq: 1 INVITE", "CSeq: 1 BYE") end,
    } do
      local r <const> = relay.new()
      r:invite { "sip:bob@" .. TO }
      local text <const> = messages.answer(r:last_to(TO), 200)
      r:deliver((change(text)), { ip = TO })
      assert.same({}, r:upstream())
    end
  end)
end)
