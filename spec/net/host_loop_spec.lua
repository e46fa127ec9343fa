-- SPDX-License-Identifier: MIT
--
-- Programs that turn a loop of their own (the names are those of cqueues).

local uv <const> = require "luv"
local ends <const> = require "spec.net.ends"

local function request_to(port)
  return { method = "OPTIONS", from = "<sip:a@example.com>", uri = "sip:127.0.0.1:" .. port }
end

-- What luv says about the descriptor now.
local function is_readable(loop)
  local seen = false
  local poll <const> = uv.new_poll(loop:pollfd())
  poll:start("r", function() seen = true end)
  uv.run "nowait"
  poll:close()
  uv.run "nowait"
  return seen
end

describe("the descriptor of core.loop", function()
  it("is readable when there is something to receive, and not when there is not", function()
    local service <close> = ends.service()
    local port = service:listen "udp"
    local peer <close> = ends.udp()
    assert.equal("r", service.loop:events())
    assert.is_false(is_readable(service.loop))
    peer:send(ends.request(), "127.0.0.1", port)
    assert.is_true(is_readable(service.loop))
    service.loop:step(0)
    assert.is_false(is_readable(service.loop))
    assert.matches("^SIP/2.0 200 ", (peer:wait()))
  end)

  it("becomes readable for a listener that is opened while the host waits", function()
    local service <close> = ends.service()
    assert.is_false(is_readable(service.loop))
    local port = service:listen "udp"
    assert.is_true(is_readable(service.loop)) -- for the turn that registers it
    service.loop:step(0)
    assert.is_false(is_readable(service.loop))
    local peer <close> = ends.udp()
    peer:send(ends.request(), "127.0.0.1", port)
    assert.is_true(is_readable(service.loop))
  end)

  it("becomes readable when a call from outside left something to send", function()
    local service <close> = ends.service()
    service:listen "udp"
    assert.is_number(service.loop:pollfd())
    local peer <close> = ends.udp()
    assert(service.engine:request(request_to(peer.port)))
    assert.is_true(is_readable(service.loop))
    assert.equal(0, service.loop:timeout())
    service.loop:step(0)
    assert.matches("^OPTIONS", (peer:wait()))
  end)

  it("does not stay readable when there is nothing but a timer left", function()
    local service <close> = ends.service()
    assert.is_number(service.loop:pollfd())
    service.loop:on_timer(function() end)
    service.loop:wheel():start(ends.START + 1000, true)
    service.loop:wake()
    assert.is_true(is_readable(service.loop))
    service.loop:step(0)
    assert.is_false(is_readable(service.loop))
    local timeout <const> = service.loop:timeout() -- at most: it may tell it early
    assert.is_true(timeout > 0 and timeout <= 1)
  end)
end)

describe("core.loop:on_wake", function()
  it("is called once for all calls between two turns, and never within one", function()
    local service <close> = ends.service { handles = { "MESSAGE" } }
    local port = service:listen "udp"
    local woken = 0
    service.loop:on_wake(function() woken = woken + 1 end)
    local peer <close> = ends.udp()
    assert(service.engine:request(request_to(peer.port)))
    assert(service.engine:request(request_to(peer.port)))
    service:listen "tcp"
    assert.equal(1, woken)
    service.loop:step(0)
    peer:send(ends.request { method = "MESSAGE" }, "127.0.0.1", port)
    local drain <const> = service.drain
    function service:drain()
      drain(self)
      assert(self.engine:reply(self.events[1].transaction, 200))
    end
    ends.until_true(function() return service.events[1] end)
    assert.same({}, service.errors)
    assert.equal(1, woken)
    assert(service.engine:request(request_to(peer.port)))
    assert.equal(2, woken)
  end)

  it("may ask the loop for its timeout, and what it raises is reported", function()
    local service <close> = ends.service()
    service:listen "udp"
    service.loop:step(0)
    local peer <close> = ends.udp()
    local timeout
    service.loop:on_wake(function()
      timeout = service.loop:timeout()
      error "from on_wake"
    end)
    assert(service.engine:request(request_to(peer.port)))
    assert.equal(0, timeout)
    assert.matches("from on_wake", service.errors[1])
  end)
end)

-- A script under a host's loop; it has `sip`, `uv` and `say`.
local function program(text)
  return [[
    local uv <const> = require "luv"
    local sip <const> = require "moonsip"
    sip.log:set_level "none"
    local function udp(fn)
      local handle <const> = uv.new_udp()
      assert(handle:bind("127.0.0.1", 0))
      handle:recv_start(function(_, bytes, from) if bytes then fn(bytes, from) end end)
      return handle, handle:getsockname().port
    end
    local function later(ms, fn)
      local timer <const> = uv.new_timer()
      timer:start(ms, 0, function() timer:close() fn() end)
    end
  ]] .. text
end

describe("moonsip.luv", function()
  it("has luv's loop serve requests, and sip.run run it until sip.stop", function()
    local output, status = ends.child(program [[
      require("moonsip.luv").attach(uv)
      local agent <close> = assert(sip.agent { listen = "udp:127.0.0.1:0" })
      local peer
      peer = udp(function(bytes)
        print(bytes:match "^[^\r]*")
        peer:close()
        sip.stop()
      end)
      agent:on("MESSAGE", function(req)
        sip.sleep "10ms" -- a timer of moonsip's, on luv's loop
        req:reply(202)
      end)
      later(1, function() -- a timer of luv's
        print "sending"
        peer:try_send(require("spec.net.ends").request { method = "MESSAGE" },
          "127.0.0.1", agent.listeners[1].port)
      end)
      sip.run()
      print "ended"
    ]])
    assert.same({ "sending\nSIP/2.0 202 Accepted\nended\n", 0 }, { output, status })
  end)

  it("sends requests from luv's callbacks, and gives their answers", function()
    local output, status = ends.child(program [[
      require("moonsip.luv").attach(uv)
      local agent <const> = assert(sip.agent { listen = "udp:127.0.0.1:0" })
      local peer, port
      peer, port = udp(function(bytes, from)
        local reply <const> = bytes:gsub("^OPTIONS [^\r]*", "SIP/2.0 200 OK")
          :gsub("(To: [^\r]*)", "%1;tag=x")
        peer:try_send(reply, from.ip, from.port)
      end)
      later(1, function()
        agent:request("OPTIONS", "sip:127.0.0.1:" .. port):wait(function(res)
          print(res.code)
          peer:close()
          agent:close()
        end)
      end)
      uv.run()
      print "nothing left"
    ]])
    assert.same({ "200\nnothing left\n", 0 }, { output, status })
  end)

  it("lets luv's loop end when neither has anything left", function()
    local output, status = ends.child(program [[
      require("moonsip.luv").attach(uv)
      sip.after("5ms", function() print "after" end)
      uv.run()
      print "ended"
    ]])
    assert.same({ "after\nended\n", 0 }, { output, status })
  end)

  it("is taken away by closing the bridge", function()
    local output, status = ends.child(program [[
      do
        local bridge <close> = require("moonsip.luv").attach(uv)
        sip.after("1ms", function() print "under luv" end)
        uv.run()
      end
      sip.after("1ms", function() print "by itself" sip.stop() end)
      sip.run()
      uv.run()
    ]])
    assert.same({ "under luv\nby itself\n", 0 }, { output, status })
  end)

  it("goes by the loop that is attached to, not by another script's", function()
    local context <const> = require "moonsip.context"
    local face <const> = require "moonsip.face"
    local sip <const> = face.of(context.new())
    local bridge <const> = require("moonsip.luv").attach(uv, sip)
    local fired = false
    sip.after(0, function() fired = true end)
    ends.until_true(function() return fired end)
    bridge:close()
  end)
end)

describe("cqueues", function()
  it("drives moonsip as one of its pollable objects, woken by its other tasks", function()
    local output, status = ends.child [[
      local cqueues <const> = require "cqueues"
      local sip <const> = require "moonsip"
      sip.log:set_level "none"
      local server <const> = assert(sip.agent { listen = "udp:127.0.0.1:0" })
      local client <const> = assert(sip.agent { listen = "udp:127.0.0.1:0" })
      server:on("MESSAGE", function(req)
        sip.sleep "10ms"
        req:reply(202)
      end)
      local queue <const> = cqueues.new()
      queue:wrap(function()
        while not sip.empty() do
          cqueues.poll(sip)
          sip.step(0)
        end
        print "moonsip is done"
      end)
      queue:wrap(function()
        cqueues.sleep(0.005) -- the other one waits in poll by now, for ever
        print "a task of cqueues"
        local uri <const> = "sip:127.0.0.1:" .. server.listeners[1].port
        client:request("MESSAGE", uri):wait(function(res)
          print(res.code)
          client:close()
          server:close()
        end)
      end)
      assert(queue:loop())
    ]]
    assert.same({ "a task of cqueues\n202\nmoonsip is done\n", 0 }, { output, status })
  end)
end)
