-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"
local face <const> = require "sip_face"
local messages <const> = require "spec.support.messages"

local function with(...) return messages.options { lines = { ... } } end

local function error_of(text, limits) return face.parse(text, limits).error end

-- Headers that every message of messages.options has.
local OWN <const> = select(2, messages.options {}:gsub("\r\n[^\r]+:", ""))

describe("a limit is reached without an error and passed with one:", function()
  it("message_size, in bytes", function()
    local text <const> = with("X-Y: " .. ("x"):rep(400))
    assert.is_nil(error_of(text, { message_size = #text }))
    assert.same("TOO_LARGE", error_of(text, { message_size = #text - 1 }))
    local body <const> = messages.message { body = ("x"):rep(400) }
    assert.is_nil(error_of(body, { message_size = #body }))
    assert.same("TOO_LARGE", error_of(body, { message_size = #body - 1 }))
  end)

  it("message_size, in what Content-Length promises", function()
    local text <const> = messages.message { body = "x" }
    local head <const> = #text - 1
    local function promise(length) return (text:gsub("Content%-Length: %d+",
      ("Content-Length: %04d"):format(length))) end
    assert.same("CONTENT_LENGTH", error_of(promise(200 - head - 3 + head), { message_size = 1000 }))
    assert.same("CONTENT_LENGTH", error_of(promise(1000 - head - 3), { message_size = 1000 }))
    assert.same("TOO_LARGE", error_of(promise(1000 - head - 3 + 1), { message_size = 1000 }))
  end)

  it("header_count", function()
    local lines <const> = {}
    for i = 1, 20 do lines[i] = ("X-%d: y"):format(i) end
    local text <const> = with(table.unpack(lines))
    assert.is_nil(error_of(text, { header_count = OWN + 20 }))
    local over <const> = face.parse(text, { header_count = OWN + 19 })
    assert.same({ "TOO_MANY", OWN + 19, 400 }, { over.error, over.headers, over.answer })
  end)

  it("header_size, in bytes of a field with its folds", function()
    local line <const> = "Subject: " .. ("x"):rep(60) .. "\r\n " .. ("y"):rep(60)
    assert.is_nil(error_of(with(line), { header_size = #line }))
    assert.same("TOO_LARGE", error_of(with(line), { header_size = #line - 1 }))
    local name <const> = ("N"):rep(100) .. ": 1"
    assert.is_nil(error_of(with(name), { header_size = #name }))
    assert.same("TOO_LARGE", error_of(with(name), { header_size = #name - 1 }))
  end)

  it("uri_params, of Request-URI, From and To", function()
    local function uri(count)
      local params <const> = {}
      for i = 1, count do params[i] = ";p" .. i end
      return "sip:a@b" .. table.concat(params)
    end
    for _, where in ipairs {
      function(u) return messages.options { uri = u } end,
      function(u) return messages.options { from = "<" .. u .. ">;tag=1" } end,
      function(u) return messages.options { to = "<" .. u .. ">" } end,
    } do
      assert.is_nil(error_of(where(uri(8)), { uri_params = 8 }))
      local over <const> = face.parse(where(uri(9)), { uri_params = 8 })
      assert.same({ "LIMIT", 400 }, { over.error, over.answer })
      assert.is_nil(error_of(where(uri(32))))
      assert.same("LIMIT", error_of(where(uri(33))))
    end
  end)

  it("of the default: 256 headers, 8192 bytes each, 65535 in all", function()
    local lines <const> = {}
    for i = 1, 256 - OWN do lines[i] = "X-Y: y" end
    assert.truthy(core.message(with(table.unpack(lines))))
    lines[#lines + 1] = "X-Y: y"
    assert.same("TOO_MANY", select(2, core.message(with(table.unpack(lines)))).name)
    assert.truthy(core.message(with("X-Y: " .. ("x"):rep(8187))))
    assert.same("TOO_LARGE", select(2, core.message(with("X-Y: " .. ("x"):rep(8188)))).name)
    local text <const> = messages.message { body = ("x"):rep(60000) }
    assert.truthy(core.message(messages.message { body = ("x"):rep(65535 - #text + 60000) }))
    assert.same("TOO_LARGE", select(2,
      core.message(messages.message { body = ("x"):rep(65536 - #text + 60000) })).name)
  end)

  it("the framer's message_size (bug class 10)", function()
    local text <const> = messages.message { body = ("x"):rep(50) }
    assert.same("message", face.frames({ text }, { message_size = #text })[1].kind)
    local over <const> = face.frames({ text }, { message_size = #text - 1 })[1]
    assert.same({ "error", "TOO_LARGE" }, { over.kind, over.error })
    local endless <const> = "OPTIONS sip:a@b SIP/2.0\r\nX: " .. ("x"):rep(1000)
    assert.same({}, face.frames({ endless:sub(1, 500) }, { message_size = 500 }))
    local error <const> = face.frames({ endless:sub(1, 501) }, { message_size = 500 })[1]
    assert.same({ "error", "TOO_LARGE", 500 }, { error.kind, error.error, error.len })
  end)
end)

describe("memory", function()
  it("of a message is one block: its bytes, sixteen per header, and less than 160 more", function()
    local lines <const> = {}
    for i = 1, 100 do lines[i] = "X-Y: y" end
    local few <const>, many <const> = with(), with(table.unpack(lines))
    local a <const>, b <const> = face.parse(few), face.parse(many)
    assert.same(16 * 100, (b.copy_size - #many) - (a.copy_size - #few))
    assert.truthy(a.copy_size - #few - 16 * a.headers < 160)
  end)
end)
