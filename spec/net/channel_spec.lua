-- SPDX-License-Identifier: MIT
--
-- A script's own connections over TCP, on real sockets.

local ends <const> = require "spec.net.ends"

describe("a channel", function()
  local service
  before_each(function() service = ends.service() end)
  after_each(function() service:close() end)

  -- One to a port; its events, in order, as { kind, value }.
  local function connect(port, options)
    local events <const> = {}
    local id = assert(service.loop:connect("127.0.0.1", port, options or {},
      function(kind, value) events[#events + 1] = { kind, value } end))
    return id, events
  end

  local function wait(events, kind)
    return ends.until_true(function()
      for _, event in ipairs(events) do if event[1] == kind then return event end end
    end, kind)
  end

  it("opens, carries bytes both ways, and ends", function()
    local server <close> = ends.server()
    local id, events = connect(server.port)
    assert.equal(0, service.loop:channel_write(id, "too soon"))
    wait(events, "open")
    assert.equal(5, service.loop:channel_write(id, "hello"))
    local peer = server:wait()
    peer:wait "hello"
    peer:send "good day"
    assert.equal("good day", wait(events, "data")[2])
    peer:shutdown()
    wait(events, "end")
    assert.equal(3, service.loop:channel_write(id, "bye")) -- half open: we still may
    peer:wait "hellobye"
    service.loop:channel_close(id)
    assert.equal("EOF", peer:wait_end())
    assert.equal(0, service:counts().channels)
    assert.equal("gone", select(2, service.loop:channel_write(id, "x")).kind)
  end)

  it("tells that it is refused, with the system's name of it", function()
    local server = ends.server()
    local port = server.port
    server:close()
    local id, events = connect(port)
    local err = wait(events, "failed")[2]
    assert.same({ "transport", "ECONNREFUSED" }, { err.kind, err.name })
    assert.equal("gone", select(2, service.loop:channel_hold(id, true)).kind)
  end)

  it("tells that the peer reset it", function()
    local server <close> = ends.server()
    local _, events = connect(server.port)
    wait(events, "open")
    server:wait():reset()
    assert.equal("ECONNRESET", wait(events, "failed")[2].name)
    assert.equal(0, service:counts().channels)
  end)

  it("takes no more than the system does, and tells when there is room again", function()
    local server <close> = ends.server()
    local id, events = connect(server.port, { send_buffer = 32768 })
    wait(events, "open")
    local peer = server:wait()
    peer.handle:read_stop()
    local piece, total = ("x"):rep(65536), 0
    local taken
    repeat
      taken = service.loop:channel_write(id, piece)
      total = total + taken
    until taken < #piece
    assert.is_true(total < 1 << 24)
    peer:read()
    wait(events, "writable")
    ends.until_true(function() return #peer.text == total end, "all of it")
  end)

  it("reads nothing while it is held: the peer has to wait", function()
    local server <close> = ends.server()
    local id, events = connect(server.port)
    wait(events, "open")
    local peer = server:wait()
    assert(service.loop:channel_hold(id, true))
    peer:send "one"
    ends.turn(20)
    assert.equal(1, #events)
    assert(service:is_quiet())
    service.loop:channel_hold(id, false)
    assert.equal("one", wait(events, "data")[2])
  end)

  it("says that it sends no more, and still reads", function()
    local server <close> = ends.server()
    local id, events = connect(server.port)
    wait(events, "open")
    service.loop:channel_write(id, "all")
    assert(service.loop:channel_finish(id))
    local peer = server:wait()
    assert.equal("EOF", peer:wait_end())
    peer:send "late"
    assert.equal("late", wait(events, "data")[2])
    peer:close()
    wait(events, "end")
    assert(service:is_quiet()) -- the end stays readable: nobody spins (bug class 42)
  end)

  it("may be closed inside its own events", function()
    local server <close> = ends.server()
    local id
    id = service.loop:connect("127.0.0.1", server.port, {}, function()
      service.loop:channel_close(id)
    end)
    ends.until_true(function() return service:counts().channels == 0 end, "its end")
    assert.equal("EOF", server:wait():wait_end())
  end)

  it("contains what its function raises", function()
    local server <close> = ends.server()
    service.loop:connect("127.0.0.1", server.port, {}, function() error "mine" end)
    ends.until_true(function() return service.errors[1] end, "the error")
    assert.matches("mine", service.errors[1])
  end)

  it("keeps the loop from being empty, and is closed with it", function()
    local server <close> = ends.server()
    local loop = ends.service()
    local opened
    loop.loop:connect("127.0.0.1", server.port, {}, function(kind) opened = kind end)
    assert.is_false(loop.loop:empty())
    ends.until_true(function() return opened end, "open")
    loop:close()
    assert.equal("EOF", server:wait():wait_end())
  end)

  it("is one of at most max_connections (limit)", function()
    local server <close> = ends.server()
    local small <close> = ends.service { loop = { max_connections = 2 } }
    for _ = 1, 2 do
      assert(small.loop:connect("127.0.0.1", server.port, {}, function() end))
    end
    local id, err = small.loop:connect("127.0.0.1", server.port, {}, function() end)
    assert.is_nil(id)
    assert.equal("limit", err.kind)
    assert.equal(2, small:counts().channels)
  end)

  it("needs an IP address, a port, options and a function", function()
    local loop = service.loop
    local function none() end
    assert.has_error(function() loop:connect("localhost", 1, {}, none) end)
    assert.has_error(function() loop:connect("127.0.0.1", 0, {}, none) end)
    assert.has_error(function() loop:connect("127.0.0.1", 65536, {}, none) end)
    assert.has_error(function() loop:connect("127.0.0.1", 1, {}) end)
    assert.has_error(function() loop:connect("127.0.0.1", 1, { patience_ms = -1 }, none) end)
  end)
end)
