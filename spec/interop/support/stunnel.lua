-- SPDX-License-Identifier: MIT
--
-- stunnel: TLS for programs that have none. As a client it takes TCP and speaks TLS to the
-- other side, as a server the other way round.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local turn <const> = require "spec.interop.support.turn"

local stunnel <const> = {}

--- Starts one, which listens at an address of its own.
---@param folder table  of spec.support.scratch, for its settings
---@param options { connect: string, client: boolean?, authority: string?, name: string?, certificate: string?, key: string? }
---  client: it proves that who answers is `name`, by `authority`
---@return Process  with `address`
function stunnel.start(folder, options)
  local address <const> = place.address()
  local lines <const> = { "foreground = yes", "pid =", "debug = warning", "[sip]",
    "accept = " .. address, "connect = " .. options.connect, "TIMEOUTclose = 0",
    "socket = l:TCP_NODELAY=1", "socket = r:TCP_NODELAY=1" }
  local function add(...) lines[#lines + 1] = (...):format(select(2, ...)) end
  if options.client then
    add "client = yes"
    add("verifyChain = yes")
    add("CAfile = %s", options.authority)
    add("checkIP = %s", options.name)
  else
    add("cert = %s", options.certificate)
    add("key = %s", options.key)
  end
  local name <const> = options.client and "stunnel-client.conf" or "stunnel-server.conf"
  local self <const> = process.start { "stunnel", folder:write(name,
    table.concat(lines, "\n") .. "\n") }
  self.address = address
  turn.until_true("stunnel at " .. address, function()
    return self.code or place.is_open("tcp", address)
  end, function() return self:tell() end, true)
  if self.code then error(self:tell(), 0) end
  return self
end

return stunnel
