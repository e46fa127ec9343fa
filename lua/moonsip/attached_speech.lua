-- SPDX-License-Identifier: MIT
-- What the program at the other end of a stream has said: samples and marks in their order,
-- given to the stream as far as it has room. A mark is told when all before it was said, or
-- dropped.

local errors = require "moonsip.errors"

---@class moonsip.AttachedSpeech
---@field bytes integer  of samples that the stream has not taken
---@field private stream moonsip.AudioStream
---@field private tell fun(name: string, was_cleared: boolean)
---@field private later table[]   { samples } and marks that the stream has no room for yet
---@field private marks table<table, true>  that are not told
---@field private count integer   of them
---@field private serial integer
local Speech = {}
Speech.__index = Speech

local attached_speech = {}

-- Marks that may be waited for.
local max_marks <const> = 1000

---@param stream moonsip.AudioStream
---@param tell fun(name: string, was_cleared: boolean)  a mark was reached, or its audio dropped
---@return moonsip.AttachedSpeech
function attached_speech.new(stream, tell)
  return setmetatable({ stream = stream, tell = tell, bytes = 0, later = {}, marks = {},
                        count = 0, serial = 0 }, Speech)
end

local function reached(self, mark, was_cleared)
  if not self.marks[mark] then return end
  self.marks[mark] = nil
  self.count = self.count - 1
  self.tell(mark.name, was_cleared)
end

--- Gives one to the stream: false when it has no room for all of it.
local function give_one(self, one)
  if one.samples then
    local taken = self.stream:put(one.samples)
    if not taken then return true end -- it has ended
    self.bytes = self.bytes - taken
    one.samples = one.samples:sub(taken + 1)
    return one.samples == ""
  end
  return not self.marks[one] or self.stream:tell_mark(function(was_cleared)
    reached(self, one, was_cleared)
    if not was_cleared then self:give() end
  end)
end

--- Gives the stream what it has room for.
function Speech:give()
  local later, at = self.later, 1
  while later[at] and give_one(self, later[at]) do at = at + 1 end
  if at > 1 then self.later = table.move(later, at, #later, 1, {}) end
end

--- Samples to be said.
---@param samples string
function Speech:add(samples)
  if not self.stream.speaks or samples == "" then return end
  self.bytes = self.bytes + #samples
  table.insert(self.later, { samples = samples })
  self:give()
end

--- A mark behind all that came before it.
---@param name string
---@return true?
---@return moonsip.Error? err  limit: too many wait
function Speech:mark(name)
  if self.count >= max_marks then
    return nil, errors.new("limit", ("more than %d marks wait"):format(max_marks))
  end
  self.serial, self.count = self.serial + 1, self.count + 1
  local mark = { name = name, serial = self.serial }
  self.marks[mark] = true
  if not self.stream.speaks then
    reached(self, mark, false)
  else
    table.insert(self.later, mark)
    self:give()
  end
  return true
end

local function by_serial(a, b) return a.serial < b.serial end

--- Tells all marks that wait as cleared, the oldest first.
function Speech:clear_marks()
  local list = {}
  for mark in pairs(self.marks) do list[#list + 1] = mark end
  table.sort(list, by_serial)
  for _, mark in ipairs(list) do reached(self, mark, true) end
end

--- Drops what the stream has not taken, and all marks.
function Speech:clear()
  self.later, self.bytes = {}, 0
  self:clear_marks()
end

--- The stream has all of it.
---@return boolean
function Speech:is_given() return self.later[1] == nil end

return attached_speech
