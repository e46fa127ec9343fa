-- SPDX-License-Identifier: MIT
--
-- Edits of a description: what is set is there, every other byte stays.

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

local LINES <const> = {
  "v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "a=x-one:1",
  "m=audio 4000/2 RTP/AVP 96 0 8 101", "b=AS:64", "a=rtpmap:96 opus/48000/2",
  "a=rtpmap:101 telephone-event/8000", "a=fmtp:96 stereo=1", "a=rtcp-fb:96 nack",
  "a=rtcp-fb:* ccm", "a=x-one:2", "a=fmtp:101 0-15", "a=sendrecv", "a=x-one:3",
  "m=video 4002 RTP/AVP 31", "c=IN IP6 2001:db8::1",
}

-- What an edit makes of the lines: those that went, as "-line", and those that came,
-- as "+line". Line ends are compared too.
local function difference(before, after)
  local lines <const>, changes = {}, {}
  for line in (after .. "\0"):gmatch "[^\n]*[\n%z]" do lines[#lines + 1] = line end
  local at = 1
  for line in (before .. "\0"):gmatch "[^\n]*[\n%z]" do
    local found
    for i = at, #lines do
      if lines[i] == line then
        found = i
        break
      end
    end
    for i = at, (found or at) - 1 do changes[#changes + 1] = "+" .. lines[i]:gsub("[\r\n]", "") end
    if found then at = found + 1 else changes[#changes + 1] = "-" .. line:gsub("[\r\n]", "") end
  end
  for i = at, #lines do changes[#changes + 1] = "+" .. lines[i]:gsub("[\r\n]", "") end
  return changes
end

local function edited(fn, text)
  local before <const> = text or descriptions.text(LINES)
  local s <const> = assert(core.sdp(before))
  fn(s, s.media[1], s.media[2])
  assert.equal(s.text, core.sdp(s.text).text)
  return difference(before, s.text), s
end

describe("a changed description keeps every other byte:", function()
  it("port, with its count", function()
    assert.same({ "-m=audio 4000/2 RTP/AVP 96 0 8 101", "+m=audio 0/2 RTP/AVP 96 0 8 101" },
      edited(function(_, m) m.port = 0 end))
    assert.same({ "-m=video 4002 RTP/AVP 31", "+m=video 65535 RTP/AVP 31" },
      edited(function(_, _, m) m.port = 65535 end))
  end)

  it("address, of the session and of a medium, which gets its own", function()
    assert.same({ "-c=IN IP4 192.0.2.1", "+c=IN IP6 2001:db8::9" },
      edited(function(s) s.address = "2001:db8::9" end))
    assert.same({ "+c=IN IP4 0.0.0.0" }, edited(function(_, m) m.address = "0.0.0.0" end))
    assert.same({ "-c=IN IP6 2001:db8::1", "+c=IN IP4 host.example" },
      edited(function(_, _, m) m.address = "host.example" end))
    local changes <const>, s = edited(function(_, m) m.address = "192.0.2.8" end)
    assert.same({ "+c=IN IP4 192.0.2.8" }, changes)
    assert.equal("c=IN IP4 192.0.2.8", descriptions.media_lines(s)[2])
  end)

  it("direction, in its place or at the end of the section", function()
    assert.same({ "-a=sendrecv", "+a=inactive" },
      edited(function(_, m) m.direction = "inactive" end))
    assert.same({ "+a=sendonly" }, edited(function(_, _, m) m.direction = "sendonly" end))
    local changes <const>, s = edited(function(one) one.direction = "recvonly" end)
    assert.same({ "+a=recvonly" }, changes)
    assert.same({ "recvonly", "sendrecv", "recvonly" },
      { s.direction, s.media[1].direction, s.media[2].direction })
  end)

  it("formats, dropped with what is theirs", function()
    assert.same({ "-m=audio 4000/2 RTP/AVP 96 0 8 101", "+m=audio 4000/2 RTP/AVP 8 101",
                  "-a=rtpmap:96 opus/48000/2", "-a=fmtp:96 stereo=1", "-a=rtcp-fb:96 nack" },
      edited(function(_, m) m.formats = { "8", "101" } end))
  end)

  it("formats, in another order", function()
    assert.same({ "-m=audio 4000/2 RTP/AVP 96 0 8 101", "+m=audio 4000/2 RTP/AVP 101 8 0 96" },
      edited(function(_, m) m.formats = { "101", "8", "0", "96" } end))
    assert.same({}, edited(function(_, m) m.formats = m.formats end))
  end)

  it("formats that stand twice keep what is theirs", function()
    local text <const> = descriptions.audio { "m=audio 1 RTP/AVP 96 0 96", "a=rtpmap:96 L8/8000" }
    local s <const> = assert(core.sdp(text))
    s.media[1].formats = { "96" }
    assert.same({ "m=audio 1 RTP/AVP 96", "a=rtpmap:96 L8/8000" }, descriptions.media_lines(s))
  end)

  it("attributes, replaced, added, removed", function()
    assert.same({ "-a=x-one:2", "+a=x-one:9", "-a=x-one:3" },
      edited(function(_, m) m.attributes["x-one"] = 9 end))
    assert.same({ "-a=x-one:2", "-a=x-one:3" },
      edited(function(_, m) m.attributes["x-one"] = nil end))
    assert.same({ "+a=x-two" }, edited(function(s) s.attributes["x-two"] = true end))
    assert.same({ "-a=x-one:2", "+a=x-one:7", "+a=x-one", "-a=x-one:3" },
      edited(function(_, m) m.attributes["x-one"] = { "7", true } end))
    assert.same({ "-a=x-one:1" }, edited(function(s) s.attributes["x-one"] = {} end))
    assert.same({ "+a=x-one:4" }, edited(function(_, m) m:add_attribute("x-one", "4") end))
    assert.same({ "+a=rtcp-mux" }, edited(function(_, _, m) m:add_attribute "rtcp-mux" end))
    assert.same({}, edited(function(_, m) m.attributes["x-none"] = nil end))
    assert.same({}, edited(function(_, m) m.attributes["x-none"] = false end))
  end)

  it("puts an added attribute behind the last of its name", function()
    local _, s <const> = edited(function(one) one:add_attribute("x-one", "4") end)
    assert.matches("a=x%-one:1\r\na=x%-one:4\r\nm=audio", s.text)
  end)

  it("ptime, maxptime and rtcp-mux", function()
    assert.same({ "+a=ptime:30", "+a=maxptime:60", "+a=rtcp-mux" }, edited(function(_, m)
      m.ptime = 30
      m.maxptime = 60
      m.rtcp_mux = true
    end))
    assert.same({}, edited(function(_, m)
      m.ptime, m.rtcp_mux = 30, true
      m.ptime, m.rtcp_mux = nil, false
    end))
  end)

  it("lines, put where RFC 8866 5 wants them", function()
    assert.same({ "-s=-", "+s=A name" }, edited(function(s) s.name = "A name" end))
    local changes <const>, s = edited(function(one, m)
      one:set_line("b", "CT:9")
      one:set_line("u", "http://x")
      one.information = "here"
      m.information = "voice"
      m:set_line("k", "prompt")
    end)
    assert.same({ "+i=here", "+u=http://x", "+b=CT:9", "+i=voice", "+k=prompt" }, changes)
    local letters <const> = s.text:gsub("(%l)=[^\r]*\r\n", "%1")
    assert.equal("vosiucbtamibk" .. ("a"):rep(9) .. "mc", letters)
  end)

  it("lines, removed all that have the letter", function()
    local text <const> = descriptions.audio({ "m=audio 1 RTP/AVP 0", "b=AS:1", "b=CT:2" },
      { "e=a@b", "e=c@d" })
    assert.same({ "-e=a@b", "-e=c@d", "-b=AS:1", "-b=CT:2" }, edited(function(s, m)
      s:set_line("e", nil)
      m:set_line("b", nil)
      s:set_line("p", nil)
    end, text))
  end)

  it("with LF where the description has LF", function()
    local text <const> = descriptions.text(LINES):gsub("\r", "")
    local _, s <const> = edited(function(_, m)
      m.attributes["x-two"] = "y"
      m.port = 1
      m:set_line("i", "x")
    end, text)
    assert.is_nil(s.text:find "\r")
  end)

  it("behind a last line without end, which then gets one", function()
    local text <const> = descriptions.text(LINES):sub(1, -3)
    local _, s = edited(function(_, _, m) m.attributes.sendonly = true end, text)
    assert.equal(text .. "\r\na=sendonly\r\n", s.text)
    _, s = edited(function(_, _, m) m.address = "2001:db8::2" end, text)
    assert.equal((text:gsub("2001:db8::1", "2001:db8::2")), s.text)
    assert.same({}, edited(function(_, _, m) m.attributes.x = nil end, text))
  end)

  it("of one object and not of its copy", function()
    local s <const> = descriptions.parsed { "m=audio 1 RTP/AVP 0" }
    local copy <const> = s:copy()
    local medium <const> = copy.media[1]
    s.media[1].port = 2
    assert.same({ 2, 1, 1 }, { s.media[1].port, copy.media[1].port, medium.port })
    assert.equal(s.media[1], s.media[1])
    assert.equal(s, s.media[1].session)
  end)
end)

describe("what is set is checked (api.md rule 8):", function()
  local s, m
  before_each(function()
    s = descriptions.parsed { "m=audio 1 RTP/AVP 0 8", "a=x:1" }
    m = s.media[1]
  end)

  -- The text stays as it was.
  local function refused(fn, pattern)
    local before <const> = s.text
    local ok <const>, err = pcall(fn)
    assert.is_false(ok)
    assert.matches("edit_spec.lua:%d+: ", err)
    if pattern then assert.matches(pattern, err) end
    assert.equal(before, s.text)
  end

  it("CR, LF and NUL are refused in every setter", function()
    for _, byte in ipairs { "\r", "\n", "\0", "\r\na=y" } do
      local bad <const> = "x" .. byte .. "z"
      refused(function() s.name = bad end, "CR, LF or NUL")
      refused(function() s.information = bad end, "CR, LF or NUL")
      refused(function() s.uri = bad end, "CR, LF or NUL")
      refused(function() s.address = bad end, "CR, LF or NUL")
      refused(function() s.direction = bad end, "CR, LF or NUL")
      refused(function() m.information = bad end, "CR, LF or NUL")
      refused(function() m.address = bad end, "CR, LF or NUL")
      refused(function() m.formats = { bad } end, "CR, LF or NUL")
      refused(function() s.attributes.x = bad end, "CR, LF or NUL")
      refused(function() s.attributes[bad] = "x" end, "CR, LF or NUL")
      refused(function() s.attributes.x = { "y", bad } end, "CR, LF or NUL")
      refused(function() m:add_attribute("x", bad) end, "CR, LF or NUL")
      refused(function() m:add_attribute(bad) end, "CR, LF or NUL")
      refused(function() s:set_line("i", bad) end, "CR, LF or NUL")
    end
  end)

  it("what would be malformed is refused", function()
    refused(function() s.address = "999.0.0.1" end)
    refused(function() s.address = "[2001:db8::1]" end)
    refused(function() s.address = "224.0.0.1" end)
    refused(function() s.address = ("a"):rep(5000) end)
    refused(function() s.address = nil end)
    refused(function() s.direction = "both" end)
    refused(function() s.name = nil end)
    refused(function() s.attributes["a b"] = "x" end)
    refused(function() s.attributes[""] = "x" end)
    refused(function() s.attributes.x = {} m.attributes.x = { {} } end)
    refused(function() m.port = 65536 end)
    refused(function() m.port = -1 end)
    refused(function() m.port = "x" end)
    refused(function() m.port = 1.5 end)
    refused(function() m.formats = {} end)
    refused(function() m.formats = { "0", "0" } end)
    refused(function() m.formats = { "0", "8", "0" } end)
    refused(function() m.formats = { "9" } end)
    refused(function() m.formats = "0" end)
    refused(function() m.ptime = 0 end)
    refused(function() m.ptime = 65536 end)
    refused(function() m.maxptime = "x" end)
    refused(function() m.rtcp_mux = "yes" end)
    refused(function() s:set_line("v", "1") end)
    refused(function() s:set_line("o", "x") end)
    refused(function() s:set_line("s", nil) end)
    refused(function() s:set_line("a", "x") end)
    refused(function() s:set_line("m", "audio 1 RTP/AVP 0") end)
    refused(function() s:set_line("x", "y") end)
    refused(function() m:set_line("m", nil) end)
    refused(function() m:set_line("t", "0 0") end)
    refused(function() m:set_line("m", "audio 1 RTP/AVP 300") end)
    refused(function() m.attributes.rtpmap = "0 X" end)
    refused(function() m:set_line("i", ("x"):rep(5000)) end)
  end)

  it("a field that there is not, or that is only read, cannot be set", function()
    for _, name in ipairs { "origin", "media", "text", "bandwidth", "attributes", "nonsense" } do
      refused(function() s[name] = "x" end, "no field")
    end
    for _, name in ipairs { "type", "proto", "codecs", "rtcp", "addrtype", "session", "index",
                            "port_count", "bandwidth", "nonsense" } do
      refused(function() m[name] = "x" end, "no field")
    end
    assert.is_nil(s.nonsense)
    assert.is_nil(m.nonsense)
  end)

  it("an m= line can be set whole when the format is one", function()
    m:set_line("m", "video 5 RTP/AVP 31")
    assert.same({ "video", 5, { "31" } }, { m.type, m.port, m.formats })
  end)
end)

describe("removing what makes a medium usable", function()
  it("is refused: its only address (RFC 8866 5.7)", function()
    local s <const> = descriptions.parsed { "m=audio 1 RTP/AVP 0" }
    assert.has_error(function() s:set_line("c", nil) end)
    s.media[1].port = 0
    s:set_line("c", nil)
    assert.is_nil(s.media[1].address)
  end)
end)
