-- SPDX-License-Identifier: MIT
-- The messages of a queue in memory: they end with the program. The functions are those of
-- queue/sqlite.lua; instants are seconds since 1970.

local memory = {}

local never <const> = math.huge

--- An entry: { id, key, text, expires_at, due_at, lent_until, tries }.

local function remove(self, entry)
  self.entries[entry.id] = nil
  self.size = self.size - 1
  local list = self.keys[entry.key]
  for at, one in ipairs(list) do
    if one == entry then
      table.remove(list, at)
      break
    end
  end
  if #list == 0 then self.keys[entry.key] = nil end
end

local function by_id(a, b) return a.id < b.id end

--- The keys of entries, each once, in the order of their ids.
local function keys_of(entries)
  local found, seen = {}, {}
  table.sort(entries, by_id)
  for _, entry in ipairs(entries) do
    if not seen[entry.key] then table.insert(found, entry.key) end
    seen[entry.key] = true
  end
  return found
end

---@return table
function memory.new()
  local self = { entries = {}, keys = {}, size = 0, serial = 0 }
  local store = {}

  --- Keeps a text: its id; or false and what is full.
  function store.add(key, text, now, wish)
    local list = self.keys[key]
    if self.size >= wish.most then return false, "all" end
    if list and #list >= wish.per_key then return false, "key" end
    self.serial, self.size = self.serial + 1, self.size + 1
    local entry = { id = self.serial, key = key, text = text, expires_at = wish.expires_at,
                    due_at = never, lent_until = now, tries = 0 }
    self.entries[entry.id] = entry
    self.keys[key] = list or {}
    table.insert(self.keys[key], entry)
    return entry.id
  end

  --- Lends the first one of a key behind an id that nobody has, up to wish.last, or the
  --- newest of now: { id, text, tries, last }; false for none.
  function store.take(key, after, now, wish)
    local last = wish.last or self.serial
    for _, entry in ipairs(self.keys[key] or {}) do
      if entry.id > after and entry.id <= last and entry.lent_until <= now
        and entry.expires_at > now and entry.tries < wish.tries then
        entry.tries = entry.tries + 1
        entry.lent_until, entry.due_at = wish.lent_until, wish.lent_until
        return { id = entry.id, text = entry.text, tries = entry.tries, last = last }
      end
    end
    return false
  end

  --- It was delivered.
  function store.done(id)
    local entry = self.entries[id]
    if entry then remove(self, entry) end
    return entry ~= nil
  end

  --- It comes back, to be tried again at an instant. False when it is not there any more;
  --- nothing changes when somebody else has it since.
  function store.give_back(id, tries, now, due_at)
    local entry = self.entries[id]
    if not entry then return false end
    if entry.tries == tries then entry.lent_until, entry.due_at = now, due_at end
    return true
  end

  --- What has expired or was tried too often is taken out, and whose turn has come is told:
  --- { dropped = { { key, text, why } ... }, due = { key ... }, next_at }, oldest first.
  function store.sweep(now, most_tries)
    local dropped, turns, next_at = {}, {}, never
    for _, entry in pairs(self.entries) do
      local is_free = entry.lent_until <= now
      entry.why = entry.expires_at <= now and "expired"
        or is_free and entry.tries >= most_tries and "tries" or nil
      if entry.why then
        table.insert(dropped, entry)
      else
        if is_free and entry.due_at <= now then
          entry.due_at = never
          table.insert(turns, entry)
        end
        local turn = math.max(entry.due_at, entry.lent_until)
        next_at = math.min(next_at, entry.expires_at, turn)
      end
    end
    table.sort(dropped, by_id)
    for _, entry in ipairs(dropped) do remove(self, entry) end
    return { dropped = dropped, due = keys_of(turns), next_at = next_at }
  end

  function store.count(key)
    if not key then return self.size end
    return #(self.keys[key] or {})
  end

  function store.close() self.entries, self.keys, self.size = {}, {}, 0 end

  return store
end

return memory
