-- SPDX-License-Identifier: MIT
--
-- Every cell of the four machines against tables written from the figures of
-- RFC 3261 17 and RFC 6026 8, by hand: a state, an input, then the next state and
-- what the figure says is done. Cells that are not listed must be ignored.

local machine_of <const> = require "transaction_table"

-- RFC 6026 8.4, figure 5. STOP: the timers of the state that is left.
local client_invite <const> = {
  CALLING = {
    TIMER_A = { "CALLING", "SEND RETRANSMIT" },
    TIMER_B = { "TERMINATED", "TIMED_OUT" },
    TRANSPORT_ERROR = { "TERMINATED", "FAILED" },
    RECV_1XX = { "PROCEEDING", "STOP TO_USER GUARD" },
    RECV_2XX = { "ACCEPTED", "STOP TO_USER LINGER" },
    RECV_FAILURE = { "COMPLETED", "STOP ACK TO_USER LINGER" },
  },
  PROCEEDING = {
    RECV_1XX = { "PROCEEDING", "TO_USER GUARD" },
    RECV_2XX = { "ACCEPTED", "STOP TO_USER LINGER" },
    RECV_FAILURE = { "COMPLETED", "STOP ACK TO_USER LINGER" },
    TIMER_C = { "PROCEEDING", "CANCEL" },         -- RFC 3261 16.8
    TIMER_CANCEL = { "TERMINATED", "TIMED_OUT" }, -- RFC 3261 9.1
  },
  ACCEPTED = {
    RECV_2XX = { "ACCEPTED", "TO_USER" },
    TIMER_M = { "TERMINATED", "" },
  },
  COMPLETED = {
    RECV_FAILURE = { "COMPLETED", "ACK" },
    TRANSPORT_ERROR = { "TERMINATED", "FAILED" },
    TIMER_D = { "TERMINATED", "" },
  },
}

-- RFC 3261 17.1.2, figure 6.
local client_other <const> = {
  TRYING = {
    TIMER_E = { "TRYING", "SEND RETRANSMIT" },
    TIMER_F = { "TERMINATED", "TIMED_OUT" },
    TRANSPORT_ERROR = { "TERMINATED", "FAILED" },
    RECV_1XX = { "PROCEEDING", "TO_USER" },
    RECV_2XX = { "COMPLETED", "STOP TO_USER LINGER" },
    RECV_FAILURE = { "COMPLETED", "STOP TO_USER LINGER" },
  },
  PROCEEDING = {
    TIMER_E = { "PROCEEDING", "SEND RETRANSMIT" },
    TIMER_F = { "TERMINATED", "TIMED_OUT" },
    TRANSPORT_ERROR = { "TERMINATED", "FAILED" },
    RECV_1XX = { "PROCEEDING", "TO_USER" },
    RECV_2XX = { "COMPLETED", "STOP TO_USER LINGER" },
    RECV_FAILURE = { "COMPLETED", "STOP TO_USER LINGER" },
  },
  COMPLETED = { TIMER_K = { "TERMINATED", "" } },
}

-- RFC 6026 8.6, figure 7.
local server_invite <const> = {
  PROCEEDING = {
    RECV_REQUEST = { "PROCEEDING", "SEND" },
    TIMER_100 = { "PROCEEDING", "TRYING" }, -- 17.2.1: 100 within 200 ms
    SEND_1XX = { "PROCEEDING", "STOP SEND" },
    SEND_2XX = { "ACCEPTED", "STOP SEND LINGER" },
    SEND_FAILURE = { "COMPLETED", "STOP SEND RETRANSMIT LIMIT" },
    TRANSPORT_ERROR = { "PROCEEDING", "FAILED" },
  },
  ACCEPTED = {
    RECV_REQUEST = { "ACCEPTED", "" },
    RECV_ACK = { "ACCEPTED", "TO_USER" },
    SEND_2XX = { "ACCEPTED", "SEND" },
    TRANSPORT_ERROR = { "ACCEPTED", "FAILED" },
    TIMER_L = { "TERMINATED", "" },
  },
  COMPLETED = {
    RECV_REQUEST = { "COMPLETED", "SEND" },
    RECV_ACK = { "CONFIRMED", "STOP LINGER" },
    TIMER_G = { "COMPLETED", "SEND RETRANSMIT" },
    TIMER_H = { "TERMINATED", "TIMED_OUT" },
    TRANSPORT_ERROR = { "COMPLETED", "FAILED" },
  },
  CONFIRMED = { TIMER_I = { "TERMINATED", "" } },
}

-- RFC 3261 17.2.2, figure 8; TIMER_F: RFC 4320 4.2; errors: RFC 6026 8.8.
local server_other <const> = {
  TRYING = {
    RECV_REQUEST = { "TRYING", "" },
    SEND_1XX = { "PROCEEDING", "SEND" },
    SEND_2XX = { "COMPLETED", "STOP SEND LINGER" },
    SEND_FAILURE = { "COMPLETED", "STOP SEND LINGER" },
    TIMER_F = { "TERMINATED", "TIMED_OUT" },
  },
  PROCEEDING = {
    RECV_REQUEST = { "PROCEEDING", "SEND" },
    SEND_1XX = { "PROCEEDING", "SEND" },
    SEND_2XX = { "COMPLETED", "STOP SEND LINGER" },
    SEND_FAILURE = { "COMPLETED", "STOP SEND LINGER" },
    TRANSPORT_ERROR = { "PROCEEDING", "FAILED" },
    TIMER_F = { "TERMINATED", "TIMED_OUT" },
  },
  COMPLETED = {
    RECV_REQUEST = { "COMPLETED", "SEND" },
    TRANSPORT_ERROR = { "COMPLETED", "FAILED" },
    TIMER_J = { "TERMINATED", "" },
  },
}

local expected <const> = {
  client_invite = client_invite,
  client_other = client_other,
  server_invite = server_invite,
  server_other = server_other,
}

describe("the transaction machines (RFC 3261 17, RFC 6026)", function()
  it("are the four of the figures", function()
    local names <const> = machine_of.machines()
    assert.same(4, #names)
    for _, name in ipairs(names) do assert.is_table(expected[name]) end
  end)

  for _, machine in ipairs(machine_of.machines()) do
    for _, state in ipairs(machine_of.states()) do
      it(("%s in %s answers every input as its figure says"):format(machine, state),
        function()
        local arrows <const> = expected[machine][state] or {}
        for _, input in ipairs(machine_of.inputs()) do
          local next_state <const>, actions <const> = machine_of.arrow(machine, state,
            input)
          local want <const> = arrows[input] or {}
          assert.same({ input, want[1], want[2] }, { input, next_state, actions })
        end
      end)
    end
  end

  it("are not asked here for a state or an input that they do not have", function()
    local states <const>, inputs <const> = {}, {}
    for _, name in ipairs(machine_of.states()) do states[name] = true end
    for _, name in ipairs(machine_of.inputs()) do inputs[name] = true end
    for _, machine in pairs(expected) do
      for state, arrows in pairs(machine) do
        assert.is_true(states[state])
        for input, arrow in pairs(arrows) do
          assert.is_true(inputs[input] and states[arrow[1]])
        end
      end
    end
  end)
end)
