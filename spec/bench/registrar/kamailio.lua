-- SPDX-License-Identifier: MIT
-- The same registrar for kamailio; DIGEST in the environment asks for credentials.

local asks = os.getenv "DIGEST" ~= nil

function ksr_request_route()
  if KSR.maxfwd.process_maxfwd(10) < 0 then
    KSR.sl.sl_send_reply(483, "Too Many Hops")
  elseif KSR.kx.get_method() ~= "REGISTER" then
    KSR.sl.sl_send_reply(405, "Method Not Allowed")
  elseif asks and KSR.auth.pv_auth_check("bench", "secret", 0, 0) < 0 then
    KSR.auth.auth_challenge("bench", 1)
  elseif asks and KSR.kx.get_au() ~= KSR.kx.get_tuser() then
    KSR.sl.sl_send_reply(403, "Forbidden")
  elseif KSR.registrar.save("location", 0) < 0 then
    KSR.sl.sl_reply_error()
  end
  return 1
end
