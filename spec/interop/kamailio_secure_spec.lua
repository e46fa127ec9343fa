-- SPDX-License-Identifier: MIT
--
-- kamailio with its tls and websocket modules on both sides of us: we ask it, it asks us (RFC
-- 3261 26.3, 5922, 7118).

local certificates <const> = require "spec.support.certificates"
local context <const> = require "moonsip.context"
local face <const> = require "moonsip.face"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local turn <const> = require "spec.interop.support.turn"

describe("kamailio over TLS and WebSocket", function()
  local sip, ca, folder, kamailio, agent, plain, secure, web, heard

  -- Names lead to kamailio, whose certificate has one.
  local function resolve(query) return { ip = place.ip, port = query.port } end

  local function listen()
    local address = place.address()
    return "tls:" .. address, address
  end

  local function start(cert, key, target)
    plain, secure, web = place.address(), place.address(), place.address()
    local file <close> = assert(io.open "spec/interop/kamailio/secure.cfg")
    local words = { PLAIN = plain, SECURE = secure, WEB = web, CERT = cert, KEY = key,
                    CA = ca.path, TARGET = target, NAMES = "@NAMES@" }
    local path = folder:write("kamailio.cfg", (file:read("a"):gsub("@([%u]+)@", words)))
    kamailio = process.start({ "kamailio", "-DD", "-E", "-m", "32", "-M", "8", "-Y", folder.path,
      "-w", folder.path, "-f", path }, { group = true })
    turn.until_true("kamailio at " .. plain, function()
      return kamailio.code or place.is_open("tcp", plain) and place.is_open("tcp", secure)
    end, function() return kamailio:tell() end, true)
    if kamailio.code then error(kamailio:tell(), 0) end
  end

  setup(function()
    sip = face.of(context.new { log = { write = function() end } })
    ca, folder, heard = certificates.authority(), scratch.folder(), {}
    local cert, key = ca:issue("us", { names = "DNS:us.example,IP:" .. place.ip })
    local spec, address = listen()
    agent = assert(sip.agent { listen = { spec, "ws:" .. place.address(),
                               "wss:" .. place.address() }, resolve = resolve,
                               tls = { cert = cert, key = key, ca = ca.path } })
    agent:on("MESSAGE", function(req)
      heard[#heard + 1] = req.transport
      return req:reply(202)
    end)
    local their_cert, their_key = ca:issue("kamailio", { names = "DNS:kamailio.example" })
    start(their_cert, their_key, address)
  end)

  teardown(function()
    agent:close()
    process.end_all()
    folder:remove()
    ca:close()
  end)

  -- RFC 7118 5.5: a secure WebSocket is asked for by the scheme.
  local function ask(who, transport, address, name)
    local is_wss <const> = transport == "wss"
    return who:request("MESSAGE", ("%s:%s@%s:%s;transport=%s"):format(is_wss and "sips" or "sip",
      name or "echo", "kamailio.example", address:match "%d+$", is_wss and "ws" or transport),
      { timeout = "10s" }):wait()
  end

  it("answers us over TLS, with the certificate of its name", function()
    local res = assert(ask(agent, "tls", secure))
    assert.equal("over tls", res.reason)
  end)

  it("asks us over TLS, and trusts our certificate", function()
    local res, err = ask(agent, "tls", secure, "relay")
    assert.truthy(res, tostring(err) .. kamailio:tell())
    assert.same({ 202, { "tls" } }, { res.code, heard })
  end)

  local ways <const> = { ws = function() return web end, wss = function() return secure end }
  for transport, at in pairs(ways) do
    it("answers us over " .. transport .. ", and asks us by the same one (RFC 7118 5)", function()
      local res, err = ask(agent, transport, at())
      assert.truthy(res, tostring(err) .. kamailio:tell())
      assert.equal("over " .. transport, res.reason)
      heard = {}
      local other <close> = assert(sip.agent { listen = "udp:" .. place.address(),
                                               resolve = resolve })
      res, err = ask(other, "udp", plain, "phone")
      assert.truthy(res, tostring(err) .. kamailio:tell())
      assert.same({ 202, { transport } }, { res.code, heard })
    end)
  end

  it("over a secure WebSocket is not believed under another name", function()
    local res, err = agent:request("MESSAGE", ("sips:echo@other.example:%s;transport=ws"):format(
      secure:match "%d+$")):wait()
    assert.is_nil(res)
    assert.equal("CERTIFICATE", err.name)
  end)

  it("is not believed by who does not trust its authority (RFC 5922 7.3)", function()
    local other <close> = certificates.authority()
    local cert, key = other:issue("us")
    local stranger <close> = assert(sip.agent { listen = (listen()), resolve = resolve,
                                                tls = { cert = cert, key = key, ca = other.path } })
    local res, err = ask(stranger, "tls", secure)
    assert.is_nil(res)
    assert.equal("transport", err.kind)
  end)

  it("answers an agent over TLS that has no certificate, and lets nobody in", function()
    local phone <close> = assert(sip.agent { listen = "udp:" .. place.address(),
                                             resolve = resolve, tls = { ca = ca.path } })
    assert.equal(1, #phone.listeners)
    local res, err = ask(phone, "tls", secure)
    assert.truthy(res, tostring(err))
    assert.equal("over tls", res.reason)
    local ip, port = res.message.headers["Via"]:match "SIP/2.0/TLS ([%d.]+):(%d+)"
    assert.is_false(place.is_open("tcp", ip .. ":" .. port))
  end)

  it("is not believed under another name", function()
    local res, err = agent:request("MESSAGE", ("sip:echo@other.example:%s;transport=tls"):format(
      secure:match "%d+$")):wait()
    assert.is_nil(res)
    assert.equal("transport", err.kind)
  end)
end)
