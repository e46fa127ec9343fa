-- SPDX-License-Identifier: MIT
local sip  <const> = require "moonsip"
local http <const> = require "moonsip.http"                            -- small server/client on the same loop
local agent <close> = assert(sip.agent{ listen = "udp::5060",
                                  register = { uri = "sip:ctd@pbx.example", password = os.getenv "CTD_PW" } })

-- the phone places the call itself: out-of-dialog REFER (RFC 5359 2.18)
local function by_refer(operator, customer)
  for step in agent:refer(operator, { to = customer, referred_by = "sip:ctd@pbx.example" }) do     -- one per sipfrag NOTIFY
    if step.error then return nil, step.error end                  -- 4xx to the REFER itself, or a timeout
    if step.final then return step.code < 300 and step.code or nil, step end
  end
end

-- the phone cannot do REFER: third party call control, then step out of the way
local function by_3pcc(operator, customer)
  local a <close>, err = agent:call(operator, { headers = { ["Answer-Mode"] = "Auto" }, ring = "20s" })
  if not a then return nil, err end
  local b <close>, err2 = a:dial(customer, { ring = "40s", ringback = true })
  if not b then a:play("noanswer.wav") return nil, err2 end
  return a:transfer(b)                                             -- attended: REFER with Replaces; on 501 falls back to a:bridge(b)
end

http.serve(":8080", { ["POST /call"] = function(q)
  local operator, customer = "sip:" .. q.form.operator .. "@pbx.example", "sip:" .. q.form.to .. "@pbx.example"
  local ok, err = by_refer(operator, customer)
  if not ok and err and (err.code == 405 or err.code == 501 or err.code == 603) then ok, err = by_3pcc(operator, customer) end
  return ok and 200 or 502, { ok = ok and true, error = err and tostring(err) }
end })
sip.run()
