-- SPDX-License-Identifier: MIT
-- Hold and resume (RFC 3264 8.4, RFC 6337 5.3), with the message sequence of RFC 5359 2.1.

local descriptions <const> = require "spec.support.descriptions"
local pair <const> = require "spec.support.pair"

local talks <const> = descriptions.talks

describe("hold", function()
  local net, alice, bob, near, far, heard
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  -- Alice calls bob, each with audio of its own.
  local function connect(offer, answer)
    bob:on("INVITE", function(req) assert(req:answer { sdp = answer or talks(4002) }) end)
    near = assert(alice:call(bob, { sdp = offer or talks(4000) }))
    net:advance(1)
    far = bob.calls[1]
    heard = {}
    far:on("hold", function(call) heard[#heard + 1] = { "hold", call } end)
    far:on("resume", function(call) heard[#heard + 1] = { "resume", call } end)
  end

  local function direction(sdp) return sdp:match "\r\na=(%l+)\r\n" or "sendrecv" end

  it("is an offer that is sendonly, answered recvonly; and back (RFC 5359 2.1)", function()
    connect()
    local before <const> = #net:messages()
    assert.is_true(near:hold())
    assert.same({ "sendonly", "recvonly" }, { direction(near.local_sdp),
                                              direction(near.remote_sdp) })
    assert.same({ true, false, false, true }, { near.holding, near.held, far.holding, far.held })
    assert.same({ true, false }, { near.media.sends, near.media.receives })
    assert.is_true(near:resume())
    net:settle()
    assert.same({ "sendrecv", "sendrecv" }, { direction(near.local_sdp),
                                              direction(near.remote_sdp) })
    assert.same({ false, false }, { near.holding, far.held })
    assert.same({ { "hold", far }, { "resume", far } }, heard)
    local flow <const> = {}
    for at, record in ipairs(net:messages()) do
      if at > before then
        flow[#flow + 1] = record.bytes:match "^SIP/2.0 (%d+)" or record.bytes:match "^%u+"
      end
    end
    assert.same({ "INVITE", "200", "ACK", "INVITE", "200", "ACK" }, flow)
  end)

  it("of what only receives is inactive (8.4)", function()
    connect(talks(4000, { "a=recvonly" }))
    assert(near:hold())
    assert.equal("inactive", direction(near.local_sdp))
    assert(near:resume())
    assert.equal("recvonly", direction(near.local_sdp))
  end)

  it("on both sides is inactive, and each lets go by itself (RFC 6337 5.3)", function()
    connect()
    assert(near:hold())
    assert(far:hold())
    assert.equal("inactive", near.media.direction)
    assert(near:resume())
    assert.same({ true, true, false }, { far.holding, near.held, far.held })
    assert.equal("recvonly", near.media.direction)
    assert(far:resume())
    assert.equal("sendrecv", near.media.direction)
    assert.same({ false, false }, { near.held, far.held })
  end)

  it("twice is a refresh, and one resume ends it", function()
    connect()
    assert(near:hold())
    local sent <const> = near.local_sdp
    assert(near:hold())
    assert.equal(sent, near.local_sdp)
    assert(near:resume())
    assert.equal("sendrecv", direction(near.local_sdp))
  end)

  it("is heard in every spelling: a direction, or an address that is none", function()
    connect()
    for _, sdp in ipairs {
      talks(4000, { "a=sendonly" }), talks(4000, { "a=inactive" }),
      talks(4000, { "c=IN IP4 0.0.0.0" }), -- RFC 2543, which peers still do (8.4)
    } do
      heard = {}
      assert(near:reinvite { sdp = sdp })
      assert.is_true(far.held)
      assert(near:reinvite { sdp = talks(4000) })
      net:advance(1)
      assert.same({ { "hold", far }, { "resume", far } }, heard)
    end
  end)

  it("is told to the agent's handlers where the call has none", function()
    connect()
    local told <const> = {}
    far:off("hold"):off("resume")
    bob:on("hold", function(call) told[#told + 1] = call end)
    near:hold()
    near:resume()
    net:advance(1)
    assert.equal(1, #told)
    assert.equal(far, told[1])
  end)

  it("that is refused leaves the call as it was", function()
    connect()
    far:on("INVITE", function(req) req:reject(488) end)
    local done <const>, err = near:hold()
    assert.is_nil(done)
    assert.equal("media", err.kind)
    assert.same({ false, "sendrecv" }, { near.holding, near.media.direction })
  end)

  it("crossing the other side's is tried again (14.1)", function()
    connect()
    local done <const> = {}
    near:hold(function(ok) done[#done + 1] = ok end)
    far:hold(function(ok) done[#done + 1] = ok end)
    net:settle()
    assert.same({ true, true }, done)
    assert.equal("inactive", near.media.direction)
    assert.same({ true, true }, { near.holding, far.holding })
  end)

  it("of a call that is not there is nil, err", function()
    connect()
    near:hangup()
    local done <const>, err = near:hold()
    assert.is_nil(done)
    assert.equal("hangup", err.kind)
    local calling <const> = alice:start_call "sip:nobody@10.9.9.9"
    assert.equal("invalid", select(2, calling:hold()).kind)
  end)

  it("goes on after a change of theirs: the answer holds too", function()
    connect()
    assert(near:hold())
    assert(far:reinvite { sdp = talks(4444) })
    assert.same({ true, "sendonly" }, { near.holding, near.media.direction })
  end)
end)
