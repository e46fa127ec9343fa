-- SPDX-License-Identifier: MIT
--
-- SIPp as phones of a registrar and proxy that asks who they are, on this side and on the far
-- side of an address translation. What a scenario shows stands at the head of its file.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

-- Each alone against the registrar.
local asked <const> = { "uac_auth_register", "uac_auth_wrong", "uac_auth_unknown",
                        "uac_auth_other", "uac_auth_forged" }

-- The caller; the phone that it calls, and how that registered; who it is.
local calls <const> = {
  { "uac_auth_invite", "uas_nat_called", "uac_nat_register", user = "bob" },
  { "uac_nat_call", "uas_nat_called", "uac_nat_register", user = "alice" },
  { "uac_nat_caller", "uas_nat_hangs_up", "uac_auth_register", user = "alice" },
}

for _, transport in ipairs { "udp", "tcp" } do
  describe("SIPp as phones over " .. transport, function()
    local server

    before_each(function()
      server = script.serve("examples/17_registrar_proxy.lua",
        { "alice:wonderland", "bob:wonderland", "md5" })
    end)
    after_each(process.end_all)

    local function run(name, user, address)
      local callee <const> = name == "uac_auth_invite" and "bob@" or ""
      sipp.run(name, { transport = transport, target = server.address, user = user,
                       address = address, auth_uri = callee .. "example.com" })
    end

    for _, name in ipairs(asked) do
      it(scenarios.title(name), function() run(name, "alice") end)
    end

    for _, one in ipairs(calls) do
      if transport == "udp" then
        it(("%s, %s: %s"):format(one[2], one[3], scenarios.title(one[1])), function()
          local address = place.address()
          run(one[3], one.user, address)
          server:expect("is at\tsip:" .. one.user)
          local phone <close> = sipp.start(one[2], { transport = transport, address = address })
          run(one[1], one[1] == "uac_auth_invite" and "alice" or one.user)
          sipp.finish(phone)
        end)
      end
    end
  end)
end
