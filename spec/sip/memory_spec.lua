-- SPDX-License-Identifier: MIT
--
-- No memory: the n-th allocation of a whole call fails, for every n, once and
-- from then on. Nothing crashes, nothing is left over, the next call succeeds.

local core <const> = require "moonsip.core"
local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

-- A call in, with ringing, a re-INVITE and a BYE; what fails is passed over.
local function call_in(net, id)
  local function step(method, branch, o)
    o = o or {}
    o.branch, o.call_id, o.from_tag = "z9hG4bK" .. id .. branch, id, "t" .. id
    net:deliver(messages[method](o))
  end
  local to_tag
  local function answer(...)
    local event <const> = net:event "request"
    if not event then return end
    if net:reply(...) then to_tag = messages.tag(net:last(), "To") or to_tag end
  end
  step("invite", "a")
  answer(180)
  answer(200)
  step("ack", "b", { to_tag = to_tag })
  step("invite", "c", { to_tag = to_tag, cseq = 2 })
  answer(200)
  step("ack", "d", { to_tag = to_tag, cseq = 2 })
  step("bye", "e", { to_tag = to_tag, cseq = 3 })
  answer(200)
  return net:last() and (messages.kind(net:last()))
end

-- A call out to a name, ringing, answered, INFO, then a CANCELled one.
local function call_out(net, id)
  local function resolve()
    while true do
      local query <const> = net.engine:next_query()
      if not query then break end
      net.engine:resolved(query, { { ip = "10.0.0.8", port = 5060 }, { ip = "10.0.0.9",
        port = 5060 } })
      net:collect()
    end
  end
  local function answer(status)
    local last <const> = net:last()
    if last and not last:find "^SIP" and not last:find "^ACK" then net:answer(status) end
  end
  net:request { uri = "sip:peer@far.example", call_id = id .. "x" }
  resolve()
  if net.sent[1] then net.engine:send_failed(net.sent[1].owner, "TRANSPORT") end
  net:collect()
  answer(180)
  answer(200)
  local event <const> = net:event "response"
  if event and event.dialog ~= 0 then
    net:dialog_request(event.dialog, { method = "INFO" })
    answer(200)
    net:dialog_request(event.dialog, { method = "BYE" })
    answer(200)
  end
  local second <const> = net:request { call_id = id .. "y" }
  answer(180)
  if second then net.engine:cancel(second) end
  net:collect()
  answer(200)
  return event and event.code
end

-- Ends everything that still lives and says what does not end.
local function settle(net)
  for _ = 1, 3 do
    net:advance(200000)
    for _, event in ipairs(net.events) do
      if event.dialog ~= 0 then net.engine:dialog_drop(event.dialog) end
      if event.kind == "request" then net.engine:reply(event.transaction, 500) end
    end
    net:collect()
  end
  net:advance(200000)
  local counts <const> = net.engine:counts()
  return { counts.server_transactions, counts.client_transactions, counts.dialogs,
    counts.timers,
    counts.events, counts.packets }
end

local NOTHING <const> = { 0, 0, 0, 0, 0, 0 }

local function allocations_of(scenario)
  local net <const> = wire.new()
  local before <const> = net.engine:fail_allocation(0)
  assert.same(200, scenario(net, "probe"))
  return net.engine:fail_allocation(0) - before
end

describe("without memory (figure 27)", function()
  for name, scenario in pairs { ["a call in"] = call_in, ["a call out"] = call_out } do
    it(name .. " fails cleanly at each of its allocations", function()
      local count <const> = allocations_of(scenario)
      assert.is_true(count > 20)
      for n = 1, count do
        local net <const> = wire.new()
        net.engine:fail_allocation(n)
        scenario(net, "first")
        net.engine:fail_allocation(0)
        assert.same(NOTHING, settle(net), n)
        net.sent, net.events = {}, {}
        assert.same(200, scenario(net, "second"), n)
        assert.same(NOTHING, settle(net), n)
        net.engine:close() -- the leak sanitizer counts what is left
      end
    end)

    it(name .. " fails cleanly when all allocations from one on fail", function()
      for n = 1, allocations_of(scenario) do
        local net <const> = wire.new()
        net.engine:fail_allocation(n, true)
        scenario(net, "first")
        net.engine:fail_allocation(0)
        assert.same(NOTHING, settle(net), n)
        net.sent, net.events = {}, {}
        assert.same(200, scenario(net, "second"), n)
        net.engine:close()
      end
    end)
  end

  it("an engine is not made, and says so", function()
    local made
    local n = 0
    repeat
      n = n + 1
      local err
      made, err = core.engine { fail_allocation = n }
      if not made then assert.same("MEMORY", err.name) end
    until made
    assert.is_true(n > 5)
  end)
end)
