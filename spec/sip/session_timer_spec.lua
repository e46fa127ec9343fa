-- SPDX-License-Identifier: MIT

local wire <const> = require "spec.support.wire"
local messages <const> = require "spec.support.messages"

local ALLOW <const>, TIMER <const> = "Allow: INVITE, UPDATE", "Supported: timer"

-- An engine with a session timer of half an hour; `policy` says otherwise.
local function timed(policy, options)
  options = options or {}
  options.handles = options.handles or { "INVITE" }
  local net <const> = wire.new(options)
  net.engine:session_timer(policy or { session_expires = 1800 })
  return net
end

local function expires(text) return messages.header(text, "Session%-Expires") end

-- A call that the peer placed with these lines: the dialog, and our 200.
local function called(net, lines, reply)
  net:deliver(messages.invite { lines = lines })
  local dialog <const> = assert(net.engine:reply(net:event("request").transaction, 200, nil, nil,
    nil, nil, nil, reply))
  net:collect()
  local ok <const> = net:last(200)
  net.to_tag = messages.tag(ok, "To")
  net:deliver(messages.ack { branch = "z9hG4bKack1", to_tag = net.to_tag })
  return dialog, ok
end

-- One that we placed; the 200 has these lines.
local function calls(net, lines, request)
  net:request(request)
  net:deliver(messages.answer(net:last "INVITE", 200, { lines = lines }))
  return net:event("response").dialog
end

-- UPDATEs that were sent, without their copies.
local function updates(net)
  local found <const>, seen <const> = {}, {}
  for _, one in ipairs(net.sent) do
    local branch <const> = messages.branch(one.text)
    if messages.kind(one.text) == "UPDATE" and not seen[branch] then
      seen[branch] = true
      found[#found + 1] = one
    end
  end
  return found
end

local function timer_of(net, dialog)
  local info <const> = net.engine:dialog_info(dialog)
  return info.session_expires, info.session_is_ours
end

describe("the session timer of a call that came (RFC 4028 9)", function()
  -- Table 2: what the request has, what the 200 says, who refreshes, Require.
  for _, row in ipairs {
    { "nothing", {}, nil, nil, nil },
    { "Supported", { TIMER }, "1800;refresher=uac", false, "timer" },
    { "a proxy's Session-Expires", { "Session-Expires: 600" }, "600;refresher=uas", true, nil },
    { "Session-Expires", { TIMER, "Session-Expires: 600" }, "600;refresher=uac", false, "timer" },
    { "refresher=uac", { TIMER, "x: 600;refresher=uac" }, "600;refresher=uac", false, "timer" },
    { "refresher=uas", { TIMER, "x: 600;refresher=uas" }, "600;refresher=uas", true, "timer" },
    { "more than we want", { TIMER, "Session-Expires: 7200" }, "1800;refresher=uac", false,
      "timer" },
    { "more than we want, and Min-SE", { TIMER, "Session-Expires: 7200", "Min-SE: 3600" },
      "3600;refresher=uac", false, "timer" },
    { "Min-SE alone", { TIMER, "Min-SE: 3600" }, "3600;refresher=uac", false, "timer" },
    { "2^32-1", { TIMER, "Session-Expires: 4294967295" }, "1800;refresher=uac", false, "timer" },
    { "Min-SE of 2^32-1", { TIMER, "Session-Expires: 4294967295", "Min-SE: 4294967295" },
      "4294967295;refresher=uac", false, "timer" },
    { "a proxy's 0, which cannot be refused", { "Session-Expires: 0" }, nil, nil, nil },
    { "a proxy's 89", { "Session-Expires: 89" }, nil, nil, nil },
  } do
    local name <const>, lines <const>, says <const>, ours <const>, requires <const> =
      table.unpack(row, 1, 5)
    it("with " .. name .. (says and ": " .. says or ": none"), function()
      local net <const> = timed()
      local dialog <const>, ok <const> = called(net, lines)
      assert.same({ says, requires }, { expires(ok), messages.header(ok, "Require") })
      local interval <const>, is_ours <const> = timer_of(net, dialog)
      assert.same(says and math.tointeger(tonumber(says:match "%d+")), interval)
      if says then assert.same(ours, is_ours) end
    end)
  end

  it("may be ours to refresh where the choice is ours", function()
    local net <const> = timed { session_expires = 1800, refresher = "us" }
    assert.same("1800;refresher=uas", expires((select(2, called(net, { TIMER })))))
  end)

  it("is left out when its reply says so, or the engine has none", function()
    local net <const> = timed()
    assert.is_nil(expires((select(2, called(net, { TIMER, "Session-Expires: 600" },
      { no_timer = true })))))
    local plain <const> = wire.new()
    assert.is_nil(expires((select(2, called(plain, { TIMER, "Session-Expires: 600" })))))
    net:deliver(messages.invite { branch = "z9hG4bK2", call_id = "b", from_tag = "b",
      lines = { TIMER } })
    net.engine:reply(net:event("request").transaction, 200, nil, nil, nil, nil, nil,
      { session_expires = 300, refresher = "us" })
    assert.same("300;refresher=uas", expires(net:collect():last(200)))
  end)

  for _, seconds in ipairs { 0, 1, 89 } do
    it(("of %d s is refused with 422 and Min-SE"):format(seconds), function()
      local net <const> = timed()
      net:deliver(messages.invite { lines = { TIMER, "Session-Expires: " .. seconds } })
      local status <const>, lines <const> = net.engine:check(net:event().transaction)
      assert.same({ 422, { "Min-SE", "90" } }, { status, lines })
      local strict <const> = timed { session_expires = 1800, min_se = 600 }
      strict:deliver(messages.invite { lines = { TIMER, "Session-Expires: 599" } })
      assert.same({ 422, { "Min-SE", "600" } }, { strict.engine:check(strict:event().transaction) })
      strict:deliver(messages.invite { branch = "z9hG4bK2", call_id = "b", from_tag = "b",
        lines = { TIMER, "Session-Expires: 600" } })
      assert.same(0, (strict.engine:check(strict:event().transaction)))
    end)
  end

  it("ends by BYE 32 s, or a third, before the session does (10)", function()
    for interval, at in pairs { [1800] = 1768000, [90] = 60000 } do
      local net <const> = timed()
      local dialog <const> = called(net, { TIMER, "Session-Expires: " .. interval })
      net:advance(at - 1)
      assert.same(0, net:count "BYE")
      net:advance(1)
      assert.same(1, net:count "BYE")
      assert.matches('^SIP;cause=408', messages.header(net:last "BYE", "Reason"))
      assert.same({ dialog, "EXPIRED" }, { net:event().dialog, net:event().code })
      net:advance(60000)
      assert.same(0, net:live())
    end
  end)

  it("is begun anew by an UPDATE without a body, which nobody hears of", function()
    local net <const> = timed()
    local dialog <const> = called(net, { TIMER, ALLOW, "Session-Expires: 90" })
    for at = 2, 6 do
      net:advance(45000)
      net:deliver(messages.update { branch = "z9hG4bKu" .. at, cseq = at, to_tag = net.to_tag,
        lines = { TIMER, "Session-Expires: 90;refresher=uac" } })
      local ok <const> = net:last(200)
      assert.same({ "90;refresher=uac", "timer" }, { expires(ok), messages.header(ok, "Require") })
      assert.truthy(messages.header(ok, "Contact"))
    end
    assert.same({ "request" }, net:heard())
    assert.same({ 90, false }, { timer_of(net, dialog) })
    net:advance(60000)
    assert.same(1, net:count "BYE")
  end)

  it("refuses an UPDATE that asks for too little, and goes on as before", function()
    local net <const> = timed()
    local dialog <const> = called(net, { TIMER, "Session-Expires: 90" })
    net:deliver(messages.update { branch = "z9hG4bKu", cseq = 2, to_tag = net.to_tag,
      lines = { TIMER, "Session-Expires: 1" } })
    assert.same("90", messages.header(net:last(422), "Min%-SE"))
    assert.same({ 90, false }, { timer_of(net, dialog) })
  end)

  it("is turned off by a refresh that asks for none and supports none", function()
    local net <const> = timed()
    local dialog <const> = called(net, { TIMER, "Session-Expires: 90" })
    net:deliver(messages.update { branch = "z9hG4bKu", cseq = 2, to_tag = net.to_tag })
    assert.is_nil(timer_of(net, dialog))
    net:advance(3600000)
    assert.same(0, net:count "BYE")
  end)
end)

describe("the session timer of a call that we placed (RFC 4028 7)", function()
  it("is asked for without a refresher, with Min-SE only above 90", function()
    local net <const> = timed()
    net:request()
    assert.same("1800", expires(net:last "INVITE"))
    assert.is_nil(messages.header(net:last "INVITE", "Min%-SE"))
    net:request { session_expires = 300, min_se = 600, refresher = "us" }
    assert.same({ "600;refresher=uac", "600" },
      { expires(net:last "INVITE"), messages.header(net:last "INVITE", "Min%-SE") })
    net:request { no_timer = true }
    assert.is_nil(expires(net:last "INVITE"))
    net:request { method = "OPTIONS" }
    assert.is_nil(expires(net:last "OPTIONS"))
    net:request { headers = { "Session-Expires", "77" } }
    assert.same("77", expires(net:last "INVITE"))
  end)

  it("follows the 2xx, whoever put it there: a UAS or a proxy", function()
    for says, wanted in pairs { ["600;refresher=uac"] = { 600, true },
                                ["600;refresher=uas"] = { 600, false },
                                ["600"] = { 600, true }, ["0;refresher=uac"] = { 90, true },
                                ["4294967295;refresher=uas"] = { 4294967295, false } } do
      local net <const> = timed()
      assert.same(wanted, { timer_of(net, calls(net, { "Session-Expires: " .. says })) })
    end
    local net <const> = timed()
    assert.is_nil(timer_of(net, calls(net)))
    assert.is_nil(timer_of(net, calls(net, { "Session-Expires: 600;refresher=uac" },
      { no_timer = true })))
  end)

  it("is refreshed by UPDATE at half of it, without the user, for as long as that works",
    function()
    local net <const> = timed()
    local dialog <const> = calls(net, { ALLOW, "Session-Expires: 1800;refresher=uac" })
    for round = 1, 3 do
      net:advance(899999)
      assert.same(round - 1, net:count "UPDATE")
      net:advance(1)
      local update <const> = net:last "UPDATE"
      assert.same({ "1800;refresher=uac", "0" },
        { expires(update), messages.header(update, "Content%-Length") })
      assert.matches("timer", messages.header(update, "Supported"))
      net:answer(200, { to = "UPDATE", lines = { "Session-Expires: 1800;refresher=uac" } })
    end
    assert.same({ 200 }, net:heard())
    assert.same({ 1800, true }, { timer_of(net, dialog) })
  end)

  it("passes to the other side when the 2xx of a refresh says so", function()
    local net <const> = timed()
    local dialog <const> = calls(net, { ALLOW, "Session-Expires: 90;refresher=uac" })
    net:advance(45000)
    net:answer(200, { to = "UPDATE", lines = { "Session-Expires: 90;refresher=uas" } })
    assert.same({ 90, false }, { timer_of(net, dialog) })
    net:advance(59999)
    assert.same({ 1, 0 }, { net:count "UPDATE", net:count "BYE" })
    net:advance(1)
    assert.same(1, net:count "BYE")
  end)

  it("has its user refresh where the other side does not allow UPDATE", function()
    local net <const> = timed()
    local dialog <const> = calls(net, { "Allow: INVITE", "Session-Expires: 90;refresher=uac" })
    net:advance(45000)
    assert.same({ "refresh", dialog, 0 },
      { net:event().kind, net:event().dialog, net:event().code })
    assert(net:dialog_request(dialog, { method = "INVITE" }))
    assert.same("90;refresher=uac", expires(net:last "INVITE"))
    net:answer(200, { to = "INVITE", lines = { "Session-Expires: 90;refresher=uac" } })
    net:advance(44999)
    assert.same(0, net:count "BYE")
  end)

  it("has its user refresh after a challenge, or when UPDATE is unknown after all", function()
    for status, code in pairs { [401] = 401, [407] = 407, [405] = 0, [501] = 0 } do
      local net <const> = timed()
      calls(net, { ALLOW, "Session-Expires: 90;refresher=uac" })
      net:advance(45000)
      net:answer(status, { to = "UPDATE" })
      assert.same({ "refresh", code }, { net:event().kind, net:event().code })
    end
  end)

  it("asks for more after a 422, and its Min-SE stays (7.3, 7.4)", function()
    local net <const> = timed()
    local dialog <const> = calls(net, { ALLOW, "Session-Expires: 90;refresher=uac" })
    net:advance(45000)
    net:answer(422, { to = "UPDATE", lines = { "Min-SE: 200" } })
    local update <const> = net:last "UPDATE"
    assert.same({ "200;refresher=uac", "200", "3 UPDATE" }, { expires(update),
      messages.header(update, "Min%-SE"), messages.header(update, "CSeq") })
    net:answer(200, { to = "UPDATE", lines = { "Session-Expires: 200;refresher=uac" } })
    net:advance(100000)
    assert.same({ "200;refresher=uac", "200" },
      { expires(net:last "UPDATE"), messages.header(net:last "UPDATE", "Min%-SE") })
    assert.same({ 200, true }, { timer_of(net, dialog) })
  end)

  it("does not go round in 422s (bug classes 24 and 27)", function()
    for _, step in ipairs { 0, 10 } do -- the same each time; ever more
      local net <const> = timed()
      calls(net, { ALLOW, "Session-Expires: 90;refresher=uac" })
      net:advance(45000)
      for round = 1, 20 do
        net:answer(422, { to = "UPDATE", lines = { "Min-SE: " .. 100 + step * round } })
      end
      assert.is_true(net:count "UPDATE" <= 6)
      net:advance(15000)
      assert.same(1, net:count "BYE")
    end
  end)

  it("tries again after 491 as 14.1 says, and after a Retry-After; and then ends", function()
    local net = timed()
    calls(net, { ALLOW, "Session-Expires: 1800;refresher=uac" })
    net:advance(900000)
    for round = 1, 4 do
      local before <const> = net.now
      net:answer(491, { to = "UPDATE" })
      repeat net:advance(10) until #updates(net) > round
      local waited <const> = updates(net)[round + 1].at - before
      assert.is_true(waited >= 2100 and waited <= 4000)
    end
    net:answer(491, { to = "UPDATE" })
    net:advance(5000)
    assert.same(5, #updates(net))
    net:advance(900000)
    assert.is_true(net:count "BYE" > 0)

    net = timed()
    calls(net, { ALLOW, "Session-Expires: 1800;refresher=uac" })
    net:advance(900000)
    net:answer(500, { to = "UPDATE", lines = { "Retry-After: 7" } })
    net:advance(6999)
    assert.same(1, #updates(net))
    net:advance(1)
    assert.same(2, #updates(net))
  end)

  it("ends by BYE after 481, 408, or no answer at all (10)", function()
    for _, status in ipairs { 481, 408, false } do
      local net <const> = timed()
      calls(net, { ALLOW, "Session-Expires: 1800;refresher=uac" })
      net:advance(900000)
      if status then net:answer(status, { to = "UPDATE" }) else net:advance(32000) end
      assert.same({ 1, "dialog_end" }, { net:count "BYE", net:event().kind })
    end
  end)

  it("waits while an INVITE is under way, which refreshes the session itself", function()
    local net <const> = timed()
    local dialog <const> = calls(net, { ALLOW, "Session-Expires: 90;refresher=uac" })
    net:advance(44000)
    assert(net:dialog_request(dialog, { method = "INVITE" }))
    net:answer(180, { to = "INVITE" })
    net:advance(3000)
    assert.same(0, net:count "UPDATE")
    net:answer(200, { to = "INVITE", lines = { "Session-Expires: 90;refresher=uac" } })
    net:advance(44000)
    assert.same(0, net:count "UPDATE")
    net:advance(1000)
    assert.same(1, net:count "UPDATE")
  end)

  it("is each branch's own where several answered (7.2)", function()
    local net <const> = timed()
    net:request()
    net:answer(200, { to = "INVITE", to_tag = "a",
      lines = { "Session-Expires: 90;refresher=uac", ALLOW } })
    local first <const> = net:event().dialog
    net:answer(200, { to = "INVITE", to_tag = "b" })
    local second <const> = net:event().dialog
    assert.same(90, (timer_of(net, first)))
    assert.is_nil(timer_of(net, second))
  end)

  it("leaves no timer behind a dialog that is dropped or ended", function()
    local net <const> = timed()
    net.engine:dialog_drop(calls(net, { "Session-Expires: 90;refresher=uac" }))
    net:advance(40000)
    assert.same(0, net:live())
  end)
end)
