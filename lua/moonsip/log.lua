-- SPDX-License-Identifier: MIT
-- The log: levels, entries on stderr, stamped by the driver.
-- Control bytes are escaped, since much of what is logged comes from the network.

local misuse = require "moonsip.misuse"

---@class moonsip.Log
---@field level "debug"|"info"|"warn"|"error"|"none"  the least that is written
---@field write fun(line: string, level: string)       where it goes
local Log = {}
Log.__index = Log
Log.__name = "moonsip.log"

local log = {}

-- What a peer causes is told once in so long, of so many peers apart.
local window_ms <const>, max_told <const> = 60000, 64

local rank <const> = { debug = 1, info = 2, warn = 3, error = 4, none = 5 }

local function to_stderr(line)
  io.stderr:write(line, "\n")
end

--- Bytes that would move a terminal's cursor or forge a line, made visible. Line ends
--- and tabs stay: tracebacks have them, and further lines are indented.
---@param text string
---@return string
function log.escape(text)
  return (text:gsub("[%c\127]", function(byte)
    if byte == "\n" then return "\n    " end
    if byte == "\t" then return "  " end
    return ("\\x%02X"):format(byte:byte())
  end))
end

---@param context moonsip.Context
---@param options { level: string?, write: (fun(line: string, level: string))? }?
function log.new(context, options)
  options = options or {}
  return setmetatable({
    context = context,
    level = options.level or "info",
    write = options.write or to_stderr,
    window_at = -window_ms, told = {}, told_count = 0, told_before = {},
  }, Log)
end

local function put(self, level, format, ...)
  if rank[level] < (rank[self.level] or rank.info) then return end
  local text = select("#", ...) > 0 and format:format(...) or format
  local line = ("%s %-5s %s"):format(self.context.driver:stamp(), level, log.escape(text))
  self.write(line, level)
end

--- `format` and its arguments as for string.format.
function Log:debug(format, ...) put(self, "debug", format, ...) end
function Log:info(format, ...) put(self, "info", format, ...) end
function Log:warn(format, ...) put(self, "warn", format, ...) end
function Log:error(format, ...) put(self, "error", format, ...) end

--- For what a peer can cause as often as it likes: one entry a minute for each `about`,
--- with how many the minute before lacks; past 64 of them one for all others together.
---@param level "debug"|"info"|"warn"|"error"
---@param about string
---@package
function Log:rarely(level, about, format, ...)
  local now = self.context:now()
  if now - self.window_at >= window_ms then
    self.window_at, self.told_before, self.told, self.told_count = now, self.told, {}, 0
  end
  local told, key = self.told, format .. about
  if not told[key] and self.told_count >= max_told then key = "" end
  if told[key] then
    told[key] = told[key] + 1
    return
  end
  told[key], self.told_count = 0, self.told_count + 1
  local left_out = self.told_before[key] or 0
  local text = format:format(...)
  if left_out > 0 then text = ("%s (and %d more of the kind)"):format(text, left_out) end
  put(self, level, "%s", text)
end

--- Sets the least level that is written.
---@param level "debug"|"info"|"warn"|"error"|"none"
function Log:set_level(level)
  if not rank[level] then
    misuse.argument("sip.log:set_level", "level",
      "debug, info, warn, error or none expected")
  end
  self.level = level
end

return log
