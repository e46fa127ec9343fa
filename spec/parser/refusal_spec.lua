-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"

-- What an engine sends back for one datagram.
local function answer(text)
  local engine <const> = core.engine { now = 0, seed = 1 }
  engine:add_listener("udp", "10.0.0.1", 5060)
  engine:receive(core.flow("udp", "10.0.0.1", 5060, "10.0.0.9", 5060, 1, 0), text)
  local packet <const> = engine:next_packet()
  assert.is_nil(engine:next_packet())
  return packet
end

local NAMES <const> = { "Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length" }

local function pattern(name) return "\r\n(" .. name:gsub("%-", "%%-") .. ":[^\r]*)" end

-- A response: one start line, whole lines, no control bytes, its end where it says.
local function check_shape(packet, name)
  local head <const>, body <const> = packet:match "^(.-\r\n)\r\n(.*)$"
  assert.same("", body)
  assert.truthy(head:find "^SIP/2.0 4%d%d [^\r\n]*\r\n", head)
  for line in head:gmatch "([^\n]*)\n" do
    assert.truthy(line:find "^[^%c:]*[^%c]*\r$", ("%s: %q"):format(name, line))
  end
end

describe("the reply to a request (bug class 6)", function()
  for _, name in ipairs(NAMES) do
    it("with two of " .. name, function()
      local text <const> = messages.invite {}
      for _, second in ipairs { text:match(pattern(name)), name .. ":", name .. ": <sip:x>;tag=",
                                name .. ': "', name .. ": ;;;" } do
        for _, doubled in ipairs {
          (text:gsub(pattern(name), function(line) return "\r\n" .. line .. "\r\n" .. second end,
            1)),
          (text:gsub(pattern(name), function(line) return "\r\n" .. second .. "\r\n" .. line end,
            1)),
        } do
          local packet <const> = answer(doubled)
          if packet then check_shape(packet, name) end
        end
      end
    end)

    it("with an empty, a missing and a malformed " .. name, function()
      local text <const> = messages.invite {}
      for _, line in ipairs { "", name .. ":", name .. ": \t", name .. ":\r\n ", name .. ": \xff",
        name .. ": =",
                              name .. ": \0", name .. ": a\rb", name .. ": a\n b" } do
        local broken <const> = text:gsub(pattern(name), line == "" and ""
          or function() return "\r\n" .. line end, 1)
        local packet <const> = answer(broken)
        if packet then check_shape(packet, name) end
      end
    end)
  end

  it("without From, To and Call-ID is a 400 with what there is (RFC 4475 3.3.1)", function()
    local text = messages.invite {}
    for _, name in ipairs { "From", "To", "Call-ID" } do text = text:gsub(pattern(name), "", 1) end
    local packet <const> = answer(text)
    check_shape(packet, "insufficient")
    assert.truthy(packet:find("\r\nVia: ", 1, true) and packet:find("\r\nCSeq: 1 INVITE", 1, true))
  end)

  it("that nobody may answer is none", function()
    assert.is_nil(answer(messages.ack { from = "x y" }))
    assert.is_nil(answer "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n")
    assert.is_nil(answer "rubbish\r\n\r\n")
    assert.is_nil(answer "")
  end)
end)
