-- SPDX-License-Identifier: MIT
--
-- Bug class 41: lengths of WebSocket frames at their boundaries, with every mask, in fragments,
-- and cut wherever a reader may trip (RFC 6455 5.2 to 5.4).

local web <const> = require "web_face"

local CONTINUATION <const>, BINARY <const>, PING <const> = 0, 2, 9
local TOO_BIG <const>, PROTOCOL <const> = 1009, 1002
local LIMIT <const> = 70000

-- Where the form of a length changes, a mask begins anew, or a limit is.
local LENGTHS <const> = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 124, 125, 126, 127, 128, 255, 256, 65534,
                          65535, 65536, 65537, LIMIT - 1, LIMIT }

local MASKS <const> = { bare = false, zero = "\0\0\0\0", ones = "\xff\xff\xff\xff",
                        mixed = "\x01\x80\x7f\xfe" }

-- The sizes of the fragments of a message of so many bytes.
local FRAGMENTS <const> = {
  ["one piece"] = function(len) return { len } end,
  ["an empty one first"] = function(len) return { 0, len } end,
  ["an empty one last"] = function(len) return { len, 0 } end,
  ["its first byte and the rest"] = function(len)
    return { math.min(1, len), math.max(0, len - 1) }
  end,
  ["all but its last byte, and that"] = function(len)
    return { math.max(0, len - 1), math.min(1, len) }
  end,
  ["three, empty ones between"] = function(len)
    local third <const> = len // 3
    return { third, 0, third, 0, len - 2 * third }
  end,
}

local function masked(text, mask)
  local four <const> = table.pack(mask:byte(1, 4))
  local parts <const> = {}
  for at = 1, #text, 4000 do
    local bytes <const> = table.pack(text:byte(at, math.min(at + 3999, #text)))
    for i = 1, bytes.n do bytes[i] = bytes[i] ~ four[(i - 1) % 4 + 1] end
    parts[#parts + 1] = string.char(table.unpack(bytes, 1, bytes.n))
  end
  return table.concat(parts)
end

local function frame(opcode, data, is_final, mask)
  return web.write(opcode, #data, is_final, mask or nil) .. (mask and masked(data, mask) or data)
end

-- A message in fragments, with a ping between each two; and where its frames begin.
local function message(text, sizes, mask)
  local parts <const>, starts, at, length = {}, {}, 1, 0
  for index, size in ipairs(sizes) do
    starts[index] = length
    local bytes = frame(index == 1 and BINARY or CONTINUATION, text:sub(at, at + size - 1),
      index == #sizes, mask)
    if index < #sizes then bytes = bytes .. frame(PING, "p", true, mask) end
    at, length = at + size, length + #bytes
    parts[index] = bytes
  end
  return table.concat(parts), starts
end

local function text_of(len)
  return ("The quick brown fox jumps over it.\0\xff"):rep(len // 36 + 1):sub(1, len)
end

-- Cuts: through the heads of all frames, around their ends, and in the middle.
local function cuts_of(bytes, starts)
  local seen <const>, list = {}, {}
  local function add(at)
    if at >= 1 and at < #bytes and not seen[at] then
      seen[at] = true
      list[#list + 1] = at
    end
  end
  for _, start in ipairs(starts) do
    for offset = -2, 15 do add(start + offset) end
  end
  for _, at in ipairs { #bytes // 2, #bytes - 5, #bytes - 4, #bytes - 1 } do add(at) end
  return list
end

local function feed(bytes, cut, is_masked)
  local reader <const> = web.reader(LIMIT, is_masked)
  local events <const> = reader:feed(bytes:sub(1, cut))
  for _, event in ipairs(reader:feed(bytes:sub(cut + 1))) do events[#events + 1] = event end
  return events, reader
end

describe("bug class 41: a message of a WebSocket, cut anywhere, comes whole", function()
  for mask_name, mask in pairs(MASKS) do
    for how, sizes_of in pairs(FRAGMENTS) do
      it(("in %s, mask %s"):format(how, mask_name), function()
        for _, len in ipairs(LENGTHS) do
          local text <const>, sizes = text_of(len), sizes_of(len)
          local bytes <const>, starts = message(text, sizes, mask)
          for _, cut in ipairs(cuts_of(bytes, starts)) do
            local events = feed(bytes, cut, mask ~= false)
            local last <const> = events[#events]
            if #events ~= #sizes or last.kind ~= "message" or last.data ~= text then
              error(("%d bytes cut after %d: %d events, the last %s"):format(len, cut, #events,
                last and last.kind or "none"))
            end
          end
        end
      end)
    end
  end

  it("whatever byte stands at whatever place of its mask", function()
    local text <const> = text_of(11)
    for place = 1, 4 do
      for byte = 0, 255 do
        local mask = "\x5a\xa5\x0f\xf0"
        mask = mask:sub(1, place - 1) .. string.char(byte) .. mask:sub(place + 1)
        for cut = 6, 10 do -- the first bytes of what is masked
          local events = feed(frame(BINARY, text, true, mask), cut, true)
          assert.equal(text, events[1].data)
        end
      end
    end
  end)

  it("byte by byte too, whatever its length", function()
    for _, len in ipairs { 0, 1, 125, 126, 127, 300 } do
      for _, mask in pairs(MASKS) do
        local text <const> = text_of(len)
        local reader <const>, got = web.reader(LIMIT, mask ~= false), {}
        for byte in message(text, { len // 2, len - len // 2 }, mask):gmatch "." do
          for _, event in ipairs(reader:feed(byte)) do got[#got + 1] = event end
        end
        assert.equal(text, got[2].data)
      end
    end
  end)
end)

describe("bug class 41: a length that nobody will send", function()
  local CLAIMS <const> = { LIMIT + 1, 65536 * 2, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32,
                           (1 << 32) + 1, math.maxinteger - 1, math.maxinteger }
  -- With the highest bit set: 2^63, 2^64 - 1, and what wraps to a small sum.
  local NEGATIVE <const> = { math.mininteger, math.mininteger + 1, -1, -4, -14, -LIMIT }

  local function head(opcode, claims, mask)
    return string.char(0x80 | opcode, (mask and 0x80 or 0) | 127) .. (">I8"):pack(claims)
      .. (mask or "")
  end

  local function breaks(code, before, claims, mask)
    for _, behind in ipairs { "", "x", ("x"):rep(200) } do
      local bytes <const> = before .. head(#before == 0 and BINARY or CONTINUATION, claims, mask)
        .. behind
      for cut = 1, #bytes - 1 do
        local events, reader = feed(bytes, cut, mask ~= nil)
        local last <const> = events[#events]
        assert.same({ "broken", code }, { last and last.kind, last and last.code })
        assert.is_true(reader:live() < 4096) -- what is announced is not allocated
      end
    end
  end

  for _, mask in ipairs { false, "\1\2\3\4" } do
    local how <const> = mask and "masked" or "bare"
    it("is refused at its head, " .. how, function()
      for _, claims in ipairs(CLAIMS) do breaks(TOO_BIG, "", claims, mask or nil) end
      for _, claims in ipairs(NEGATIVE) do breaks(PROTOCOL, "", claims, mask or nil) end
    end)

    it("is refused as a further fragment, whose sum would wrap, " .. how, function()
      local first <const> = frame(BINARY, "0123456789abc", false, mask)
      for _, claims in ipairs(CLAIMS) do breaks(TOO_BIG, first, claims, mask or nil) end
      for _, claims in ipairs(NEGATIVE) do breaks(PROTOCOL, first, claims, mask or nil) end
      -- What is left of the limit, and one more.
      local rest <const> = LIMIT - 13
      local events <const> = feed(first .. frame(CONTINUATION, text_of(rest), true, mask), 20,
        mask ~= false)
      assert.equal(LIMIT, #events[1].data)
      local over <const> = feed(first .. frame(CONTINUATION, text_of(rest + 1), true, mask), 20,
        mask ~= false)
      assert.equal(TOO_BIG, over[1].code)
    end)
  end

  it("is no reason to read on: fragments without end and without bytes stay one message", function()
    local reader <const> = web.reader(LIMIT, false)
    assert.same({}, reader:feed(frame(BINARY, "", false)))
    for _ = 1, 20000 do assert.same({}, reader:feed(frame(CONTINUATION, "", false))) end
    assert.is_true(reader:live() < 4096)
    assert.equal("end", reader:feed(frame(CONTINUATION, "end", true))[1].data)
  end)
end)
