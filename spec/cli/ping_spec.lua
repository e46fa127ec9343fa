-- SPDX-License-Identifier: MIT
--
-- moonsip ping, against a real server on the loopback (RFC 3261 11).

local program <const> = require "spec.support.program"

describe("moonsip ping", function()
  local peer

  setup(function() peer = program.serve { "spec/cli/peer.lua" } end)
  teardown(function() peer:__close() end)

  it("exits 0 on a 200 and says how long it took", function()
    local status, out, err = program.run { "ping", "sip:" .. peer.address }
    assert.equal(0, status)
    assert.equal("", err)
    local line <const> = "^200 OK from udp:127%.0%.0%.1:%d+: seq=1 time=%d+%.%d%d ms\n$"
    assert.truthy(out:find(line), out)
  end)

  it("takes an address without sip: and goes over TCP when told", function()
    for _, words in ipairs { { "--transport", "tcp", peer.address },
                             { "sip:" .. peer.address .. ";transport=tcp" } } do
      local status, out = program.run { "ping", table.unpack(words) }
      assert.equal(0, status)
      assert.truthy(out:find("^200 OK from tcp:"), out)
    end
  end)

  it("exits 1 on another final response", function()
    local status, out = program.run { "ping", "sip:486@" .. peer.address }
    assert.equal(1, status)
    assert.truthy(out:find "^486 Busy Here from ")
  end)

  it("exits 3 when no answer comes in time", function()
    local status, out = program.run { "ping", "-W", "0.3", "sip:silent@" .. peer.address }
    assert.equal(3, status)
    assert.truthy(out:find("no answer in time: seq=1", 1, true), out)
  end)

  for name, case in pairs {
    ["nobody listens, UDP"] = { { "sip:127.0.0.1:1" }, "connection refused" },
    ["nobody listens, TCP"] = { { "sip:127.0.0.1:1", "--transport=tcp" },
      "connection refused" },
  } do
    it("exits 3 at once and says that " .. name, function()
      local status, out = program.run { "ping", table.unpack(case[1]) }
      assert.equal(3, status)
      assert.truthy(out:find(case[2], 1, true), out)
    end)
  end

  it("says what a failure means", function()
    local errors <const> = require "moonsip.errors"
    local session <const> = require "moonsip.cli.session"
    for name, text in pairs {
      DNS = "name not found", TIMEOUT = "no answer in time",
      EHOSTUNREACH = "no route to that host", NO_ROUTE = "no way there from this machine",
    } do
      assert.equal(text, session.explain(errors.of_failure(name)))
    end
  end)

  it("repeats, and sums up", function()
    local status, out = program.run { "ping", "-c", "3", "-i", "10ms", peer.address }
    assert.equal(0, status)
    local _, answers = out:gsub("200 OK from", "")
    assert.equal(3, answers)
    assert.truthy(out:find("seq=3", 1, true))
    assert.truthy(out:find("3 sent, 3 answered, 0 lost\n", 1, true))
    assert.truthy(out:find "time least/mean/most [%d.]+/[%d.]+/[%d.]+ ms\n$")
  end)

  it("prints JSON", function()
    local status, out = program.run { "ping", "--json", "-c2", "-i0", peer.address }
    assert.equal(0, status)
    local start = ('{"uri":"sip:%s","sent":2,"answered":2,"lost":0,"least_ms":'):format(
      peer.address)
    assert.equal(start, out:sub(1, #start))
    local first <const> = '"replies":[{"seq":1,"status":200,"reason":"OK","source":"udp:'
    assert.truthy(out:find(first, 1, true))
    assert.truthy(out:find('"server":"peer","time_ms":[%d.]+}]}\n$'))
    local silent = "sip:silent@" .. peer.address
    status, out = program.run { "ping", "--json", "-W", "0.2", silent }
    assert.equal(3, status)
    local lost <const> = '[{"seq":1,"error":"timeout","message":"no answer in time"}]'
    assert.truthy(out:find(lost, 1, true), out)
  end)

  it("shows its messages on stderr", function()
    local _, out, err = program.run { "ping", "--trace", "--from", "sip:me@example.com",
      peer.address }
    assert.truthy(out:find "^200 OK")
    assert.truthy(err:find("->  udp 127.0.0.1:", 1, true), err)
    assert.truthy(err:find("\n    OPTIONS sip:" .. peer.address .. " SIP/2.0\n", 1, true))
    assert.truthy(err:find("\n    From: <sip:me@example.com>;tag=", 1, true), err)
    assert.truthy(err:find("<-  udp 127.0.0.1:", 1, true))
  end)
end)
