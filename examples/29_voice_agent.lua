-- A voice agent at the other end of a WebSocket: what the caller says goes to it as audio in
-- JSON (the media streams that such servers speak), what it sends is said. It may take back
-- what it said too soon, and hears when all was said.
--
--   node examples/servers/voice_agent.cjs 9093 &          # or a real one; it needs `ws` of npm
--   moonsip run examples/29_voice_agent.lua [127.0.0.1:5070 [ws://127.0.0.1:9093/ [json]]]

local sip <const> = require "moonsip"

local server <const>, framing <const> = arg[2] or "ws://127.0.0.1:9093/", arg[3] or "json"
local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })

agent:on("INVITE", function(req)
  local call <close> = assert(req:answer())
  local stream <close>, err = call:stream {
    to = server, framing = framing,
    tls = arg[4] and { ca = arg[4] },                   -- of wss: whom we trust
    headers = { Authorization = "Bearer " .. (os.getenv "AGENT_KEY" or "none") },
    metadata = { called = req.uri.user },
  }
  if not stream then
    print("no agent: " .. tostring(err))
    return call:play "goodbye.wav"
  end
  print("talking as " .. stream.uuid)
  local done, why = stream:wait()                       -- until one of the three hangs up
  print(done and "the agent hung up" or tostring(why))
end)

print("listening on " .. tostring(agent) .. ", talking to " .. server)
sip.run()
