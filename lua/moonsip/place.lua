-- SPDX-License-Identifier: MIT
-- The addresses that media of a call are at: the one of this host, and the one that our
-- descriptions say.

local core = require "moonsip.core"

local place = {}

-- Addresses of documentation (RFC 5737, 3849), for the question which of ours leads out.
local somewhere <const>, somewhere_ipv6 <const> = "192.0.2.1", "2001:db8::1"

local is_any <const> = { ["0.0.0.0"] = true, ["::"] = true }

local function bare(host) return (host:gsub("[%[%]]", "")) end

local function is_ipv6(ip) return ip:find(":", 1, true) ~= nil end

local function is_ip(host)
  return host:find "^%d+%.%d+%.%d+%.%d+$" ~= nil or is_ipv6(host)
end

--- 0.0.0.0 or ::, which nothing is sent to.
function place.is_any(ip) return is_any[ip] ~= nil end

--- "IP4" or "IP6", as c= says it.
function place.kind(ip)
  return is_ipv6(ip) and "IP6" or "IP4"
end

--- Where a call that we place goes, when its URI says so.
local function target_of(call)
  local address = call.to_text and core.address(call.to_text)
  local host = address and address.uri.host
  host = host and bare(host)
  return host and is_ip(host) and host or nil
end

--- An address whose kind ours is to have, and that it should lead to.
local function default_peer(call)
  local first = call.agent.listeners[1]
  return target_of(call) or first and is_ipv6(first.ip) and somewhere_ipv6 or somewhere
end

--- The address of this host that media of a call are received at: where its INVITE came
--- to, that of a listener, or the one that leads to the peer.
---@param call moonsip.Call
---@param peer string?  IP address that media come from, when it is known
---@return string? ip  nil: none of that kind
function place.bound(call, peer)
  local came_at = call.req and call.req.message.local_ip
  if came_at and (not peer or is_ipv6(peer) == is_ipv6(came_at)) then return came_at end
  peer = peer or default_peer(call)
  for _, one in ipairs(call.agent.listeners) do
    if not is_any[one.ip] and is_ipv6(one.ip) == is_ipv6(peer) then return one.ip end
  end
  return call.agent.context.driver:source_ip(peer)
end

--- What descriptions say in its place: what the outside is told of the listeners.
---@param call moonsip.Call
---@param bound string
---@return string ip
function place.said(call, bound)
  for _, one in ipairs(call.agent.listeners) do
    local host = one.advertise_host and bare(one.advertise_host)
    if host and is_ip(host) and is_ipv6(host) == is_ipv6(bound) then return host end
  end
  return bound
end

return place
