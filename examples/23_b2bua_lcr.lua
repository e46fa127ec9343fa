-- A back-to-back user agent with least-cost routing: each number goes to the cheapest
-- carrier that is up, then to the next when that one fails or does not ring. Neither side
-- learns of the other's hosts, and the audio goes through here.
--
--   moonsip run examples/23_b2bua_lcr.lua 127.0.0.1:5060 \
--     uk=sip:127.0.0.1:5071 tel=sip:127.0.0.1:5072 last=sip:127.0.0.1:5073

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "udp::5060" })

local at <const> = {} -- where they are, unless the command line says otherwise
for n = 2, #arg do
  local name, uri = arg[n]:match "^(%w+)=(.+)$"
  at[name or "last"] = uri or arg[n]
end
local trunks <const> = sip.gateways {                             -- OPTIONS-probed
  uk   = { uri = at.uk or "sip:gw1.uk.example", cps = 20, username = "acme",
           password = os.getenv "UK_PW" or "none" },
  tel  = { uri = at.tel or "sip:198.51.100.7", max_calls = 100 },
  last = { uri = at.last or "sip:203.0.113.9", headers = { ["X-Class"] = "premium" } },
}
local rates <const> = { { "44", "uk", 0.8 }, { "44", "tel", 1.1 }, { "", "tel", 2.0 },
                        { "", "last", 4.0 } }

local function plan(number)                                       -- LCR is ordinary Lua
  local t = {}
  for _, r in ipairs(rates) do
    if number:sub(1, #r[1]) == r[1] and trunks[r[2]].up then
      t[#t + 1] = { gw = trunks[r[2]], len = #r[1], cost = r[3] }
    end
  end
  table.sort(t, function(a, b)
    if a.len ~= b.len then return a.len > b.len end
    return a.cost < b.cost
  end)
  return t
end

agent:on("INVITE", function(req)
  local number = req.uri.user:match "^%+?(%d+)$"
  if not number then return req:reply(484) end
  local a <close> = req:leg()                                     -- UAS leg, unanswered; scope exit sends 500/487/BYE as fits
  local err
  for _, r in ipairs(plan(number)) do
    local b <close>, e = a:dial(r.gw, {
      user = "+" .. number, pdd = "6s", ring = "45s",             -- pdd: no 18x in time -> next carrier
      early = "relay", media = "relay", hide = true,              -- new Call-ID/tags/Contact; RTP through us
      headers = { pass = { "P-Asserted-Identity", "Diversion" }, drop = "X-*" },
    })
    if b then
      local cdr = a:bridge(b, { transfer = "local", session_timer = 1800 })  -- re-INVITE, UPDATE, PRACK handled
      return agent:emit("cdr", cdr:merge { carrier = r.gw.name, cost = r.cost * cdr.minutes })
    end
    err = e
    if e.kind == "cancelled" then return end                      -- caller gave up: 487 sent, B leg cancelled
    if not e:retryable() then break end                           -- 404/486/603... are answers, not outages
  end
  return a:reject(err and err.code or 503)
end)

agent:on("cdr", function(cdr)
  print(("%s %s %s by %s for %.1f s, ended by the %s"):format(cdr.from.uri, cdr.disposition,
    cdr.to.uri.user, cdr.carrier or "nobody", cdr.seconds, cdr.by))
end)
print("listening on " .. tostring(agent))
sip.run()
