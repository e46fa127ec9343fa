-- The callback style: a trailing function makes any waiting verb return at once. This
-- agent answers after two seconds, asks the caller's phone by OPTIONS what it can do,
-- and hangs up after five seconds more.
--
--   moonsip run examples/02_callbacks.lua [127.0.0.1:5070]

local sip <const> = require "moonsip"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

local function on_answered(call)
  call:on("end", function(why) print("ended:", why) end)
  call:request("OPTIONS"):wait(function(res, err)
    print("the phone says:", res and res.headers["Allow"] or err)
  end)
  sip.after("5s", function() call:hangup() end)
end

agent:on("INVITE", function(req)
  print("call from", req.from.uri)
  req:ring()
  sip.sleep("2s", function()
    local call, err = req:answer()
    if call then on_answered(call) else print("not answered:", err) end
  end)
  req:defer() -- the answer comes after this function has returned
end)

print("listening on " .. tostring(agent))
sip.run()
