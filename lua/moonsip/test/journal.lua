-- SPDX-License-Identifier: MIT
-- What was on the wire, in the order it was sent: counted, drawn, and hashed so that
-- two runs can be compared bit for bit.

local core = require "moonsip.core"
local glance = require "moonsip.glance"
local misuse = require "moonsip.misuse"

---@class moonsip.test.Journal
---@field count integer     records ever
---@field private keep integer
---@field private first integer  the oldest kept
---@field private hash_before integer  of those forgotten
local Journal = {}
Journal.__index = Journal
Journal.__name = "moonsip.test.journal"

local journal = {}

---@param keep integer  records kept; older ones only count in the hash
function journal.new(keep)
  return setmetatable({ count = 0, keep = keep, first = 1, hash_before = 0 },
    Journal)
end

local function fold(hash, record)
  hash = core.hash(record.bytes, hash)
  hash = core.hash(record.from, hash ~ record.at)
  hash = core.hash(record.to, hash)
  return core.hash(record.lost or record.transport, hash)
end

---@param record moonsip.Record
function Journal:add(record)
  local count = self.count + 1
  self.count, self[count] = count, record
  if count - self.first >= self.keep then
    local oldest = self[self.first]
    self.hash_before = fold(self.hash_before, oldest)
    self[self.first] = nil
    self.first = self.first + 1
  end
end

--- A number that two runs share when every message, instant, loss and address of
--- theirs is the same.
---@return string  16 hexadecimal digits
function Journal:hash()
  local hash = self.hash_before
  for index = self.first, self.count do hash = fold(hash, self[index]) end
  return ("%016x"):format(hash)
end

local known <const> = { method = true, class = true, code = true, from = true, to = true,
                        retransmissions = true, lost = true, transport = true,
                        call_id = true }

-- Marks each record with what is seen in it, and whether it was sent before.
local function examine(self)
  local sent = {}
  for index = self.first, self.count do
    local record = self[index]
    record.seen = record.seen or glance.at(record.bytes)
    local key = record.from .. " " .. record.to .. " " .. record.bytes
    record.again = sent[key] or false
    sent[key] = true
  end
end

local function fits(record, filter, is_at)
  return glance.fits(record.seen, filter)
    and (not filter.call_id or record.seen.call_id == filter.call_id)
    and (not filter.transport or record.transport == filter.transport)
    and (filter.retransmissions == nil or record.again == filter.retransmissions)
    and (filter.lost == nil or (record.lost ~= nil) == filter.lost)
    and (filter.from == nil or is_at(record.from, filter.from))
    and (filter.to == nil or is_at(record.to, filter.to))
end

--- The records that fit a filter, oldest first.
---@param verb string
---@param filter table?
---@param is_at fun(address: string, who: any): boolean
---@return moonsip.Record[]
function Journal:select(verb, filter, is_at)
  filter = misuse.options(verb, filter, known)
  if self.first > 1 then
    misuse.raise("%s: only the last %d messages were kept; give test.net a larger keep",
      verb, self.keep)
  end
  examine(self)
  local found = {}
  for index = self.first, self.count do
    if fits(self[index], filter, is_at) then found[#found + 1] = self[index] end
  end
  return found
end

return journal
