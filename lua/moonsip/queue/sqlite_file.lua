-- SPDX-License-Identifier: MIT
-- The messages of a queue in a file of SQLite, from inside the thread that has it open. A
-- plain table: people look into it with the sqlite3 shell.

local file = require "moonsip.sqlite_file"

local messages = {}

local schema <const> = {
  [[CREATE TABLE IF NOT EXISTS messages (
      id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, text TEXT NOT NULL,
      expires_at REAL NOT NULL, due_at REAL, lent_until REAL NOT NULL, tries INTEGER NOT NULL)]],
  "CREATE INDEX IF NOT EXISTS messages_by_key ON messages (key, id)",
  "CREATE INDEX IF NOT EXISTS messages_by_expiry ON messages (expires_at)",
  "CREATE INDEX IF NOT EXISTS messages_by_turn ON messages (due_at)",
}

local prepared <const> = {} -- by path

local function transaction(path, busy_ms, fn)
  return file.transaction(path, busy_ms, function(db)
    if not prepared[path] then
      for _, sql in ipairs(schema) do
        local done, err = db:query(sql)
        if not done then return nil, err end
      end
    end
    local result, err = fn(db)
    if result ~= nil then prepared[path] = true end
    return result, err
  end)
end

local all <const> = "SELECT count(*) AS count FROM messages"
local of_key <const> = all .. " WHERE key = ?"

--- How many there are; of a key.
local function count_of(db, key)
  local rows, err
  if key then rows, err = db:query(of_key, key) else rows, err = db:query(all) end
  return rows and rows[1].count, err
end

local insert <const> = "INSERT INTO messages (key, text, expires_at, lent_until, tries) "
  .. "VALUES (?, ?, ?, ?, 0)"

--- { id } or { full }
function messages.add(path, busy_ms, key, text, now, wish)
  return transaction(path, busy_ms, function(db)
    local count, err = count_of(db)
    if not count then return nil, err end
    if count >= wish.most then return { full = "all" } end
    count, err = count_of(db, key)
    if not count then return nil, err end
    if count >= wish.per_key then return { full = "key" } end
    local done, id
    done, err, id = db:query(insert, key, text, wish.expires_at, now)
    if not done then return nil, err end
    return { id = id }
  end)
end

local take <const> = [[UPDATE messages SET tries = tries + 1, lent_until = ?1, due_at = ?1
  WHERE id = (SELECT id FROM messages WHERE key = ?2 AND id > ?3 AND id <= ?4
    AND lent_until <= ?5 AND expires_at > ?5 AND tries < ?6 ORDER BY id LIMIT 1)
  RETURNING id, text, tries]]

local newest <const> = "SELECT max(id) AS id FROM messages WHERE key = ?"

function messages.take(path, busy_ms, key, after, now, wish)
  return transaction(path, busy_ms, function(db)
    local rows, err
    local last = wish.last
    if not last then
      rows, err = db:query(newest, key)
      if not rows then return nil, err end
      last = rows[1].id or 0
    end
    rows, err = db:query(take, wish.lent_until, key, after, last, now, wish.tries)
    if not rows then return nil, err end
    local found = rows[1]
    if found then found.last = last end
    return found or false
  end)
end

function messages.done(path, busy_ms, id)
  return transaction(path, busy_ms, function(db)
    local rows, changes = db:query("DELETE FROM messages WHERE id = ?", id)
    if not rows then return nil, changes end
    return changes > 0
  end)
end

function messages.give_back(path, busy_ms, id, tries, now, due_at)
  return transaction(path, busy_ms, function(db)
    local rows, err = db:query("SELECT tries FROM messages WHERE id = ?", id)
    if not rows then return nil, err end
    if not rows[1] then return false end
    if rows[1].tries ~= tries then return true end
    rows, err = db:query("UPDATE messages SET lent_until = ?, due_at = ? WHERE id = ?", now,
      due_at, id)
    if not rows then return nil, err end
    return true
  end)
end

local sweeps <const> = {
  expired = "DELETE FROM messages WHERE expires_at <= ?1 RETURNING id, key, text",
  tries = "DELETE FROM messages WHERE lent_until <= ?1 AND tries >= ?2 RETURNING id, key, text",
}

local tell <const> = "UPDATE messages SET due_at = NULL "
  .. "WHERE due_at <= ?1 AND lent_until <= ?1 RETURNING id, key"

local next_one <const> = "SELECT min(expires_at) AS expiry, "
  .. "min(max(due_at, lent_until)) AS turn FROM messages"

local function by_id(a, b) return a.id < b.id end

function messages.sweep(path, busy_ms, now, most_tries)
  return transaction(path, busy_ms, function(db)
    local found, seen = { dropped = {}, due = {} }, {}
    for _, why in ipairs { "expired", "tries" } do
      local rows, err = db:query(sweeps[why], table.unpack({ now, most_tries }, 1,
        why == "tries" and 2 or 1))
      if not rows then return nil, err end
      table.sort(rows, by_id)
      for _, row in ipairs(rows) do
        table.insert(found.dropped, { key = row.key, text = row.text, why = why })
      end
    end
    local rows, err = db:query(tell, now)
    if not rows then return nil, err end
    table.sort(rows, by_id)
    for _, row in ipairs(rows) do
      if not seen[row.key] then table.insert(found.due, row.key) end
      seen[row.key] = true
    end
    rows, err = db:query(next_one)
    if not rows then return nil, err end
    found.next_at = math.min(rows[1].expiry or math.huge, rows[1].turn or math.huge)
    return found
  end)
end

function messages.count(path, busy_ms, key)
  return transaction(path, busy_ms, function(db)
    return count_of(db, key)
  end)
end

return messages
