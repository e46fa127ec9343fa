-- SPDX-License-Identifier: MIT
--
-- Descriptions made to break a parser or a negotiation: classes of defects that
-- reached releases of other stacks. Run under the sanitizers too (make asan).

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

local audio <const>, capable <const> = descriptions.audio, descriptions.capable

-- Everything that can be asked of a description, asked.
local function exercise(text)
  local s <const>, err = core.sdp(text)
  if not s then
    assert.is_true(err.at >= 1 and err.at <= #text + 1 and err.line >= 1)
    return nil
  end
  local ours <const> = capable {
    codecs = { "0=PCMU/8000", "opus/48000/2", "telephone-event/8000" }, cannot_refuse = true,
    address = s.media[1] and s.media[1].addrtype == "IP6" and "2001:db8::7" or nil,
  }
  local answer <const> = assert(core.sdp_answer(s, ours))
  assert.equal(answer.text, core.sdp(answer.text).text)
  assert.equal(#s.media, #answer.media)
  assert.is_true(core.sdp_check(s, answer))
  for i, m in ipairs(s.media) do
    assert.is_table(m.codecs)
    assert.is_table(m.bandwidth)
    assert.is_table(core.sdp_stream(answer, s, i))
    assert.is_table(core.sdp_stream(s, answer, i))
  end
  local payloads <const> = core.sdp_payloads()
  payloads:note(s)
  assert.equal(s.text, s:copy().text)
  return s
end

-- Numbers at the edges of every width.
local NUMBERS <const> = { "2147483647", "2147483648", "4294967295", "4294967296", "4294967328",
                          "9223372036854775807", "9223372036854775808", "18446744073709551615",
                          "18446744073709551616", ("9"):rep(40), "-1", "+1",
                          ("0"):rep(22) .. "1", "0x10", "1e3", "" }

describe("bug class 4 (formats and parameters of m=, rtpmap, fmtp):", function()
  it("formats that are none", function()
    for _, format in ipairs { "", "-1", "128", "65535", "0x0", "00", "000", "a", "*", "\255",
                              "\127", "%n" } do
      exercise(audio { "m=audio 1 RTP/AVP " .. format })
      exercise(audio { "m=audio 1 RTP/AVP 0 " .. format .. " 8" })
      exercise(audio { "m=audio 1 udptl " .. format })
    end
  end)

  it("fmtp of nothing, of everything, and without parameters", function()
    for _, value in ipairs { "", " ", "0", "0 ", "0 ;", "0 ;;=;", "0 =", "0 a=", "0 =a", "96 x",
                             "128 x", "65535 x", "-1 x", "* x", "0 " .. (";"):rep(4000),
                             "0 " .. ("a=b;"):rep(1000), "x" } do
      assert(exercise(audio { "m=audio 1 RTP/AVP 0", "a=fmtp:" .. value }), value)
    end
    assert(exercise(audio { "m=audio 1 RTP/AVP 0", "a=fmtp" }))
    assert(exercise(audio({ "m=audio 1 RTP/AVP 0" }, { "a=fmtp:0 x", "a=rtpmap:0 X/1" })))
  end)

  it("every number of the grammar at the edges of its width", function()
    for _, number in ipairs(NUMBERS) do
      for _, line in ipairs { "m=audio %s RTP/AVP 0", "m=audio 1/%s RTP/AVP 0",
                              "m=audio 1 RTP/AVP %s" } do
        exercise(audio { line:format(number) })
      end
      for _, line in ipairs { "a=rtpmap:%s X/8000", "a=rtpmap:0 X/%s", "a=rtpmap:0 X/8000/%s",
                              "a=ptime:%s", "a=maxptime:%s", "a=ptime:1.%s", "a=rtcp:%s",
                              "a=fmtp:%s x", "b=AS:%s", "c=IN IP4 233.252.0.1/%s",
                              "c=IN IP4 233.252.0.1/1/%s", "c=IN IP6 ff15::1/%s" } do
        exercise(audio { "m=audio 1 RTP/AVP 0", line:format(number) })
      end
      exercise(audio({}, { ("t=%s 0"):format(number), ("r=%s 1 1"):format(number) }))
      exercise((audio {}):gsub("o=%- 1 1", "o=- " .. number .. " " .. number))
      exercise((audio {}):gsub("v=0", "v=" .. number))
    end
  end)
end)

describe("bug class 8 (truncation; codecs; the empty a=):", function()
  local texts <const> = {
    audio { "m=audio 1 RTP/AVP 0 96 101", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 stereo=1;x",
            "a=rtpmap:101 telephone-event/8000", "a=rtcp:5 IN IP6 2001:db8::1", "a=ptime:20.5",
            "c=IN IP4 233.252.0.1/127/3", "b=AS:64", "m=image 1/2 udptl t38 t39", "a=sendonly" },
  }

  it("every description cut at every byte, with CRLF, LF or nothing behind", function()
    for _, text in ipairs(texts) do
      for cut = 0, #text do
        for _, tail in ipairs { "", "\n", "\r\n", "\r" } do exercise(text:sub(1, cut) .. tail) end
      end
    end
  end)

  it("every byte of it flipped to a delimiter", function()
    for _, text in ipairs(texts) do
      for at = 1, #text do
        for _, byte in ipairs { "\0", "\n", "\r", " ", "\"", "/", ":", ";", "=", "\127", "\255" } do
          exercise(text:sub(1, at - 1) .. byte .. text:sub(at + 1))
        end
      end
    end
  end)

  it("a= without a name is malformed, in every section", function()
    for _, line in ipairs { "a=", "a=:", "a= " } do
      assert.is_nil(exercise(audio({}, { line })))
      assert.is_nil(exercise(audio { "m=audio 1 RTP/AVP 0", line }))
    end
  end)

  it("an attribute that needs a value and has none", function()
    for _, name in ipairs { "fmtp", "ptime", "maxptime", "rtcp", "rtcp-fb", "candidate",
                            "crypto" } do
      for _, line in ipairs { "a=" .. name, "a=" .. name .. ":", "a=" .. name .. ": " } do
        assert(exercise(audio { "m=audio 1 RTP/AVP 0", line }), line)
      end
    end
    for _, line in ipairs { "a=rtpmap", "a=rtpmap:", "a=rtpmap: " } do
      assert.is_nil(exercise(audio { "m=audio 1 RTP/AVP 0", line }), line)
    end
  end)
end)

describe("bug class 18 (memory by count):", function()
  it("thousands of each line cost less than 20 times their bytes", function()
    for _, line in ipairs { "a=x", "a=sendrecv", "a=rtpmap:0 PCMU/8000", "b=AS:1", "t=0 0", "e=x",
                            "m=audio 1 RTP/AVP 0", "m=audio 1 RTP/AVP 0 1 2 3 4 5 6 7 8 9" } do
      for _, count in ipairs { 10, 31, 1000, 10000, 100000 } do
        local text <const> = audio { (line .. "\r\n"):rep(count) .. "a=x" }
        collectgarbage()
        local before <const> = collectgarbage "count"
        local s <const>, err = core.sdp(text)
        local used <const> = (collectgarbage "count" - before) * 1024
        assert.is_true(used < 20 * #text + 4096, line .. ": " .. used)
        assert.is_true(s and count <= 1000 or err.name == "SDP_LIMIT", line)
      end
    end
  end)
end)

describe("bug class 50 (negotiation: offer x answer):", function()
  it("payload types of no table: rtpmap:65535 and its like", function()
    for _, type in ipairs { "128", "255", "256", "65535", "65536", "-1" } do
      assert.is_nil(exercise(audio { "m=audio 1 RTP/AVP 0", "a=rtpmap:" .. type .. " PCMU/8000" }))
      assert.is_nil(exercise(audio { "m=audio 1 RTP/AVP " .. type }))
      assert(exercise(audio { "m=audio 1 RTP/AVP 0", "a=fmtp:" .. type .. " x" }))
    end
  end)

  it("a static payload type with red in it, and parameters that name themselves", function()
    assert(exercise(audio { "m=audio 1 RTP/AVP 0 121", "a=rtpmap:0 red/8000",
                            "a=rtpmap:121 red/8000", "a=fmtp:121 121/121/0", "a=fmtp:0 0/0" }))
  end)

  it("a thousand crypto lines, and keys of any length", function()
    local lines <const> = { "m=audio 1 RTP/SAVP 0" }
    for i = 1, 1000 do lines[i + 1] = ("a=crypto:%d AES_CM_128_HMAC_SHA1_80 inline:A"):format(i) end
    assert.equal(1000, #assert(exercise(audio(lines))).media[1]:attribute_values "crypto")
    assert(exercise(audio { "m=audio 1 RTP/SAVP 0", "a=crypto:1 X inline:" .. ("A"):rep(4000) }))
  end)

  it("c= of any length is read and written whole", function()
    for _, length in ipairs { 1, 63, 64, 127, 128, 253, 254, 255, 256, 1000, 4000 } do
      local s <const> = exercise(audio({ "m=audio 1 RTP/AVP 0" }, {}):gsub("c=[^\r]+",
        "c=IN IP4 " .. ("a"):rep(length)))
      assert.equal(("a"):rep(length), s.media[1].address)
    end
  end)

  it("offers and answers that have nothing to do with each other", function()
    local function lines(seed)
      local list <const>, random = {}, seed
      local function pick(n)
        random = (random * 1103515245 + 12345) & 0x7fffffff
        return (random >> 8) % n + 1
      end
      for _ = 1, pick(4) do
        local formats <const> = {}
        for i = 1, pick(5) do formats[i] = tostring(({ 0, 8, 96, 97, 101, 127, 13 })[pick(7)]) end
        list[#list + 1] = ("m=%s %d %s %s"):format(({ "audio", "video", "image" })[pick(3)],
          ({ 0, 1, 65535 })[pick(3)], ({ "RTP/AVP", "RTP/SAVP", "udptl" })[pick(3)],
          table.concat(formats, " "))
        for _ = 1, pick(4) do
          list[#list + 1] = ({ "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/8000",
            "a=rtpmap:101 telephone-event/8000", "a=sendonly", "a=rtcp-mux", "a=rtcp:1",
            "a=fmtp:96 x=1", "a=ptime:20", "b=AS:1" })[pick(9)]
        end
      end
      return list
    end
    for seed = 1, 300 do
      local a <const>, b <const> = core.sdp(audio(lines(seed))), core.sdp(audio(lines(seed + 1000)))
      if a then exercise(a.text) end
      if a and b then
        local ok <const>, err = core.sdp_check(a, b)
        assert.is_true(ok or err.media >= 1)
        for i = 1, 5 do core.sdp_stream(a, b, i) end
        core.sdp_answer(a, capable { sent = b })
        assert(core.sdp_revise(a, b))
      end
    end
  end)
end)
