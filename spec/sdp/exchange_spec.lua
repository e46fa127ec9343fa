-- SPDX-License-Identifier: MIT
--
-- Which message carries an offer or an answer, and what may be sent when (RFC 6337).
-- Every cell of the table: the arrows by hand, the refusals by the rules of 4.3.

local core <const> = require "moonsip.core"

local states <const>, events <const>, verdicts <const> = core.sdp_exchange_names()

-- Where each state is in its transactions: the INVITE that is not finished, and whose
-- UPDATE, PRACK or ACK with an offer or answer is not. `settled`: an UPDATE may begin.
local UNDER_WAY <const> = {
  IDLE = { settled = true },
  UAC_EMPTY = { invite = "ours" }, UAC_OFFERED = { invite = "ours" },
  UAC_OWES_PRACK = { invite = "ours" }, UAC_OWES_ACK = { invite = "ours" },
  UAC_ANSWERED = { invite = "ours" }, UAC_PRACK = { invite = "ours" },
  UAC_PRACK_OFFER = { invite = "ours" }, UAC_SETTLED = { invite = "ours", settled = true },
  UAS_EMPTY = { invite = "theirs" }, UAS_OFFERED = { invite = "theirs" },
  UAS_OFFER_1XX = { invite = "theirs" }, UAS_OFFER_2XX = { invite = "theirs" },
  UAS_ANSWER_1XX = { invite = "theirs" }, UAS_PRACK = { invite = "theirs" },
  UAS_PRACK_OFFER = { invite = "theirs" }, UAS_SETTLED = { invite = "theirs", settled = true },
  PRACK_OFFERED = { update = "ours" },
  UPDATE_SENT = { update = "ours" }, UPDATE_CAME = { update = "theirs" },
  UAC_UPDATE_SENT = { invite = "ours", update = "ours" },
  UAC_UPDATE_CAME = { invite = "ours", update = "theirs" },
  UAS_UPDATE_SENT = { invite = "theirs", update = "ours" },
  UAS_UPDATE_CAME = { invite = "theirs", update = "theirs" },
}

-- UAS-IcI, IsI, UcI, UsI, UcU, UsU, IcU, IsU: 491 when ours is under way, 500 for theirs.
local function refusal(state, event)
  local now <const> = UNDER_WAY[state]
  local whose
  if event == "RECV_INVITE" or event == "RECV_INVITE_OFFER" then
    whose = now.invite or now.update
  elseif event == "RECV_UPDATE" and not now.settled then
    whose = now.update or now.invite
  end
  return whose and (whose == "ours" and "REFUSE_491" or "REFUSE_500")
end

-- state: "EVENT -> NEXT VERDICT", one a line; events separated by commas; without an
-- arrow the state stays.
local ARROWS <const> = {
  IDLE = [[
    SEND_INVITE_OFFER -> UAC_OFFERED OFFER
    SEND_INVITE -> UAC_EMPTY PASS
    RECV_INVITE_OFFER -> UAS_OFFERED OFFER
    RECV_INVITE -> UAS_EMPTY PASS
    SEND_UPDATE -> UPDATE_SENT OFFER
    RECV_UPDATE -> UPDATE_CAME OFFER
    SEND_ACK, RECV_ACK, RECV_SUCCESS, RECV_SUCCESS_SDP PASS
    SEND_PRACK, RECV_PRACK, SEND_PRACK_SUCCESS, RECV_PRACK_SUCCESS PASS]],
  UAC_EMPTY = [[
    RECV_PREVIEW, RECV_RELIABLE, SEND_PRACK, RECV_PRACK_SUCCESS PASS
    RECV_RELIABLE_SDP -> UAC_OWES_PRACK OFFER
    RECV_SUCCESS_SDP -> UAC_OWES_ACK OFFER
    RECV_SUCCESS -> IDLE FAULT
    RECV_FAILURE -> IDLE ROLLBACK]],
  UAC_OFFERED = [[
    RECV_RELIABLE, SEND_PRACK, RECV_PRACK_SUCCESS PASS
    RECV_PREVIEW PREVIEW
    RECV_RELIABLE_SDP -> UAC_ANSWERED ANSWER
    RECV_SUCCESS_SDP -> IDLE ANSWER
    RECV_SUCCESS -> IDLE FAULT
    RECV_FAILURE -> IDLE ROLLBACK]],
  UAC_OWES_PRACK = [[
    RECV_PREVIEW, RECV_RELIABLE, RECV_RELIABLE_SDP PASS
    SEND_PRACK_SDP -> UAC_PRACK ANSWER
    RECV_SUCCESS, RECV_SUCCESS_SDP -> IDLE FAULT
    RECV_FAILURE -> IDLE ROLLBACK]],
  UAC_OWES_ACK = [[
    SEND_ACK_SDP -> IDLE ANSWER
    RECV_SUCCESS, RECV_SUCCESS_SDP PASS]],
  UAC_ANSWERED = [[
    RECV_PREVIEW, RECV_RELIABLE, RECV_RELIABLE_SDP PASS
    SEND_PRACK -> UAC_PRACK PASS
    SEND_PRACK_SDP -> UAC_PRACK_OFFER OFFER
    RECV_SUCCESS, RECV_SUCCESS_SDP -> IDLE PASS
    RECV_FAILURE -> IDLE ROLLBACK]],
  UAC_PRACK = [[
    RECV_PREVIEW, RECV_RELIABLE, RECV_RELIABLE_SDP, SEND_PRACK PASS
    RECV_PRACK_SUCCESS, RECV_PRACK_SUCCESS_SDP -> UAC_SETTLED PASS
    RECV_SUCCESS, RECV_SUCCESS_SDP -> IDLE PASS
    RECV_FAILURE -> IDLE ROLLBACK]],
  UAC_PRACK_OFFER = [[
    RECV_PREVIEW, RECV_RELIABLE, RECV_RELIABLE_SDP PASS
    RECV_PRACK_SUCCESS_SDP -> UAC_SETTLED ANSWER
    RECV_PRACK_SUCCESS -> UAC_SETTLED FAULT
    RECV_PRACK_FAILURE -> UAC_ANSWERED WITHDRAW
    RECV_SUCCESS, RECV_SUCCESS_SDP -> PRACK_OFFERED PASS
    RECV_FAILURE -> IDLE ROLLBACK]],
  UAC_SETTLED = [[
    RECV_PREVIEW, RECV_RELIABLE, RECV_RELIABLE_SDP, SEND_PRACK, RECV_PRACK_SUCCESS PASS
    SEND_UPDATE -> UAC_UPDATE_SENT OFFER
    RECV_UPDATE -> UAC_UPDATE_CAME OFFER
    RECV_SUCCESS, RECV_SUCCESS_SDP -> IDLE PASS
    RECV_FAILURE -> IDLE ROLLBACK]],
  UAS_EMPTY = [[
    SEND_RELIABLE_SDP -> UAS_OFFER_1XX OFFER
    SEND_SUCCESS_SDP -> UAS_OFFER_2XX OFFER
    SEND_FAILURE -> IDLE ROLLBACK]],
  UAS_OFFERED = [[
    SEND_RELIABLE, RECV_PRACK, SEND_PRACK_SUCCESS PASS
    SEND_PREVIEW PREVIEW
    SEND_RELIABLE_SDP -> UAS_ANSWER_1XX ANSWER
    SEND_SUCCESS_SDP -> IDLE ANSWER
    SEND_FAILURE -> IDLE ROLLBACK]],
  UAS_OFFER_1XX = [[
    RECV_PRACK_SDP -> UAS_PRACK ANSWER
    RECV_PRACK FAULT
    SEND_FAILURE -> IDLE ROLLBACK]],
  UAS_OFFER_2XX = [[
    RECV_ACK_SDP -> IDLE ANSWER
    RECV_ACK -> IDLE FAULT]],
  UAS_ANSWER_1XX = [[
    RECV_PRACK -> UAS_PRACK PASS
    RECV_PRACK_SDP -> UAS_PRACK_OFFER OFFER
    SEND_FAILURE -> IDLE ROLLBACK]],
  UAS_PRACK = [[
    SEND_PRACK_SUCCESS -> UAS_SETTLED PASS
    SEND_FAILURE -> IDLE ROLLBACK]],
  UAS_PRACK_OFFER = [[
    SEND_PRACK_SUCCESS_SDP -> UAS_SETTLED ANSWER
    SEND_PRACK_FAILURE -> UAS_ANSWER_1XX WITHDRAW
    SEND_FAILURE -> IDLE ROLLBACK]],
  UAS_SETTLED = [[
    SEND_RELIABLE, RECV_PRACK, SEND_PRACK_SUCCESS PASS
    SEND_UPDATE -> UAS_UPDATE_SENT OFFER
    RECV_UPDATE -> UAS_UPDATE_CAME OFFER
    SEND_SUCCESS -> IDLE PASS
    SEND_FAILURE -> IDLE ROLLBACK]],
  PRACK_OFFERED = [[
    RECV_PRACK_SUCCESS_SDP -> IDLE ANSWER
    RECV_PRACK_SUCCESS -> IDLE FAULT
    RECV_PRACK_FAILURE -> IDLE WITHDRAW
    RECV_SUCCESS, RECV_SUCCESS_SDP, SEND_ACK PASS]],
  UPDATE_SENT = [[
    RECV_UPDATE_SUCCESS -> IDLE ANSWER
    RECV_UPDATE_FAILURE -> IDLE WITHDRAW
    RECV_SUCCESS, RECV_SUCCESS_SDP, SEND_ACK, RECV_ACK PASS]],
  UPDATE_CAME = [[
    SEND_UPDATE_SUCCESS -> IDLE ANSWER
    SEND_UPDATE_FAILURE -> IDLE WITHDRAW
    RECV_SUCCESS, RECV_SUCCESS_SDP, SEND_ACK, RECV_ACK PASS]],
  UAC_UPDATE_SENT = [[
    RECV_PREVIEW, RECV_RELIABLE, RECV_RELIABLE_SDP, SEND_PRACK, RECV_PRACK_SUCCESS PASS
    RECV_UPDATE_SUCCESS -> UAC_SETTLED ANSWER
    RECV_UPDATE_FAILURE -> UAC_SETTLED WITHDRAW
    RECV_SUCCESS, RECV_SUCCESS_SDP -> UPDATE_SENT PASS
    RECV_FAILURE -> UPDATE_SENT ROLLBACK]],
  UAC_UPDATE_CAME = [[
    RECV_PREVIEW, RECV_RELIABLE, RECV_RELIABLE_SDP, SEND_PRACK, RECV_PRACK_SUCCESS PASS
    SEND_UPDATE_SUCCESS -> UAC_SETTLED ANSWER
    SEND_UPDATE_FAILURE -> UAC_SETTLED WITHDRAW
    RECV_SUCCESS, RECV_SUCCESS_SDP -> UPDATE_CAME PASS
    RECV_FAILURE -> UPDATE_CAME ROLLBACK]],
  UAS_UPDATE_SENT = [[
    SEND_RELIABLE, RECV_PRACK, SEND_PRACK_SUCCESS PASS
    RECV_UPDATE_SUCCESS -> UAS_SETTLED ANSWER
    RECV_UPDATE_FAILURE -> UAS_SETTLED WITHDRAW
    SEND_SUCCESS -> UPDATE_SENT PASS
    SEND_FAILURE -> UPDATE_SENT ROLLBACK]],
  UAS_UPDATE_CAME = [[
    SEND_RELIABLE, RECV_PRACK, SEND_PRACK_SUCCESS PASS
    SEND_UPDATE_SUCCESS -> UAS_SETTLED ANSWER
    SEND_UPDATE_FAILURE -> UAS_SETTLED WITHDRAW
    SEND_SUCCESS -> UPDATE_CAME PASS
    SEND_FAILURE -> UPDATE_CAME ROLLBACK]],
}

local function read_arrows(state)
  local found <const> = {}
  for line in ARROWS[state]:gmatch "[^\n]+" do
    local before <const>, verdict <const> = line:match "^%s*(.-) (%u+)$"
    local list <const>, next_state <const> = before:match "^(.-) %-> ([%u_%d]+)$"
    for event in (list or before):gmatch "[%u_]+" do
      assert(not found[event], event)
      found[event] = { next_state or state, verdict }
    end
  end
  return found
end

describe("the exchange (RFC 6337)", function()
  it("has the states and messages of this table", function()
    local known <const> = {}
    for _, event in ipairs(events) do known[event] = true end
    for _, state in ipairs(states) do known[state] = true end
    for _, verdict in ipairs(verdicts) do known[verdict] = true end
    assert.same({ 24, 36, 10 }, { #states, #events, #verdicts })
    for state in pairs(ARROWS) do
      assert.is_true(known[state] and UNDER_WAY[state] ~= nil)
      for event, arrow in pairs(read_arrows(state)) do
        assert.is_true(known[event] and known[arrow[1]] and known[arrow[2]], event)
      end
    end
  end)

  for _, state in ipairs(states) do
    it("in " .. state .. " answers every message as its rules say", function()
      local arrows <const> = read_arrows(state)
      for _, event in ipairs(events) do
        local want <const> = arrows[event] or { state, refusal(state, event) or "NONE" }
        assert.same({ event, want[1], want[2] }, { event, core.sdp_exchange(state, event) })
      end
    end)
  end

  it("refuses names that it does not know", function()
    assert.has_error(function() core.sdp_exchange("NOWHERE", "SEND_ACK") end)
    assert.has_error(function() core.sdp_exchange("IDLE", "ACK") end)
  end)
end)

-- Messages between A and B: "A INVITE_OFFER: OFFER" is sent by A and an offer to both.
local function walk(script)
  local now <const> = { A = "IDLE", B = "IDLE" }
  for line in script:gmatch "[^\n]+" do
    local who <const>, message <const>, said <const> = line:match "(%u) ([%u_]+): (%u+)"
    local peer <const> = who == "A" and "B" or "A"
    local verdict
    now[who], verdict = core.sdp_exchange(now[who], "SEND_" .. message)
    assert.equal(said, verdict, line)
    now[peer], verdict = core.sdp_exchange(now[peer], "RECV_" .. message)
    assert.equal(said, verdict, line)
  end
  return now.A, now.B
end

describe("the patterns of RFC 6337 table 1", function()
  local function agreed(script)
    assert.same({ "IDLE", "IDLE" }, { walk(script) })
  end

  it("1: INVITE and its 2xx", function()
    agreed [[
      A INVITE_OFFER: OFFER
      B SUCCESS_SDP: ANSWER
      A ACK: PASS]]
  end)

  it("2: 2xx and ACK", function()
    agreed [[
      A INVITE: PASS
      B SUCCESS_SDP: OFFER
      A ACK_SDP: ANSWER]]
  end)

  it("3: INVITE and a reliable 1xx, with figure 1 around it", function()
    agreed [[
      A INVITE_OFFER: OFFER
      B PREVIEW: PREVIEW
      B RELIABLE: PASS
      A PRACK: PASS
      B PRACK_SUCCESS: PASS
      B RELIABLE_SDP: ANSWER
      A PRACK: PASS
      B PRACK_SUCCESS: PASS
      B RELIABLE: PASS
      A PRACK: PASS
      B PRACK_SUCCESS: PASS
      B SUCCESS: PASS
      A ACK: PASS]]
  end)

  it("4: a reliable 1xx and PRACK, with figure 2 around it", function()
    agreed [[
      A INVITE: PASS
      B RELIABLE_SDP: OFFER
      A PRACK_SDP: ANSWER
      B PRACK_SUCCESS: PASS
      B RELIABLE: PASS
      A PRACK: PASS
      B PRACK_SUCCESS: PASS
      B SUCCESS: PASS
      A ACK: PASS]]
  end)

  it("5: PRACK and its 2xx", function()
    agreed [[
      A INVITE_OFFER: OFFER
      B RELIABLE_SDP: ANSWER
      A PRACK_SDP: OFFER
      B PRACK_SUCCESS_SDP: ANSWER
      B SUCCESS: PASS
      A ACK: PASS]]
  end)

  it("6: UPDATE and its 2xx, early by both sides, and later", function()
    agreed [[
      A INVITE_OFFER: OFFER
      B RELIABLE_SDP: ANSWER
      A PRACK: PASS
      B PRACK_SUCCESS: PASS
      B UPDATE: OFFER
      A UPDATE_SUCCESS: ANSWER
      A UPDATE: OFFER
      B UPDATE_FAILURE: WITHDRAW
      B SUCCESS: PASS
      A ACK: PASS
      B UPDATE: OFFER
      A UPDATE_SUCCESS: ANSWER]]
  end)

  it("a failed re-INVITE rolls back what was agreed in it (3.4)", function()
    agreed [[
      A INVITE_OFFER: OFFER
      B RELIABLE_SDP: ANSWER
      A PRACK: PASS
      B PRACK_SUCCESS: PASS
      A UPDATE: OFFER
      B UPDATE_SUCCESS: ANSWER
      B FAILURE: ROLLBACK]]
  end)
end)

describe("crossing messages (RFC 6337 4.1, 4.2)", function()
  -- What B says to a message of A's that reaches it after those lines.
  local function then_receives(script, who, message)
    local a <const>, b <const> = walk(script)
    return select(2, core.sdp_exchange(who == "A" and a or b, "RECV_" .. message))
  end
  local function may_send(script, who, message)
    local a <const>, b <const> = walk(script)
    return select(2, core.sdp_exchange(who == "A" and a or b, "SEND_" .. message)) ~= "NONE"
  end

  it("figures 4 and 17: no re-INVITE while an UPDATE is not answered", function()
    local script <const> = "A UPDATE: OFFER"
    assert.is_false(may_send(script, "A", "INVITE"))
    assert.equal("REFUSE_500", then_receives(script, "B", "INVITE"))
    assert.equal("REFUSE_491", then_receives(script, "A", "INVITE"))
  end)

  it("figures 5, 12 and 19: no UPDATE while their offer is expected", function()
    local script = "A INVITE: PASS"
    assert.is_false(may_send(script, "A", "UPDATE"))
    assert.equal("REFUSE_500", then_receives(script, "B", "UPDATE"))
    script = script .. "\nB RELIABLE_SDP: OFFER"
    assert.is_false(may_send(script, "A", "UPDATE"))
    assert.equal("REFUSE_500", then_receives(script, "B", "UPDATE"))
  end)

  it("figures 6 and 18: no UPDATE before the PRACK is answered", function()
    local script <const> = "B INVITE: PASS\nA RELIABLE_SDP: OFFER\nB PRACK_SDP: ANSWER"
    assert.is_false(may_send(script, "B", "UPDATE"))
    assert.equal("REFUSE_500", then_receives(script, "A", "UPDATE"))
    local before <const> = "B INVITE: PASS\nA RELIABLE_SDP: OFFER"
    assert.equal("REFUSE_491", then_receives(before, "B", "UPDATE"))
  end)

  it("figures 7 and 8: an UPDATE that overtook the answer", function()
    assert.equal("REFUSE_491", then_receives("A INVITE_OFFER: OFFER", "A", "UPDATE"))
    assert.is_false(may_send("A INVITE_OFFER: OFFER\nB RELIABLE_SDP: ANSWER", "B", "UPDATE"))
  end)

  it("figures 9 and 11: no UPDATE before the PRACK came", function()
    local script <const> = "B INVITE_OFFER: OFFER\nA RELIABLE_SDP: ANSWER"
    assert.is_false(may_send(script, "A", "UPDATE"))
    assert.equal("REFUSE_491", then_receives(script, "B", "UPDATE"))
  end)

  it("figure 10, table 4: both at once", function()
    assert.equal("REFUSE_491", then_receives("A INVITE_OFFER: OFFER", "A", "INVITE_OFFER"))
    assert.equal("REFUSE_491", then_receives("A UPDATE: OFFER", "A", "UPDATE"))
    assert.equal("REFUSE_500", then_receives("A UPDATE: OFFER", "B", "UPDATE"))
    assert.equal("REFUSE_500", then_receives("A INVITE_OFFER: OFFER", "B", "INVITE_OFFER"))
  end)
end)
