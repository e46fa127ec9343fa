-- SPDX-License-Identifier: MIT
--
-- The exchanges that RFC 3264 10 tells of, with addresses of our own: who offers
-- what, and what the other side makes of it.

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

local codecs <const>, media_lines <const> = descriptions.codecs, descriptions.media_lines

-- Somebody who offers and answers, always with their last description in mind.
local Party <const> = {}
Party.__index = Party

local function party(name, id, address)
  return setmetatable({ name = name, id = id, address = address }, Party)
end

function Party:options(media)
  local made <const> = { username = self.name, id = self.id, version = self.id, sent = self.sent,
                         address = self.address, media = {} }
  for i, medium in ipairs(media) do
    local copy <const> = {}
    for name, value in pairs(medium) do copy[name] = value end
    copy.codecs = codecs(medium.codecs)
    made.media[i] = copy
  end
  return made
end

function Party:offer(media)
  self.sent = assert(core.sdp_offer(self:options(media)))
  return self.sent
end

function Party:answer(offer, media)
  self.sent = assert(core.sdp_answer(offer, self:options(media)))
  assert.is_true(core.sdp_check(offer, self.sent))
  return self.sent
end

local function version(description)
  return description.origin.session_version
end

describe("the basic exchange (RFC 3264 10.1)", function()
  local alice <const> = party("alice", 2890844526, "192.0.2.1")
  local bob <const> = party("bob", 2890844730, "192.0.2.2")
  local audio <const>, h261 <const>, mpv <const> =
    { port = 49170, codecs = { "0=PCMU/8000" } },
    { type = "video", port = 51372, codecs = { "31=H261/90000" } },
    { type = "video", port = 53000, codecs = { "32=MPV/90000" } }
  local bobs <const> = { { port = 49920, codecs = { "0=PCMU/8000" } },
                         { type = "video", port = 0, codecs = { "31=H261/90000" } },
                         { type = "video", port = 53000, codecs = { "32=MPV/90000" } } }
  local offer, answer

  it("accepts audio and one of two video streams", function()
    offer = alice:offer { audio, h261, mpv }
    answer = bob:answer(offer, bobs)
    assert.same({ "m=audio 49920 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=sendrecv",
                  "m=video 0 RTP/AVP 31", "m=video 53000 RTP/AVP 32", "a=rtpmap:32 MPV/90000",
                  "a=sendrecv" }, media_lines(answer))
  end)

  it("changes a port and adds a stream of events, by an offer of the other side", function()
    bobs[1].port = 65422
    bobs[4] = { port = 51434, direction = "recvonly", codecs = { "110=telephone-event/8000" } }
    local second <const> = bob:offer(bobs)
    assert.equal("2890844731", version(second))
    assert.same({ "m=audio 65422 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=sendrecv",
                  "m=video 0 RTP/AVP 31", "m=video 53000 RTP/AVP 32", "a=rtpmap:32 MPV/90000",
                  "a=sendrecv", "m=audio 51434 RTP/AVP 110", "a=rtpmap:110 telephone-event/8000",
                  "a=recvonly" }, media_lines(second))
    local events <const> = { port = 53122, codecs = { "telephone-event/8000" } }
    local back <const> = alice:answer(second, { audio, h261, mpv, events })
    assert.equal("2890844527", version(back))
    assert.same({ "m=audio 49170 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "a=sendrecv",
                  "m=video 0 RTP/AVP 31", "m=video 53000 RTP/AVP 32", "a=rtpmap:32 MPV/90000",
                  "a=sendrecv", "m=audio 53122 RTP/AVP 110", "a=rtpmap:110 telephone-event/8000",
                  "a=sendonly" }, media_lines(back))
  end)
end)

describe("one of several codecs (RFC 3264 10.2)", function()
  local alice <const> = party("alice", 2890844526, "192.0.2.1")
  local bob <const> = party("bob", 2890844730, "192.0.2.2")
  local bobs <const> = { { port = 54344, codecs = { "0=PCMU/8000", "4=G723/8000" } } }

  it("is found out by an inactive offer, and fixed by a second one", function()
    local three <const> = { "0=PCMU/8000", "4=G723/8000", "18=G729/8000" }
    local first <const> = alice:offer { { port = 62986, direction = "inactive", codecs = three } }
    assert.same({ "m=audio 54344 RTP/AVP 0 4", "a=rtpmap:0 PCMU/8000", "a=rtpmap:4 G723/8000",
                  "a=inactive" }, media_lines(bob:answer(first, bobs)))
    local second <const> = alice:offer { { port = 62986, codecs = { "4=G723/8000" } } }
    assert.equal("2890844527", version(second))
    local answer <const> = bob:answer(second, bobs)
    assert.same({ "m=audio 54344 RTP/AVP 4", "a=rtpmap:4 G723/8000", "a=sendrecv" },
      media_lines(answer))
    assert.equal("2890844731", version(answer))
  end)
end)

describe("hold and resume (RFC 3264 8.4, RFC 6337 5.3)", function()
  local ua1 <const>, ua2 <const> = party("-", 1, "192.0.2.1"), party("-", 2, "192.0.2.2")

  -- What both sides wish for: an offer by one, the answer of the other.
  local function exchange(from, from_wish, to, to_wish)
    local function media(wish)
      return { { port = 4000, direction = wish, codecs = { "0=PCMU/8000" } } }
    end
    local offer <const> = from:offer(media(from_wish))
    local answer <const> = to:answer(offer, media(to_wish))
    local stream <const> = core.sdp_stream(answer, offer, 1)
    return offer.media[1].direction, answer.media[1].direction, stream.held
  end

  it("is a wish of each side that the other's offers do not change", function()
    assert.same({ "sendrecv", "sendrecv", false }, { exchange(ua1, "sendrecv", ua2, "sendrecv") })
    assert.same({ "sendonly", "recvonly", true }, { exchange(ua1, "sendonly", ua2, "sendrecv") })
    assert.same({ "sendonly", "inactive", true }, { exchange(ua2, "sendonly", ua1, "sendonly") })
    assert.same({ "sendrecv", "sendonly", false }, { exchange(ua1, "sendrecv", ua2, "sendonly") })
    assert.same({ "sendrecv", "sendrecv", false }, { exchange(ua2, "sendrecv", ua1, "sendrecv") })
  end)
end)
