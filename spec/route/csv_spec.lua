-- SPDX-License-Identifier: MIT
--
-- Comma-separated values (RFC 4180) as rate tables are written in.

local core <const> = require "moonsip.core"

local function fields(line, separator) return core.csv(line, separator or ",") end

describe("a line of values (RFC 4180 2)", function()
  for line, wanted in pairs {
    ["a,b,c"] = { "a", "b", "c" },
    ["a,b,c\r\n"] = { "a", "b", "c" },
    [" a , b c ,"] = { "a", "b c", "" },
    [",,"] = { "", "", "" },
    ['"a,b",c'] = { "a,b", "c" },
    ['"say ""hi""", "x" '] = { 'say "hi"', "x" },
    ['""'] = { "" },
    ["\xef\xbb\xbfprefix,cost"] = { "prefix", "cost" },
    ["M\xc3\xbcnchen"] = { "M\xc3\xbcnchen" },
  } do
    it(("%q has %d"):format(line, #wanted), function()
      assert.same(wanted, fields(line))
    end)
  end

  it("is cut at the separator that is said", function()
    assert.same({ "a,b", "c" }, fields("a,b;c", ";"))
    assert.same({ "a", "b" }, fields("a\tb", "\t"))
  end)

  for line, why in pairs {
    ['a,"b'] = "a quote that is not closed, or text behind it",
    ['"a"b,c'] = "a quote that is not closed, or text behind it",
    ['a"b"'] = "a quote inside a field that has none around it",
    ["a,b\1c"] = "a control byte",
    ["a,b\0c"] = "a control byte",
    ["a\rb"] = "a control byte",
    [("x,"):rep(64)] = "more than 64 fields",
    [("x"):rep(65537)] = "longer than 65536 bytes",
  } do
    it(("is refused: %s (%d bytes)"):format(why, #line), function()
      local list <const>, err = fields(line)
      assert.is_nil(list)
      assert.equal(why, err.reason)
    end)
  end

  it("may have 64 fields and 65536 bytes", function()
    assert.equal(64, #fields(("x,"):rep(63)))
    assert.same({ ("x"):rep(65536) }, fields(("x"):rep(65536)))
    assert.same({ ("x"):rep(65530), "1" }, fields('"' .. ("x"):rep(65530) .. '","1"'))
  end)
end)

local COLUMNS <const> = { { "prefix", "prefix" }, { "name", "text" }, { "cost", "number" } }

-- The table that a file in pieces makes, as text; or the error.
local function read(pieces)
  local made <const> = core.rates(COLUMNS)
  assert(made:source(",", { 1, 2, 3 }, {}, 0, 0))
  for at = 1, #pieces + 1 do
    local done <const>, err = made:read(pieces[at] or "", at > #pieces)
    if not done then return ("%d: %s"):format(err.line, err.reason) end
  end
  local rows <const> = {}
  for _, row in ipairs(made:find("123456", "every", 0)) do
    rows[#rows + 1] = ("%s %s %s %d"):format(row.prefix, row.name, row.cost, row.line)
  end
  return table.concat(rows, "\n")
end

describe("a file in pieces", function()
  local good <const> = "\xef\xbb\xbf1,one,0.1\r\n\n12,\"two, too\",0.25\n  \n123,three,3"
  local wanted <const> = "123 three 3.0 5\n12 two, too 0.25 3\n1 one 0.1 1"
  local bad <const> = good .. "\n1234,four,x\n"

  it("is the same however it is cut", function()
    assert.equal(wanted, read { good })
    assert.equal(wanted, read { good .. "\n" })
    for cut = 0, #good do
      assert.equal(wanted, read { good:sub(1, cut), good:sub(cut + 1) })
    end
    local bytes <const> = {}
    for at = 1, #good do bytes[at] = good:sub(at, at) end
    assert.equal(wanted, read(bytes))
  end)

  it("has the same error however it is cut", function()
    for cut = 0, #bad do
      assert.equal('6: cost "x": a decimal number expected',
        read { bad:sub(1, cut), bad:sub(cut + 1) })
    end
  end)

  it("is refused at the byte past the longest line, wherever it is cut", function()
    local long <const> = "1,one,1\n" .. ("x"):rep(65537) .. "\n"
    for cut = 0, #long, 4096 do
      assert.equal("2: longer than 65536 bytes", read { long:sub(1, cut), long:sub(cut + 1) })
    end
  end)
end)

describe("a value", function()
  local function cost(text)
    local made <const> = core.rates(COLUMNS)
    assert(made:source(",", { 1, 2, 3 }, {}, 0, 0))
    local done <const>, err = made:read("1,x," .. text .. "\n", true)
    if not done then return nil, err.reason end
    return made:find("1", "longest", 0)[1].cost
  end

  it("that is a number is the double nearest to the decimal, in every locale", function()
    for _, text in ipairs { "0", "1", "0.1", "0.0125", ".5", "5.", "007", "123456789012345",
      "0.000000000000001", "99999.9999", "0.30", "-0.5" } do
      assert.equal(tonumber(text) + 0.0, cost(text), text)
    end
    local old <const> = os.setlocale()
    if os.setlocale "de_DE.UTF-8" then assert.equal(0.25, cost "0.25") end
    os.setlocale(old)
  end)

  it("that is no number is refused", function()
    for _, text in ipairs { "x", "1e5", "0x10", "1,5", "1.2.3", ".", "-", "--1", "+1", "1 2",
      "inf", "nan", "1234567890123456", "0.0000000000000001" } do
      assert.is_nil(cost(text), text)
    end
  end)

  local function instant(text)
    local made <const> = core.rates { { "prefix", "prefix" }, { "from", "instant" } }
    assert(made:source(",", { 1, 2 }, {}, 0, 0))
    if not made:read("1," .. text .. "\n", true) then return nil end
    return made:find("1", "longest", 1e15)[1].from
  end

  it("that is a date is seconds since 1970, UTC where no zone is said (ISO 8601)", function()
    for text, seconds in pairs {
      ["1970-01-01"] = 0, ["2026-07-01"] = 1782864000, ["2000-02-29"] = 951782400,
      ["1999-12-31T23:59:59Z"] = 946684799, ["2026-07-01 06:00"] = 1782885600,
      ["2026-07-01T06:00:00+02:00"] = 1782878400, ["2026-07-01 06:00-05:30"] = 1782905400,
      ["1969-12-31"] = -86400,
    } do
      assert.equal(seconds, instant(text), text)
    end
  end)

  it("that is no date is refused", function()
    for _, text in ipairs { "2026-13-01", "2026-00-01", "2026-02-29", "2000-02-30",
      "1900-02-29", "26-07-01", "2026-7-1", "01.07.2026", "2026-07-01T", "2026-07-01 24:00",
      "2026-07-01 06:60", "2026-07-01 06:00+2", "2026-07-01 06:00 x", "today" } do
      assert.is_nil(instant(text), text)
    end
  end)
end)
