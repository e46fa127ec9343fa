-- SPDX-License-Identifier: MIT
-- The message-summary package: how many messages wait for somebody (RFC 3842).

local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"

-- Classes of messages by their names here (RFC 3458, 3842 3.5).
local classes <const> = {
  voice = "Voice-Message", fax = "Fax-Message", pager = "Pager-Message",
  multimedia = "Multimedia-Message", text = "Text-Message", none = "None",
}
local order <const> = { "voice", "fax", "pager", "multimedia", "text", "none" }

local verb <const> = "message-summary"

local known <const> = { new = true, old = true, urgent_new = true, urgent_old = true,
                        waiting = true, account = true }
local known_counts <const> = { new = true, old = true, urgent_new = true, urgent_old = true }
for name in pairs(classes) do known[name] = true end

local max_count <const> = 4294967295 -- 32 bits (5.2)

local function count(of, name)
  return misuse.integer(verb, name, of[name] or 0, 0, max_count)
end

--- "2/8 (0/2)": new and old, and those of them that are urgent.
local function line_of(class, of)
  misuse.options(verb, of, known_counts)
  local text = ("%s: %d/%d"):format(class, count(of, "new"), count(of, "old"))
  if of.urgent_new or of.urgent_old then
    text = text .. (" (%d/%d)"):format(count(of, "urgent_new"), count(of, "urgent_old"))
  end
  return text
end

--- The counts of a value: those of voice stand in it as they are, others by their class.
local function lists_of(value)
  local lists = {}
  for _, class in ipairs(order) do lists[class] = value[class] end
  if value.new or value.old then
    lists.voice = { new = value.new, old = value.old, urgent_new = value.urgent_new,
                    urgent_old = value.urgent_old }
  end
  return lists
end

local function format(value, uri)
  misuse.options(verb, value, known)
  local lists, lines, waits = lists_of(value), {}, value.waiting
  for _, class in ipairs(order) do
    local of = lists[class]
    if of then
      lines[#lines + 1] = line_of(classes[class], of)
      if waits == nil and (of.new or 0) > 0 then waits = true end
    end
  end
  table.insert(lines, 1, "Messages-Waiting: " .. (waits and "yes" or "no"))
  local account = value.account or uri
  if account then
    table.insert(lines, 2, "Message-Account: " .. misuse.text(verb, "account", tostring(account)))
  end
  return table.concat(lines, "\r\n") .. "\r\n"
end

local function parse_counts(text)
  local new, old, rest = text:match "^%s*(%d+)%s*/%s*(%d+)(.*)$"
  if not new then return nil end
  local urgent_new, urgent_old = rest:match "%(%s*(%d+)%s*/%s*(%d+)%s*%)"
  return { new = math.tointeger(tonumber(new)), old = math.tointeger(tonumber(old)),
           urgent_new = math.tointeger(tonumber(urgent_new or nil)),
           urgent_old = math.tointeger(tonumber(urgent_old or nil)) }
end

local function parse(body)
  local value
  for line in body:gmatch "[^\r\n]+" do
    local name, text = line:match "^([%w%-]+)%s*:%s*(.-)%s*$"
    name = name and name:lower()
    if name == "messages-waiting" then
      value = value or {}
      value.waiting = text:lower() == "yes"
    elseif name == "message-account" and value then
      value.account = text
    elseif name and value then
      for class, header in pairs(classes) do
        if header:lower() == name then value[class] = parse_counts(text) end
      end
    elseif line == "" then
      break
    end
  end
  if not value then return nil, errors.new("invalid", "no message summary (RFC 3842)") end
  local voice = value.voice
  if voice then value.new, value.old = voice.new, voice.old end
  return value
end

---@type moonsip.EventPackage
return {
  name = "message-summary",
  content_type = "application/simple-message-summary",
  expires = 3600, -- 3.4 leaves hours to days; a phone that is gone is forgotten the sooner
  interval = 1,   -- 3.10
  format = format,
  parse = parse,
}
