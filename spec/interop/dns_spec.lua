-- SPDX-License-Identifier: MIT
--
-- A name server of Debian's knows the zone, real agents are its servers: some refuse, some
-- are busy, one answers.

local context <const> = require "moonsip.context"
local dnsmasq <const> = require "spec.support.dnsmasq"
local face <const> = require "moonsip.face"

-- The module with a loop of its own.
local function moonsip()
  return face.of(context.new { log = { write = function() end } })
end

-- An agent that counts what it is asked and says what it was told to.
local function server(sip, status, headers)
  local agent <const> = assert(sip.agent { listen = { "udp:127.0.0.1:0", "tcp:127.0.0.1:0" } })
  local one <const> = { agent = agent, port = agent.listeners[1].port, count = 0,
                        transports = {} }
  agent:on("MESSAGE", function(req)
    one.count = one.count + 1
    one.transports[one.count] = req.transport
    return req:reply(status, headers)
  end)
  return one
end

local function closed_port(sip)
  local agent <const> = assert(sip.agent { listen = "tcp:127.0.0.1:0" })
  local port <const> = agent.listeners[1].port
  agent:close()
  return port
end

describe("a zone on dnsmasq", function()
  local sip, busy, good, closed, names, client

  setup(function()
    sip = moonsip()
    busy = server(sip, 503, { ["Retry-After"] = "60" })
    good = server(sip, 200)
    closed = closed_port(sip)
    names = dnsmasq.start(([[
host-record=a.example.test,127.0.0.1
naptr-record=example.test,10,10,s,SIPS+D2T,,_sips._tcp.example.test
naptr-record=example.test,20,10,s,SIP+D2T,,_sip._tcp.example.test
naptr-record=example.test,30,10,s,SIP+D2U,,_sip._udp.example.test
srv-host=_sips._tcp.example.test,a.example.test,5061,1,1
srv-host=_sip._tcp.example.test,a.example.test,CLOSED,10,1
srv-host=_sip._tcp.example.test,a.example.test,BUSY,20,1
srv-host=_sip._tcp.example.test,a.example.test,GOOD,30,1
srv-host=_sip._udp.example.test,a.example.test,GOOD,10,1
srv-host=_sip._udp.srv-only.test,a.example.test,GOOD,10,1
host-record=plain.test,127.0.0.1
srv-host=_sip._udp.closed.test
host-record=closed.test,127.0.0.1
naptr-record=4.3.2.1.5.5.5.e164.arpa,100,20,u,E2U+sip,"!^.*$!sip:second@example.test!"
naptr-record=4.3.2.1.5.5.5.e164.arpa,100,10,u,E2U+sip,"!^\\+555(.*)$!sip:\\1@example.test!"
naptr-record=4.3.2.1.5.5.5.e164.arpa,90,10,u,E2U+email:mailto,"!^.*$!mailto:x@example.test!"
]]):gsub("CLOSED", closed):gsub("BUSY", busy.port):gsub("GOOD", good.port))
    assert(sip.dns { servers = "127.0.0.1:" .. names.port, timeout = "3s" })
    client = assert(sip.agent { listen = { "udp:127.0.0.1:0", "tcp:127.0.0.1:0" } })
  end)

  teardown(function()
    client:close()
    busy.agent:close()
    good.agent:close()
    names:stop()
  end)

  it("leads past a server that refuses and one that is busy (RFC 3263 4.3)", function()
    local res = assert(client:request("MESSAGE", "sip:bob@example.test"):wait())
    assert.same({ 200, 1, 1, "tcp" }, { res.code, busy.count, good.count, good.transports[1] })
  end)

  it("is remembered: those two are tried last from then on", function()
    assert(client:request("MESSAGE", "sip:bob@example.test"):wait())
    assert.same({ 1, 2 }, { busy.count, good.count })
  end)

  it("is found by SRV records alone, and by an address alone", function()
    assert(client:request("MESSAGE", "sip:bob@srv-only.test"):wait())
    assert.equal("udp", good.transports[#good.transports])
    assert(client:request("MESSAGE", "sip:bob@plain.test:" .. good.port):wait())
    assert.equal(4, good.count)
  end)

  it("is shown by sip.resolve, in order", function()
    local found <const> = assert(sip.resolve("sip:bob@example.test",
      { transports = { "udp", "tcp" } }))
    local ports <const> = {}
    for at, one in ipairs(found) do ports[at] = one.transport .. " " .. one.port end
    assert.same({ "tcp " .. closed, "tcp " .. busy.port, "tcp " .. good.port,
                  "udp " .. good.port }, ports)
    assert.same({ { transport = "tls", ip = "127.0.0.1", port = 5061 } },
      sip.resolve "sips:bob@example.test")
  end)

  it("says that a service is not offered (RFC 2782)", function()
    local res, err = client:request("MESSAGE", "sip:bob@closed.test;transport=udp"):wait()
    assert.is_nil(res)
    assert.equal("dns", err.kind)
  end)

  it("does not know some names", function()
    local res, err = client:request("MESSAGE", "sip:bob@nowhere.test"):wait()
    assert.is_nil(res)
    assert.same({ "dns", 503 }, { err.kind, err.code })
  end)

  it("has the URIs of a number (RFC 6116)", function()
    assert.same({ "sip:1234@example.test", "sip:second@example.test" },
      sip.enum "+555-1234")
    assert.same({ "mailto:x@example.test" }, sip.enum("+5551234", { service = "email" }))
    local none, err = sip.enum "+5559999"
    assert.is_nil(none)
    assert.equal("notfound", err.kind)
  end)
end)

describe("a name server that is not there", function()
  it("fails a request at once", function()
    local sip <const> = moonsip()
    local port <const> = closed_port(sip)
    assert(sip.dns { servers = { "127.0.0.1:" .. port } })
    local agent <close> = assert(sip.agent { listen = "udp:127.0.0.1:0" })
    local res, err = agent:request("MESSAGE", "sip:bob@example.test"):wait()
    assert.is_nil(res)
    assert.same({ "dns", "no DNS server is there, or all of them fail" }, { err.kind, err.reason })
  end)

  it("is refused as an address when it is none", function()
    local sip <const> = moonsip()
    local ok, err = sip.dns { servers = "not an address" }
    assert.is_nil(ok)
    assert.equal("invalid", err.kind)
    assert.has_error(function() sip.dns { servers = {} } end)
    assert.has_error(function() sip.dns { servers = 5 } end)
    assert.has_error(function() sip.dns {} end)
  end)
end)
