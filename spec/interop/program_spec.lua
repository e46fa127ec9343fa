-- SPDX-License-Identifier: MIT
--
-- Scripts as programs: what they say when they cannot start, and how they end.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local raw <const> = require "spec.interop.support.raw"
local scratch <const> = require "spec.support.scratch"
local script <const> = require "spec.interop.support.script"
local turn <const> = require "spec.interop.support.turn"

local sdp <const> = "v=0\r\no=raw 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
  .. "m=audio 6000 RTP/AVP 0\r\n"

-- A call of a peer of ours; the tag of the other side.
local function call(peer, address)
  local answer = peer:ask(address, "INVITE",
    { call = "live", cseq = 1, headers = "Content-Type: application/sdp\r\n", body = sdp })
  assert.truthy(answer:find "^SIP/2.0 200 ", answer)
  local tag = answer:match "\r\nTo: [^\r\n]*;tag=(%w+)"
  peer:send(raw.request("ACK", { to = address, from = peer.address, transport = peer.transport,
                                 call = "live", cseq = 1, to_tag = tag }), address)
  return tag
end

local function answer_bye(peer, address)
  local bye = peer:expect "BYE .-\r\n\r\n"
  local via, to = bye:match "(Via: [^\r\n]*)", bye:match "(To: [^\r\n]*)"
  local from, call_id = bye:match "(From: [^\r\n]*)", bye:match "(Call%-ID: [^\r\n]*)"
  peer:send(table.concat({ "SIP/2.0 200 OK", via, from, to, call_id, bye:match "(CSeq: [^\r\n]*)",
                           "Content-Length: 0", "", "" }, "\r\n"), address)
end

describe("A script that cannot start", function()
  after_each(process.end_all)

  -- Ends when it has ended; what it wrote.
  local function fails(text, address)
    local folder <close> = scratch.folder()
    local one <close> = script.run(folder:write("bad.lua", text), {}, { address = address })
    assert.equal(1, one:wait(), one.output)
    return one.output
  end

  it("because its port is in use says which one, and ends with 1", function()
    local first <close> = script.serve "examples/09_hello.lua"
    local second <close> = script.run("examples/09_hello.lua", {}, { address = first.address })
    assert.equal(1, second:wait())
    local why = ("udp %s: address already in use"):format(first.address)
    assert.truthy(second.output:find(why, 1, true), second.output)
    script.stop(first)
  end)

  it("because of a syntax error says where, and ends with 1", function()
    local output = fails "local sip =\nlocal x = 1\n"
    assert.truthy(output:find "bad%.lua:2: unexpected symbol near 'local'", output)
  end)

  it("because it raises says where, and ends with 1", function()
    local output = fails "local function f() error 'no luck' end\nf()\n"
    assert.truthy(output:find "bad%.lua:1: no luck", output)
    assert.truthy(output:find "bad%.lua:2: in main chunk", output)
  end)

  it("because it is not there says so, and ends with 1", function()
    local one <close> = script.run("examples/no_such_script.lua")
    assert.equal(1, one:wait())
    assert.truthy(one.output:find "examples/no_such_script%.lua")
  end)
end)

-- Examples that ask somebody: what they are told, and whether the first SIGTERM lets
-- what is under way go on, so that the second one ends them.
local asking <const> = {
  ["04_call.lua"] = true, ["05_ping.lua"] = true, ["08_message.lua"] = true,
  ["11_dialer.lua"] = true, ["18_click_to_dial.lua"] = true,
}

-- Examples that say something and end.
local brief <const> = { ["26_where.lua"] = true }

-- A trunk has no user, and an HTTP server only an address; numbers come from a file.
local target <const> = { ["11_dialer.lua"] = "sip:%s", ["27_message_gateway.lua"] = "%s",
                         ["30_click_page.lua"] = "%s" }
local further <const> = { ["11_dialer.lua"] = "spec/interop/support/numbers.txt" }

local function examples()
  local pipe <close> = assert(io.popen "ls examples")
  local names = {}
  for name in pipe:lines() do
    if name:find "^%d+_.*%.lua$" then names[#names + 1] = name end
  end
  return names
end

describe("An example", function()
  after_each(process.end_all)

  for _, name in ipairs(examples()) do
    for _, signal in ipairs { "sigint", "sigterm" } do
      it(("stops cleanly: %s on %s"):format(name, signal:upper()), function()
        local silent <close> = raw.udp() -- a peer that never answers
        local one <close> = script.run("examples/" .. name,
          { (target[name] or "sip:bob@%s"):format(silent.address), further[name] },
          { input = true, log = "info" })
        one:write "hello\n"
        one:write(nil)
        if asking[name] then
          silent:expect "Content%-Length: %d+\r\n\r\n"
          if signal == "sigterm" then
            one:send_signal "sigterm"
            one:expect "SIGTERM"
          end
        elseif not brief[name] then
          one:expect "listening"
        end
        if not brief[name] then one:send_signal(signal) end
        local code, by = one:wait()
        assert.equal(0, by, one:tell())
        -- A call that was not answered is what 04_call.lua fails with.
        assert.equal(name == "04_call.lua" and 1 or 0, code, one:tell())
        assert.is_nil(one.output:find "error in", one.output)
      end)
    end
  end
end)

describe("A signal", function()
  after_each(process.end_all)

  local function started(text)
    local folder <close> = scratch.folder()
    local one = script.run(folder:write("script.lua", text))
    one:expect "here\n"
    return one
  end

  it("that comes before sip.run ends it when it comes", function()
    local one <close> = started [[
      local sip = require "moonsip"
      local agent <close> = assert(sip.agent { listen = arg[1] })
      print "here"
      io.stdin:read "a" -- until the signal was sent
      sip.run()
      print "left"
    ]]
    script.stop(one)
    assert.truthy(one.output:find "left\n$", one.output)
  end)

  for _, signal in ipairs { "sigint", "sigterm" } do
    it(signal:upper() .. " ends a verb of the main chunk, which goes on", function()
      local one <close> = started [[
        local sip = require "moonsip"
        local agent <close> = assert(sip.agent { listen = arg[1] })
        print "here"
        print(sip.sleep "1h")
      ]]
      script.stop(one, signal)
      assert.truthy(one.output:find "nil\tcancelled: [^\n]*stopped\n$", one.output)
    end)
  end

  it("ends a loop of the main chunk that takes no notice of it", function()
    local one <close> = started [[
      local sip = require "moonsip"
      local agent <close> = assert(sip.agent { listen = arg[1] })
      print "here"
      while true do sip.sleep "1h" end
    ]]
    script.stop(one)
    assert.is_nil(one.output:find "traceback", one.output)
  end)

  it("ends a script that hears none, the second time", function()
    local one <close> = started [[
      local sip = require "moonsip"
      local agent <close> = assert(sip.agent { listen = arg[1] })
      print "here"
      while true do end
    ]]
    -- Until it has ended: two that come at once are one to the system.
    turn.until_true("end of the script", function()
      one:send_signal "sigterm"
      return one.code
    end, nil, true)
    assert.equal(15, one.signal)
  end)
end)

describe("A script with a call", function()
  after_each(process.end_all)

  -- One whose log says what signal came.
  local function serve_callee()
    return script.serve("spec/interop/scripts/callee.lua", nil, { log = "info" })
  end

  for _, transport in ipairs { "udp", "tcp" } do
    it("ends it by BYE on SIGINT, over " .. transport .. " (RFC 3261 15)", function()
      local callee <close> = serve_callee()
      local peer <close> = raw[transport](callee.address)
      call(peer, callee.address)
      callee:send_signal "sigint"
      answer_bye(peer, callee.address)
      assert.equal(0, callee:wait(), callee.output)
      callee:expect "bye\n$"
    end)

    it("drains on SIGTERM, over " .. transport
      .. ": the call goes on, a new one gets 503 (RFC 3261 21.5.4)", function()
      local callee <close> = serve_callee()
      local peer <close> = raw[transport](callee.address)
      local tag = call(peer, callee.address)
      callee:send_signal "sigterm"
      callee:expect "SIGTERM"
      local other <close> = raw.udp()
      assert.truthy(other:ask(callee.address, "INVITE", { call = "new" })
        :find "^SIP/2.0 503 .*\r\nRetry%-After: %d+\r\n")
      assert.truthy(peer:ask(callee.address, "INFO", { call = "live", cseq = 2, to_tag = tag })
        :find "^SIP/2.0 200 ")
      assert.is_nil(callee.code)
      assert.truthy(peer:ask(callee.address, "BYE", { call = "live", cseq = 3, to_tag = tag })
        :find "^SIP/2.0 200 ")
      assert.equal(0, callee:wait(), callee.output)
      callee:expect "bye\n$"
    end)
  end

  it("ends it on the second SIGTERM", function()
    local callee <close> = serve_callee()
    local peer <close> = raw.udp()
    call(peer, callee.address)
    callee:send_signal "sigterm"
    callee:expect "SIGTERM"
    callee:send_signal "sigterm"
    answer_bye(peer, callee.address)
    assert.equal(0, callee:wait(), callee.output)
  end)

  it("gives up a call that it is placing, on SIGINT (RFC 3261 9.1)", function()
    local peer <close> = raw.udp()
    local caller <close> = script.run("examples/04_call.lua", { "sip:bob@" .. peer.address },
      { address = place.address() })
    local invite = peer:expect "INVITE .-\r\n\r\n"
    local function line(name) return invite:match("(" .. name .. ": [^\r\n]*)") end
    local function respond(status, cseq)
      peer:send(table.concat({ "SIP/2.0 " .. status, line "Via", line "From",
        line "To" .. ";tag=t", line "Call%-ID", cseq or line "CSeq", "Content-Length: 0",
        "", "" }, "\r\n"), caller.address)
    end
    respond "180 Ringing"
    caller:expect "180\tRinging\n"
    caller:send_signal "sigint"
    peer:expect "CANCEL .-\r\n\r\n"
    respond("200 OK", line("CSeq"):gsub("INVITE", "CANCEL"))
    respond "487 Request Terminated"
    peer:expect "ACK .-\r\n\r\n"
    local _, signal = caller:wait()
    assert.equal(0, signal)
  end)
end)
