-- SPDX-License-Identifier: MIT
--
-- moonsip send, against a real server on the loopback.

local program <const> = require "spec.support.program"
local scratch <const> = require "spec.support.scratch"

describe("moonsip send", function()
  local peer

  setup(function() peer = program.serve { "spec/cli/peer.lua" } end)
  teardown(function() peer:__close() end)

  local function uri(user)
    return "sip:" .. (user and user .. "@" or "") .. peer.address
  end

  it("prints the status and the body, and exits 0 for a 2xx", function()
    local words = { "send", "FOO", uri "202", "--body", "hello" }
    local status, out, err = program.run(words)
    assert.equal("", err)
    assert.equal("202 Accepted\n\ngot: hello\n", out)
    assert.equal(0, status)
  end)

  it("exits 1 for another final response, whatever the method", function()
    for _, method in ipairs { "OPTIONS", "message", "FOO" } do
      local status, out = program.run { "send", method, uri "603" }
      assert.equal("603 Decline\n", out)
      assert.equal(1, status)
    end
    local _, out = program.run { "send", "BAR", uri() }
    assert.equal("501 Not Implemented\n", out)
  end)

  it("exits 3 when no answer comes, and says so on stderr", function()
    local status, out, err = program.run { "send", "-W", "0.3", "MESSAGE", uri "silent" }
    assert.equal(3, status)
    assert.equal("", out)
    assert.truthy(err:find("no answer in time", 1, true), err)
  end)

  it("sends headers, a body from a file or from stdin, From, To and a type", function()
    local folder <close> = scratch.folder()
    local words = { "send", "FOO", uri(), "-i", "-H", "X-Echo: one, two",
      "--from", "sip:me@example.com", "--to", "sip:you@example.com",
      "--type", "text/html", "--body-file", folder:write("body", "<p>hi</p>\n") }
    local status, out = program.run(words)
    assert.equal(0, status)
    assert.truthy(out:find "^SIP/2.0 200 OK\r\n")
    for _, line in ipairs { "X-Echo: one, two", "X-From: me", "X-Type: text/html",
                            "X-Via: udp" } do
      assert.truthy(out:find("\r\n" .. line .. "\r\n", 1, true), out)
    end
    assert.truthy(out:find("\r\nTo: <sip:you@example.com>;tag=", 1, true), out)
    assert.truthy(out:find("\r\n\r\ngot: <p>hi</p>\n$"))
    words[#words] = "-"
    status, out = program.run(words, "from stdin")
    assert.equal(0, status)
    assert.truthy(out:find("got: from stdin\n$"))
  end)

  it("prints JSON", function()
    local status, out = program.run { "send", "MESSAGE", uri "404", "--json",
      "--body", "a\tb", "--transport", "tcp" }
    assert.equal(1, status)
    assert.truthy(out:find('^{"method":"MESSAGE","uri":"sip:404@127', 1), out)
    assert.truthy(out:find('"provisional":[],"status":404,"reason":"Not', 1, true))
    assert.truthy(out:find('"source":"tcp:127.0.0.1:', 1, true), out)
    assert.truthy(out:find('{"name":"Server","value":"peer"}', 1, true), out)
    assert.truthy(out:find('"body":"got: a\\tb","time_ms":[%d.]+}\n$'), out)
  end)

  it("ends a call that was answered (RFC 3261 13.2.2.4, 15)", function()
    local status, out = program.run { "send", "INVITE", uri(), "--json" }
    assert.equal(0, status)
    local rang <const> = '"provisional":[{"status":180,"reason":"Ringing"}],"status":200'
    assert.truthy(out:find(rang, 1, true), out)
    assert.truthy(peer:read_line():find "^INVITE")
    assert.truthy(peer:read_line():find "^BYE\thangup")
  end)
end)
