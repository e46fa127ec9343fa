-- SPDX-License-Identifier: MIT
-- The same proxy for kamailio. CALLEE is replaced by `run`. Its Lua is 5.1.

local routes = { ["1"] = "sip:127.0.0.1:CALLEE", ["2"] = "sip:127.0.0.1:CALLEE" }

local function inside(method)
  if KSR.rr.loose_route() > 0 then
    KSR.tm.t_relay()
  elseif method == "ACK" then
    if KSR.tm.t_check_trans() > 0 then KSR.tm.t_relay() end
  else
    KSR.sl.sl_send_reply(404, "Not here")
  end
  return 1
end

function ksr_request_route()
  local method = KSR.kx.get_method()
  if KSR.maxfwd.process_maxfwd(10) < 0 then
    KSR.sl.sl_send_reply(483, "Too Many Hops")
    return 1
  end
  if method == "CANCEL" then
    if KSR.tm.t_check_trans() > 0 then KSR.tm.t_relay() end
    return 1
  end
  if method ~= "ACK" then
    if KSR.tmx.t_precheck_trans() > 0 then
      KSR.tm.t_check_trans()
      return 1
    end
    if KSR.tm.t_check_trans() == 0 then return 1 end
  end
  if KSR.siputils.has_totag() > 0 then return inside(method) end
  local next_hop = method == "INVITE" and routes[string.sub(KSR.kx.get_ruser(), 1, 1)]
  if not next_hop then
    KSR.sl.sl_send_reply(404, "No route")
    return 1
  end
  KSR.rr.record_route()
  KSR.setdsturi(next_hop)
  KSR.tm.t_relay()
  return 1
end
