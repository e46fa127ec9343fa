-- SPDX-License-Identifier: MIT
local duration = require "moonsip.duration"

describe("a duration", function()
  for text, ms in pairs { ["5s"] = 5000, ["250ms"] = 250, ["2m"] = 120000,
                          ["1h"] = 3600000,
                          ["1d"] = 86400000, ["1h30m"] = 5400000, ["1.5s"] = 1500,
                          [" 1m 30s "] = 90000, ["0s"] = 0 } do
    it(("%q is %d ms"):format(text, ms), function()
      assert.equal(ms, duration.parse(text))
    end)
  end

  for number, ms in pairs { [5] = 5000, [0.25] = 250, [0] = 0, [0.0004] = 0,
    [0.0006] = 1 } do
    it(("%s seconds are %d ms"):format(number, ms), function()
      local parsed = duration.parse(number)
      assert.equal(ms, parsed)
      assert.equal("integer", math.type(parsed))
    end)
  end

  for _, wrong in ipairs { "", "5", "s", "5 parsecs", "-5s", "1h-", "5s5", "0x5s", -1,
                           1 / 0,
                           -1 / 0, 0 / 0, 1e15, "99999999999d", {}, true, print } do
    it("refuses " .. tostring(wrong), function()
      local ms, why = duration.parse(wrong)
      assert.is_nil(ms)
      assert.is_string(why)
    end)
  end
end)
