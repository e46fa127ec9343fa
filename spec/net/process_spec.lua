-- SPDX-License-Identifier: MIT
--
-- What a loop must not do to the process it lives in, seen from outside: each test
-- runs a child of its own.

local ends <const> = require "spec.net.ends"

-- A service that stands by itself, without the helper's own guards.
local PRELUDE <const> = [[
local core <const> = require "moonsip.core"
local uv <const> = require "luv"
local loop <const> = assert(core.loop { now = 1000 })
local engine <const> = assert(core.engine {})
assert(loop:attach(engine, function() end))
local _, _, port = assert(loop:listen(engine, "tcp", "127.0.0.1", 0))
local function turn(n)
  for _ = 1, n do
    loop:step(0)
    uv.run "nowait"
  end
end
local function until_true(fn)
  for _ = 1, 5000 do
    if fn() then return true end
    turn(1)
    loop:step(1)
  end
  error("it never happened", 2)
end
]]

describe("SIGPIPE", function()
  it("does not kill the host when a peer resets what is being written", function()
    local output, status = ends.child(PRELUDE .. [[
      for round = 1, 20 do
        local ends <const> = {}
        local client <const> = uv.new_tcp()
        client:connect("127.0.0.1", port, function(err) assert(not err, err) end)
        until_true(function() return loop:counts().connections == 1 end)
        -- Ten thousand pings make ten thousand pongs; the reset comes before them.
        client:try_write(("\r\n"):rep(20000))
        client:close_reset()
        until_true(function() return loop:counts().connections == 0 end)
      end
      -- And one that is written to after the peer has gone, which raises it for sure.
      local client <const> = uv.new_tcp()
      client:connect("127.0.0.1", port, function() end)
      until_true(function() return loop:counts().connections == 1 end)
      client:close_reset()
      uv.run "nowait"
      assert(engine:request { method = "OPTIONS", from = "<sip:a@b.example>",
        uri = "sip:127.0.0.1;transport=tcp", ip = "127.0.0.1", port = port,
        transport = "tcp" })
      turn(10)
      print "alive"
    ]])
    assert.same({ "alive\n", 0 }, { output, status })
  end)

  it("keeps the disposition that the host gave it", function()
    local output, status = ends.child(PRELUDE .. [[
      turn(3)
      loop:close()
      io.stdout:write "before\n"
      io.stdout:flush()
      local pipe <const> = io.popen("true", "w")
      os.execute "sleep 0.05" -- the reader has gone by then
      for _ = 1, 100 do pipe:write(("x"):rep(1000)) end
      pipe:flush()
      io.stdout:write "after\n"
    ]])
    assert.same({ "before\n", 128 + 13 }, { output, status })
  end)
end)

describe("a process without descriptors", function()
  it("accepts again when it has some, and does not spin meanwhile", function()
    local output, status = ends.child(PRELUDE .. [[
      local clients <const> = {}
      for i = 1, 3 do clients[i] = uv.new_tcp "inet" end
      local poll <const> = uv.new_poll(loop:pollfd())
      local ready
      poll:start("r", function() ready = true end)
      turn(2)
      local fillers <const> = {}
      for i = 1, 100 do
        fillers[i] = io.open "/dev/null"
        if not fillers[i] then break end
      end
      assert(#fillers < 100, "the limit is not in force")
      for _, client in ipairs(clients) do
        client:connect("127.0.0.1", port, function(err) assert(not err, err) end)
      end
      turn(20)
      assert(loop:counts().accepted == 0)
      ready = false
      uv.run "nowait"
      assert(not ready, "the descriptor is readable")
      assert(loop:timeout() > 0, "the loop wants another turn")
      for _, filler in ipairs(fillers) do filler:close() end
      assert(loop:advance(100))
      until_true(function() return loop:counts().accepted == 3 end)
      print "accepted"
    ]], "ulimit -n 32;")
    assert.same({ "accepted\n", 0 }, { output, status })
  end)

  it("has a connection it wants to open reported as failed", function()
    local output, status = ends.child(PRELUDE .. [[
      local server <const> = uv.new_tcp()
      assert(server:bind("127.0.0.1", 0))
      assert(server:listen(8, function() end))
      local fillers <const> = {}
      for i = 1, 100 do
        fillers[i] = io.open "/dev/null"
        if not fillers[i] then break end
      end
      assert(engine:request { method = "OPTIONS", from = "<sip:a@b.example>",
        uri = ("sip:127.0.0.1:%d;transport=tcp"):format(server:getsockname().port) })
      local kind, code
      until_true(function()
        local _
        kind, _, _, _, code = engine:next_event()
        return kind
      end)
      print(kind, code)
    ]], "ulimit -n 32;")
    assert.same({ "failed\tEMFILE\n", 0 }, { output, status })
  end)
end)

describe("a signal", function()
  -- Runs until a signal stops it; `body` is what happens on one.
  local function runner(body, after)
    return ([[
      local core <const> = require "moonsip.core"
      local loop <const> = assert(core.loop())
      local engine <const> = assert(core.engine {})
      assert(loop:attach(engine, function() end))
      assert(loop:listen(engine, "udp", "127.0.0.1", 0))
      local uv <const> = require "luv"
      local function kill(name) uv.kill(uv.os_getpid(), name) end
      loop:on_signal(function(name) %s end)
      local wheel <const> = loop:wheel()
      local function after(ms, fn) wheel:start(loop:now() + ms, fn) end
      loop:on_timer(function(fn) fn() end)
      %s
    ]]):format(body, after)
  end

  it("SIGINT and SIGTERM reach on_signal while run turns the loop", function()
    local output, status = ends.child(runner([[
      print(name)
      if name == "SIGTERM" then loop:stop() end
    ]], [[
      after(1, function() kill "sigint" end)
      after(20, function() kill "sigterm" end)
      loop:run()
      print "stopped"
    ]]))
    assert.same({ "SIGINT\nSIGTERM\nstopped\n", 0 }, { output, status })
  end)

  it("comes from another process too", function()
    local output, status = ends.child(runner([[
      print(name)
      loop:stop()
    ]], [[
      after(1, function() os.execute(("kill -TERM %d"):format(uv.os_getpid())) end)
      loop:run()
    ]]))
    assert.same({ "SIGTERM\n", 0 }, { output, status })
  end)

  it("does what it did before once run has ended", function()
    local output, status = ends.child(runner("print(name) loop:stop()", [[
      after(1, function() kill "sigterm" end)
      loop:run()
      kill "sigterm"
      print "not reached"
    ]]))
    assert.same({ "SIGTERM\n", 128 + 15 }, { output, status })
  end)

  it("is the host's alone while the host turns the loop", function()
    local output, status = ends.child(runner("print(name)", [[
      after(1, function() kill "sigterm" end)
      while true do loop:step(10) end
    ]]))
    assert.same({ "", 128 + 15 }, { output, status })
  end)

  it("is nobody's when no hook is set", function()
    local output, status = ends.child(runner("", [[
      loop:on_signal(nil)
      after(1, function() kill "sigterm" end)
      loop:run()
    ]]))
    assert.same({ "", 128 + 15 }, { output, status })
  end)

  it("stops being caught when the hook is taken back in a turn", function()
    local output, status = ends.child(runner("print(name) loop:on_signal(nil)", [[
      after(1, function() kill "sigint" end)
      after(20, function() kill "sigint" end)
      loop:run()
    ]]))
    -- The interpreter's own handler is back: it raises "interrupted!" and ends.
    assert.matches("^SIGINT\n", output)
    assert.not_matches("SIGINT.*SIGINT", output)
    assert.not_equal(0, status)
  end)

  it("that is held is told by the next turn, whoever asks for it", function()
    local output, status = ends.child(runner("print(name) done = true", [[
      assert(loop:hold_signals(true))
      kill "sigterm"
      print "still here"
      while not done do loop:step(10) end
      loop:hold_signals(false)
      kill "sigterm"
      print "not reached"
    ]]))
    assert.same({ "still here\nSIGTERM\n", 128 + 15 }, { output, status })
  end)

  it("is kept between two runs when it is held", function()
    local output, status = ends.child(runner("print(name) loop:stop()", [[
      assert(loop:hold_signals(true))
      after(1, function() loop:stop() end)
      loop:run()
      kill "sigint"
      loop:run()
      print "stopped"
    ]]))
    assert.same({ "SIGINT\nstopped\n", 0 }, { output, status })
  end)

  it("that nobody was told of ends the program when it comes again", function()
    local output, status = ends.child(runner("print(name)", [[
      assert(loop:hold_signals(true))
      kill "sigterm"
      print "once"
      kill "sigterm"
      print "not reached"
    ]]))
    assert.same({ "once\n", 128 + 15 }, { output, status })
  end)

  it("is held by one loop of a process", function()
    local output, status = ends.child(runner("", [[
      local other <const> = assert(core.loop())
      assert(loop:hold_signals(true))
      local held, err = other:hold_signals(true)
      print(held, err.name)
      loop:hold_signals(false)
      print(other:hold_signals(true))
    ]]))
    assert.same({ "nil\tSTATE\ntrue\n", 0 }, { output, status })
  end)

  it("in a program with two loops is the first one's that runs", function()
    local output, status = ends.child(runner("print(name) loop:stop()", [[
      local other <const> = assert(core.loop())
      other:on_signal(function() print "other" end)
      other:on_timer(function() other:stop() end)
      other:wheel():start(other:now() + 5, true)
      after(1, function() other:run() end)
      after(30, function() kill "sigterm" end)
      loop:run()
    ]]))
    assert.same({ "SIGTERM\n", 0 }, { output, status })
  end)
end)

describe("an error of a callback without on_error", function()
  it("goes to stderr with its traceback, and the loop turns on", function()
    local output, status = ends.child [[
      local core <const> = require "moonsip.core"
      local loop <const> = assert(core.loop { now = 0 })
      local function guilty() error "this one" end
      loop:on_timer(function(value)
        if value == "bad" then guilty() end
        print(value)
      end)
      loop:wheel():start(0, "bad")
      loop:wheel():start(0, "good")
      loop:step(0)
    ]]
    assert.equal(0, status)
    assert.matches("moonsip: .*this one\nstack traceback:.*guilty", output)
    assert.matches("good\n", output)
  end)
end)
