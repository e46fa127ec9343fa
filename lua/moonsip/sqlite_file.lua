-- SPDX-License-Identifier: MIT
-- Databases in files, from inside the thread that has them open (sqlite.lua): plain values
-- in, plain values out, and every call blocks.

local core = require "moonsip.core"

local sqlite_file = {}

local open <const> = {} -- by path

-- A write-ahead log: a process that is killed loses nothing that was committed.
local settings <const> = { "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL" }

--- The open database; opened again after an error that may have been one of the file's.
local function database(path, busy_ms)
  local db = open[path]
  if db then return db end
  local err
  db, err = core.sqlite(path, busy_ms)
  if not db then return nil, err end
  for _, sql in ipairs(settings) do
    local done
    done, err = db:query(sql)
    if not done then
      db:close()
      return nil, err
    end
  end
  open[path] = db
  return db
end

local function forget(path)
  if open[path] then open[path]:close() end
  open[path] = nil
end

local fatal <const> = { CORRUPT = true, IO = true, OPEN = true, READONLY = true }

--- Rows, changes, last row id; or nil, err.
function sqlite_file.query(path, busy_ms, sql, ...)
  local db, err = database(path, busy_ms)
  if not db then return nil, err end
  local rows, changes, id = db:query(sql, ...)
  if not rows and fatal[changes.name] then forget(path) end
  return rows, changes, id
end

--- Runs `fn(db)` in a transaction: what it returns, unless that is nil and an error, or the
--- database refuses. One that only reads waits for nobody who writes.
---@param reads boolean?
function sqlite_file.transaction(path, busy_ms, fn, reads)
  local db, err = database(path, busy_ms)
  if not db then return nil, err end
  local begun
  begun, err = db:query(reads and "BEGIN" or "BEGIN IMMEDIATE")
  if not begun then return nil, err end
  local result
  result, err = fn(db)
  if result ~= nil then
    local done, why = db:query "COMMIT"
    if done then return result end
    err = why
  end
  db:query "ROLLBACK"
  if err and fatal[err.name] then forget(path) end
  return nil, err
end

--- Statements { sql, values... } in one transaction: rows of each; or nil, err.
function sqlite_file.batch(path, busy_ms, statements)
  return sqlite_file.transaction(path, busy_ms, function(db)
    local all = {}
    for at, one in ipairs(statements) do
      local rows, err = db:query(table.unpack(one, 1, one.n or #one))
      if not rows then return nil, err end
      all[at] = rows
    end
    return all
  end)
end

function sqlite_file.close(path)
  forget(path)
  return true
end

return sqlite_file
