-- SPDX-License-Identifier: MIT
--
-- RFC 5359 2.10 and 2.11: a third party is added to a call, or joins it. Bob mixes.

local face <const> = require "moonsip.face"
local flow <const> = require "spec.support.flow"

-- Bob's end of a call from Alice.
local function connected()
  local stage <const> = flow.stage { "Alice", "Bob", "Carol" }
  stage:phone "Bob"
  assert(stage.Alice:call(stage.Bob))
  stage:advance "1s"
  local bobs <const> = stage.Bob.calls[1]
  return stage, bobs, assert(face.of(stage.Bob.context).conference())
end

local function focus(stage)
  return { Contact = ("<%s>;isfocus"):format(stage.Bob.contact) }
end

describe("RFC 5359", function()
  it("2.10 3-Way Conference - Third Party Is Added", function()
    local stage <close>, bobs <const>, room <const> = connected()
    stage:phone "Carol"
    assert(bobs:reinvite { headers = focus(stage) })
    local second <const> = assert(stage.Bob:call(stage.Carol, { headers = focus(stage) }))
    room:join(bobs, function() end)
    room:join(second, function() end)
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Bob
      F2   180 INVITE  Bob -> Alice
      F3   200 INVITE  Bob -> Alice
      F4   ACK         Alice -> Bob
      F5   INVITE      Bob -> Alice
      F6   200 INVITE  Alice -> Bob
      F7   ACK         Bob -> Alice
      F8   INVITE      Bob -> Carol
      F9   180 INVITE  Carol -> Bob
      F10  200 INVITE  Carol -> Bob
      F11  ACK         Bob -> Carol
    ]]
    assert.equal(2, #room.members)
    assert.matches(";isfocus$", flow.header(sent.F5, "Contact"))
    assert.equal(flow.header(sent.F5, "Contact"), flow.header(sent.F8, "Contact"))
    stage:finish()
  end)

  it("2.11 3-Way Conference - Third Party Joins", function()
    local stage <close>, bobs <const>, room <const> = connected()
    stage.Bob:off "INVITE"
    stage.Bob:on("INVITE", function(req)
      assert(req.joins == bobs)
      req:ring { headers = focus(stage) }
      assert(bobs:reinvite { headers = focus(stage) })
      local call <const> = assert(req:answer { headers = focus(stage) })
      room:join(bobs, function() end)
      room:join(call, function() end)
      call:wait_end()
    end)
    assert(stage.Carol:call(stage.Bob, { headers = { Join = flow.dialog(stage.Alice.calls[1]) } }))
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Bob
      F2   180 INVITE  Bob -> Alice
      F3   200 INVITE  Bob -> Alice
      F4   ACK         Alice -> Bob
      F5   INVITE      Carol -> Bob
      F6   180 INVITE  Bob -> Carol
      F7   INVITE      Bob -> Alice
      F8   200 INVITE  Alice -> Bob
      F9   ACK         Bob -> Alice
      F10  200 INVITE  Bob -> Carol
      F11  ACK         Carol -> Bob
    ]]
    assert.equal(2, #room.members)
    assert.matches("^" .. flow.header(sent.F1, "Call-ID"):gsub("%p", "%%%0") .. ";",
      flow.header(sent.F5, "Join"))
    assert.matches(";isfocus$", flow.header(sent.F7, "Contact"))
    stage:finish()
  end)
end)
