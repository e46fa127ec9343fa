-- SPDX-License-Identifier: MIT
local sip  <const> = require "moonsip"
local http <const> = require "moonsip.http"
local agent <close> = assert(sip.agent{ listen = { "udp::5060", "wss::8443" }, domains = { "example.com" } })
local loc  <const> = sip.location{ store = "sqlite:loc.db" }
local auth <const> = sip.digest{ realm = "example.com", secret = require "users" }

-- SIP -> SMS
agent:on("MESSAGE", function(req)
  local user = auth:check(req, { proxy = true })
  if not user then return end
  if req.content_type.value ~= "text/plain" then return req:reply(415, { Accept = "text/plain" }) end
  local r, err = http.post("https://sms.example/send", { json = { from = user, to = req.uri.user, text = req.body }, timeout = "5s" })
  if not r then return req:reply(503, { ["Retry-After"] = 30 }) end
  return req:reply(202)
end)

-- SMS -> SIP, callbacks per response class
local queue <const> = sip.queue("sqlite:pending.db")
local function deliver(sms)
  local contacts = loc:lookup("sip:" .. sms.to .. "@example.com")
  if not contacts then return queue:push(sms.to, sms) end
  agent:request("MESSAGE", contacts, { from = "sip:" .. sms.from .. "@example.com", body = sms.text })
    :on("1xx", function() end)
    :on("2xx", function() http.post(sms.receipt, { json = { id = sms.id, status = "delivered" } }, print) end)
    :on("3xx", function(res) deliver{ to = res.contact.user, from = sms.from, text = sms.text } end)
    :on("4xx", function(res) if res.code == 480 or res.code == 408 then queue:push(sms.to, sms) end end)
    :on("5xx", function() queue:push(sms.to, sms) end)
    :on("6xx", function(res) print("refused", sms.to, res.reason) end)
end
loc:on("registered", function(aor) for sms, done in queue:pending(aor.user) do if deliver(sms) then done() end end end)
http.serve(":8080", { ["POST /sms"] = function(q) deliver(q.json) return 202 end })
sip.run()
