-- SPDX-License-Identifier: MIT
--
-- loop:redis: commands one behind the other on one connection, and every way to lose it. The
-- server is a real one, or a peer of bytes that does what no real one would.

local core <const> = require "moonsip.core"
local redis <const> = require "spec.support.redis"
local uv <const> = require "luv"

local server, loop
setup(function() server = redis.start() end)
teardown(function() server:stop() end)
before_each(function() loop = core.loop() end)
after_each(function() loop:close() end)

local function open(o)
  o = o or {}
  return assert(loop:redis { host = o.host or "127.0.0.1", port = o.port or server.port,
    password = o.password, database = o.database or 0, timeout = o.timeout or 10000,
    waiting = o.waiting or 1000 })
end

-- Turns until a condition holds, or nothing more can happen.
local function turn_until(fn)
  while not fn() do
    if not loop:step(10000) then break end
  end
  assert.is_truthy(fn())
end

-- What came of a command: a reply, or nil, name and reason.
local function ask(one, ...)
  local answer
  assert(one:command(function(...) answer = table.pack(...) end, ...))
  assert.is_nil(answer) -- never from inside the asking
  turn_until(function() return answer end)
  return table.unpack(answer, 1, answer.n)
end

describe("loop:redis", function()
  it("gives replies of every type, and what the server refuses", function()
    local one <close> = open()
    assert.same("OK", ask(one, "SET", "k", "v\0w"))
    assert.same("v\0w", ask(one, "GET", "k"))
    assert.is_false(ask(one, "GET", "none"))
    assert.same(2, ask(one, "RPUSH", "list" .. os.time(), "a", "b"))
    assert.same({ "v\0w", false }, ask(one, "MGET", "k", "none"))
    local none <const>, name, reason = ask(one, "INCR", "k")
    assert.same({ nil, "COMMAND" }, { none, name })
    assert.matches("integer", reason)
  end)

  it("sends commands without waiting for replies, which come in order, by one connection",
    function()
      local one <close> = open()
      local before <const> = tonumber(ask(one, "INFO", "stats"):match "connections_received:(%d+)")
      local got <const> = {}
      for at = 1, 500 do
        assert(one:command(function(reply) got[#got + 1] = reply end, "ECHO", tostring(at)))
      end
      turn_until(function() return #got == 500 end)
      for at = 1, 500 do assert.same(tostring(at), got[at]) end
      local after <const> = tonumber(ask(one, "INFO", "stats"):match "connections_received:(%d+)")
      assert.same(before, after)
    end)

  it("asks and closes from inside an answer", function()
    local one <const> = open()
    local second
    one:command(function()
      one:command(function(reply)
        second = reply
        one:close()
      end, "ECHO", "two")
    end, "ECHO", "one")
    turn_until(function() return second end)
    assert.same("two", second)
    assert.is_false((pcall(one.command, one, print, "PING")))
    while loop:step(0) do assert(true) end
  end)

  it("shows a password and chooses a database first, and is refused with a wrong one", function()
    local guarded <close> = redis.start { password = "sesame" }
    local good <close> = open { port = guarded.port, password = "sesame", database = 3 }
    assert.matches("db=3", ask(good, "CLIENT", "LIST"))
    for _, password in ipairs { "guess", false } do
      local bad <close> = open { port = guarded.port, password = password or nil }
      local none <const>, name, reason = ask(bad, "PING")
      assert.same({ nil, "COMMAND" }, { none, name })
      assert.matches(password and "password" or "NOAUTH", reason)
    end
  end)

  it("is reached by a name", function()
    local one <close> = open { host = "localhost" }
    assert.same("PONG", ask(one, "PING"))
  end)

  it("is not there: every command hears so, and the next one tries again", function()
    local other <close> = redis.start()
    local one <close> = open { port = other.port }
    other:stop()
    local heard <const> = {}
    for _ = 1, 3 do
      one:command(function(_, name) heard[#heard + 1] = name end, "PING")
    end
    turn_until(function() return #heard == 3 end)
    assert.same({ "OPEN", "OPEN", "OPEN" }, heard)
    other:start()
    assert.same("PONG", ask(one, "PING"))
  end)

  it("takes as many commands as may wait, and refuses one more", function()
    local one <close> = open { waiting = 3 }
    local count = 0
    for _ = 1, 3 do assert(one:command(function() count = count + 1 end, "PING")) end
    local none <const>, err = one:command(print, "PING")
    assert.same({ nil, "LIMIT" }, { none, err.name })
    turn_until(function() return count == 3 end)
    assert.same("PONG", ask(one, "PING"))
  end)

  it("holds the loop while a command waits, and not by its connection alone", function()
    local one <close> = open()
    assert.is_false(loop:step(0))
    ask(one, "PING")
    assert.is_false(loop:step(0))
  end)

  it("with commands under way is closed with its loop, and nobody is told", function()
    local one <const> = open()
    local told = false
    one:command(function() told = true end, "PING")
    loop:step(0)
    one:command(function() told = true end, "PING")
    loop:close()
    one:close()
    assert.is_false(told)
    loop = core.loop()
  end)

  it("wants words that are strings or numbers, and no more than 4096", function()
    local one <close> = open()
    assert.is_false((pcall(one.command, one, print)))
    assert.is_false((pcall(one.command, one, print, "SET", {})))
    local words <const> = { "DEL" }
    for at = 2, 4096 do words[at] = "k" .. at end
    assert.same(0, ask(one, table.unpack(words)))
    words[4097] = "x"
    assert.is_false((pcall(one.command, one, print, table.unpack(words))))
  end)
end)

describe("a connection that is lost", function()
  it("while nothing waits is opened again, and no command is lost for it", function()
    local other <close> = redis.start()
    local one <close> = open { port = other.port }
    ask(one, "PING")
    other:stop()
    other:start() -- and no turn in between: the loop has not seen the end yet
    assert.same("PONG", ask(one, "PING"))
  end)

  -- A peer that answers the first bytes with these, then does what `after` says.
  local function peer_that(says, after)
    local listener <const>, connections = uv.new_tcp(), {}
    assert(listener:bind("127.0.0.1", 0))
    assert(listener:listen(8, function()
      local connection <const> = uv.new_tcp()
      listener:accept(connection)
      table.insert(connections, connection)
      connection:read_start(function(_, data)
        if not data then return end
        if says ~= "" then connection:write(says) end
        if after == "close" then connection:shutdown(function() connection:close() end) end
        connection:read_stop()
      end)
    end))
    return setmetatable({ port = listener:getsockname().port, turn = function()
      uv.run "nowait"
    end }, { __close = function()
      for _, one in ipairs(connections) do
        if not one:is_closing() then one:close() end
      end
      listener:close()
      uv.run "nowait"
    end })
  end

  it("while commands wait is told to each of them: what became of it is not known", function()
    for _, says in ipairs { "", "+O", "$100\r\nabc", "*3\r\n+a\r\n" } do
      local peer <close> = peer_that(says, "close")
      local one <close> = open { port = peer.port }
      local heard <const> = {}
      for _ = 1, 2 do one:command(function(_, name) heard[#heard + 1] = name end, "PING") end
      while #heard < 2 do
        peer:turn()
        loop:step(1)
      end
      assert.same({ "IO", "IO" }, heard)
    end
  end)

  it("by something that is no reply is given up", function()
    for _, says in ipairs { "HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\0\0\r\n", "$x\r\n",
      "*-7\r\n" } do
      local peer <close> = peer_that(says)
      local one <close> = open { port = peer.port }
      local name
      one:command(function(_, what) name = what end, "PING")
      while not name do
        peer:turn()
        loop:step(1)
      end
      assert.same("IO", name)
    end
  end)

  it("is one that does not answer in time, also one that opens no connection", function()
    local peer <close> = peer_that("")
    local one <close> = open { port = peer.port, timeout = 30 }
    local reason
    one:command(function(_, _, text) reason = text end, "PING")
    while not reason do
      peer:turn()
      loop:step(1)
    end
    assert.same("no reply within 30 ms", reason)
  end)
end)

describe("without memory", function()
  it("a command fails cleanly, at each of the loop's allocations; the next works", function()
    local counter <const> = core.loop()
    local before <const> = counter:fail_allocation(0)
    local function run(own)
      local ok, one = pcall(own.redis, own, { host = "127.0.0.1", port = server.port,
        database = 1, password = "none", timeout = 20, waiting = 10 })
      if not ok or not one then return end
      local told
      local asked <const> = one:command(function() told = true end, "PING")
      while asked and not told do own:step(10) end
      one:close()
    end
    run(counter)
    local count <const> = counter:fail_allocation(0) - before
    counter:close()
    assert.is_true(count >= 4, count)
    for n = 1, count do
      local own <const> = core.loop()
      own:fail_allocation(n)
      run(own)
      own:fail_allocation(0)
      local one <close> = own:redis { host = "127.0.0.1", port = server.port, database = 0,
        timeout = 10000, waiting = 10 }
      local reply
      one:command(function(what) reply = what end, "PING")
      while not reply do own:step(1000) end
      assert.same("PONG", reply)
      own:close()
    end
  end)
end)
