-- SPDX-License-Identifier: MIT
--
-- A server that tells of states, and two who watch, for specs of event packages.

local test <const> = require "moonsip.test"

local events <const> = {}

-- net, server (example.com, 10.0.0.5), alice, bob
function events.new(options)
  local net <const> = test.net(options)
  local server <const> = net:agent("sip:server@example.com", { address = "10.0.0.5",
    domains = { "example.com" }, media = false })
  local function phone(name, more)
    local o <const> = { media = false, outbound_proxy = "sip:10.0.0.5" }
    for key, value in pairs(more or {}) do o[key] = value end
    return net:agent(("sip:%s@example.com"):format(name), o)
  end
  return net, server, phone("alice"), phone("bob"), phone
end

-- The messages of a network since the last time, as functions of one: "SUBSCRIBE", "200
-- SUBSCRIBE" ...
function events.sequence(net)
  local seen = 0
  return function()
    local list <const>, all = {}, net:messages()
    for at = seen + 1, #all do
      local bytes <const> = all[at].bytes
      local code <const> = bytes:match "^SIP/2.0 (%d+)"
      list[#list + 1] = code and code .. " " .. bytes:match "\nCSeq: %d+ (%a+)"
        or bytes:match "^%S+"
    end
    seen = #all
    return list
  end
end

-- The value of a header in the last message of a method, or its body.
function events.last(net, method, name)
  local all <const> = net:messages()
  for at = #all, 1, -1 do
    local bytes <const> = all[at].bytes
    if bytes:match "^%S+" == method then
      if not name then return bytes:match "\r\n\r\n(.*)$" end
      return bytes:match("\r\n" .. name:gsub("%-", "%%-") .. ": ([^\r]*)")
    end
  end
end

-- Gathers what a watch is told: { state, doc, reason ... } each.
function events.gather(who, uri, package, options)
  local heard <const> = {}
  local watch <const> = who:watch(uri, package, options or {}, function(info, doc)
    info.doc = doc
    heard[#heard + 1] = info
  end)
  return heard, watch
end

return events
