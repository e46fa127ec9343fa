-- SPDX-License-Identifier: MIT
--
-- agent:event and req:accept: telling others of states (RFC 6665 4.2), from a script.

local events <const> = require "spec.support.events"
local pidf <const> = require "moonsip.pidf"

local BOB <const> = "sip:bob@example.com"

describe("agent:event", function()
  local net, server, alice, bob
  before_each(function() net, server, alice, bob = events.new() end)
  after_each(function() net:close() end)

  it("tells the state at once and whenever it changes (RFC 6665 2.1)", function()
    local basic = "closed"
    local presence <const> = server:event("presence", {
      state = function(aor) return { basic = basic, entity = aor } end })
    local sequence <const> = events.sequence(net)
    local heard <const> = events.gather(alice, BOB, "presence")
    net:advance "1s"
    basic = "open"
    assert.equal(1, presence:notify(BOB))
    net:advance "10s"
    assert.same({ "SUBSCRIBE", "200 SUBSCRIBE", "NOTIFY", "200 NOTIFY", "NOTIFY", "200 NOTIFY" },
      sequence())
    assert.same({ "closed", "open" }, { pidf.parse(heard[1].doc).basic,
      pidf.parse(heard[2].doc).basic })
    assert.equal(BOB, pidf.parse(heard[2].doc).entity)
    assert.same({ "active", 3600 }, { heard[1].state, heard[1].expires })
  end)

  it("tells the others too when one who comes sees a change that nobody told of", function()
    local n = 1
    server:event("x-n", { state = function() return tostring(n) end, interval = 0 })
    local first <const> = events.gather(alice, "sip:bob@example.com", "x-n")
    net:advance "1s"
    n = 2
    local second <const> = events.gather(bob, "sip:bob@example.com", "x-n")
    net:advance "1s"
    assert.same({ "1", "2" }, { first[1].doc, first[2] and first[2].doc })
    assert.same({ 1, "2" }, { #second, second[1].doc })
  end)

  it("says nothing when the document is the same as before", function()
    local presence <const> = server:event("presence", { state = function() return true end })
    events.gather(alice, BOB, "presence")
    net:advance "1s"
    assert.equal(0, presence:notify(BOB))
    assert.equal(0, presence:notify "sip:nobody@example.com")
  end)

  it("hands over a URI object of the address of record, and who asks", function()
    local seen <const> = {}
    server:event("presence", {
      allow = function(req, watcher, aor)
        seen.watcher, seen.aor, seen.method = watcher, aor, req.method
        return watcher.host == "example.com"
      end,
      state = function(aor) seen.state = aor return true end,
    })
    events.gather(alice, "sip:bob@EXAMPLE.com:5060;transport=udp", "presence")
    net:advance "1s"
    assert.same({ "alice", "sip:bob@example.com", "SUBSCRIBE", "sip:bob@example.com" },
      { seen.watcher.user, tostring(seen.aor), seen.method, tostring(seen.state) })
  end)

  it("refuses whom allow refuses with 403 (4.2.1.3)", function()
    server:event("presence", { allow = function() return false end })
    local heard <const> = events.gather(alice, BOB, "presence")
    net:advance "1s"
    assert.same({ "terminated", 403 }, { heard[1].state, heard[1].error.code })
    assert.equal(0, server:counts().subscriptions)
  end)

  it("keeps one pending until it is allowed, or refused (4.2.1.3, 4.2.2)", function()
    local presence <const> = server:event("presence", { state = function() return true end,
      allow = function() return "pending" end })
    local heard <const> = events.gather(alice, BOB, "presence")
    local others <const> = events.gather(bob, BOB, "presence")
    net:advance "1s"
    assert.same({ "pending", nil }, { heard[1].state, heard[1].doc })
    local list <const> = presence:subscriptions(BOB)
    assert.equal(2, #list)
    assert.same({ "pending", "alice" }, { list[1].state, list[1].watcher.user })
    assert.is_true(list[1]:allow())
    assert.is_true(list[2]:terminate { reason = "rejected" })
    net:advance "6s"
    assert.same({ "active", "open" }, { heard[2].state, pidf.parse(heard[2].doc).basic })
    assert.same({ "terminated", "rejected" }, { others[2].state, others[2].reason })
    assert.is_nil(others[2].retry)
  end)

  it("answers 423 and 406 and 489 as the RFC says (4.2.1.1, 3.1.3)", function()
    server:event("presence", { expires = { 60, 600 } })
    local function ask(headers)
      local _, err = alice:request("SUBSCRIBE", BOB, { headers = headers }):wait()
      return err.code, err.response
    end
    local code, res = ask { Event = "presence", Expires = "59" }
    assert.same({ 423, "60" }, { code, res.headers["Min-Expires"] })
    code, res = ask { Event = "presence", Accept = "text/plain" }
    assert.same({ 406, "application/pidf+xml" }, { code, res.headers["Accept"] })
    code, res = ask { Event = "weather" }
    assert.same({ 489, "presence" }, { code, res.headers["Allow-Events"] })
    assert.equal(489, (ask {}))
  end)

  it("takes a range and a wildcard in Accept for its own", function()
    server:event("presence", { state = function() return true end })
    for _, accept in ipairs { "*/*", "application/*", "text/x, application/PIDF+xml;q=1" } do
      assert(alice:request("SUBSCRIBE", BOB, { headers = { Event = "presence",
        Accept = accept } }):wait())
    end
  end)

  it("answers refreshes without a word to the script", function()
    local asked = 0
    server:event("presence", { state = function() asked = asked + 1 return true end })
    local heard <const> = events.gather(alice, BOB, "presence", { expires = 100 })
    net:advance "10m"
    assert.equal(1, asked)
    assert.truthy(#heard > 8)
    assert.same("active", heard[#heard].state)
  end)

  it("goes on under a new script generation, with what was published (reload)", function()
    server:event("presence", { state = function() return false end })
    local heard <const> = events.gather(alice, BOB, "presence")
    net:advance "6s"
    local second
    assert(server:reload(function(agent)
      second = agent:event("presence", { state = function() return true end })
    end))
    assert.equal(1, second:notify(BOB))
    net:advance "6s"
    assert.equal("open", pidf.parse(heard[#heard].doc).basic)
    assert.equal("presence", server:allow_events())
  end)

  it("ends its subscriptions when the agent closes: come back later (4.1.3)", function()
    server:event("presence", { state = function() return true end })
    local heard <const> = events.gather(alice, BOB, "presence")
    net:advance "1s"
    server:close()
    net:advance "1s"
    assert.same({ "terminated", "probation", 30 }, { heard[2].state, heard[2].reason,
      heard[2].retry })
  end)

  it("says what is wrong with its options", function()
    for _, bad in ipairs { { "presence", { colour = 1 } }, { "presence", { expires = { 9, 3 } } },
      { "pre sence" }, { {} }, { "dialog", { source = {} } }, { "presence", { source = {} } },
      { "presence", { state = 3 } } } do
      assert.has_error(function() server:event(bad[1], bad[2]) end)
    end
  end)

  it("carries a package of the script's own", function()
    local weather <const> = {
      name = "weather", content_type = "text/x-weather", interval = 0,
      format = function(value) return ("%.1f"):format(value) end,
      parse = function(body) return tonumber(body) end,
    }
    local degrees = 20
    local one <const> = server:event(weather, { state = function() return degrees end })
    local heard <const> = events.gather(alice, BOB, weather)
    net:advance "1s"
    degrees = 21.5
    one:notify(BOB)
    net:advance "1s"
    assert.same({ 20, 21.5 }, { heard[1]:parse(), heard[2]:parse() })
    assert.equal("text/x-weather", heard[2].content_type)
  end)
end)

describe("req:accept", function()
  local net, server, alice
  before_each(function() net, server, alice = events.new() end)
  after_each(function() net:close() end)

  it("opens a subscription that a script serves by hand", function()
    local ended
    local sub
    server:on("SUBSCRIBE", { event = "x-temperature" }, function(req)
      sub = assert(req:accept { expires = 300 })
      sub:notify("21.5", "text/plain")
      sub:on("end", function(why) ended = why end)
    end)
    local heard <const>, watch = events.gather(alice, BOB, "x-temperature")
    net:advance "1s"
    assert.same({ "active", 300, "alice", "bob" }, { sub.state, sub.expires,
      sub.watcher.user, sub.uri.user })
    assert.is_true(sub:notify("22", "text/plain"))
    net:advance "1s"
    assert.same({ "21.5", "22" }, { heard[1].doc, heard[2].doc })
    watch:close()
    net:advance "1s"
    assert.same({ "ended", "timeout" }, { sub.state, ended.subscription_reason })
    assert.is_nil(sub:notify "x")
    assert.equal(0, server:counts().subscriptions)
  end)

  it("tells of refreshes when somebody asks", function()
    local refreshed = {}
    server:on("SUBSCRIBE", { event = "x-a" }, function(req)
      local sub <const> = assert(req:accept { expires = 100, body = "a" })
      sub:on("refresh", function(seconds) table.insert(refreshed, seconds) end)
    end)
    events.gather(alice, BOB, "x-a", { expires = 80 })
    net:advance "3m"
    assert.same({ 80, 80, 80, 80 }, refreshed)
  end)

  it("ends with its scope, when it is closed", function()
    server:on("SUBSCRIBE", function(req)
      local sub <close> = assert(req:accept {}) -- luacheck: ignore
    end)
    local heard <const> = events.gather(alice, BOB, "x-a")
    net:advance "1s"
    assert.same({ "terminated", "noresource" }, { heard[#heard].state, heard[#heard].reason })
  end)

  it("refuses what it cannot accept, and says so", function()
    local err
    server:on("SUBSCRIBE", function(req) err = select(2, req:accept { min = 60 }) end)
    server:on("MESSAGE", function(req)
      local ok, why = pcall(req.accept, req)
      assert.is_false(ok)
      assert.matches("a SUBSCRIBE or REFER", why)
      req:reply(200)
    end)
    local _, refused = alice:request("SUBSCRIBE", BOB,
      { headers = { Event = "x", Expires = "9" } }):wait()
    assert.same({ 423, 423 }, { refused.code, err.code })
    _, refused = alice:request("SUBSCRIBE", BOB, {}):wait()
    assert.equal(489, refused.code)
    assert.equal("invalid", err.kind)
    assert(alice:request("MESSAGE", BOB, { body = "hi" }):wait())
  end)

  it("survives being ended inside each of its callbacks (bug class 21)", function()
    for _, name in ipairs { "refresh", "end" } do
      for _, verb in ipairs { "close", "terminate", "agent" } do
        local n, s, a = events.new()
        s:on("SUBSCRIBE", function(req)
          local sub <const> = assert(req:accept { expires = 60, body = "x" })
          sub:on(name, function()
            if verb == "agent" then s:close() else sub[verb](sub) end
          end)
        end)
        local _, watch = events.gather(a, BOB, "x-a", { expires = 60 })
        n:advance "90s"
        watch:close()
        n:advance "90s"
        n:close()
      end
    end
  end)
end)
