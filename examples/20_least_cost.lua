-- Least-cost routing: each caller is sent to the carrier that takes the call for least, by
-- a redirection that names the others behind it (RFC 3261 8.3). Carriers are asked whether
-- they live, and the file of rates may be replaced while this runs.
--
--   moonsip run examples/20_least_cost.lua 127.0.0.1:5060 \
--     uk=sip:127.0.0.1:5071 tel=sip:127.0.0.1:5072 sip:127.0.0.1:5073 rates.csv
--
-- A carrier without a name is "last". The file has columns prefix, carrier and cost; without
-- one the rates are those below.

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local source = { { "44", "uk", 0.8 }, { "44", "tel", 1.1 }, { "", "tel", 2.0 },
                 { "", "last", 4.0 } }
local carriers <const> = {}
for at = 2, #arg do
  if arg[at]:find "%.csv$" then
    source = arg[at]
  else
    local name, uri = arg[at]:match "^(%w+)=(.+)$"
    carriers[#carriers + 1] = { name = name or "last", uri = uri or arg[at] }
  end
end
if #carriers == 0 then carriers[1] = { name = "last", uri = "sip:127.0.0.1:5073" } end
local trunks <const> = sip.gateways(carriers, { probe = "10s" })
local rates <const> = assert(sip.rates(source))

trunks:on("down", function(one, err) print(one.name .. " is down: " .. tostring(err)) end)
trunks:on("up", function(one) print(one.name .. " is up") end)

agent:on("INVITE", function(req)
  local list, rows = trunks:select { rates = rates, number = req.uri }
  if not list then return req:reply(rows) end       -- 404: no rate, 484: no number, 503: all down
  local targets = {}
  for at, one in ipairs(list) do
    local uri = sip.uri(one.uri)
    uri.user = req.uri.user
    targets[at] = ("<%s>;q=%.2f"):format(uri, 1 - (at - 1) / #list)
  end
  print(("%s by %s for %g"):format(req.uri.user, list[1].name, rows[1].cost))
  return req:redirect(targets)
end)

-- A file that is wrong is not taken: what there was goes on.
sip.every("10s", function()
  local done, err = rates:reload()
  if not done then print(tostring(err)) end
end)

print(("%s, listening on %s"):format(rates, agent))
sip.run()
