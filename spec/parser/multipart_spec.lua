-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"

local TYPE <const> = 'multipart/mixed;boundary="edge"'

local function lines(...) return table.concat({ ... }, "\r\n") end

local function parts(body, content_type) return core.parts(content_type or TYPE, body) end

local function bodies(list)
  local out <const> = {}
  for i, part in ipairs(list) do out[i] = part.body end
  return out
end

describe("a multipart body (RFC 2046 5.1)", function()
  local body <const> = lines("preamble", "--edge", "Content-Type: application/sdp",
    "Content-Disposition: session;handling=optional",
    "X-A: 1", "x-a: 2", "", "v=0", "", "--edge", "", "plain", "--edge  \t",
      "Content-Type: text/html", "", "", "--edge--", "epilogue")

  it("is its parts, with their headers", function()
    local list <const> = assert(parts(body))
    assert.same({ "v=0\r\n", "plain", "" }, bodies(list))
    assert.same({ "application/sdp", "session", true, "1" }, { list[1].content_type.value,
      list[1].disposition.value,
      list[1].disposition.optional, list[1].headers["x-a"] })
    assert.same({ "text/plain", nil }, { list[2].content_type.value, list[2].disposition }) -- 5.2
    assert.same({}, list[2].headers)
  end)

  it("is found in a message", function()
    local m <const> = assert(core.message(messages.message { body = body,
      lines = { "Content-Type: " .. TYPE } }))
    assert.same(3, #assert(m:parts()))
    local none <const>, err <const> = core.message(messages.message { body = body }):parts()
    assert.same({ nil, "MULTIPART" }, { none, err.name })
  end)

  it("may have a part without an empty line, which is headers only", function()
    local list <const> = assert(parts(lines("--edge", "Content-Type: a/b", "--edge--")))
    assert.same({ "a/b", "" }, { list[1].content_type.value, list[1].body })
  end)

  it("holds any byte, also CRs, LFs and what looks like a delimiter", function()
    local wild <const> = "\0\r\r\n--edg\r\n--edgeX\r\n --edge\n--edge\n-- edge\r\n--edge-\r"
    assert.same({ wild }, bodies(assert(parts("--edge\r\n\r\n" .. wild .. "\r\n--edge--"))))
  end)

  it("folds headers of parts", function()
    assert.same("a b", assert(parts(lines("--edge", "Subject: a", "\tb", "", "x",
      "--edge--")))[1].headers.subject)
  end)

  it("takes any boundary of 1 to 70 bchars, quoted or not (5.1.1)", function()
    for _, boundary in ipairs { "x", ("b"):rep(70), "a b", "'()+_,-./:=?", "0 1" } do
      local text <const> = ("--%s\r\n\r\nx\r\n--%s--"):format(boundary, boundary)
      assert.same({ "x" }, bodies(assert(parts(text,
        ('multipart/x;boundary="%s"'):format(boundary)))))
    end
    assert.truthy(parts("--x\r\n\r\ny\r\n--x--", "Multipart/Mixed; a=b; Boundary=x"))
  end)
end)

describe("a malformed multipart body (bug class 2)", function()
  for title, row in pairs {
    ["is empty"] = { "" }, ["has no delimiter"] = { "text" }, ["has no part"] = { "--edge--" },
      ["has an empty part list"] = { lines("--edge", "--edge--") },
    ["has no closing delimiter"] = { lines("--edge", "", "x") },
      ["is cut in the closing delimiter"] = { lines("--edge", "", "x", "--edge-") },
    ["ends behind a delimiter"] = { lines("--edge", "", "x", "--edge", "") },
      ["has two delimiters in a row"] = { lines("--edge", "--edge", "", "x", "--edge--") },
    ["has LF only"] = { (lines("--edge", "", "x", "--edge--"):gsub("\r\n", "\n")) },
    ["has an LF behind a delimiter"] = { "--edge\n\r\nx\r\n--edge--" },
      ["has text behind a delimiter"] = { lines("--edge x", "", "x", "--edge--") },
    ["has header lines that are none"] = { lines("--edge", "nonsense", "", "x", "--edge--") },
    ["has a bare CR in a header"] = { "--edge\r\nA: b\rc\r\n\r\nx\r\n--edge--" },
      ["has a NUL in a header"] = { lines("--edge", "A: \0", "", "x", "--edge--") },
    ["has a folded first line"] = { lines("--edge", " A: b", "", "x", "--edge--") },
    ["is another type"] = { lines("--edge", "", "x", "--edge--"), "text/plain;boundary=edge" },
    ["has no boundary"] = { lines("--edge", "", "x", "--edge--"), "multipart/mixed" },
    ["has an empty boundary"] = { lines("--", "", "x", "----"), 'multipart/mixed;boundary=""' },
    ["has a boundary that ends in a space"] = { lines("--a ", "", "x", "--a --"),
      'multipart/mixed;boundary="a "' },
    ["has a boundary of 71"] = { lines("--" .. ("b"):rep(71), "", "x", "--" .. ("b"):rep(71)
      .. "--"), "multipart/mixed;boundary=" .. ("b"):rep(71) },
    ["has a boundary with a control byte"] = { "x", 'multipart/mixed;boundary="a\tb"' },
    ["has a boundary with an umlaut"] = { "x", 'multipart/mixed;boundary="\xe4"' },
    ["has a malformed Content-Type"] = { "x", "multipart/mixed;boundary=" },
  } do
    it(title .. ": is refused", function()
      local list <const>, err <const> = parts(row[1], row[2])
      assert.is_nil(list)
      assert.same("MULTIPART", err.name)
    end)
  end

  it("has a CR at the end of its headers: is refused", function()
    assert.is_nil(parts("--edge\r\nA: b\r\r\n--edge--"))
  end)

  it("cut at every byte is refused or has its parts (bug class 8)", function()
    local body <const> = lines("--edge", "A: b", " c", "", "one", "--edge", "", "two", "--edge--")
    for len = 0, #body do
      local list <const>, err <const> = parts(body:sub(1, len))
      assert.same(len == #body, list ~= nil)
      assert.truthy(list or err.name == "MULTIPART")
    end
  end)
end)

describe("limits of multipart bodies (bug class 17)", function()
  it("are 64 parts", function()
    local part <const> = "--edge\r\n\r\nx\r\n"
    assert.same(64, #assert(parts(part:rep(64) .. "--edge--")))
    assert.same("LIMIT", select(2, parts(part:rep(65) .. "--edge--")).name)
    assert.same("LIMIT", select(2, parts(part:rep(100000) .. "--edge--")).name)
  end)

  local function nested(depth)
    local body = "innermost"
    local content_type = "text/plain"
    for level = 1, depth do
      body = ("--b%d\r\nContent-Type: %s\r\n\r\n%s\r\n--b%d--"):format(level, content_type, body,
        level)
      content_type = "multipart/mixed;boundary=b" .. level
    end
    return content_type, body
  end

  it("are four levels", function()
    local list = core.parts(nested(5))
    for _ = 1, 3 do list = assert(list[1]:parts()) end
    local deeper <const>, err <const> = list[1]:parts()
    assert.same({ nil, "LIMIT" }, { deeper, err.name })
    list = core.parts(nested(4))
    for _ = 1, 3 do list = assert(list[1]:parts()) end
    assert.same("innermost", list[1].body)
  end)

  it("hold for a body of 1 000 levels, which is one part until asked", function()
    assert.same(1, #assert(core.parts(nested(1000))))
  end)
end)

describe("building a multipart body", function()
  it("and reading it gives the parts", function()
    local body <const>, boundary <const> = assert(core.multipart {
      "Content-Type: a/b\r\nX: y\r\n", "one", "", "--two\r\n", "A: b\r\n", "" })
    local list <const> = assert(core.parts(("multipart/mixed;boundary=%q"):format(boundary), body))
    assert.same({ "one", "--two\r\n", "" }, bodies(list))
    assert.same({ "a/b", "y" }, { list[1].content_type.value, list[1].headers.x })
  end)

  it("ends the headers of a part that was headers only", function()
    local body <const> = assert(core.multipart({ "A: b", "" }, "edge"))
    assert.same("--edge\r\nA: b\r\n\r\n\r\n--edge--\r\n", body)
  end)

  it("gives the same bytes for the same parts", function()
    assert.same({ core.multipart { "", "x" } }, { core.multipart { "", "x" } })
  end)

  it("never puts a boundary around a part that holds it", function()
    local _, boundary <const> = assert(core.multipart { "", "x" })
    for _, form in ipairs { "--%s", "a\r\n--%s", "a\n--%s\r\n", "--%s--" } do
      local inside <const> = form:format(boundary)
      assert.is_nil(core.multipart({ "", inside }, boundary))
      local body <const>, other <const> = assert(core.multipart { "", inside })
      assert.same({ inside }, bodies(assert(core.parts(("multipart/x;boundary=%q"):format(other),
        body))))
    end
    assert.truthy(core.multipart({ "", "a--" .. boundary }, boundary)) -- not at the start of a line
  end)

  it("of no part, with malformed headers or boundary is refused (bug class 2)", function()
    for _, row in ipairs { { {} }, { { "nonsense", "x" } }, { { "A: b\r\n\r\n", "x" } },
      { { "A: b\rc\r\n", "x" } },
                           { { "", "x" }, "" }, { { "", "x" }, "a " }, { { "", "x" },
                             ("b"):rep(71) }, { { "", "x" }, "a\r\nb" } } do
      local body <const>, err <const> = core.multipart(row[1], row[2])
      assert.same({ nil, "INVALID" }, { body, err.name })
    end
    assert.has_error(function() core.multipart { "odd" } end)
    assert.has_error(function() core.multipart "x" end)
  end)

  it("another boundary keeps every part (bug class 20)", function()
    local first <const> = assert(core.multipart({ "A: b\r\n", "one\r\n", "", "\r\ntwo" }, "first"))
    local flat <const> = {}
    for _, part in ipairs(assert(core.parts("multipart/mixed;boundary=first", first))) do
      local lines_of_it = ""
      for name, value in pairs(part.headers) do lines_of_it = lines_of_it .. name .. ": " .. value
        .. "\r\n" end
      flat[#flat + 1] = lines_of_it
      flat[#flat + 1] = part.body
    end
    local second <const> = assert(core.multipart(flat, "a-second-and-longer-one"))
    assert.same({ "one\r\n", "\r\ntwo" },
      bodies(assert(core.parts('multipart/mixed;boundary="a-second-and-longer-one"', second))))
    local m <const> = assert(core.message(messages.message { body = first,
      lines = { "Content-Type: multipart/mixed;boundary=first" } }))
    m.content_type = "multipart/mixed;boundary=a-second-and-longer-one"
    m.body = second
    assert.same({ "one\r\n", "\r\ntwo" }, bodies(assert(m:parts())))
  end)
end)
