-- SPDX-License-Identifier: MIT
--
-- sip.gateways: what a set is made of, and in what order its gateways are tried.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"

local function names(list)
  local found <const> = {}
  for at, one in ipairs(list) do found[at] = one.name end
  return table.concat(found, " ")
end

describe("a set of gateways", function()
  local net, sip
  before_each(function()
    net = test.net()
    sip = face.of(net:agent("sip:alice@example.com").context)
  end)
  after_each(function() net:close() end)

  -- Without probes: nothing happens by itself.
  local function set(given) return sip.gateways(given, { probe = false }) end

  it("has them by name, and walks them in their order", function()
    local trunks <const> = set { b = { uri = "sip:10.0.0.2" }, a = { uri = "sip:10.0.0.1" },
                                 first = { uri = "sip:10.0.0.3", priority = 0 },
                                 late = { uri = "sip:10.0.0.4", priority = 9 } }
    assert.same({ "b", "sip:10.0.0.2", true, "up", 0 }, { trunks.b.name, trunks.b.uri,
      trunks.b.up, trunks.b.state, trunks.b.calls })
    assert.is_nil(trunks.c)
    assert.equal(4, #trunks)
    local walked <const> = {}
    for name, one in pairs(trunks) do walked[#walked + 1] = { name = name, one = one } end
    assert.equal("a b first late", names(walked))
    assert.equal("gateway b (sip:10.0.0.2, up)", tostring(trunks.b))
    local listed <const> = set { { name = "z", uri = "sip:10.0.0.1" },
                                 { name = "a", uri = "sip:10.0.0.2" } }
    assert.equal("z a", names(listed:select()))
  end)

  it("has none whose name is that of a method", function()
    for _, name in ipairs { "select", "on", "off", "close", "__pairs" } do
      local ok <const>, why = pcall(set, { [name] = { uri = "sip:10.0.0.1" } })
      assert.is_false(ok)
      assert.truthy(why:find("trunks:" .. name, 1, true), why)
    end
  end)

  it("refuses what is wrong at the script's line", function()
    for _, wrong in ipairs { {}, { 5 }, { a = 5 }, { a = {} }, { a = { uri = "nonsense" } },
      { a = { uri = "tel:+44" } }, { { uri = "sip:10.0.0.1" } },
      { ["a b"] = { uri = "sip:10.0.0.1" } }, { [7] = { uri = "sip:10.0.0.1" } },
      { { name = "a", uri = "sip:b" }, { name = "a", uri = "sip:c" } },
      { a = { uri = "sip:b", typo = 1 } }, { a = { uri = "sip:b", weight = -1 } },
      { a = { uri = "sip:b", priority = 65536 } }, { a = { uri = "sip:b", cps = 0 } },
      { a = { uri = "sip:b", cps = "x" } }, { a = { uri = "sip:b", max_calls = 0 } },
      { a = { uri = "sip:b", probe = "0s" } }, { a = { uri = "sip:b", down_after = 0 } },
      { a = { uri = "sip:b", headers = { ["X-A"] = "1\r\nX-B: 2" } } },
      { a = { uri = "sip:b", username = "u" } } } do
      local ok <const>, why = pcall(sip.gateways, wrong)
      assert.is_false(ok)
      assert.truthy(why:find("^spec/gateways/gateways_spec.lua:"), why)
    end
    assert.has_error(function() sip.gateways({ a = { uri = "sip:b" } }, { typo = 1 }) end)
    local trunks <const> = set { a = { uri = "sip:b" } }
    assert.has_error(function() trunks:on("upp", print) end)
    assert.has_error(function() trunks:select { order = "best" } end)
    assert.has_error(function() trunks:select { rates = sip.rates { { "", "a", 1 } } } end)
    assert.has_error(function() trunks:select { limit = 65 } end)
  end)

  it("is tried in order of priority, the lower first", function()
    local trunks <const> = set { c = { uri = "sip:10.0.0.1", priority = 1 },
                                 b = { uri = "sip:10.0.0.2", priority = 2 },
                                 a = { uri = "sip:10.0.0.3", priority = 2 } }
    assert.equal("c a b", names(trunks:select()))
    assert.equal("c a", names(trunks:select { limit = 2 }))
  end)

  it("is tried by weight within a priority, as SRV records are (RFC 2782)", function()
    local trunks <const> = set { a = { uri = "sip:10.0.0.1", weight = 1 },
                                 b = { uri = "sip:10.0.0.2", weight = 3 },
                                 c = { uri = "sip:10.0.0.3", weight = 6 },
                                 z = { uri = "sip:10.0.0.4", weight = 100, priority = 1 } }
    local first <const>, orders = { a = 0, b = 0, c = 0 }, 0
    local seen <const> = {}
    for _ = 1, 3000 do
      local list <const> = trunks:select { order = "weighted" }
      assert.equal("z", list[4].name)
      first[list[1].name] = first[list[1].name] + 1
      local order <const> = names(list)
      if not seen[order] then orders = orders + 1 end
      seen[order] = true
    end
    assert.equal(6, orders)
    -- RFC 2782 draws a number from 0 to the sum: of 11 numbers 2 are the first's when it
    -- stands first, and so on.
    assert.is_true(first.a > 350 and first.a < 750, first.a)
    assert.is_true(first.b > 600 and first.b < 1100, first.b)
    assert.is_true(first.c > 1400 and first.c < 1950, first.c)
  end)

  it("gives one of weight 0 a chance, and a small one (RFC 2782)", function()
    local trunks <const> = set { a = { uri = "sip:10.0.0.1", weight = 0 },
                                 b = { uri = "sip:10.0.0.2", weight = 99 } }
    local first <const> = { a = 0, b = 0 }
    for _ = 1, 3000 do
      local list <const> = trunks:select { order = "weighted" }
      first[list[1].name] = first[list[1].name] + 1
    end
    assert.is_true(first.a > 5 and first.a < 80, first.a)
  end)

  it("is tried by what a call costs, the cheapest first", function()
    local trunks <const> = set { uk = { uri = "sip:10.0.0.1" }, tel = { uri = "sip:10.0.0.2" },
                                 last = { uri = "sip:10.0.0.3", max_calls = 1 } }
    local rates <const> = assert(sip.rates { { "44", "uk", 0.8 }, { "44", "tel", 1.1 },
                                             { "447", "uk", 3.5 }, { "", "tel", 2.0 },
                                             { "", "last", 3.0 }, { "", "nobody", 0.1 } })
    local list, rows = trunks:select { rates = rates, number = "+447700900123" }
    assert.equal("tel last uk", names(list))
    assert.same({ 1.1, 3.0, 3.5 }, { rows[1].cost, rows[2].cost, rows[3].cost })
    trunks.tel:drain()
    list, rows = trunks:select { rates = rates, number = "+442071234567" }
    assert.equal("uk last", names(list))
    assert.same({ 0.8, 3.0 }, { rows[1].cost, rows[2].cost })
  end)

  it("says why nothing can be selected, so that a request can be answered", function()
    local trunks <const> = set { uk = { uri = "sip:10.0.0.1" } }
    local rates <const> = assert(sip.rates { { "44", "nobody", 1 } })
    local none, err = trunks:select { rates = rates, number = "491" }
    assert.is_nil(none)
    assert.same({ "notfound", 404 }, { err.kind, (err:status()) })
    none, err = trunks:select { rates = rates, number = "441" }
    assert.is_nil(none)
    assert.equal("no gateway is a carrier for it: nobody", err.reason)
    trunks.uk:drain()
    none, err = trunks:select()
    assert.is_nil(none)
    assert.same({ "limit", "gateway uk is being drained", true },
      { err.kind, err.reason, err:retryable() })
  end)

  it("is counted in sip.metrics", function()
    local trunks <const> = set { a = { uri = "sip:10.0.0.1" }, b = { uri = "sip:10.0.0.2" } }
    assert.equal(2, sip.metrics().gateways_up)
    trunks.a:drain()
    assert.same({ 1, 1 }, { sip.metrics().gateways_up, sip.metrics().gateways_draining })
  end)

  it("serves a script that looks at `up` and `name`, as the table of trunks of a least-cost "
    .. "router does", function()
    local trunks <const> = sip.gateways {
      uk   = { uri = "sip:gw1.uk.example;transport=tls", cps = 20, username = "acme",
               password = "secret" },
      tel  = { uri = "sip:198.51.100.7", max_calls = 100 },
      last = { uri = "sip:203.0.113.9", headers = { ["X-Class"] = "premium" } },
    }
    local rates <const> = { { "44", "uk", 0.8 }, { "44", "tel", 1.1 }, { "", "tel", 2.0 },
                            { "", "last", 4.0 } }
    local function plan(number)
      local t = {}
      for _, r in ipairs(rates) do
        if number:sub(1, #r[1]) == r[1] and trunks[r[2]].up then
          t[#t + 1] = { gw = trunks[r[2]], len = #r[1], cost = r[3] }
        end
      end
      table.sort(t, function(a, b)
        if a.len ~= b.len then return a.len > b.len end
        return a.cost < b.cost
      end)
      local found = {}
      for at, r in ipairs(t) do found[at] = r.gw.name end
      return table.concat(found, " ")
    end
    assert.equal("uk tel tel last", plan "442071234567")
    trunks.tel:drain()
    assert.equal("uk last", plan "442071234567")
  end)
end)
