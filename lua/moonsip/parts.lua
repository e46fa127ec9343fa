-- SPDX-License-Identifier: MIT
-- Bodies of several parts (RFC 2046 5.1, RFC 5621 3.1): what goes along with the description of
-- an INVITE, and one part of a body that came, as it came.

local description = require "moonsip.description"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"

local parts = {}

-- Of one body; the parser takes more (docs/message.md).
local max_parts <const> = 16

local known <const> = { content_type = true, body = true, headers = true }

--- A part of a script's as text: its header lines, an empty line, its body.
local function text_of(verb, given)
  if type(given) == "string" then return given end
  local one = misuse.options(verb, given, known)
  local lines = { "Content-Type: " .. misuse.text(verb, "parts.content_type", one.content_type) }
  local flat = headers.flatten(verb, one.headers) or {}
  for at = 1, #flat, 2 do lines[#lines + 1] = flat[at] .. ": " .. flat[at + 1] end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
    .. misuse.check(verb, "parts.body", one.body, "string")
end

--- The option `parts`: a list of tables (`content_type`, `body`, `headers`) and of whole parts as
--- text.
---@param verb string
---@param given any
---@return string[]?
function parts.read(verb, given)
  if misuse.optional(verb, "parts", given, "table") == nil then return nil end
  if #given > max_parts then
    misuse.argument(verb, "parts", ("more than %d"):format(max_parts))
  end
  local list = {}
  for at, one in ipairs(given) do list[at] = text_of(verb, one) end
  return list[1] and list or nil
end

--- A body of them behind a description, if there is one.
---@param sdp string?
---@param list string[]
---@param boundary string  that is in none of them
---@return string body
---@return string content_type
function parts.join(sdp, list, boundary)
  local all = {}
  if sdp then
    all[1] = ("Content-Type: %s\r\n\r\n%s"):format(description.content_type, sdp)
  end
  table.move(list, 1, #list, #all + 1, all)
  local delimiter = "--" .. boundary .. "\r\n"
  return delimiter .. table.concat(all, "\r\n" .. delimiter) .. "\r\n--" .. boundary .. "--\r\n",
    ('multipart/mixed;boundary="%s"'):format(boundary)
end

--- The parts of the body that a message has, on its first level, each as it came.
local function each(message)
  local kind, body = message.content_type, message.body
  local boundary = kind and kind.value:lower():find "^multipart/" and kind.params.boundary
  local list = {}
  if not boundary then return list end
  local delimiter = "\r\n--" .. boundary
  local text = "\r\n" .. body
  local at = text:find(delimiter, 1, true)
  while at and #list < max_parts do
    local line_end = text:find("\r\n", at + #delimiter, true)
    local next_at = line_end and text:find(delimiter, line_end, true)
    if not next_at then break end -- behind the last one
    list[#list + 1] = text:sub(line_end + 2, next_at - 1)
    at = next_at
  end
  return list
end

--- The part with a Content-ID, as it came: header lines and all.
---@param message table  of the core
---@param id string  without its brackets
---@return string?
function parts.by_id(message, id)
  for _, part in ipairs(each(message)) do
    local head = part:match "^(.-\r\n)\r\n" or ""
    for name, value in head:gmatch "([%w%-]+)[ \t]*:[ \t]*<([^>\r\n]*)>" do
      if name:lower() == "content-id" and value == id then return part end
    end
  end
end

return parts
