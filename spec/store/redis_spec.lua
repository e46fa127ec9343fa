-- SPDX-License-Identifier: MIT
--
-- A real redis-server: commands, bindings that two nodes share, and a server that is
-- killed, stopped and started again.

local context <const> = require "moonsip.context"
local face <const> = require "moonsip.face"
local lifecycle <const> = require "moonsip.lifecycle"
local redis <const> = require "spec.support.redis"
local registrar <const> = require "spec.support.registrar"

local status <const>, contacts <const> = registrar.status, registrar.contacts
local DESK <const>, CELL <const> = "<sip:alice@10.0.0.9>", "<sip:alice@10.0.0.9:5070>"

local server
setup(function() server = redis.start() end)
teardown(function() server:stop() end)

describe("sip.redis", function()
  it("sends commands and waits for replies of every type", function()
    local own <const> = context.new { log = { write = function() end } }
    local sip <const> = face.of(own)
    local db <close> = sip.redis(server.url)
    assert.same("OK", db:command("SET", "k", "v\0w"))
    assert.same("v\0w", db:command("GET", "k"))
    assert.is_false((db:command("GET", "none")))
    assert.same(2, db:command("RPUSH", "list", "a", 1))
    assert.same({ "a", "1" }, db:command("LRANGE", "list", 0, -1))
    local none <const>, err = db:command("INCR", "k")
    assert.is_nil(none)
    assert.same({ "store", "COMMAND" }, { err.kind, err.name })
    lifecycle.close(own)
  end)

  it("names a wrong URL at the caller's line", function()
    local own <const> = context.new { log = { write = function() end } }
    for _, bad in ipairs { "127.0.0.1", "redis://", "redis://a b", 1 } do
      local ok <const>, err = pcall(face.of(own).redis, bad)
      assert.is_false(ok)
      assert.matches("redis_spec.lua", err)
    end
    lifecycle.close(own)
  end)
end)

describe("bindings in Redis", function()
  local world
  before_each(function()
    os.execute(("redis-cli -p %d FLUSHALL >/dev/null"):format(server.port))
    world = registrar.new { store = server.url, max_contacts = 3 }:listen()
  end)
  after_each(function()
    world.loc:close()
    world:close()
  end)

  it("are added, refreshed, removed and told of", function()
    assert.same(404, world:found())
    local text <const> = world:register({ DESK .. ";q=0.5", CELL .. ";x=\"y\"" },
      { lines = { "Path: <sip:p1.example.com;lr>", "Supported: path" } })
    assert.same({ 200, 2 }, { status(text), #contacts(text) })
    assert.same({ "sip:alice@10.0.0.9:5070", "sip:alice@10.0.0.9" }, world:found())
    local one <const> = world.loc:lookup("sip:alice@example.com")[1]
    assert.same({ { "<sip:p1.example.com;lr>" }, ";x=\"y\"", 1, 3600 },
      { one.path, one.params, one.q, one.expires })
    assert.same(500, status(world:register({ DESK }, { cseq = 1 })))
    world:register({ "*" }, { expires = 0, cseq = 7 })
    assert.same(480, world:found())
  end)

  it("expire, and are told of once", function()
    world:register { DESK .. ";expires=60", CELL .. ";expires=90" }
    world:take_events()
    world.net:advance "62s"
    assert.same({ "sip:alice@10.0.0.9:5070" }, world:found())
    world.net:advance "40s"
    assert.same({ "expired sip:alice@example.com sip:alice@10.0.0.9",
      "expired sip:alice@example.com sip:alice@10.0.0.9:5070" }, world:take_events())
  end)

  it("are shared by nodes", function()
    local other <const> = world.sip.location { store = server.url }
    world:register { DESK }
    assert.same("sip:alice@10.0.0.9", other:lookup("sip:alice@example.com")[1].uri)
    assert.same(1, #other:remove "sip:alice@example.com")
    assert.same(480, world:found())
    other:close()
  end)

  it("cannot be had while the server is down: 500 with Retry-After, and it recovers", function()
    world:register { DESK }
    server:stop()
    local text <const> = world:register { CELL }
    assert.same(500, status(text))
    assert.matches("\r\nRetry%-After: %d+\r\n", text)
    local none <const>, err = world.loc:lookup "sip:alice@example.com"
    assert.is_nil(none)
    assert.same("store", err.kind)
    server:start() -- with empty memory
    assert.same(200, status(world:register { CELL }))
    assert.same({ "sip:alice@10.0.0.9:5070" }, world:found())
  end)

  it("cannot be had while the server is slow, either", function()
    world:register { DESK }
    server:signal "STOP"
    local text <const> = world:register { CELL }
    assert.same(500, status(text))
    assert.matches("\r\nRetry%-After: %d+\r\n", text)
    assert.same("store", select(2, world.loc:lookup "sip:alice@example.com").kind)
    server:signal "CONT"
    assert.same(200, status(world:register { CELL }))
    assert.same("sip:alice@10.0.0.9:5070", world:found()[1])
  end)

  it("that are no contacts are an error, and no guess", function()
    os.execute(("redis-cli -p %d -n 1 SET moonsip:loc:alice@example.com nonsense >/dev/null")
      :format(server.port))
    assert.same(500, status(world:register { DESK }))
  end)
end)
