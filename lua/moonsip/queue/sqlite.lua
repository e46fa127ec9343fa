-- SPDX-License-Identifier: MIT
-- The messages of a queue in a file of SQLite: they are there after a crash, also of the
-- power's if the file system keeps what it was told to.

local sqlite = require "moonsip.sqlite"
local workers = require "moonsip.workers"

local store = {}

--- The store for a path, with the functions of queue/memory.lua; each gives nil, err when it
--- fails.
---@param context moonsip.Context
---@param path string
---@return table
function store.new(context, path)
  local db = sqlite.new(context, path)
  db.workers.timeout_ms = 2 * db.busy_ms + 1000

  local function run(name, ...)
    return sqlite.result(workers.run(db.workers, "queue:" .. name, function(called, ...)
      return require("moonsip.queue.sqlite_file")[called](...)
    end, name, path, db.busy_ms, ...))
  end

  local self = {}
  for _, name in ipairs { "take", "done", "give_back", "sweep", "count" } do
    self[name] = function(...) return run(name, ...) end
  end

  function self.add(...)
    local made, err = run("add", ...)
    if not made then return nil, err end
    if made.full then return false, made.full end
    return made.id
  end

  function self.close() db:close() end

  return self
end

return store
