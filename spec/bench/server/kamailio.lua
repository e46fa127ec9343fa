-- SPDX-License-Identifier: MIT
-- What kamailio does with an OPTIONS: to a user that begins with t a 200 in a
-- transaction, to others a 200 without one.

function ksr_request_route()
  if KSR.maxfwd.process_maxfwd(10) < 0 then
    KSR.sl.sl_send_reply(483, "Too Many Hops")
  elseif KSR.kx.get_method() ~= "OPTIONS" then
    KSR.sl.sl_send_reply(405, "Method Not Allowed")
  elseif string.sub(KSR.kx.get_ruser(), 1, 1) == "t" then
    KSR.tm.t_newtran()
    KSR.tm.t_reply(200, "OK")
  else
    KSR.sl.sl_send_reply(200, "OK")
  end
  return 1
end
