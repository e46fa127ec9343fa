-- SPDX-License-Identifier: MIT
--
-- The grammar of RFC 8866 9, line by line: what is a value of its letter, and where
-- the first byte is that makes it none.

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

local OPENING <const> = { "v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0" }

-- A description in which that line takes the place of the one with its letter, or
-- stands where it belongs.
local function with(line)
  local lines <const>, letter <const>, placed = {}, line:sub(1, 1), false
  for _, one in ipairs(OPENING) do
    if one:sub(1, 1) == letter then one, placed = line, true end
    lines[#lines + 1] = one
  end
  if not placed then lines[#lines + 1] = line end
  return lines
end

local function sound(line)
  local text <const> = descriptions.text(with(line))
  local parsed <const>, err = core.sdp(text)
  assert(parsed, ("%s: %s"):format(line, err and err.reason))
  assert.equal(text, parsed.text)
end

-- The byte of the line that is wrong, counted from 1; without one it is not asked.
local function malformed(line, at, name)
  local lines <const>, before = with(line), 0
  local parsed <const>, err = core.sdp(descriptions.text(lines))
  assert.is_nil(parsed, line)
  assert.equal(name or "SDP_LINE", err.name, line)
  assert.equal("media", err.kind)
  for i = 1, err.line - 1 do before = before + #lines[i] + 2 end
  assert.equal(line, lines[err.line])
  if at then assert.equal(at, err.at - before, line) end
end

-- letter, sound values, then values with the byte that is wrong (of the whole line)
local TABLE <const> = {
  { "v= (5.1)", { "v=0", "v= 0 " },
    { { "v=1", 3 }, { "v=", 3 }, { "v=00x", 3 }, { "v=-1", 3 }, { "v=0 0", 5 } } },
  { "o= (5.2)",
    { "o=- 0 0 IN IP4 192.0.2.1", "o=jdoe 3724394400 3724394405 IN IP6 2001:db8::1",
      "o=- 18446744073709551616 99999999999999999999999 IN IP4 host.example",
      "o=ü 1 1 IN IP4 h", "o=-  1 1  IN IP4 h " },
    { { "o=", 3 }, { "o=-", 4 }, { "o=- 1", 6 }, { "o=- 1 1 IN IP4", 15 },
      { "o=- x 1 IN IP4 h", 5 }, { "o=- 1 -1 IN IP4 h", 7 }, { "o=- 1 1 I@N IP4 h", 9 },
      { "o=- 1 1 IN I:P4 h", 12 }, { "o=- 1 1 IN IP4 h x", 18 }, { "o=a\tb 1 1 IN IP4 h", 3 } } },
  { "s= (5.3)", { "s=-", "s= ", "s=A talk, in ütf-8", "s=" }, {} },
  { "i= (5.4)", { "i=of the session", "i=" }, {} },
  { "u= (5.5)", { "u=http://www.example.com/x?y" }, {} },
  { "e= and p= (5.6)", { "e=j.doe@example.com (Jane Doe)", "p=+1 617 555-6011" }, {} },
  { "c= (5.7)",
    { "c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0", "c=IN IP4 host.example.com", "c=IN IP4 host.",
      "c=IN IP6 2001:db8::1", "c=IN IP6 ::", "c=IN IP6 a.invalid", "c=IN IP4 233.252.0.1/127",
      "c=IN IP4 233.252.0.1/127/3", "c=IN IP6 ff00::db8:0:101/3", "c=IN IP6 ff15::101",
      "c=TN RFC2543 +1-201-406-4090", "c=IN  IP4  192.0.2.1 " },
    { { "c=", 3 }, { "c=IN", 5 }, { "c=IN IP4", 9 }, { "c=I/N IP4 h", 3 },
      { "c=IN IP4 192.0.2", 10 }, { "c=IN IP4 192.0.2.256", 10 }, { "c=IN IP4 192.0.2.01", 10 },
      { "c=IN IP4 2001:db8::1", 10 }, { "c=IN IP6 192.0.2.1", 10 }, { "c=IN IP6 2001:db8:::1", 10 },
      { "c=IN IP6 [2001:db8::1]", 10 }, { "c=IN IP4 192.0.2.1/127", 10 },
      { "c=IN IP4 233.252.0.1", 10 }, { "c=IN IP4 233.252.0.1/", 10 },
      { "c=IN IP4 233.252.0.1/256", 10 }, { "c=IN IP4 233.252.0.1/1/", 10 },
      { "c=IN IP4 233.252.0.1/1/0", 10 }, { "c=IN IP6 2001:db8::1/3", 10 },
      { "c=IN IP6 ff15::101/x", 10 }, { "c=IN IP6 ff15::101/", 10 },
      { "c=IN IP6 fe80::1%eth0", 10 }, { "c=IN IP4 a_b", 10 }, { "c=IN IP4 -", 10 },
      { "c=IN IP4 .", 10 },
      { "c=IN IP4 h\tx", 10 }, { "c=IN IP4 192.0.2.1 x", 20 } } },
  { "b= (5.8)", { "b=AS:64", "b=X-YZ:128", "b=TIAS:0", "b=CT:9223372036854775807" },
    { { "b=", 3 }, { "b=AS", 3 }, { "b=AS:", 3 }, { "b=:64", 3 }, { "b=A,S:1", 3 },
      { "b=AS:-1", 3 }, { "b=AS:1k", 3 }, { "b=AS:9223372036854775808", 3 }, { "b=AS:1 2", 8 } } },
  { "t= (5.9)", { "t=0 0", "t=3724394400 3724398000", "t=100000000000000000000000 0" },
    { { "t=", 3 }, { "t=0", 4 }, { "t=0 x", 5 }, { "t=-1 0", 3 }, { "t=0 0 0", 7 } } },
  { "r= (5.10)", { "r=604800 3600 0 90000", "r=7d 1h 0 25h", "r=1s 1m 0" },
    { { "r=7d 1h", 8 }, { "r=7w 1h 0", 3 }, { "r=7d 1h -1", 9 }, { "r=d 1h 0", 3 }, { "r=", 3 } } },
  { "z= (5.11)", { "z=3730928400 -1h 3749680800 0", "z=1 1" },
    { { "z=1", 4 }, { "z=1 2 3", 8 }, { "z=1h 1", 3 }, { "z=1 -", 5 }, { "z=", 3 } } },
  { "k= (5.12)", { "k=prompt", "k=clear:x" }, {} },
  { "a= (5.13)",
    { "a=recvonly", "a=orient:landscape", "a=x:", "a=x: y", "a=x:a:b:c", "a=tool:é \1\t\127",
      "a=!#$%&'*+-.^_`{|}~09azAZ:1" },
    { { "a=", 3 }, { "a=:x", 3 }, { "a= x", 3 }, { "a=x y:1", 3 }, { "a=x(1)", 3 },
      { "a=ü:1", 3 } } },
  { "m= (5.14)",
    { "m=audio 49170 RTP/AVP 0", "m=audio 49170 RTP/AVP 0 8 127", "m=video 49170/2 RTP/AVP 31",
      "m=audio 0 RTP/AVP 0", "m=audio 65535 RTP/AVP 0", "m=image 4000 udptl t38",
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "m=message 7394 TCP/MSRP *",
      "m=audio  49170  RTP/AVP  0  8 " },
    { { "m=", 3 }, { "m=audio", 8 }, { "m=audio 1", 10 }, { "m=audio 1 RTP/AVP", 18 },
      { "m=audio 65536 RTP/AVP 0", 9 }, { "m=audio -1 RTP/AVP 0", 9 }, { "m=audio x RTP/AVP 0", 9 },
      { "m=audio 4294967296 RTP/AVP 0", 9 }, { "m=audio 1/ RTP/AVP 0", 9 },
      { "m=audio 1/0 RTP/AVP 0", 9 }, { "m=audio 1/65536 RTP/AVP 0", 9 },
      { "m=audio 1 RTP//AVP 0", 11 }, { "m=audio 1 /RTP 0", 11 }, { "m=audio 1 RTP/ 0", 11 },
      { "m=au/dio 1 RTP/AVP 0", 3 }, { "m=audio 1 RTP/AVP 128", 19 },
      { "m=audio 1 RTP/AVP 0 -1", 21 },
      { "m=audio 1 RTP/SAVPF x", 21 }, { "m=audio 1 UDP/TLS/RTP/SAVPF x", 29 },
      { "m=image 1 udptl t@38", 17 } } },
}

describe("the grammar (RFC 8866 9):", function()
  for _, row in ipairs(TABLE) do
    it(row[1], function()
      for _, line in ipairs(row[2]) do sound(line) end
      for _, bad in ipairs(row[3]) do malformed(bad[1], bad[2]) end
    end)
  end

  it("a letter that is not understood refuses the description (5)", function()
    for byte = 1, 255 do
      local letter <const> = string.char(byte)
      if not ("vosiuepcbtrzkam\r\n"):find(letter, 1, true) then
        malformed(letter .. "=x", 1)
      end
    end
    malformed("a", 1)
    malformed("=", 1)
    malformed("a:b", 1)
    malformed(" a=b", 1)
    malformed("A=b", 1)
  end)

  it("rtpmap is payload type, name, clock rate and channels (6.6)", function()
    local function map(value)
      return descriptions.audio { "m=audio 1 RTP/AVP 0 96", "a=rtpmap:" .. value }
    end
    for _, value in ipairs { "96 L8/8000", "96 L16/11025/2", "96 opus/48000/2", "0 pcmu/8000",
                             "97 of/1", "96  X/1 ", "127 X/4294967295/65535" } do
      assert(core.sdp(map(value)), value)
    end
    for _, value in ipairs { "", "96", "96 L8", "96 L8/", "96 /8000", "96 L8/0", "96 L8/x",
                             "96 L8/8000/", "96 L8/8000/0", "96 L8/8000/x", "128 L8/8000",
                             "65535 L8/8000", "-1 L8/8000", "x L8/8000", "96 L8/4294967296",
                             "96 L@8/8000", "96 L8/8000 x", "96 L8/8000/65536" } do
      local parsed <const>, err = core.sdp(map(value))
      assert.is_nil(parsed, value)
      assert.same({ "SDP_LINE", 7 }, { err.name, err.line }, value)
    end
  end)
end)
