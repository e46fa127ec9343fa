-- A handler for every method, and one for those that nobody knows: each request is
-- shown and accepted.
--
--   moonsip run examples/03_methods.lua [127.0.0.1:5070]

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local function show(req)
  print(("%-9s %s from %s"):format(req.method, req.uri or "", req.from.uri))
end

agent:on("INVITE", function(req)
  show(req)
  local call <close> = assert(req:answer())
  call:on("INFO", function(info) -- inside this call; agent:on("INFO") is for the others
    show(info)
    info:reply(200)
  end)
  call:wait_end()
end)

-- Nobody answers these two: handlers of them look on.
agent:on("ACK", show)
agent:on("CANCEL", show)

-- A 2xx to these makes a dialog, in which requests can be sent.
agent:on("SUBSCRIBE", { event = "x-example" }, function(req)
  show(req)
  req:reply(200, { Expires = 60 })
  req.dialog:request("NOTIFY", {
    headers = { Event = "x-example", ["Subscription-State"] = "active;expires=60" },
    body = "as you see",
  }):wait()
end)

agent:on("REFER", function(req)
  show(req)
  req:reply(202)
  req.dialog:request("NOTIFY", {
    headers = {
      Event = "refer", ["Subscription-State"] = "terminated;reason=noresource",
    },
    body = "SIP/2.0 503 Service Unavailable\r\n", content_type = "message/sipfrag",
  }):wait()
end)

for _, method in ipairs { "BYE", "REGISTER", "OPTIONS", "PRACK", "NOTIFY", "PUBLISH",
                          "INFO", "MESSAGE", "UPDATE" } do
  agent:on(method, function(req)
    show(req)
    req:reply(200)
  end)
end

-- Any method without a handler of its own.
agent:on("request", function(req)
  show(req)
  req:reply(200, "Whatever that is")
end)

print("listening on " .. tostring(agent))
sip.run()
