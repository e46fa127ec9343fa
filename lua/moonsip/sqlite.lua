-- SPDX-License-Identifier: MIT
-- sip.sqlite: a database in a file, whose verbs wait. One thread has it open.

local core = require "moonsip.core"
local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local workers = require "moonsip.workers"

---@class moonsip.Sqlite
---@field path string
local Sqlite = {}
Sqlite.__index = Sqlite
Sqlite.__name = "moonsip.sqlite"

local sqlite = {}

local default_busy_s <const> = 2
local max_waiting <const> = 10000

--- Raises where the library is missing.
function sqlite.require(verb)
  if not core.sqlite then
    misuse.raise("%s: built without SQLite; install libsqlite3-dev and build again", verb)
  end
end

---@param context moonsip.Context
---@param path string
---@param options { busy: (number|string)? }?  how long a database that another has locked is waited for
---@return moonsip.Sqlite
function sqlite.new(context, path, options)
  sqlite.require "sip.sqlite"
  options = misuse.options("sip.sqlite", options, { busy = true })
  return setmetatable({
    path = misuse.text("sip.sqlite", "path", path),
    busy_ms = duration.check("sip.sqlite", "busy", options.busy or default_busy_s),
    workers = workers.new(context, { threads = 1, waiting = max_waiting }),
  }, Sqlite)
end

--- Errors come out of the thread as plain tables.
function sqlite.result(first, second, ...)
  if first ~= nil or type(second) ~= "table" or not second.kind then
    return first, second, ...
  end
  if errors.is(second) then
    if second.kind == "limit" or second.kind == "timeout" then second.kind = "store" end
    return nil, second
  end
  return nil, errors.new(second.kind, second.reason, { name = second.name })
end

--- Runs one statement: rows as a list of tables by column, how many rows changed, and the
--- last row id; or nil, err of kind store.
---@param sql string
---@param ... any  nil, booleans, numbers, strings
---@return table[]?
---@return integer|moonsip.Error changes_or_err
---@return integer? last_id
function Sqlite:query(sql, ...)
  misuse.check("db:query", "sql", sql, "string")
  return sqlite.result(workers.run(self.workers, "db:query", function(...)
    return require("moonsip.sqlite_file").query(...)
  end, self.path, self.busy_ms, sql, ...))
end

--- Runs statements in one transaction, all or none: the rows of each; or nil, err.
---@param statements table[]  { sql, values... }
---@return table[][]?
---@return moonsip.Error? err
function Sqlite:transaction(statements)
  misuse.check("db:transaction", "statements", statements, "table")
  return sqlite.result(workers.run(self.workers, "db:transaction", function(...)
    return require("moonsip.sqlite_file").batch(...)
  end, self.path, self.busy_ms, statements))
end

function Sqlite:close()
  self.workers:close()
end

Sqlite.__close = Sqlite.close

return sqlite
