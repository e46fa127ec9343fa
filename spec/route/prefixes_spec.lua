-- SPDX-License-Identifier: MIT
--
-- The tree of prefixes, compared with a table of all of them.

local core <const> = require "moonsip.core"

local function random_digits(least, most)
  local digits <const> = {}
  for i = 1, math.random(least, most) do digits[i] = math.random(0, 9) end
  return table.concat(digits)
end

-- A table of rows whose cost is their place, and the same as prefix -> place.
local function table_of(list)
  local made <const>, places <const> = core.rates { { "prefix", "prefix" },
    { "cost", "number" } }, {}
  for place, prefix in ipairs(list) do
    assert(made:add({ prefix = prefix, cost = place }, place))
    places[prefix] = place
  end
  return made, places
end

local function expected(places, number)
  local found <const> = {}
  for len = #number, 0, -1 do
    local place <const> = places[number:sub(1, len)]
    if place then found[#found + 1] = place end
  end
  return found
end

local function found(made, number)
  local list <const> = {}
  for at, row in ipairs(made:find(number, "every", 0)) do
    assert.equal(number:sub(1, #row.prefix), row.prefix)
    list[at] = row.line
  end
  return list
end

local function distinct(count, make)
  local list <const>, seen <const> = {}, {}
  for _ = 1, count do
    local prefix <const> = make()
    if not seen[prefix] then
      seen[prefix] = true
      list[#list + 1] = prefix
    end
  end
  return list
end

describe("prefixes of a number", function()
  for title, make in pairs {
    ["of one to four digits"] = function() return random_digits(0, 4) end,
    ["that share long beginnings"] = function()
      return ("123456789012345"):sub(1, math.random(0, 15)) .. random_digits(0, 3)
    end,
    ["up to the longest there may be"] = function() return random_digits(0, 32) end,
    ["of two digits only"] = function()
      return (random_digits(0, 12):gsub("%d", function(d) return d % 2 end))
    end,
  } do
    it(title .. " are found, the longest first, and no other", function()
      math.randomseed(7)
      local list <const> = distinct(600, make)
      local made <const>, places <const> = table_of(list)
      for _, prefix in ipairs(list) do
        for _, number in ipairs { prefix, prefix .. random_digits(0, 3),
          prefix:sub(1, -2), random_digits(1, 20) } do
          assert.same(expected(places, number), found(made, number), number)
        end
      end
    end)
  end

  it("do not depend on the order in which they came", function()
    math.randomseed(11)
    local list <const> = distinct(300, function() return random_digits(0, 6) end)
    local first <const> = table_of(list)
    for i = #list, 2, -1 do
      local j <const> = math.random(i)
      list[i], list[j] = list[j], list[i]
    end
    local second <const> = table_of(list)
    for _ = 1, 2000 do
      local number <const> = random_digits(1, 10)
      local a <const>, b <const> = {}, {}
      for at, row in ipairs(first:find(number, "every", 0)) do a[at] = row.prefix end
      for at, row in ipairs(second:find(number, "every", 0)) do b[at] = row.prefix end
      assert.same(a, b)
    end
  end)

  it("are of 32 digits at most, and numbers may be longer", function()
    local made <const> = core.rates { { "prefix", "prefix" } }
    assert(made:add({ prefix = ("1"):rep(32) }, 1))
    local done <const>, err = made:add({ prefix = ("1"):rep(33) }, 2)
    assert.is_nil(done)
    assert.equal("prefix: 1 to 32 digits, or nothing expected", err.reason)
    assert.equal(1, #made:find(("1"):rep(200), "longest", 0))
    assert.equal(0, #made:find(("1"):rep(31), "longest", 0))
  end)

  it("are read up to the first character that is no digit", function()
    local made <const> = core.rates { { "prefix", "prefix" } }
    for line, prefix in ipairs { "4", "44", "442" } do
      assert(made:add({ prefix = prefix }, line))
    end
    assert.equal("44", made:find("44-2", "longest", 0)[1].prefix)
    assert.equal("44", made:find("+44\0002", "longest", 0)[1].prefix)
    assert.equal(0, #made:find("++44", "longest", 0))
    assert.equal(0, #made:find("", "longest", 0))
    assert.equal(0, #made:find("x", "longest", 0))
  end)

  it("survive memory that fails at each of its allocations", function()
    math.randomseed(3)
    local list <const> = distinct(300, function() return random_digits(0, 8) end)
    local columns <const> = { { "prefix", "prefix" }, { "carrier", "text" } }
    local n, failed = 0, true
    while failed do
      n = n + 1
      columns.fail_allocation = n
      local made, err = core.rates(columns)
      failed = not made
      for line, prefix in ipairs(made and list or {}) do
        local row <const> = { prefix = prefix, carrier = "c" .. line }
        local done
        done, err = made:add(row, line)
        if not done then
          failed = true
          assert.equal("MEMORY", err.name)
          made:fail_allocation(0)
          assert(made:add(row, line)) -- nothing of the first try is there
        end
        assert.equal(line, #made:find(prefix, "longest", 0) > 0
          and made:find(prefix, "longest", 0)[1].line)
      end
      if made then made:close() elseif err then assert.equal("MEMORY", err.name) end
    end
    assert.is_true(n > 15)
  end)
end)
