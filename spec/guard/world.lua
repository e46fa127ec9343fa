-- SPDX-License-Identifier: MIT
--
-- Engines with a guard and a clock of our own, and peers that send to them. They have no
-- handlers: OPTIONS gets its 200, everything else a refusal.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"

local world <const> = {}

-- 30 refused requests in two seconds.
world.LIMIT = { per_source = 30, per_source_ms = 2000 }

-- An engine with a guard, and peers that send to it.
function world.guarded(options, engine_options)
  local one <const> = { now = 0, n = 0, engine = core.engine(engine_options or { seed = 1 }) }
  local number <const> = one.engine:add_listener("udp", "10.0.0.1", 5060)
  assert(one.engine:set_guard(options))

  function one.flow(_, ip)
    return core.flow("udp", "10.0.0.1", 5060, ip, 5060, number, 0)
  end

  -- Sends bytes; the status of the answer, or nil.
  function one.send(self, ip, bytes)
    self.engine:receive(self:flow(ip), bytes)
    local packet <const> = self.engine:next_packet()
    return packet and messages.kind(packet) or nil, packet
  end

  -- A new request of the method.
  function one.ask(self, ip, method, o)
    self.n = self.n + 1
    local request <const> = { method = method or "MESSAGE", branch = "z9hG4bK" .. self.n,
      call_id = "c" .. self.n, cseq = self.n }
    for key, value in pairs(o or {}) do request[key] = value end
    return self:send(ip, messages.request(request))
  end

  -- How many of so many are answered.
  function one.answered(self, ip, count, method)
    local found = 0
    for _ = 1, count do
      if self:ask(ip, method) then found = found + 1 end
    end
    return found
  end

  function one.wait(self, ms)
    self.now = self.now + ms
    self.engine:advance(self.now)
  end

  function one.count(self, name) return self.engine:counts()[name] end

  return one
end

-- A guarded engine whose user challenges everybody, and knows who comes with credentials.
function world.registrar(options)
  local one <const> = world.guarded(options or world.LIMIT)
  one.engine:handles("*", true)

  -- What becomes of a request: "vouched", "failed", "challenged" or nothing.
  function one.register(self, ip, credentials)
    local lines <const> = credentials and { ('Authorization: Digest username="%s", realm="r", '
      .. 'nonce="n", uri="sip:r", response="x"'):format(credentials) } or nil
    self:ask(ip, "REGISTER", { lines = lines })
    local kind <const>, message, transaction = self.engine:next_event()
    if kind ~= "request" then return nil end
    local result = "challenged"
    if message:typed "Authorization" then
      result = message:typed("Authorization")[1].params.username:find "^bad" and "failed"
        or "vouched"
    end
    if result == "vouched" then self.engine:vouch(transaction) end
    if result == "failed" then self.engine:distrust(transaction) end
    if result == "vouched" then
      assert(self.engine:reply(transaction, 200))
    else
      assert(self.engine:reply_stateless(transaction, 401))
    end
    while self.engine:next_packet() do end
    return result
  end

  return one
end

return world
