-- SPDX-License-Identifier: MIT
--
-- Bug class 37: state that is committed before credentials are checked. Whoever has not
-- proven himself leaves nothing that anybody meets later.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"
local registrar <const> = require "spec.support.registrar"

local status <const> = registrar.status
local DESK <const>, CELL <const> = "<sip:alice@10.0.0.9>", "<sip:alice@10.0.0.9:5070>"

-- A registrar that asks; `wait` seconds for each secret.
local function guarded(wait)
  local world <const> = registrar.new({ max_contacts = 2 }):listen()
  local auth <const> = world.sip.digest { realm = "example.com", algorithms = "MD5",
    secret = function(user)
      if wait then world.sip.sleep(wait) end
      return user == "alice" and "wonderland" or nil
    end }
  world.server:off "REGISTER"
  world.server:on("REGISTER", function(req)
    if auth:check(req) then return world.loc:save(req) end
  end)
  return world
end

-- Credentials for the nonce of a challenge.
local function credentials(challenge, o)
  o = o or {}
  local nonce <const> = challenge:match 'nonce="([^"]*)"'
  local parts <const> = { algorithm = "MD5", username = "alice", realm = "example.com",
    password = o.password or "wonderland", nonce = nonce, nc = o.nc or "00000001", cnonce = "c",
    qop = "auth", method = "REGISTER", uri = "sip:example.com" }
  return ('Authorization: Digest username="alice", realm="example.com", nonce="%s", '
    .. 'uri="sip:example.com", response="%s", algorithm=MD5, qop=auth, nc=%s, cnonce="c"')
    :format(nonce, core.digest.response(parts), parts.nc)
end

-- Registers as one who knows the password, with a challenge that he got.
local function prove(world, challenge, contacts, o)
  o = o or {}
  o.lines = { credentials(challenge, o) }
  return world:register(contacts, o)
end

describe("bug class 37: before credentials are proven", function()
  local world
  after_each(function() world:close() end)

  it("a REGISTER adds nothing, removes nothing, and takes no place", function()
    world = guarded()
    local challenge <const> = world:register { DESK }
    assert.same(401, status(challenge))
    prove(world, challenge, { DESK }, { password = "guess" })
    assert.same(404, world:found())
    assert.same(200, status(prove(world, challenge, { DESK })))
    for at = 1, 5 do
      world:register { ("<sip:alice@10.0.0.66:%d>"):format(at) }
      prove(world, challenge, { "<sip:alice@10.0.0.66>" }, { password = "guess" .. at })
    end
    world:register({ "*" }, { expires = 0 })
    prove(world, challenge, { "*" }, { expires = 0, password = "guess" })
    assert.same({ "sip:alice@10.0.0.9" }, world:found())
    assert.same(200, status(prove(world, challenge, { CELL }, { nc = "00000002" })))
    assert.same(2, #world:found())
  end)

  it("its Call-ID and CSeq bind nobody (10.3 step 7)", function()
    world = guarded()
    local challenge <const> = world:register({ DESK }, { cseq = 2000000000 })
    prove(world, challenge, { DESK }, { cseq = 2000000001, password = "guess" })
    assert.same(200, status(prove(world, challenge, { DESK }, { cseq = 1 })))
  end)

  it("a nonce count is not used up by who does not know the password", function()
    world = guarded()
    local challenge <const> = world:register { DESK }
    for _ = 1, 3 do
      assert.same(401, status(prove(world, challenge, { DESK }, { password = "guess" })))
    end
    assert.same(200, status(prove(world, challenge, { DESK })))
  end)

  it("nobody hears of him while his secret is looked up, and after it was wrong", function()
    world = guarded(2)
    local challenge <const> = world:register { DESK }
    world.sent, world.cseq = world.sent + 1, world.cseq + 1
    world.phone:send(messages.register { uri = "sip:example.com", contact = DESK,
      to = "<sip:alice@example.com>", from = "<sip:alice@example.com>;tag=w", call_id = "phone-1",
      branch = "z9hG4bKw", cseq = world.cseq,
      lines = { credentials(challenge, { password = "guess" }) } }, "10.0.0.1:5060")
    world.net:advance "1s"
    assert.same(404, world:found())
    world.net:advance "5s"
    assert.same(404, world:found())
    assert.same({}, world:take_events())
  end)

  it("a challenge leaves no transaction and no dialog behind (8.2.7)", function()
    world = guarded()
    for at = 1, 20 do world:register({ DESK }, { call_id = "c" .. at }) end
    local counts <const> = world.server:counts()
    assert.same({ 0, 0 }, { counts.server_transactions, counts.dialogs })
  end)
end)
