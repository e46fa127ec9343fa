-- SPDX-License-Identifier: MIT
--
-- Every system call of net fails in turn (figure 28), in a child that has
-- spec/support/failing_calls.c in front of its C library.

local ends <const> = require "spec.net.ends"

-- What the child runs for each failure: it prints "well" or what went wrong.
local CHILD <const> = [[
local failing <const> = require "failing_calls"
local ends <const> = require "spec.net.ends"
local uv <const> = require "luv"

local function answer(peer)
  for i, text in ipairs(peer.inbox) do
    local from <const> = peer.froms[i]
    peer:send((text:gsub("^OPTIONS [^\r]*", "SIP/2.0 200 OK")
      :gsub("(To: [^\r]*)", "%%1;tag=x")), from.ip, from.port)
  end
  peer.inbox, peer.froms = {}, {}
end

local function settle(service, peer)
  for _ = 1, 12 do
    service.loop:step(0)
    uv.run "nowait"
    answer(peer)
  end
end

-- One request by UDP to the peer, one by TCP to ourselves, one from a raw client: how
-- many were answered.
local function exchange(service, peer)
  local answers = 0
  local udp = service.loop:listen(service.engine, "udp", "127.0.0.1", 0)
  local tcp, _, tcp_port = service.loop:listen(service.engine, "tcp", "127.0.0.1", 0)
  if udp then service:ask(peer.port, "udp") end
  if tcp then
    service:ask(tcp_port, "tcp")
    settle(service, peer)
    local client <const> = uv.new_tcp()
    client:connect("127.0.0.1", tcp_port, function() end)
    settle(service, peer)
    client:try_write(ends.request { transport = "TCP" })
    client:read_start(function(_, bytes)
      if bytes and bytes:find "SIP/2.0 200" then answers = answers + 1 end
    end)
    settle(service, peer)
    service.loop:advance(600) -- a rest of the listener's, a retransmission
    settle(service, peer)
    client:close()
  end
  settle(service, peer)
  for _, event in ipairs(service.events) do
    if event.kind == "response" then answers = answers + 1 end
    if event.kind == "failed" then service.failed = event.code end
  end
  if udp then service.loop:unlisten(service.engine, udp) end
  if tcp then service.loop:unlisten(service.engine, tcp) end
  settle(service, peer)
  return answers
end

local function try(call, at, error, times)
  local service <close> = ends.service()
  local peer <close> = ends.udp()
  failing.fail(call, at, error, times)
  local first <const> = exchange(service, peer)
  local failed <const> = failing.stop()
  service.events = {}
  local second <const> = exchange(service, peer)
  local counts <const> = service:counts()
  assert(counts.connections == 0 and counts.listeners == 0 and counts.queue_bytes == 0)
  assert(#service.errors == 0, service.errors[1])
  assert(second == 3, ("%%d of 3 answers once it was over"):format(second))
  return first, failed, service.failed
end

%s
]]

local function child(chunk)
  return ends.failing_child(CHILD:format(chunk))
end

local CALLS <const> = {
  socket = { "EMFILE", "ENOBUFS" },
  bind = { "EADDRINUSE" },
  listen = { "EADDRINUSE" },
  getsockname = { "ENOBUFS" },
  connect = { "ENETUNREACH", "EADDRNOTAVAIL" },
  accept4 = { "EMFILE", "ENFILE", "ENOMEM", "ENOBUFS", "ECONNABORTED", "EPROTO", "EINTR" },
  sendmmsg = { "EAGAIN", "EINTR", "ENOBUFS", "EPERM", "ENETUNREACH", "ECONNREFUSED" },
  recvmmsg = { "EAGAIN", "EINTR", "ENOMEM", "ECONNREFUSED" },
  sendmsg = { "EAGAIN", "EINTR", "EPIPE", "ECONNRESET", "ENOBUFS", "SHORT" },
  recv = { "EAGAIN", "EINTR", "ECONNRESET", "ETIMEDOUT", "ENOMEM" },
}

describe("a system call that fails (figure 28)", function()
  for call, errors in pairs(CALLS) do
    it(call .. ": nothing breaks, and the next exchange is whole", function()
      local output, status = child(([[
        local seen = 0
        for _, error in ipairs { %s } do
          for at = 1, 4 do
            for _, times in ipairs { 1, 5 } do
              local ok, err = pcall(function()
                seen = seen + select(2, try(%q, at, error, times))
              end)
              if not ok then print(error, at, times, err) end
            end
          end
        end
        print(seen > 0 and "well" or "never called")
      ]]):format("'" .. table.concat(errors, "', '") .. "'", call))
      assert.same({ "well\n", 0 }, { output, status })
    end)
  end

  it("for a moment only is made up for: what could not be sent or read is, later",
    function()
    local output, status = child [[
      for call, errors in pairs {
        sendmmsg = { "EAGAIN", "EINTR", "ENOBUFS", "ECONNREFUSED" },
        recvmmsg = { "EAGAIN", "EINTR" },
        sendmsg = { "EAGAIN", "EINTR", "ENOBUFS", "SHORT" },
        recv = { "EAGAIN", "EINTR" },
        accept4 = { "EMFILE", "ECONNABORTED", "EINTR" },
      } do
        for _, error in ipairs(errors) do
          local answers <const> = try(call, 1, error, 1)
          if answers ~= 3 then print(call, error, answers) end
        end
      end
      print "made up for"
    ]]
    assert.same({ "made up for\n", 0 }, { output, status })
  end)

  it("fails the request with its name", function()
    local output, status = child [[
      for call, error in pairs {
        sendmmsg = "EPERM", connect = "EADDRNOTAVAIL", sendmsg = "ECONNRESET",
      } do
        local _, _, code = try(call, 1, error, 3)
        if code ~= error then print(call, error, code) end
      end
      print "named"
    ]]
    assert.same({ "named\n", 0 }, { output, status })
  end)
end)
