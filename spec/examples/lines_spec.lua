-- SPDX-License-Identifier: MIT
--
-- examples/28_lines.lua, unchanged, on a network in memory.

local lines <const> = require "spec.support.lines"

describe("examples/28_lines.lua", function()
  local world, script
  before_each(function()
    world = lines.new()
    world:challenge "wonderland"
    script = world.net:load("examples/28_lines.lua", "10.0.0.3",
      { "10.0.0.3:5060", "example.com", "alice:wonderland", "bob:builder" })
    world.net:advance "1s"
  end)
  after_each(function() world:close() end)

  it("says what becomes of each account", function()
    assert.truthy(script:printed "sip:alice@example.com %(registered%).*3600 s")
    assert.truthy(script:printed "sip:bob@example.com %(refused%).*auth: 401 Unauthorized.*no more")
  end)

  it("answers for those", function()
    local caller <const> = world.net:agent "sip:carol@example.org"
    local call <const> = assert(caller:call "sip:alice@10.0.0.3")
    assert(caller:hears { say = "this is alice" })
    call:wait_end()
    assert.truthy(script:printed "call for%s+sip:alice@example.com")
    local _, err = caller:call "sip:carol@10.0.0.3"
    assert.equal(404, err.code)
  end)

  it("takes them back when it is stopped", function()
    script:stop()
    world.net:advance "3s"
    assert.truthy(script:printed "sip:alice@example.com %(closed%)")
    assert.equal(0, world.asked[#world.asked].contact.expires)
  end)
end)
