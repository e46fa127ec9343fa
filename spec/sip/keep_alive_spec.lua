-- SPDX-License-Identifier: MIT
--
-- Flows that the engine keeps alive (RFC 5626 4.4), byte by byte and by its own clock.

local core <const> = require "moonsip.core"

local REMOTE <const>, LOCAL <const> = "10.0.0.1", "10.0.0.2"
local COOKIE <const> = "\x21\x12\xa4\x42"

local function new()
  local engine <const> = assert(core.engine { now = 0, seed = 7 })
  engine:add_listener("udp", LOCAL, 5060)
  engine:add_listener("tcp", LOCAL, 5060)
  local world <const> = { engine = engine, now = 0, sent = {} }

  function world.drain()
    while true do
      local bytes = engine:next_packet()
      if not bytes then return end
      world.sent[#world.sent + 1] = { at = world.now, bytes = bytes }
    end
  end

  -- Fires what is due up to an instant, in milliseconds.
  function world.advance(to)
    while true do
      local due <const> = engine:deadline()
      if not due or due > to then break end
      world.now = math.max(due, world.now)
      engine:advance(world.now)
      world.drain()
    end
    world.now = to
    engine:advance(to)
    world.drain()
  end

  function world.events()
    local list <const> = {}
    while true do
      local kind, _, id, _, code = engine:next_event()
      if not kind then return list end
      list[#list + 1] = { kind, id, code }
    end
  end

  return world
end

local function flow(transport, connection)
  return core.flow(transport, LOCAL, 5060, REMOTE, 5060, transport == "udp" and 1 or 2, connection)
end

-- A binding response to a request, from where it says we are.
local function answer(request, ip, port, kind)
  local mapped = ""
  for at, byte in ipairs { ip:match "(%d+)%.(%d+)%.(%d+)%.(%d+)" } do
    mapped = mapped .. string.char(tonumber(byte) ~ COOKIE:byte(at))
  end
  local body <const> = ("\0\x20\0\8\0\1" .. string.pack(">I2", port ~ 0x2112)) .. mapped
  if kind == "error" then
    return "\1\x11\0\8" .. request:sub(5) .. "\0\9\0\4\0\0\4\0"
  end
  return "\1\1" .. string.pack(">I2", #body) .. request:sub(5) .. body
end

describe("A connection that is kept alive (RFC 5626 4.4.1)", function()
  it("gets a ping after 80 to 100 % of the interval, each time another", function()
    local world <const> = new()
    assert(world.engine:keep_alive(flow("tcp", 9), 120000, true))
    local spans, last = {}, 0
    for _ = 1, 20 do
      local before <const> = #world.sent
      while #world.sent == before do world.advance(world.now + 100) end
      spans[#spans + 1] = world.sent[#world.sent].at - last
      assert.equal("\r\n\r\n", world.sent[#world.sent].bytes)
      last = world.now
      world.engine:ponged(9)
    end
    local least <const>, most <const> = math.min(table.unpack(spans)), math.max(table.unpack(spans))
    assert.is_true(least >= 95900 and most <= 120100 and most - least > 1000, least .. " " .. most)
    assert.same({}, world.events())
  end)

  it("has failed when no pong comes within 10 s", function()
    local world <const> = new()
    local keeper <const> = assert(world.engine:keep_alive(flow("tcp", 9), 120000, true))
    while #world.sent == 0 do world.advance(world.now + 10) end
    local at <const> = world.now
    world.advance(at + 9980)
    assert.same({}, world.events())
    world.advance(at + 10020)
    assert.same({ { "flow_failed", keeper, "TIMEOUT" } }, world.events())
    world.advance(at + 10000000)
    assert.same({ 1, {} }, { #world.sent, world.events() })
  end)

  it("may be silent where nobody knows that it answers", function()
    local world <const> = new()
    assert(world.engine:keep_alive(flow("tcp", 9), 30000, false))
    world.advance(300000)
    assert.is_true(#world.sent >= 10)
    assert.same({}, world.events())
  end)

  it("has failed when it breaks, also when nothing is sent by it", function()
    local world <const> = new()
    local keeper <const> = assert(world.engine:keep_alive(flow("tcp", 9), 0, false))
    world.engine:connection_lost(8, "TRANSPORT")
    assert.same({}, world.events())
    world.engine:connection_lost(9, "TRANSPORT")
    assert.same({ { "flow_failed", keeper, "TRANSPORT" } }, world.events())
    world.advance(10000000)
    assert.same(0, #world.sent)
  end)

  it("is one for all who keep it, as often as the one in the greatest hurry", function()
    local world <const> = new()
    local first <const> = assert(world.engine:keep_alive(flow("tcp", 9), 120000, true))
    assert.equal(first, (world.engine:keep_alive(flow("tcp", 9), 20000, true)))
    assert.not_equal(first, (world.engine:keep_alive(flow("tcp", 10), 0, true)))
    world.advance(20000)
    assert.equal(1, #world.sent)
    world.engine:leave_alone(first)
    world.engine:ponged(9)
    world.advance(40000)
    assert.equal(2, #world.sent)
    world.engine:leave_alone(first)
    world.advance(90000)
    assert.same({ 2, {} }, { #world.sent, world.events() })
  end)
end)

describe("A pair of addresses that is kept alive by STUN (RFC 5626 4.4.2)", function()
  local world, keeper
  before_each(function()
    world = new()
    keeper = assert(world.engine:keep_alive(flow("udp"), 29000, true))
    while #world.sent == 0 do world.advance(world.now + 10) end
  end)

  local function hear(bytes)
    world.engine:receive(flow("udp"), bytes)
    world.drain()
  end

  it("asks after 80 to 100 % of the interval, with a request of 20 bytes", function()
    assert.is_true(world.now >= 23200 and world.now <= 29010, world.now)
    assert.same({ "\0\1\0\0" .. COOKIE, 20 },
      { world.sent[1].bytes:sub(1, 8), #world.sent[1].bytes })
    hear(answer(world.sent[1].bytes, "203.0.113.7", 40000))
    world.advance(world.now + 29010)
    local span <const> = world.sent[2].at - world.sent[1].at
    assert.is_true(span >= 23200 and span <= 29020, span)
    assert.not_equal(world.sent[1].bytes, world.sent[2].bytes)
  end)

  it("has failed after seven requests and 39.5 s (RFC 8489 6.2.1)", function()
    local at <const> = world.sent[1].at
    world.advance(at + 39490)
    assert.same({}, world.events())
    local times <const> = {}
    for i, one in ipairs(world.sent) do
      times[i] = one.at - at
      assert.equal(world.sent[1].bytes, one.bytes)
    end
    assert.same({ 0, 500, 1500, 3500, 7500, 15500, 31500 }, times)
    world.advance(at + 39510)
    assert.same({ { "flow_failed", keeper, "TIMEOUT" } }, world.events())
  end)

  it("has failed when the address it is seen at changes, or an error comes", function()
    hear(answer(world.sent[1].bytes, "203.0.113.7", 40000))
    for _ = 1, 3 do
      local before <const> = #world.sent
      while #world.sent == before do world.advance(world.now + 10) end
      hear(answer(world.sent[#world.sent].bytes, "203.0.113.7", 40000))
    end
    assert.same({}, world.events())
    local before <const> = #world.sent
    while #world.sent == before do world.advance(world.now + 10) end
    hear(answer(world.sent[#world.sent].bytes, "203.0.113.7", 40001))
    assert.same({ { "flow_failed", keeper, "TRANSPORT" } }, world.events())
    local other <const> = new()
    local again <const> = assert(other.engine:keep_alive(flow("udp"), 29000, true))
    while #other.sent == 0 do other.advance(other.now + 10) end
    other.engine:receive(flow("udp"), answer(other.sent[1].bytes, "203.0.113.7", 1, "error"))
    assert.same({ { "flow_failed", again, "TRANSPORT" } }, other.events())
  end)

  it("is answered by the server it asked alone, and by what answers its question", function()
    local good <const> = answer(world.sent[1].bytes, "203.0.113.7", 40000)
    local stranger <const> = core.flow("udp", LOCAL, 5060, "10.0.0.66", 5060, 1)
    world.engine:receive(stranger, good)
    hear(good:sub(1, 8) .. ("x"):rep(12) .. good:sub(21))
    for cut = 1, #good - 1 do hear(good:sub(1, cut)) end
    world.advance(world.sent[1].at + 510)
    assert.equal(2, #world.sent)
    hear(good)
    world.advance(world.now + 1000)
    assert.equal(2, #world.sent)
  end)
end)

describe("The engine's keepers", function()
  it("are none of a flow that is no flow", function()
    local world <const> = new()
    local none, err = world.engine:keep_alive(flow("tcp", 0), 1000, true)
    assert.same({ nil, "INVALID" }, { none, err.name })
    world.engine:leave_alone(12345)
  end)

  it("give their memory back", function()
    local world <const> = new()
    local before <const> = world.engine:counts().live_blocks
    local kept <const> = {}
    for at = 1, 200 do kept[at] = world.engine:keep_alive(flow("tcp", at), 1000, true) end
    for _, id in ipairs(kept) do world.engine:leave_alone(id) end
    assert.is_true(world.engine:counts().live_blocks <= before + 4)
    assert.equal(0, world.engine:counts().timers)
  end)
end)
