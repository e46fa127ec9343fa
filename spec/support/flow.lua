-- SPDX-License-Identifier: MIT
--
-- The call flow of a document on a test network: an agent for each of its parties, and what
-- passed between them beside the document's figure:
--
--   local stage <close> = flow.stage { "Alice", "Bob" }
--   stage:phone "Bob"
--   local call <const> = assert(stage.Alice:call(stage.Bob))
--   call:hangup()
--   local sent <const> = stage:expect [[
--     F1  INVITE          Alice -> Bob
--     F2  180 INVITE      Bob -> Alice
--     F3  200 INVITE      Bob -> Alice
--     F4  ACK             Alice -> Bob
--         BYE/200         Alice -> Bob
--   ]]
--   assert.matches("audio", sent.F1)
--   stage:finish()
--
-- A line is a message, or a transaction with its responses (INVITE/180/200/ACK), as RFC 5589
-- writes them; labels are those of its messages, in order. Behind "--" stands what is not as
-- the document has it, and why. What two parties say to each other comes in the order of the
-- lines, and nothing else is said; what different pairs say at a time has no order.

local assert <const> = require "luassert"
local face <const> = require "moonsip.face"
local messages <const> = require "spec.support.messages"
local test <const> = require "moonsip.test"

local flow <const> = {}

local Stage <const> = {}
Stage.__index = Stage

-- Far enough apart for a proxy to say 100 while a phone thinks (RFC 3261 17.2.1).
local DELAY_MS <const>, THINK <const> = 60, "100ms"

--- A network and an agent for each name, in order from 10.0.0.1 on.
---@param names string[]
---@param options table?  of an agent by its name
function flow.stage(names, options)
  local net <const> = test.net { delay = DELAY_MS }
  local self <const> = setmetatable({ net = net, names = {}, list = names }, Stage)
  for at, name in ipairs(names) do
    local address <const> = "10.0.0." .. at
    local given <const> = { address = address, name = name }
    for key, value in pairs(options and options[name] or {}) do given[key] = value end
    self.names[address] = name
    self[name] = net:agent(("sip:%s@example.com"):format(name:lower()), given)
  end
  return self
end


function Stage:advance(span) self.net:advance(span) end

--- Runs what a party does as a task of its own.
function Stage:run(name, fn)
  return face.of(self[name].context).go(function() return fn(self[name]) end)
end

--- A phone: it rings for a second and is answered; at once where it is to take a call over
--- (Replaces). `status`: it refuses instead. `ring`: false, or how long. `think`: false: without
--- the moment in which a proxy says 100. `headers`: of its answer.
function Stage:phone(name, options)
  options = options or {}
  self[name]:on("INVITE", function(req)
    if req.replaces then return req:answer { headers = options.headers } end
    if options.think ~= false then self.net:sleep(THINK) end
    if options.status then return req:reply(options.status) end
    if options.ring ~= false then
      req:ring()
      self.net:sleep(options.ring or "1s")
    end
    return req:answer { headers = options.headers }
  end)
end

--- A proxy that stays in the dialogs of all parties.
function Stage:proxy(name)
  self[name]:on("INVITE", function(req)
    for _, other in ipairs(self.list) do
      if other:lower() == req.uri.user then
        return req:forward { self[other].contact, record_route = true }
      end
    end
    return req:reply(404)
  end)
end

--- A party's URI at a proxy.
function Stage:at(proxy, name)
  return ("sip:%s@%s"):format(name:lower(), self[proxy].host.addresses[1])
end

--- The dialog of a call as its other side has it: a value of Replaces or Join.
function flow.dialog(call)
  return ("%s;to-tag=%s;from-tag=%s"):format(call.call_id, call.remote_tag, call.local_tag)
end

--- The direction of the first medium of a message.
function flow.direction(bytes)
  return bytes:match "\r\na=(%l+)\r\n" or bytes:find("\r\nm=", 1, true) and "sendrecv" or nil
end

flow.header = function(bytes, name) return messages.header(bytes, (name:gsub("%-", "%%-"))) end

-- ---- the figure

-- The messages of a line: { label, from, to, kind } each.
local function read_line(line, into)
  local left <const>, from <const>, to <const> = line:match "^%s*(.-)%s+(%S+) %-> (%S+)%s*$"
  assert(left, "no line of a flow: " .. line)
  local labels <const>, words <const> = {}, {}
  for word in left:gmatch "%S+" do
    local list <const> = word:find "^[FM]%d+$" and labels or words
    list[#list + 1] = word
  end
  if words[2] then -- a response alone
    into[#into + 1] = { label = labels[1], from = from, to = to, kind = table.concat(words, " ") }
    return
  end
  local method
  for part in words[1]:gmatch "[^/]+" do
    local is_response <const> = part:find "^%d" ~= nil
    if not is_response and not method then method = part end
    into[#into + 1] = {
      label = table.remove(labels, 1), kind = is_response and part .. " " .. method or part,
      from = is_response and to or from, to = is_response and from or to,
    }
  end
end

local function read(text)
  local list <const> = {}
  for line in text:gmatch "[^\n]+" do
    line = line:gsub("%s%-%-%s.*$", "")
    if line:find "%S" then read_line(line, list) end
  end
  return list
end

-- What was sent, likewise.
local function sent_on(self)
  local list <const> = {}
  for _, one in ipairs(self.net:messages { retransmissions = false }) do
    local kind <const>, method <const> = messages.kind(one.bytes)
    list[#list + 1] = {
      from = self.names[one.from:match "^(.*):%d+$"], to = self.names[one.to:match "^(.*):%d+$"],
      kind = math.type(kind) and kind .. " " .. method or kind, bytes = one.bytes,
    }
  end
  return list
end

-- By the pair of those who talk.
local function by_pair(list)
  local pairs_of <const> = {}
  for _, one in ipairs(list) do
    local key <const> = one.from < one.to and one.from .. ", " .. one.to
      or one.to .. ", " .. one.from
    local of <const> = pairs_of[key] or { texts = {} }
    pairs_of[key] = of
    of[#of + 1] = one
    of.texts[#of.texts + 1] = ("%s: %s"):format(one.from, one.kind)
  end
  return pairs_of
end

local function texts_of(pairs_of)
  local texts <const> = {}
  for key, list in pairs(pairs_of) do texts[key] = list.texts end
  return texts
end

--- Everything that was sent is what the figure has. Returns the messages by their labels.
---@param figure string
---@return table<string, string>
function Stage:expect(figure)
  self.net:advance "2s"
  local wanted <const>, sent <const> = by_pair(read(figure)), by_pair(sent_on(self))
  assert.same(texts_of(wanted), texts_of(sent))
  local by_label <const> = {}
  for key, list in pairs(wanted) do
    for at, one in ipairs(list) do
      if one.label then by_label[one.label] = sent[key][at].bytes end
    end
  end
  return by_label
end

--- Who still talks hangs up, and then nothing is left.
function Stage:finish()
  for _, name in ipairs(self.list) do
    for _, call in ipairs(self[name].calls) do call:hangup() end
  end
  assert.is_true(self.net:settle())
  local count <const>, by_kind <const> = self.net:live()
  assert.same({}, count > 0 and by_kind or {})
end

function Stage:__close() self.net:close() end

return flow
