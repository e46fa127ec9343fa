-- SPDX-License-Identifier: MIT
-- Audio and descriptions that mean no good: strangers, garbage, floods, and whatever an
-- offer or answer may say.

local core <const> = require "moonsip.core"
local ivr <const> = require "spec.support.ivr"
local test <const> = require "moonsip.test"

-- An RTP packet (RFC 3550 5.1).
local function rtp(o)
  return string.pack(">BBI2I4I4", 0x80, o.type or 0, o.seq or 1, o.ts or 160, o.ssrc or 7)
    .. (o.payload or ("\x80"):rep(160))
end

describe("a call", function()
  local net, alice, bob, near, far
  local function connect(options)
    net = test.net()
    alice = net:agent("sip:alice@example.com")
    bob = net:agent("sip:bob@example.com", options)
    bob:on("INVITE", function(req) assert(req:answer()) end)
    near = assert(alice:call(bob))
    net:advance "500ms"
    far = bob.calls[1]
  end
  after_each(function() net:close() end)

  local function inject(from, bytes)
    local to <const> = ("%s:%d"):format(near.media.address, near.media.port)
    return net.audio.fabric:inject(from, to, bytes)
  end

  it("hears no stranger, and sends him nothing (bug class 45, RTP Bleed)", function()
    connect()
    local sent_to <const> = {}
    net.audio.fabric:tap(function(_, _, to) sent_to[to] = true end)
    for seq = 1, 100 do
      assert.is_true(inject("203.0.113.66:6666", rtp { seq = seq, ts = seq * 160, ssrc = 99 }))
      net:advance "20ms"
    end
    net:advance "1s"
    local stats <const> = far:stats()
    assert.equal(100, stats.received.strangers)
    assert.is_nil(sent_to["203.0.113.66:6666"])
    assert.equal(0, stats.received.lost)
  end)

  it("counts bad packets and goes on (bug class 46)", function()
    connect()
    local from <const> = ("%s:%d"):format(far.media.address, far.media.port)
    for at = 1, 200 do
      inject(from, "x")
      inject(from, ("\x80"):rep(at % 12))
      inject(from, rtp { type = 77, seq = at })
      inject(from, string.pack(">BBI2", 0x80, 200, 65535))
      if at % 20 == 0 then net:advance "20ms" end
    end
    net:advance "1s"
    assert.same({ "connected", "connected" }, { near.state, far.state })
    local stats <const> = far:stats()
    local refused <const> = stats.received
    assert.is_true(refused.malformed + refused.wrong_type + refused.floods > 300)
    assert.is_true(stats.received.packets > 60)
  end)

  it("is not ended by a flood, nor are others held up (bug class 52)", function()
    connect()
    for at = 1, 5000 do inject("203.0.113.66:6666", rtp { seq = at & 0xffff }) end
    local before <const> = far:stats().received.packets
    net:advance "1s"
    assert.near(before + 50, far:stats().received.packets, 3)
  end)

  it("is ended by no RTCP, whoever sends it", function()
    connect()
    local from <const> = ("%s:%d"):format(far.media.address, far.media.port)
    for _, kind in ipairs { 200, 201, 202, 203, 204, 205, 206, 207 } do
      for length = 0, 20 do
        inject(from, string.pack(">BBI2", 0x9f, kind, length) .. ("\xff"):rep(length))
      end
    end
    net:advance "1s"
    assert.same({ "connected", "connected" }, { near.state, far.state })
  end)
end)

describe("a stream that nobody reads (bug class 44)", function()
  it("is bounded, and holds nobody up", function()
    local stage <close> = ivr.stage [[
      if call.from.user == "alice" then
        local stream = assert(call:stream { buffer = "2s" })
        sip.sleep "60s"
        local bytes = 0
        repeat
          local more = stream:read()
          bytes = bytes + #more
        until bytes > 20000 or #more == 0
        print(bytes <= 2 * 16000 + 640, call.state)
        return call:wait_end()
      end
      call:play "welcome.wav"
      call:hangup()
    ]]
    stage:call()
    stage.net:advance "5s"
    local bob <const> = stage.net:agent "sip:bob@example.com"
    assert(bob:call(stage.ivr))
    assert(bob:hears "welcome.wav")
    stage.net:advance "60s"
    assert.same({ "true	connected" }, stage.ivr.output)
  end)
end)

describe("offers and answers made at random (bug classes 4 and 50)", function()
  local state <const> = { 1 }
  local function pick(list)
    state[1] = core.hash("pick", state[1])
    return list[state[1] % #list + 1]
  end

  local protos <const> = { "RTP/AVP", "RTP/AVP", "RTP/AVP", "RTP/SAVP", "RTP/AVPF", "udp",
                           "TCP/MSRP" }
  local formats <const> = { "0", "8", "0 8", "96", "96 97 98", "101", "13 0", "9 0 101", "127",
                            "0 0 0", "200", "65535", "*", "" }
  local lines <const> = {
    "a=rtpmap:96 opus/48000/2", "a=rtpmap:97 telephone-event/8000", "a=rtpmap:98 L16/16000",
    "a=rtpmap:101 telephone-event/8000", "a=rtpmap:65535 PCMU/8000", "a=rtpmap:-1 PCMU/8000",
    "a=rtpmap:0 PCMU/0", "a=rtpmap:0", "a=fmtp:101 0-15", "a=fmtp:101 " .. ("0,"):rep(200),
    "a=fmtp:96 " .. ("x=1;"):rep(100), "a=ptime:20", "a=ptime:0", "a=ptime:99999", "a=maxptime:1",
    "a=sendonly", "a=recvonly", "a=inactive", "a=sendrecv", "a=rtcp:1", "a=rtcp:99999",
    "a=rtcp-mux", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x", "a=", "a", "b=AS:0", "k=x",
    "c=IN IP4 0.0.0.0", "c=IN IP6 ::1", "c=IN IP4 224.0.0.1/127", "c=IN IP4 host.invalid",
    "i=" .. ("x"):rep(300), "a=x-unknown:" .. ("y"):rep(300), "z=0 0", "m=", "a=group:BUNDLE 0",
  }
  local ports <const> = { "4000", "4000", "4000", "0", "1", "65535", "4000/2", "99999", "9" }
  local kinds <const> = { "audio", "audio", "audio", "video", "image", "text" }

  local function description()
    local all <const> = { "v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-" }
    if pick { true, true, true, false } then all[#all + 1] = "c=IN IP4 192.0.2.1" end
    all[#all + 1] = "t=0 0"
    for _ = 1, pick { 0, 1, 1, 1, 1, 2, 3 } do
      all[#all + 1] = ("m=%s %s %s %s"):format(pick(kinds), pick(ports), pick(protos),
        pick(formats))
      for _ = 1, pick { 0, 1, 2, 4, 6 } do all[#all + 1] = pick(lines) end
    end
    return table.concat(all, "\r\n") .. pick { "\r\n", "\r\n", "\r\n", "\n", "" }
  end

  for seed = 1, 8 do
    it(("leave calls that end well, or none (seed %d)"):format(seed), function()
      state[1] = seed * 7919
      local net <close> = test.net { seed = seed }
      local alice <const> = net:agent("sip:alice@example.com")
      local bob <const> = net:agent("sip:bob@example.com")
      local how
      bob:on("INVITE", function(req) req:answer { sdp = how } end)
      local answered, refused = 0, 0
      for _ = 1, 60 do
        how = pick { "ours", "ours", "theirs" } == "theirs" and description() or nil
        local call <const>, err = alice:call(bob,
          { sdp = pick { 1, 2 } == 1 and description() or nil })
        if call then
          answered = answered + 1
          for _ = 1, 2 do
            pcall(function() call:reinvite { sdp = description() } end)
          end
          call:play { silence = "40ms" }
          call:hangup()
        else
          refused = refused + 1
          assert.truthy(err.code == 488 or err.kind == "media", tostring(err))
        end
        net:advance "100ms"
      end
      assert.is_true(answered > 5 and refused > 5, answered .. " " .. refused)
      net:settle()
      assert.equal(0, #alice.calls + #bob.calls)
      assert.equal(0, alice.context.media.core:counts().sessions)
      assert.same({}, net.log_lines)
    end)
  end
end)
