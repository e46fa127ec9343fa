-- SPDX-License-Identifier: MIT
-- Bindings in a file of SQLite: they are there after a crash, also of the power's if the
-- file system keeps what it was told to.

local sqlite = require "moonsip.sqlite"
local workers = require "moonsip.workers"

local store = {}

--- The store for a path: see stored.lua.
---@param context moonsip.Context
---@param path string
function store.new(context, path)
  local db = sqlite.new(context, path)
  db.workers.timeout_ms = 2 * db.busy_ms + 1000

  local function run(fn, ...)
    return sqlite.result(workers.run(db.workers, "loc:save", fn, path, db.busy_ms, ...))
  end

  return {
    load = function(aor)
      local found, err = run(function(...)
        return require("moonsip.location.sqlite_file").load(...)
      end, aor)
      if not found then return nil, err end
      if not found.version then return nil end
      return found.contacts, found.version
    end,
    save = function(aor, contacts, version)
      return run(function(...)
        return require("moonsip.location.sqlite_file").save(...)
      end, aor, contacts, version)
    end,
    expired = function(now)
      local found, err = run(function(...)
        return require("moonsip.location.sqlite_file").expired(...)
      end, now)
      if not found then return nil, err end
      return found.gone, found.next_at
    end,
    added = function(since)
      return run(function(...)
        return require("moonsip.location.sqlite_file").added(...)
      end, since)
    end,
    count = function()
      return run(function(...)
        return require("moonsip.location.sqlite_file").count(...)
      end)
    end,
    close = function() db:close() end,
  }
end

return store
