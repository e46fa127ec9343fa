-- SPDX-License-Identifier: MIT
-- The share of a core that a real-time thread keeps to: sched(7) has it stopped when it has
-- had 95 % of a second.

local budget = require "media_budget"

describe("the media thread's share of a core", function()
  it("is no bound while there is less to do", function()
    for _, us in ipairs { 0, 10, 500, 850 } do
      local worked, _, rested = budget.run(us)
      assert.near(us / 1000, worked, 0.002)
      assert.equal(0, rested)
    end
  end)

  it("is less than what the kernel stops it for, however much there is to do", function()
    for _, us in ipairs { 901, 950, 1000, 1500, 4000 } do
      local worked, most = budget.run(us)
      assert.is_true(most < 0.95, ("%.3f of a second at %d us"):format(most, us))
      assert.is_true(worked > 0.89, ("%.3f of a core at %d us"):format(worked, us))
    end
  end)
end)
