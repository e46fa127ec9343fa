-- SPDX-License-Identifier: MIT
--
-- A loop without memory: each allocation fails once, then all after it do. What is
-- not served fails cleanly, and the next exchange succeeds (figure 27).

local core <const> = require "moonsip.core"
local uv <const> = require "luv"
local ends <const> = require "spec.net.ends"

-- Turns until both loops have nothing to do at once. Nothing can be waited for here:
-- what lacks memory may never come.
local function settle(service)
  for _ = 1, 12 do
    service.loop:step(0)
    uv.run "nowait"
  end
end

-- Datagrams and connections both ways, and a look-up. Returns how many answers came.
local function exchange(service, peer)
  local answers = 0
  local udp = service.loop:listen(service.engine, "udp", "127.0.0.1", 0)
  local tcp, _, tcp_port = service.loop:listen(service.engine, "tcp", "127.0.0.1", 0)
  if udp then service:ask(peer.port, "udp") end
  if tcp then
    service:ask(tcp_port, "tcp") -- to itself: connect, accept, read, write
    local client <const> = uv.new_tcp()
    client:connect("127.0.0.1", tcp_port, function() end)
    settle(service)
    local text <const> = ends.request { transport = "TCP" }
    client:try_write(text:sub(1, 50))
    settle(service)
    client:try_write(text:sub(51) .. "\r\n\r\n")
    client:read_start(function(_, bytes)
      if bytes and bytes:find "SIP/2.0 200" then answers = answers + 1 end
    end)
    settle(service)
    client:close()
  end
  service.loop:resolve("own.example", function(ips) if ips then answers = answers + 1 end end)
  settle(service)
  for _, event in ipairs(service.events) do
    if event.kind == "response" then answers = answers + 1 end
  end
  service.events = {}
  if udp then service.loop:unlisten(service.engine, udp) end
  if tcp then service.loop:unlisten(service.engine, tcp) end
  settle(service)
  return answers + #peer.inbox
end

-- One from the peer's inbox, the response to itself, the client's, the look-up's.
local ALL <const> = 4

local function with_service(fn)
  local service <close> = ends.service()
  local peer <close> = ends.udp()
  fn(service, peer)
  assert.same({ 0, 0, 0, 0 }, (function(counts)
    return { counts.listeners, counts.connections, counts.queue_bytes, counts.lookups }
  end)(service:counts()))
end

ends.hosts "127.0.0.1 own.example"

describe("a loop without memory (figure 27)", function()
  local count
  with_service(function(service, peer)
    local before <const> = service.loop:fail_allocation(0)
    assert(exchange(service, peer) == ALL)
    count = service.loop:fail_allocation(0) - before
  end)

  for _, on in ipairs { false, true } do
    it(on and "goes on when all allocations from one on have failed"
      or "goes on when any one of its allocations has failed", function()
      assert.is_true(count > 10)
      for n = 1, count do
        with_service(function(service, peer)
          service.loop:fail_allocation(n, on)
          exchange(service, peer)
          service.loop:fail_allocation(0)
          service.events, peer.inbox = {}, {}
          assert.equal(ALL, exchange(service, peer), "allocation " .. n)
          assert.same({}, service.errors)
        end)
      end
    end)
  end

  it("is not made, and says so", function()
    local n = 0
    local loop
    repeat
      n = n + 1
      local err
      loop, err = core.loop { fail_allocation = n }
      if not loop then assert.equal("MEMORY", err.name) end
    until loop
    assert.is_true(n > 2)
    loop:close()
  end)

  it("cannot attach an engine, nor listen, and says so", function()
    local loop <close> = core.loop { now = 0 }
    local engine <close> = core.engine {}
    loop:fail_allocation(1)
    local none, err = loop:attach(engine, function() end)
    assert.is_nil(none)
    assert.equal("MEMORY", err.name)
    assert.is_true(loop:attach(engine, function() end))
    for n = 1, 3 do
      loop:fail_allocation(n)
      local number, why = loop:listen(engine, "udp", "127.0.0.1", 0)
      if not number then assert.equal("MEMORY", why.name) end
    end
    loop:fail_allocation(0)
    assert(loop:listen(engine, "udp", "127.0.0.1", 0))
  end)
end)
