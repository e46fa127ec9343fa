-- SPDX-License-Identifier: MIT

local face <const> = require "sip_face"
local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"

local MANY <const> = 10000
local samples <const> = {
  ["Accept"] = "a/b;q=0.5", ["Accept-Encoding"] = "gzip", ["Accept-Language"] = "en",
    ["Alert-Info"] = "<a:b>",
  ["Call-Info"] = "<a:b>", ["Error-Info"] = "<a:b>", ["Geolocation"] = "<a:b>",
    ["Policy-Contact"] = "<a:b>",
  ["Contact"] = "<sip:a>", ["Route"] = "<sip:a>", ["Record-Route"] = "<sip:a>",
    ["Path"] = "<sip:a>", ["Service-Route"] = "<sip:a>",
  ["History-Info"] = "<sip:a>", ["Diversion"] = "<sip:a>", ["P-Associated-URI"] = "<sip:a>",
    ["P-Refused-URI-List"] = "<sip:a>",
  ["P-Asserted-Identity"] = "<sip:a>", ["P-Preferred-Identity"] = "<sip:a>",
    ["Remote-Party-ID"] = "<sip:a>", ["Permission-Missing"] = "<sip:a>",
  ["Via"] = "SIP/2.0/UDP a", ["Warning"] = '300 a "b"', ["Reason"] = "SIP",
    ["Authentication-Info"] = "a=b", ["In-Reply-To"] = "a@b",
  ["Allow-Events"] = "a.b", ["Content-Language"] = "en",
}

local LIMITS <const> = { header_count = 65000, message_size = 1 << 22, header_size = 1 << 22 }

describe("10 000 values (bug classes 3, 28) of", function()
  for _, row in ipairs(face.header_names()) do
    local name <const>, kind <const> = row[1], row[3]
    if kind == "list" then
      local value <const> = samples[name] or "a"
      it(name .. " on one line and on a line each", function()
        local values <const>, lines <const> = {}, {}
        for i = 1, MANY do
          values[i] = value
          lines[i] = name .. ": " .. value
        end
        local one <const> = messages.options { contact = false, lines = { name .. ": "
          .. table.concat(values, ",") } }
        local several <const> = messages.options { contact = false, lines = lines }
        for _, text in ipairs { one, several } do
          local m <const> = face.parse(text, LIMITS)
          assert.is_nil(m.error)
          assert.same("sound", m.check)
          -- With the limits that hold by default it is too long or too much.
          local usual <const> = face.parse(text)
          assert.truthy(usual.error == "TOO_LARGE" or usual.error == "TOO_MANY", usual.error)
        end
      end)
    end
  end

  it("lines of an unknown header, of credentials and of a single-value header", function()
    for _, line in ipairs { "X-Y: a", 'WWW-Authenticate: Digest realm="a"', "Subject: a" } do
      local lines <const> = {}
      for i = 1, MANY do lines[i] = line end
      local m <const> = face.parse(messages.options { lines = lines }, LIMITS)
      assert.same(line:find "Subject" and "DUPLICATE" or nil, m.error)
    end
  end)

  it("values within the limits reach Lua, every one", function()
    local values <const> = {}
    for i = 1, 1000 do values[i] = "v" .. i end
    local lines <const> = {}
    for i = 1, 100 do lines[i] = "Supported: " .. table.concat(values, ",", 10 * i - 9, 10 * i) end
    local m <const> = assert(core.message(messages.options { lines = lines }))
    assert.same(values, m:header_values "supported")
    assert.is_true(m:has_token("Supported", "V1000"))
  end)
end)
