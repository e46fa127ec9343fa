-- SPDX-License-Identifier: MIT
--
-- The example of presence, lamps, message waiting and a package by hand.

local events <const> = require "spec.support.events"
local pidf <const> = require "moonsip.pidf"
local test <const> = require "moonsip.test"

describe("12_presence", function()
  it("tells, is told, and leaves", function()
    local net <const> = test.net()
    net:dns("example.com", "tcp:10.0.0.1:5060")
    local server <const> = net:load("examples/12_presence.lua", "10.0.0.1")
    net:advance "1s"
    assert.is_true(server:printed "^active%s+closed")
    local alice <const> = net:agent("sip:alice@example.com")
    local open <const> = pidf { entity = "sip:bob@example.com", basic = "open" }
    assert(alice:request("PUBLISH", "sip:bob@example.com", { body = open,
      content_type = pidf.content_type, headers = { Event = "presence" } }):wait())
    net:advance "10s"
    assert.is_true(server:printed "^active%s+open")
    local heard <const> = {}
    for _, package in ipairs { "dialog", "message-summary", "x-temperature" } do
      heard[package] = events.gather(alice, "sip:bob@example.com", package)
    end
    net:advance "25s"
    assert.same({ 2, 5 }, { heard["message-summary"][1]:parse().new,
      heard["message-summary"][1]:parse().old })
    assert.equal("21.5", heard["x-temperature"][2].doc)
    assert.same("sip:bob@example.com", heard.dialog[1]:parse().entity)
    net:close()
  end)
end)
