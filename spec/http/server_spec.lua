-- SPDX-License-Identifier: MIT
--
-- HTTP/1.1 on real sockets (RFC 9112), byte by byte: what is taken, what is refused, and how
-- long anybody is waited for.

local ends <const> = require "spec.net.ends"

local function head(lines)
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

local GET <const> = head { "GET /a?b=c HTTP/1.1", "Host: x", "X-One: 1", "X-One: 2" }

describe("core.loop:http_listen", function()
  local service, port, number, asked, answer

  local function serve(options)
    service = ends.service()
    asked, answer = {}, function(one) service.loop:http_answer(one.id, 200, "", one.body) end
    local ip
    number, ip, port = assert(service.loop:http_listen("127.0.0.1", 0, options or {},
      function(id, method, target, fields, body, remote)
        local one = { id = id, method = method, target = target, fields = fields, body = body,
                      remote = remote }
        asked[#asked + 1] = one
        answer(one)
      end))
    assert.equal("127.0.0.1", ip)
  end

  before_each(function() serve() end)
  after_each(function()
    service:close()
    assert.same({}, service.errors)
  end)

  local function connect()
    return service:own(ends.connect("127.0.0.1", port))
  end

  -- Sends it, and gives the status of the answer.
  local function status_of(text)
    local peer = connect()
    peer:send(text)
    return tonumber(peer:wait("^HTTP/1.1 %d%d%d "):match "^HTTP/1.1 (%d+)"), peer
  end

  it("hands over a request and sends the answer", function()
    answer = function(one)
      service.loop:http_answer(one.id, 404, "X-Answer: yes\r\n", "nothing here")
    end
    local peer = connect()
    peer:send(GET)
    assert.equal("HTTP/1.1 404 Not Found\r\nX-Answer: yes\r\nContent-Length: 12\r\n\r\n"
      .. "nothing here", peer:wait "here$")
    local one = asked[1]
    assert.same({ "GET", "/a?b=c", "x", "1, 2", "", "127.0.0.1" }, { one.method, one.target,
      one.fields.host, one.fields["x-one"], one.body, one.remote })
  end)

  it("takes one request after the other, however they are cut", function()
    local post = head { "POST / HTTP/1.1", "Host: x", "Content-Length: 5" } .. "hello"
    local all = GET .. post .. GET
    for at = 1, #all - 1, 7 do
      local peer = connect()
      peer:send(all:sub(1, at))
      ends.turn(2)
      peer:send(all:sub(at + 1))
      ends.until_true(function() return ends.count(peer.text, "HTTP/1.1 200") == 3 end)
      peer:close()
    end
  end)

  it("takes it byte by byte", function()
    local peer = connect()
    local text = head { "POST / HTTP/1.1", "Host: x", "Content-Length: 3" } .. "abc"
    for at = 1, #text do
      peer:send(text:sub(at, at))
      ends.turn(1)
    end
    peer:wait "abc$"
  end)

  it("answers a thousand requests in one packet in their order", function()
    local peer = connect()
    local parts = {}
    for at = 1, 1000 do parts[at] = ("GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"):format(at) end
    answer = function(one) service.loop:http_answer(one.id, 200, "", one.target .. "\n") end
    peer:send(table.concat(parts))
    ends.until_true(function() return peer.text:find "/1000\n$" end)
    assert.equal(1000, #asked)
  end)

  it("waits with the next until the one before is answered", function()
    answer = function() end
    local peer = connect()
    peer:send(GET .. GET)
    ends.until_true(function() return #asked == 1 end)
    ends.turn(5)
    assert.equal(1, #asked)
    assert.is_true(service.loop:http_answer(asked[1].id, 200, "", ""))
    ends.until_true(function() return #asked == 2 end)
    local done, err = service.loop:http_answer(asked[1].id, 200, "", "") -- once is enough
    assert.is_nil(done and nil)
    assert.truthy(done or err)
  end)

  it("closes after the answer when that is wished (9.6), and for HTTP/1.0", function()
    for _, text in ipairs { head { "GET / HTTP/1.1", "Host: x", "Connection: close" },
                            head { "GET / HTTP/1.0" } } do
      local peer = connect()
      peer:send(text)
      peer:wait "Connection: close\r\n"
      peer:wait_end()
    end
  end)

  it("sends no body for HEAD, and no length with 204 (RFC 9110 8.6, 9.3.2)", function()
    answer = function(one) service.loop:http_answer(one.id, 200, "", "12345") end
    local peer = connect()
    peer:send(head { "HEAD / HTTP/1.1", "Host: x" })
    assert.equal("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", peer:wait "\r\n\r\n")
    answer = function(one) service.loop:http_answer(one.id, 204) end
    peer.text = ""
    peer:send(GET)
    assert.equal("HTTP/1.1 204 No Content\r\n\r\n", peer:wait "\r\n\r\n")
  end)

  it("says 100 to who waits for it (RFC 9110 10.1.1)", function()
    local peer = connect()
    peer:send(head { "POST / HTTP/1.1", "Host: x", "Content-Length: 2", "Expect: 100-continue" })
    peer:wait "^HTTP/1.1 100 Continue\r\n\r\n"
    peer:send "ok"
    peer:wait "ok$"
    assert.equal(417, (status_of(head { "POST / HTTP/1.1", "Host: x", "Content-Length: 2",
      "Expect: tea" })))
  end)

  it("refuses what can be read in two ways, or not at all", function()
    local function post(...) return head { "POST / HTTP/1.1", "Host: x", ... } end
    local cases <const> = {
      { 400, "hello\r\n\r\n" }, { 400, head { "GET /" } }, { 505, head { "GET / HTTP/2.0" } },
      { 400, head { "GET / HTTP/1.1" } },                      -- no Host (3.2)
      { 400, head { "GET / HTTP/1.1", "Host: x", "Host: y" } },
      { 400, head { "GET / HTTP/1.1", "Host : x" } },          -- 5.1
      { 400, head { "GET / HTTP/1.1", "Host: x", " folded" } },
      { 400, "GET / HTTP/1.1\nHost: x\n\n\r\n\r\n" },
      { 400, post "Content-Length: -1" }, { 400, post "Content-Length: +1" },
      { 400, post "Content-Length: 0x10" }, { 400, post "Content-Length: 1, 1" },
      { 400, post("Content-Length: 1", "Content-Length: 2") },
      { 400, post "Content-Length: 18446744073709551616" },
      { 413, post "Content-Length: 18446744073709551615" },
      { 413, post "Content-Length: 4294967296" },
      { 400, post("Content-Length: 1", "Transfer-Encoding: chunked") }, -- 6.1
      { 411, post "Transfer-Encoding: chunked" }, { 501, post "Transfer-Encoding: gzip" },
      { 400, post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") },
    }
    for _, case in ipairs(cases) do
      local status, peer = status_of(case[2])
      assert.equal(case[1], status, case[2])
      peer:wait_end()
    end
    assert.same({}, asked)
  end)

  it("holds a head to 8192 bytes and 64 fields", function()
    local function padded(size)
      local start = "GET / HTTP/1.1\r\nHost: x\r\nX: "
      return start .. ("a"):rep(size - #start - 4) .. "\r\n\r\n"
    end
    assert.equal(200, (status_of(padded(8192))))
    assert.equal(431, (status_of(padded(8193))))
    local function fields(count)
      local lines = { "GET / HTTP/1.1", "Host: x" }
      for at = 2, count do lines[#lines + 1] = "X" .. at .. ": y" end
      return head(lines)
    end
    assert.equal(200, (status_of(fields(64))))
    assert.equal(431, (status_of(fields(65))))
  end)

  it("holds a body to max_body", function()
    service:close()
    serve { max_body = 10 }
    local function post(size)
      return head { "POST / HTTP/1.1", "Host: x", "Content-Length: " .. size } .. ("b"):rep(size)
    end
    assert.equal(200, (status_of(post(10))))
    assert.equal(413, (status_of(post(11))))
  end)

  it("holds connections to max_connections", function()
    service:close()
    serve { max_connections = 2 }
    local first, second = connect(), connect()
    ends.turn(3)
    assert.equal("EOF", (connect():wait_end():gsub("ECONNRESET", "EOF")))
    first:send(GET)
    first:wait "200 OK"
    first:close()
    second:close()
    ends.turn(5)
    assert.equal(200, (status_of(GET)))
  end)

  it("waits 30 s for a request, however slowly it dribbles, and tells so", function()
    local peer = connect()
    for _ = 1, 29 do
      peer:send "G"
      service:advance(1000)
    end
    assert.is_nil(peer.ended)
    service:advance(1000)
    peer:wait "^HTTP/1.1 408 "
    service:advance(2000)
    peer:wait_end()
    assert.equal(0, service:counts().connections)
  end)

  it("waits as long between two requests, and for a first one", function()
    local idle, used = connect(), connect()
    used:send(GET)
    used:wait "200 OK"
    service:advance(29999)
    assert.same({}, { idle.ended, used.ended })
    service:advance(1)
    idle:wait_end()
    used:wait_end()
    assert.equal(0, service:counts().connections)
  end)

  it("cuts off a peer that does not read, and one that never ends a pipeline", function()
    answer = function(one) service.loop:http_answer(one.id, 200, "", ("x"):rep(8 << 20)) end
    local peer = service:own(ends.connect("127.0.0.1", port, { silent = true }))
    peer:send(GET)
    ends.until_true(function() return #asked == 1 end)
    service:advance(30000 + (8 << 20) + 1000)
    assert.equal(0, service:counts().connections)
    answer = function() end
    local flood = connect()
    local text = GET .. ("y"):rep(65536)
    ends.until_true(function()
      pcall(flood.send, flood, text)
      return flood.ended
    end)
  end)

  it("is not confused by a peer that goes at any time", function()
    answer = function() end
    for at = 0, #GET do
      local peer = connect()
      if at > 0 then peer:send(GET:sub(1, at)) end
      ends.turn(1)
      if at % 2 == 0 then peer:reset() else peer:close() end
      ends.turn(1)
    end
    ends.turn(5)
    for _, one in ipairs(asked) do service.loop:http_answer(one.id, 200, "", "late") end
    ends.until_true(function() return service:counts().connections == 0 end)
    assert.is_true(service:is_quiet())
  end)

  it("sends the answer to a peer that has sent all it will (half closed)", function()
    answer = function() end
    local peer = connect()
    peer:send(GET)
    peer:shutdown()
    ends.until_true(function() return #asked == 1 end)
    ends.turn(5)
    service.loop:http_answer(asked[1].id, 200, "", "still")
    peer:wait "still$"
    peer:wait_end()
  end)

  it("answers 500 when its function raises", function()
    answer = function() error "oops" end
    assert.equal(500, (status_of(GET)))
    assert.matches("oops", service.errors[1])
    service.errors = {}
  end)

  it("lets its function close the port", function()
    answer = function() service.loop:http_close(number) end
    local peer = connect()
    peer:send(GET)
    peer:wait_end()
    assert.equal(0, service:counts().listeners)
    service.loop:http_close(number)
  end)

  it("says which address cannot be listened on", function()
    local none, err = service.loop:http_listen("127.0.0.1", port, {}, function() end)
    assert.is_nil(none)
    assert.equal("EADDRINUSE", err.name)
    assert.matches("127.0.0.1:" .. port, err.reason)
    assert.has_error(function() service.loop:http_listen("127.0.0.1", 0, {}) end)
    assert.has_error(function() service.loop:http_listen("x", 0, {}, function() end) end)
  end)
end)
