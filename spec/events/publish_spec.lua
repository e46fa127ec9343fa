-- SPDX-License-Identifier: MIT
--
-- PUBLISH (RFC 3903): entity tags, expiry, composition; and the flow of its section 14.

local events <const> = require "spec.support.events"
local pidf <const> = require "moonsip.pidf"

local AOR <const> = "sip:presentity@example.com"
local TYPE <const> = "application/pidf+xml"

local function document(basic, id)
  return pidf { entity = AOR, tuples = { { id = id or "a", basic = basic } } }
end

describe("presence:publish (RFC 3903)", function()
  local net, server, pua, watcher, presence
  before_each(function()
    net, server, pua, watcher = events.new()
    presence = server:event("presence", {
      expires = { 60, 3600 }, interval = 0,
      state = function(aor, self)
        return self:published(aor) or pidf { entity = aor, basic = "closed" }
      end,
    })
    server:on("PUBLISH", function(req) return presence:publish(req) end)
  end)
  after_each(function() net:close() end)

  -- Status, entity tag, Expires, response.
  local function publish(o)
    local headers <const> = { Event = o.event or "presence", Expires = o.expires,
                              ["SIP-If-Match"] = o.tag }
    local res, err = pua:request("PUBLISH", o.to or AOR, { headers = headers, body = o.body,
      content_type = o.body and (o.type or TYPE) }):wait()
    res = res or err.response
    return res.code, res.headers["SIP-ETag"], tonumber(res.headers["Expires"]), res
  end

  local function basics()
    local found <const> = {}
    for at, tuple in ipairs(pidf.parse(presence:published(AOR)).tuples) do
      found[at] = tuple.basic
    end
    return found
  end

  it("has the messages of its example (14)", function()
    local sequence <const> = events.sequence(net)
    local heard <const> = events.gather(watcher, AOR, "presence", { expires = 3600 }) -- M1 to M4
    net:advance "1s"
    assert.same({ "SUBSCRIBE", "200 SUBSCRIBE", "NOTIFY", "200 NOTIFY" }, sequence())
    local code, tag, expires = publish { expires = 1800, body = document "closed" } -- M5
    net:advance "1s"
    assert.same({ 200, 1800 }, { code, expires })
    assert.same({ "PUBLISH", "200 PUBLISH", "NOTIFY", "200 NOTIFY" }, sequence()) -- M5 to M8
    local _, second = publish { tag = tag, expires = 1800 } -- M9, a refresh
    net:advance "1s"
    assert.same({ "PUBLISH", "200 PUBLISH" }, sequence()) -- M9 and M10: nobody is told
    assert.are_not.equal(tag, second)
    code = publish { tag = second, expires = 1800, body = document "open" } -- M11
    net:advance "1s"
    assert.equal(200, code)
    assert.same({ "PUBLISH", "200 PUBLISH", "NOTIFY", "200 NOTIFY" }, sequence()) -- M11 to M14
    assert.equal("open", pidf.parse(heard[#heard].doc).basic)
  end)

  it("gives each request a tag of its own, and knows the old one no more (4.1)", function()
    local _, first = publish { body = document "open" }
    local _, second = publish { tag = first }
    assert.are_not.equal(first, second)
    assert.equal(412, (publish { tag = first }))
    assert.equal(412, (publish { tag = "unknown", body = document "open" }))
    assert.equal(200, (publish { tag = second, body = document "closed" }))
    assert.same({ "closed" }, basics())
  end)

  it("removes with Expires 0, and tells (4.5)", function()
    local heard <const> = events.gather(watcher, AOR, "presence")
    local _, tag = publish { body = document "open" }
    net:advance "1s"
    local code <const>, _, expires = publish { tag = tag, expires = 0 }
    assert.same({ 200, 0 }, { code, expires })
    net:advance "1s"
    assert.is_nil(presence:published(AOR))
    assert.equal("closed", pidf.parse(heard[#heard].doc).basic)
    assert.equal(412, (publish { tag = tag, expires = 0 }))
  end)

  it("forgets what nobody refreshes, and tells (6 step 8)", function()
    local heard <const> = events.gather(watcher, AOR, "presence")
    local _, tag = publish { expires = 100, body = document "open" }
    net:advance "99s"
    _, tag = publish { tag = tag, expires = 100 }
    net:advance "99s"
    assert.same({ "open" }, basics())
    net:advance "2s"
    assert.is_nil(presence:published(AOR))
    assert.equal("closed", pidf.parse(heard[#heard].doc).basic)
    assert.equal(412, (publish { tag = tag }))
  end)

  it("composes the tuples of several publications", function()
    publish { body = document("closed", "desk") }
    publish { body = document("open", "mobile") }
    assert.same({ "closed", "open" }, basics())
    assert.equal("open", pidf.parse(presence:published(AOR)).basic)
    assert.equal(AOR, pidf.parse(presence:published(AOR)).entity)
  end)

  it("shortens, refuses what is too brief, and takes a default (6 step 5)", function()
    for asked, granted in pairs { [60] = 60, [7200] = 3600, [4294967295] = 3600 } do
      local code <const>, _, expires = publish { expires = asked, body = document "open" }
      assert.same({ 200, granted }, { code, expires })
    end
    local code <const>, _, _, res = publish { expires = 59, body = document "open" }
    assert.same({ 423, "60" }, { code, res.headers["Min-Expires"] })
    assert.equal(3600, (select(3, publish { body = document "open" })))
    assert.equal(3600, (select(3, publish { expires = "99999999999999999999",
      body = document "open" })))
  end)

  it("refuses other events, bodies and types (6 steps 1, 4, 6, 7)", function()
    local code, _, _, res = publish { event = "weather", body = "x" }
    assert.same({ 489, "presence" }, { code, res.headers["Allow-Events"] })
    assert.equal(400, (publish {}))
    code, _, _, res = publish { body = "sunny", type = "text/plain" }
    assert.same({ 415, TYPE }, { code, res.headers["Accept"] })
    assert.equal(400, (publish { body = "<presence>" }))
    assert.equal(400, (publish { body = "<a/>" }))
    assert.is_nil(presence:published(AOR))
  end)

  it("keeps no more than 32 publications of one resource", function()
    for i = 1, 32 do assert.equal(200, (publish { body = document("open", "t" .. i) })) end
    assert.equal(503, (publish { body = document "open" }))
    assert.equal(200, (publish { to = "sip:other@example.com", body = document "open" }))
  end)
end)
