-- SPDX-License-Identifier: MIT
--
-- 5 000 peers that dribble over TCP, 2 000 that begin a TLS handshake and 1 000 that begin a
-- WebSocket, all at once (bug classes 43 and 44): calls go on meanwhile over each transport, what
-- each of them holds is bounded, and all are gone at their deadline.

local certificates <const> = require "spec.support.certificates"
local core <const> = require "moonsip.core"
local ends <const> = require "spec.net.ends"
local uv <const> = require "luv"

local SLOW <const>, HALF <const>, UPGRADES <const> = 5000, 2000, 1000

local function descriptors()
  local pipe <close> = assert(io.popen "ulimit -n")
  return pipe:read "n" or math.huge
end

describe("many peers that are slow", function()
  local ca, service, caller, ports

  setup(function()
    ca = certificates.authority()
    local cert, key = ca:issue("server", { names = "IP:127.0.0.1" })
    service = ends.service { handles = { "INVITE" } }
    local tls <const> = assert(core.tls { identities = { { certificate = cert, key = key } },
                                          authorities = ca.path })
    ports = { tcp = service:listen "tcp", udp = service:listen "udp", ws = service:listen "ws",
              tls = service:listen("tls", "127.0.0.1", 0, { tls = tls }) }
    caller = ends.service()
    assert(caller.loop:set_tls(caller.engine, tls))
    for transport in pairs(ports) do caller:listen(transport, "127.0.0.1", 0, { tls = tls }) end
  end)
  teardown(function()
    caller:close()
    service:close()
    ca:close()
    assert.same({}, service.errors)
    assert.same({}, caller.errors)
  end)

  -- So many connections to a port, each of which sends the first bytes of a text.
  local function connect(count, port, text)
    local list, open = {}, 0
    for _ = 1, count do
      local handle = uv.new_tcp()
      assert(handle:connect("127.0.0.1", port, function(err)
        assert(not err, err)
        handle:try_write(text:sub(1, 1))
        open = open + 1
      end))
      list[#list + 1] = handle
      if #list - open > 200 then ends.until_true(function() return #list - open < 50 end) end
    end
    ends.until_true(function() return open == count end)
    return list
  end

  local function dribble(list, text, at)
    for _, handle in ipairs(list) do handle:try_write(text:sub(at, at)) end
    ends.turn(2)
  end

  local function event_of(one, kind)
    local event <const> = one:wait_event(kind)
    one.events = {}
    return event
  end

  -- INVITE, 200, ACK, BYE, 200 over each transport.
  local function is_served()
    for transport, port in pairs(ports) do
      assert(caller.engine:request { method = "INVITE", from = "<sip:a@127.0.0.1>",
        transport = transport, uri = ("sip:b@127.0.0.1:%d;transport=%s"):format(port, transport),
        content_type = "application/sdp", body = "v=0\r\n" })
      local invite <const> = event_of(service, "request")
      assert.equal(transport, invite.message.transport)
      assert(service.engine:reply(invite.transaction, 200))
      local dialog <const> = event_of(caller, "response").dialog
      assert(caller.engine:dialog_request(dialog, { method = "BYE" }))
      assert.equal(200, event_of(caller, "response").message.code)
      assert.truthy(event_of(service, "dialog_end"))
    end
  end

  it("hold little, delay nobody, and are gone at their deadline", function()
    local all <const> = SLOW + HALF + UPGRADES
    assert.truthy(descriptors() > 2 * all + 200, "ulimit -n is too low for this spec")
    local before <const> = service:counts()
    local message <const> = ends.request { transport = "TCP" }
    local hello <const> = "\22\3\1\2\0\1\0\1\252\3\3" .. ("x"):rep(32)
    local upgrade <const> = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    local slow <const> = connect(SLOW, ports.tcp, message)
    ends.until_true(function() return service:counts().connections == SLOW end)
    local held <const> = (service:counts().live_bytes - before.live_bytes) / SLOW
    assert.truthy(held <= 4096, held .. " bytes for each")
    local half <const> = connect(HALF, ports.tls, hello)
    local upgrades <const> = connect(UPGRADES, ports.ws, upgrade)
    ends.until_true(function() return service:counts().connections == all end)
    for at = 2, 20 do
      dribble(slow, message, at)
      dribble(half, hello, at)
      dribble(upgrades, upgrade, at)
      if at % 5 == 0 then is_served() end
      service:advance(1000)
    end
    assert.equal(all + 3, service:counts().connections) -- those of the caller
    is_served()
    service:advance(11000) -- 30 s since they began, however much they dribbled
    ends.until_true(function() return service:counts().connections == 3 end)
    is_served()
    service:advance(40000)
    for _, list in ipairs { slow, half, upgrades } do
      for _, handle in ipairs(list) do handle:close() end
    end
    ends.turn(5)
    assert.is_true(service:is_quiet())
  end)
end)
