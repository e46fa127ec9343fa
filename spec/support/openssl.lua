-- SPDX-License-Identifier: MIT
--
-- OpenSSL's own server and client as peers of an agent: whom we let in, and who lets us in.

local place <const> = require "spec.interop.support.place"
local sip <const> = require "moonsip"

local openssl <const> = {}

--- Turns the loop until `fn` gives something, which it returns.
function openssl.await(what, fn)
  for _ = 1, 1500 do
    local value = fn()
    if value then return value end
    sip.sleep "10ms"
  end
  error("no " .. what, 2)
end

--- Its server with a certificate, which sends back what it gets.
---@param more string[]?  further options
---@return table job
---@return string address
function openssl.serve(cert, key, more)
  local address = place.address()
  local words = { "openssl", "s_server", "-accept", address, "-cert", cert, "-key", key,
                  "-rev", "-naccept", "1" }
  for _, word in ipairs(more or {}) do words[#words + 1] = word end
  local job = sip.go(function() return sip.exec(words, { timeout = "60s" }) end)
  openssl.await("server", function() return job.done or place.is_open("tcp", address) end)
  return job, address
end

local request <const> = table.concat({ "OPTIONS sips:x@client SIP/2.0",
  "Via: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK1", "Max-Forwards: 70", "To: <sips:x@client>",
  "From: <sip:a@example.net>;tag=1", "Call-ID: 1", "CSeq: 1 OPTIONS", "Content-Length: 0",
  "", "" }, "\r\n")

--- Its client sends an OPTIONS to the first listener of an agent. True when it came; else what
--- the client said.
---@param authority string  whom it trusts
---@param more string[]?
---@return boolean
---@return string? said
function openssl.call(agent, authority, more)
  local address = agent.listeners[1].ip .. ":" .. agent.listeners[1].port
  local words = { "openssl", "s_client", "-connect", address, "-CAfile", authority,
                  "-verify_return_error", "-quiet", "-ign_eof" }
  for _, word in ipairs(more or {}) do words[#words + 1] = word end
  local has_come, said = false, nil
  agent:off "OPTIONS"
  agent:on("OPTIONS", function(req) has_come = true; req:reply(200) end)
  local job = sip.go(function()
    local _, err = sip.exec(words, { input = request })
    said = err and err.errors or "ended"
  end)
  openssl.await("request", function() return has_come or said end)
  job:cancel()
  return has_come, said
end

return openssl
