-- SPDX-License-Identifier: MIT
--
-- Bug class 21: every object is ended from inside every callback of its scene
-- (spec/support/scenes.lua), under the address sanitizer by `make asan`. A walk without ends
-- finds the callbacks; then each is one row for each end. Calls by themselves have their own walk
-- in spec/call/destroyed_inside_spec.lua.

local pair <const> = require "spec.support.pair"
local scenes <const> = require "spec.support.scenes"
local test <const> = require "moonsip.test"

local PARTIES <const> = { "alice", "bob", "carol", "server" }

-- What may end any of them.
local ENDS <const> = {
  ["an error"] = function() error("raised inside", 0) end,
  collect = function() collectgarbage() end,
}
for _, name in ipairs(PARTIES) do
  ENDS[name .. " closes"] = function(s) s[name]:close() end
end

local function stage_of(scene)
  local s <const> = { net = test.net(), errors = {} }
  for _, name in ipairs(PARTIES) do
    s[name] = s.net:agent(("sip:%s@example.com"):format(name),
      { media = scene.media and {} or false })
    s[name]:on("error", function(err) s.errors[#s.errors + 1] = tostring(err.cause) end)
  end
  return s
end

-- Runs a scene; `inside(name, s)` is what happens in a callback, the first time it comes.
local function play(scene, inside)
  local s <const> = stage_of(scene)
  local was_in <const> = {}
  local function at(name)
    return function()
      if was_in[name] then return end
      was_in[name] = true
      inside(name, s)
    end
  end
  -- Where the scene itself comes to what has ended it has come to its end.
  local ok <const>, err <const> = pcall(scene.run, s, at)
  return s, was_in, not ok and err or nil
end

-- Everybody leaves, and nothing is left of it.
local function finish(s)
  for _, name in ipairs(PARTIES) do s[name]:close() end
  assert.is_true(s.net:settle())
  local count <const>, by_kind <const> = s.net:live()
  assert.same({}, count > 0 and by_kind or {})
  s.net:close()
end

local function sorted(set)
  local names <const> = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return names
end

describe("every object is ended inside every callback (bug class 21):", function()
  for _, title in ipairs(sorted(scenes)) do
    local scene <const> = scenes[title]
    local s <const>, callbacks <const>, err <const> = play(scene, function() end)
    finish(s)

    it(("%s: %d callbacks come"):format(title, #sorted(callbacks)), function()
      assert.same({}, s.errors)
      assert.is_nil(err)
      assert.is_true(#sorted(callbacks) >= 4)
    end)

    local ends <const> = {}
    for name, fn in pairs(ENDS) do ends[name] = fn end
    for name, fn in pairs(scene.ends) do ends[name] = fn end
    for _, callback in ipairs(sorted(callbacks)) do
      for _, how in ipairs(sorted(ends)) do
        it(("%s: %s in %s"):format(title, how, callback), function()
          local came = false
          local one <const> = play(scene, function(name, stage)
            if name ~= callback then return end
            came = true
            ends[how](stage)
          end)
          assert.is_true(came)
          local again <const> = one.alice.closed or one.bob.closed
          if not again then -- both are as they were
            one.bob:off "INVITE"
            pair.answers(one.bob)
            assert.equal("connected", assert(one.alice:call(one.bob)).state)
          end
          finish(one)
        end)
      end
    end
  end
end)
