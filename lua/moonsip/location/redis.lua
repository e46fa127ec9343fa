-- SPDX-License-Identifier: MIT
-- Bindings in Redis, which several nodes share. An address of record is one key, whose
-- value is its contacts and which Redis lets expire; a sorted set says whose contacts end
-- next. What was loaded is compared when it is saved, in the server, so that nobody's
-- change is lost.

local redis = require "moonsip.redis"

local store = {}

local prefix <const>, index <const> = "moonsip:loc:", "moonsip:expiry"

-- How long somebody without contacts is remembered.
local away_ms <const> = 7 * 24 * 3600 * 1000

local fields <const> = { "uri", "q", "expires_at", "call_id", "cseq", "path", "params",
                         "instance", "reg_id", "flow" }
local numbers <const> = { q = true, expires_at = true, cseq = true, reg_id = true }

--- Contacts as bytes: field by field, each with its length; an absent one is empty.
local function encode(contacts)
  local list = {}
  for _, one in ipairs(contacts) do
    for _, name in ipairs(fields) do
      local value = one[name]
      if name == "path" and value then value = table.concat(value, "\n") end
      list[#list + 1] = string.pack("<s4", value ~= nil and tostring(value) or "")
    end
  end
  return "1" .. table.concat(list)
end

--- The contacts of bytes; nil when they are none.
local function decode(bytes)
  local contacts, at = {}, 2
  if bytes:sub(1, 1) ~= "1" then return nil end
  while at <= #bytes do
    local one = {}
    for _, name in ipairs(fields) do
      local ok, value, next_at = pcall(string.unpack, "<s4", bytes, at)
      if not ok then return nil end
      at = next_at
      if value ~= "" then one[name] = numbers[name] and tonumber(value) or value end
    end
    if one.path then
      local list = {}
      for route in one.path:gmatch "[^\n]+" do list[#list + 1] = route end
      one.path = list
    end
    contacts[#contacts + 1] = one
  end
  return contacts
end

-- KEYS: record, index. ARGV: what was loaded, what is saved, ms to live, aor, next expiry.
local swap <const> = [[
  local now = redis.call('GET', KEYS[1]) or ''
  if now ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  if ARGV[5] == '' then
    redis.call('ZREM', KEYS[2], ARGV[4])
  else
    redis.call('ZADD', KEYS[2], ARGV[5], ARGV[4])
  end
  return 1]]

-- KEYS: index. ARGV: now. Whoever asks first has them.
local claim <const> = [[
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 100)
  for _, aor in ipairs(due) do redis.call('ZREM', KEYS[1], aor) end
  return due]]

--- The store of a server: see stored.lua.
---@param context moonsip.Context
---@param url string
function store.new(context, url)
  local server = redis.new(context, url)
  local self = {}

  function self.load(aor)
    local bytes, err = server:command("GET", prefix .. aor)
    if bytes == nil then return nil, err end
    if not bytes then return nil end
    local contacts = decode(bytes)
    if not contacts then return nil, "what Redis has for " .. aor .. " are no contacts" end
    return contacts, bytes
  end

  function self.save(aor, contacts, version)
    local now_s = context.driver:wall() / 1000
    local first, last
    for _, one in ipairs(contacts) do
      first = math.min(first or one.expires_at, one.expires_at)
      last = math.max(last or one.expires_at, one.expires_at)
    end
    local ms = math.ceil(math.max((last or now_s) - now_s, 0) * 1000) + away_ms
    local done, err = server:command("EVAL", swap, 2, prefix .. aor, index, version or "",
      encode(contacts), ms, aor, first or "")
    if done == nil then return nil, err end
    return done == 1
  end

  --- Takes the expired contacts of one address of record out; nil, err.
  local function take_out(aor, now_s, gone)
    for _ = 1, 8 do
      local contacts, version = self.load(aor)
      if not contacts then return version == nil, version end
      local kept, ended = {}, {}
      for _, one in ipairs(contacts) do
        local list = one.expires_at <= now_s and ended or kept
        list[#list + 1] = one
      end
      local saved, err = self.save(aor, kept, version)
      if saved == nil then return nil, err end
      if saved then
        for _, one in ipairs(ended) do gone[#gone + 1] = { aor = aor, contact = one } end
        return true
      end
    end
  end

  function self.expired(now_s)
    local due, err = server:command("EVAL", claim, 1, index, now_s)
    if not due then return nil, err end
    local gone = {}
    for _, aor in ipairs(due) do
      local done, why = take_out(aor, now_s, gone)
      if not done and why then return nil, why end
    end
    local first = server:command("ZRANGE", index, 0, 0, "WITHSCORES")
    return gone, first and tonumber(first[2])
  end

  function self.close() server:close() end

  return self
end

return store
