-- SPDX-License-Identifier: MIT
-- The options of a request, checked and made into what all its transactions share.
--
--   headers, body, content_type
--   from, to      a URI, an address, or the user part of our own
--   user          the user part of the target: who is called through a gateway
--   via           a proxy or gateway it goes through: a URI, or a table with `uri`,
--                 `from`, `headers`; `routes` for several, in order
--   timeout       how long the whole exchange may take (default: what RFC 3261 says)
--   transport     "udp" or "tcp"; no_tcp: stay on UDP however large (18.1.1)
--   contact       a URI instead of ours
--   line          whose request it is: From, credentials and routes are those of the line
--   username, password (or ha1), realm; credentials: who we are when asked
--                 (credentials.lua)
--
-- and of a call
--
--   parts         further parts of the INVITE's body (parts.lua)
--   sdp           our offer: a description, a function that edits ours, false for none
--   codecs        that are offered, best first
--   ring          how long it may ring; pdd: how long until it rings, before the next
--                 target has its turn (post-dial delay)
--   reliable      "supported", "required" or "off": of provisional responses (RFC 3262);
--                 own_prack: the script sends each PRACK (`res:prack`)
--   session_timer interval and refresher (session_timer.lua); false: none
--   early_media   what of it is heard (early_media.lua)

local codecs = require "moonsip.codecs"
local core = require "moonsip.core"
local credentials = require "moonsip.credentials"
local description = require "moonsip.description"
local duration = require "moonsip.duration"
local early_media = require "moonsip.early_media"
local headers = require "moonsip.headers"
local misuse = require "moonsip.misuse"
local parts = require "moonsip.parts"
local provisional = require "moonsip.provisional"
local session_timer = require "moonsip.session_timer"
local target = require "moonsip.target"

local plan = {}

local request_options <const> = {
  headers = true, body = true, content_type = true, from = true, to = true, user = true,
  via = true, routes = true, timeout = true, transport = true, no_tcp = true, contact = true,
  username = true, password = true, ha1 = true, realm = true, credentials = true,
  line = true,
}

local call_options <const> = {
  sdp = true, codecs = true, ring = true, pdd = true, reliable = true, own_prack = true,
  session_timer = true, early_media = true, parts = true,
}

for name in pairs(request_options) do
  if name ~= "body" and name ~= "content_type" then call_options[name] = true end
end

local dialog_options <const> = {
  headers = true, body = true, content_type = true, timeout = true, transport = true,
  no_tcp = true,
}

local type_of_method <const> = {
  INVITE = description.content_type, UPDATE = description.content_type,
  PRACK = description.content_type,
}

--- Our own host, as From says it.
local function own_host(agent)
  if agent.domains and agent.domains[1] then return agent.domains[1] end
  for _, one in ipairs(agent.listeners) do
    if one.advertise_host then return one.advertise_host end
    if one.ip ~= "0.0.0.0" and one.ip ~= "::" then
      return one.ip:find(":", 1, true) and "[" .. one.ip .. "]" or one.ip
    end
  end
  return "anonymous.invalid" -- no address of ours is known yet (RFC 3323 4.1.1.3)
end

--- The value of a From or To header.
---@param given any  URI, address, or a user part
---@return string
local function address_of(agent, verb, name, given)
  local text = misuse.text(verb, name, tostring(given))
  if not text:find(":", 1, true) then
    text = ("<sip:%s@%s>"):format(core.escape(text), own_host(agent))
  end
  local address, err = core.address(text)
  if not address then misuse.argument(verb, name, err.reason) end
  return text
end

local function from_of(agent, verb, given)
  if given ~= nil then return address_of(agent, verb, "from", given) end
  if not agent.from_text then
    agent.from_text = address_of(agent, verb, "from", agent.from or "moonsip")
  end
  return agent.from_text
end

plan.from_of, plan.own_host = from_of, own_host

local function add_body(made, verb, options, method)
  made.body = misuse.optional(verb, "body", options.body, "string")
  if options.content_type ~= nil then
    made.content_type = misuse.text(verb, "content_type", options.content_type)
  elseif made.body then
    made.content_type = type_of_method[method] or "text/plain"
  end
end

local function add_way(made, agent, verb, options)
  local via = options.via
  if type(via) == "table" and via.uri then
    made.routes = target.routes(verb, "via", via.uri)
    if via.from and options.from == nil then
      made.from = from_of(agent, verb, via.from)
    end
    if via.headers then
      made.headers = headers.flatten(verb, via.headers, made.headers)
    end
    local sets = credentials.of(verb, via, agent.credential_sets)
    made.credentials = made.credentials or sets
  else
    made.routes = target.routes(verb, "via", via)
  end
  made.routes = made.routes or target.routes(verb, "routes", options.routes)
  if options.transport ~= nil then
    made.transport = misuse.text(verb, "transport", options.transport):lower()
    if not made.transport:find "^%l+$" then
      misuse.argument(verb, "transport", "\"udp\" or \"tcp\" expected")
    end
  end
  made.no_tcp = options.no_tcp and true or nil
  if options.contact ~= nil then
    made.contact = misuse.text(verb, "contact", tostring(options.contact))
  end
end

--- The line that a request is sent from: the one that is named, or, where nobody else is,
--- that which the agent was made with.
local function line_of(agent, verb, options)
  local given = options.line
  if given == nil then return options.from == nil and agent.own_line or nil end
  local meta = type(given) == "table" and getmetatable(given)
  if not meta or meta.__name ~= "moonsip.line" then
    misuse.argument(verb, "line", "a line of this agent expected")
  end
  if given.agent ~= agent then misuse.argument(verb, "line", "it is of another agent") end
  return given
end

local function of_request(agent, verb, options, method)
  local line = line_of(agent, verb, options)
  local made = { headers = headers.flatten(verb, options.headers), line = line, to = nil,
                 from = line and options.from == nil and line.settings.aor
                   or from_of(agent, verb, options.from),
                 user = nil, timeout_ms = nil, credentials = nil,
                 has_default_credentials = false, body = nil, content_type = nil, routes = nil,
                 sdp = nil, call_id = nil, attempt = nil, ack_later = nil }
  if options.to ~= nil then made.to = address_of(agent, verb, "to", options.to) end
  if options.user ~= nil then made.user = misuse.text(verb, "user", options.user) end
  if options.timeout ~= nil then
    made.timeout_ms = duration.check(verb, "timeout", options.timeout)
  end
  made.credentials = credentials.of(verb, options, agent.credential_sets)
  add_body(made, verb, options, method)
  add_way(made, agent, verb, options)
  made.has_default_credentials = made.credentials == nil
  made.credentials = made.credentials or made.line and made.line.settings.credentials
    or agent.credentials
  return made
end

--- The plan of a request outside dialogs.
---@param agent moonsip.Agent
---@param verb string
---@param options table?
---@param method string
function plan.new(agent, verb, options, method)
  return of_request(agent, verb, misuse.options(verb, options, request_options), method)
end

--- Of a request inside a dialog, which has From, To and routes already.
function plan.inside(verb, options, method)
  options = misuse.options(verb, options, dialog_options)
  local made = { headers = headers.flatten(verb, options.headers) }
  if options.timeout ~= nil then
    made.timeout_ms = duration.check(verb, "timeout", options.timeout)
  end
  add_body(made, verb, options, method)
  made.no_tcp = options.no_tcp and true or nil
  return made
end

local function add_field(made, name, value)
  made.headers = made.headers or {}
  table.insert(made.headers, name)
  table.insert(made.headers, value)
end

--- Extensions that a call uses in another way than its agent.
local function add_extensions(made, agent, verb, options)
  if options.session_timer ~= nil then
    made.session_timer = session_timer.read(verb, options.session_timer)
  end
  made.own_prack = options.own_prack and "script" or nil
  local reliable = provisional.read(verb, options.reliable) or agent.reliable
  if reliable == "required" then add_field(made, "Require", "100rel") end
  local timer = made.session_timer
  local without = { ["100rel"] = reliable == "off", timer = timer and timer.no_timer }
  if without["100rel"] or without.timer then
    local kept = {}
    for tag in agent.supported:gmatch "[^,%s]+" do
      if not without[tag] then kept[#kept + 1] = tag end
    end
    add_field(made, "Supported", table.concat(kept, ", "))
  end
  local policy, says_so = early_media.read(verb, options.early_media)
  made.early_policy = policy
  if says_so then add_field(made, "P-Early-Media", "supported") end
end

--- What an option for calls alone says, beside those of a request.
local function add_call(made, agent, verb, options)
  add_extensions(made, agent, verb, options)
  if options.ring ~= nil then made.timeout_ms = duration.check(verb, "ring", options.ring) end
  if options.pdd ~= nil then made.pdd_ms = duration.check(verb, "pdd", options.pdd) end
  if options.codecs ~= nil then made.codecs = codecs.list(verb, options.codecs, agent.media) end
  local sdp = options.sdp
  if sdp ~= nil and sdp ~= false and type(sdp) ~= "function" then
    sdp = description.text(verb, sdp)
  end
  made.sdp, made.content_type = sdp, description.content_type
  made.parts = parts.read(verb, options.parts)
end

--- Of a call: `sdp` is our offer, a function that edits the default one, or false for
--- an INVITE without offer, answered in the ACK (13.2.1).
function plan.call(agent, verb, options)
  options = misuse.options(verb, options, call_options)
  local made = of_request(agent, verb, options, "INVITE")
  add_call(made, agent, verb, options)
  return made
end

return plan
