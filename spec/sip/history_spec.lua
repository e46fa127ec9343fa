-- SPDX-License-Identifier: MIT
--
-- The last messages of an engine, kept for traces and call flows.

local core <const> = require "moonsip.core"

-- An engine, and a function that has it receive an OPTIONS of about `size` bytes.
local function engine(bytes)
  local one = assert(core.engine { seed = 1, now = 1000 })
  local listener = one:add_listener("udp", "10.0.0.1", 5060)
  local flow = core.flow("udp", "10.0.0.1", 5060, "10.0.0.9", 5070, listener, 0)
  if bytes then assert(one:keep_history(bytes)) end
  local serial = 0
  return one, function(size)
    serial = serial + 1
    local text = ("OPTIONS sip:a SIP/2.0\r\n"
      .. "Via: SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\n"
      .. "From: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: call-%d\r\nCSeq: 1 OPTIONS\r\n")
      :format(serial, serial)
    local filler = ("x"):rep((size or 0) - #text)
    text = text .. "X: " .. filler .. "\r\nContent-Length: 0\r\n\r\n"
    one:receive(flow, text)
    while one:next_packet() do end
    return text
  end
end

describe("the history of an engine", function()
  it("is empty until it has a size", function()
    local one, receive = engine()
    receive()
    assert.same({}, (one:history()))
    assert.is_true(one:keep_history(10000))
    receive()
    assert.equal(2, #one:history())
    assert.is_true(one:keep_history(0))
    assert.same({}, (one:history()))
  end)

  it("has each message with its instant, direction, transport and ends", function()
    local one, receive = engine(10000)
    local text = receive()
    local records, last = one:history()
    assert.equal(2, #records)
    assert.equal(2, last)
    assert.same({ at = 1000, direction = "in", transport = "udp", from = "10.0.0.9:5070",
                  to = "10.0.0.1:5060", bytes = text }, records[1])
    assert.equal("out", records[2].direction)
    assert.equal("10.0.0.1:5060", records[2].from)
    assert.truthy(records[2].bytes:find "^SIP/2.0 200 OK\r\n")
  end)

  it("picks what contains a text, and what is newer than a number", function()
    local one, receive = engine(100000)
    for _ = 1, 20 do receive() end
    assert.equal(2, #one:history(0, "call-7\r\n"))
    local _, last = one:history()
    assert.same({}, (one:history(last)))
    receive()
    local newer, now = one:history(last)
    assert.equal(2, #newer)
    assert.equal(last + 2, now)
    assert.equal(2, #one:history(last))
    assert.equal(0, #one:history(0, "call-77"))
  end)

  it("never takes more than its size: the oldest make room, of whatever size", function()
    local one, receive = engine(4096)
    local reader, seen = 0, 0
    for round = 1, 3000 do
      local text = receive(200 + round * 37 % 1500)
      local records = one:history()
      local total = 0
      for _, record in ipairs(records) do total = total + #record.bytes end
      assert.is_true(total <= 4096)
      local newest = records[#records]
      assert.equal("out", newest.direction)
      if records[#records - 1] then assert.equal(text, records[#records - 1].bytes) end
      local newer
      newer, reader = one:history(reader)
      seen = seen + #newer
    end
    assert.is_true(seen > 3000)
  end)

  it("leaves out a message that alone is too large", function()
    local one, receive = engine(512)
    receive(2000)
    local records = one:history()
    assert.equal(1, #records)
    assert.equal("out", records[1].direction)
  end)

  it("gives its memory back", function()
    local one = engine()
    local before = one:counts().live_bytes
    one:keep_history(65536)
    assert.equal(before + 65536, one:counts().live_bytes)
    one:keep_history(0)
    assert.equal(before, one:counts().live_bytes)
  end)

  it("stays as it was when there is no memory for another", function()
    local one, receive = engine(10000)
    receive()
    one:fail_allocation(1)
    local ok, err = one:keep_history(20000)
    assert.is_nil(ok)
    assert.equal("MEMORY", err.name)
    assert.equal(2, #one:history())
  end)
end)
