-- Messages between SIP and the web: what users send goes to a web service, and what the web
-- posts is delivered to users.
--
--   moonsip run examples/27_message_gateway.lua 127.0.0.1:5070 127.0.0.1:8080 \
--     https://sms.example/send
--   curl -d '{"from":"+491","to":"sip:alice@127.0.0.1:5071","text":"hi"}' 127.0.0.1:8080/sms

local sip <const> = require "moonsip"
local http <const> = require "moonsip.http"

local agent <close> = assert(sip.agent { listen = arg[1] or "127.0.0.1:5060" })
local service <const> = arg[3] or "https://sms.example/send"

-- SIP -> web
agent:on("MESSAGE", function(req)
  if req.content_type.value ~= "text/plain" then
    return req:reply(415, { Accept = "text/plain" })
  end
  local res, err = http.post(service, {
    json = { from = tostring(req.from.uri), to = req.uri.user, text = req.body }, timeout = "5s",
  })
  if not res then
    print("not sent", err)
    return req:reply(503, { ["Retry-After"] = 30 })
  end
  return req:reply(202)
end)

-- web -> SIP: JSON or a form
local function deliver(sms)
  agent:request("MESSAGE", sms.to, { from = "sip:" .. sms.from .. "@sms.example",
                                     content_type = "text/plain", body = sms.text })
    :on("2xx", function()
      if sms.receipt then http.post(sms.receipt, { json = { status = "delivered" } }, print) end
    end)
    :on("error", function(err) print("not delivered", sms.to, err) end)
end

assert(http.serve(arg[2] or "127.0.0.1:8080", {
  ["POST /sms"] = function(q) deliver(q.json) return 202 end,
  ["POST /form"] = function(q) deliver(q.form) return 202, { ok = true } end,
  ["GET /metrics"] = http.metrics,
}))

print("listening on " .. tostring(agent))
sip.run()
