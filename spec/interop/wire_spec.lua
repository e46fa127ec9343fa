-- SPDX-License-Identifier: MIT
--
-- What no well-behaved peer sends, on the wire, against a running script. After each
-- misdeed the script still answers others; at the end nothing is left of any of them.

local process <const> = require "spec.interop.support.process"
local raw <const> = require "spec.interop.support.raw"
local script <const> = require "spec.interop.support.script"
local turn <const> = require "spec.interop.support.turn"

-- Transactions are over soon (64*T1), so that a spec can see them go.
local t1_ms <const> = "20"

local sdp <const> = table.concat({ "v=0", "o=raw 1 1 IN IP4 192.0.2.1", "s=-",
  "c=IN IP4 192.0.2.1", "t=0 0", "m=audio 6000 RTP/AVP 0", "" }, "\r\n")

local callee

-- Proof that it lives: it answers others, over both transports.
local function assert_alive()
  local udp <close> = raw.udp()
  assert.truthy(udp:ask(callee.address, "OPTIONS"):find "^SIP/2.0 200 ")
  local tcp <close> = raw.tcp(callee.address)
  assert.truthy(tcp:ask(callee.address, "OPTIONS"):find "^SIP/2.0 200 ")
end

local function request(peer, method, o)
  o = o or {}
  o.to, o.from, o.transport = callee.address, peer.address, peer.transport
  if method == "INVITE" then
    o.headers, o.body = "Content-Type: application/sdp\r\n", o.body or sdp
  end
  return raw.request(method, o)
end

local function count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

-- What is alive. Over TCP, where the transaction of a question ends with its answer.
local function metrics()
  local peer <close> = raw.tcp(callee.address)
  local found = {}
  local answer = peer:ask(callee.address, "INFO", { user = "metrics" })
  for name, value in answer:gmatch "([%l_]+)=(%d+)" do found[name] = tonumber(value) end
  return found
end

setup(function() callee = script.serve("spec/interop/scripts/callee.lua", { t1_ms }) end)

teardown(process.end_all)

describe("A message cut short", function()
  it("after each of its bytes, over UDP, is never taken for a request (RFC 3261 18.3)", function()
    local peer <close> = raw.udp()
    local whole = request(peer, "INVITE", { branch = "z9hG4bKcut", call = "cut" })
    for last = 1, #whole - 1 do peer:send(whole:sub(1, last), callee.address) end
    assert_alive()
    assert.equal(0, count(peer.received, "SIP/2.0 1"))
    assert.equal(0, count(peer.received, "SIP/2.0 2"))
    assert.truthy(count(peer.received, "SIP/2.0 400 ") > 0)
    assert.is_nil(callee.output:find("call\tcut@", 1, true))
  end)

  it("anywhere, over TCP, waits for its rest; a reset ends it (RFC 3261 18.3)", function()
    local peer <close> = raw.tcp(callee.address)
    local whole = request(peer, "INVITE", { branch = "z9hG4bKreset", call = "reset" })
    for last = 1, #whole - 1, 7 do
      local one <close> = raw.tcp(callee.address)
      one:send(whole:sub(1, last))
      turn.until_true("everything sent", function() return one.unsent == 0 end)
      one:reset()
    end
    assert_alive()
    assert.is_nil(callee.output:find("call\treset@", 1, true))
  end)
end)

describe("A message too large", function()
  it("for UDP in most places, but not for its own 64 KB, is taken (RFC 3261 18.1.1)", function()
    local peer <close> = raw.udp()
    local head = #request(peer, "MESSAGE", { body = (" "):rep(10000) }) - 10000
    local size = 65507 - head -- of IPv4: 65535 without its header and that of UDP
    peer:ask(callee.address, "MESSAGE", { body = ("m"):rep(size) })
    callee:expect(("message\t%d\tudp\n"):format(size))
  end)

  it("by its headers, over TCP, ends the connection (RFC 3261 21.4.11)", function()
    local peer <close> = raw.tcp(callee.address)
    peer:send(request(peer, "OPTIONS", { headers = ("X-Filler: %s\r\n"):format(("x"):rep(70000)) }))
    turn.until_true("end of the connection", function() return peer.is_closed end)
    assert.equal(0, count(peer.received, "SIP/2.0 2"))
    assert_alive()
  end)

  for _, length in ipairs { "65536", "4294967296", "18446744073709551616", ("9"):rep(40) } do
    it("by its Content-Length of " .. length .. ", over TCP, is refused at once", function()
      local peer <close> = raw.tcp(callee.address)
      peer:send((request(peer, "OPTIONS"):gsub("Content%-Length: 0", "Content-Length: " .. length)))
      turn.until_true("end of the connection", function() return peer.is_closed end)
      assert.truthy(peer.received:find "^SIP/2.0 4%d%d ", peer.received)
      assert_alive()
    end)
  end

  for what, headers in pairs {
    ["its number of headers"] = ("Accept: a/b\r\n"):rep(4000),
    ["a header of its own"] = ("Subject: %s\r\n"):format(("s"):rep(9000)),
  } do
    it("by " .. what .. " is refused and ends nothing (RFC 3261 21.4.1)", function()
      for _, peer in ipairs { raw.tcp(callee.address), raw.udp() } do
        assert.truthy(peer:ask(callee.address, "OPTIONS", { headers = headers })
          :find "^SIP/2.0 400 [^\r\n]*eader field")
        assert.truthy(peer:ask(callee.address, "OPTIONS"):find "^SIP/2.0 200 ")
        peer:close()
      end
    end)
  end
end)

describe("A message that comes often", function()
  it("is one request: every copy gets the same response (RFC 3261 17.2.2)", function()
    local peer <close> = raw.udp()
    local text = request(peer, "OPTIONS", { branch = "z9hG4bKoften", call = "often" })
    local one = peer:ask(callee.address, "OPTIONS", { branch = "z9hG4bKonce", call = "once" })
    assert.truthy(one)
    for _ = 1, 20 do peer:send(text, callee.address) end
    turn.until_true("20 responses", function()
      return count(peer.received, "SIP/2.0 200 ") == 20
    end)
    local tags = {}
    for tag in peer.received:gmatch "\r\nTo: [^\r\n]*;tag=([%w]+)" do tags[tag] = true end
    assert.is_nil(next(tags, (next(tags))))
  end)

  it("is one call: twenty INVITEs ring once (RFC 3261 17.2.1)", function()
    local peer <close> = raw.udp()
    local invite = request(peer, "INVITE", { user = "ring", branch = "z9hG4bKmany", call = "many",
                                             cseq = 1 })
    for _ = 1, 20 do peer:send(invite, callee.address) end
    callee:expect "call\tmany@"
    assert_alive()
    peer:send(request(peer, "CANCEL", { user = "ring", branch = "z9hG4bKmany", call = "many",
                                        cseq = 1 }), callee.address)
    peer:expect "SIP/2.0 487 "
    assert.equal(1, callee:count "call\tmany@")
  end)
end)

describe("Messages in the wrong order", function()
  it("are refused where they belong to nothing yet (RFC 3261 9.2, 12.2.2)", function()
    local peer <close> = raw.udp()
    local o = { branch = "z9hG4bKearly", call = "order", cseq = 7 }
    peer:send(request(peer, "CANCEL", o), callee.address)
    assert.truthy(peer:response("CANCEL"):find "^SIP/2.0 481 ")
    assert.truthy(peer:ask(callee.address, "BYE", { call = "order", to_tag = "x", cseq = 8 })
      :find "^SIP/2.0 481 ")
    peer:send(request(peer, "ACK", { call = "order", to_tag = "x", cseq = 7 }), callee.address)
    assert_alive()
  end)

  it("inside a call are refused when a later one came first (RFC 3261 12.2.2)", function()
    local peer <close> = raw.udp()
    peer:send(request(peer, "INVITE", { branch = "z9hG4bKorder", call = "late", cseq = 1 }),
      callee.address)
    local tag = peer:response("INVITE"):match "\r\nTo: [^\r\n]*;tag=(%w+)"
    local function inside(method, cseq)
      return { to_tag = tag, call = "late", cseq = cseq, branch = "z9hG4bK" .. method .. cseq }
    end
    -- INFO before the ACK that was sent before it.
    assert.truthy(peer:ask(callee.address, "INFO", inside("INFO", 3)):find "^SIP/2.0 200 ")
    peer:send(request(peer, "ACK", inside("ACK", 1)), callee.address)
    assert.truthy(peer:ask(callee.address, "INFO", inside("INFO", 2)):find "^SIP/2.0 500 ")
    assert.truthy(peer:ask(callee.address, "BYE", inside("BYE", 4)):find "^SIP/2.0 200 ")
    assert.truthy(peer:ask(callee.address, "INFO", inside("INFO", 5)):find "^SIP/2.0 481 ")
  end)
end)

describe("A TCP peer", function()
  it("that sends a whole call byte by byte is served (RFC 3261 18.3)", function()
    local peer <close> = raw.tcp(callee.address)
    local function trickle(text)
      for byte in text:gmatch "." do
        peer:send(byte)
        turn.until_true("byte sent", function() return peer.unsent == 0 end)
      end
    end
    local o = { call = "trickle", cseq = 1 }
    trickle(request(peer, "INVITE", o))
    local tag = peer:response("INVITE"):match "\r\nTo: [^\r\n]*;tag=(%w+)"
    trickle(request(peer, "ACK", { call = "trickle", cseq = 1, to_tag = tag }))
    trickle(request(peer, "BYE", { call = "trickle", cseq = 2, to_tag = tag }))
    assert.truthy(peer:response("BYE"):find "^SIP/2.0 200 ")
  end)

  it("that stops reading is cut off in the end, and holds nobody up (bug class 44)", function()
    local peer <close> = raw.tcp(callee.address, { reads = false })
    local headers = ("Subject: %s\r\n"):format(("s"):rep(500))
    local message = request(peer, "OPTIONS", { headers = headers })
    -- Each comes with a branch of its own: a request, and a response that nobody takes.
    local sent = 0
    turn.until_true("end of the connection", function()
      while peer.unsent < 100 and not peer.is_closed do
        sent = sent + 1
        peer:send((message:gsub("branch=%w+", "branch=z9hG4bKstuck" .. sent)))
      end
      return peer.is_closed
    end, function() return ("%d requests sent"):format(sent) end)
    assert_alive()
  end)

  it("that is gone before the ACK of its call leaves no call behind (RFC 3261 13.3.1.4)", function()
    local peer <close> = raw.tcp(callee.address)
    peer:send(request(peer, "INVITE", { call = "gone", cseq = 1 }))
    callee:expect "call\tgone@"
    peer:reset()
    turn.until_true("end of the call", function() return metrics().dialogs == 0 end, nil, true)
    assert_alive()
  end)

  it("that speaks another protocol is not answered in it", function()
    for _, text in ipairs {
      "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "\22\3\1\0\200\1\0\0\196\3\3" .. ("\7"):rep(191), -- the hello of TLS
      ("\0"):rep(2000),
    } do
      local peer <close> = raw.tcp(callee.address)
      peer:send(text)
      assert_alive()
      assert.equal(0, count(peer.received, "SIP/2.0 2"))
    end
  end)
end)

describe("A UDP peer", function()
  it("that sends noise is not answered, and ends nothing (RFC 3261 18.3)", function()
    local peer <close> = raw.udp()
    math.randomseed(3261)
    for _ = 1, 500 do
      local bytes = {}
      for at = 1, math.random(1, 200) do bytes[at] = string.char(math.random(0, 255)) end
      peer:send(table.concat(bytes), callee.address)
    end
    for _, text in ipairs { "\r\n\r\n", "\0\0\0\0", "SIP/2.0 200 OK\r\n\r\n", " " } do
      peer:send(text, callee.address)
    end
    assert_alive()
    assert.equal("", peer.received)
  end)
end)

describe("After all that", function()
  it("no transaction, no dialog and no error is left (bug class 26)", function()
    turn.until_true("end of all transactions", function()
      local seen = metrics()
      return seen.dialogs == 0 and seen.client_transactions == 0 and seen.server_transactions == 1
    end, nil, true)
    assert.is_nil(callee.output:find "error")
    script.stop(callee)
    assert.truthy(callee.output:find "bye\n$")
  end)
end)
