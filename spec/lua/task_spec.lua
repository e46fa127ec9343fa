-- SPDX-License-Identifier: MIT
local clock = require "spec.support.clock"
local errors = require "moonsip.errors"

-- Fewer where a full collection goes around each step (make gc).
local many <const> = os.getenv "GC" and 200 or 5000

local function closing(list, name)
  return setmetatable({},
    { __close = function(_, err) list[#list + 1] = name; list.err = err end })
end

describe("a task", function()
  local sip, context, lines
  before_each(function() sip, context, lines = clock.sip() end)

  it("runs when whoever started it waits or returns, and its results can be waited for",
    function()
      local seen = {}
      local job = sip.go(function(a, b)
        seen[#seen + 1] = "task"
        sip.sleep(1)
        return a + b, nil, "three"
      end, 1, 2)
      seen[#seen + 1] = "main"
      assert.same({ 3, nil, "three", n = 3 }, table.pack(job:wait()))
      assert.same({ "main", "task" }, seen)
      assert.equal(1, sip.now())
      assert.same({ 3, nil, "three", n = 3 }, table.pack(job:wait())) -- as often as asked
    end)

  it("takes its coroutine out of a pool", function()
    local coroutines, count = {}, 0
    for _ = 1, 10 do
      sip.go(function() coroutines[coroutine.running()] = true; sip.sleep(1) end):wait()
    end
    for _ in pairs(coroutines) do count = count + 1 end
    assert.equal(1, count)
  end)

  it("that raises is reported with its traceback, after which its <close> variables run",
    function()
      local seen = {}
      local job = sip.go(function()
        local one <close> = closing(seen, "closed")
        local function deep() error("boom") end
        deep()
        return one
      end)
      local ok, err = job:wait()
      assert.is_nil(ok)
      assert.matches("boom", err)
      assert.same("closed", seen[1])
      assert.matches("boom", seen.err)
      assert.matches("boom", lines[1])
      assert.matches("in %a+ 'deep'", lines[1])
    end)

  it("that raises while it is closed is reported with both errors", function()
    sip.go(function()
      local _ <close> = setmetatable({}, { __close = function() error("second") end })
      error("first")
    end):wait()
    assert.matches("first.*and while closing.*second", table.concat(lines, "\n"))
  end)

  it("that lets a hang-up or a cancellation pass ends quietly", function()
    for _, kind in ipairs { "hangup", "cancelled" } do
      local err = errors.new(kind, "x")
      local _, got = sip.go(function() error(err) end):wait()
      assert.equal(err, got)
    end
    assert.same({}, lines)
  end)

  it("survives an error object whose tostring raises", function()
    sip.go(function()
      error(setmetatable({}, { __tostring = function() error "no" end }))
    end):wait()
    assert.matches("error object without a text", lines[1])
  end)

  it("that yields to nobody is told so, closed and reported", function()
    local seen = {}
    sip.go(function()
      local _ <close> = closing(seen, "closed")
      coroutine.yield()
    end):wait()
    assert.matches("coroutine.yield in a handler", lines[1])
    assert.same("closed", seen[1])
  end)

  it("may use coroutines of its own that do not wait", function()
    local got = {}
    sip.go(function()
      for value in coroutine.wrap(function() for i = 1,
        3 do coroutine.yield(i) end end) do
        got[#got + 1] = value
      end
    end):wait()
    assert.same({ 1, 2, 3 }, got)
  end)

  it("that is cancelled gets nil and the error from the verb it is in, and from every later one",
    function()
      local got = {}
      local job = sip.go(function()
        got[1] = table.pack(sip.sleep(10))
        got[2] = table.pack(sip.sleep(10))
        return "ended"
      end)
      sip.sleep(1)
      job:cancel()
      assert.equal("ended", job:wait())
      for at = 1, 2 do
        assert.is_nil(got[at][1])
        assert.equal("cancelled", got[at][2].kind)
      end
      assert.equal(1, sip.now())
      assert.equal(0, #context.wheel) -- the timer of the first sleep is gone
    end)

  it("that is cancelled and takes no notice is ended after a hundred verbs, quietly",
    function()
    local count, closed = 0, false
    local job = sip.go(function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      while true do
        sip.sleep(5)
        count = count + 1
      end
    end)
    sip.sleep(1)
    job:cancel()
    assert.equal("cancelled", select(2, job:wait()).kind)
    assert.equal(101, count) -- the one it was in, and a hundred more
    assert.is_true(closed)
    assert.same({}, lines)
  end)

  it("does not pass its cancellation on to the next that uses its coroutine", function()
    local job = sip.go(function() sip.sleep(10) end)
    sip.sleep(1)
    job:cancel()
    job:wait()
    assert.is_true(sip.go(function() return sip.sleep(1) end):wait())
  end)

  it("of which thousands wait at once leaves nothing behind", function()
    local ended = 0
    for _ = 1, many do sip.go(function() sip.sleep(1); ended = ended + 1 end) end
    sip.sleep(2)
    assert.equal(many, ended)
    assert.equal(0, context.tasks:count())
    assert.is_true(context.tasks.idle_count <= 1024)
  end)

  it("that starts others again and again leaves room for the sockets", function()
    local count, turns = 0, 0
    local function again()
      count = count + 1
      if count < 5 * many then sip.go(again) end
    end
    sip.go(again)
    while count < 5 * many do
      assert.is_true(sip.step())
      turns = turns + 1
    end
    assert.is_true(turns <= 3)
  end)
end)

describe("a waiting verb", function()
  local sip
  before_each(function() sip = clock.sip() end)

  local function message_of(fn)
    local ok, err = pcall(fn)
    assert.is_false(ok)
    return err
  end

  it("turns the loop in the main chunk", function()
    assert.is_true(sip.sleep "90s")
    assert.equal(90, sip.now())
  end)

  it("in the main chunk returns nil, err when nothing can ever happen", function()
    local slot = sip.pool(1):take()
    local got, err = slot.pool:take()
    assert.is_nil(got)
    assert.equal("invalid", err.kind)
    assert.matches("pool:take waits for what can never happen", err.reason)
  end)

  it("with a function as last argument returns at once and calls it later, in a task",
    function()
    local got
    sip.sleep(1, function(...)
      sip.sleep(1)
      got = table.pack(...)
    end)
    assert.is_nil(got)
    sip.sleep(3)
    assert.same({ true, n = 1 }, got)
  end)

  it("with a callback gives an object that gives up", function()
    local got, err
    local one = sip.sleep(10, function(...) got, err = ... end)
    one:cancel()
    sip.sleep(0)
    assert.is_nil(got)
    assert.equal("cancelled", err.kind)
  end)

  it("takes no callable table for a callback", function()
    local callable = setmetatable({}, { __call = function() end })
    assert.matches("bad argument 'callback' to 'sip.sleep'",
      message_of(function() sip.sleep(1, callable) end))
  end)

  it("in a coroutine of the script's own says that nobody would resume it", function()
    local err
    sip.go(function()
      err = message_of(coroutine.wrap(function() sip.sleep(1) end))
    end):wait()
    assert.matches("task_spec.lua:%d+: sip.sleep would wait, but the running coroutine is not",
      err)
    assert.matches("sip.sleep would wait", message_of(coroutine.wrap(function()
      sip.sleep(1)
    end)))
  end)

  it("inside table.sort and string.gsub says so, naming the verb", function()
    local errs = {}
    sip.go(function()
      errs[1] = message_of(function()
        table.sort({ 2, 1 }, function() sip.sleep(1) end)
      end)
      errs[2] = message_of(function() ("x"):gsub("x", function() sip.sleep(1) end) end)
    end):wait()
    assert.matches("sip.sleep cannot wait inside table.sort", errs[1])
    assert.matches("sip.sleep cannot wait inside table.sort", errs[2])
  end)

  it("inside table.sort of the main chunk turns the loop: that is no recursion",
    function()
    local order = { 3, 1, 2 }
    table.sort(order, function(a, b) sip.sleep(1); return a < b end)
    assert.same({ 1, 2, 3 }, order)
  end)

  it("while <close> variables are closed says so", function()
    local err
    sip.go(function()
      local _ <close> = setmetatable({}, { __close = function()
        err = message_of(function() sip.sleep(1) end)
      end })
      error(errors.new("hangup", "x"))
    end):wait()
    assert.matches("sip.sleep cannot wait while <close> variables are closed", err)
  end)

  it("in a log function says so", function()
    local err
    sip.log.write = function() err = message_of(function() sip.sleep(1) end) end
    sip.after(0, function() error("to the log") end)
    sip.sleep(1)
    assert.matches("sip.sleep cannot wait in a filter, log or trace function", err)
  end)
end)
