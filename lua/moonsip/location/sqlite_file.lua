-- SPDX-License-Identifier: MIT
-- The bindings in a file of SQLite, from inside the thread that has it open. Plain tables:
-- people look into them with the sqlite3 shell.

local file = require "moonsip.sqlite_file"

local bindings = {}

local schema <const> = {
  [[CREATE TABLE IF NOT EXISTS records (
      aor TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID]],
  [[CREATE TABLE IF NOT EXISTS contacts (
      aor TEXT NOT NULL, position INTEGER NOT NULL, uri TEXT NOT NULL, q REAL NOT NULL,
      expires_at REAL NOT NULL, call_id TEXT NOT NULL, cseq INTEGER NOT NULL, path TEXT,
      params TEXT, instance TEXT, reg_id INTEGER, flow TEXT,
      PRIMARY KEY (aor, position)) WITHOUT ROWID]],
  "CREATE INDEX IF NOT EXISTS contacts_by_expiry ON contacts (expires_at)",
  -- which contacts were added, for other programs that have the file too
  [[CREATE TABLE IF NOT EXISTS added (
      id INTEGER PRIMARY KEY AUTOINCREMENT, aor TEXT NOT NULL, uri TEXT NOT NULL,
      owner TEXT NOT NULL)]],
}

-- Rows of `added` that are kept, and how many are looked at in one go.
local max_added <const>, at_once <const> = 10000, 1000

local prepared <const> = {} -- by path

local function transaction(path, busy_ms, fn, reads)
  local is_prepared = prepared[path]
  return file.transaction(path, busy_ms, function(db)
    if not is_prepared then
      for _, sql in ipairs(schema) do
        local done, err = db:query(sql)
        if not done then return nil, err end
      end
    end
    local result, err = fn(db)
    if result ~= nil then prepared[path] = true end
    return result, err
  end, reads and is_prepared)
end

-- No route has a line break, so that one line is one route.
local function contact_of(row)
  if row.path then
    local list = {}
    for route in row.path:gmatch "[^\n]+" do list[#list + 1] = route end
    row.path = list
  end
  local contact = {}
  for name, value in pairs(row) do
    if name ~= "aor" and name ~= "position" then contact[name] = value end
  end
  return contact
end

--- { contacts, version }; without a version nobody was ever registered there.
function bindings.load(path, busy_ms, aor)
  return transaction(path, busy_ms, function(db)
    local records, err = db:query("SELECT version FROM records WHERE aor = ?", aor)
    if not records then return nil, err end
    if not records[1] then return {} end
    local rows
    rows, err = db:query("SELECT * FROM contacts WHERE aor = ? ORDER BY position", aor)
    if not rows then return nil, err end
    for at, row in ipairs(rows) do rows[at] = contact_of(row) end
    return { contacts = rows, version = records[1].version }
  end, true)
end

-- Who we are in `added`.
local own

local function owner(db)
  if own then return own end
  local rows, err = db:query "SELECT hex(randomblob(16)) AS id"
  own = rows and rows[1].id
  return own, err
end

--- The URIs that an address of record is at.
local function uris_of(db, aor)
  local rows, err = db:query("SELECT uri FROM contacts WHERE aor = ?", aor)
  if not rows then return nil, err end
  local set = {}
  for _, row in ipairs(rows) do set[row.uri] = true end
  return set
end

--- Notes which of these contacts are new.
local function note_added(db, aor, contacts, before)
  for _, one in ipairs(contacts) do
    if not before[one.uri] then
      local who, err = owner(db)
      if not who then return nil, err end
      local done, id
      done, err, id = db:query("INSERT INTO added (aor, uri, owner) VALUES (?, ?, ?)", aor, one.uri,
        who)
      if done then done, err = db:query("DELETE FROM added WHERE id <= ?", id - max_added) end
      if not done then return nil, err end
    end
  end
  return true
end

local insert <const> = "INSERT INTO contacts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

--- True; false when the version is not the one that was loaded.
function bindings.save(path, busy_ms, aor, contacts, version)
  return transaction(path, busy_ms, function(db)
    local records, err = db:query("SELECT version FROM records WHERE aor = ?", aor)
    if not records then return nil, err end
    local now = records[1] and records[1].version
    if now ~= version then return false end
    local before
    before, err = uris_of(db, aor)
    if not before then return nil, err end
    local done
    done, err = db:query("DELETE FROM contacts WHERE aor = ?", aor)
    for at, one in ipairs(contacts) do
      if not done then return nil, err end
      done, err = db:query(insert, aor, at, one.uri, one.q, one.expires_at, one.call_id, one.cseq,
        one.path and table.concat(one.path, "\n"), one.params, one.instance, one.reg_id, one.flow)
    end
    if done then done, err = note_added(db, aor, contacts, before) end
    if not done then return nil, err end
    done, err = db:query("INSERT OR REPLACE INTO records VALUES (?, ?)", aor, (now or 0) + 1)
    if not done then return nil, err end
    return true
  end)
end

--- { gone = { { aor, contact } ... }, next_at }
function bindings.expired(path, busy_ms, now)
  return transaction(path, busy_ms, function(db)
    local rows, err = db:query("DELETE FROM contacts WHERE expires_at <= ? RETURNING *", now)
    if not rows then return nil, err end
    local gone = {}
    for at, row in ipairs(rows) do
      local done
      done, err = db:query("UPDATE records SET version = version + 1 WHERE aor = ?", row.aor)
      if not done then return nil, err end
      gone[at] = { aor = row.aor, contact = contact_of(row) }
    end
    rows, err = db:query "SELECT min(expires_at) AS next_at FROM contacts"
    if not rows then return nil, err end
    return { gone = gone, next_at = rows[1].next_at }
  end)
end

local select_added <const> = [[SELECT added.id AS added_id, contacts.* FROM added
  JOIN contacts ON contacts.aor = added.aor AND contacts.uri = added.uri
  WHERE added.id > ? AND added.owner <> ? ORDER BY added.id LIMIT ?]]

--- What other programs have added behind an id: { added = { { aor, contact } ... }, last };
--- nothing for the id nil, but where to begin.
function bindings.added(path, busy_ms, since)
  return transaction(path, busy_ms, function(db)
    local rows, err = db:query "SELECT max(id) AS last FROM added"
    if not rows then return nil, err end
    local found = { added = {}, last = rows[1].last or 0 }
    if not since or found.last <= since then return found end
    local who
    who, err = owner(db)
    if not who then return nil, err end
    rows, err = db:query(select_added, since, who, at_once)
    if not rows then return nil, err end
    for at, row in ipairs(rows) do
      if at == at_once then found.last = row.added_id end
      row.added_id = nil
      found.added[at] = { aor = row.aor, contact = contact_of(row) }
    end
    return found
  end)
end

function bindings.count(path, busy_ms)
  return transaction(path, busy_ms, function(db)
    local rows, err = db:query "SELECT count(*) AS count FROM contacts"
    return rows and rows[1].count, err
  end, true)
end

return bindings
