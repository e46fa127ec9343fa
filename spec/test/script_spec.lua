-- SPDX-License-Identifier: MIT
--
-- Scripts under test: loaded unchanged, each into a context and onto a host of its own.

local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"

local path <const> = "spec/test/scripts/answer.lua"

describe("a script on a test network", function()
  it("gets as far as sip.run(), listens where it was put, and serves", function()
    local net <close> = test.net()
    local script = net:load(path, "10.0.0.1", { "127.0.0.1:5070", "2s", name = "pbx" })
    assert.equal("running", script.state)
    assert.same({ "listening on\tudp:10.0.0.1:5070, tcp:10.0.0.1:5070" }, script.output)
    local alice = net:agent "sip:alice@example.com"
    local call = assert(alice:call("sip:bob@10.0.0.1:5070"))
    assert.is_true(net:now() >= 2)
    call:hangup()
    net:settle()
    assert.is_true(script:printed "^hello\talice$")
    assert.is_true(script:printed "^gone\thangup$")
    assert.truthy(script.log[1]:find("a call from 10.0.1.1", 1, true))
    assert.truthy(net:ladder():find("pbx", 1, true))
    assert.equal(0, net:live())
  end)

  it("has its own face of moonsip, in its own modules too", function()
    local net <close> = test.net()
    local one, other = net:load(path, "10.0.0.1"), net:load(path, "10.0.0.2")
    net:advance "7s"
    local alice = net:agent "sip:alice@example.com"
    local res = assert(alice:request("OPTIONS", one):wait())
    assert.truthy(res.headers["Server"]:find "^at%-7%.")
    assert.not_equal(one.sip, other.sip)
    assert.not_equal(one.sip, require "moonsip")
    assert.is_nil(package.loaded["spec.test.scripts.words"])
  end)

  it("listens on all addresses of its host, IPv4 and IPv6", function()
    local net <close> = test.net()
    local script = net:load(path, { "10.0.0.1", "fd00::1" }, { "0.0.0.0:5060" })
    local four = net:agent "sip:four@example.com"
    assert(four:request("OPTIONS", script):wait())
    local net6 <close> = test.net()
    net6:load(path, "fd00::1", { "0.0.0.0:5060" })
    local six = net6:agent("sip:six@example.com", { address = "fd00::6" })
    assert(six:request("OPTIONS", "sip:[fd00::1]"):wait())
  end)

  it("stops as on a real machine: calls end and the rest of its chunk runs", function()
    local net <close> = test.net()
    local script = net:load(path, "10.0.0.1")
    local alice = net:agent "sip:alice@example.com"
    local call = assert(alice:call(script))
    script:stop()
    net:settle()
    assert.equal("ended", script.state)
    assert.is_true(script:printed "^stopped$")
    assert.equal("ended", call.state)
    assert.equal(1, net:count { method = "BYE", from = script })
    assert.equal(0, net:live())
  end)

  it("loses its memory, its calls and its connections when its power is cut", function()
    local net <close> = test.net()
    local script = net:load(path, "10.0.0.1")
    local alice = net:agent "sip:alice@example.com"
    assert(alice:request("OPTIONS", "sip:10.0.0.1;transport=tcp"):wait())
    local call = assert(alice:call(script))
    script:kill()
    assert.equal("down", script.state)
    assert.equal(0, net:count { method = "BYE" })
    assert.is_nil((alice:request("OPTIONS", script, { timeout = "2s" }):wait()))
    script:restart()
    assert.equal("running", script.state)
    assert(alice:request("OPTIONS", script):wait())
    assert(alice:request("OPTIONS", "sip:10.0.0.1;transport=tcp"):wait())
    call:hangup()
    net:settle()
    assert.equal(1, net:count { method = "BYE", code = 481 })
    assert.equal(0, net:live())
  end)

  it("may wait in its main chunk, and end without sip.run()", function()
    local folder <close> = scratch.folder()
    local file = folder:write("client.lua", [[
      local sip = require "moonsip"
      local agent <close> = assert(sip.agent { listen = "udp:127.0.0.1:0" })
      local res, err = agent:request("OPTIONS", "sip:" .. ...):wait()
      print(res and res.code or err)
      sip.sleep "5s"]])
    local net <close> = test.net()
    local alice = net:agent "sip:alice@example.com"
    local script = net:load(file, "10.0.0.1", { alice.host.addresses[1] })
    assert.equal("ended", script.state)
    assert.same({ "200" }, script.output)
    assert.is_true(net:now() >= 5)
  end)

  for name, case in pairs {
    ["a syntax error"] = { "local x = = 1", "unexpected symbol near '='" },
    ["an error in its main chunk"] = { "error 'no such number'", "no such number" },
    ["a port that is taken"] = { [[
      local sip = require "moonsip"
      local a = assert(sip.agent { listen = "udp::5060" })
      local b = assert(sip.agent { listen = "udp::5060" })]],
      "udp 10.0.0.1:5060: address already in use" },
  } do
    it("fails to load with " .. name .. ", and says why at the spec's line", function()
      local folder <close> = scratch.folder()
      local net <close> = test.net()
      local ok, why = pcall(net.load, net, folder:write("bad.lua", case[1]), "10.0.0.1")
      assert.is_false(ok)
      assert.truthy(tostring(why):find(case[2], 1, true), why)
    end)
  end

  it("says so when its file is not there", function()
    local net <close> = test.net()
    local ok, why = pcall(net.load, net, "no/such/file.lua", "10.0.0.1")
    assert.is_false(ok)
    assert.truthy(why:find("no/such/file.lua", 1, true), why)
  end)

  it("leaves an error of a handler in its log, and answers 500", function()
    local folder <close> = scratch.folder()
    local file = folder:write("bad.lua", [[
      local sip = require "moonsip"
      local agent = assert(sip.agent { listen = "udp::5060" })
      agent:on("MESSAGE", function(req) error "broken wheel" end)
      sip.run()]])
    local net <close> = test.net()
    local script = net:load(file, "10.0.0.1")
    local alice = net:agent "sip:alice@example.com"
    local _, err = alice:request("MESSAGE", script):wait()
    assert.equal(500, err.code)
    assert.truthy(table.concat(script.log, "\n"):find("broken wheel", 1, true))
  end)
end)
