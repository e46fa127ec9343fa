-- Messages between SIP and the web: what users send goes to a web service, and what the web
-- posts is delivered to users: at once, or when they register, or when it is tried again.
--
--   moonsip run examples/27_message_gateway.lua 127.0.0.1:5070 127.0.0.1:8080 \
--     https://sms.example/send sqlite:pending.db
--   curl -d '{"from":"+491","to":"sip:alice@127.0.0.1:5071","text":"hi"}' 127.0.0.1:8080/sms
--   curl -d '{"from":"+491","to":"bob","text":"hi"}' 127.0.0.1:8080/sms       # who registers

local sip <const> = require "moonsip"
local http <const> = require "moonsip.http"

local agent <close> = assert(sip.agent { listen = arg[1] or "127.0.0.1:5060" })
local service <const> = arg[3] or "https://sms.example/send"
local loc <const> = sip.location { domain = "sms.example" }
local queue <const> = sip.queue(arg[4] or "memory", { expires = "3d" })

agent:on("REGISTER", function(req) return loc:save(req) end)

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

-- web -> SIP. `done` forgets a message that waited; to push it gives it back.
local function deliver(sms, done)
  local target = sms.to:find ":" and sms.to or loc:lookup("sip:" .. sms.to .. "@sms.example")
  local res, err
  if target then
    res, err = agent:message(target, sms.text, { from = "sip:" .. sms.from .. "@sms.example" })
  end
  if not res and not (err and err.code and err.code >= 600) then
    local kept, why = queue:push(sms.to, sms)
    return print(kept and "kept for later" or "lost: " .. tostring(why), sms.to, err or "away")
  end
  if done then done() end
  if not res then return print("refused", sms.to, err) end
  if sms.receipt then http.post(sms.receipt, { json = { status = "delivered" } }, print) end
end

local function deliver_all(key)
  for sms, done in queue:pending(key) do deliver(sms, done) end
end

loc:on("registered", function(aor) deliver_all(aor.user) end)
queue:on("due", deliver_all)
queue:on("dropped", function(key, _, why) print("given up", key, why) end)

assert(http.serve(arg[2] or "127.0.0.1:8080", {
  ["POST /sms"] = function(q) sip.go(deliver, q.json) return 202 end,
  ["POST /form"] = function(q) sip.go(deliver, q.form) return 202, { ok = true } end,
  ["GET /metrics"] = http.metrics,
}))

print("listening on " .. tostring(agent))
sip.run()
