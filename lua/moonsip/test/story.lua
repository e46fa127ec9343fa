-- SPDX-License-Identifier: MIT
-- What happened on a test network: its messages, counted, drawn and summed up.

local ladder = require "moonsip.ladder"
local misuse = require "moonsip.misuse"
local trace = require "moonsip.trace"

local Story = {}

local story = {}

--- Gives its verbs to the class of networks.
function story.mixin(class)
  for name, method in pairs(Story) do class[name] = method end
end

local function at_host(self, verb)
  return function(text, who)
    if type(who) == "table" and who.address then return text == who.address end
    return self.wire:host_of(text) == self:host_for(verb, who)
  end
end

--- Messages as they were sent, oldest first: { at, transport, from, to, bytes, lost,
--- seen, again }.
---@param filter table?  method (with code or class: responses to it), code, class, from,
---  to, transport, call_id, retransmissions (true: only those; false: none), lost
---@return moonsip.Record[]
function Story:messages(filter)
  return self.wire.journal:select("net:messages", filter, at_host(self, "net:messages"))
end

--- How many there are.
---@param filter table?
---@return integer
function Story:count(filter)
  return #self.wire.journal:select("net:count", filter, at_host(self, "net:count"))
end

local function label_of(self)
  return function(text)
    local host = self.wire:host_of(text)
    return self.labels[text] or host and host.name
  end
end

--- The call flow in ASCII.
---@param options table?  filter (of net:messages), width (100)
---@return string
function Story:ladder(options)
  options = misuse.options("net:ladder", options, { filter = true, width = true })
  return ladder.draw(self:messages(options.filter),
    { names = label_of(self), width = options.width, since = 0 })
end

--- Every message as text, for people.
---@return string
function Story:trace()
  local texts = {}
  for at, record in ipairs(self:messages()) do texts[at] = trace.text(record) end
  return table.concat(texts)
end

--- A number that two runs share when every message, instant and loss is the same.
---@return string
function Story:hash()
  local hash = self.wire.journal:hash()
  return self.audio and ("%s%016x"):format(hash, self.audio:digest()) or hash
end

--- What is still alive in all engines: transactions, dialogs and timers.
---@return integer total
---@return table<string, integer> parts
function Story:live()
  local parts = { server_transactions = 0, client_transactions = 0, dialogs = 0,
                  timers = 0 }
  local total = 0
  for _, one in ipairs(self.drivers) do
    for counts in one:counts() do
      for name in pairs(parts) do
        parts[name] = parts[name] + counts[name]
        total = total + counts[name]
      end
    end
  end
  return total, parts
end

return story
