-- SPDX-License-Identifier: MIT
--
-- Every cell of the table of a branch against one that was written from RFC 3261 16.7 to
-- 16.10 by hand. A cell that is not listed means nothing.

local face <const> = require "proxy_face"

local expected <const> = {
  WAITING = {
    BEGIN = { "TRYING", "SEND TELL" },
    CANCEL = { "FAILED", "" }, -- never tried, and no candidate
  },
  TRYING = {
    PROVISIONAL = { "RINGING", "FORWARD TELL" },          -- 16.7 item 5
    ACCEPT = { "ACCEPTED", "FORWARD STOP_OTHERS TELL" },  -- items 5, 10
    REFUSE = { "FAILED", "COUNT TELL" },                  -- item 4
    LOSE = { "FAILED", "COUNT TELL" },                    -- 16.6 item 7, 16.9
    LATE = { "GIVEN_UP", "STOP COUNT TELL" },             -- 16.8
    CANCEL = { "CANCELLING", "STOP" },                    -- 16.10
  },
  RINGING = {
    PROVISIONAL = { "RINGING", "FORWARD TELL" },
    ACCEPT = { "ACCEPTED", "FORWARD STOP_OTHERS TELL" },
    REFUSE = { "FAILED", "END_EARLY COUNT TELL" },        -- RFC 6228 6
    LOSE = { "FAILED", "COUNT TELL" },
    LATE = { "GIVEN_UP", "STOP COUNT TELL" },
    CANCEL = { "CANCELLING", "STOP" },
  },
  CANCELLING = { -- a second CANCEL is none (16.7 item 10)
    PROVISIONAL = { "CANCELLING", "FORWARD TELL" },
    ACCEPT = { "ACCEPTED", "FORWARD STOP_OTHERS TELL" },
    REFUSE = { "FAILED", "END_EARLY COUNT TELL" }, -- RFC 6228 6
    LOSE = { "FAILED", "COUNT TELL" },
    LATE = { "GIVEN_UP", "COUNT TELL" },
  },
  GIVEN_UP = { -- counted already; a 2xx is a 2xx
    ACCEPT = { "ACCEPTED", "FORWARD STOP_OTHERS TELL" },
    REFUSE = { "FAILED", "" },
    LOSE = { "FAILED", "" },
  },
  ACCEPTED = {
    ACCEPT = { "ACCEPTED", "FORWARD" }, -- RFC 6026 7.2
    LOSE = { "ACCEPTED", "" },          -- Timer M
  },
  FAILED = {},
}

describe("a branch (RFC 3261 16.7 to 16.10)", function()
  for _, state in ipairs(face.states()) do
    for _, input in ipairs(face.inputs()) do
      it(("in state %s takes %s as it must"):format(state, input), function()
        local cell <const> = expected[state][input] or {}
        assert.same(cell, { face.arrow(state, input) })
      end)
    end
  end

  it("has no state that the table here lacks", function()
    local count = 0
    for _ in pairs(expected) do count = count + 1 end
    assert.same(count, #face.states())
  end)
end)
