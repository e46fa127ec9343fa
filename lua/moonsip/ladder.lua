-- SPDX-License-Identifier: MIT
-- Call flows in ASCII: one column for each end, one line for each message, in the
-- order they were sent. The picture never gets wider than it was told to.
--
--                alice              bob
--      0.000       |-- INVITE 1 (SDP) ->|
--      0.004       |<-- 180, INVITE 1 --|

local glance = require "moonsip.glance"
local trace = require "moonsip.trace"

local ladder = {}

local default_width <const>, least_width <const> = 100, 40
local time_width <const> = 10   -- "   123.456"
local least_gap <const> = 14    -- columns are never closer than this
local arrow_extra <const> = 7   -- "|-- " before a label and " ->" after it
local crowd <const> = "others"  -- the column of all ends that find no place

---@class moonsip.LadderOptions
---@field names (fun(address: string): string?)|table<string, string>|nil  of columns
---@field width integer?   of the picture, 100
---@field since integer?   the instant that counts as 0; the first record's
---@field notes (integer|string)[]|nil  instants and texts by turns, in order
---@field noter string?     name of the column that the notes stand in

local function printable(text)
  return (text:gsub("[\x80-\xff][\x80-\xbf]*", "?"):gsub("[^ -~]", "?"))
end

--- What stands on the arrow of a message.
---@param record moonsip.Record
---@param again boolean?  it was sent before
function ladder.label(record, again)
  local seen = glance.at(record.bytes)
  local number = seen.cseq and (" %d"):format(seen.cseq) or ""
  local text
  if seen.kind == "request" then
    text = seen.method .. number
  elseif seen.kind == "response" then
    text = ("%d %s, %s%s"):format(seen.code, seen.reason, seen.method or "?", number)
  elseif seen.kind == "other" then
    text = ("%d bytes"):format(seen.size)
  else
    text = seen.kind
  end
  if seen.sdp then text = text .. " (SDP)" end
  if again then text = text .. " again" end
  if record.lost and record.lost ~= "loss" then text = text .. " " .. record.lost end
  return printable(text)
end

local function namer(names)
  if type(names) == "function" then return names end
  names = names or {}
  return function(address) return names[address] end
end

-- The arrows of the picture with the numbers of their columns, and the columns'
-- names in the order they appear.
local function arrange(records, options, most_columns)
  local name_of, columns, number_of = namer(options.names), {}, {}
  local function column(address)
    local name = printable(name_of(address) or address)
    local number = number_of[name]
    if not number then
      if #columns == most_columns then
        columns[#columns] = crowd
        return #columns
      end
      number = #columns + 1
      columns[number], number_of[name] = name, number
    end
    return number
  end
  local arrows, sent = {}, {}
  for index, record in ipairs(records) do
    local key = record.from .. record.to .. record.bytes
    arrows[index] = { at = record.at, lost = record.lost, from = column(record.from),
                      to = column(record.to), label = ladder.label(record, sent[key]) }
    sent[key] = true
  end
  return arrows, columns, number_of
end

--- Puts notes among the arrows: behind what was sent at the same instant.
local function add_notes(arrows, notes, column)
  local merged, next_arrow = {}, 1
  for at = 1, #notes, 2 do
    while arrows[next_arrow] and arrows[next_arrow].at <= notes[at] do
      merged[#merged + 1] = arrows[next_arrow]
      next_arrow = next_arrow + 1
    end
    merged[#merged + 1] = { at = notes[at], from = column, to = column, is_note = true,
                            label = printable(notes[at + 1]) }
  end
  return table.move(arrows, next_arrow, #arrows, #merged + 1, merged)
end

-- Gaps between neighbouring columns: wide enough for what is written between them,
-- then narrowed, widest first, until the picture fits.
local function gaps_for(arrows, columns, room)
  local gaps, total = {}, 0
  for index = 1, #columns - 1 do
    gaps[index] = math.max(least_gap, (#columns[index] + #columns[index + 1]) // 2 + 2)
  end
  for _, arrow in ipairs(arrows) do
    local left = math.min(arrow.from, arrow.to)
    if math.abs(arrow.from - arrow.to) == 1 then
      gaps[left] = math.max(gaps[left], #arrow.label + arrow_extra)
    end
  end
  for _, gap in ipairs(gaps) do total = total + gap end
  while total > room do
    local widest = 1
    for index = 2, #gaps do
      if gaps[index] > gaps[widest] then widest = index end
    end
    if gaps[widest] <= least_gap then break end
    gaps[widest], total = gaps[widest] - 1, total - 1
  end
  return gaps
end

local function cut(text, room)
  if #text <= room then return text end
  return text:sub(1, math.max(room - 1, 0)) .. "~"
end

-- `text` written over `line` from position `at` on.
local function overlay(line, at, text)
  return line:sub(1, at - 1) .. text .. line:sub(at + #text)
end

local function draw_arrow(line, arrow, positions, width)
  local from, to = positions[arrow.from], positions[arrow.to]
  if from == to then
    local room = (positions[arrow.from + 1] or width + 1) - from - 4
    return overlay(line, from + 1, (arrow.is_note and ". " or "<> ") .. cut(arrow.label, room))
  end
  local left, right = math.min(from, to), math.max(from, to)
  local span = right - left - 1
  local label = " " .. cut(arrow.label, span - 6) .. " "
  local dashes = span - 1 - #label
  local body = ("-"):rep(dashes // 2) .. label .. ("-"):rep(dashes - dashes // 2)
  if from < to then
    body = body .. (arrow.lost and "x" or ">")
  else
    body = (arrow.lost and "x" or "<") .. body
  end
  return overlay(line, left + 1, body)
end

-- The line of names, each centred over its column as far as the edges allow.
local function heading(columns, positions, width)
  local line = (" "):rep(width)
  for index, name in ipairs(columns) do
    local after = positions[index + 1] or width + 1
    local before = positions[index - 1] or 1
    local text = cut(name, math.min(after - before, width) - 2)
    local start = positions[index] - #text // 2
    start = math.max(1, math.min(start, width - #text + 1))
    line = overlay(line, start, text)
  end
  return line
end

local function draw_line(arrow, positions, width)
  local line = (" "):rep(width)
  for _, at in ipairs(positions) do line = overlay(line, at, "|") end
  line = overlay(line, 1, ("%10s"):format(trace.time(arrow.at)))
  return (draw_arrow(line, arrow, positions, width):gsub(" +$", ""))
end

--- Draws records as a call flow; "" for none.
---@param records moonsip.Record[]
---@param options moonsip.LadderOptions?
---@return string
function ladder.draw(records, options)
  options = options or {}
  if #records == 0 then return "" end
  local width = math.max(options.width or default_width, least_width)
  -- Half a name fits left and right of the outer columns.
  local margin = least_gap // 2
  local room = width - time_width - 2 * margin
  local arrows, columns, number_of = arrange(records, options, room // least_gap + 1)
  if options.notes and number_of[options.noter] then
    arrows = add_notes(arrows, options.notes, number_of[options.noter])
  end
  local gaps = gaps_for(arrows, columns, room)
  local positions = { time_width + margin }
  for index, gap in ipairs(gaps) do positions[index + 1] = positions[index] + gap end
  width = math.min(width, positions[#positions] + margin)

  local since = options.since or records[1].at
  local lines = { (heading(columns, positions, width):gsub(" +$", "")) }
  for index, arrow in ipairs(arrows) do
    arrow.at = arrow.at - since
    lines[index + 1] = draw_line(arrow, positions, width)
  end
  return table.concat(lines, "\n") .. "\n"
end

-- Of a picture that is drawn while its messages happen: the distance of its columns,
-- and how many messages it remembers to tell which are sent again.
local live_gap <const>, live_memory <const> = 34, 256

-- The number of an end's column; what finds no place shares the last one.
local function live_column(self, name)
  local columns, number = self.columns, self.number_of[name]
  if number then return number end
  if #columns < self.most then
    columns[#columns + 1], self.number_of[name] = name, #columns + 1
    self.is_new = true
  elseif columns[self.most] ~= crowd then
    columns[self.most], self.is_new = crowd, true
  end
  return #columns
end

local function was_sent(self, record)
  local key = record.from .. record.to .. record.bytes
  if self.sent[key] then return true end
  self.sent[key] = true
  self.serial = self.serial % live_memory + 1
  local oldest = self.ring[self.serial]
  if oldest then self.sent[oldest] = nil end
  self.ring[self.serial] = key
  return false
end

local function draw_live(self, record)
  local from = record.direction == "out" and self.own or printable(record.from)
  local to = record.direction == "in" and self.own or printable(record.to)
  local arrow = {
    at = record.at - self.since, lost = record.lost, label = ladder.label(record,
      was_sent(self, record)), from = live_column(self, from), to = live_column(self, to),
  }
  local positions = {}
  for index in ipairs(self.columns) do
    positions[index] = time_width + least_gap // 2 + (index - 1) * live_gap
  end
  local width = positions[#positions] + least_gap // 2 + 4
  local text = draw_line(arrow, positions, width) .. "\n"
  if self.is_new then
    text = heading(self.columns, positions, width):gsub(" +$", "") .. "\n" .. text
    self.is_new = false
  end
  return text
end

--- A call flow that is drawn while it happens: call what is returned with each record
--- for the lines to print, among them the names whenever a further end turns up.
---@param options { own: string, since: integer?, width: integer? }  own: name of our column
---@return fun(record: moonsip.Record): string
function ladder.live(options)
  local room = math.max(options.width or default_width, least_width)
    - time_width - least_gap
  local self = {
    own = options.own, since = options.since or 0, most = room // live_gap + 1,
    columns = { options.own }, number_of = { [options.own] = 1 }, is_new = true,
    sent = {}, ring = {}, serial = 0,
  }
  return function(record) return draw_live(self, record) end
end

return ladder
