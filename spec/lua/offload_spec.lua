-- SPDX-License-Identifier: MIT
--
-- sip.offload on the real loop: values over the border, errors, limits, ends.

local context <const> = require "moonsip.context"
local face <const> = require "moonsip.face"
local lifecycle <const> = require "moonsip.lifecycle"

describe("sip.offload", function()
  local own, sip
  before_each(function()
    own = context.new { log = { write = function() end } }
    sip = face.of(own)
  end)
  after_each(function() lifecycle.close(own) end)

  it("hands values there and back", function()
    local function echo(...) return ... end
    local big <const> = ("x"):rep(1 << 20) .. "\0\r\n"
    local got <const> = table.pack(sip.offload(echo, 1, 1.5, -0.0, math.mininteger, math.huge, true,
      false, "", big, { 1, { a = { b = "c" } }, [true] = 2.5 }, nil, "last"))
    assert.same({ 1, 1.5, -0.0, math.mininteger, math.huge, true, false, "", big,
      { 1, { a = { b = "c" } }, [true] = 2.5 }, nil, "last", n = 12 }, got)
    assert.same("integer", math.type(got[1]))
    assert.same("float", math.type(sip.offload(echo, 2.0)))
    assert.same(0, select("#", sip.offload(function() end)))
  end)

  it("leaves metatables behind, and takes tables 100 deep, not deeper", function()
    local got <const> = sip.offload(function(t) return getmetatable(t), t.x end,
      setmetatable({}, { __index = { x = 1 } }))
    assert.is_nil(got)
    local function nested(depth)
      local t = {}
      for _ = 2, depth do t = { t } end
      return t
    end
    assert.same("table", type(sip.offload(function(t) return t end, nested(100))))
    local ok <const>, err = pcall(sip.offload, function() end, 1, nested(101))
    assert.is_false(ok)
    assert.matches("offload_spec.lua:%d+: bad argument 'argument 2' to 'sip.offload'", err)
    local itself <const> = {}
    itself[1] = itself
    assert.is_false(pcall(sip.offload, function() end, itself))
  end)

  it("refuses what cannot be copied: arguments where they are, results as an error", function()
    for _, value in ipairs { coroutine.create(print), io.stdout, { print } } do
      local ok <const>, err = pcall(sip.offload, function() end, value)
      assert.is_false(ok)
      assert.matches("cannot be copied", err)
    end
    local none <const>, err = sip.offload(function() return 1, print end)
    assert.is_nil(none)
    assert.matches("result 2 cannot be copied to another thread: function", err.reason)
  end)

  it("refuses a function that uses locals of outside, by their names", function()
    local secret <const> = {}
    local ok <const>, err = pcall(sip.offload, function() return secret end)
    assert.is_false(ok)
    assert.matches("offload_spec.lua:%d+: .*uses the local 'secret' of outside", err)
    assert.is_false(pcall(sip.offload, print))
    assert.is_false(pcall(sip.offload, "x"))
  end)

  it("gives what a function raises as nil, err with its traceback", function()
    local none <const>, err = sip.offload(function()
      local function inner() error "oops" end
      inner()
    end)
    assert.is_nil(none)
    assert.same("invalid", err.kind)
    assert.matches("offload_spec.lua:%d+: oops", err.reason)
    assert.matches("stack traceback:.*inner", err.traceback)
    local _, thrown = sip.offload(function() error { code = 7 } end)
    assert.same({ code = 7 }, thrown.cause)
    local _, missing = sip.offload(function() return require "no.such.library" end)
    assert.matches("no.such.library", missing.reason)
  end)

  it("keeps what a thread has loaded for its next function", function()
    local one <close> = sip.workers { threads = 1 }
    for i = 1, 3 do
      assert.same(i, one:run(function()
        package.loaded.count = (package.loaded.count or 0) + 1
        return package.loaded.count
      end))
    end
  end)

  it("works in tasks beside each other, and with a callback", function()
    local group <const>, sum = sip.group(), 0
    for i = 1, 20 do
      group:go(function()
        local square <const> = sip.offload(function(n) return n * n end, i)
        sum = sum + square
      end)
    end
    assert.is_true(group:wait())
    assert.same(2870, sum)
    local got
    sip.offload(function(a) return a + 1 end, 41, function(value) got = value end)
    while not got do sip.step(1) end
    assert.same(42, got)
  end)

  it("never stops the loop: timers go on while a function blocks", function()
    local ticks = 0
    local timer <close> = sip.every("1ms", function() ticks = ticks + 1 end) -- luacheck: ignore
    assert.is_true(sip.offload(function(path)
      for _ = 1, 1000 do -- until the loop has turned some times, as a file tells
        local file <close> = io.open(path)
        if file and file:read "a" == "go" then return true end
        os.execute "sleep 0.01"
      end
    end, (function()
      local path <const> = os.tmpname()
      sip.after("20ms", function()
        local file <close> = io.open(path, "w")
        file:write "go"
      end)
      return path
    end)()))
    assert.is_true(ticks > 5)
  end)

  it("lets as many wait as it is told to: one more is refused", function()
    local few <close> = sip.workers { threads = 1, waiting = 2 }
    local refused, done = nil, 0
    for _ = 1, 4 do
      few:run(function() os.execute "sleep 0.05" end, function(_, err)
        if err then refused = err else done = done + 1 end
      end)
    end
    while not refused or done < 3 do sip.step(1) end
    assert.same("limit", refused.kind)
  end)

  it("ends with what runs; who waits is told", function()
    local some <const> = sip.workers { threads = 1, waiting = 10 }
    local errs <const> = {}
    for i = 1, 3 do
      some:run(function() os.execute "sleep 0.05" end, function(_, err) errs[i] = err end)
    end
    some:close()
    while #errs < 3 do sip.step(1) end
    for i = 1, 3 do assert.same("cancelled", errs[i].kind) end
  end)
end)
