-- SPDX-License-Identifier: MIT
-- What requests and responses share: thin objects whose own methods come first and
-- whose other fields are those of the message that the core parsed.

local core = require "moonsip.core"
local description = require "moonsip.description"

local message = {}

--- "udp:192.0.2.1:5060": where a message came from.
local Source = {}
Source.__index = Source
Source.__name = "moonsip.source"

function Source:__tostring()
  local host = self.ip:find(":", 1, true) and "[" .. self.ip .. "]" or self.ip
  return ("%s:%s:%d"):format(self.transport, host, self.port)
end

--- Fields that can be assigned in a script, and then change the message.
local settable <const> = { uri = true, body = true, content_type = true, method = true,
                           reason = true, code = true }

--- Gives a class of objects with a `message` field the way it looks fields up: methods
--- of the class, computed fields, then the message's.
---@param class table
---@param getters table<string, fun(self: table): any>
function message.class(class, getters)
  getters.source = getters.source or function(self)
    local of = self.message
    if not of.source_ip then return nil end
    return setmetatable({
      transport = of.transport, ip = of.source_ip, port = of.source_port,
    }, Source)
  end
  --- The session description that came with it, as an object; the same each time.
  getters.sdp = getters.sdp or function(self)
    local text = description.of(self.message)
    local object = text and core.sdp(text) or nil
    if object then rawset(self, "sdp", object) end
    return object
  end
  class.getters = getters
  class.__index = core.lookup(class, getters, "message")
  class.__newindex = core.assignment(settable, "message")

  --- Every value of a list header, split at its commas.
  function class:header_values(name)
    return self.message:header_values(name)
  end

  --- True when a list header has the token, without case.
  function class:has_token(name, token)
    return self.message:has_token(name, token)
  end

  function class:__tostring()
    return self.message.text
  end
end

return message
