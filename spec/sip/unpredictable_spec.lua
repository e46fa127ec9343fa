-- SPDX-License-Identifier: MIT
--
-- Bug class 39: names that somebody can guess. Tags, branches, Call-IDs and nonces come from
-- the system's randomness, all 80 bits of them (RFC 3261 19.3 asks for 32), and tell nothing
-- of each other. What names a resolver's questions: spec/dns.

local core <const> = require "moonsip.core"
local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

local DIGITS <const> = "0123456789abcdefghijklmnopqrstuv"

-- The bits of a token of base 32.
local function bits_of(token)
  local bits <const> = {}
  for char in token:gmatch "." do
    local value <const> = DIGITS:find(char, 1, true) - 1
    for bit = 4, 0, -1 do bits[#bits + 1] = value >> bit & 1 end
  end
  return bits
end

describe("bug class 39: what an engine mints", function()
  it("is unique, and each bit of it a coin of its own", function()
    local engine <close> = core.engine {}
    local count <const>, seen, ones, same = 4096, {}, {}, {}
    local last
    for _ = 1, count do
      local token <const> = engine:token()
      assert.same(16, #token)
      assert.is_nil(seen[token])
      seen[token] = true
      local bits <const> = bits_of(token)
      for at, bit in ipairs(bits) do
        ones[at] = (ones[at] or 0) + bit
        if last and last[at] == bit then same[at] = (same[at] or 0) + 1 end
      end
      last = bits
    end
    -- 6 standard deviations: 80 bits fail by chance once in several million runs.
    local most <const> = 6 * math.sqrt(count) / 2
    for at = 1, 80 do
      assert.is_true(math.abs(ones[at] - count / 2) < most, "bit " .. at)
      assert.is_true(math.abs(same[at] - count / 2) < most, "bit " .. at .. " follows the last")
    end
  end)

  it("is different in each engine, also in those made at the same instant", function()
    local seen <const> = {}
    for _ = 1, 64 do
      local engine <close> = core.engine { now = 0 }
      local token <const> = engine:token()
      assert.is_nil(seen[token])
      seen[token] = true
    end
  end)

  it("is in every tag, branch and Call-ID that goes out", function()
    local net <const> = wire.new { seed = 1 }
    net:request { method = "OPTIONS" }
    net:request { method = "OPTIONS" }
    local parts <const> = {}
    for at, packet in ipairs(net.sent) do
      parts[at] = { messages.branch(packet.text):sub(8), messages.tag(packet.text, "From"),
        messages.header(packet.text, "Call%-ID"):match "^[^@]*" }
    end
    for _, one in ipairs(parts) do
      for _, text in ipairs(one) do assert.is_true(#text >= 16, text) end
    end
    for part = 1, 3 do assert.not_equal(parts[1][part], parts[2][part]) end
  end)

  it("answers nobody's guess: a response with another branch or sent-by is dropped", function()
    local net <const> = wire.new()
    net:request { method = "OPTIONS" }
    local text <const> = net.sent[1].text
    local branch <const> = messages.branch(text)
    local last <const> = branch:sub(-1)
    local other <const> = branch:sub(1, -2) .. (last == "0" and "1" or "0")
    net:deliver((messages.answer(text, 200):gsub(branch, other)))
    net:deliver((messages.answer(text, 200):gsub("Via: SIP/2.0/UDP 10.0.0.1:5060",
      "Via: SIP/2.0/UDP 10.0.0.66:5060")))
    assert.is_nil(net:event "response")
    net:deliver(messages.answer(text, 200))
    assert.same(200, net:event("response").code)
  end)
end)

describe("bug class 39: nonces", function()
  it("tell nothing of each other, and none that was not given out is one", function()
    local first <const>, second <const> = core.nonces {}, core.nonces {}
    local nonce <const>, next_one <const> = first:new(1000, "r"), first:new(1000, "r")
    assert.not_equal(nonce:sub(13, 28), next_one:sub(13, 28)) -- the number
    assert.not_equal(nonce:sub(29), next_one:sub(29))         -- the proof
    assert.same("forged", second:check(1000, "r", nonce, 1))
    local changed = 0
    for at = 1, #nonce do
      local char <const> = nonce:sub(at, at) == "0" and "1" or "0"
      local forged <const> = nonce:sub(1, at - 1) .. char .. nonce:sub(at + 1)
      if first:check(1000, "r", forged, 1) == "forged" then changed = changed + 1 end
    end
    assert.same(#nonce, changed)
  end)
end)
