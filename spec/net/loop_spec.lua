-- SPDX-License-Identifier: MIT
--
-- The life of a core.loop, and what callbacks may do to it while it turns.

local core <const> = require "moonsip.core"
local ends <const> = require "spec.net.ends"

-- Calls `fn` inside a turn; what it raises is raised here.
local function in_turn(loop, fn)
  local result
  loop:on_timer(function() result = table.pack(pcall(fn)) end)
  loop:wheel():start(0, true)
  loop:step(0)
  assert(result, "the timer did not fire")
  assert(result[1], result[2])
  return table.unpack(result, 2, result.n)
end

describe("core.loop", function()
  it("is empty as long as nothing could happen", function()
    local loop <close> = core.loop { now = 0 }
    assert.is_true(loop:empty())
    assert.is_false(loop:step())
    assert.is_false(loop:step(1000))
    assert.is_nil(loop:timeout())
    local engine <close> = core.engine {}
    assert.is_true(loop:attach(engine, function() end))
    assert.is_true(loop:empty())
    local number = assert(loop:listen(engine, "udp", "127.0.0.1", 0))
    assert.is_false(loop:empty())
    assert.is_true(loop:step(0))
    loop:unlisten(engine, number)
    assert.is_true(loop:empty())
  end)

  it("has a clock that moves only by advance, or the system's that does not", function()
    local manual <close> = core.loop { now = 5000 }
    assert.equal(5000, manual:now())
    assert.is_true(manual:advance(7))
    assert.equal(5007, manual:now())
    assert.has_error(function() manual:advance(-1) end)
    local real <close> = core.loop()
    local none, err = real:advance(7)
    assert.is_nil(none)
    assert.equal("STATE", err.name)
  end)

  it("waits for a deadline of its own clock, and for no longer", function()
    local loop <close> = core.loop()
    local fired = 0
    loop:on_timer(function() fired = fired + 1 end)
    local at = loop:now() + 30
    loop:wheel():start(at, true)
    assert.is_true(loop:step(0))
    assert.equal(0, fired)
    while fired == 0 do loop:step() end
    assert.is_true(loop:now() >= at)
    assert.is_true(loop:empty())
  end)

  it("ends a wait at its timeout when nothing happens", function()
    local loop <close> = core.loop()
    local engine <close> = core.engine {}
    loop:attach(engine, function() end)
    loop:listen(engine, "udp", "127.0.0.1", 0)
    local before = loop:now()
    loop:step(20)
    assert.is_true(loop:now() >= before + 20)
  end)

  it("fires the timers of its wheel, and no turn lasts because they start others",
    function()
    local loop <close> = core.loop { now = 0 }
    local wheel <const>, seen <const> = loop:wheel(), {}
    loop:on_timer(function(value)
      seen[#seen + 1] = value
      if value == "again" then wheel:start(loop:now(), "again") end
    end)
    wheel:start(10, "again")
    wheel:start(20, "later")
    loop:step(0)
    assert.same({}, seen)
    assert.equal(0.01, loop:timeout())
    loop:advance(10)
    assert.equal(0, loop:timeout())
    loop:step(0)
    loop:step(0)
    assert.same({ "again" }, seen)
    loop:advance(10)
    loop:step(0)
    assert.same({ "again", "again", "later" }, seen)
  end)

  it("runs until it is stopped, or until nothing is left", function()
    local loop <close> = core.loop()
    local seen <const> = {}
    loop:on_timer(function(value)
      seen[#seen + 1] = value
      if value == "last" then return end
      loop:stop()
      loop:wheel():start(loop:now(), "last") -- never due in the same turn
    end)
    loop:wheel():start(loop:now(), "stop")
    assert.is_true(loop:run())
    assert.same({ "stop" }, seen)
    assert.is_true(loop:run())
    assert.same({ "stop", "last" }, seen)
    assert.is_true(loop:run())
  end)

  it("wakes: the next wait does not wait", function()
    local loop <close> = core.loop { now = 0 }
    local engine <close> = core.engine {}
    loop:attach(engine, function() end)
    loop:listen(engine, "udp", "127.0.0.1", 0)
    loop:wake()
    assert.equal(0, loop:timeout())
    assert.is_true(loop:step()) -- for ever, were it not for that
    in_turn(loop, function() loop:wake() end)
    assert.is_true(loop:step())
  end)

  it("cannot be turned by a callback of its own", function()
    local loop <close> = core.loop { now = 0 }
    for _, method in ipairs { "step", "run" } do
      in_turn(loop, function()
        assert.has_error(function() loop[method](loop) end, "the loop is turning already")
      end)
    end
  end)

  it("tells on_turn that a turn is done", function()
    local loop <close> = core.loop { now = 0 }
    local engine <close> = core.engine {}
    loop:attach(engine, function() end)
    loop:listen(engine, "udp", "127.0.0.1", 0)
    local turns = 0
    loop:on_turn(function() turns = turns + 1 end)
    loop:step(0)
    loop:step(0)
    assert.equal(2, turns)
    loop:on_turn(function() loop:close() end)
    assert.is_false(loop:step(0))
  end)
end)

describe("an error in a callback", function()
  it("goes to on_error with its traceback; the other callbacks run", function()
    local service <close> = ends.service { handles = { "MESSAGE" } }
    local failing <const> = service:add_engine({}, function() error "broken" end)
    failing:handles("MESSAGE", true)
    local _, _, failing_port = assert(service.loop:listen(failing, "udp", "127.0.0.1", 0))
    local port = service:listen "udp"
    local peer <close> = ends.udp()
    peer:send(ends.request { method = "MESSAGE" }, "127.0.0.1", failing_port)
    peer:send(ends.request { method = "MESSAGE" }, "127.0.0.1", port)
    service:wait_event "request"
    assert.matches("broken\nstack traceback:.*loop_spec", service.errors[1])
    failing:close()
  end)

  it("may be any value, even one that cannot be shown", function()
    local loop <close> = core.loop { now = 0 }
    local seen <const> = {}
    loop:on_error(function(text) seen[#seen + 1] = text end)
    loop:on_timer(function(value) error(value) end)
    local shown <const> = setmetatable({}, { __tostring = function() return "shown" end })
    local hidden <const> = setmetatable({}, { __tostring = function() error "no" end })
    for _, value in ipairs { shown, hidden, 42, true } do loop:wheel():start(0, value) end
    loop:step(0)
    assert.equal(4, #seen)
    assert.matches("^shown\nstack traceback", seen[1])
    assert.matches("^42\nstack traceback", seen[3])
    for _, text in ipairs(seen) do assert.is_string(text) end
  end)

  it("of on_error itself goes to stderr, and nothing else breaks", function()
    local output, status = ends.child [[
      local core <const> = require "moonsip.core"
      local loop <const> = assert(core.loop { now = 0 })
      loop:on_error(function(text) error("worse: " .. text:match "[^\n]*", 0) end)
      loop:on_timer(function(value) error(value, 0) end)
      loop:wheel():start(0, "bad")
      loop:step(0)
      print(loop:empty())
    ]]
    assert.same({ "moonsip: worse: bad\ntrue\n", 0 }, { output, status })
  end)

  it("leaves nothing on the stack, however often", function()
    local loop <close> = core.loop { now = 0 }
    loop:on_error(function() end)
    loop:on_timer(function() error "again" end)
    for _ = 1, 1000 do
      loop:wheel():start(0, true)
      loop:step(0)
    end
    assert.is_true(loop:empty())
  end)
end)

describe("inside a callback", function()
  local function service_with_message(fn)
    local service = ends.service { handles = { "MESSAGE" } }
    local port = service:listen "udp"
    local drain <const> = service.drain
    function service:drain()
      drain(self)
      fn(self)
    end
    local peer = service:own(ends.udp())
    peer:send(ends.request { method = "MESSAGE" }, "127.0.0.1", port)
    return service, peer
  end

  it("the loop may be closed: the turn ends and everything is closed", function()
    local service <close> = service_with_message(function(self) self.loop:close() end)
    assert.is_false(service.loop:step())
    assert.equal(1, #service.events)
    assert.has_error(function() service.loop:step() end)
    service.loop:close()
    service.engine:close()
  end)

  it("the engine may be closed, and the loop collected", function()
    local service <close> = service_with_message(function(self)
      self.engine:close()
      collectgarbage()
    end)
    service.loop:step()
    assert.equal(1, service.crossings)
    assert.equal(0, service:counts().listeners)
    assert.same({}, service.errors)
  end)

  it("the engine may be detached and attached again", function()
    local service <close> = service_with_message(function(self)
      if self.crossings > 1 then return end
      self.loop:detach(self.engine)
      assert(self.loop:attach(self.engine, function() self:drain() end))
      self.port = self:listen "udp"
    end)
    service.loop:step()
    local peer <close> = ends.udp()
    peer:send(ends.request { method = "MESSAGE" }, "127.0.0.1", service.port)
    ends.until_true(function() return #service.events == 2 end)
    assert.same({}, service.errors)
  end)

  it("the listener may be removed, and the answer still leaves", function()
    local service <close>, peer = service_with_message(function(self)
      assert(self.engine:reply(self.events[1].transaction, 200))
      assert(self.loop:unlisten(self.engine, 1))
    end)
    service.loop:step()
    assert.matches("^SIP/2.0 200 ", (peer:wait()))
  end)

  it("another engine may be attached, listen, and be closed", function()
    local service <close> = service_with_message(function(self)
      local engine <close> = core.engine {}
      assert(self.loop:attach(engine, function() end))
      assert(self.loop:listen(engine, "tcp", "127.0.0.1", 0))
    end)
    service.loop:step()
    assert.equal(1, service:counts().listeners)
    assert.same({}, service.errors)
  end)

  it("an error of the script's after a reply does not hold the reply back", function()
    local service <close>, peer = service_with_message(function(self)
      assert(self.engine:reply(self.events[1].transaction, 202))
      error "after the reply"
    end)
    service.loop:step()
    assert.matches("^SIP/2.0 202 ", (peer:wait()))
    assert.equal(1, #service.errors)
  end)
end)

describe("closing", function()
  it("sends what is waiting first", function()
    for _, what in ipairs { "loop", "engine", "detach" } do
      local service = ends.service()
      service:listen "udp"
      local peer <close> = ends.udp()
      assert(service.engine:request { method = "OPTIONS", from = "<sip:a@example.com>",
        uri = "sip:127.0.0.1:" .. peer.port })
      if what == "detach" then
        service.loop:detach(service.engine)
      else
        service[what]:close()
      end
      service:close()
      assert.matches("^OPTIONS sip:", (peer:wait()))
    end
  end)

  it("works in any order, also the collector's", function()
    for order = 1, 6 do
      local loop, engine = core.loop { now = 0 }, core.engine {}
      assert(loop:attach(engine, function() end))
      assert(loop:listen(engine, "udp", "127.0.0.1", 0))
      local _, _, port = assert(loop:listen(engine, "tcp", "127.0.0.1", 0))
      assert(engine:request { method = "OPTIONS", from = "<sip:a@example.com>",
        uri = ("sip:127.0.0.1:%d;transport=tcp"):format(port) })
      for _ = 1, order do loop:step(0) end
      if order == 1 then loop:close() engine:close() end
      if order == 2 then engine:close() loop:close() end
      if order == 3 then loop:close() loop:close() engine = nil end
      if order == 4 then engine:close() loop = nil end
      if order == 5 then loop = nil end
      if order == 6 then loop, engine = nil, nil end
      collectgarbage()
      collectgarbage()
      if engine and order < 5 then assert.has_error(function() engine:deadline() end) end
      if loop then loop:close() end
    end
  end)

  it("lets an engine that was on it go on with another loop", function()
    local engine <close> = core.engine {}
    for _ = 1, 2 do
      local loop <close> = core.loop { now = 0 }
      assert(loop:attach(engine, function() end))
      assert(loop:listen(engine, "udp", "127.0.0.1", 0))
    end
  end)

  it("keeps an attached engine alive as long as the loop", function()
    local loop <close> = core.loop { now = 0 }
    local port
    do
      local engine = core.engine {}
      assert(loop:attach(engine, function() end))
      port = select(3, assert(loop:listen(engine, "udp", "127.0.0.1", 0)))
    end
    collectgarbage()
    collectgarbage()
    local peer <close> = ends.udp()
    peer:send(ends.request(), "127.0.0.1", port)
    ends.until_true(function()
      loop:step(0)
      return #peer.inbox == 1
    end)
  end)

  it("forgets an engine that was closed, so that it can be collected", function()
    local loop <close> = core.loop { now = 0 }
    local watch <const> = setmetatable({}, { __mode = "k" })
    do
      local engine <close> = core.engine {}
      watch[engine] = true
      assert(loop:attach(engine, function() return engine end))
    end
    loop:step(0)
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(watch))
  end)

  it("gives everything back", function()
    local loop <close> = core.loop { now = 0 }
    local function round()
      local engine <close> = core.engine {}
      assert(loop:attach(engine, function() end))
      assert(loop:listen(engine, "udp", "127.0.0.1", 0))
      local _, _, port = assert(loop:listen(engine, "tcp", "127.0.0.1", 0))
      assert(engine:request { method = "OPTIONS", from = "<sip:a@example.com>",
        uri = ("sip:127.0.0.1:%d;transport=tcp"):format(port) })
      for _ = 1, 5 do loop:step(0) end
    end
    round() -- makes the memory that lasts as long as the loop
    loop:step(0)
    local before <const> = loop:counts()
    for _ = 1, 10 do round() end
    loop:step(0)
    local after <const> = loop:counts()
    assert.same({ before.live_blocks, before.live_bytes, 0 },
      { after.live_blocks, after.live_bytes, after.connections })
  end)
end)

describe("misuse of core.loop", function()
  local loop, engine
  before_each(function()
    loop, engine = core.loop { now = 0 }, core.engine {}
  end)
  after_each(function()
    loop:close()
    engine:close()
  end)

  it("is an error: an engine attached twice, or to two loops", function()
    local other <close> = core.loop()
    assert(loop:attach(engine, function() end))
    assert.has_error(function() loop:attach(engine, function() end) end,
      "bad argument #1 to 'attach' (attached already)")
    assert.has_error(function() other:attach(engine, function() end) end,
      "bad argument #1 to 'attach' (attached already)")
    assert.has_error(function() other:listen(engine, "udp", "127.0.0.1", 0) end,
      "bad argument #1 to 'listen' (not attached to this loop)")
    assert.has_error(function() other:detach(engine) end)
  end)

  it("is an error: an engine that is not attached", function()
    for _, method in ipairs { "listen", "unlisten", "detach" } do
      assert.has_error(function() loop[method](loop, engine, "udp", "::1", 0) end)
    end
  end)

  it("is an error: a callback that is no function", function()
    assert.has_error(function() loop:attach(engine) end)
    for _, hook in ipairs { "timer", "wake", "signal", "error", "resolve", "turn" } do
      assert.has_error(function() loop["on_" .. hook](loop, {}) end)
      loop["on_" .. hook](loop, nil)
    end
  end)

  it("is an error: options of the wrong kind or size", function()
    for _, name in ipairs { "connect_ms", "idle_ms", "partial_ms", "resolve_ms",
      "max_connections", "max_queue", "message_size" } do
      for _, value in ipairs { 0, -1, 1.5, "x", 1 << 31 } do
        assert.has_error(function() core.loop { [name] = value } end, nil, name)
      end
    end
    assert.has_error(function() core.loop { now = "noon" } end)
    assert.has_error(function() core.loop { name_servers = {} } end)
    assert.has_error(function() core.loop "fast" end)
  end)

  it("is an error: advertising what is no host or port", function()
    assert(loop:attach(engine, function() end))
    for _, options in ipairs { { advertise_host = 5 }, { advertise_port = 65536 },
      { advertise_port = "5060" }, { advertise_port = -1 }, "sip.example.com" } do
      assert.has_error(function() loop:listen(engine, "udp", "::1", 0, options) end)
    end
    assert.equal(0, loop:counts().listeners)
  end)

  it("is an error: anything but close once it is closed", function()
    loop:close()
    for _, method in ipairs { "step", "run", "stop", "wake", "now", "pollfd", "timeout",
      "empty", "counts", "wheel" } do
      local _, err = pcall(loop[method], loop)
      assert.matches("the loop is closed", err)
    end
    loop:close()
  end)
end)
