-- SPDX-License-Identifier: MIT
--
-- The torture messages that say of a script what it should do: scripts as one writes them, a
-- registrar and who answers calls, give those verdicts with no word about them in the script.

local ours <const> = require "spec.torture.ours"
local test <const> = require "moonsip.test"
local verdicts <const> = require "spec.torture.verdicts"

-- What these do differently: no control bytes in addresses of record; what comes by IPv6 is
-- refused audio by IPv4 (RFC 3264 6), which nobody here has.
local else_than_said <const> = { escnull = 404, ["mult-ip-in-sdp"] = 488 }

local function serve(net, ip)
  local server <const> = net:agent("sip:server@example.org", { address = ip,
    domains = { "example.org", "[2001:db8:77::10]", "[2001:db8:77::10:5070]" } })
  local location <const> = require("moonsip.location").new(server.context,
    { domain = "example.org" })
  server:on("REGISTER", function(req) return location:save(req) end)
  server:on("INVITE", function(req) return req:answer() end)
  for _, method in ipairs { "MESSAGE", "BYE" } do
    server:on(method, function(req) return req:reply(200) end)
  end
  return server
end

describe("an ordinary script", function()
  local address <const> = { [4475] = { "10.0.0.1", "10.0.0.9:5060" },
                            [5118] = { "fd00::1", "[fd00::9]:5060" } }

  for _, row in ipairs(verdicts) do
    if row.by == "script" then
      it(("gives %s its verdict: %s (RFC %d %s)"):format(row.name, row.why, row.rfc, row.section),
        function()
          local net <close> = test.net()
          local at <const> = address[row.rfc]
          local server <const> = serve(net, at[1])
          net:endpoint(at[2]):send(ours(row.name), server.listeners[1].ip)
          net:advance "0.1s"
          local sent <const> = net:messages { from = server }
          local owed <const> = else_than_said[row.name] or row.wire
          assert.equal(owed, sent[1] and sent[1].seen.code)
          assert.same({}, net.log_lines)
        end)
    end
  end
end)
