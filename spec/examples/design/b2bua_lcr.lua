-- SPDX-License-Identifier: MIT
local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent{ listen = { "udp::5060", "tls::5061" } })

local trunks <const> = sip.gateways{                              -- OPTIONS-probed, weighted, drained by a command
  uk   = { uri = "sip:gw1.uk.example;transport=tls", cps = 20, username = "acme", password = os.getenv "UK_PW" },
  tel  = { uri = "sip:198.51.100.7", max_calls = 100 },
  last = { uri = "sip:203.0.113.9",  headers = { ["X-Class"] = "premium" } },
}
local rates <const> = { { "44", "uk", 0.8 }, { "44", "tel", 1.1 }, { "", "tel", 2.0 }, { "", "last", 4.0 } }

local function plan(number)                                       -- LCR is ordinary Lua
  local t = {}
  for _, r in ipairs(rates) do
    if number:sub(1, #r[1]) == r[1] and trunks[r[2]].up then t[#t + 1] = { gw = trunks[r[2]], len = #r[1], cost = r[3] } end
  end
  table.sort(t, function(a, b) if a.len ~= b.len then return a.len > b.len end return a.cost < b.cost end)
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
      local cdr = a:bridge(b, { transfer = "local", session_timer = 1800 })   -- REFER/Replaces, re-INVITE, UPDATE, PRACK handled
      return agent:emit("cdr", cdr:merge{ carrier = r.gw.name, cost = r.cost * cdr.minutes })
    end
    err = e
    if e.kind == "cancelled" then return end                      -- caller gave up: 487 sent, B leg cancelled
    if not e:retryable() then break end                           -- 404/486/603... are answers, not outages
  end
  return a:reject(err and err.code or 503)
end)
sip.run()
