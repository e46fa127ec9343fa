-- SPDX-License-Identifier: MIT
--
-- The guard of an engine on a real loop: how late the loop is, and whose connections are
-- worth having. The clock stands still unless it is moved.

local core <const> = require "moonsip.core"
local ends <const> = require "spec.net.ends"

local LATE <const> = { late_ms = 50, calm_ms = 15 }

local function service_with(options, more)
  local service <const> = ends.service(more)
  assert(service.engine:set_guard(options))
  return service
end

describe("lateness of the loop", function()
  it("is how long a turn takes in which something came", function()
    local service <close> = service_with(LATE, { handles = { "MESSAGE" } })
    local port <const> = service:listen "udp"
    local peer <const> = service:own(ends.udp())
    local drain <const> = service.drain
    function service.drain(self) -- a script that takes 100 ms for each turn
      drain(self)
      self.loop:advance(100)
    end
    for n = 1, 5 do
      peer:send(ends.request { method = "MESSAGE", branch = "z9hG4bK" .. n }, "127.0.0.1", port)
      ends.until_true(function() return #service.events == n end, "a request")
    end
    assert.is_true(service.engine:guard_share() >= 100)
    service.drain = drain
    service:advance(20000) -- nothing was late in all that time
    peer:send(ends.request { method = "MESSAGE", branch = "z9hG4bKlast" }, "127.0.0.1", port)
    ends.until_true(function() return #service.events == 6 end, "a request")
    assert.equal(0, service.engine:guard_share())
  end)

  it("is how long the socket has not been emptied", function()
    local service <close> = service_with(LATE)
    local port <const> = service:listen "udp"
    local peer <const> = service:own(ends.udp())
    for n = 1, 64 * 7 do -- seven batches
      peer:send(ends.request { branch = "z9hG4bK" .. n }, "127.0.0.1", port)
    end
    local share = 0
    for _ = 1, 6 do
      service.loop:step(0)
      assert(service.loop:advance(110))
      share = math.max(share, service.engine:guard_share())
    end
    assert.is_true(share > 0, share)
    ends.turn()
    assert.equal(64 * 7, service.engine:counts().received)
  end)

  it("is none while the loop keeps up, however much comes", function()
    local service <close> = service_with(LATE)
    local port <const> = service:listen "udp"
    local peer <const> = service:own(ends.udp())
    for n = 1, 200 do
      for at = 1, 10 do
        peer:send(ends.request { branch = ("z9hG4bK%d-%d"):format(n, at) }, "127.0.0.1", port)
      end
      service.loop:step(0)
      assert(service.loop:advance(60))
    end
    ends.turn()
    assert.equal(2000, service.engine:counts().received)
    assert.equal(0, service.engine:guard_share())
  end)
end)

describe("a connection", function()
  local function request(fields)
    fields = fields or {}
    fields.transport, fields.method = "TCP", fields.method or "INFO"
    return ends.request(fields)
  end

  it("of somebody who is denied or banned is closed before anything is read", function()
    local service <close> = service_with {}
    local port <const> = service:listen "tcp"
    assert(service.engine:guard_add("deny", { "127.0.0.0/8" }))
    local first <const> = service:own(ends.connect("127.0.0.1", port))
    first:wait_end()
    assert.same({ 0, 1, 0 }, { service:counts().accepted, service:counts().refused,
      service.engine:counts().received })
    service.engine:guard_remove("deny", { "127.0.0.0/8" })
    service.engine:guard_ban("127.0.0.1", 1000)
    local second <const> = service:own(ends.connect("127.0.0.1", port))
    second:wait_end()
    service:advance(1000)
    local third <const> = service:own(ends.connect("127.0.0.1", port))
    third:send(request())
    third:wait "^SIP/2.0 405 "
  end)

  it("of somebody who passes his limit is closed, and he opens no other", function()
    local service <close> = service_with { per_source = 3, per_source_ms = 10000 }
    local port <const> = service:listen "tcp"
    local peer <const> = service:own(ends.connect("127.0.0.1", port))
    local list <const> = {}
    for n = 1, 5 do list[n] = request { branch = "z9hG4bK" .. n } end
    peer:send(table.concat(list))
    peer:wait_end()
    local _, answers <const> = peer.text:gsub("SIP/2.0 405 ", "")
    assert.is_true(answers <= 3)
    assert.equal(1, service.engine:counts().refused_rate)
    service:own(ends.connect("127.0.0.1", port)):wait_end()
    local loop <const> = service:counts()
    assert.same({ 0, 1 }, { loop.connections, loop.refused })
  end)
end)

describe("core.engine", function()
  it("keeps its lists when another thing is refused", function()
    local engine <close> = core.engine {}
    assert(engine:set_guard(LATE))
    assert(engine:guard_add("deny", { "10.0.0.0/8" }))
    assert.is_nil((engine:guard_add("deny", { "10.0.0.0/8", "x" })))
    assert.equal(1, engine:guard_remove("deny", { "10.0.0.0/8" }))
    assert.has_error(function() engine:guard_add("other", {}) end)
    assert.has_error(function() engine:set_guard { capacity = -1 } end)
  end)
end)
