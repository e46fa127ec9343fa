-- SPDX-License-Identifier: MIT
--
-- lua5.4 corpus.lua FILE: what a busy server receives. A call (INVITE of 900 bytes
-- with SDP, its 200, ACK, BYE) and a REGISTER with credentials, as phones write
-- them, with other names, numbers and tags in each.

local VARIANTS <const> = 64
math.randomseed(5060)

local function token(len)
  local letters <const> = {}
  for i = 1, len do letters[i] = ("0123456789abcdef"):sub(math.random(16)):sub(1, 1) end
  return table.concat(letters)
end

local function ip() return ("192.0.2.%d"):format(math.random(1, 254)) end

local function message(first, lines, body)
  lines[#lines + 1] = "Content-Length: " .. #body
  return first .. "\r\n" .. table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

local function sdp(host)
  return table.concat({
    "v=0", ("o=- %d %d IN IP4 %s"):format(math.random(10^6), math.random(10^6), host), "s=-",
    "c=IN IP4 " .. host, "t=0 0",
    ("m=audio %d RTP/AVP 9 8 0 101"):format(math.random(5000, 30000) * 2),
    "a=rtpmap:9 G722/8000", "a=rtpmap:8 PCMA/8000", "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=sendrecv", "" }, "\r\n")
end

local function new_call()
  local host <const>, number <const> = ip(), tostring(math.random(100, 99999))
  return {
    host = host, number = number, branch = "z9hG4bK-524287-1---" .. token(16),
    from = ('"Alice %s" <sip:%s@example.com>;tag=%s'):format(number, number, token(8)),
    to = ("<sip:+4930%d@example.com>"):format(math.random(10^6, 10^7 - 1)), to_tag = token(10),
    call_id = ("%s@%s"):format(token(24), host), cseq = math.random(1, 9999),
    target = ("sip:+49301234@198.51.100.%d:5060"):format(math.random(1, 254)),
  }
end

local function top_via(c) return ("Via: SIP/2.0/UDP %s:5060;branch=%s;rport"):format(c.host,
  c.branch) end

local function invite(c)
  return message(("INVITE %s SIP/2.0"):format(c.target), {
    top_via(c), "Max-Forwards: 70",
    ("Contact: <sip:%s@%s:5060>"):format(c.number, c.host), "To: " .. c.to, "From: " .. c.from,
    "Call-ID: " .. c.call_id, ("CSeq: %d INVITE"):format(c.cseq),
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO",
    "Content-Type: application/sdp", "Supported: replaces, timer",
    "User-Agent: Phone/5.2.1 (desk)", "Allow-Events: presence, kpml, talk",
    "Session-Expires: 1800;refresher=uac", "Min-SE: 90",
  }, sdp(c.host))
end

local function ok(c)
  return message("SIP/2.0 200 OK", {
    top_via(c) .. ("=5060;received=%s"):format(c.host),
    "Record-Route: <sip:198.51.100.1;lr;ftag=" .. token(8) .. ">",
    ("Contact: <%s>"):format(c.target), ("To: %s;tag=%s"):format(c.to, c.to_tag), "From: "
      .. c.from,
    "Call-ID: " .. c.call_id, ("CSeq: %d INVITE"):format(c.cseq),
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO",
    "Content-Type: application/sdp", "Supported: replaces, timer", "Server: Gateway/2.11",
  }, sdp("198.51.100.7"))
end

local function in_dialog(c, method, cseq)
  return message(("%s %s SIP/2.0"):format(method, c.target), {
    ("Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK-%s;rport"):format(c.host, token(16)),
    "Max-Forwards: 70", "Route: <sip:198.51.100.1;lr;ftag=" .. token(8) .. ">",
    ("Contact: <sip:%s@%s:5060>"):format(c.number, c.host),
    ("To: %s;tag=%s"):format(c.to, c.to_tag), "From: " .. c.from, "Call-ID: " .. c.call_id,
    ("CSeq: %d %s"):format(cseq, method), "User-Agent: Phone/5.2.1 (desk)",
  }, "")
end

local function register(c)
  local aor <const> = ("<sip:%s@example.com>"):format(c.number)
  return message("REGISTER sip:example.com SIP/2.0", {
    top_via(c), "Max-Forwards: 70",
    ("Contact: <sip:%s@%s:5060;transport=udp>;expires=3600"):format(c.number, c.host),
    "To: " .. aor, ("From: %s;tag=%s"):format(aor, token(8)), "Call-ID: " .. c.call_id,
    ("CSeq: %d REGISTER"):format(c.cseq), "Expires: 3600", "Supported: path, outbound",
    "User-Agent: Phone/5.2.1 (desk)",
    ('Authorization: Digest username="%s", realm="example.com", nonce="%s", uri="sip:a.example", ')
      :format(c.number, token(40))
      .. ('response="%s", cnonce="%s", opaque="%s", qop=auth, nc=00000001, algorithm=MD5')
      :format(token(32), token(16), token(16)),
  }, "")
end

local out <close> = assert(io.open(arg[1], "wb"))
for _ = 1, VARIANTS do
  local c <const> = new_call()
  for _, text in ipairs { invite(c), register(c), ok(c), in_dialog(c, "ACK", c.cseq),
                          in_dialog(c, "BYE", c.cseq + 1) } do
    out:write(string.pack("<s4", text))
  end
end
