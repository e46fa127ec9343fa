-- SPDX-License-Identifier: MIT
--
-- curl asks our server, our client (libcurl) asks servers, all on real sockets; and the same
-- on the port of a WebSocket.

local certificates <const> = require "spec.support.certificates"
local context <const> = require "moonsip.context"
local ends <const> = require "spec.net.ends"
local face <const> = require "moonsip.face"
local scratch <const> = require "spec.support.scratch"
local web <const> = require "moonsip.web"

-- The modules with a loop of their own.
local function modules()
  local one <const> = context.new { log = { write = function() end } }
  return face.of(one), web.of(one), one
end

describe("curl", function()
  local sip, http, server, folder, base

  setup(function()
    sip, http = modules()
    folder = scratch.folder()
    folder:write("www/index.html", "<p>hello")
    folder:write("big.bin", ("0123456789abcdef"):rep(65536 * 8 // 16))
    folder:write("www/big.bin", ("0123456789abcdef"):rep(4 << 20 >> 4))
    server = assert(http.serve("127.0.0.1:0", {
      ["GET /"] = folder.path .. "/www",
      ["POST /call"] = function(q)
        return 202, { operator = q.form.operator, to = q.form.to }
      end,
      ["POST /sms"] = function(q) return 202, q.json end,
      ["POST /size"] = function(q) return tostring(#q.body) end,
      ["GET /metrics"] = http.metrics,
    }, { max_body = 1 << 20 }))
    base = tostring(server)
  end)
  teardown(function()
    server:close()
    folder:remove()
  end)

  -- What it printed, with the status on a line of its own at the end.
  local function curl(...)
    local output, err = sip.exec { "curl", "-sS", "-m", "20", "-w", "\n%{http_code}", ... }
    assert.is_not_nil(output, tostring(err))
    local body, code = output:match "^(.*)\n(%d+)$"
    return tonumber(code), body
  end

  it("posts forms and JSON", function()
    assert.same({ 202, '{"operator":"12","to":"+49 30"}' },
      { curl("-d", "operator=12", "--data-urlencode", "to=+49 30", base .. "/call") })
    assert.same({ 202, '{"text":"hi"}' },
      { curl("-H", "Content-Type: application/json", "-d", '{ "text": "hi" }', base .. "/sms") })
    assert.equal(400, (curl("-d", "{", base .. "/sms")))
  end)

  it("gets files, figures, and a clear no", function()
    assert.same({ 200, "<p>hello" }, { curl(base) })
    local code, body = curl(base .. "/big.bin")
    assert.same({ 200, 4 << 20 }, { code, #body })
    assert.truthy(select(2, curl(base .. "/metrics")):find "moonsip_agents")
    assert.equal(404, (curl("--path-as-is", base .. "/../big.bin")))
    assert.same({ 404, "There is nothing at that path.\n" },
      { curl("-X", "POST", base .. "/none") })
  end)

  it("waits for 100 with a large body, and is told when it is too large", function()
    assert.same({ 200, "524288" }, { curl("-H", "Expect: 100-continue", "--data-binary",
      "@" .. folder.path .. "/big.bin", base .. "/size") })
    folder:write("more.bin", ("x"):rep((1 << 20) + 1))
    assert.equal(413, (curl("-H", "Expect: 100-continue", "--data-binary",
      "@" .. folder.path .. "/more.bin", base .. "/size")))
    assert.equal(411, (curl("-H", "Transfer-Encoding: chunked", "-d", "x", base .. "/size")))
  end)

  it("uses one connection for several requests", function()
    local output = assert(sip.exec { "curl", "-sS", "-w", "%{num_connects}\n", "-o", "/dev/null",
      "-o", "/dev/null", base .. "/", base .. "/metrics" })
    assert.equal("1\n0\n", output)
  end)

  it("asks over TLS", function()
    local authority <close> = certificates.authority()
    local cert, key = authority:issue("server", { names = "DNS:localhost" })
    local secure <close> = assert(http.serve("127.0.0.1:0",
      { ["GET /"] = function() return "secret" end }, { tls = { cert = cert, key = key } }))
    local url <const> = ("https://localhost:%d/"):format(secure.port)
    assert.same({ 200, "secret" }, { curl("--cacert", authority.path, url) })
    assert.equal("secret", assert(http.get(url, { ca = authority.path })).body)
    local _, err = http.get(url)
    assert.same({ "transport", "CERTIFICATE" }, { err.kind, err.name })
  end)

  it("is answered on the port of a WebSocket, which stays one", function()
    local agent <close> = assert(sip.agent { listen = "ws:127.0.0.1:0",
      websocket = { paths = "/sip", routes = {
        ["GET /"] = folder.path .. "/www",
        ["POST /call"] = function(q) return 202, { to = q.form.to } end } } })
    local url <const> = "http://127.0.0.1:" .. agent.listeners[1].port
    assert.same({ 200, "<p>hello" }, { curl(url) })
    assert.same({ 202, '{"to":"1"}' }, { curl("-d", "to=1", url .. "/call") })
    assert.equal(404, (curl(url .. "/none")))
    local function upgrade(path)
      return (curl("-m", "1", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H",
        "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "-H",
        "Sec-WebSocket-Protocol: sip", url .. path))
    end
    assert.equal(404, (upgrade "/other"))
    local line = "curl -s -m 1 -w '%{http_code}' -H 'Connection: Upgrade' -H 'Upgrade: websocket' "
      .. "-H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "
      .. "-H 'Sec-WebSocket-Protocol: sip' " .. url .. "/sip || true" -- curl waits for the end
    local output = sip.exec { "sh", "-c", line }
    assert.matches("101$", output)
  end)

  it("is told by a WebSocket's port without routes what is there", function()
    local agent <close> = assert(sip.agent { listen = "ws:127.0.0.1:0" })
    local code, body = curl("http://127.0.0.1:" .. agent.listeners[1].port)
    assert.equal(426, code)
    assert.matches("SIP server", body)
  end)
end)

describe("moonsip.http as a client", function()
  local sip, http, server, base, asked

  setup(function()
    sip, http = modules()
    server = assert(http.serve("127.0.0.1:0", {
      ["GET /text"] = function(q)
        asked = q
        return "hello"
      end,
      ["POST /echo"] = function(q)
        return 201, q.body, { ["Content-Type"] = q.headers["content-type"] }
      end,
      ["PUT /echo"] = function(q) return q.method .. " " .. q.body end,
      ["GET /moved"] = function() return 302, nil, { Location = "/text" } end,
      ["GET /circle"] = function() return 302, nil, { Location = "/circle" } end,
      ["GET /away"] = function() return 302, nil, { Location = "file:///etc/passwd" } end,
      ["GET /teapot"] = function() return 418, { short = true } end,
      ["GET /slow"] = function()
        sip.sleep "20s"
        return 200
      end,
      ["GET /size/:n"] = function(q) return ("x"):rep(tonumber(q.params.n)) end,
    }))
    base = tostring(server)
  end)
  teardown(function() server:close() end)

  it("gets, posts and puts", function()
    local res = assert(http.get(base .. "/text", { headers = { ["X-Key"] = "1" } }))
    assert.same({ 200, "hello", "1" }, { res.code, res.body, asked.headers["x-key"] })
    res = assert(http.post(base .. "/echo", { json = { a = { 1, "ä" } }, timeout = "5s" }))
    assert.same({ 201, { a = { 1, "ä" } }, "application/json" },
      { res.code, res.json, res.headers["content-type"] })
    res = assert(http.post(base .. "/echo", { form = { b = "1 2", a = "&" } }))
    assert.equal("a=%26&b=1%202", res.body)
    assert.equal("", assert(http.post(base .. "/echo")).body)
    assert.equal("PUT x", assert(http.request("PUT", base .. "/echo", { body = "x" })).body)
    assert.equal("", assert(http.request("HEAD", base .. "/text")).body)
  end)

  it("calls a function later, and may be given up", function()
    local got
    http.get(base .. "/text", function(res, err) got = { res and res.body, err } end)
    assert.is_nil(got)
    while not got do sip.sleep(0.01) end
    assert.same({ "hello" }, got)
    local cancelled
    local pending = http.get(base .. "/slow", function(_, err) cancelled = err.kind end)
    pending:cancel()
    while not cancelled do sip.sleep(0.01) end
    assert.equal("cancelled", cancelled)
  end)

  it("asks many at once", function()
    local left = 50
    for _ = 1, 50 do
      http.get(base .. "/text", function(res) left = res and left - 1 or left end)
    end
    while left > 0 do sip.sleep(0.01) end
  end)

  it("gives an error with the answer that was none of 2xx", function()
    local res, err, _ = http.get(base .. "/teapot")
    assert.is_nil(res)
    assert.same({ "rejected", 418, { short = true } }, { err.kind, err.code, err.response.json })
    _, err = http.get(base .. "/none")
    assert.equal("notfound", err.kind)
  end)

  it("follows redirects, but not for ever, and to no files", function()
    assert.equal("hello", assert(http.get(base .. "/moved")).body)
    local _, err = http.get(base .. "/moved", { redirects = 0 })
    assert.equal(302, err.code)
    _, err = http.get(base .. "/circle")
    assert.equal("transport", err.kind)
    _, err = http.get(base .. "/away")
    assert.truthy(err)
    assert.is_nil(err.response)
  end)

  it("is bounded in time and size", function()
    local _, err = http.get(base .. "/slow", { timeout = "100ms" })
    assert.equal("timeout", err.kind)
    assert.equal(10, #assert(http.get(base .. "/size/10", { max_body = 10 })).body)
    _, err = http.get(base .. "/size/11", { max_body = 10 })
    assert.equal("limit", err.kind)
  end)

  it("says when nobody is there", function()
    local closed <const> = ends.server()
    local port <const> = closed.port
    closed:close()
    local _, err = http.get(("http://127.0.0.1:%d/"):format(port))
    assert.equal("transport", err.kind)
  end)

  it("raises for what is no URL, method, header or body", function()
    for _, url in ipairs { "", "ftp://x/", "/x", "http://", "http://x\r\ny" } do
      assert.has_error(function() http.get(url) end)
    end
    assert.has_error(function() http.request("get", base) end)
    assert.has_error(function() http.get(base, { headers = { ["a b"] = "c" } }) end)
    assert.has_error(function() http.get(base, { headers = { a = "b\r\nc: d" } }) end)
    assert.has_error(function() http.post(base, { json = { print } }) end)
    assert.has_error(function() http.get(base, { retries = 2 }) end)
  end)
end)
