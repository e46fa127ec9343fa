-- SPDX-License-Identifier: MIT
--
-- The torture messages on the wire: each is sent to an agent that says 200 to INVITE,
-- REGISTER, MESSAGE and BYE, on the test network and over real sockets, and what comes
-- back is compared with the verdict (RFC 4475 over IPv4, RFC 5118 over IPv6).

local agent <const> = require "moonsip.agent"
local context <const> = require "moonsip.context"
local glance <const> = require "moonsip.glance"
local ours <const> = require "spec.torture.ours"
local rfc <const> = require "spec.torture.rfc"
local test <const> = require "moonsip.test"
local uv <const> = require "luv"
local verdicts <const> = require "spec.torture.verdicts"

local function title(row)
  return ("%s: %s (RFC %d %s)"):format(row.name, row.why, row.rfc, row.section)
end

-- What the 200-sayer owes: a status, or nil where nothing may come back.
local function owed(row)
  local wire = row.otherwise or row.wire
  return wire ~= "dropped" and wire or nil
end

local function say_yes(one)
  for _, method in ipairs { "INVITE", "REGISTER", "MESSAGE", "BYE" } do
    one:on(method, function(req) return req:reply(200) end)
  end
end

describe("on the test network,", function()
  local address <const> = { [4475] = { "10.0.0.1", "10.0.0.9:5060" },
                            [5118] = { "fd00::1", "[fd00::9]:5060" } }

  for _, row in ipairs(verdicts) do
    it(title(row), function()
      local net <close> = test.net()
      local at <const> = address[row.rfc]
      local server = net:agent("sip:server@example.com", { address = at[1] })
      say_yes(server)
      net:endpoint(at[2]):send(ours(row.name), server.listeners[1].ip)
      net:advance "0.1s"
      local sent = net:messages { from = server }
      assert.equal(owed(row), sent[1] and sent[1].seen.code)
      assert.is_true(#sent <= 1)
      assert.same({}, net.log_lines)
    end)
  end
end)

-- ---- over real sockets

-- Where a response to a datagram goes (RFC 3261 18.2.2): the port of the top Via.
local function via_port(text)
  local value = (text:gsub("\r?\n[ \t]+", " ")):match "\n[Vv][Ii]?[Aa]?[ \t]*:([^\r\n]*)"
  local sent_by = (value or ""):match "/%s*%a+%s+([^;,]*)" or ""
  local port = sent_by:match "%]:%s*(%d+)%s*$" or sent_by:match "^[^%[:]*:%s*(%d+)%s*$"
  return tonumber(port) or 5060
end

-- The message as another hop would hand it on: answers come to that hop's port.
local function relayed(text, ip, port)
  local host = ip:find ":" and ("[%s]"):format(ip) or ip
  local via = ("Via: SIP/2.0/UDP %s:%d;branch=z9hG4bKrelay\r\n"):format(host, port)
  return (text:gsub("\r\n", function() return "\r\n" .. via end, 1))
end

-- A raw socket on the port that answers go to, or where another program has that, on
-- any port and with the message relayed.
local function peer_for(text, ip)
  local socket = uv.new_udp()
  if not socket:bind(ip, via_port(text)) then
    socket:close()
    socket = uv.new_udp()
    assert(socket:bind(ip, 0))
    text = relayed(text, ip, socket:getsockname().port)
  end
  return socket, text
end

local probe <const> = table.concat({
  "OPTIONS sip:probe SIP/2.0", "Via: SIP/2.0/UDP probe.invalid:9;rport;branch=z9hG4bK%s",
  "Max-Forwards: 70", "From: <sip:probe@probe.invalid>;tag=1", "To: <sip:probe>",
  "Call-ID: %s", "CSeq: 1 OPTIONS", "Content-Length: 0", "", "",
}, "\r\n")

for _, case in ipairs {
  { rfc = 4475, ip = "127.0.0.1", peer = "127.0.47.5" }, { rfc = 5118, ip = "::1", peer = "::1" },
} do
  describe(("over UDP to %s,"):format(case.ip), function()
    local prober, serial

    setup(function()
      prober, serial = uv.new_udp(), 0
      assert(prober:bind(case.ip, 0))
    end)

    teardown(function()
      prober:close()
      uv.run "nowait" -- nothing of it may be left when the interpreter ends
    end)

    -- Each message meets an agent that knows nothing of the others, some of which share
    -- their branches. It ends without a word: no BYE may go to who the messages name.
    local function serve()
      local own = context.new { log = { level = "none" } }
      local listen = case.ip == "::1" and "udp:[::1]:0" or "udp:127.0.0.1:0"
      local server = assert(agent.new(own, { listen = listen }))
      say_yes(server)
      return own.driver, server.listeners[1].port
    end

    -- Sends the bytes and then a sound request, in this order from one machine to one
    -- socket. When that one is answered, the first was seen to: the answer to it, if
    -- there is one, has come.
    local function exchange(text)
      local driver, port = serve()
      local socket, bytes = peer_for(text, case.peer)
      local answers, is_seen = {}, false
      socket:recv_start(function(_, data) if data then table.insert(answers, data) end end)
      prober:recv_start(function(_, data) if data then is_seen = true end end)
      serial = serial + 1
      socket:send(bytes, case.ip, port)
      prober:send(probe:format(serial, serial), case.ip, port)
      for _ = 1, 1000 do
        uv.run "nowait"
        if is_seen then break end
        driver:step(20)
      end
      assert(is_seen, "no answer to the probe")
      uv.run "nowait"
      socket:close()
      driver:close()
      return answers
    end

    local function check(row, text)
      local answers = exchange(text)
      local status = answers[1] and glance.at(answers[1]).code
      assert.equal(owed(row), status)
    end

    for _, row in ipairs(verdicts) do
      if row.rfc == case.rfc then
        it(title(row), function() check(row, ours(row.name)) end)
      end
    end

    if rfc.text(case.rfc) then
      it(("the RFC's own bytes get the same answers (RFC %d)"):format(case.rfc), function()
        local messages = rfc.messages(case.rfc)
        local wrong = {}
        for _, row in ipairs(verdicts) do
          if row.rfc == case.rfc then
            local ok, why = pcall(check, row, messages[row.name])
            if not ok then wrong[#wrong + 1] = row.name .. ": " .. tostring(why) end
          end
        end
        assert.equal("", table.concat(wrong, "\n"))
      end)
    end
  end)
end
