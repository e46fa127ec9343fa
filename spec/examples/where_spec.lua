-- SPDX-License-Identifier: MIT
--
-- examples/26_where.lua, with a zone.

local test <const> = require "moonsip.test"

local ZONE <const> = [[
example.com             NAPTR  10 10 "s" "SIP+D2T" "" _sip._tcp.example.com
_sip._tcp.example.com   SRV    10 1 5060 a.example.com
a.example.com           A      10.0.0.2
1.2.e164.arpa           NAPTR  1 1 "u" "E2U+sip" "!^.*$!sip:bob@a.example.com:5070!" .
]]

describe("examples/26_where.lua", function()
  it("says where URIs and numbers lead", function()
    local net <close> = test.net()
    net:zone(ZONE)
    local where = net:load("examples/26_where.lua", "10.0.0.1",
      { "sip:bob@example.com", "+21", "+22" })
    assert.truthy(where:printed "sip:bob@example.com\ttcp\t10.0.0.2\t5060")
    assert.truthy(where:printed "+21\tsip:bob@a.example.com:5070")
    assert.truthy(where:printed "sip:bob@a.example.com:5070\tudp\t10.0.0.2\t5070")
    assert.truthy(where:printed "+22\tnotfound")
  end)
end)
