-- Click to message: each line on standard input is sent as a MESSAGE, and what comes
-- back is shown, by response class.
--
--   moonsip run examples/08_message.lua 127.0.0.1:5070 sip:bob@192.0.2.1 < lines.txt

local sip <const> = require "moonsip"

local agent <close> = assert(sip.agent { listen = arg[1] or "0.0.0.0:5060" })
local target <const> = arg[2] or "sip:bob@127.0.0.1"

agent:on("MESSAGE", function(req)
  print("<- " .. req.body)
  req:reply(200)
end)

local function send(line)
  return agent:request("MESSAGE", target, { body = line })
    :on("2xx", function(res) print("-> " .. line, res.code) end)
    :on("3xx", function(res) print("moved to", res.contact.uri) end)
    :on("4xx", function(res) print("refused:", res.code, res.reason) end)
    :on("5xx", function(res) print("out of order:", res.code, res.reason) end)
    :on("6xx", function(res) print("not wanted anywhere:", res.code) end)
    :on("error", function(err) print("not delivered:", err) end)
end

local tasks <close> = sip.group()
for line in io.lines() do
  tasks:go(function() send(line):wait() end)
end
tasks:wait()
