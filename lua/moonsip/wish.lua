-- SPDX-License-Identifier: MIT
-- What an exchange hands to the core for its next transaction: the plan that all of them
-- share, with what belongs to the current target, and proofs of who we are.

local core = require "moonsip.core"
local credentials = require "moonsip.credentials"
local headers = require "moonsip.headers"
local recv_info = require "moonsip.recv_info"

local wish = {}

local function append(flat, more)
  if not more then return flat end
  return table.move(more, 1, #more, (flat and #flat or 0) + 1,
    flat and table.move(flat, 1, #flat, 1, {}) or {})
end

--- Who we are to the target: of the request, or of the dialog it goes in. A gateway gets
--- to see its own credentials, or those that this request was given.
---@param exchange moonsip.Exchange
function wish.credentials(exchange)
  local target, of = exchange.targets[exchange.at], exchange.plan
  if target.credentials then return target.credentials end
  if target.gateway and of.has_default_credentials then return nil end
  return of.credentials or exchange.dialog and exchange.dialog.credentials
end

--- A URI as it stands in a request line: without headers and method (19.1.1).
local function request_uri(text)
  local uri = core.uri(text)
  if not uri then return text end
  uri.params.method = nil
  local plain = tostring(uri)
  local query = plain:find("?", plain:find("@", 1, true) or 1, true)
  return query and plain:sub(1, query - 1) or plain
end

--- What a proof is about (RFC 7616 3.4.3).
---@param exchange moonsip.Exchange
function wish.way(exchange)
  return { engine = exchange.agent.engine, method = exchange.method, body = exchange.body,
           uri = request_uri(exchange.target or exchange.dialog.target),
           tries = exchange.tries or 0 }
end

--- Header fields of the target, and proofs of who we are.
local function headers_of(self, target)
  local flat = self.plan.headers
  if target.headers then
    flat = headers.flatten(self.verb, target.headers,
      flat and table.move(flat, 1, #flat, 1, {}) or nil)
  end
  local sets = wish.credentials(self)
  if not sets then return flat end
  local proof = self.proof or credentials.ahead(sets, wish.way(self))
  self.proof, self.proof_sent = nil, self.own_ack and proof or nil
  return append(flat, proof)
end

--- The routes that it starts with. A gateway is nothing that a line's registrar knows.
local function routes_of(agent, plan, target)
  if target.routes or plan.routes then return target.routes or plan.routes end
  if plan.line and not target.gateway then return plan.line:routes() end
  return agent.routes
end

-- Whose Contact others send further requests to (RFC 5627 4.4).
local has_contact <const> = { INVITE = true, SUBSCRIBE = true, REFER = true, NOTIFY = true }

--- The GRUU of the line that it is sent from, if there is one.
local function contact_of(exchange)
  local line = not exchange.dialog and exchange.plan.line
  return line and has_contact[exchange.method] and line:request_contact() or nil
end

--- The flow of the line that it is sent from (RFC 5626 4.3), unless it has routes of its own.
local function flow_of(exchange, target)
  local plan = exchange.plan
  if not plan.line or exchange.dialog or target.gateway or target.routes or plan.routes
    or plan.transport or target.transport then
    return nil
  end
  return plan.line:request_flow()
end

--- The table the core sends a request by.
---@param exchange moonsip.Exchange
function wish.of(exchange)
  local plan, target = exchange.plan, exchange.targets[exchange.at]
  exchange.target = target.uri
  local flat = headers_of(exchange, target)
  local agent = exchange.agent
  if agent.speaks_info then flat = recv_info.ask(exchange, flat) end
  local is_udp_only = agent:no_tcp_to(target.uri or exchange.dialog.target)
  local flow = target.flow or flow_of(exchange, target)
  local timer = plan.session_timer
  -- A PRACK may be challenged too, and the core's own proves nothing.
  local has_credentials = exchange.method == "INVITE" and wish.credentials(exchange) and true
  return {
    method = exchange.method, uri = target.uri, to = plan.to,
    call_id = exchange.call_id or plan.call_id, from_tag = exchange.from_tag or plan.from_tag,
    subscription = plan.subscription,
    cseq = exchange.cseq,
    from = target.from and agent:from_header(exchange.verb, target.from) or plan.from,
    headers = flat, body = exchange.body,
    content_type = exchange.body and (exchange.content_type or plan.content_type),
    routes = not exchange.dialog and routes_of(agent, plan, target) or nil,
    contact = plan.contact or contact_of(exchange),
    contact_params = plan.contact_params, keep = plan.keep,
    contact_uri_params = plan.contact_uri_params
      or flow and plan.line and has_contact[exchange.method] and ";ob" or nil,
    transport = flow and flow.transport or target.transport or plan.transport,
    ip = flow and flow.remote_ip, port = flow and flow.remote_port,
    connection = flow and flow.connection, listener = flow and flow.listener,
    own_ack = exchange.own_ack, own_prack = plan.own_prack or has_credentials,
    no_tcp = plan.no_tcp or is_udp_only or flow ~= nil or nil,
    session_expires = timer and timer.session_expires, no_timer = timer and timer.no_timer,
    refresher = timer and timer.refresher, min_se = exchange.min_se or timer and timer.min_se,
  }
end

return wish
