-- SPDX-License-Identifier: MIT
-- The queue between two threads; `make tsan` runs this under the thread sanitizer too.

local ring = require "media_ring"

describe("a ring", function()
  it("takes as many as it has room for, and gives them back once", function()
    assert.same({ 64, 54, 64 }, { ring.fill() })
  end)

  it("hands a million numbers from one thread to another, each once, in order", function()
    assert.is_true(ring.cross(1000000))
  end)
end)
