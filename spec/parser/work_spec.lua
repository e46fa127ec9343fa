-- SPDX-License-Identifier: MIT

local messages <const> = require "spec.support.messages"
local work <const> = require "work"

local function with(...) return messages.options { lines = { ... } } end

local function fill(text, len) return text:rep(len // #text + 1):sub(1, len) end

-- Shapes of messages that a parser can be made to look at again and again: each
-- builds a text of about the wanted length.
local shapes <const> = {
  ["a plain long header"] = function(n) return with("X-Y: " .. fill("x", n)) end,
  ["folds"] = function(n) return with("Subject: " .. fill("a\r\n ", n) .. "b") end,
  ["blank folds"] = function(n) return with("Subject: a" .. fill("\r\n ", n) .. "b") end,
  ["blanks"] = function(n) return with("Subject: a" .. fill(" \t", n) .. "b") end,
  ["trailing blanks"] = function(n) return with("X-Y: a" .. fill(" ", n)) end,
  ["control bytes"] = function(n) return with("X-Y: " .. fill("\1", n)) end,
  ["quoted control bytes"] = function(n) return with('X-Y: "' .. fill("\\\1", n)) end,
  ["bare CRs"] = function(n) return with("X-Y: " .. fill("\r", n)) end,
  ["bare LFs"] = function(n) return with("X-Y: " .. fill("\n", n)) end,
  ["lines without a colon"] = function(n) return with(fill("x\r\n", n)) end,
  ["short headers"] = function(n) return with((fill("a:\r\n", n):gsub("[\r\n]+$", ""))) end,
  ["headers that nobody knows"] = function(n) return with((fill("X-Y: z\r\n", n):gsub("[\r\n]+$",
    ""))) end,
  ["one header twice and more"] = function(n) return with((fill("Subject: z\r\n",
    n):gsub("[\r\n]+$", ""))) end,
  ["colons"] = function(n) return with(fill(":", n)) end,
  ["commas"] = function(n) return with("Supported: " .. fill(",", n)) end,
  ["tokens"] = function(n) return with("Supported: " .. fill("a,", n)) end,
  ["routes on one line"] = function(n) return with("Route: " .. fill("<sip:a>,", n)) end,
  ["routes on many lines"] = function(n) return with((fill("Route: <sip:a>\r\n",
    n):gsub("[\r\n]+[^\n]*$", ""))) end,
  ["brackets"] = function(n) return with("Route: " .. fill("<", n)) end,
  ["quotes"] = function(n) return with("Route: " .. fill('"', n)) end,
  ["quotes that do not end"] = function(n) return with("Route: " .. fill('"a,', n)) end,
  ["backslashes"] = function(n) return with('Route: "' .. fill("\\", n)) end,
  ["comments in comments"] = function(n) return with("User-Agent: a " .. fill("(", n)) end,
  ["comments"] = function(n) return with("User-Agent: a " .. fill("(b) ", n)) end,
  ["Vias on one line"] = function(n) return messages.options { via = fill("SIP/2.0/UDP a,", n)
    .. "SIP/2.0/UDP b" } end,
  ["parameters of Via"] = function(n) return messages.options { via = "SIP/2.0/UDP a"
    .. fill(";b=c", n // 4 * 4) } end,
  ["parameters of From"] = function(n) return messages.options { from = "<sip:a>" .. fill(";b=c",
    n // 4 * 4) } end,
  ["tags of From"] = function(n) return messages.options { from = "<sip:a>" .. fill(";tag=1",
    n) } end,
  ["parameters of a URI"] = function(n) return messages.options { uri = "sip:a" .. fill(";bc",
    n // 3 * 3) } end,
  ["escapes in a URI"] = function(n) return messages.options { uri = "sip:" .. fill("%41",
    n // 3 * 3) .. "@b" } end,
  ["at signs"] = function(n) return messages.options { uri = "sip:" .. fill("@", n) } end,
  ["labels of a host"] = function(n) return messages.options { uri = "sip:" .. fill("a.", n)
    .. "b" } end,
  ["hyphens of a host"] = function(n) return messages.options { uri = "sip:a" .. fill("-", n)
    .. "b" } end,
  ["an IPv6 address"] = function(n) return messages.options { uri = "sip:[" .. fill("1:", n)
    .. "]" } end,
  ["IPv6 addresses that do not end"] = function(n) return with("Route: " .. fill("<sip:[>,",
    n)) end,
  ["digits"] = function(n) return messages.options { max_forwards = fill("9", n) } end,
  ["credentials"] = function(n) return with("Authorization: Digest " .. fill('a="b",', n)
    .. "c=d") end,
  ["names of display"] = function(n) return messages.options { from = fill("a ", n)
    .. "<sip:b>" } end,
  ["a method"] = function(n) return messages.request { method = fill("M", n) } end,
  ["spaces in the request line"] = function(n) return "OPTIONS" .. fill(" ", n)
    .. "sip:a SIP/2.0\r\n\r\n" end,
  ["CRLFs in front"] = function(n) return fill("\r\n", n) .. messages.options {} end,
  ["a body"] = function(n) return messages.message { body = fill("x\r\n\r\n", n) } end,
}

local SMALL <const>, LARGE <const> = 4096, 65536
local RATIO <const> = 20 -- sixteen times the bytes, and something for what does not grow

local function check(count, build)
  local few <const>, many <const> = count(build(SMALL)), count(build(LARGE))
  assert.truthy(many <= RATIO * few, ("%d blocks for 4 KB, %d for 64 KB"):format(few, many))
  return many
end

describe("64 KB cost at most twenty times what 4 KB cost (figure 23):", function()
  for name, build in pairs(shapes) do
    it(name .. ", parsed and with every header checked", function()
      -- A block per byte is little; forty would be a loop in a loop somewhere.
      assert.truthy(check(work.message, build) < 40 * LARGE)
    end)

    it(name .. ", in a stream byte by byte", function()
      assert.truthy(check(work.stream, build) < 60 * LARGE)
    end)
  end
end)

describe("the same for", function()
  local headers <const> = {
    Via = ";", From = "a ", Contact = "<", Route = '"', ["Call-ID"] = "@", CSeq = "0",
      Accept = "/", ["Content-Type"] = ";a=b",
    Date = " ", Warning = '"', Reason = ";a", ["Retry-After"] = "(", Event = ".",
      ["Subscription-State"] = ";expires=1",
    ["Session-Expires"] = "0", RAck = "0", Timestamp = ".", Replaces = ";to-tag=1",
      Authorization = 'a="b",',
    ["WWW-Authenticate"] = "=", ["User-Agent"] = "(a)", ["Accept-Language"] = "a-",
      ["Authentication-Info"] = "a=",
    ["Content-Disposition"] = ";handling=x", Server = "a/", Subject = "x",
  }
  for name, unit in pairs(headers) do
    it(name .. " of " .. unit, function()
      for _, front in ipairs { "", "a", "1", "SIP/2.0/UDP a", "<sip:a>", "Digest a=b,", "a/b" } do
        check(function(text) return work.header(name, text) end, function(n) return front
          .. fill(unit, n) end)
      end
    end)
  end

  it("multipart bodies", function()
    for _, unit in ipairs { "x", "\r", "\r\n", "\r\n--", "\r\n--edg", "\r\n--edge", "--edge\r\n",
      "--edge\r\n\r\nx\r\n", "A: b\r\n" } do
      for _, front in ipairs { "", "--edge\r\n", "--edge\r\n\r\n" } do
        check(function(text) return work.multipart("multipart/mixed;boundary=edge", text) end,
          function(n) return front .. fill(unit, n) end)
      end
    end
  end)
end)

describe("comparing URIs", function()
  it("of 64 parameters and 64 headers is bounded", function()
    local params <const>, headers <const> = {}, {}
    for i = 1, 64 do
      params[i] = (";parameter%d=value"):format(i)
      headers[i] = ("header%d=value"):format(i)
    end
    local uri <const> = "sip:a@b" .. table.concat(params) .. "?" .. table.concat(headers, "&")
    assert.truthy(work.compare(uri, uri) < 5000000)
  end)

  it("of long parts is linear", function()
    for _, form in ipairs { "sip:%s@a", "sip:a:%s@b", "sip:%s", "sip:a;b=%s", "sip:a?b=%s",
      "tel:+%s", "x:%s" } do
      for _, unit in ipairs { "1", "%41" } do
        check(function(text) return work.compare(text, text) end,
          function(n) return (form:gsub("%%s", (fill(unit, n // 3 * 3):gsub("%%", "%%%%")))) end)
      end
    end
  end)
end)
