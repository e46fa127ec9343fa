-- SPDX-License-Identifier: MIT
--
-- core.verifier: the two steps of a check, by hand.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"

local URI <const>, NOW <const>, LIFETIME <const> = "sip:bob@10.0.0.1", 1000, 10000

local function setup_with(realm, options)
  local nonces <const> = core.nonces { seed = 1, lifetime = LIFETIME }
  local settings <const> = { nonces = nonces, realm = realm, algorithms = { "MD5" },
    qops = { "auth" } }
  for name, value in pairs(options or {}) do settings[name] = value end
  return core.verifier(settings), nonces:new(NOW, realm)
end

-- A MESSAGE with the credentials of alice; o changes the parts that are proven, and
-- `written` how a part is spelled.
local function proven(realm, nonce, o, written)
  local parts <const> = { username = "alice", password = "wonderland", realm = realm,
    nonce = nonce, qop = "auth", nc = "00000001", cnonce = "abc", method = "MESSAGE",
    uri = URI }
  for name, value in pairs(o or {}) do parts[name] = value end
  local text <const> = {}
  for _, name in ipairs { "username", "realm", "nonce", "uri", "cnonce" } do
    text[name] = ('"%s"'):format(parts[name])
  end
  for name, value in pairs(written or {}) do text[name] = value end
  local line <const> = ('Authorization: Digest username=%s, realm=%s, nonce=%s, uri=%s, '
    .. 'response="%s", qop=auth, nc=%s, cnonce=%s'):format(text.username, text.realm,
    text.nonce, text.uri, core.digest.response(parts), parts.nc, text.cnonce)
  return assert(core.message(messages.request { branch = "z9hG4bK1", call_id = "c1",
    cseq = 1, method = "MESSAGE", uri = URI, lines = { line } }))
end

describe("core.verifier", function()
  it("reads an attempt, then proves it", function()
    local verifier <const>, nonce = setup_with "r"
    local message <const> = proven("r", nonce)
    local attempt <const>, user = verifier:read(message, "Authorization", NOW)
    assert.equal("alice", user)
    assert.equal("wrong", attempt:prove("other", NOW))
    assert.same({ "good", false }, { attempt:prove("wonderland", NOW) })
    assert.equal("replayed", (attempt:prove("wonderland", NOW)))
    assert.is_nil(verifier:read(message, "Proxy-Authorization", NOW))
  end)

  it("undoes quoted pairs and folds (RFC 3261 25.1, 7.3.1)", function()
    local realm <const> = 'a "b" c'
    local verifier <const>, nonce = setup_with(realm)
    local message <const> = proven(realm, nonce, { username = [[al\ice x]] },
      { realm = [["a \"b\" c"]], username = "\"al\\\\ice\r\n x\"" })
    local attempt <const>, user = verifier:read(message, "Authorization", NOW)
    assert.equal([[al\ice x]], user)
    assert.equal("good", (attempt:prove("wonderland", NOW)))
  end)

  it("keeps what an attempt needs while the look-up waits", function()
    local verifier, nonce = setup_with "r"
    local attempt
    do
      local message = proven("r", nonce)
      attempt = verifier:read(message, "Authorization", NOW)
      verifier:read(proven("r", nonce, { username = [[b\b]] },
        { username = [["b\\b"]] }), "Authorization", NOW) -- another one meanwhile
      message, verifier = nil, nil -- luacheck: ignore
    end
    collectgarbage()
    collectgarbage()
    assert.equal("good", (attempt:prove("wonderland", NOW)))
    collectgarbage()
    local rspauth <const>, qop, cnonce, count = attempt:rspauth ""
    local expected <const> = core.digest.rspauth { username = "alice",
      password = "wonderland", realm = "r", nonce = nonce, qop = "auth",
      nc = "00000001", cnonce = "abc", uri = URI }
    assert.same({ expected, "auth", "abc", "00000001" }, { rspauth, qop, cnonce, count })
  end)

  it("says when a nonce is getting old, stale, or is none of ours", function()
    local verifier <const>, nonce = setup_with "r"
    local function prove_at(now, count)
      local message <const> = proven("r", nonce, { nc = count })
      local attempt <const> = verifier:read(message, "Authorization", now)
      return attempt:prove("wonderland", now)
    end
    assert.same({ "good", false }, { prove_at(NOW + LIFETIME // 2, "00000001") })
    assert.same({ "good", true }, { prove_at(NOW + LIFETIME // 2 + 1, "00000002") })
    assert.equal("stale", (prove_at(NOW + LIFETIME + 1, "00000003")))
    local forged <const> = proven("r", ("0"):rep(#nonce))
    assert.is_nil(verifier:read(forged, "Authorization", NOW))
  end)

  it("does for a user who does not exist what it does for the others", function()
    local verifier <const>, nonce = setup_with "r"
    local message <const> = proven("r", nonce)
    for _, secret in ipairs { "wonderland", { ha1 = ("0"):rep(32) } } do
      local attempt = verifier:read(message, "Authorization", NOW)
      attempt:prove(secret, NOW)
      attempt = verifier:read(message, "Authorization", NOW)
      assert.equal("wrong", attempt:prove(nil, NOW))
      assert.equal("wrong", attempt:prove(false, NOW))
    end
  end)

  it("refuses what is no secret, and settings that are none", function()
    local verifier <const>, nonce = setup_with "r"
    local attempt <const> = verifier:read(proven("r", nonce), "Authorization", NOW)
    for _, secret in ipairs { 7, true, {} } do
      assert.has_error(function() attempt:prove(secret, NOW) end)
    end
    assert.has_error(function() setup_with("r", { algorithms = { "SHA-1" } }) end)
    assert.has_error(function() setup_with("r", { qops = { "none" } }) end)
    assert.has_error(function() core.verifier { realm = "r" } end)
  end)
end)
