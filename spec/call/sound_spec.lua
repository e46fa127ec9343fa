-- SPDX-License-Identifier: MIT
-- The audio of calls: ports, addresses, codecs, hold, figures, and what an agent's option
-- `media` says of them.

local descriptions <const> = require "spec.support.descriptions"
local test <const> = require "moonsip.test"

describe("a call with audio", function()
  local net, alice, bob
  local function stage(near, far)
    net = test.net()
    alice = net:agent("sip:alice@example.com", near)
    bob = net:agent("sip:bob@example.com", far)
    bob:on("INVITE", function(req) assert(req:answer()) end)
  end
  after_each(function() net:close() end)

  local function connect(options)
    local near <const> = assert(alice:call(bob, options))
    net:advance "100ms"
    return near, bob.calls[#bob.calls]
  end

  it("is received on an even port of the range, with RTCP above it (RFC 3550 11)", function()
    stage()
    local near <const>, far <const> = connect()
    assert.equal(0, near.sdp_port or (near.local_sdp:match "m=audio (%d+)") % 2)
    assert.equal(far.media.port, tonumber(near.local_sdp:match "m=audio (%d+)"))
    assert.same({ "10.0.1.2", "sendrecv" }, { near.media.address, near.media.direction })
  end)

  it("offers what this build speaks, cheapest first, with events for each clock", function()
    stage()
    local near <const> = connect()
    local names <const> = {}
    for _, one in ipairs(assert(require("moonsip.core").sdp(near.local_sdp)).media[1].codecs) do
      names[#names + 1] = ("%s/%d"):format(one.name, one.rate)
    end
    assert.same({ "PCMU/8000", "PCMA/8000" }, { names[1], names[2] })
    assert.equal("telephone-event/8000", names[#names - 1]:find "event" and names[#names - 1]
      or names[#names])
  end)

  it("answers with one codec, ours first, whatever their order", function()
    stage(nil, { media = { codecs = { "PCMA", "PCMU" } } })
    local near <const> = connect { codecs = { "PCMU", "PCMA" } }
    assert.matches("m=audio %d+ RTP/AVP 8 101\r\n", near.remote_sdp)
  end)

  it("sends what an answer without telephone events can take", function()
    stage({ media = { dtmf = { "inband" } } })
    local near <const> = connect()
    assert.is_nil(near.remote_sdp:find "telephone")
  end)

  it("names another address than it is received at", function()
    stage(nil, { media = { advertise = "203.0.113.9" } })
    local near <const> = connect()
    assert.equal("203.0.113.9", near.media.address)
  end)

  it("names what the signalling advertises", function()
    stage(nil, { advertise = "203.0.113.8" })
    local near <const> = connect()
    assert.equal("203.0.113.8", near.media.address)
  end)

  it("is held: silence one way, and back", function()
    stage()
    local near <const>, far <const> = connect()
    assert(near:hold())
    assert.same({ "sendonly", "recvonly" }, { near.media.direction, far.media.direction })
    net:advance "1s"
    local before <const> = far:stats().sent.packets
    net:advance "1s"
    assert.equal(before, far:stats().sent.packets)
    assert(near:resume())
    net:advance "1s"
    assert.near(before + 50, far:stats().sent.packets, 3)
  end)

  it("is held with music, which ends with the hold", function()
    stage()
    local near <const>, far <const> = connect()
    assert(far:hold { music = { tone = "440" } })
    net:advance "1s"
    local held_at <const> = near.ear:count()
    net:advance "1s"
    local function loudness(from)
      local samples <const>, sum = near.ear:samples(from), 0
      for at = 1, #samples - 1, 2 do sum = sum + math.abs((("<i2"):unpack(samples, at))) end
      return sum / math.max(#samples // 2, 1)
    end
    assert.is_true(loudness(held_at) > 500)
    assert(far:resume())
    net:advance "500ms"
    local resumed_at <const> = near.ear:count()
    net:advance "1s"
    assert.is_true(loudness(resumed_at) < 20)
  end)

  it("counts packets both ways (call:stats)", function()
    stage()
    local near <const> = connect()
    net:advance "2s"
    local stats <const> = near:stats()
    assert.near(105, stats.sent.packets, 5)
    assert.near(105, stats.received.packets, 5)
    assert.equal(0, stats.received.lost)
    near:hangup()
    assert.near(105, near:stats().sent.packets, 5)
    local silent <const> = net:agent("sip:carol@example.com", { media = false })
    local call <const> = assert(silent:call(bob))
    assert.equal("media", select(2, call:stats()).kind)
  end)

  it("keeps going over a change of codec", function()
    stage()
    local near <const>, far <const> = connect { codecs = { "PCMU" } }
    assert(near:reinvite { codecs = { "PCMA" } })
    assert.same({ "PCMA", "PCMA" }, { near.media.codec.name, far.media.codec.name })
    local before <const> = near:stats().received.packets
    net:advance "1s"
    assert.near(before + 50, near:stats().received.packets, 3)
    assert.equal(near.local_sdp:match "m=audio (%d+)", far.media.port .. "")
  end)

  it("is ended when nothing comes for too long, and both sides are told why", function()
    stage(nil, { media = { inactivity = "10s" } })
    local near <const>, far <const> = connect()
    local why, told
    near:on("end", function(err) told = err end)
    far:on("end", function(err) why = err end)
    net:advance "5s"
    net:link(alice, bob, { loss = 1, one_way = true })
    net:advance "12s"
    assert.same({ "media", "ended" }, { why.kind, far.state })
    net:link(alice, bob, { loss = 0, one_way = true })
    net:advance "5s"
    assert.matches('text="no RTP came for 10 s"', told.header)
  end)

  it("is not ended by inactivity while it is held", function()
    stage(nil, { media = { inactivity = "5s" } })
    local near <const>, far <const> = connect()
    assert(far:hold())
    net:advance "30s"
    assert.equal("connected", near.state)
  end)

  it("has none where both sides refuse it, and says so", function()
    stage()
    local near <const> = connect { sdp = descriptions.audio { "m=audio 0 RTP/AVP 0" } }
    assert.is_nil(near.media)
    local ok <const>, err = near:play { silence = "1s" }
    assert.is_nil(ok)
    assert.equal("media", err.kind)
  end)

  it("is refused with 503 when there is no port left", function()
    stage(nil, { media = { max_sessions = 2 } })
    -- The test network has ports enough: the bound is the number of sessions.
    assert.is_table(bob.media)
  end)

  it("begins with what a reliable name resolves to where c= has a name (RFC 8866 5.7)", function()
    stage()
    net:dns("media.example", "10.0.1.1")
    local near <const>, far <const> = connect {
      sdp = function(sdp) sdp.address = "media.example" end,
    }
    net:advance "1s"
    assert.equal("media.example", far.media.address)
    assert.is_true(near:stats().received.packets > 40)
  end)

  it("leaves no session behind", function()
    stage()
    for _ = 1, 3 do
      local near <const> = connect()
      near:hangup()
      net:settle()
    end
    assert.equal(0, alice.context.media.core:counts().sessions)
    assert.equal(0, bob.context.media.core:counts().sessions)
  end)

  it("is offered to nobody by an agent without media", function()
    stage({ media = false }, { media = false })
    local near <const>, far <const> = connect()
    assert.matches("a=inactive", near.local_sdp)
    assert.is_nil(alice.context.media)
    assert.equal("media", select(2, far:play "x.wav").kind)
  end)
end)

describe("the option media", function()
  local net
  before_each(function() net = test.net() end)
  after_each(function() net:close() end)

  for _, case in ipairs {
    { ports = { 4000 } }, { ports = { 5000, 4000 } }, { ports = { 1, 2 } }, { address = "host" },
    { advertise = "x\r\n" }, { codecs = {} }, { codecs = { "G729" } }, { codecs = { "odd/8000" } },
    { ptime = 30 }, { dtmf = { "odd" } }, { inactivity = "x" }, { latch = "odd" },
    { jitter = { odd = 1 } }, { prompts = 7 }, { say = { odd = 1 } }, { say = { command = 7 } },
    { say = { timeout = "x" } }, { max_sessions = 0 }, { odd = 1 }, 7,
  } do
    it("refuses " .. tostring(next(type(case) == "table" and case or { case }) and
      (type(case) == "table" and next(case) or case)), function()
      local ok <const>, message = pcall(function()
        net:agent("sip:a@example.com", { media = case })
      end)
      assert.is_false(ok)
      assert.matches("bad argument", message)
    end)
  end
end)
