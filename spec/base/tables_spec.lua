-- SPDX-License-Identifier: MIT

local face <const> = require "base_face"

describe("slots", function()
  it("find an object by its id until it is removed, and never again", function()
    local slots <const> = face.slots()
    local id <const> = slots:add(7)
    assert.truthy(id > 0)
    assert.same(7, slots:find(id))
    slots:remove(id)
    assert.is_nil(slots:find(id))
    local other <const> = slots:add(8)
    assert.are_not.same(id, other)
    assert.is_nil(slots:find(id))
    slots:remove(id) -- which is nobody's any more
    assert.same(8, slots:find(other))
  end)

  it("give a place another generation each time", function()
    local slots <const> = face.slots()
    local seen <const> = {}
    for i = 1, 5000 do
      local id <const> = slots:add(i)
      assert.is_nil(seen[id])
      seen[id] = true
      assert.truthy(id > 0) -- a Lua integer that is not negative
      slots:remove(id)
    end
    for id in pairs(seen) do assert.is_nil(slots:find(id)) end
  end)

  it("find nothing under ids that were never given", function()
    local slots <const> = face.slots()
    for _, id in ipairs { 0, 1, -1, 1 << 32, math.maxinteger, math.mininteger, 0xffffffff,
      1 << 32 | 0xffffffff } do
      assert.is_nil(slots:find(id))
      slots:remove(id)
    end
    slots:add(1)
    for _, id in ipairs { 0, 1, 2 << 32, 1 << 32 | 1 } do assert.is_nil(slots:find(id)) end
  end)

  it("hold many, and walk them", function()
    local slots <const> = face.slots()
    local ids <const> = {}
    for i = 1, 3000 do ids[i] = slots:add(i) end
    for i = 1, 3000, 3 do slots:remove(ids[i]) end
    local expected <const> = {}
    for i = 1, 3000 do
      if i % 3 ~= 1 then expected[#expected + 1] = i end
    end
    assert.same(expected, slots:all())
    for i, id in ipairs(ids) do
      local found <const> = slots:find(id)
      assert.same(i % 3 ~= 1 and i or nil, found)
    end
  end)
end)

describe("a map", function()
  it("finds every node of a hash and no other", function()
    local map <const> = face.map()
    local a <const>, b <const>, c <const> = map:add(5, 1), map:add(5, 2), map:add(5 + (1 << 40), 3)
    local found <const> = map:find(5)
    table.sort(found)
    assert.same({ 1, 2 }, found)
    assert.same({ 3 }, map:find(5 + (1 << 40)))
    assert.same({}, map:find(6))
    map:remove(a)
    assert.same({ 2 }, map:find(5))
    map:remove(b)
    map:remove(c)
    assert.same({}, map:find(5))
  end)

  it("grows while nodes come and go, a few buckets at a time", function()
    local map <const> = face.map()
    local nodes <const> = {}
    for i = 1, 20000 do
      nodes[i] = map:add(i * 0x9e3779b97f4a7c15, i)
      if i % 5 == 0 then
        map:remove(nodes[i - 2])
        nodes[i - 2] = nil
      end
      if i % 97 == 0 then assert.same({ i }, map:find(i * 0x9e3779b97f4a7c15)) end
    end
    local buckets <const>, count <const> = map:size()
    assert.same(16000, count)
    assert.truthy(buckets >= count and buckets <= 4 * count)
    for i = 1, 20000 do
      assert.same(i % 5 == 3 and {} or { i }, map:find(i * 0x9e3779b97f4a7c15))
    end
    for _, node in pairs(nodes) do map:remove(node) end
    assert.same(0, select(2, map:size()))
  end)

  it("stays as it is without memory to grow, and grows when there is some", function()
    local map <const> = face.map()
    map:starve(true)
    local nodes <const> = {}
    for i = 1, 1000 do nodes[i] = map:add(i * 31, i) end
    assert.same(64, (map:size()))
    for i = 1, 1000 do assert.same({ i }, map:find(i * 31)) end
    map:starve(false)
    for i = 1001, 3000 do nodes[i] = map:add(i * 31, i) end
    assert.truthy((map:size()) > 1000)
    for i = 1, 3000 do assert.same({ i }, map:find(i * 31)) end
    for _, node in ipairs(nodes) do map:remove(node) end
  end)
end)

describe("a buffer", function()
  it("takes texts and numbers, and gives up its front", function()
    assert.same({ "ab18446744073709551615", false }, { face.buffer(0, { "a", "", "b",
      "18446744073709551615" }) })
    assert.same({ "0-9223372036854775807", false }, { face.buffer(0, { 0, "-", math.maxinteger }) })
    assert.same({ "cd", false }, { face.buffer(0, { "abc", -2, "d" }) })
    assert.same({ "", false }, { face.buffer(0, { "abc", -3 }) })
  end)

  it("keeps what fits and remembers that something did not", function()
    assert.same({ "abc", false }, { face.buffer(3, { "abc" }) })
    assert.same({ "abc", true }, { face.buffer(3, { "abc", "d" }) })
    assert.same({ "ab", true }, { face.buffer(3, { "ab", "cd", "e" }) })
  end)

  it("grows to megabytes", function()
    local text <const>, failed <const> = face.buffer(0, { ("x"):rep(3000000), "y" })
    assert.same({ 3000001, false }, { #text, failed })
  end)
end)
