-- SPDX-License-Identifier: MIT
--
-- moonsip run: scripts as child processes.

local certificates <const> = require "spec.support.certificates"
local program <const> = require "spec.support.program"
local scratch <const> = require "spec.support.scratch"

describe("moonsip run", function()
  local folder

  before_each(function() folder = scratch.folder() end)
  after_each(function() folder:remove() end)

  it("gives a script its arguments, also those that look like options", function()
    local path = folder:write("a.lua", [[print(arg[0], #arg, ...)]])
    local status, out, err = program.run { "run", path, "one", "--two", "--", "--trace" }
    assert.equal("", err)
    assert.equal(("%s\t3\tone\t--two\t--trace\n"):format(path), out)
    assert.equal(0, status)
  end)

  it("reads a script from standard input", function()
    local status, out = program.run({ "run", "-", "x" }, "print('hello', ...)")
    assert.equal(0, status)
    assert.equal("hello\tx\n", out)
  end)

  it("exits 1 with the message of a syntax error", function()
    local path = folder:write("bad.lua", "local x = = 1\n")
    local status, out, err = program.run { "run", path }
    assert.equal(1, status)
    assert.equal("", out)
    assert.equal(("moonsip: %s:1: unexpected symbol near '='\n"):format(path), err)
  end)

  it("exits 1 for a script that is not there", function()
    local status, _, err = program.run { "run", folder.path .. "/none.lua" }
    assert.equal(1, status)
    assert.truthy(err:find("none.lua: No such file", 1, true), err)
  end)

  it("exits 1 with the traceback of a script that raises, and its lines only", function()
    local path = folder:write("raises.lua",
      "local function deep() error 'broken wheel' end\ndeep()\nprint 'never'\n")
    local status, out, err = program.run { "run", path }
    assert.equal(1, status)
    assert.equal("", out)
    assert.truthy(err:find(("^moonsip: %s:1: broken wheel\nstack traceback:\n"):format(
      path:gsub("%p", "%%%0"))), err)
    assert.truthy(err:find(path .. ":2:", 1, true), err)
    assert.falsy(err:find("cli/run.lua", 1, true), err)
  end)

  it("shows no line of the library, which the message is not about", function()
    local path = folder:write("wrong.lua", 'local sip = require "moonsip"\n'
      .. 'local function deep() sip.agent { listn = "127.0.0.1:0" } end\ndeep()\n')
    local status, _, err = program.run { "run", path }
    assert.equal(1, status)
    assert.equal(("moonsip: %s:2: bad argument 'listn' to 'sip.agent' (no such option)\n"
      .. "stack traceback:\n\t%s:2: in local 'deep'\n\t%s:3: in main chunk\n")
      :format(path, path, path), err)
  end)

  it("prints what a script says of its arguments as it is: error(text, 0)", function()
    local status, _, err = program.run { "run", folder:write("usage.lua",
      "error('usage: usage.lua LISTEN', 0)\n") }
    assert.same({ 1, "moonsip: usage: usage.lua LISTEN\n" }, { status, err })
  end)

  it("names the port that is taken", function()
    local peer <close> = program.serve { "spec/cli/peer.lua" }
    local status, _, err = program.run { "run", "spec/cli/peer.lua", "--listen",
      "udp:" .. peer.address }
    assert.equal(1, status)
    local why = ("udp %s: address already in use"):format(peer.address)
    assert.truthy(err:find(why, 1, true), err)
  end)

  it("listens where it was told instead of where the script says", function()
    local path = folder:write("listen.lua", [[
      local sip = require "moonsip"
      local agent <close> = assert(sip.agent { listen = "udp:192.0.2.77:5060" })
      print("listening on " .. tostring(agent))
      sip.run()]])
    local server <close> = program.serve { path, "--listen", "127.0.0.1:0" }
    assert.truthy(server.first_line:find
      "^listening on udp:127.0.0.1:%d+, tcp:127.0.0.1:%d+$")
    assert.equal(0, (program.run { "ping", server.address }))
  end)

  it("has a certificate for a script that names none", function()
    local ca = certificates.authority()
    local cert, key = ca:issue("site", { names = "DNS:site.example" })
    local path = folder:write("secure.lua", [[
      local sip = require "moonsip"
      local agent <close> = assert(sip.agent {
        listen = { "udp:127.0.0.1:0", "tls:127.0.0.1:0", "wss:127.0.0.1:0" } })
      print("listening on " .. tostring(agent))
      sip.run()]])
    local server <close> = program.serve { path, "--cert", cert, "--key", key }
    assert.truthy(server.first_line:find ", tls:127.0.0.1:%d+, wss:127.0.0.1:%d+$")
    local status, _, err = program.run { "run", path, "--key", key }
    assert.same({ 2, true }, { status, err:find("--key is the key of a --cert", 1, true) ~= nil })
    status, _, err = program.run { "run", path }
    assert.same({ 1, true }, { status, err:find("--cert FILE", 1, true) ~= nil })
    ca:close()
  end)

  for _, name in ipairs { "INT", "TERM" } do
    it("ends cleanly on SIG" .. name, function()
      local server <close> = program.serve { "spec/cli/peer.lua" }
      assert.equal(0, (program.run { "ping", server.address }))
      server:kill(name)
      local status, out, log = server:wait()
      assert.equal(0, status)
      assert.equal("left\n", out)
      assert.truthy(log:find("SIG" .. name, 1, true))
    end)
  end

  it("shows every message, in and out", function()
    local server <close> = program.serve { "spec/cli/peer.lua", "--trace" }
    program.run { "send", "MESSAGE", server.address, "--body", "\27[2J",
      "-H", 'Authorization: Digest username="a", response="0123456789abcdef"' }
    server:kill "TERM"
    local _, _, log = server:wait()
    local address = server.address
    assert.truthy(log:find("<-  udp 127%.0%.0%.1:%d+ %-> " .. address:gsub("%.", "%%.")))
    assert.truthy(log:find("\n    MESSAGE sip:" .. address .. " SIP/2.0\n", 1, true))
    assert.truthy(log:find('username="a", response="***"', 1, true), log)
    assert.truthy(log:find("\n    \\x1b[2J\n", 1, true))
    assert.truthy(log:find("->  udp " .. server.address, 1, true))
    assert.truthy(log:find("\n    SIP/2.0 200 OK\n", 1, true))
  end)

  it("draws the call flow while it happens", function()
    local server <close> = program.serve { "spec/cli/peer.lua", "--trace=ladder" }
    program.run { "send", "INVITE", server.address }
    server:kill "TERM"
    local _, _, log = server:wait()
    local at = 1
    for _, part in ipairs {
      "moonsip", "127.0.0.1:", "<-", "INVITE 1", "180 Ringing, INVITE 1", "->", "200 OK",
      "->", "<-", "ACK 1", "<-", "BYE 2", "200 OK, BYE 2",
    } do
      local _, found = log:find(part, at, true)
      assert.truthy(found, part .. " in\n" .. log)
      at = found
    end
  end)

  it("logs what it is told to log, on stderr", function()
    local path = folder:write("log.lua", [[
      local sip = require "moonsip"
      sip.log:debug "fine grains"
      sip.log:warn "dark clouds"]])
    local _, out, err = program.run { "run", path, "--log", "debug" }
    assert.equal("", out)
    assert.truthy(err:find "debug fine grains\n.*warn  dark clouds\n")
    _, _, err = program.run { "run", path }
    assert.falsy(err:find "grains")
    _, _, err = program.run { "run", path, "--log=error" }
    assert.equal("", err)
  end)
end)
