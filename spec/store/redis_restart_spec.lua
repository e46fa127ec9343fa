-- SPDX-License-Identifier: MIT
--
-- A redis-server that is killed while it is written to, and started again with what it kept:
-- what was said to be done is done, nothing is half done, and everybody goes on by himself.

local context <const> = require "moonsip.context"
local face <const> = require "moonsip.face"
local lifecycle <const> = require "moonsip.lifecycle"
local redis <const> = require "spec.support.redis"
local registrar <const> = require "spec.support.registrar"
local scratch <const> = require "spec.support.scratch"

local status <const> = registrar.status

describe("Redis that is killed and started again", function()
  local folder, server
  before_each(function()
    folder = scratch.folder()
    server = redis.start { folder = folder.path }
  end)
  after_each(function()
    server:stop()
    folder:remove()
  end)

  it("in mid-write: each command has one outcome, and what was done stays done", function()
    local own <const> = context.new { log = { write = function() end } }
    local sip <const> = face.of(own)
    local db <close> = sip.redis(server.url, { timeout = "20s" })
    local outcomes <const>, rounds <const> = {}, 40
    local done, lost = 0, 0
    for round = 1, rounds do
      local jobs <const> = {}
      for at = 1, 10 do
        local key <const> = ("k%d-%d"):format(round, at)
        jobs[at] = sip.go(function()
          local reply <const>, err = db:command("SET", key, "v" .. key)
          outcomes[key] = reply or err.name
        end)
      end
      if round == rounds // 2 then server:signal "KILL" end -- these are under way
      for _, job in ipairs(jobs) do job:wait() end
      if round == rounds // 2 then
        server:stop()
        server:start()
      end
    end
    for key, outcome in pairs(outcomes) do
      if outcome == "OK" then
        done = done + 1
        assert.same("v" .. key, db:command("GET", key))
      else
        lost = lost + 1
        assert.is_true(outcome == "IO" or outcome == "OPEN", outcome)
        local value <const> = db:command("GET", key) -- all of it or nothing
        assert.is_true(value == false or value == "v" .. key)
      end
    end
    assert.same(10 * rounds, done + lost)
    assert.is_true(done >= 10 * rounds - 20)
    lifecycle.close(own)
  end)

  it("has the bindings of everybody whose REGISTER got a 200, whole", function()
    local world <const> = registrar.new { store = server.url, max_contacts = 5 }
    local kept <const> = {}
    for at = 1, 30 do
      if at == 10 or at == 20 then
        server:signal "KILL"
      end
      local uri <const> = ("sip:user%d@10.0.0.9"):format(at)
      local text <const> = world:register({ "<" .. uri .. ">", "<" .. uri .. ":5070>" },
        { to = ("<sip:user%d@example.com>"):format(at), call_id = "c" .. at })
      assert.is_true(status(text) == 200 or status(text) == 500)
      if status(text) == 200 then kept[at] = uri end
      if at == 10 or at == 20 then
        server:stop()
        server:start()
      end
    end
    local count = 0
    for at = 1, 30 do
      local found <const> = world:found(("sip:user%d@example.com"):format(at))
      if kept[at] then
        count = count + 1
        assert.same(2, #found)
      else -- both or none
        assert.is_true(type(found) == "number" or #found == 2)
      end
    end
    assert.is_true(count >= 26, count)
    world.loc:close()
    world:close()
  end)
end)
