-- SPDX-License-Identifier: MIT
-- The bridge to luv: luv's loop turns moonsip's, which stays a loop of its own (a
-- luv from LuaRocks may carry another libuv, and closes handles that it finds).

local Bridge = {}
Bridge.__index = Bridge
Bridge.__name = "moonsip.luv"

local luv = {}

--- Lets `uv.run()` drive moonsip; `sip.run()` then runs luv's loop. luv's loop ends
--- by itself when it has nothing left and moonsip neither.
---@param uv table            what `require "luv"` gave
---@param sip moonsip.Sip?    the default one
---@return moonsip.luv.Bridge bridge  `:close()` and `<close>` end it
function luv.attach(uv, sip)
  sip = sip or require "moonsip"
  local poll, timer = assert(uv.new_poll(sip.pollfd())), assert(uv.new_timer())
  local arm

  local function turn()
    sip.step(0)
    if poll:is_active() then arm() end
  end

  function arm()
    local seconds = sip.timeout()
    timer:stop()
    if seconds then timer:start(math.floor(seconds * 1000 + 0.5), 0, turn) end
    if sip.empty() then poll:unref() else poll:ref() end
  end

  poll:start(sip.events(), turn)
  sip.on_wake(arm)
  sip.host(uv.run, uv.stop)
  arm()
  return setmetatable({ poll = poll, timer = timer, sip = sip }, Bridge)
end

-- Stops the handles and leaves them to luv, which (1.44) crashes at exit over one that
-- is closing then.
function Bridge:close()
  if not self.poll:is_active() then return end
  self.poll:stop()
  self.timer:stop()
  self.sip.on_wake(nil)
  self.sip.host(nil)
end

Bridge.__close = Bridge.close

return luv
