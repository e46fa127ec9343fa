-- SPDX-License-Identifier: MIT
--
-- SQLite: statements, transactions, and files that are corrupt, locked, full, or whose
-- process was killed.

local context <const> = require "moonsip.context"
local face <const> = require "moonsip.face"
local lifecycle <const> = require "moonsip.lifecycle"
local registrar <const> = require "spec.support.registrar"
local scratch <const> = require "spec.support.scratch"

local status <const> = registrar.status
local DESK <const>, CELL <const> = "<sip:alice@10.0.0.9>", "<sip:alice@10.0.0.9:5070>"

describe("sip.sqlite", function()
  local own, sip, folder
  before_each(function()
    folder = scratch.folder()
    own = context.new { log = { write = function() end } }
    sip = face.of(own)
  end)
  after_each(function()
    lifecycle.close(own)
    folder:remove()
  end)

  it("keeps values of every type", function()
    local db <close> = sip.sqlite(folder.path .. "/a.db")
    assert(db:query "CREATE TABLE t (a, b, c, d, e)")
    local rows <const>, changes, id = db:query("INSERT INTO t VALUES (?, ?, ?, ?, ?)", 1, 2.5,
      "x\0y", nil, true)
    assert.same({ {}, 1, 1 }, { rows, changes, id })
    assert.same({ { a = 1, b = 2.5, c = "x\0y", e = 1 } }, (db:query "SELECT * FROM t"))
  end)

  it("does all of a transaction or nothing", function()
    local db <close> = sip.sqlite(folder.path .. "/a.db")
    assert(db:query "CREATE TABLE t (a UNIQUE)")
    local none <const>, err = db:transaction { { "INSERT INTO t VALUES (?)", 1 },
      { "INSERT INTO t VALUES (?)", 1 } }
    assert.is_nil(none)
    assert.same({ "store", "CONSTRAINT" }, { err.kind, err.name })
    assert.same({}, (db:query "SELECT * FROM t"))
    assert.same({ {}, { { a = 2 } } },
      (db:transaction { { "INSERT INTO t VALUES (?)", 2 }, { "SELECT * FROM t" } }))
  end)

  it("says what is wrong with a statement, and with a path", function()
    local db <close> = sip.sqlite(folder.path .. "/a.db")
    local _, err = db:query "SELEC"
    assert.same({ "store", "SQL" }, { err.kind, err.name })
    assert.matches("syntax error", err.reason)
    local nowhere <close> = sip.sqlite(folder.path .. "/no/such/folder.db")
    assert.same("OPEN", select(2, nowhere:query "SELECT 1").name)
  end)

  it("waits for a lock of another process for a while, then says so, and recovers", function()
    local path <const> = folder.path .. "/a.db"
    local one <close> = sip.sqlite(path, { busy = "20ms" })
    local other <close> = sip.sqlite(path)
    assert(one:query "CREATE TABLE t (a)")
    assert(other:query "BEGIN IMMEDIATE")
    assert.same("BUSY", select(2, one:query "INSERT INTO t VALUES (1)").name)
    assert(other:query "COMMIT")
    assert(one:query "INSERT INTO t VALUES (1)")
  end)

  it("keeps what was committed when its process is killed (kill -9)", function()
    local path <const> = folder.path .. "/a.db"
    local script <const> = folder:write("writer.lua", ([[
      local sip = require "moonsip"
      local db = sip.sqlite %q
      assert(db:query "CREATE TABLE t (a)")
      for i = 1, 1000000 do
        assert(db:query("INSERT INTO t VALUES (?)", i))
        io.write(i, "\n")
        io.flush()
      end
    ]]):format(path))
    local pipe <close> = assert(io.popen(("exec %s %s & echo $!; wait"):format(
      os.getenv "LUA" or "lua5.4", script)))
    local pid <const> = pipe:read "l"
    local last
    repeat last = tonumber(pipe:read "l") until last == 50
    os.execute("kill -9 " .. pid)
    for line in pipe:lines() do last = tonumber(line) or last end
    local db <close> = sip.sqlite(path)
    local rows <const> = assert(db:query "SELECT count(*) AS n, max(a) AS m FROM t")
    assert.is_true(rows[1].n >= last and rows[1].n == rows[1].m)
    assert.same("ok", db:query "PRAGMA integrity_check" [1].integrity_check)
  end)

  it("says that the disk is full, and goes on when there is room", function()
    local db <close> = sip.sqlite(folder.path .. "/a.db")
    assert(db:query "CREATE TABLE t (a)")
    assert(db:query "PRAGMA max_page_count = 10")
    local err
    for _ = 1, 100 do
      local rows
      rows, err = db:query("INSERT INTO t VALUES (?)", ("x"):rep(4000))
      if not rows then break end
    end
    assert.same({ "store", "FULL" }, { err.kind, err.name })
    assert(db:query "PRAGMA max_page_count = 10000")
    assert(db:query("INSERT INTO t VALUES (?)", ("x"):rep(4000)))
  end)
end)

describe("bindings in a file", function()
  local folder
  before_each(function() folder = scratch.folder() end)
  after_each(function() folder:remove() end)

  local function world_at(path)
    return registrar.new { store = "sqlite:" .. path }
  end

  it("are there for the next process, with their flow over UDP", function()
    local path <const> = folder.path .. "/loc.db"
    local first <const> = world_at(path)
    first:register({ "<sip:alice@192.168.1.20:5062>" },
      { via = "SIP/2.0/UDP 192.168.1.20:5062;rport;branch=z9hG4bKnat" })
    first.loc:close()
    first:close()
    local second <close> = world_at(path)
    local found <const> = assert(second.loc:lookup "sip:alice@example.com")
    assert.same({ "sip:alice@192.168.1.20:5062", "10.0.0.9" }, { found[1].uri,
      found[1].flow.remote_ip })
    assert.same(1, second.loc:count())
    second.loc:close()
  end)

  it("that are no database, or whose folder is gone, are a 500 with Retry-After", function()
    local world <close> = world_at(folder:write("loc.db", ("this is no database\n"):rep(100)))
    local text <const> = world:register { DESK }
    assert.same(500, status(text))
    assert.matches("\r\nRetry%-After: %d+\r\n", text)
    assert.same({ "store" }, { world.results[1].kind })
    local none <const>, err = world.loc:lookup "sip:alice@example.com"
    assert.is_nil(none)
    assert.same("store", err.kind)
    os.remove(folder.path .. "/loc.db") -- and it recovers by itself
    assert.same(200, status(world:register { DESK }))
    assert.same({ "sip:alice@10.0.0.9" }, world:found())
    world.loc:close()
  end)

  it("that another program has locked are a 500 for who registers, and read all the same",
    function()
    local path <const> = folder.path .. "/loc.db"
    local world <close> = world_at(path)
    world:register { DESK }
    local other <close> = require("moonsip").sqlite(path)
    assert(other:query "BEGIN EXCLUSIVE")
    local text <const> = world:register { CELL }
    assert.same(500, status(text))
    assert.matches("\r\nRetry%-After: %d+\r\n", text)
    assert.same({ "sip:alice@10.0.0.9" }, world:found())
    assert.same(1, world.loc:count())
    assert(other:query "COMMIT")
    assert.same(200, status(world:register { CELL }))
    assert.same(2, #world:found())
    world.loc:close()
  end)

  it("are nobody's when a record is damaged: an error, and no guess", function()
    local path <const> = folder.path .. "/loc.db"
    local world <close> = world_at(path)
    world:register { DESK }
    local db <const> = world.sip.sqlite(path)
    assert(db:query "UPDATE contacts SET q = 7, cseq = 'x'")
    db:close()
    assert.same(500, status(world:register { DESK }))
    world.loc:close()
  end)
end)

describe("bindings in a file that two programs have", function()
  local folder, first, second, heard
  before_each(function()
    folder, heard = scratch.folder(), {}
    local place <const> = { store = "sqlite:" .. folder.path .. "/loc.db" }
    first = registrar.new(place)
    second = face.of(first.net:agent("sip:gateway@example.com").context).location(place)
    second:on("registered", function(aor, contact)
      heard[#heard + 1] = tostring(aor) .. " " .. contact.uri
    end)
    first.net:advance "1s"
  end)
  after_each(function()
    second:close()
    first.loc:close()
    first:close()
    folder:remove()
  end)

  it("are told to the one that did not serve the REGISTER, once, and not when refreshed",
    function()
      first:register { DESK }
      first.net:advance "1500ms"
      assert.same({ "sip:alice@example.com sip:alice@10.0.0.9" }, heard)
      first:register { DESK }
      first:register { "<sip:alice@10.0.0.9:5070>" }
      first.net:advance "3s"
      assert.same({ "sip:alice@example.com sip:alice@10.0.0.9",
                    "sip:alice@example.com sip:alice@10.0.0.9:5070" }, heard)
      assert.equal(2, #second:lookup "sip:alice@example.com")
    end)

  it("are not told to who served it a second time", function()
    first:listen()
    first.net:advance "1s"
    first:register { DESK }
    first.net:advance "5s"
    assert.same({ "registered sip:alice@example.com sip:alice@10.0.0.9" }, first:take_events())
  end)

  it("are not told of what is gone before anybody looks", function()
    first:register { DESK }
    first:register { DESK .. ";expires=0" }
    first.net:advance "3s"
    assert.same({}, heard)
  end)
end)
