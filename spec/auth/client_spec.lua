-- SPDX-License-Identifier: MIT
--
-- An agent that is asked who it is, by servers of ours and by peers made by hand.

local core <const> = require "moonsip.core"
local test <const> = require "moonsip.test"
local digest <const> = require "moonsip.digest"
local messages <const> = require "spec.support.messages"

-- A server that asks, and a client.
local function pair(o)
  o = o or {}
  local net <const> = test.net { seed = 5 }
  local server <const> = net:agent("sip:pbx@10.0.0.1", { address = "10.0.0.1" })
  local auth <const> = digest.new(server.context, {
    realm = o.realm or "pbx.example", algorithms = o.algorithms, qop = o.qop, lifetime = o.lifetime,
    any_uri = o.any_uri,
    secret = function(user) return user == "alice" and "wonderland" or nil end,
  })
  local state <const> = { net = net, server = server, seen = {} }
  server:on("request", function(req)
    state.seen[#state.seen + 1] = req.message.text
    if not auth:check(req, o.check) then return end
    if req.method == "INVITE" then
      if o.ring then req:progress(183, { reliable = true, sdp = true }) end
      local call <const> = req:answer()
      for _, method in ipairs { "INFO", "MESSAGE" } do
        call:on(method, function(inner) return inner:reply(200) end)
      end
      return call:wait_end()
    end
    return req:reply(200)
  end)
  state.client = net:agent("sip:alice@10.0.0.2", { address = "10.0.0.2" })
  return state
end

-- A client, and a peer made by hand: `exchange(status, lines)` answers the next MESSAGE and
-- gives its text.
local function by_hand()
  local net <const> = test.net()
  local peer <const> = net:endpoint "10.0.0.9:5060"
  return net:agent "sip:alice@example.com", function(status, lines, to_tag)
    local got <const> = assert(peer:expect "MESSAGE")
    peer:send(messages.answer(got.bytes, status, { contact = false, lines = lines,
                                                   to_tag = to_tag }))
    return got.bytes
  end
end

local BY_HAND <const> = { uri = "sip:x@10.0.0.9", username = "alice", password = "p" }
local ASKED <const> =
  { 'WWW-Authenticate: Digest realm="r", nonce="one", qop="auth", algorithm=MD5' }

local ALICE <const> = { username = "alice", password = "wonderland" }
local WHERE <const> = "sip:pbx@10.0.0.1"

local function with(o)
  local options <const> = { username = "alice", password = "wonderland" }
  for key, value in pairs(o or {}) do options[key] = value end
  return options
end

describe("an agent that is challenged (RFC 3261 22.2)", function()
  it("sends the request again, with proof, the same Call-ID and From tag, the next CSeq", function()
    local state <const> = pair()
    local res <const> = assert(state.client:request("MESSAGE", WHERE, with { body = "hi" }):wait())
    assert.same(200, res.code)
    assert.same(2, #state.seen)
    local first <const>, second <const> = state.seen[1], state.seen[2]
    assert.same(messages.header(first, "Call%-ID"), messages.header(second, "Call%-ID"))
    assert.same(messages.header(first, "From"), messages.header(second, "From"))
    assert.same({ "1 MESSAGE", "2 MESSAGE" },
      { messages.header(first, "CSeq"), messages.header(second, "CSeq") })
    assert.is_nil(messages.header(first, "Authorization"))
    assert.truthy(messages.header(second, "Authorization"):find('^Digest username="alice"'))
  end)

  it("takes the topmost algorithm that it knows (RFC 8760 2.4)", function()
    for _, top in ipairs { "SHA-512-256", "SHA-256", "MD5-sess" } do
      local state <const> = pair { algorithms = { top, "MD5" } }
      assert(state.client:request("MESSAGE", WHERE, with()):wait())
      local proof <const> = messages.header(state.seen[2], "Authorization")
      assert.truthy(proof:find("algorithm=" .. top, 1, true))
    end
  end)

  it("answers auth-int where that is all there is", function()
    local state <const> = pair { qop = "auth-int" }
    assert(state.client:request("MESSAGE", WHERE, with { body = "hello" }):wait())
    assert.truthy(messages.header(state.seen[2], "Authorization"):find "qop=auth%-int")
  end)

  it("answers a proxy's 407 in its own header (22.3)", function()
    local state <const> = pair { check = { proxy = true } }
    assert(state.client:request("MESSAGE", WHERE, with()):wait())
    assert.truthy(messages.header(state.seen[2], "Proxy%-Authorization"))
    assert.is_nil(messages.header(state.seen[2], "Authorization"))
  end)

  -- The proof in a request of alice's, worked out anew; its nonce count.
  local function check_proof(text)
    local line <const> = messages.header(text, "Authorization")
    local parts <const> = { password = "wonderland", method = text:match "^%S+",
                            body = text:match "\r\n\r\n(.*)" }
    for name, value in line:gmatch '(%w+)="?([^",]+)"?' do parts[name] = parts[name] or value end
    local response <const> = parts.response
    parts.response = nil
    assert.same(core.digest.response(parts), response, text)
    assert.same(text:match "^%S+ (%S+)", parts.uri)
    return tonumber(parts.nc, 16)
  end

  it("proves itself on every request of a call: INVITE, ACK, PRACK, UPDATE, INFO, BYE ... (22.1)",
    function()
    local state <const> = pair { ring = true }
    local call <const> = assert(state.client:call(WHERE, with()))
    assert(call:request("INFO", { body = "1" }):wait())
    assert(call:request("MESSAGE", { body = "hi" }):wait())
    assert(call:update())
    assert(call:reinvite())
    call:hangup()
    state.net:settle()
    local proven <const>, last, of_invite = {}, 0, nil
    for _, one in ipairs(state.net:messages { from = state.client, retransmissions = false }) do
      local method <const> = one.bytes:match "^(%u+) "
      local line <const> = messages.header(one.bytes, "Authorization")
      if method == "ACK" and line then
        assert.same(of_invite, line) -- it repeats those of its INVITE (22.1)
        proven[#proven + 1] = method
      elseif method and line then
        assert.same(last + 1, check_proof(one.bytes))
        proven[#proven + 1], last = method, last + 1
        if method == "INVITE" then of_invite = line end
      elseif method then
        proven[#proven + 1] = method .. " without"
      end
    end
    assert.same({ "INVITE without", "ACK without", "INVITE", "PRACK", "ACK", "INFO", "MESSAGE",
                  "UPDATE", "INVITE", "ACK", "BYE" }, proven)
  end)

  it("proves itself for every method outside of calls, from the second round on", function()
    local state <const> = pair()
    local gateway <const> = { uri = WHERE, username = "alice", password = "wonderland" }
    for at, method in ipairs { "OPTIONS", "REGISTER", "MESSAGE", "INFO", "PUBLISH", "NOTIFY",
                               "REFER", "SUBSCRIBE", "UPDATE", "FOO" } do
      local before <const> = #state.seen
      assert.same(200, state.client:request(method, gateway):wait().code, method)
      assert.same(before + (at == 1 and 2 or 1), #state.seen, method)
      assert.same(at, check_proof(state.seen[#state.seen]))
    end
  end)

  it("hears the answer alone: a challenge that is answered is nobody's event", function()
    local state <const> = pair()
    local seen <const> = {}
    state.client:on("4xx", function(res) seen[#seen + 1] = res.code end)
    state.client:on("2xx", function(res) seen[#seen + 1] = res.code end)
    assert(state.client:request("MESSAGE", WHERE, with()):wait())
    state.net:settle()
    assert.same({ 200 }, seen)
  end)

  it("gives up with kind auth when the password is wrong", function()
    local state <const> = pair()
    local res <const>, err = state.client:request("MESSAGE", WHERE, with { password = "x" }):wait()
    assert.is_nil(res)
    assert.same({ "auth", 401 }, { err.kind, err.code })
    assert.same(2, #state.seen)
  end)
end)

describe("credentials that are remembered", function()
  it("save the second round trip, each time with the next count", function()
    local state <const> = pair()
    local gateway <const> = { uri = WHERE, username = "alice", password = "wonderland" }
    for _ = 1, 4 do assert(state.client:request("MESSAGE", gateway):wait()) end
    assert.same(5, #state.seen)
    for i, nc in ipairs { "00000001", "00000002", "00000003", "00000004" } do
      assert.truthy(messages.header(state.seen[i + 1], "Authorization"):find("nc=" .. nc, 1, true))
    end
  end)

  it("are those of an agent as well as of a gateway", function()
    local state <const> = pair()
    local agent <const> = state.net:agent("sip:alice@10.0.0.3", { address = "10.0.0.3",
      credentials = { ALICE } })
    for _ = 1, 2 do assert(agent:request("MESSAGE", WHERE):wait()) end
    assert.same(3, #state.seen)
  end)

  it("are proven anew when the nonce is stale (7616 3.3)", function()
    local state <const> = pair { lifetime = "10s" }
    local gateway <const> = { uri = WHERE, username = "alice", password = "wonderland" }
    assert(state.client:request("MESSAGE", gateway):wait())
    state.net:advance "11s"
    assert(state.client:request("MESSAGE", gateway):wait())
    assert.same(4, #state.seen)
    assert(state.client:request("MESSAGE", gateway):wait())
    assert.same(5, #state.seen)
  end)

  it("take the nextnonce of Authentication-Info (7616 3.5)", function()
    local client <const>, exchange <const> = by_hand()
    local first <const> = client:request("MESSAGE", BY_HAND)
    exchange(401, ASKED)
    exchange(200, { 'Authentication-Info: nextnonce="two"' })
    assert(first:wait())
    client:request("MESSAGE", BY_HAND)
    local text <const> = exchange(200)
    assert.truthy(messages.header(text, "Authorization"):find 'nonce="two".*nc=00000001')
  end)
end)

describe("an agent that several ask (22.3)", function()
  it("proves itself to the proxy and to the server behind it, in one request", function()
    local client <const>, exchange <const> = by_hand()
    local asking <const> = client:request("MESSAGE", BY_HAND.uri, { credentials = {
      { username = "alice", password = "p", realm = "proxy" },
      { username = "alice", password = "s", realm = "server" } } })
    for _, one in ipairs { { 407, "Proxy-Authenticate", "proxy" },
                           { 401, "WWW-Authenticate", "server" } } do
      local status <const>, header <const>, realm <const> = table.unpack(one)
      exchange(status, { ('%s: Digest realm="%s", nonce="n%s", qop="auth"')
        :format(header, realm, realm) }, realm)
    end
    local text <const> = exchange(200)
    assert.matches('realm="proxy"', messages.header(text, "Proxy%-Authorization"))
    assert.matches('realm="server".*nc=00000001', messages.header(text, "Authorization"))
    assert.same(200, asking:wait().code)
  end)

  it("believes a next nonce of who proves to know the secret", function()
    local state <const> = pair { lifetime = "10s" }
    local gateway <const> = { uri = WHERE, username = "alice", password = "wonderland" }
    assert(state.client:request("MESSAGE", gateway):wait())
    state.net:advance "6s"
    local res <const> = assert(state.client:request("MESSAGE", gateway):wait())
    assert.matches("nextnonce=.*rspauth=", res.headers["Authentication-Info"])
    state.net:advance "6s"
    local before <const> = #state.seen
    assert(state.client:request("MESSAGE", gateway):wait())
    assert.same(before + 1, #state.seen) -- without a challenge
  end)

  it("believes no next nonce whose proof is wrong", function()
    local client <const>, exchange <const> = by_hand()
    local first <const> = client:request("MESSAGE", BY_HAND)
    exchange(401, ASKED)
    exchange(200, { 'Authentication-Info: nextnonce="evil", rspauth="00", cnonce="x", '
      .. 'nc=00000001' })
    assert(first:wait())
    client:request("MESSAGE", BY_HAND)
    assert.matches('nonce="one"', messages.header(exchange(200), "Authorization"))
  end)
end)

describe("whom an agent proves itself to (bug classes 24, 31)", function()
  local function challenged(realm, options, gateway)
    local net <const> = test.net()
    local client <const> = net:agent "sip:alice@example.com"
    local peer <const> = net:endpoint "10.0.0.9:5060"
    local exchange <const> = client:request("MESSAGE", gateway or "sip:x@10.0.0.9", options)
    local sent = 0
    for i = 1, 10 do
      local got <const> = peer:expect("MESSAGE", 2000)
      if not got then break end
      sent = sent + 1
      peer:send(messages.answer(got.bytes, 401, { contact = false, to_tag = "t" .. i, lines = {
        ('WWW-Authenticate: Digest realm="%s", nonce="n%d", qop="auth", stale=true')
          :format(realm, i) } }))
    end
    local res <const>, err = exchange:wait()
    assert.is_nil(res)
    return sent, err
  end

  it("a realm that the credentials name, and no other", function()
    assert.same(1, (challenged("evil.example", with { realm = "pbx.example" })))
    assert.same(3, (challenged("pbx.example", with { realm = "pbx.example" })))
  end)

  it("nobody, without credentials", function()
    local sent <const>, err = challenged("pbx.example", {})
    assert.same({ 1, "auth" }, { sent, err.kind })
  end)

  it("at most twice, whatever new nonces come", function()
    local sent <const>, err = challenged("pbx.example", with())
    assert.same({ 3, "auth" }, { sent, err.kind })
  end)

  it("no peer who called us and challenges our BYE", function()
    local net <const> = test.net()
    local agent <const> = net:agent("sip:alice@10.0.0.2", { address = "10.0.0.2",
      credentials = { ALICE } })
    local peer <const> = net:endpoint "10.0.0.9:5060"
    agent:on("INVITE", function(req)
      local call <const> = req:answer { sdp = "v=0\r\n" }
      net:sleep(1)
      call:hangup()
    end)
    peer:send(messages.invite { uri = "sip:alice@10.0.0.2" }, "10.0.0.2:5060")
    local ok <const> = peer:expect(200).bytes
    peer:send(messages.ack { branch = "z9hG4bKa", to_tag = messages.tag(ok, "To") })
    local bye <const> = peer:expect "BYE"
    peer:send(messages.answer(bye.bytes, 401, { contact = false, lines = {
      'WWW-Authenticate: Digest realm="pbx.example", nonce="n", qop="auth"' } }))
    assert.is_nil(peer:expect("BYE", 5000))
  end)

  it("never with Basic or an unknown algorithm (RFC 8760 2.6)", function()
    local net <const> = test.net()
    local client <const> = net:agent "sip:alice@example.com"
    local peer <const> = net:endpoint "10.0.0.9:5060"
    for _, value in ipairs { 'Basic realm="r"', 'Digest realm="r", nonce="n", algorithm=SHA-1',
      'Digest realm="r", nonce="n", qop="other"', 'Digest realm="r"', 'Digest nonce="n"' } do
      local exchange <const> = client:request("MESSAGE", "sip:x@10.0.0.9", with())
      local got <const> = peer:expect "MESSAGE"
      peer:send(messages.answer(got.bytes, 401, { contact = false,
        lines = { "WWW-Authenticate: " .. value } }))
      assert.is_nil(exchange:wait())
      assert.is_nil(peer:expect("MESSAGE", 3000), value)
    end
  end)
end)
