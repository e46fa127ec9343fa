-- Click to dial from a web page: a phone is asked to call somebody, or called itself where it
-- cannot be asked. Users are those of a PBX, where this agent may register too.
--
--   moonsip run examples/30_click_page.lua 127.0.0.1:5070 127.0.0.1:8080 pbx.example [secret]
--   then open http://127.0.0.1:8080/

local sip <const> = require "moonsip"
local http <const> = require "moonsip.http"

local domain <const>, secret <const> = arg[3] or "pbx.example", arg[4]
local pages <const> = arg[0]:match "^(.*)/[^/]*$" .. "/pages/click_to_dial"
local agent <close> = assert(sip.agent {
  listen = arg[1] or "0.0.0.0:5060", from = "sip:ctd@" .. domain,
  register = secret and { uri = "sip:ctd@" .. domain, password = secret } or nil,
})

-- The phone places the call itself (RFC 5359 2.18).
local function by_refer(operator, customer)
  for step in agent:refer(operator, { to = customer, referred_by = "sip:ctd@" .. domain }) do
    if step.error then return nil, step.error end
    if step.final then return step.code < 300 or nil, step end
  end
end

-- We place both, and leave; a phone that knows no REFER is bridged (RFC 3725, 5589 7.1).
local function by_third_party(operator, customer)
  local a <close>, err = agent:call(operator, { headers = { ["Answer-Mode"] = "Auto" },
                                                ring = "20s" })
  if not a then return nil, err end
  local b <close>, why = a:dial(customer, { ring = "40s", ringback = true })
  if not b then
    a:play "noanswer.wav"
    return nil, why
  end
  return a:transfer(b)
end

local cannot <const> = { [405] = true, [501] = true, [603] = true }

assert(http.serve(arg[2] or "127.0.0.1:8080", {
  ["GET /"] = pages,
  ["POST /call"] = function(q)
    local users <const> = { q.form.operator, q.form.to }
    for at = 1, 2 do
      if not users[at] or users[at] == "" then return 400, { error = "who calls whom?" } end
      users[at] = "sip:" .. sip.escape(users[at]) .. "@" .. domain
    end
    local done, err = by_refer(users[1], users[2])
    if not done and err and cannot[err.code] then
      done, err = by_third_party(users[1], users[2])
    end
    if done then return 200, { ok = true } end
    return 502, { error = tostring(err or "stopped") }
  end,
}))

print("listening on " .. tostring(agent))
sip.run()
