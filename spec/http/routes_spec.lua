-- SPDX-License-Identifier: MIT
--
-- Routes, answers, folders and JSON, as scripts use them, on a network in memory.

local core <const> = require "moonsip.core"
local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"

describe("http.serve", function()
  local net

  before_each(function() net = test.net() end)
  after_each(function() net:close() end)

  local function site(routes)
    net:site("http://pbx.example", routes)
    return function(method, path, options)
      options = options or {}
      options.redirects = 0
      local res, err = net.http.request(method, "http://pbx.example" .. path, options)
      local one = res or err.response
      return one.code, one.body, one.headers, res
    end
  end

  it("answers with a status, a body and fields, or what goes without saying", function()
    local ask = site {
      ["GET /status"] = function() return 202 end,
      ["GET /both"] = function() return 404, "none of that" end,
      ["GET /text"] = function() return "hello" end,
      ["GET /table"] = function() return { b = 2, a = { 1, 2 } } end,
      ["GET /nothing"] = function() end,
      ["GET /fields"] = function() return 302, nil, { Location = "/text" } end,
      ["GET /html"] = function() return 200, "<p>", { ["Content-Type"] = "text/html" } end,
    }
    local code, body, headers, _ = ask("GET", "/status")
    assert.same({ 202, "", nil }, { code, body, headers["content-type"] })
    code, body, headers = ask("GET", "/both")
    assert.same({ 404, "none of that", "text/plain; charset=utf-8" },
      { code, body, headers["content-type"] })
    code, body = ask("GET", "/text")
    assert.same({ 200, "hello" }, { code, body })
    code, body, headers = ask("GET", "/table")
    assert.same({ 200, '{"a":[1,2],"b":2}', "application/json" },
      { code, body, headers["content-type"] })
    assert.equal(204, (ask("GET", "/nothing")))
    code, _, headers = ask("GET", "/fields")
    assert.same({ 302, "/text" }, { code, headers.location })
    _, _, headers = ask("GET", "/html")
    assert.equal("text/html", headers["content-type"])
  end)

  it("gives a route the parts of the request", function()
    local q
    local ask = site { ["POST /calls/:id/:what"] = function(one) q = one end }
    ask("POST", "/calls/a%20b/play?x=1&y=%C3%A4+z&x=2", { form = { to = "+49 30", ["a&b"] = "=" },
      headers = { ["X-One"] = "1" } })
    assert.same({ "POST", "/calls/a b/play", { id = "a b", what = "play" },
                  { x = "2", y = "ä z" }, { to = "+49 30", ["a&b"] = "=" }, "1" },
      { q.method, q.path, q.params, q.query, q.form, q.headers["x-one"] })
    ask("POST", "/calls/1/x", { json = { list = { 1, "two", net.http.null } } })
    assert.same({ 1, "two", net.http.null }, q.json.list)
    assert.equal("10.0.0", q.remote:sub(1, 0) .. "10.0.0")
  end)

  it("knows which methods a path has", function()
    local ask = site { ["GET /a"] = function() return 200 end,
                       ["PUT /a"] = function() return 201 end,
                       ["DELETE /x/:id"] = function() return 204 end }
    local code, _, headers = ask("POST", "/a")
    assert.same({ 405, "GET, HEAD, PUT" }, { code, headers.allow })
    code, _, headers = ask("GET", "/x/1")
    assert.same({ 405, "DELETE" }, { code, headers.allow })
    assert.equal(201, (ask("PUT", "/a")))
    assert.equal(200, (ask("HEAD", "/a")))
    assert.equal(404, (ask("GET", "/b")))
    assert.equal(404, (ask("GET", "/x/1/2")))
  end)

  it("takes the most specific route", function()
    local ask = site { ["GET /a/:x"] = function() return "one" end,
                       ["GET /a/b"] = function() return "exact" end,
                       ["GET /:y/:z"] = function() return "two" end }
    assert.equal("exact", (select(2, ask("GET", "/a/b"))))
    assert.equal("one", (select(2, ask("GET", "/a/c"))))
    assert.equal("two", (select(2, ask("GET", "/d/c"))))
  end)

  it("runs each request as a task, which may wait", function()
    local ask = site { ["GET /slow"] = function()
      net:sleep "2s"
      return 200
    end }
    local began = net:now()
    assert.equal(200, (ask("GET", "/slow")))
    assert.truthy(net:now() - began >= 2)
  end)

  it("contains a route that raises, or answers what cannot be sent", function()
    local ask = site {
      ["GET /raises"] = function() error "oops" end,
      ["GET /status"] = function() return 99 end,
      ["GET /field"] = function() return 200, "", { ["X"] = "a\r\nSet-Cookie: b" } end,
      ["GET /json"] = function() return 200, { f = print } end,
      ["POST /json"] = function(q) return 200, { got = q.json.x } end,
    }
    for _, path in ipairs { "/raises", "/status", "/field", "/json" } do
      assert.equal(500, (ask("GET", path)), path)
    end
    assert.matches("oops", table.concat(net.log_lines, "\n"))
    local code, body = ask("POST", "/json", { body = "{]" })
    assert.equal(400, code)
    assert.matches("line 1", body)
  end)

  it("raises for what are no routes, addresses or options", function()
    local serve = net.http.serve
    for _, key in ipairs { "/x", "get /x", "GET x", "GET", 5 } do
      assert.has_error(function() serve(":80", { [key] = print }) end)
    end
    assert.has_error(function() serve(":80", { ["GET /"] = 5 }) end)
    assert.has_error(function() serve(":80", { ["POST /"] = "folder" }) end)
    assert.has_error(function() serve("example.com:80", {}) end)
    assert.has_error(function() serve(":80", {}, { max = 1 }) end)
    assert.has_error(function() serve(":80", {}, { tls = {} }) end)
  end)
end)

describe("a folder that is served", function()
  local folder, net

  setup(function()
    folder = scratch.folder()
    folder:write("www/index.html", "<h1>hello</h1>")
    folder:write("www/app.js", "1")
    folder:write("www/sub/index.html", "sub")
    folder:write("www/.secret", "hidden")
    folder:write("secret", "outside")
    folder:write("www-2/x", "sibling")
  end)
  teardown(function() folder:remove() end)
  before_each(function()
    net = test.net()
    net:site("http://www.example", { ["GET /"] = folder.path .. "/www",
                                     ["GET /app"] = function() return "a route" end })
  end)
  after_each(function() net:close() end)

  local function get(path)
    local res, err = net.http.get("http://www.example" .. path)
    local one = res or err.response
    return one.code, one.body, one.headers["content-type"]
  end

  it("gives files with their types, and the index of folders", function()
    assert.same({ 200, "<h1>hello</h1>", "text/html; charset=utf-8" }, { get "/" })
    assert.same({ 200, "1", "text/javascript; charset=utf-8" }, { get "/app.js" })
    assert.same({ 200, "sub", "text/html; charset=utf-8" }, { get "/sub/" })
    assert.equal("a route", (select(2, get "/app")))
    assert.equal(404, (get "/none.html"))
    assert.equal(404, (get "/sub")) -- a folder is no file
  end)

  it("gives nothing that is outside of it, or hidden", function()
    for _, path in ipairs { "/../secret", "/%2e%2e/secret", "/..%2fsecret", "/sub/../../secret",
      "/.secret", "/sub//index.html", "//secret", "/..\\secret", "/%5c..%5csecret", "/app.js%00",
      "/....//secret", "/../www-2/x", "/./app.js", "/%" } do
      local code, body = get(path)
      assert.truthy(code == 404 or code == 400, path .. ": " .. code)
      assert.is_nil(body:find "outside")
    end
  end)

  it("does not take a POST", function()
    local _, err = net.http.post("http://www.example/", { body = "x" })
    assert.truthy(err.code == 404 or err.code == 405)
  end)
end)

describe("http.metrics", function()
  it("has every counter of sip.metrics, with its type (Prometheus text format)", function()
    local net <close> = test.net()
    local alice, bob = net:agent "sip:alice@example.com", net:agent "sip:bob@example.com"
    bob:on("MESSAGE", function(req) return req:reply(200) end)
    assert(alice:request("MESSAGE", bob):wait())
    local web = require("moonsip.web").of(alice.context)
    local status, text, fields = web.metrics()
    assert.same({ 200, "text/plain; version=0.0.4; charset=utf-8" },
      { status, fields["Content-Type"] })
    assert.truthy(text:find "# TYPE moonsip_received_total counter\nmoonsip_received_total 1\n")
    assert.truthy(text:find "# TYPE moonsip_dialogs gauge\nmoonsip_dialogs 0\n")
    for line in text:gmatch "[^\n]+" do
      assert.truthy(line:find "^# TYPE moonsip_[%w_]+ %l+$" or line:find "^moonsip_[%w_]+ %d+$",
        line)
    end
  end)
end)

describe("JSON (RFC 8259)", function()
  local net <const> = test.net()
  local encode <const>, decode <const> = net.http.encode, net.http.decode

  it("goes there and back", function()
    for _, text in ipairs { '{"a":[1,2.5,"x",true,false,null],"b":{}}', '[]', '"\\u00e4\\n"',
      "[[],[[1]]]", "9007199254740993", "-0.001" } do
      local value = assert(decode(text))
      assert.same(value, decode(encode(value)))
    end
    assert.equal("[]", encode(net.http.list {}))
    assert.equal("{}", encode {})
    assert.equal('{"a":null}', encode { a = net.http.null })
    assert.equal(9007199254740993, decode "9007199254740993")
  end)

  it("says what is wrong with a text", function()
    for _, text in ipairs { "", "{", "[1,]", "{'a':1}", '{"a":1,"a":2}', "nul", "[1] x",
      '"\xff"', '"\\u0000"', "1e999", "99999999999999999999", ("["):rep(65) .. ("]"):rep(65),
      ("["):rep(100000), ('{"a":'):rep(100000) } do
      local value, err = decode(text)
      assert.is_nil(value, text:sub(1, 20))
      assert.equal("invalid", err.kind)
    end
    assert.truthy(decode(("["):rep(64) .. ("]"):rep(64)))
  end)

  it("raises for values that it does not have", function()
    local circle = {}
    circle.circle = circle
    for _, value in ipairs { print, { [{}] = 1 }, { 1 / 0 }, { 0 / 0 }, { "\xff" }, circle,
      { ["\xff"] = 1 }, { [2.5] = 1 }, io.stdout } do
      assert.has_error(function() encode(value) end)
    end
    assert.truthy(core.json_encode)
  end)
end)
