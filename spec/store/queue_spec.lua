-- SPDX-License-Identifier: MIT
--
-- sip.queue: messages for who is away, in memory and in a file: lent, given back, tried
-- again, expired, bounded, and there after kill -9.

local context <const> = require "moonsip.context"
local face <const> = require "moonsip.face"
local lifecycle <const> = require "moonsip.lifecycle"
local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"
local value <const> = require "moonsip.queue.value"

local folder

local stores <const> = {
  memory = function() return "memory" end,
  sqlite = function() return "sqlite:" .. folder.path .. "/pending.db" end,
}

for name, place in pairs(stores) do
  describe("a queue in the store " .. name, function()
    local net, sip, queue, events

    local function open(options)
      if queue then queue:close() end
      queue = sip.queue(place(), options)
      events = {}
      queue:on("due", function(key) table.insert(events, "due " .. key) end)
      queue:on("dropped", function(key, message, why)
        table.insert(events, ("%s %s %s"):format(why, key, message))
      end)
      queue:on("error", function(err) table.insert(events, "error " .. tostring(err)) end)
      return queue
    end

    before_each(function()
      folder = scratch.folder()
      net = test.net()
      sip = face.of(net:agent("sip:gateway@example.com").context)
      open()
    end)
    after_each(function()
      queue:close()
      queue = nil
      net:close()
      folder:remove()
    end)

    -- What a loop over a key gives; `fn(message, done)` for each.
    local function loop(key, fn)
      local found <const> = {}
      for message, done in queue:pending(key) do
        found[#found + 1] = message
        if fn then fn(message, done) end
      end
      return found
    end

    it("gives messages in their order, to whom they are for", function()
      for _, text in ipairs { "a", "b", "c" } do assert(queue:push("alice", text)) end
      assert(queue:push("bob", "d"))
      assert(queue:push(491, "e")) -- numbers are keys as they are written
      assert.same({ 5, 3 }, { queue:count(), queue:count "alice" })
      assert.same({ "a", "b", "c" }, loop("alice", function(_, done) assert(done()) end))
      assert.same({ 2, 0 }, { queue:count(), queue:count "alice" })
      assert.same({ "e" }, loop("491"))
      assert.same({}, loop "nobody")
    end)

    it("keeps tables, numbers, booleans and bytes as they were", function()
      local message <const> = { to = "alice", n = 1, x = 0.1, big = 1e300, min = math.mininteger,
                                yes = true, no = false, bytes = "\0\255\r\n:e",
                                list = { 1, "two", { 3 } }, [7] = "seven", empty = {} }
      assert(queue:push("alice", message))
      assert.same({ message }, loop "alice")
    end)

    it("has a message once: who has it has it, until the lease ends", function()
      open { lease = "20s", retry = { "1s" } }
      queue:push("alice", { text = "hi" })
      assert.equal(1, #loop "alice")
      assert.equal(0, #loop "alice")
      net:advance "19s"
      assert.equal(0, #loop "alice")
      net:advance "3s"
      assert.same({ "due alice" }, events)
      assert.same({ { text = "hi" } }, loop "alice")
      assert.equal(1, queue:count "alice")
    end)

    it("forgets a message when it is done, also later, also twice", function()
      queue:push("alice", "hi")
      local later
      loop("alice", function(_, done) later = done end)
      net:advance "30s"
      assert.equal(1, queue:count())
      assert.is_true(later())
      assert.is_true(later())
      assert.equal(0, queue:count())
      net:advance "1h"
      assert.same({}, events)
    end)

    it("takes back the message that it gave, in its place, and gives it again", function()
      queue:push("alice", { n = 1 })
      queue:push("alice", { n = 2 })
      local seen <const> = loop("alice", function(message)
        assert(queue:push("alice", message))
      end)
      assert.same({ { n = 1 }, { n = 2 } }, seen) -- each once, though they are free again
      assert.equal(2, queue:count())
      assert.same({ { n = 1 }, { n = 2 } }, loop "alice")
    end)

    it("takes texts for the same when they are equal, tables when they are one", function()
      queue:push("alice", "hi")
      loop("alice", function(message)
        assert(queue:push("alice", message))
        assert(queue:push("alice", "hi")) -- was given back: this is another
      end)
      assert.equal(2, queue:count()) -- which the loop has not met: it came later
      queue:push("bob", { text = "hi" })
      loop("bob", function() assert(queue:push("bob", { text = "hi" })) end)
      assert.equal(2, queue:count "bob")
    end)

    it("does nothing by a done() after the message was given back", function()
      queue:push("alice", { n = 1 })
      loop("alice", function(message, done)
        queue:push("alice", message)
        assert.is_true(done())
      end)
      assert.equal(1, queue:count())
    end)

    it("says when one is to be tried again: later each time, to an hour", function()
      open { retry = { "10s", "25s" }, tries = 5 }
      queue:push("alice", { n = 1 })
      local times <const>, began = {}, nil
      queue:on("due", function(key)
        table.insert(times, math.floor(net:now() - began + 0.5))
        began = net:now()
        for message in queue:pending(key) do queue:push(key, message) end
      end)
      began = net:now()
      loop("alice", function(message) queue:push("alice", message) end)
      net:advance "5m"
      assert.same({ 10, 20, 25, 25 }, times)
      assert.equal("tries", events[#events]:match "^%l+")
      assert.equal(0, queue:count())
    end)

    it("tells of a key once, however many wait for it", function()
      open { retry = { "10s" } }
      for i = 1, 5 do queue:push("alice", { i }) end
      loop("alice", function(message) queue:push("alice", message) end)
      net:advance "1m"
      assert.same({ "due alice" }, events)
      assert.equal(5, #loop "alice") -- whoever comes gets them all
    end)

    it("drops what has expired, and says so", function()
      open { expires = "1m" }
      queue:push("alice", "one")
      queue:push("bob", "two", { expires = "10s" })
      queue:push("carol", "three", { expires_at = (net:now() + 1735689600) + 20 })
      assert.equal("gone", select(2, queue:push("dave", "late", { expires_at = 1 })).kind)
      assert.equal("gone", select(2, queue:push("dave", "late", { expires = 0 })).kind)
      net:advance "11s"
      assert.same({ "expired bob two" }, events)
      net:advance "10s"
      assert.same({ "expired bob two", "expired carol three" }, events)
      net:advance "1m"
      assert.equal("expired alice one", events[3])
      assert.equal(0, queue:count())
    end)

    it("gives nothing that has expired, nor takes it back", function()
      open { expires = "10s" }
      queue:push("alice", { n = 1 })
      local kept
      loop("alice", function(message) kept = message end)
      net:advance "12s"
      assert.equal("gone", select(2, queue:push("alice", kept)).kind)
      assert.same({}, loop "alice")
    end)

    it("is bounded: messages, messages of a key, bytes of one (each at +1)", function()
      open { most = 5, per_key = 3, size = 12 }
      for i = 1, 3 do assert(queue:push("alice", "m" .. i)) end
      local _, err = queue:push("alice", "m4")
      assert.same({ "limit", "the queue is full: 3 messages for alice" },
        { err.kind, err.reason })
      for i = 1, 2 do assert(queue:push("bob", "m" .. i)) end
      _, err = queue:push("carol", "m1")
      assert.same({ "limit", "the queue is full: 5 messages" }, { err.kind, err.reason })
      loop("bob", function(_, done) done() end)
      assert(queue:push("carol", ("x"):rep(9))) -- 9:xxxxxxxxx
      _, err = queue:push("carol", ("x"):rep(10))
      assert.same({ "limit", "a message of more than 12 bytes" }, { err.kind, err.reason })
    end)

    it("has room again when something expired", function()
      open { most = 1, expires = "5s" }
      queue:push("alice", "one")
      assert.equal("limit", select(2, queue:push("alice", "two")).kind)
      net:advance "7s"
      assert(queue:push("alice", "two"))
    end)

    it("gets back what a loop that raises has in hand", function()
      open { retry = { "10s" } }
      queue:push("alice", { n = 1 })
      queue:push("alice", { n = 2 })
      assert.has_error(function()
        loop("alice", function() error "no" end)
      end)
      net:advance(1)
      assert.same({ { n = 1 }, { n = 2 } }, loop "alice")
    end)

    it("leaves to its owner what a loop has in hand that is left", function()
      queue:push("alice", { n = 1 })
      queue:push("alice", { n = 2 })
      local next_one <const> = queue:pending "alice"
      local _, kept <const> = next_one()
      assert.same({ { n = 2 } }, loop "alice")
      assert(kept())
      assert.equal(1, queue:count())
    end)

    it("refuses wrong arguments at the script's line", function()
      for _, fn in ipairs {
        function() queue:push(nil, "x") end, function() queue:push("a") end,
        function() queue:push("a", print) end, function() queue:push("a", { print }) end,
        function() queue:push("a", { [{}] = 1 }) end, function() queue:push("a", 0 / 0) end,
        function() queue:push("a", "x", { expire = 1 }) end, function() queue:pending {} end,
        function() queue:count(true) end, function() sip.queue "redis://x" end,
        function() sip.queue("memory", { most = 0 }) end,
        function() sip.queue { tries = 0.5 } end, function() sip.queue { retry = "1s" } end,
        function() sip.queue { retry = { "2s", "1s" } } end,
        function() sip.queue { lease = 0 } end, function() sip.queue { max = 1 } end,
      } do
        local ok, why = pcall(fn)
        assert.is_false(ok)
        assert.matches("queue_spec.lua:%d+: bad argument", why)
      end
      local deep = {}
      for _ = 1, 40 do deep = { deep } end
      assert.has_error(function() queue:push("a", deep) end)
    end)

    it("is closed once, and then says so", function()
      queue:close()
      queue:close()
      assert.equal("gone", select(2, queue:push("a", "x")).kind)
      assert.same({}, loop "a")
      assert.equal("gone", select(2, queue:count()).kind)
    end)

    it("leaves no timer behind when it is closed", function()
      queue:push("alice", "x")
      queue:close()
      assert(net:settle())
      local left <const>, parts <const> = net:live()
      assert.equal(0, left, parts and next(parts))
    end)
  end)
end

describe("a queue in a file", function()
  local own, sip
  before_each(function()
    folder = scratch.folder()
    own = context.new { log = { write = function() end } }
    sip = face.of(own)
  end)
  after_each(function()
    lifecycle.close(own)
    folder:remove()
  end)

  -- Starts a script that ends by kill -9 once it has printed so many lines: all of them.
  local function kill_after(lines, text)
    local script <const> = folder:write("script.lua", text)
    local pipe <close> = assert(io.popen(("exec %s %s & echo $!; wait"):format(
      os.getenv "LUA" or "lua5.4", script)))
    local pid <const> = pipe:read "l"
    local found <const> = {}
    for at = 1, lines do found[at] = pipe:read "l" end
    os.execute("kill -9 " .. pid)
    for line in pipe:lines() do found[#found + 1] = line end
    return found
  end

  it("has all that was pushed when its process is killed (kill -9), and what it had in hand",
    function()
      local path <const> = folder.path .. "/pending.db"
      local seen <const> = kill_after(60, ([[
        local sip = require "moonsip"
        local queue = sip.queue("sqlite:%s", { lease = "1ms", per_key = 1000000,
                                                tries = 1000000 })
        for i = 1, 1000000 do
          assert(queue:push("alice", { n = i }))
          if i %% 3 == 0 then                                    -- one in hand, one done
            local n = 0
            for message, done in queue:pending "alice" do
              n = n + 1
              if n == 2 then assert(done()) print("done " .. message.n) break end
            end
          end
          print("pushed " .. i)
          io.flush()
        end
      ]]):format(path))
      local there <const> = {}
      for _, line in ipairs(seen) do
        local what, n = line:match "^(%l+) (%d+)$"
        there[tonumber(n)] = what == "pushed" and there[tonumber(n)] ~= false or false
      end
      do
        local db <close> = sip.sqlite(path) -- its leases have ended
        assert(db:query "UPDATE messages SET lent_until = 0")
      end
      local queue <close> = sip.queue("sqlite:" .. path, { tries = 1000000 })
      local found <const> = {}
      for message, done in queue:pending "alice" do
        found[message.n] = true
        assert(done())
      end
      local count = 0
      for n, is_there in pairs(there) do
        count = count + 1
        if is_there then assert.is_true(found[n], n) end
      end
      assert.is_true(count > 30)
      assert.equal(0, queue:count())
    end)

  it("is one that the sqlite3 shell reads", function()
    local path <const> = folder.path .. "/pending.db"
    local queue <close> = sip.queue("sqlite:" .. path)
    assert(queue:push("alice", { text = "hi" }))
    assert.equal("alice|d4:text2:hie|0\n",
      folder:run(("sqlite3 %s 'SELECT key, text, tries FROM messages'"):format(path)))
  end)

  it("skips a message that somebody else has damaged", function()
    local path <const> = folder.path .. "/pending.db"
    local queue <close> = sip.queue("sqlite:" .. path)
    for i = 1, 3 do assert(queue:push("alice", "m" .. i)) end
    local db <close> = sip.sqlite(path)
    assert(db:query "UPDATE messages SET text = '5:xx' WHERE id = 2")
    local found <const> = {}
    for message, done in queue:pending "alice" do
      found[#found + 1] = message
      done()
    end
    assert.same({ "m1", "m3" }, found)
    assert.equal(0, queue:count())
  end)

  it("says what is wrong with its file: kind store, and the error event", function()
    local queue <close> = sip.queue("sqlite:" .. folder.path .. "/no/such/folder.db")
    local told
    queue:on("error", function(err) told = err end)
    local _, err = queue:push("alice", "x")
    assert.same({ "store", "OPEN" }, { err.kind, err.name })
    for _ in queue:pending "alice" do error "nothing is there" end
    own.driver:step(10)
    assert.same({ "store", "OPEN" }, { told.kind, told.name })
  end)
end)

describe("the text of a message", function()
  it("is refused when it is none", function()
    for _, text in ipairs { "", "i1", "ix;", "r;", "5:abc", "-1:", "l", "d1:ae", "d1:a", "le1",
                            "tt", "q", "i1;i2;", ("l"):rep(100) .. ("e"):rep(100),
                            "99999999999999999999:x" } do
      assert.is_nil(value.read(text), text)
    end
  end)

  it("is the same for the same message", function()
    assert.equal("d1:ai1;1:bl1:xtee", value.write { b = { "x", true }, a = 1 })
    assert.equal("d1:ai1;1:bl1:xtee", value.write { a = 1, b = { "x", true } })
  end)
end)
