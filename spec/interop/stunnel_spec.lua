-- SPDX-License-Identifier: MIT
--
-- SIPp, which has no TLS of its own here, through stunnel: calls over one connection and over
-- one each, both ways, all of which succeed (RFC 3261 26.2.1).

local certificates <const> = require "spec.support.certificates"
local context <const> = require "moonsip.context"
local face <const> = require "moonsip.face"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"
local stunnel <const> = require "spec.interop.support.stunnel"

describe("SIPp through stunnel", function()
  local ca, cert, key

  setup(function()
    ca = certificates.authority()
    cert, key = ca:issue("server", { names = "IP:" .. place.ip })
  end)

  teardown(function()
    process.end_all()
    ca:close()
  end)

  describe("calls a script over TLS", function()
    local server, tunnel

    setup(function()
      server = script.serve("spec/interop/scripts/secure.lua", { cert, key, ca.path })
      local ip, port = server.address:match "^(.*):(%d+)$"
      tunnel = stunnel.start(ca.folder, { client = true, authority = ca.path, name = place.ip,
                                          connect = ("%s:%d"):format(ip, port + 1) })
    end)

    teardown(function() script.stop(server) end)

    -- Whether so many calls more were answered and ended, all of them over TLS.
    local function call(count, options)
      local before <const> = server:count "end\thangup"
      options.transport, options.target, options.calls = "tcp", tunnel.address, count
      sipp.run("uac", options)
      while server:count "end\thangup" < before + count do
        server:expect("end\thangup: the other side hung up\n", #server.output + 1)
      end
      assert.equal(server:count "call\t", server:count "call\ttls\t")
    end

    it("four hundred times over one connection, twenty at a time", function()
      call(400, { parallel = 20, rate = 500 })
    end)

    it("a hundred times over a connection each: a handshake for every call", function()
      call(100, { parallel = 20, rate = 100, each = true })
    end)
  end)

  it("is called by an agent over TLS: " .. scenarios.title "uas_tunnel", function()
    local uas_address <const> = place.address()
    local tunnel <const> = stunnel.start(ca.folder, { certificate = cert, key = key,
                                                      connect = uas_address })
    local uas <const> = sipp.start("uas_tunnel", { transport = "tcp", address = uas_address,
      calls = 50, parallel = 50, keys = { tunnel = tunnel.address } })
    local sip <const> = face.of(context.new { log = { write = function() end } })
    local agent <const> = assert(sip.agent { listen = "udp:" .. place.address(),
                                             tls = { ca = ca.path } })
    for _ = 1, 50 do
      local call = assert(agent:call(("sip:bob@%s;transport=tls"):format(tunnel.address)))
      call:hangup()
    end
    agent:close() -- sends the last BYE
    sipp.finish(uas)
  end)
end)
