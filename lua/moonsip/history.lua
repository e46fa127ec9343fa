-- SPDX-License-Identifier: MIT
-- Where a request has been and why it went on (RFC 7044).

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local reason = require "moonsip.reason"

---@class moonsip.History
---@field private parent table  the entry of the request that came
---@field private branches integer  requests that went out of it
local History = {}
History.__index = History
History.__name = "moonsip.history"

local history = {}

local anonymous <const> = "sip:anonymous@anonymous.invalid"
local kinds <const> = { rc = true, mp = true, np = true }
local add_known <const> = { rc = true, mp = true, np = true, privacy = true }

-- What an index may be: numbers and dots (RFC 7044 5), and not a book.
local max_index <const> = 128
-- As many entries as are kept of one request.
local max_entries <const> = 256

local function is_index(text)
  return type(text) == "string" and #text <= max_index and text:find "^%d[%d.]*$" ~= nil
    and not text:find("..", 1, true) and text:sub(-1) ~= "."
end

--- Is one index before another in the tree (RFC 7044 10.3)?
local function before(a, b)
  local left, right = a.index:gmatch "%d+", b.index:gmatch "%d+"
  while true do
    local one, other = left(), right()
    if not other then return false end
    if not one then return true end
    one, other = tonumber(one), tonumber(other)
    if one ~= other then return one < other end
  end
end

local function private_uri(uri)
  local value = uri.headers.Privacy
  return type(value) == "string" and value:lower():find("history", 1, true) ~= nil
end

local function entry_of(address)
  local index = address.params.index
  if not is_index(index) then return nil end
  local uri = address.uri
  local has_headers = uri.scheme:find "^sips?$" ~= nil
  local entry = { uri = uri:copy(), index = index,
                  reason = has_headers and uri.headers.Reason or nil,
                  private = has_headers and private_uri(uri) or false,
                  address = address:copy() }
  for kind in pairs(kinds) do
    local from = address.params[kind]
    if from ~= nil then entry.kind, entry.from = kind, from end
  end
  return entry
end

local function make(uri, index)
  local address = core.address(("<%s>"):format(uri))
  address.params.index = index
  return entry_of(address)
end

local function same_target(a, b)
  a, b = a:copy(), b:copy()
  for _, one in ipairs { a, b } do
    if one.scheme:find "^sips?$" then one.headers.Reason, one.headers.Privacy = nil, nil end
  end
  return a == b
end

--- Adds an entry for a request that goes out, and says its index. `rc`, `mp` and `np` say
--- how the target was found, from which index: true is that of the request that came.
---@return string?  index
---@return moonsip.Error?
function History:add(target, options)
  local verb <const> = "history:add"
  options = misuse.options(verb, options, add_known)
  local uri = core.uri(misuse.text(verb, "target", tostring(target)))
  if not uri then misuse.argument(verb, "target", "a URI expected") end
  local index = ("%s.%d"):format(self.parent.index, self.branches + 1)
  if #self >= max_entries or #index > max_index then
    return nil, errors.new("limit", "the history is too long")
  end
  if uri.scheme:find "^sips?$" then
    uri.headers.Reason = nil
    uri.headers.Privacy = misuse.optional(verb, "privacy", options.privacy, "boolean")
      and "history" or nil
  end
  local entry = make(uri, index)
  for kind in pairs(kinds) do
    local from = options[kind]
    if from ~= nil and from ~= false then
      if from == true then from = self.parent.index end
      if not is_index(from) then misuse.argument(verb, kind, "an index expected") end
      entry.address.params[kind] = from
      entry.kind, entry.from = kind, from
    end
  end
  self.branches = self.branches + 1
  self[#self + 1] = entry
  return index
end

local function at_index(self, index)
  for _, one in ipairs(self) do
    if one.index == index then return one end
  end
end

local function note_reason(entry, code, text)
  if not entry.uri.scheme:find "^sips?$" then return end
  entry.reason = reason.value("SIP", code, text)
  entry.uri.headers.Reason = entry.reason
  entry.address.uri.headers.Reason = entry.reason
end

--- Takes over what a response says of the way behind an index.
local function merge(self, index, message)
  for _, address in ipairs(message:typed "History-Info" or {}) do
    local entry = entry_of(address)
    if entry and entry.index:sub(1, #index + 1) == index .. "."
      and not at_index(self, entry.index) and #self < max_entries then
      self[#self + 1] = entry
    end
  end
  table.sort(self, before)
end

--- What became of the request of an index: a response, an error, or a status.
---@param outcome moonsip.Response|moonsip.Error|integer
function History:answered(index, outcome)
  local verb <const> = "history:answered"
  local entry = at_index(self, index)
  if not entry then misuse.argument(verb, "index", "there is no such entry") end
  if math.type(outcome) == "integer" then
    misuse.integer(verb, "outcome", outcome, 300, 699)
    return note_reason(entry, outcome)
  end
  misuse.check(verb, "outcome", outcome, "table")
  local response = errors.is(outcome) and outcome.response or outcome
  local code = outcome.code or 500
  if code >= 300 then note_reason(entry, code, response ~= outcome and response.reason or nil) end
  if response.message then merge(self, index, response.message) end
end

--- As values of the header, in their order. For those who are not trusted without the
--- targets that are private (RFC 7044 10.1.2).
---@param options { trusted: boolean? }?
---@return string[]
function History:values(options)
  options = misuse.options("history:values", options, { trusted = true })
  local list = {}
  table.sort(self, before)
  for at, one in ipairs(self) do
    local address = one.address
    if options.trusted == false and (one.private or self.private) then
      address = address:copy()
      address.uri = core.uri(anonymous)
      address.display = nil
    end
    list[at] = tostring(address)
  end
  return list
end

--- The history of a request; what the one before did not add is added (RFC 7044 9.1).
---@return moonsip.History?
---@return moonsip.Error?
function history.of(req)
  misuse.check("sip.history", "req", req, "table")
  local list, err = req.message:typed "History-Info"
  if err then return nil, err end
  local privacy = req.headers["Privacy"]
  if type(privacy) == "table" then privacy = table.concat(privacy, ";") end
  privacy = (privacy or ""):lower()
  local self = setmetatable({ branches = 0,
    private = privacy:find "history" ~= nil or privacy:find "header" ~= nil
      or privacy:find "session" ~= nil }, History)
  for _, address in ipairs(list or {}) do
    local entry = entry_of(address)
    if not entry then return nil, errors.new("invalid", "an entry has no index") end
    if #self == max_entries then return nil, errors.new("limit", "the history is too long") end
    self[#self + 1] = entry
  end
  local last = self[#self]
  if not last or not same_target(last.uri, req.uri) then
    self[#self + 1] = make(req.uri, last and last.index .. ".0" or "1")
  end
  self.parent = self[#self]
  return self
end

return history
