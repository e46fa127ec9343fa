-- SPDX-License-Identifier: MIT
--
-- JSON as the command prints it (RFC 8259).

local json <const> = require "moonsip.cli.json"

describe("JSON", function()
  for expected, value in pairs {
    ['"a"'] = "a", ["1"] = 1, ["1.5"] = 1.5, ["0.001"] = 0.001, ["2"] = 2.0,
    ["true"] = true, ["null"] = json.null,
    ["[]"] = {}, ['[1,"b",[true]]'] = { 1, "b", { true } },
    ['"\\"\\\\\\n\\r\\t\\u0000\\u001b\\u007f"'] = '"\\\n\r\t\0\27\127',
    ['"Jér日"'] = "Jér日", ['"a\u{FFFD}b\u{FFFD}"'] = "a\xe9b\xff",
  } do
    it("writes " .. expected, function() assert.equal(expected, json.encode(value)) end)
  end

  it("keeps the order of an object's fields and leaves out what is nil", function()
    assert.equal('{"b":1,"a":{"c":"x"}}', json.encode(json.object {
      { "b", 1 }, { "z", nil }, { "a", json.object { { "c", "x" } } },
    }))
  end)

  it("refuses what JSON cannot say", function()
    assert.has_error(function() json.encode(0 / 0) end)
    assert.has_error(function() json.encode(math.huge) end)
    assert.has_error(function() json.encode(print) end)
  end)
end)
