-- SPDX-License-Identifier: MIT
--
-- sip.rates: what a call costs by which carrier, out of files and out of tables.

local core <const> = require "moonsip.core"
local context <const> = require "moonsip.context"
local face <const> = require "moonsip.face"
local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"

local sip <const> = face.of(context.new())

local TABLE <const> = { { "44", "uk", 0.8 }, { "44", "tel", 1.1 }, { "447", "uk", 3.5 },
                        { "", "tel", 2.0 }, { "", "last", 4.0 } }

-- "uk 3.5, tel 1.1"
local function brief(rows, err)
  if not rows then return tostring(err) end
  local list <const> = {}
  for at, row in ipairs(rows) do
    list[at] = ("%s %s%g"):format(row.prefix, row.carrier and row.carrier .. " " or "", row.cost)
  end
  return table.concat(list, ", ")
end

describe("a rate table", function()
  local rates <const> = assert(sip.rates(TABLE))

  it("gives the rows of the longest prefix, the cheapest first", function()
    assert.equal("44 uk 0.8, 44 tel 1.1", brief(rates:lookup "442071234567"))
    assert.equal("447 uk 3.5", brief(rates:lookup "447700900123"))
    assert.equal(" tel 2,  last 4", brief(rates:lookup "15551234567"))
  end)

  it("gives those of every prefix, the longest first", function()
    assert.equal("447 uk 3.5, 44 uk 0.8, 44 tel 1.1,  tel 2,  last 4",
      brief(rates:lookup("447700900123", { every = true })))
  end)

  it("gives each carrier's own price, of its own longest prefix, the cheapest first", function()
    assert.equal("44 tel 1.1, 447 uk 3.5,  last 4", brief(rates:cheapest "447700900123"))
    assert.equal("44 uk 0.8, 44 tel 1.1,  last 4", brief(rates:cheapest "442071234567"))
  end)

  it("takes a number with a plus, and a URI", function()
    assert.equal("447 uk 3.5", brief(rates:lookup "+447700900123"))
    assert.equal("447 uk 3.5", brief(rates:lookup(sip.uri "sip:+447700900123@example.com")))
    assert.equal("447 uk 3.5", brief(rates:lookup(sip.uri "tel:+447700900123")))
  end)

  it("says what is not there by an error that answers a request", function()
    local one <const> = assert(sip.rates { { "44", "uk", 1 } })
    local rows, err = one:lookup "491"
    assert.is_nil(rows)
    assert.same({ "notfound", 404 }, { err.kind, (err:status()) })
    for _, text in ipairs { "alice", "", "+", "44x", "44 20", ("4"):rep(10) .. "\0" } do
      rows, err = one:lookup(text)
      assert.is_nil(rows)
      assert.same({ "notfound", 484 }, { err.kind, (err:status()) })
    end
    assert.is_nil(one:lookup(sip.uri "sip:example.com"))
    assert.is_nil(one:cheapest "491")
  end)

  it("counts what it has", function()
    assert.same({ 5, 3 }, { rates.rows, rates.prefixes })
    assert.is_true(rates.memory > 0 and rates.memory < 2000)
    assert.same({ "prefix", "carrier", "cost" }, rates.columns)
    assert.equal("rates: 5 rows, 3 prefixes", tostring(rates))
  end)

  it("keeps equal costs in the order in which they came", function()
    local rows <const> = {}
    for at = 1, 50 do rows[at] = { "4", "c" .. at, 1 } end
    local one <const> = assert(sip.rates(rows))
    for at, row in ipairs(one:lookup "4") do assert.equal("c" .. at, row.carrier) end
  end)

  it("has 1000 rows of a prefix, and gives 256", function()
    local rows <const> = {}
    for at = 1, 1000 do rows[at] = { "4", "c" .. at, at } end
    local one <const> = assert(sip.rates(rows))
    assert.equal(256, #one:lookup "4")
    assert.equal(256, #one:cheapest "4")
    rows[1001] = { "4", "c1001", 1 }
    local none <const>, err = sip.rates(rows)
    assert.is_nil(none)
    assert.equal("row 1001: too many rows, or a text that is too long", err.reason)
  end)

  it("gives its memory back when it is closed, and then says that it is gone", function()
    local kept
    do
      local one <close> = assert(sip.rates(TABLE))
      kept = one
    end
    assert.same({ 0, 0 }, { kept.rows, kept.memory })
    local rows <const>, err = kept:lookup "44"
    assert.is_nil(rows)
    assert.equal("gone", err.kind)
    kept:close()
  end)

  it("refuses wrong arguments at the script's line", function()
    for _, wrong in ipairs { {}, { {}, 5 }, { file = 5 }, { file = "x", typo = 1 },
      { file = "x", separator = "ab" }, { file = "x", separator = "7" },
      { rows = { 5 } }, { file = "x", columns = { "pre fix!" } },
      { file = "x", columns = { "line" } }, { file = "x", columns = { "a", "A" } },
      { file = "x", columns = { ("x"):rep(32) } } } do
      local ok <const>, why = pcall(sip.rates, wrong)
      assert.is_false(ok)
      assert.truthy(why:find("^spec/route/rates_spec.lua") or why:find "bad argument", why)
    end
    assert.has_error(function() rates:lookup("44", { evry = true }) end)
    assert.has_error(function() rates:lookup("44", { at = "now" }) end)
    assert.has_error(function() sip.rates(TABLE, 5) end)
  end)
end)

describe("effective dates", function()
  local rates <const> = assert(sip.rates { rows = {
    { "44", "uk", 1.0, nil, "2026-07-01" },
    { "44", "uk", 0.9, "2026-07-01", "2026-08-01" },
    { "44", "uk", 0.7, "2026-08-01" },
    { "4", "tel", 2.0 },
  }, columns = { "prefix", "carrier", "cost", "from", "until" } })

  local function at(text)
    local one <const> = core.rates { { "prefix", "prefix" }, { "from", "instant" } }
    one:add({ prefix = "1", from = text }, 1)
    return one:find("1", "longest", 1e15)[1].from
  end

  it("say which row counts: from its beginning, until its end and no longer", function()
    for text, cost in pairs { ["2026-06-30 23:59:59"] = 1.0, ["2026-07-01"] = 0.9,
      ["2026-07-31 23:59:59"] = 0.9, ["2026-08-01"] = 0.7, ["2030-01-01"] = 0.7,
      ["1999-01-01"] = 1.0 } do
      local rows <const> = assert(rates:lookup("44", { at = at(text) }))
      assert.same({ 1, cost }, { #rows, rows[1].cost }, text)
    end
  end)

  it("leave the shorter prefix when no row of the longer one counts", function()
    local one <const> = assert(sip.rates { rows = { { "44", 1, "2026-07-01" }, { "4", 2 } },
      columns = { "prefix", "cost", "from" } })
    assert.equal("4 2", brief(one:lookup("441", { at = at "2026-06-01" })))
    assert.equal("44 1", brief(one:lookup("441", { at = at "2026-07-01" })))
    assert.equal("44 1", brief(one:cheapest("441", { at = at "2026-07-01" })))
  end)

  it("default to now", function()
    local one <const> = assert(sip.rates { rows = {
      { "44", 1, nil, "2020-01-01" }, { "44", 2, "2020-01-01", "2400-01-01" } },
      columns = { "prefix", "cost", "from", "until" } })
    assert.equal("44 2", brief(one:lookup "44"))
  end)

  it("make a duplicate only of what is valid at the same time", function()
    local none <const>, err = sip.rates { rows = {
      { "44", "uk", 1, "2026-01-01", "2026-03-01" }, { "44", "uk", 2, "2026-02-28" } },
      columns = { "prefix", "carrier", "cost", "from", "until" } }
    assert.is_nil(none)
    assert.truthy(err.reason:find("row 2: prefix \"44\" of carrier uk has a row already: row 1",
      1, true))
  end)

  it("end later than they begin", function()
    local none <const>, err = sip.rates { rows = { { "44", "2026-03-01", "2026-03-01" } },
      columns = { "prefix", "from", "until" } }
    assert.is_nil(none)
    assert.equal('row 1: prefix "44": until is not later than from', err.reason)
  end)
end)

describe("a file of rates", function()
  local folder
  before_each(function() folder = scratch.folder() end)
  after_each(function() folder:remove() end)

  local function load(text, options)
    options = options or {}
    options.file = folder:write("rates.csv", text)
    return sip.rates(options)
  end

  local GOOD <const> = "prefix,carrier,cost\n44,uk,0.8\n44,tel,1.1\n,last,4\n"

  it("names its columns in its first line", function()
    local rates <const> = assert(load(GOOD))
    assert.equal("44 uk 0.8, 44 tel 1.1", brief(rates:lookup "4420"))
    assert.equal(2, rates:lookup("4420")[1].line)
    assert.equal("44 uk 0.8", brief({ assert(sip.rates(folder.path .. "/rates.csv"))
      :lookup "44"[1] }))
  end)

  it("may have further columns, which are text, or numbers when that is said", function()
    local rates <const> = assert(load(
      "Prefix;Destination name;Cost;Connect-Fee\n44;United Kingdom;0.8;0.05\n49;;1;\n",
      { separator = ";", numbers = { "connect_fee" } }))
    assert.same({ prefix = "44", destination_name = "United Kingdom", cost = 0.8,
                  connect_fee = 0.05, line = 2 }, rates:lookup("44")[1])
    assert.same({ prefix = "49", cost = 1.0, line = 3 }, rates:lookup("49")[1])
  end)

  it("may have names of its own, which a map translates, and fields that nobody wants",
    function()
      local rates <const> = assert(load(
        "Dial Code,Country,Rate/min (USD),Comment\n+44,UK,0.8,\"old, cheap\"\n",
        { columns = { ["Dial Code"] = "prefix", ["Rate/min (USD)"] = "cost" },
          set = { carrier = "uk" } }))
      assert.same({ prefix = "44", cost = 0.8, carrier = "uk", line = 2 },
        rates:lookup("442")[1])
      local none <const>, err = load("code,rate\n44,1\n", { columns = { Code = "prefix" } })
      assert.is_nil(none)
      assert.truthy(err.reason:find('rates.csv:1: there is no column "Code"', 1, true))
    end)

  it("may have no line of names", function()
    local rates <const> = assert(load("44,x,0.8\n",
      { columns = { "prefix", "", "cost" } }))
    assert.same({ prefix = "44", cost = 0.8, line = 1 }, rates:lookup("44")[1])
  end)

  it("is one of several, each with its carrier", function()
    local uk <const> = folder:write("uk.csv", "prefix,cost\n44,0.8\n")
    local tel <const> = folder:write("tel.csv", "prefix,cost\n44,0.7\n33,1\n")
    local rates <const> = assert(sip.rates { { file = uk, set = { carrier = "uk" } },
      { file = tel, set = { carrier = "tel" } }, { "33", "last", 2 } })
    assert.equal("44 tel 0.7, 44 uk 0.8", brief(rates:cheapest "44"))
    assert.equal("33 tel 1, 33 last 2", brief(rates:cheapest "33"))
    local none <const>, err = sip.rates { { file = uk, set = { carrier = "x" } },
      { file = tel, set = { carrier = "x" } } }
    assert.is_nil(none)
    assert.truthy(err.reason:find("tel.csv:2: prefix \"44\" of carrier x has a row already: ",
      1, true))
    assert.truthy(err.reason:find("uk.csv:2", 1, true))
    assert.same({ tel, 2 }, { err.file, err.line })
  end)

  for title, one in pairs {
    ["a prefix that is no number"] = { "4x,uk,1\n",
      '2: prefix "4x": 1 to 32 digits, or nothing expected' },
    ["a cost that is none"] = { "44,uk,cheap\n", '2: cost "cheap": a decimal number expected' },
    ["no cost"] = { "44,uk,\n", '2: prefix "44" lacks its carrier or its cost' },
    ["no carrier"] = { "44,,1\n", '2: prefix "44" lacks its carrier or its cost' },
    ["a field too few"] = { "44,uk\n", "2: 2 fields, 3 expected" },
    ["a field too many"] = { "44,uk,1,2\n", "2: 4 fields, 3 expected" },
    ["a quote that stays open"] = { '44,"uk,1\n45,uk,2\n',
      "2: a quote that is not closed, or text behind it" },
    ["a duplicate"] = { "44,uk,1\n45,uk,1\n\n44,uk,1\n",
      '5: prefix "44" of carrier uk has a row already: ' },
    ["a text that is too long"] = { "44," .. ("x"):rep(1024) .. ",1\n",
      "2: too many rows, or a text that is too long" },
    ["bytes for a terminal"] = { "\27[2J,uk,1\n", "2: a control byte" },
  } do
    it("is refused with the line of " .. title, function()
      local none <const>, err = load("prefix,carrier,cost\n" .. one[1])
      assert.is_nil(none)
      assert.equal("invalid", err.kind == "limit" and "invalid" or err.kind)
      assert.truthy(err.reason:find("rates.csv:" .. one[2], 1, true), err.reason)
      assert.equal(math.tointeger(tonumber(one[2]:match "^%d+")), err.line)
    end)
  end

  for title, one in pairs {
    ["without a prefix"] = { "carrier,cost\nuk,1\n", 'there is no column "prefix"' },
    ["with a column that comes twice"] = { "prefix,cost,Cost\n1,1,1\n",
      'the column "cost" comes twice' },
    ["with a name that is none"] = { "prefix,1st\n", '"1st" is no name of a column' },
    ["with a quote in its names"] = { 'prefix,"x\n', "a quote that is not closed" },
    ["with a line of names that has no end"] = { ("x"):rep(70000),
      "longer than 65536 bytes" },
    ["with too many columns"] = {
      "prefix," .. ("c%d,"):rep(32):gsub("%%d", (function()
        local n = 0
        return function() n = n + 1 return tostring(n) end
      end)()) .. "x\n", "more than 32 columns" },
    ["that is empty"] = { "", 'there is no column "prefix"' },
  } do
    it(title .. " is refused", function()
      local none <const>, err = load(one[1])
      assert.is_nil(none)
      assert.truthy(err.reason:find(one[2], 1, true), err.reason)
    end)
  end

  it("that is not there is an error of kind io", function()
    local none, err = sip.rates(folder.path .. "/none.csv")
    assert.is_nil(none)
    assert.equal("io", err.kind)
    none, err = sip.rates(folder.path)
    assert.is_nil(none)
    assert.is_true(err.kind == "io" or err.kind == "invalid")
  end)

  it("takes the place of the one before only when all of it is good", function()
    local rates <const> = assert(load(GOOD))
    folder:write("rates.csv", "prefix,carrier,cost\n44,uk,0.5\n44,tel,oops\n")
    local done <const>, err = rates:reload()
    assert.is_nil(done)
    assert.equal(3, err.line)
    assert.equal("44 uk 0.8, 44 tel 1.1", brief(rates:lookup "44"))
    folder:write("rates.csv", "prefix,carrier,cost,from\n44,uk,0.5,2020-01-01\n")
    assert.is_true(rates:reload())
    assert.equal("44 uk 0.5", brief(rates:lookup "44"))
    assert.same({ 1, "from" }, { rates.rows, rates.columns[4] })
    assert.is_true(rates:reload(TABLE))
    assert.equal(5, rates.rows)
  end)

  it("is read while the others have the loop, and asked as it was until it is whole", function()
    local rows <const> = { "prefix,carrier,cost" }
    for at = 1, 20000 do rows[#rows + 1] = ("%d,uk,%d"):format(100000 + at, at % 7) end
    local path <const> = folder:write("big.csv", table.concat(rows, "\n"))
    local net <close> = test.net()
    local alice <const> = net:agent "sip:alice@example.com"
    local sip_of <const> = face.of(alice.context)
    local seen <const> = {}
    local rates
    alice:on("OPTIONS", function(req)
      seen[#seen + 1] = rates.rows
      req:reply(200)
    end)
    sip_of.go(function()
      rates = assert(sip_of.rates(TABLE))
      assert(rates:reload(path))
    end)
    sip_of.go(function()
      while rates.rows == 5 do
        local done, err = rates:reload(path)
        assert.is_nil(done)
        assert.equal("the table is being read already", err.reason)
        seen[#seen + 1] = assert(#rates:lookup "44")
        sip_of.sleep(0)
      end
      seen[#seen + 1] = "new"
    end)
    net:advance "1s"
    assert.equal(20000, rates.rows)
    assert.is_true(#seen >= 3)
    assert.equal("new", seen[#seen])
    assert.equal(2, seen[1])
  end)

  it("calls back, and stops when its task is cancelled", function()
    local path <const> = folder:write("big.csv", "prefix,carrier,cost\n1,uk,1\n")
    local got
    sip.rates(path, function(rates, err) got = { rates, err } end)
    assert.is_nil(got)
    sip.sleep(0.01)
    assert.equal(1, got[1].rows)
    local lines <const> = { "prefix,carrier,cost" }
    for at = 1, 20000 do lines[#lines + 1] = at .. ",uk,1" end
    folder:write("big.csv", table.concat(lines, "\n"))
    local job <const> = sip.rates(path, function(rates, err) got = { rates, err } end)
    sip.sleep(0)
    job:cancel()
    sip.sleep(0.01)
    assert.is_nil(got[1])
    assert.equal("cancelled", got[2].kind)
  end)
end)
