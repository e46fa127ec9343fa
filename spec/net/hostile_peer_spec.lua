-- SPDX-License-Identifier: MIT
--
-- TCP peers that are slow, silent, greedy, lying or gone. Time is the loop's own
-- and moves only when a test says so.

local ends <const> = require "spec.net.ends"

local function options_over_tcp(fields)
  fields = fields or {}
  fields.transport = "TCP"
  return ends.request(fields)
end

local function connected(loop_options)
  local service = ends.service { loop = loop_options }
  local port = service:listen "tcp"
  local peer = service:own(ends.connect("127.0.0.1", port))
  ends.until_true(function() return service:counts().connections == 1 end)
  return service, peer, port
end

-- A message was understood: the connection is no longer new to the service.
local function prove(peer)
  local before = ends.count(peer.text, "SIP/2.0 200 ")
  peer:send(options_over_tcp())
  ends.until_true(function()
    return ends.count(peer.text, "SIP/2.0 200 ") == before + 1
  end)
end

describe("an idle TCP connection", function()
  it("is closed at its deadline and not before (bug class 43, RFC 3261 18)", function()
    local service <close>, peer = connected { idle_ms = 60000 }
    prove(peer)
    service:advance(59999)
    assert.same({ 1, 0 }, { service:counts().connections, service:counts().timed_out })
    service:advance(1)
    assert.same({ 0, 1 }, { service:counts().connections, service:counts().timed_out })
    assert.equal("EOF", peer:wait_end())
  end)

  it("lives on with every message and every ping (RFC 5626 3.5.1)", function()
    local service <close>, peer = connected { idle_ms = 60000 }
    prove(peer)
    service:advance(50000)
    prove(peer)
    service:advance(50000)
    peer:send "\r\n\r\n"
    peer:wait "\r\n\r\n\r\n"
    service:advance(59999)
    assert.equal(1, service:counts().connections)
    service:advance(1)
    assert.equal(0, service:counts().connections)
  end)

  it("outlives an hour's registration by default", function()
    local service <close>, peer = connected()
    prove(peer)
    service:advance(3600 * 1000)
    assert.equal(1, service:counts().connections)
    service:advance(3600 * 1000)
    assert.equal(0, service:counts().connections)
  end)

  it("that never sent a message has only partial_ms (bug class 43)", function()
    local service <close>, silent = connected { partial_ms = 5000 }
    local pinging <close> = ends.connect("127.0.0.1", silent.handle:getpeername().port)
    service:advance(4999)
    pinging:send "\r\n\r\n"
    pinging:wait "\r\n"
    assert.equal(2, service:counts().connections)
    service:advance(1)
    assert.equal(0, service:counts().connections)
    silent:wait_end()
    pinging:wait_end()
  end)
end)

describe("a message that does not get finished", function()
  it("ends its connection after partial_ms, at a byte a second (bug class 43)", function()
    local service <close>, peer = connected { partial_ms = 30000 }
    prove(peer)
    local text = options_over_tcp()
    for at = 1, 30 do
      peer:send(text:sub(at, at))
      ends.turn()
      assert.equal(1, service:counts().connections)
      service:advance(1000)
    end
    peer:wait_end()
    assert.same({ 0, 1 }, { service:counts().connections, service:counts().timed_out })
  end)

  it("has its time counted from its own first byte", function()
    local service <close>, peer = connected { partial_ms = 30000 }
    prove(peer)
    for _ = 1, 3 do
      local text = options_over_tcp()
      peer:send(text:sub(1, 20))
      service:advance(20000)
      peer:send(text:sub(21))
      ends.turn()
    end
    assert.equal(1, service:counts().connections)
    assert.equal(4, ends.count(peer.text, "SIP/2.0 200 "))
    service:advance(40000)
    assert.equal(1, service:counts().connections)
  end)

  it("leaves nothing behind when the peer closes (bug class 42)", function()
    for _, how in ipairs { "close", "reset", "shutdown" } do
      for _, text in ipairs {
        "OPTIONS sip:",
        "OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 1000\r\n\r\n0123456789",
      } do
        local service <close>, peer = connected()
        prove(peer)
        local before = service:counts().live_bytes
        peer:send(text)
        ends.turn()
        peer[how](peer)
        ends.until_true(function() return service:counts().connections == 0 end)
        assert.is_true(service:is_quiet())
        assert.is_true(service:counts().live_bytes < before)
      end
    end
  end)

  it("does not spin while a lying Content-Length is waited for (bug class 42)", function()
    local service <close>, peer = connected()
    prove(peer)
    peer:send(options_over_tcp { body = "0123456789", length = 50000 })
    ends.turn()
    assert.is_true(service:is_quiet())
    assert.equal(1, service:counts().connections)
  end)
end)

describe("a Content-Length", function()
  it("reserves no memory for a body that has not come (bug class 10)", function()
    local service <close>, peer = connected()
    prove(peer)
    local before = service:counts().live_bytes
    peer:send(options_over_tcp { length = 60000 })
    ends.turn()
    assert.is_true(service:counts().live_bytes - before <= 1024)
    peer:send(("x"):rep(59999))
    ends.until_true(function() return service:counts().bytes_in > 60000 end)
    assert.is_true(service:counts().live_bytes - before <= 2 * 65536)
    peer:send "x"
    ends.until_true(function() return ends.count(peer.text, "SIP/2.0 200 ") == 2 end)
    assert.equal(before, service:counts().live_bytes)
  end)

  it("that no stream can be cut by is answered and ends it (bug class 10)", function()
    local lengths <const> = {
      "65536", "2147483647", "2147483648", "4294967295", "4294967296", "4294967328",
      "9223372036854775808", "18446744073709551616", "-1", "+5", "0x10", "",
      ("9"):rep(40),
    }
    for _, length in ipairs(lengths) do
      local service <close>, peer = connected()
      prove(peer)
      local before = service:counts().live_bytes
      peer:send(options_over_tcp { length = length } .. options_over_tcp())
      peer:wait_end()
      local answers = peer.text:match "SIP/2.0 200 .-\r\n\r\n(.*)$"
      assert.equal(1, ends.count(answers, "SIP/2.0 "), "Content-Length: " .. length)
      assert.matches("^SIP/2.0 4%d%d ", answers, nil, "Content-Length: " .. length)
      peer:close()
      ends.until_true(function() return service:counts().connections == 0 end)
      assert.equal(1, service:counts().broken)
      assert.is_true(service:counts().live_bytes <= before)
    end
  end)

  it("may bring a message to message_size, and no byte further", function()
    local size <const> = 2000
    local head <const> = #options_over_tcp { body = ("x"):rep(1000) } - 1000
    for over = 0, 1 do
      local service <close>, peer = connected { message_size = size }
      peer:send(options_over_tcp { body = ("x"):rep(size - head + over) })
      if over == 0 then
        peer:wait "^SIP/2.0 200 "
      else
        peer:wait_end()
        assert.equal(1, service:counts().broken)
      end
    end
  end)

  it("is not needed to end a peer that sends headers for ever", function()
    local service <close>, peer = connected { message_size = 2000 }
    peer:send("OPTIONS sip:a@b SIP/2.0\r\n" .. ("X: y\r\n"):rep(400))
    peer:wait_end()
    assert.equal(1, service:counts().broken)
    assert.is_true(service:is_quiet())
  end)
end)

describe("a connection that ends by our will", function()
  it("lets the peer read our last words though it still sends", function()
    local service <close>, peer = connected()
    prove(peer)
    peer:send(options_over_tcp { length = "-1" } .. ("x"):rep(50000))
    peer:wait "SIP/2.0 4%d%d "
    peer:send(("x"):rep(50000))
    assert.equal("EOF", peer:wait_end())
    peer:close()
    ends.until_true(function() return service:counts().connections == 0 end)
    assert.equal(0, service:counts().timed_out)
  end)

  it("does not wait for ever for the peer to close too", function()
    local service <close>, peer = connected()
    peer:send(options_over_tcp { length = "-1" })
    peer:wait_end()
    assert.equal(1, service:counts().connections)
    service:advance(2000)
    assert.equal(0, service:counts().connections)
  end)
end)

describe("a peer that does not read", function()
  -- Asks until the system's buffers are full and answers wait in the queue.
  local function fill(service, peer, count)
    local requests <const> = {}
    for i = 1, 100 do requests[i] = options_over_tcp() end
    local text <const> = table.concat(requests)
    local sent = 0
    while sent < count and service:counts().connections == 1 do
      if service:counts().queue_bytes > 0 then break end
      local taken = peer.handle:try_write(text:sub(1 + sent % #text))
      if not taken then
        ends.turn(1)
      else
        sent = sent + taken
      end
    end
  end

  local function unreading(loop_options)
    local service = ends.service { loop = loop_options }
    local port = service:listen "tcp"
    local peer = service:own(ends.connect("127.0.0.1", port, { silent = true }))
    ends.until_true(function() return service:counts().connections == 1 end)
    return service, peer, port
  end

  it("is cut off at max_queue bytes; others are served (bug class 44)", function()
    local service <close>, peer, port = unreading { max_queue = 200000 }
    fill(service, peer, 1 << 30)
    local other <close> = ends.connect("127.0.0.1", port)
    local text <const> = options_over_tcp()
    local largest = service:counts().queue_bytes
    ends.until_true(function()
      peer.handle:try_write(text:rep(20))
      local counts = service:counts()
      largest = math.max(largest, counts.queue_bytes)
      return counts.overflowed == 1
    end)
    assert.is_true(largest > 0 and largest <= 200000)
    prove(other)
    -- Answers made after the cut tried the Via's address (18.2.2), where nobody is.
    ends.until_true(function() return service:counts().connections == 1 end)
    assert.equal(0, service:counts().queue_bytes)
  end)

  it("is cut off when it takes nothing for partial_ms", function()
    local service <close>, peer = unreading { partial_ms = 10000 }
    fill(service, peer, 1 << 30)
    assert.is_true(service:counts().queue_bytes > 0)
    service:advance(9999)
    assert.equal(1, service:counts().connections)
    service:advance(1)
    assert.same({ 0, 0, 1 }, { service:counts().connections, service:counts().queue_bytes,
      service:counts().timed_out })
    assert.is_true(service:is_quiet())
  end)

  it("gets everything in order when it reads again", function()
    local service <close>, peer = unreading()
    fill(service, peer, 1 << 30)
    assert.is_true(service:counts().queue_bytes > 0)
    peer:read()
    ends.until_true(function() return service:counts().queue_bytes == 0 end)
    ends.until_true(function()
      return ends.count(peer.text, "SIP/2.0 200 ") == service:counts().messages_out
    end)
    local first, seen = nil, 0
    for branch in peer.text:gmatch "branch=z9hG4bK(%d+)" do
      first = first or tonumber(branch)
      if tonumber(branch) ~= first + seen % 100 then error("out of order: " .. seen) end
      seen = seen + 1
    end
    local counts <const> = service:counts()
    assert.same({ seen, seen }, { counts.messages_in, counts.messages_out })
  end)

  it("has what waited for it reported to the owners", function()
    local service <close> = ends.service { loop = { max_queue = 100000 } }
    service:listen "tcp"
    local server <close> = ends.server("127.0.0.1", { backlog = 0, silent = true })
    local failed = 0
    for _ = 1, 3 do
      assert(service.engine:request { method = "MESSAGE", from = "<sip:a@example.com>",
        uri = ("sip:127.0.0.1:%d;transport=tcp"):format(server.port),
        body = ("x"):rep(40000) })
    end
    ends.until_true(function()
      failed = 0
      for _, event in ipairs(service.events) do
        if event.kind == "failed" then failed = failed + 1 end
      end
      return failed == 3
    end)
    assert.equal(1, service:counts().overflowed)
    for _, event in ipairs(service.events) do assert.equal("LIMIT", event.code) end
  end)
end)
