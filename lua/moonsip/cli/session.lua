-- SPDX-License-Identifier: MIT
-- What a command that sends something works with: a context and an agent of its own,
-- the options that say who sends and from where, and words for what came back.

local agent = require "moonsip.agent"
local context = require "moonsip.context"
local core = require "moonsip.core"
local lifecycle = require "moonsip.lifecycle"
local tracer = require "moonsip.cli.tracer"

local session = {}

---@class moonsip.cli.Session
---@field context moonsip.Context
---@field agent moonsip.Agent
local Session = {}
Session.__index = Session

-- How long a BYE or an ACK may take to be settled before the sockets close.
local linger_ms <const> = 2000

--- Options that the commands share.
session.options = {
  { "--from", value = "URI", help = "who sends: From of the request" },
  { "--route", value = "URI", help = "send it through this proxy" },
  { "--transport", value = "NAME", help = "udp or tcp, whatever the URI says" },
  { "--local", value = "ADDRESS", help = "send from here: 192.0.2.1 or 192.0.2.1:5070" },
  { "--header", short = "-H", value = "HEADER", kind = "header", list = true,
    help = '"Name: value" of a header field; may come several times' },
  { "--json", help = "print the result as JSON" },
  tracer.option,
  { "--help", short = "-h", help = "print this" },
}

-- Where to listen: everywhere, with IPv6 where the machine has it.
local function listen_of(given)
  local at = given["local"]
  if not at then return { "0.0.0.0:0", "[::]:0" } end
  if at:find "^%[?[%x:]*:[%x:]*:[%x:]*%]?$" then
    return ("[%s]:0"):format((at:gsub("[%[%]]", "")))
  end
  return at:find ":" and at or at .. ":0"
end

--- Opens an agent for a command.
---@param given table  options of the command line
---@return moonsip.cli.Session?
---@return string? why
function session.open(given)
  local own = context.new()
  tracer.attach(own, given.trace)
  local listen = listen_of(given)
  local one, err = agent.new(own, { listen = listen, from = given.from })
  if not one and listen[2] then
    one, err = agent.new(own, { listen = listen[1], from = given.from })
  end
  if not one then
    lifecycle.close(own)
    return nil, tostring(err)
  end
  return setmetatable({ context = own, agent = one }, Session)
end

local known_scheme <const> = { sip = true, sips = true, tel = true }

--- A URI to send to: "sip:" may be left out.
---@return string? uri
---@return string? why
function session.uri(text)
  local scheme = text:match "^(%a[%w+.-]*):"
  local is_host = scheme and not known_scheme[scheme:lower()] and text:find "^[^@]*:%d+$"
  if not scheme or is_host then text = "sip:" .. text end
  local uri, err = core.uri(text)
  if not uri then return nil, ("%s: %s"):format(text, err.reason) end
  if uri.scheme ~= "sip" and uri.scheme ~= "sips" then
    return nil, ("%s: a sip or sips URI is expected"):format(text)
  end
  return text
end

--- Options of agent:request that the command line gives.
---@param given table
---@return table
function session.plan(given)
  return { headers = given.header, routes = given.route, transport = given.transport,
           timeout = given.timeout and given.timeout / 1000 or nil }
end

--- Milliseconds with their fraction.
function Session:clock()
  return self.context.driver:clock()
end

--- Closes it, giving what is under way some time to be answered.
function Session:close()
  local driver = self.context.driver
  local until_at = driver:now() + linger_ms
  while self.agent:is_sending() do
    local left = until_at - driver:now()
    if left <= 0 or not driver:step(left) then break end
  end
  lifecycle.close(self.context)
end

Session.__close = Session.close

--- What a failure without a response means to who reads it.
---@param err moonsip.Error
---@return string
function session.explain(err)
  if err.kind == "timeout" or err.kind == "noanswer" then return "no answer in time" end
  return err.reason or tostring(err)
end

--- Says why the command could not begin; its exit code.
---@return integer
function session.fail(why)
  io.stderr:write("moonsip: ", why, "\n")
  return 1
end

--- What the library says of a wrong argument, for the command line.
---@param err any
---@return string
function session.misuse(err)
  return (tostring(err):gsub("^[^:]+:%d+: ", ""))
end

return session
