-- SPDX-License-Identifier: MIT
--
-- A server that asks who is there, and a client made by hand.

local core <const> = require "moonsip.core"
local test <const> = require "moonsip.test"
local messages <const> = require "spec.support.messages"

local REALM <const>, URI <const> = "example.com", "sip:bob@10.0.0.1"

-- A server with one user, its agent, and a client that answers challenges by hand.
local function setup_with(options)
  local net <const> = test.net { seed = 3 }
  local server <const> = net:agent("sip:bob@10.0.0.1",
    { address = "10.0.0.1", guard = false })
  local settings <const> = { realm = REALM, secret = function(user)
    return user == "alice" and "wonderland" or nil
  end }
  for key, value in pairs(options or {}) do settings[key] = value end
  local state <const> = { net = net, users = {}, errors = {}, n = 0 }
  state.auth = require("moonsip.digest").new(server.context, settings)
  server:on("request", function(req)
    local user <const>, err = state.auth:check(req, state.check_options)
    state.users[#state.users + 1] = user or false
    state.errors[#state.errors + 1] = err
    if user then return req:reply(200) end
  end)
  state.peer = net:endpoint "10.0.0.9:5060"
  return state
end

local function ask(state, method, lines, o)
  state.n = state.n + 1
  local request <const> = { branch = "z9hG4bK" .. state.n, call_id = "c" .. state.n,
    cseq = state.n,
    method = method, lines = lines, uri = URI }
  for key, value in pairs(o or {}) do request[key] = value end
  state.peer:send(messages.request(request), "10.0.0.1:5060")
  return state.peer:expect().bytes
end

local function parameter(challenge, name)
  return challenge:match(name .. '="([^"]*)"') or challenge:match(name .. "=([^,%s]+)")
end

-- The header line of credentials for a challenge; o changes parts after the fact.
local function credentials(challenge, o)
  o = o or {}
  local parts <const> = { username = "alice", password = "wonderland", realm = REALM,
    nonce = parameter(challenge, "nonce"), algorithm = parameter(challenge, "algorithm"),
    qop = "auth", nc = "00000001", cnonce = "abc", method = "MESSAGE", uri = URI }
  for key, value in pairs(o) do parts[key] = value or nil end
  local response <const> = o.response or core.digest.response(parts)
  local text = ('%s: Digest username="%s", realm="%s", nonce="%s", uri="%s", '
    .. 'response="%s", algorithm=%s')
    :format(o.header or "Authorization", parts.username, parts.realm, parts.nonce,
      parts.uri, response,
      parts.algorithm)
  if parts.qop then text = text .. (', qop=%s, nc=%s, cnonce="%s"'):format(parts.qop,
    parts.nc, parts.cnonce) end
  return text
end

local function status(text) return (messages.kind(text)) end

describe("a challenge (RFC 3261 22.2, RFC 8760 2.3)", function()
  it("comes once per algorithm, most wanted first, with realm, nonce and qop", function()
    local state <const> = setup_with()
    local text <const> = ask(state, "MESSAGE")
    assert.same(401, status(text))
    local asks <const> = messages.headers(text, "WWW%-Authenticate")
    assert.same({ "SHA-256", "MD5" }, { parameter(asks[1], "algorithm"),
      parameter(asks[2], "algorithm") })
    for _, ask_for in ipairs(asks) do
      assert.same({ REALM, "auth" }, { parameter(ask_for, "realm"), parameter(ask_for,
        "qop") })
      assert.truthy(ask_for:find "^Digest ")
      assert.is_nil(parameter(ask_for, "stale"))
    end
    assert.same({ false }, state.users)
    assert.same("auth", state.errors[1].kind)
  end)

  it("is a 407 for a proxy", function()
    local state <const> = setup_with()
    state.check_options = { proxy = true }
    local text <const> = ask(state, "MESSAGE")
    assert.same(407, status(text))
    local challenge <const> = messages.header(text, "Proxy%-Authenticate")
    assert.same(200, status(ask(state, "MESSAGE", { credentials(challenge,
      { header = "Proxy-Authorization" }) })))
    local fresh <const> = messages.header(ask(state, "MESSAGE"), "Proxy%-Authenticate")
    assert.same(407, status(ask(state, "MESSAGE",
      { credentials(fresh) }))) -- in the wrong header
  end)

  it("leaves no state behind (8.2.7)", function()
    local state <const> = setup_with()
    for _ = 1, 100 do ask(state, "MESSAGE") end
    assert.same(0, state.net:live())
  end)
end)

describe("credentials (RFC 7616 3.4)", function()
  it("prove the user, by each algorithm and qop", function()
    for _, algorithm in ipairs { "MD5", "SHA-256", "SHA-512-256", "MD5-sess",
      "SHA-256-sess", "SHA-512-256-sess" } do
      for _, qop in ipairs { "auth", "auth-int" } do
        local state <const> = setup_with { algorithms = algorithm, qop = { "auth",
          "auth-int" } }
        local challenge <const> = messages.header(ask(state, "MESSAGE"),
          "WWW%-Authenticate")
        local body <const> = "hello"
        local line <const> = credentials(challenge, { qop = qop, body = body })
        assert.same(200, status(ask(state, "MESSAGE", { line }, { body = body })),
          algorithm .. qop)
        assert.same({ false, "alice" }, state.users)
      end
    end
  end)

  it("may rest on a stored hash, and the look-up may wait", function()
    local state
    state = setup_with { algorithms = "SHA-256", secret = function(user, realm)
      state.net:sleep(2)
      return { ha1 = core.digest.ha1 { username = user, realm = realm,
        password = "wonderland",
        algorithm = "SHA-256" } }
    end }
    local challenge <const> = messages.header(ask(state, "MESSAGE"), "WWW%-Authenticate")
    local line <const> = credentials(challenge)
    assert.same(200, status(ask(state, "MESSAGE", { line })))
    assert.is_true(state.net:now() >= 2)
  end)

  it("with any part wrong, missing or of another kind are refused (bug classes 35, 36)",
    function()
    local state <const> = setup_with()
    local function refused(what, edit, o)
      local challenge <const> = messages.header(ask(state, "MESSAGE"),
        "WWW%-Authenticate")
      local line <const> = credentials(challenge, o)
      assert.same(401, status(ask(state, "MESSAGE", { (edit and edit(line) or line) })),
        what)
    end
    for _, name in ipairs { "username", "realm", "nonce", "uri", "response", "qop", "nc",
      "cnonce" } do
      refused("without " .. name, function(line)
        return (line:gsub(",? ?" .. name .. '="[^"]*"', "", 1):gsub(",? ?" .. name
          .. "=[^,]+", "", 1)
          :gsub("Digest,", "Digest"))
      end)
    end
    refused("wrong password", nil, { password = "x" })
    refused("wrong user", nil, { username = "mallory" })
    refused("other realm", nil, { realm = "other.example" })
    refused("other uri", nil, { uri = "sip:eve@10.0.0.1" })
    refused("other method", nil, { method = "INVITE" })
    refused("a qop not offered", nil, { qop = "auth-int" })
    refused("no qop", nil, { qop = false })
    refused("a count of zero", nil, { nc = "00000000" })
    refused("a short count", nil, { nc = "1" })
    refused("a forged nonce", nil, { nonce = ("0"):rep(44) })
    refused("an algorithm not offered", nil, { algorithm = "SHA-512-256" })
    refused("an empty response (RFC 8760 2.7)", nil, { response = "" })
    refused("Digestn", function(line) return (line:gsub("Digest ", "Digestn ")) end)
    refused("Basic (RFC 8760 2.6)",
      function() return "Authorization: Basic YWxpY2U6d29uZGVybGFuZA==" end)
    for _, user in ipairs(state.users) do assert.is_false(user) end
  end)

  it("are good once; a stale nonce is named as such (5.5)", function()
    local state <const> = setup_with { lifetime = "10s" }
    local challenge <const> = messages.header(ask(state, "MESSAGE"), "WWW%-Authenticate")
    assert.same(200, status(ask(state, "MESSAGE", { credentials(challenge) })))
    local again <const> = ask(state, "MESSAGE", { credentials(challenge) })
    assert.same(401, status(again))
    assert.same("true", parameter(messages.header(again, "WWW%-Authenticate"), "stale"))
    assert.same(200, status(ask(state, "MESSAGE", { credentials(challenge,
      { nc = "00000002" }) })))
    state.net:advance "11s"
    local late <const> = ask(state, "MESSAGE", { credentials(challenge,
      { nc = "00000003" }) })
    assert.same("true", parameter(messages.header(late, "WWW%-Authenticate"), "stale"))
    local wrong <const> = ask(state, "MESSAGE", { credentials(challenge,
      { nc = "00000004", password = "x" }) })
    assert.is_nil(parameter(messages.header(wrong, "WWW%-Authenticate"), "stale"))
  end)

  it("of a user who does not exist are answered as a wrong password (bug class 33)",
    function()
    local function answer(o)
      local state <const> = setup_with()
      local challenge <const> = messages.header(ask(state, "MESSAGE"),
        "WWW%-Authenticate")
      local text <const> = ask(state, "MESSAGE", { credentials(challenge, o) })
      return (text:gsub('nonce="%x+"', "nonce"):gsub(";tag=%w+", ""))
    end
    assert.same(answer { password = "wrong" }, answer { username = "nobody" })
  end)

  it("without qop are taken where told to, a nonce once (RFC 3261 22.4)", function()
    local state <const> = setup_with { without_qop = true }
    local challenge <const> = messages.header(ask(state, "MESSAGE"), "WWW%-Authenticate")
    local line <const> = credentials(challenge, { qop = false })
    assert.same(200, status(ask(state, "MESSAGE", { line })))
    assert.same(401, status(ask(state, "MESSAGE", { line })))
  end)

  it("for another uri are taken where told to (RFC 8760 2.6)", function()
    local state <const> = setup_with { any_uri = true }
    local challenge <const> = messages.header(ask(state, "MESSAGE"), "WWW%-Authenticate")
    assert.same(200, status(ask(state, "MESSAGE", { credentials(challenge,
      { uri = "sip:eve@10.0.0.1" }) })))
  end)

  it("are found among those of other realms", function()
    local state <const> = setup_with()
    local challenge <const> = messages.header(ask(state, "MESSAGE"), "WWW%-Authenticate")
    assert.same(200, status(ask(state, "MESSAGE", { credentials(challenge,
      { realm = "other.example" }),
      credentials(challenge) })))
  end)

  it("hold for every method (bug class 32)", function()
    for _, method in ipairs { "INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "NOTIFY",
      "PUBLISH", "INFO", "REFER",
      "MESSAGE", "UPDATE", "PRACK", "FOO" } do
      local state <const> = setup_with()
      local challenge <const> = messages.header(ask(state, method), "WWW%-Authenticate")
      assert.same(401, status(ask(state, method, { credentials(challenge,
        { method = "ACK" }) })), method)
      assert.same(200, status(ask(state, method, { credentials(challenge,
        { method = method }) })), method)
    end
  end)

  it("come too late when the caller gave up while the look-up waited", function()
    local state
    state = setup_with { secret = function()
      state.net:sleep(5)
      return "wonderland"
    end }
    local challenge <const> = messages.header(ask(state, "INVITE"), "WWW%-Authenticate")
    local o <const> = { branch = "z9hG4bKlate", call_id = "late", cseq = 9, uri = URI,
      method = "INVITE",
      lines = { credentials(challenge, { method = "INVITE" }) } }
    state.peer:send(messages.request(o), "10.0.0.1:5060")
    state.net:advance "1s"
    o.method, o.lines = "CANCEL", nil
    state.peer:send(messages.request(o), "10.0.0.1:5060")
    state.net:advance "10s"
    assert.same("cancelled", state.errors[2].kind)
  end)
end)

describe("Authentication-Info (RFC 7616 3.5)", function()
  local function info_of(text) return messages.header(text, "Authentication%-Info") end

  it("is in every 2xx where told to, with a proof of ours, also over the body", function()
    for _, qop in ipairs { "auth", "auth-int" } do
      local state <const> = setup_with { mutual = true, algorithms = "SHA-256", qop = qop }
      local challenge <const> = messages.header(ask(state, "MESSAGE"), "WWW%-Authenticate")
      local text <const> = ask(state, "MESSAGE",
        { credentials(challenge, { qop = qop, body = "hi" }) }, { body = "hi" })
      local info <const> = info_of(text)
      local expected <const> = core.digest.rspauth { username = "alice", password = "wonderland",
        realm = REALM, nonce = parameter(challenge, "nonce"), algorithm = "SHA-256", qop = qop,
        nc = "00000001", cnonce = "abc", uri = URI, body = "" }
      assert.same({ expected, qop, "abc", "00000001" }, { parameter(info, "rspauth"),
        parameter(info, "qop"), parameter(info, "cnonce"), parameter(info, "nc") })
      assert.is_nil(parameter(info, "nextnonce"))
    end
  end)

  it("names the next nonce when the one that was used is half as old as it may get", function()
    local state <const> = setup_with { lifetime = "10s" }
    local challenge <const> = messages.header(ask(state, "MESSAGE"), "WWW%-Authenticate")
    assert.is_nil(info_of(ask(state, "MESSAGE", { credentials(challenge) })))
    state.net:advance "6s"
    local info <const> = info_of(ask(state, "MESSAGE", { credentials(challenge,
      { nc = "00000002" }) }))
    state.net:advance "6s"
    assert.same(200, status(ask(state, "MESSAGE", { credentials(challenge,
      { nonce = parameter(info, "nextnonce") }) })))
  end)

  it("is in no challenge", function()
    local state <const> = setup_with { mutual = true }
    assert.is_nil(info_of(ask(state, "MESSAGE")))
  end)
end)

describe("sip.digest", function()
  it("names a wrong argument at the caller's line", function()
    local context <const> = test.net():agent("sip:x@10.0.0.1").context
    local new <const> = require("moonsip.digest").new
    local right <const> = { realm = "r", secret = function() end }
    for name, bad in pairs { realm = "a\r\nb", secret = "x", algorithms = "SHA-1",
      qop = "none", lifetime = "x",
      unknown = 1 } do
      local options <const> = { realm = right.realm, secret = right.secret }
      options[name] = bad
      local ok <const>, err = pcall(new, context, options)
      assert.is_false(ok)
      assert.truthy(err:find(name, 1, true), err)
      assert.truthy(err:find("check_spec.lua", 1, true), err)
    end
  end)
end)
