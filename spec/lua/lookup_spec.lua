-- SPDX-License-Identifier: MIT
--
-- How the objects of a Lua class are read and set (core.lookup, core.assignment).
local core = require "moonsip.core"

describe("core.lookup", function()
  local Class, getters

  local function object(fields)
    return setmetatable(fields, { __index = core.lookup(Class, getters, "inner") })
  end

  before_each(function()
    Class = { size = 1, none = false }
    getters = { size = function() return 2 end, double = function(self) return self.size * 2 end }
  end)

  it("finds what the class has, then what it computes, then what the inner object has", function()
    local one = object { inner = { size = 3, double = 4, depth = 5 } }
    assert.same({ 1, 2, 5 }, { one.size, one.double, one.depth })
    assert.is_nil(one.other)
  end)

  it("takes false for a value", function()
    getters.none = function() return 1 end
    assert.is_false(object({}).none)
  end)

  it("finds nothing in objects without an inner one, and for keys of any type", function()
    local one = object {}
    assert.same({}, { one.depth, one[1], one[{}] })
  end)

  it("asks the metatable of the inner object, but not that of the class", function()
    local inner = setmetatable({}, { __index = function(_, key) return "inner " .. key end })
    setmetatable(Class, { __index = function() return "of another class" end })
    assert.equal("inner depth", object({ inner = inner }).depth)
  end)

  it("lets what computes a field raise, and wait", function()
    getters.fails = function() error "no" end
    getters.waits = function() return coroutine.yield() end
    local one = object {}
    assert.has_error(function() return one.fails end)
    local co = coroutine.wrap(function() return one.waits end)
    co()
    assert.equal("late", co "late")
  end)

  it("refuses what is no object, class or name", function()
    assert.has_error(function() core.lookup(Class, nil) end)
    assert.has_error(function() core.lookup(nil, getters) end)
    assert.has_error(function() core.lookup(Class, getters, {}) end)
    assert.has_error(function() core.lookup(Class, getters)(1, "size") end)
  end)
end)

describe("core.assignment", function()
  local newindex <const> = core.assignment({ depth = true }, "inner")

  it("sets the fields it was told of in the inner object, all others in the object", function()
    local inner = setmetatable({}, { __newindex = function(self, key, value)
      rawset(self, key, value * 2)
    end })
    local one = setmetatable({ inner = inner }, { __newindex = newindex })
    one.depth, one.size = 2, 3
    assert.same({ 4, 3 }, { inner.depth, rawget(one, "size") })
    assert.is_nil(rawget(one, "depth"))
  end)

  it("refuses what is no object, has no inner one, or is no key", function()
    local one = setmetatable({}, { __newindex = newindex })
    assert.has_error(function() one.depth = 1 end)
    assert.has_error(function() one[0 / 0] = 1 end)
    assert.has_error(function() newindex(1, "size", 2) end)
    assert.has_error(function() core.assignment({}, nil) end)
  end)
end)
