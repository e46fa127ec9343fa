-- SPDX-License-Identifier: MIT
--
-- Messages over TLS between two loops of the core, and what stands between them: a relay
-- that stalls, cuts and mangles (RFC 3261 26.3.2, 18; bug classes 22, 42 to 44).

local certificates <const> = require "spec.support.certificates"
local core <const> = require "moonsip.core"
local ends <const> = require "spec.net.ends"
local uv <const> = require "luv"

describe("TLS", function()
  local ca, tls, server, client, port

  setup(function()
    ca = certificates.authority()
    local cert, key = ca:issue "localhost"
    tls = assert(core.tls { identities = { { certificate = cert, key = key } },
                            authorities = ca.path })
  end)

  teardown(function() ca:close() end)

  local function service(options)
    local one = ends.service(options)
    assert(one.loop:set_tls(one.engine, tls))
    one.refusals = {}
    one.loop:on_refused(function(_, why) one.refusals[#one.refusals + 1] = why end)
    return one, (one:listen("tls", "127.0.0.1", 0, { tls = tls }))
  end

  before_each(function()
    server, port = service()
    client = service()
  end)

  after_each(function()
    client:close()
    server:close()
    assert.same({}, server.errors)
    assert.same({}, client.errors)
  end)

  local function ask(to_port, fields)
    local request = { method = "OPTIONS", from = "<sip:a@localhost>",
      uri = ("sips:localhost:%d;maddr=127.0.0.1"):format(to_port) }
    for name, value in pairs(fields or {}) do request[name] = value end
    return assert(client.engine:request(request))
  end

  -- Between client and server. After so many `bytes` of one `way` ("up" or "down") both
  -- sides are reset; `change(part, way)` gives what is passed on instead; `hold` and `go_on`
  -- stop reading from the client, and start again.
  local function relay(options)
    local self = ends.server()
    self.passed = { up = 0, down = 0 }
    self.is_cut = false
    local function pass(from, to, way)
      local function on_read(_, bytes)
        if self.is_cut then return end
        if not bytes then
          if not to:is_closing() then to:shutdown() end
          return
        end
        local left = options.way == way and options.bytes - self.passed[way] or #bytes
        local part = bytes:sub(1, left)
        self.passed[way] = self.passed[way] + #part
        if options.change then part = options.change(part, way, self) end
        to:write(part)
        if #part < #bytes or options.way == way and left == #bytes then
          self.is_cut = true
          to:shutdown(function()
            if not to:is_closing() then to:close_reset() end
            if not from:is_closing() then from:close_reset() end
          end)
        end
      end
      from:read_start(on_read)
      if way == "up" then
        function self.hold() from:read_stop() end
        function self.go_on() from:read_start(on_read) end
      end
    end
    self.handle:close()
    self.handle = uv.new_tcp()
    assert(self.handle:bind("127.0.0.1", 0))
    self.port = self.handle:getsockname().port
    self.pairs = {}
    assert(self.handle:listen(128, function()
      local from, to = uv.new_tcp(), uv.new_tcp()
      assert(self.handle:accept(from))
      self.pairs[#self.pairs + 1] = { from, to }
      to:connect("127.0.0.1", port, function(err)
        assert(not err, err)
        pass(from, to, "up")
        pass(to, from, "down")
      end)
    end))
    return setmetatable(self, { __close = function()
      for _, pair in ipairs(self.pairs) do
        for _, one in ipairs(pair) do if not one:is_closing() then one:close() end end
      end
      self.handle:close()
      uv.run "nowait"
    end })
  end

  local function settled()
    return server:counts().connections == 0 and client:counts().connections == 0
  end

  it("carries a request and its response", function()
    ask(port)
    assert.equal(200, client:wait_event("response").message.code)
    assert.equal(1, client:counts().connected)
    assert.equal(1, server:counts().accepted)
  end)

  it("carries the next request over the same connection (RFC 3261 18.1.1)", function()
    for _ = 1, 3 do
      client.events = {}
      ask(port)
      client:wait_event "response"
    end
    assert.equal(1, client:counts().connected)
  end)

  it("does not use a connection of who proved nothing for a domain (RFC 5922 7.3, 5923 9)",
    function()
      server.engine:handles("MESSAGE", true)
      ask(port, { method = "MESSAGE", body = "x", content_type = "text/plain" })
      -- To the very address that the client's connection comes from.
      local remote <const> = server:wait_event("request").message.source_port
      assert(server.engine:request { method = "OPTIONS", from = "<sip:a@localhost>",
        uri = ("sips:localhost:%d;maddr=127.0.0.1"):format(remote) })
      assert.equal("ECONNREFUSED", server:wait_event("failed").code)
      assert.equal(1, server:counts().connections) -- the client's, as before
    end)

  it("does not use one connection for two domains (RFC 5923 9.1, bug class 38)", function()
    ask(port)
    client:wait_event "response"
    client.events = {}
    ask(port, { uri = ("sips:other.example:%d;maddr=127.0.0.1"):format(port) })
    assert.equal("CERTIFICATE", client:wait_event("failed").code)
    assert.same({ "the peer's certificate is not for other.example" }, client.refusals)
    assert.equal(1, client:counts().connections)
  end)

  it("carries what is larger than a record, both ways", function()
    server.engine:handles("MESSAGE", true)
    local text = ("0123456789abcdef"):rep(3500)
    ask(port, { method = "MESSAGE", body = text, content_type = "text/plain" })
    local event = server:wait_event "request"
    assert.equal(text, event.message.body)
    assert(server.engine:reply(event.transaction, 200, nil, nil, "text/plain", text))
    ends.turn()
    assert.equal(text, client:wait_event("response").message.body)
  end)

  it("holds back what a peer does not read, and goes on when it does (bug class 44)", function()
    local between <close> = relay {}
    ask(between.port)
    client:wait_event "response"
    client.events = {}
    between.hold()
    local body, sent = ("x"):rep(40000), 0
    repeat -- as much as all buffers of the system take, and more
      ask(between.port, { body = body, content_type = "text/plain" })
      sent = sent + 1
      ends.turn(2)
    until client:counts().queue_bytes > 200000 or sent == 400
    assert.is_true(client:counts().queue_bytes > 200000)
    between.go_on()
    ends.until_true(function()
      local count = 0
      for _, event in ipairs(client.events) do
        if event.kind == "response" then count = count + 1 end
      end
      return count == sent
    end, "as many responses")
    assert.equal(0, client:counts().queue_bytes)
  end)

  for _, way in ipairs { "up", "down" } do
    it("fails as a whole when it is cut after any byte: " .. way, function()
      local total
      do
        local between <close> = relay {}
        ask(between.port)
        client:wait_event "response"
        total = between.passed[way]
      end
      ends.until_true(settled, "an end")
      for bytes = 0, total - 1 do
        client.events = {}
        local between <close> = relay { way = way, bytes = math.max(bytes, 1) }
        local id = ask(between.port)
        ends.until_true(function()
          for _, event in ipairs(client.events) do
            if event.transaction == id then return true end
          end
        end, ("an end of the request, cut after %d bytes"):format(bytes))
        ends.until_true(settled, ("an end of connections, cut after %d bytes"):format(bytes))
      end
    end)
  end

  it("survives each byte of the handshake being another one", function()
    local outcomes = { response = 0, failed = 0 }
    for at = 1, 1200, 7 do
      for _, way in ipairs { "up", "down" } do
        client.events = {}
        local seen = 0
        local between <close> = relay { change = function(part, of)
          if of ~= way then return part end
          local first = seen
          seen = seen + #part
          local index = at - first
          if index < 1 or index > #part then return part end
          return part:sub(1, index - 1) .. string.char(part:byte(index) ~ 0x55)
            .. part:sub(index + 1)
        end }
        local id = ask(between.port)
        for _ = 1, 60 do
          ends.turn()
          local event = client.events[#client.events]
          if event and event.transaction == id then
            outcomes[event.kind] = outcomes[event.kind] + 1
            break
          end
        end
      end
      if not settled() then -- a length that grew: both wait, until their deadline
        server:advance(30000)
        client:advance(30000)
        ends.until_true(settled, "the deadline")
      end
    end
    assert.is_true(outcomes.failed > 100)
  end)

  it("ends a handshake that does not get on, at its deadline (bug class 43)", function()
    local peers = {}
    for at = 1, 20 do
      peers[at] = server:own(ends.connect("127.0.0.1", port))
      peers[at]:send(("\x16\3\1\2"):sub(1, at % 5))
    end
    ends.until_true(function() return server:counts().accepted == 20 end, "connections")
    server:advance(29999)
    assert.equal(20, server:counts().connections)
    server:advance(2)
    assert.equal(0, server:counts().connections)
    assert.equal(20, server:counts().timed_out)
  end)

  it("gives up a server that says nothing, in time for another (connect_ms)", function()
    local silent <close> = ends.server()
    ask(silent.port)
    silent:wait()
    client:advance(3999)
    assert.equal(1, client:counts().connections)
    client:advance(2)
    assert.truthy(client:wait_event("failed"))
    assert.equal(0, client:counts().connections)
  end)

  it("says what is wrong with a peer that speaks no TLS", function()
    local peer = server:own(ends.connect("127.0.0.1", port))
    peer:send(ends.request { transport = "TLS" })
    peer:wait_end()
    assert.equal(1, #server.refusals)
    ends.until_true(function() return server:counts().connections == 0 end, "an end")
  end)

  it("is not spun by a peer that has left (bug class 42)", function()
    local peer = server:own(ends.connect("127.0.0.1", port))
    peer:send "\x16\3\1"
    peer:shutdown()
    peer:wait_end()
    assert.is_true(server:is_quiet())
  end)

  it("tells the peer that it ends (RFC 8446 6.1)", function()
    ask(port)
    client:wait_event "response"
    server.loop:unlisten(server.engine, 1)
    ends.until_true(settled, "an end of both sides")
  end)

  it("is as before when memory fails at any allocation", function()
    for n = 1, 60 do
      client.events = {}
      client.loop:fail_allocation(n)
      pcall(ask, port)
      ends.turn(20)
      client.loop:fail_allocation(0)
      ends.turn(20)
    end
    client.events = {}
    ask(port)
    assert.equal(200, client:wait_event("response").message.code)
  end)
end)
