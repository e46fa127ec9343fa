-- SPDX-License-Identifier: MIT
--
-- The drawing of call flows, compared with files under spec/golden. To see what
-- changed in one, write the new picture there and read the difference.

local ladder <const> = require "moonsip.ladder"

local function golden(name)
  local file <close> = assert(io.open("spec/golden/" .. name .. ".txt"))
  return file:read "a"
end

local sdp <const> = "Content-Type: application/sdp\r\n\r\nv=0\r\n"

local function record(at, from, to, line, cseq, more, lost)
  return { at = at, transport = "udp", from = from, to = to, lost = lost,
           bytes = line .. "\r\nCSeq: " .. cseq .. "\r\n" .. (more or "\r\n") }
end

local a <const>, p <const>, b <const> = "10.0.0.1:5060", "10.0.0.2:5060", "10.0.0.3:5060"
local names <const> = { [a] = "alice", [p] = "proxy", [b] = "bob" }

local function flow()
  local invite = "INVITE sip:bob@example.com SIP/2.0"
  return {
    record(100, a, p, invite, "1 INVITE", sdp, "loss"),
    record(600, a, p, invite, "1 INVITE", sdp),
    record(601, p, a, "SIP/2.0 100 Trying", "1 INVITE"),
    record(601, p, b, invite, "1 INVITE", sdp),
    record(640, b, p, "SIP/2.0 180 Ringing", "1 INVITE"),
    record(641, p, a, "SIP/2.0 180 Ringing", "1 INVITE"),
    record(3640, b, p, "SIP/2.0 200 OK", "1 INVITE", sdp),
    record(3641, p, a, "SIP/2.0 200 OK", "1 INVITE", sdp),
    record(3642, a, b, "ACK sip:bob@10.0.0.3 SIP/2.0", "1 ACK"),
    { at = 3700, transport = "tcp", from = a, to = a, bytes = "\r\n\r\n" },
    record(63640, b, a, "BYE sip:alice@10.0.0.1 SIP/2.0", "2 BYE", nil, "cut"),
    { at = 70000, transport = "udp", from = p, to = b, bytes = "\27[2J what is this" },
  }
end

describe("a ladder", function()
  it("draws each message in its time from where to where", function()
    assert.equal(golden "ladder", ladder.draw(flow(), { names = names }))
  end)

  for _, width in ipairs { 60, 40 } do
    it(("stays within %d columns"):format(width), function()
      local picture = ladder.draw(flow(), { names = names, width = width })
      assert.equal(golden("ladder_" .. width), picture)
      for line in picture:gmatch "[^\n]+" do assert.is_true(#line <= width, line) end
    end)
  end

  it("names ends by a function too, and counts from the instant it was told", function()
    local picture = ladder.draw({ flow()[1] },
      { names = function(address) return "at " .. address end, since = 0 })
    assert.truthy(picture:find("at 10.0.0.1:5060", 1, true))
    assert.truthy(picture:find("     0.100 ", 1, true))
  end)

  it("puts every end that finds no place into one column", function()
    local records = {}
    for at = 1, 40 do
      local to = ("10.0.1.%d:5060"):format(at)
      records[at] = record(at, a, to, "OPTIONS sip:x SIP/2.0", "1 OPTIONS")
    end
    local picture = ladder.draw(records)
    assert.truthy(picture:match "^[^\n]*others\n")
    for line in picture:gmatch "[^\n]+" do assert.is_true(#line <= 100, line) end
  end)

  it("is printable ASCII only, whatever was on the wire (bug class 54)", function()
    local picture = ladder.draw {
      record(0, a, b, "SIP/2.0 500 J\u{e9}r\u{f4}me \u{202e}\27[31m\0", "1 INVITE"),
    }
    assert.falsy(picture:find "[^ -~\n]")
    assert.truthy(picture:find("500 J?r?me ??[31m?", 1, true), picture)
  end)

  it("is empty without messages", function() assert.equal("", ladder.draw {}) end)
end)

describe("a ladder that is drawn while its messages happen", function()
  local function from(at, ip, line)
    local one = record(at, ip .. ":5060", "10.0.0.1:5060", line, "1 OPTIONS")
    one.direction = "in"
    return one
  end

  it("prints each message as it comes, and the names when an end is new", function()
    local live = ladder.live { own = "us", since = 100 }
    local text = live(from(150, "10.0.0.2", "OPTIONS sip:a SIP/2.0"))
    assert.truthy(text:find "^ +us +10%.0%.0%.2:5060\n +0%.050 +|<%-+ OPTIONS 1 %-+|\n$")
    text = live(from(160, "10.0.0.2", "OPTIONS sip:a SIP/2.0"))
    assert.truthy(text:find "^ +0%.060 +|<%-+ OPTIONS 1 again %-+|\n$")
    text = live(from(170, "10.0.0.3", "OPTIONS sip:a SIP/2.0"))
    assert.truthy(text:find "^ +us +10%.0%.0%.2:5060 +10%.0%.0%.3:5060\n")
  end)

  it("stays within its width, however many ends there are", function()
    local live, headings = ladder.live { own = "us", width = 90 }, 0
    for at = 1, 500 do
      local text = live(from(at, "10.0.1." .. at, "OPTIONS sip:a SIP/2.0"))
      for line in text:gmatch "[^\n]+" do assert.is_true(#line <= 90, line) end
      local _, lines = text:gsub("\n", "")
      headings = headings + lines - 1
    end
    assert.equal(2, headings)
  end)
end)
