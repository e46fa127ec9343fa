-- SPDX-License-Identifier: MIT

local face <const> = require "sip_face"
local messages <const> = require "spec.support.messages"
local ours <const> = require "spec.torture.ours"
local verdicts <const> = require "spec.torture.verdicts"

local function summary(frames)
  local list <const> = {}
  for i, frame in ipairs(frames) do list[i] = ("%s:%d:%s"):format(frame.kind, frame.len,
    frame.error or "") end
  return table.concat(list, " ")
end

local function bytes_of(text)
  local list <const> = {}
  for i = 1, #text do list[i] = text:sub(i, i) end
  return list
end

-- Messages, keep-alives and broken ones, as a stream might bring them.
local streams <const> = {
  ["one message"] = messages.message { body = "hello" },
  ["two messages"] = messages.message { body = "hello" } .. messages.options {},
  ["a body that looks like a message"] = messages.message { body = messages.options {} }
    .. messages.bye {},
  ["a body of CRLFs"] = messages.message { body = "\r\n\r\n\r\n" } .. messages.options {},
  ["CRLFs between"] = "\r\n\r\n" .. messages.options {} .. "\r\n" .. messages.options {}
    .. "\r\n\r\n\r\n",
  ["folds and compact names"] = (messages.message { body = "x" }:gsub("Content%-Length: 1",
    "l :\r\n 1")),
  ["leading zeros"] = (messages.message { body = "x" }:gsub("Content%-Length: 1",
    "Content-Length: 0001")),
  ["no Content-Length"] = (messages.options {}:gsub("Content%-Length: 0\r\n", "")),
  ["two Content-Lengths"] = messages.options { lines = { "l: 0" } },
  ["two that differ"] = messages.options { lines = { "Content-Length: 5" } } .. "hello",
  ["Content-Length with sign"] = (messages.options {}:gsub("Length: 0", "Length: +0")),
  ["negative Content-Length"] = (messages.options {}:gsub("Length: 0", "Length: -1")),
  ["hexadecimal Content-Length"] = (messages.options {}:gsub("Length: 0", "Length: 0x0")),
  ["Content-Length of two words"] = (messages.options {}:gsub("Length: 0", "Length: 0 0")),
  ["huge Content-Length"] = (messages.options {}:gsub("Length: 0", "Length: 4294967328")),
  ["enormous Content-Length"] = (messages.options {}:gsub("Length: 0", "Length: "
    .. ("9"):rep(40))),
  ["bare LF"] = messages.options {}:gsub("\r\n", "\n", 1) .. messages.options {},
  ["bare LF everywhere"] = messages.options {}:gsub("\r\n", "\n") .. messages.options {},
  ["bare LF as the empty line"] = (messages.options {}:gsub("\r\n\r\n$", "\r\n\n")),
  ["bare CR"] = messages.options { lines = { "X: a\rb" } },
  ["NUL in a header"] = messages.options { lines = { "X: a\0b" } },
  ["a line without a colon"] = messages.options { lines = { "nonsense" } },
  ["nothing but noise"] = ("noise "):rep(50) .. "\r\n\r\n",
  ["a lone CR at the front"] = "\rOPTIONS sip:a@b SIP/2.0\r\n\r\n",
  ["a lone LF at the front"] = "\nOPTIONS",
}

describe("the framer gives the same frames however the stream is split (bug class 11):", function()
  for name, stream in pairs(streams) do
    it(name, function()
      local whole <const> = summary(face.frames { stream })
      assert.truthy(#whole > 0)
      for i = 1, #stream - 1 do
        assert.same(whole, summary(face.frames { stream:sub(1, i), stream:sub(i + 1) }),
          "split at " .. i)
      end
      assert.same(whole, summary(face.frames(bytes_of(stream))), "byte by byte")
    end)
  end

  for _, row in ipairs(verdicts) do
    it(("%s (RFC %d %s)"):format(row.name, row.rfc, row.section), function()
      local stream <const> = ours(row.name)
      local whole <const> = summary(face.frames { stream })
      for i = 1, #stream - 1, #stream > 1200 and 7 or 1 do
        assert.same(whole, summary(face.frames { stream:sub(1, i), stream:sub(i + 1) }),
          "split at " .. i)
      end
      assert.same(whole, summary(face.frames(bytes_of(stream))), "byte by byte")
    end)
  end
end)

describe("framer and parser agree on where a message ends (bug class 11):", function()
  local function check(stream)
    for _, frame in ipairs(face.frames { stream }) do
      if frame.kind == "message" then
        local m <const> = face.parse(frame.bytes)
        assert.truthy(m.error or m.len == frame.len, m.error)
        for _, fatal in ipairs { "LINE_END", "TRUNCATED",
          "CONTENT_LENGTH" } do assert.are_not.same(fatal, m.error) end
        -- As a datagram with more behind it the message is the same one.
        if not m.error then assert.same(m.len, face.parse(frame.bytes .. "rubbish").len) end
      elseif frame.kind == "error" and frame.error ~= "TOO_LARGE" then
        local m <const> = face.parse(frame.bytes)
        local no_length <const> = frame.error == "CONTENT_LENGTH"
          and not frame.bytes:lower():find "\r\n[cl][ontelgh-]* *:"
        assert.truthy(m.error or no_length, frame.error)
      end
    end
  end

  for name, stream in pairs(streams) do
    it(name, function() check(stream) end)
  end

  it("every torture message", function()
    for _, row in ipairs(verdicts) do check(ours(row.name)) end
  end)
end)

describe("what the framer says", function()
  local function kinds(stream)
    local list <const> = {}
    for i, frame in ipairs(face.frames { stream }) do list[i] = frame.error or frame.kind end
    return list
  end

  it("of keep-alives: the second CRLF of a pair is the ping (RFC 5626 3.5.1)", function()
    assert.same({ "pong" }, kinds "\r\n")
    assert.same({ "pong", "ping" }, kinds "\r\n\r\n")
    assert.same({ "pong", "ping", "pong" }, kinds "\r\n\r\n\r\n")
    assert.same({ "pong", "message", "pong", "ping" }, kinds("\r\n" .. messages.options {}
      .. "\r\n\r\n"))
  end)

  it("of framing that is lost: an error, and nothing after it (RFC 3261 18.3)", function()
    for name, expected in pairs {
      ["no Content-Length"] = "CONTENT_LENGTH", ["two Content-Lengths"] = "DUPLICATE",
        ["two that differ"] = "DUPLICATE",
      ["Content-Length with sign"] = "CONTENT_LENGTH",
        ["negative Content-Length"] = "CONTENT_LENGTH",
      ["hexadecimal Content-Length"] = "CONTENT_LENGTH",
        ["Content-Length of two words"] = "CONTENT_LENGTH",
      ["huge Content-Length"] = "TOO_LARGE", ["enormous Content-Length"] = "TOO_LARGE",
        ["bare LF"] = "LINE_END",
      ["bare LF everywhere"] = "LINE_END", ["bare LF as the empty line"] = "LINE_END",
        ["bare CR"] = "LINE_END",
      ["NUL in a header"] = "HEADER", ["a line without a colon"] = "HEADER_NAME",
        ["a lone LF at the front"] = "LINE_END",
    } do
      assert.same({ expected }, kinds(streams[name]), name)
    end
  end)

  it("of a message that the parser refuses for other reasons: a message", function()
    assert.same({ "message" }, kinds(messages.options { from = "x y" }))
    assert.same({ "message" }, kinds(messages.options { cseq_method = "BYE" }))
  end)

  it("of a body that has not come: nothing, whatever its length (bug class 10)", function()
    local head <const> = messages.message {}:gsub("Length: 0", "Length: 60000")
    assert.same({}, kinds(head))
    assert.same({}, kinds(head .. ("x"):rep(59999)))
    assert.same({ "message" }, kinds(head .. ("x"):rep(60000)))
  end)
end)
