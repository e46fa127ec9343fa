-- SPDX-License-Identifier: MIT
-- REFER inside a bridged call that is followed here, with transfer = "local": the other side is
-- joined with whom it names (RFC 3515, RFC 5589 6 and 7), and its phone hears of media alone.

local legs <const> = require "spec.support.legs"
local messages <const> = require "spec.support.messages"

local talks <const> = legs.talks

local CAROL <const> = "sip:carol@10.2.0.2"
local WELCOME <const>, GOODBYE <const> = "examples/prompts/welcome.wav",
  "examples/prompts/goodbye.wav"

local function media_of(text)
  local address <const>, port <const> = text:match "c=IN IP4 (%S+)", text:match "m=audio (%d+)"
  return address .. ":" .. port
end

local function header(text, name) return messages.header(text, (name:gsub("%-", "%%-"))) end

local stage, alice, bob, carol, net, sbc

local function build(options)
  stage = legs.stage(options)
  alice, bob, carol, net, sbc = stage.alice, stage.bob, stage.carol, stage.net, stage.sbc
end

-- Who is called by the user part; the records and errors of the bridges.
local function serve(dial, bridge)
  local chosen <const> = { transfer = "local" }
  for name, value in pairs(bridge or {}) do chosen[name] = value end
  sbc:on("INVITE", function(req)
    local a <close> = req:leg()
    local b <close>, err = a:dial(stage[req.uri.user].contact, dial)
    if not b then return a:reject(err) end
    sbc:emit("cdr", (assert(a:bridge(b, chosen))))
  end)
end

-- A phone that answers by a description of its own, and keeps to it.
local function answers(who, sdp, after)
  who:on("INVITE", function(req)
    req:ring()
    if after then net:sleep(after) end
    local call <const> = req:answer { sdp = sdp }
    if call then call:on("INVITE", function(again) again:answer() end) end
  end)
end

-- Alice's call to somebody: both ends.
local function connect(to, sdp)
  local near <const> = assert(alice:call("sip:" .. to .. "@10.0.0.1", { sdp = sdp }))
  near:on("INVITE", function(req) req:answer() end)
  net:advance "1s"
  return near, stage[to].calls[1]
end

-- A transfer as the phone of one leg asks for it: what it is told, step by step.
local function refer(call, to, options)
  local steps <const> = {}
  local wish <const> = { to = to }
  for name, value in pairs(options or {}) do wish[name] = value end
  call.agent.context.tasks:spawn(call, function()
    for step in call:refer(wish) do
      steps[#steps + 1] = ("%s%s"):format(step.code, step.final and " final" or "")
    end
  end)
  return steps
end

local function finish(...)
  for _, call in ipairs { ... } do call:hangup() end
  stage:finish()
end

describe("a blind transfer that is followed here", function()
  after_each(function() stage:close() end)

  for _, who in ipairs { "alice", "bob" } do
    it("joins who stays with the target, by their descriptions: asked for by " .. who
      .. " (RFC 5589 6.1)", function()
      build()
      serve { media = "direct" }
      answers(bob, talks("10.2.0.1", 5000))
      answers(carol, talks("10.2.0.2", 6000), "2s")
      local near <const>, far = connect("bob", talks("10.1.0.7", 4000))
      far:on("INVITE", function(req) req:answer() end)
      local gone, stays = near, far
      if who == "bob" then gone, stays = far, near end
      local transferred
      for _, leg in ipairs(sbc.calls) do
        leg:on("transferred", function(to, from) transferred = { leg, to, from } end)
      end
      local steps <const> = refer(gone, CAROL)
      net:advance "5s"
      assert.same({ "100", "180", "200 final" }, steps)
      assert.equal("ended", gone.state)
      local third <const> = carol.calls[1]
      assert.equal(media_of(stays.local_sdp), media_of(third.remote_sdp))
      assert.equal("10.2.0.2:6000", media_of(stays.remote_sdp))
      assert.equal(who == "bob" and "alice" or "bob", third.from.user)
      assert.same({ 1, 0 }, { net:count { method = "REFER", retransmissions = false },
        net:count { method = "REFER", from = sbc } })
      assert.matches("carol", transferred[2].to.uri.user)
      assert.equal(0, #stage.records)
      net:advance "4s"
      third:hangup { reason = "Q.850;cause=16" }
      net:advance "1s"
      assert.equal("ended", stays.state)
      local record <const> = stage.records[1]
      assert.equal(1, #stage.records)
      assert.same({ "answered", who == "alice" and "caller" or "callee" },
        { record.disposition, record.by })
      assert.is_true(record.seconds > 8, record.seconds)
      local one <const> = record.transfers[1]
      assert.same({ who == "alice" and "caller" or "callee", CAROL, 200 },
        { one.by, one.to, one.code })
      finish()
    end)
  end

  it("lets them hear each other through us, and nobody else", function()
    build { media = true }
    serve { media = "relay" }
    answers(bob)
    answers(carol, nil, "10s")
    local near <const>, far <const> = connect "bob"
    refer(near, CAROL)
    net:advance "1s"
    assert(bob:says(WELCOME)) -- both go on until the target has answered
    assert(alice:hears(WELCOME))
    net:advance "10s"
    assert.equal("ended", near.state)
    assert(bob:says(GOODBYE))
    assert(carol:hears(GOODBYE))
    assert(carol:says(WELCOME))
    assert(bob:hears(WELCOME))
    finish(far)
  end)

  for _, media in ipairs { "relay", "direct" } do
    describe("with media = " .. media, function()
      local function offer(host, port)
        return media == "direct" and talks(host, port) or nil
      end
      before_each(function()
        build { media = media == "relay" }
        serve { media = media }
        answers(bob, offer("10.2.0.1", 5000))
      end)

      it("goes on when who asked does not wait for its end", function()
        answers(carol, offer("10.2.0.2", 6000), "3s")
        local near <const>, far <const> = connect("bob", offer("10.1.0.7", 4000))
        refer(near, CAROL)
        net:advance "1s"
        near:hangup()
        net:advance "1s"
        assert.same({ "connected", "ringing" }, { far.state, sbc.calls[#sbc.calls].state })
        net:advance "5s"
        assert.equal(1, #carol.calls)
        assert.equal("connected", far.state)
        assert.equal(media == "direct" and "10.2.0.2:6000" or "10.0.0.1",
          media == "direct" and media_of(far.remote_sdp) or far.media.address)
        finish(far)
      end)

      it("takes off hold who was put there for it (RFC 5589 6.1)", function()
        answers(carol, offer("10.2.0.2", 6000), "1s")
        local near <const>, far <const> = connect("bob", offer("10.1.0.7", 4000))
        assert(near:hold())
        net:advance "1s"
        assert.is_true(far.held)
        refer(near, CAROL)
        net:advance "5s"
        assert.is_false(far.held)
        assert.is_false(carol.calls[1].held)
        assert.equal("sendrecv", far.media.direction)
        assert.equal("sendrecv", carol.calls[1].media.direction)
        finish(far)
      end)

      it("leaves the two as they were when the target refuses (RFC 5589 6.3)", function()
        carol:on("INVITE", function(req) req:reject(486) end)
        local near <const>, far <const> = connect("bob", offer("10.1.0.7", 4000))
        local steps <const> = refer(near, CAROL)
        net:advance "5s"
        assert.same({ "100", "486 final" }, steps)
        assert.same({ "connected", "connected" }, { near.state, far.state })
        local got
        far:on("INFO", function(req)
          got = req.body
          req:reply(200)
        end)
        assert(near:request("INFO", { body = "x" }):wait())
        assert.equal("x", got)
        near:hangup()
        net:advance "1s"
        assert.same({ "caller", CAROL, 486 }, { stage.records[1].transfers[1].by,
          stage.records[1].transfers[1].to, stage.records[1].transfers[1].code })
        assert.equal("caller", stage.records[1].by)
        finish()
      end)

      it("ends both when the target refuses and who asked has left", function()
        carol:on("INVITE", function(req)
          net:sleep "3s"
          req:reject(486)
        end)
        local near <const>, far <const> = connect("bob", offer("10.1.0.7", 4000))
        refer(near, CAROL)
        net:advance "1s"
        near:hangup()
        net:advance "1s"
        assert.equal("connected", far.state)
        net:advance "3s"
        assert.equal("ended", far.state)
        assert.equal("caller", stage.records[1].by)
        finish()
      end)

      it("gives the target up when who is transferred hangs up, or the bridge is over", function()
        for _, how in ipairs { "hangup", "unbridge" } do
          carol:on("INVITE", function(req)
            req:ring()
            net:sleep "1m"
          end)
          local near <const>, far <const> = connect("bob", offer("10.1.0.7", 4000))
          local steps <const> = refer(near, CAROL)
          net:advance "2s"
          if how == "hangup" then far:hangup() else sbc.calls[1]:unbridge() end
          net:advance "2s"
          assert.equal("487 final", steps[#steps], how)
          assert.equal("ended", near.state)
          carol:off "INVITE"
        end
        assert.equal(2, net:count { method = "CANCEL", to = carol, retransmissions = false })
        finish()
      end)

      it("passes what is said inside the call to who is there now", function()
        answers(carol, offer("10.2.0.2", 6000))
        local near <const>, far <const> = connect("bob", offer("10.1.0.7", 4000))
        refer(near, CAROL)
        net:advance "3s"
        local third <const> = carol.calls[1]
        local got
        third:on("INFO", function(req)
          got = req.body
          req:reply(200)
        end)
        assert(far:request("INFO", { body = "x" }):wait())
        assert.equal("x", got)
        assert(far:hold())
        net:advance "1s"
        assert.is_true(third.held)
        assert(far:resume())
        net:advance "1s"
        assert.is_false(third.held)
        finish(far)
      end)

      it("can be followed by another one, of who came by the first", function()
        answers(carol, offer("10.2.0.2", 6000))
        local near <const>, far <const> = connect("bob", offer("10.1.0.7", 4000))
        refer(near, CAROL)
        net:advance "3s"
        answers(alice, offer("10.1.0.7", 4100))
        refer(carol.calls[1], alice.contact)
        net:advance "3s"
        assert.same({ 1, 1, 0 }, { #alice.calls, #bob.calls, #carol.calls })
        if media == "direct" then
          assert.equal("10.1.0.7:4100", media_of(far.remote_sdp))
        else
          assert(alice:says(WELCOME))
          assert(bob:hears(WELCOME))
        end
        far:hangup()
        net:advance "1s"
        local made <const> = stage.records[1]
        assert.same({ 2, "callee" }, { #made.transfers, made.by })
        finish()
      end)

      it("hands over to the other side of another call of ours, with Replaces "
        .. "(RFC 5589 7.1)", function()
        answers(carol, offer("10.2.0.2", 6000))
        local near <const>, far <const> = connect("bob", offer("10.1.0.7", 4000))
        assert(near:hold())
        local second <const> = assert(alice:call("sip:carol@10.0.0.1",
          { sdp = offer("10.1.0.7", 4200) }))
        second:on("INVITE", function(req) req:answer() end)
        net:advance "1s"
        assert(second:hold())
        net:advance "1s"
        local third <const> = carol.calls[1]
        local steps <const> = refer(near, second)
        net:advance "5s"
        assert.same({ "100", "200 final" }, steps)
        assert.same({ "ended", "ended" }, { near.state, second.state })
        assert.same({ 1, 1 }, { #bob.calls, #carol.calls })
        assert.same({ "connected", "connected" }, { far.state, third.state })
        assert.equal(0, net:count { method = "INVITE", to = sbc, from = sbc })
        assert.same({ false, false }, { far.held, third.held })
        if media == "direct" then
          assert.equal("10.2.0.2:6000", media_of(far.remote_sdp))
          assert.equal("10.2.0.1:5000", media_of(third.remote_sdp))
        else
          assert(bob:says(WELCOME))
          assert(carol:hears(WELCOME))
          assert(carol:says(GOODBYE))
          assert(bob:hears(GOODBYE))
        end
        assert.equal(0, #stage.records)
        third:hangup()
        net:advance "1s"
        assert.equal("ended", far.state)
        local by <const> = {}
        for at, one in ipairs(stage.records) do
          by[at] = ("%s: %s"):format(one.leg.to.uri.user, one.by)
        end
        table.sort(by)
        -- Carol was called in one, and is in the place of the caller in the other.
        assert.same({ "bob: caller", "carol: callee" }, by)
        finish()
      end)
    end)
  end
end)

describe("a REFER that is followed here", function()
  local near, far
  local function start(dial, bridge)
    build()
    dial = dial or {}
    dial.media = "direct"
    serve(dial, bridge)
    answers(bob, talks("10.2.0.1", 5000))
    answers(carol, talks("10.2.0.2", 6000))
    near, far = connect("bob", talks("10.1.0.7", 4000))
  end
  after_each(function() stage:close() end)

  local function status(to)
    return select(2, near:request("REFER", { headers = { ["Refer-To"] = to } }):wait()).code
  end

  it("is said in Allow, which phones look at", function()
    start()
    assert.matches("REFER", header(stage:first { method = "INVITE", code = 200, to = alice },
      "Allow"))
    finish(near)
  end)

  it("is refused as RFC 3515 2.4.2 says, but for 416, which would end the call (RFC 5057 "
    .. "5.1)", function()
    start()
    assert.same({ 400, 603, 501 }, { status "<nothing", status "<tel:+441>",
      status "<sip:c@d;method=BYE>" })
    assert.equal(0, net:count { to = carol })
    finish(near)
  end)

  it("waits for no second one: 491 meanwhile; 400 where it is to replace itself", function()
    start()
    carol:off "INVITE"
    answers(carol, talks("10.2.0.2", 6000), "5s")
    refer(near, CAROL)
    net:advance "1s"
    assert.equal(491, status("<" .. CAROL .. ">"))
    net:advance "10s"
    assert.equal("ended", near.state)
    near, far = far, nil
    local own <const> = select(2, near:request("REFER", { headers = { ["Refer-To"] =
      ("<%s?Replaces=%s%%3Bto-tag%%3D%s%%3Bfrom-tag%%3D%s>"):format(CAROL, near.call_id,
        near.remote_tag, near.local_tag) } }):wait()).code
    assert.equal(400, own)
    finish(near)
  end)

  it("carries Referred-By, with our host in it when hosts are hidden (RFC 3892 2.2)", function()
    start()
    refer(near, CAROL, { referred_by = "sip:alice@10.1.0.7" })
    net:advance "3s"
    assert.equal("<sip:alice@10.1.0.7>",
      header(stage:first { method = "INVITE", to = carol }, "Referred-By"))
    finish(far)
    stage:close()
    start { hide = true }
    refer(near, CAROL, { referred_by = "sip:alice@10.1.0.7" })
    net:advance "3s"
    local invite <const> = stage:first { method = "INVITE", to = carol }
    assert.equal("<sip:alice@10.0.0.1>", header(invite, "Referred-By"))
    assert.matches("^<sip:bob@10%.0%.0%.1>", header(invite, "From"))
    assert.is_nil(invite:gsub("\nc=[^\n]*", ""):find("10.2.0.1", 1, true))
    finish(far)
  end)

  it("tells nobody with Refer-Sub: false (RFC 4488 4)", function()
    start()
    refer(near, CAROL, { subscribe = false })
    net:advance "3s"
    assert.equal(0, net:count { method = "NOTIFY" })
    assert.same({ "ended", 1 }, { near.state, #carol.calls })
    finish(far)
  end)

  it("brings Replaces to the target when the call that it names is not ours", function()
    start()
    local direct <const> = assert(alice:call(carol.contact, { sdp = talks("10.1.0.7", 4300) }))
    net:advance "1s"
    local steps <const> = refer(near, direct)
    net:advance "3s"
    assert.equal("200 final", steps[#steps])
    assert.matches("from%-tag", header(stage:first { method = "INVITE", from = sbc, to = carol },
      "Replaces"))
    assert.same({ 0, 1, 1 }, { #alice.calls, #bob.calls, #carol.calls })
    finish(far)
  end)

  it("goes where the script's function says, or is refused by it", function()
    local asked <const> = {}
    start(nil, { transfer = function(uri, by)
      asked[#asked + 1] = uri.user .. " " .. by.from.uri.user
      if uri.user == "nobody" then return nil, 404 end
      if uri.user == "later" then return nil, 503 end
      if uri.user == "no" then return nil end
      net:sleep "1s"
      return carol.contact, { headers = { ["X-Way"] = "transfer" }, ring = "5s" }
    end })
    assert.same({ 603, 603, 503 },
      { status "<sip:nobody@x>", status "<sip:no@x>", status "<sip:later@x>" })
    local steps <const> = refer(near, "tel:+441234")
    net:advance "5s"
    assert.equal("200 final", steps[#steps])
    assert.same({ "nobody alice", "no alice", "later alice", "+441234 alice" }, asked)
    assert.equal("transfer", header(stage:first { method = "INVITE", to = carol }, "X-Way"))
    finish(far)
  end)

  it("is nobody's when the script's function raises: 500, and the call goes on", function()
    start(nil, { transfer = function() error "odd" end })
    assert.equal(500, status "<sip:x@y>")
    assert.matches("odd", stage.errors[1])
    stage.errors = {}
    assert.same({ "connected", "connected" }, { near.state, far.state })
    finish(near)
  end)

  it("ends with the bridge's limit, whoever is in it by then", function()
    start(nil, { limit = "10s" })
    refer(near, CAROL)
    net:advance "3s"
    assert.equal("connected", carol.calls[1].state)
    net:advance "10s"
    assert.same({ 0, 0 }, { #bob.calls, #carol.calls })
    assert.equal("limit", stage.records[1].why.kind)
    finish()
  end)
end)
