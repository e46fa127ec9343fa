-- SPDX-License-Identifier: MIT
--
-- A back-to-back user agent on a test network, between those who call and those who are
-- called:
--
--   local stage <close> = legs.stage()
--   stage:join({ media = "direct" })              -- every call goes on to bob
--   local near = assert(stage.alice:call(stage.to))
--   stage:finish()                                -- everything has ended, nothing is left

local assert <const> = require "luassert"
local descriptions <const> = require "spec.support.descriptions"
local test <const> = require "moonsip.test"

local legs <const> = {}

local Stage <const> = {}
Stage.__index = Stage

-- Addresses of both sides, so that a leak is seen.
local NEAR <const>, OURS <const>, FAR <const> = "10.1.0.7", "10.0.0.1", "10.2.0."

--- Options: net, of test.net; sbc, alice: of those agents; media: true for audio of ours.
---@param options table?
function legs.stage(options)
  options = options or {}
  local net <const> = test.net(options.net)
  local self <const> = setmetatable({ net = net, records = {}, errors = {},
                                      to = "sip:bob@" .. OURS }, Stage)
  local function agent(name, address, more)
    local given <const> = { address = address, name = name,
                            media = options.media and {} or false }
    for key, value in pairs(more or {}) do given[key] = value end
    local domain <const> = name == "alice" and "near.example" or "far.example"
    return net:agent(("sip:%s@%s"):format(name, domain), given)
  end
  self.alice = agent("alice", NEAR, options.alice)
  self.sbc = agent("sbc", OURS, options.sbc)
  self.bob = agent("bob", FAR .. "1", options.bob)
  self.carol = agent("carol", FAR .. "2", options.carol)
  self.sbc:on("cdr", function(record) table.insert(self.records, record) end)
  self.sbc:on("error", function(err) table.insert(self.errors, err.traceback) end)
  return self
end

--- Audio in PCMU at a port of a host.
function legs.talks(host, port, lines)
  return (descriptions.talks(port, lines):gsub("192%.0%.2%.1", host))
end

--- The B2BUA dials bob for everybody, or `target`, and joins them. The result of dialling is
--- `leg` or `err`, that of the bridge `record`.
function Stage:join(dial, bridge, target)
  self.sbc:on("INVITE", function(req)
    local a <close> = req:leg()
    self.a = a
    local b <close>, err = a:dial(target or self.bob.contact, dial)
    self.leg, self.err = b, err
    if not b then return a:reject(err) end
    self.record, self.err = a:bridge(b, bridge)
  end)
  return self
end

--- The statuses that somebody got for his INVITEs: "180 200".
function Stage:statuses(who)
  local found <const> = {}
  for _, one in ipairs(self.net:messages { to = who, retransmissions = false }) do
    local status <const> = one.bytes:match "^SIP/2.0 (%d+)"
    if status and one.bytes:find "\nCSeq: %d+ INVITE" then found[#found + 1] = status end
  end
  return table.concat(found, " ")
end

--- The first message of a filter.
function Stage:first(filter)
  local one <const> = self.net:messages(filter)[1]
  return one and one.bytes
end

--- Everything ends, and nothing is left of it.
function Stage:finish()
  assert.same({}, self.errors)
  assert.is_true(self.net:settle())
  local count <const>, by_kind <const> = self.net:live()
  assert.same({}, count > 0 and by_kind or {})
  for _, who in ipairs { self.alice, self.sbc, self.bob, self.carol } do
    assert.equal(0, #who.calls, who.aor)
  end
end

function Stage:close() self.net:close() end

Stage.__close = Stage.close

return legs
