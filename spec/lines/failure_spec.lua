-- SPDX-License-Identifier: MIT
--
-- What a line makes of a registrar that refuses, is silent, or leads it in circles.

local lines <const> = require "spec.support.lines"

-- Instants of the REGISTERs, in seconds after the first.
local function times(world)
  local list <const> = {}
  for at, one in ipairs(world.times) do list[at] = (one - world.times[1]) / 1000 end
  return list
end

describe("a line that fails", function()
  local world
  before_each(function() world = lines.new() end)
  after_each(function() world:close() end)

  it("tries again after 30 to 60 s, then twice as long each time (RFC 5626 4.5)", function()
    world:refuse(4, 500)
    local line <const> = world:line()
    world.net:advance "1s"
    assert.same({ "waiting", 500, 1 }, { line.state, line.error.code, #world.asked })
    assert.is_true(line.retry_in >= 28 and line.retry_in <= 60, line.retry_in)
    world.net:advance "30m"
    assert.same({ "failed", "failed", "failed", "failed", "registered" }, world.heard)
    local at <const> = times(world)
    for n = 1, 4 do
      local waited <const> = at[n + 1] - at[n]
      assert.is_true(waited >= 30 * 2 ^ (n - 1) and waited <= 30 * 2 ^ n + 0.1, n .. ": " .. waited)
    end
  end)

  it("never waits longer than the most it may", function()
    world:refuse(40, 500)
    world:line { retry = { first = "10s", most = "40s" } }
    world.net:advance "20m"
    local at <const> = times(world)
    for n = 4, #at - 1 do
      local waited <const> = at[n + 1] - at[n]
      assert.is_true(waited >= 20 and waited <= 40.1, waited)
    end
  end)

  it("waits as long as Retry-After says, if that is longer", function()
    world:refuse(1, 503, { ["Retry-After"] = 500 })
    world:line()
    world.net:advance "499s"
    assert.equal(1, #world.asked)
    world.net:advance "2s"
    assert.equal(2, #world.asked)
  end)

  it("asks once more at once after Retry-After: 0 (RFC 5626 4.2.1)", function()
    world:refuse(9, 503, { ["Retry-After"] = 0 })
    world:line()
    world.net:advance "29s"
    assert.equal(2, #world.asked)
  end)

  it("does not repeat what was refused for good, unless it is told to", function()
    world:refuse(1, 403)
    local line <const> = world:line()
    world.net:advance "24h"
    assert.same({ "refused", 1, 403 }, { line.state, #world.asked, line.error.code })
    assert.is_nil(world.errors[1].retry_after)
    line:refresh()
    world.net:advance "1s"
    assert.equal("registered", line.state)
  end)

  it("tries what was refused again after retry.refused", function()
    world:refuse(1, 403)
    local line <const> = world:line { retry = { refused = "1h" } }
    world.net:advance "1h"
    world.net:advance "1s"
    assert.same({ "registered", 2 }, { line.state, #world.asked })
  end)

  it("is refused when the password is wrong, after one try with it", function()
    world:challenge "wonderland"
    local line <const> = world:line { password = "wrong" }
    world.net:advance "1h"
    assert.same({ "refused", "auth", 401, 2 },
      { line.state, line.error.kind, line.error.code, #world.asked })
  end)

  it("answers a nonce that is old, and no challenge without an end (bug class 24)", function()
    world:challenge "wonderland"
    local line <const> = world:line { password = "wonderland", expires = "60s" }
    world.net:advance "1s"
    assert.equal("registered", line.state)
    local count = 0
    world.answer = function(req)
      count = count + 1
      req:reply(401, { ["WWW-Authenticate"] =
        ('Digest realm="example.com", nonce="%d", stale=true'):format(count) })
    end
    world.net:advance "31s"
    assert.same({ "refused", 3, false }, { line.state, count, line.registered })
    assert.same({ "registered", "lost", "failed" }, world.heard)
  end)

  it("asks for the interval of a 423 (RFC 3261 10.2.8)", function()
    world.answer = function(req)
      if req.contact.expires < 1800 then return req:reply(423, { ["Min-Expires"] = 1800 }) end
      world:grant(req, req.contact.expires)
    end
    local line <const> = world:line { expires = 60 }
    world.net:advance "1s"
    assert.same({ "registered", 2, 1800 }, { line.state, #world.asked, line.expires })
  end)

  it("leaves a loop of 423 (bug class 27)", function()
    for _, next_of in ipairs { function(n) return n + 60 end, function(n) return n end,
                               function() return nil end, function() return 4294967296 end } do
      local one <const> = lines.new()
      one.answer = function(req)
        req:reply(423, { ["Min-Expires"] = next_of(req.contact.expires) })
      end
      local line <const> = one:line { expires = 60 }
      one.net:advance "10m"
      assert.same({ "refused", 423 }, { line.state, line.error.code })
      assert.is_true(#one.asked <= 5, #one.asked)
      one:close()
    end
  end)

  it("is not registered by a 200 that grants nothing, or lists nothing", function()
    for _, fields in ipairs { {}, { Contact = "<sip:alice@10.0.0.2:5060>;expires=0" },
                              { Expires = 600 } } do
      local one <const> = lines.new()
      one.answer = function(req) req:reply(200, fields) end
      local line <const> = one:line()
      one.net:advance "1s"
      assert.same({ "waiting", "invalid", false },
        { line.state, line.error.kind, line.registered })
      one:close()
    end
  end)

  it("takes an answer that lists another contact than ours, as border elements write it", function()
    world.answer = function(req)
      req:reply(200, { Contact = "<sip:x1@192.0.2.7>;expires=240" })
    end
    local line <const> = world:line()
    world.net:advance "1s"
    assert.same({ "registered", 240 }, { line.state, line.expires })
    assert.is_nil(line.contact)
  end)

  it("is lost when its time is over before it can be refreshed", function()
    local line <const> = world:line { expires = 100, retry = { first = "40s" } }
    world.net:advance "1s"
    world:refuse(99, 500)
    world.net:advance "98s"
    assert.same({ "registered", true }, { line.state, line.registered })
    world.net:advance "2s"
    assert.same({ "waiting", false }, { line.state, line.registered })
    assert.same({ "registered", "failed", "lost" }, { table.unpack(world.heard, 1, 3) })
    world.answer = function(req) world:grant(req, 100) end
    world.heard = {}
    world.net:advance "2m"
    assert.equal("registered", world.heard[1])
  end)

  it("whose registrar is silent says so after Timer F, and goes on trying", function()
    world.answer = function(req) req:defer() end
    local line <const> = world:line { registrar = "sip:10.0.0.77" }
    world.net:advance "31s"
    assert.equal("registering", line.state)
    world.net:advance "2s"
    assert.same({ "waiting", "timeout" }, { line.state, line.error.kind })
  end)

  it("whose registrar has no address says so at once", function()
    local line <const> = world:line { registrar = "sip:nowhere.example" }
    world.net:advance "1s"
    assert.same({ "waiting", "dns" }, { line.state, line.error.kind })
  end)

  it("goes on to the next registrar, and stays there (RFC 3263 4.3)", function()
    local line <const> = world:line { registrar = { "sip:10.0.0.77", "sip:10.0.0.1" },
                                      timeout = "4s", expires = "2m" }
    world.net:advance "5s"
    assert.same({ "registered", 1 }, { line.state, #world.asked })
    assert.same({ "registered" }, world.heard)
    world.net:advance "40s" -- Timer F of the one that is silent
    local sent <const> = world.net:count { method = "REGISTER" }
    world.net:advance "67s"
    assert.same({ 2, 1 }, { #world.asked, world.net:count { method = "REGISTER" } - sent })
  end)

  it("follows a 302, and not in circles (8.1.3.4)", function()
    world.answer = function(req)
      if req.uri.host == "other.example.com" then return world:grant(req, 600) end
      req:reply(302, { Contact = "<sip:other.example.com>" })
    end
    world.net:dns("other.example.com", { "10.0.0.1" })
    local line <const> = world:line()
    world.net:advance "1s"
    assert.same({ "registered", "sip:other.example.com" },
      { line.state, tostring(world.asked[2].uri) })
    local round <const> = lines.new()
    local n = 0
    round.answer = function(req)
      n = n + 1
      req:reply(302, { Contact = { "<sip:example.com>", ("<sip:10.0.0.1;n=%d>"):format(n) } })
    end
    local lost <const> = round:line()
    round.net:advance "1h"
    assert.same({ "refused", 302, 6 }, { lost.state, lost.error.code, n })
    round:close()
  end)

  it("goes by the proxy of a 305", function()
    world.answer = function(req)
      if #req:header_values "Route" > 0 then return world:grant(req, 600) end
      req:reply(305, { Contact = "<sip:10.0.0.1;transport=tcp>" })
    end
    local line <const> = world:line()
    world.net:advance "1s"
    assert.same({ "registered", "sip:example.com" },
      { line.state, tostring(world.asked[2].uri) })
  end)

  it("tells who waits for it why", function()
    world:refuse(1, 404)
    local why
    world:line():wait(function(_, err) why = err end)
    world.net:advance "1s"
    assert.same({ "notfound", 404 }, { why.kind, why.code })
  end)

  it("may be closed in every handler (bug class 21)", function()
    for _, name in ipairs { "registered", "refreshed", "failed", "lost", "unregistered" } do
      local one <const> = lines.new()
      one.alice:on(name, function(line)
        line:close()
        collectgarbage()
      end)
      local line <const> = one:line { expires = 20 }
      one.net:advance "15s"
      if not line.closed then one:refuse(9, 503) end
      one.net:advance "40s"
      line:close()
      one.net:advance "1m"
      assert.same({ "closed", 0 }, { line.state, one.alice:counts().client_transactions })
      one:close()
    end
  end)
end)

describe("wrong options of a line", function()
  local world
  before_each(function() world = lines.new() end)
  after_each(function() world:close() end)

  for what, options in pairs {
    ["no such option"] = { passwort = "x" }, ["an address of record"] = { uri = "tel:+1" },
    ["sip:user@domain"] = { uri = "sip:example.com" }, ["uri"] = { uri = 5 },
    ["duration"] = { expires = "soon" }, ["integer from 1"] = { expires = 0 },
    ["0 to 1"] = { q = 2 }, ["1 to 8 URIs"] = { registrar = {} },
    ["registrar"] = { registrar = "sip:a b" }, ["CR, LF or NUL"] = { uri = "sip:a@b\r\nX: y" },
    ["written by the core"] = { headers = { Via = "x" } }, ["transport"] = { transport = "5" },
    ["retry.first"] = { retry = { first = 0 } }, ["not below"] = { retry = { most = "1s" } },
    ["no such option'"] = { retry = { last = 1 } },
  } do
    it("raise: " .. what, function()
      local ok, err = pcall(world.line, world, options)
      assert.is_false(ok)
      assert.truthy(tostring(err):find(what:gsub("'$", ""), 1, true), tostring(err))
    end)
  end

  it("raise for a line of another agent, or none", function()
    local line <const> = world:line()
    assert.has_error(function() world.server:request("OPTIONS", "sip:x@y", { line = line }) end)
    assert.has_error(function() world.alice:request("OPTIONS", "sip:x@y", { line = "x" }) end)
  end)
end)
