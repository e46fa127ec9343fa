-- SPDX-License-Identifier: MIT
--
-- RFC 3903 15: a presence user agent publishes to a presence agent, whom somebody watches.

local flow <const> = require "spec.support.flow"
local pidf <const> = require "moonsip.pidf"

local ENTITY <const> = "sip:presentity@example.com"

describe("RFC 3903", function()
  it("15 Examples", function()
    local stage <close> = flow.stage { "PUA", "PA", "Watcher" }
    local presence <const> = stage.PA:event("presence", { expires = { 60, 1800 } })
    stage.PA:on("PUBLISH", function(req) return presence:publish(req) end)
    local to <const> = { routes = "sip:10.0.0.2" }
    local heard <const> = {}
    local watch <const> = stage.Watcher:watch(ENTITY, "presence", to, function(_, doc)
      heard[#heard + 1] = doc and pidf.parse(doc).basic or "nothing"
    end)
    stage:advance "1s"
    local tag
    local function publish(basic)
      local res <const> = assert(stage.PUA:request("PUBLISH", ENTITY, {
        routes = to.routes, body = basic and pidf { entity = ENTITY, basic = basic },
        content_type = basic and "application/pidf+xml",
        headers = { Event = "presence", Expires = "3600", ["SIP-If-Match"] = tag },
      }):wait())
      tag = res.headers["SIP-ETag"]
      stage:advance "5s" -- no more than one NOTIFY in that time (RFC 3856 6.10)
    end
    publish "open"
    publish()
    publish "closed"
    local sent <const> = stage:expect [[
      M1   SUBSCRIBE      Watcher -> PA
      M2   200 SUBSCRIBE  PA -> Watcher
      M3   NOTIFY         PA -> Watcher
      M4   200 NOTIFY     Watcher -> PA
      M5   PUBLISH        PUA -> PA
      M6   200 PUBLISH    PA -> PUA
      M7   NOTIFY         PA -> Watcher
      M8   200 NOTIFY     Watcher -> PA
      M9   PUBLISH        PUA -> PA
      M10  200 PUBLISH    PA -> PUA
      M11  PUBLISH        PUA -> PA
      M12  200 PUBLISH    PA -> PUA
      M13  NOTIFY         PA -> Watcher
      M14  200 NOTIFY     Watcher -> PA
    ]]
    assert.same({ "nothing", "open", "closed" }, heard)
    assert.same({ nil, flow.header(sent.M6, "SIP-ETag"), flow.header(sent.M10, "SIP-ETag") },
      { flow.header(sent.M5, "SIP-If-Match"), flow.header(sent.M9, "SIP-If-Match"),
        flow.header(sent.M11, "SIP-If-Match") })
    assert.not_equal(flow.header(sent.M6, "SIP-ETag"), flow.header(sent.M10, "SIP-ETag"))
    assert.same({ "3600", "1800" }, { flow.header(sent.M5, "Expires"),
                                      flow.header(sent.M6, "Expires") })
    assert.matches("^active;expires=%d+$", flow.header(sent.M7, "Subscription-State"))
    assert.equal("0", flow.header(sent.M9, "Content-Length"))
    watch:close()
    stage:finish()
  end)
end)
