-- SPDX-License-Identifier: MIT
--
-- baresip and sipsak over TLS (RFC 3261 26.3.1, RFC 5922).

local baresip <const> = require "spec.interop.support.baresip"
local certificates <const> = require "spec.support.certificates"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local raw <const> = require "spec.interop.support.raw"
local script <const> = require "spec.interop.support.script"

describe("Over TLS", function()
  local ca, server

  setup(function()
    ca = certificates.authority()
    local cert, key = ca:issue("server", { names = "DNS:localhost,IP:127.0.0.1" })
    server = script.serve("spec/interop/scripts/secure.lua", { cert, key, ca.path })
  end)

  teardown(function()
    script.stop(server)
    process.end_all()
    ca:close()
  end)

  -- "127.0.0.1:5071": where the script listens over TLS.
  local function secure_address()
    local ip, port = server.address:match "^(.*):(%d+)$"
    return ip, port + 1
  end

  it("sipsak asks what we can do (RFC 3261 11)", function()
    local ip, port = secure_address()
    local sipsak <close> = process.start { "sipsak", "-E", "tls", "-s",
      ("sip:bob@%s:%d"):format(ip, port), "--tls-ca-cert=" .. ca.path, "-vv" }
    assert.equal(0, sipsak:wait(), sipsak.output)
    assert.truthy(sipsak.output:find "SIP/2.0 200 OK", sipsak.output)
  end)

  -- Certificate and key in one file, for the address of this process.
  local function phone_certificate()
    local cert, key = ca:issue("phone", { names = "IP:" .. place.ip })
    local text = {}
    for _, path in ipairs { cert, key } do
      local file <close> = assert(io.open(path))
      text[#text + 1] = file:read "a"
    end
    return ca.folder:write("phone-both.pem", table.concat(text))
  end

  it("baresip registers, calls and hangs up; is called, and hung up on", function()
    local ip, port = secure_address()
    local phone <close> = baresip.start { registrar = ("%s:%d"):format(ip, port),
      transport = "tls", answer = "auto", authority = ca.path, certificate = phone_certificate() }
    local uri = server:expect "registered\ttls\t(%S+)\n"
    local from = phone:now()
    phone:tell("dial", ("sip:bob@%s:%d"):format(ip, port))
    from = phone:expect("CALL_ESTABLISHED", from)
    server:expect "call\ttls\t"
    phone:tell "hangup"
    phone:expect("CALL_CLOSED", from)
    server:expect "end\thangup: the other side hung up\n"
    from = phone:now()
    local peer <close> = raw.udp()
    peer:ask(server.address, "MESSAGE", { body = uri,
      headers = "Content-Type: text/plain\r\n" })
    from = phone:expect("CALL_ESTABLISHED", from)
    server:expect "called\tconnected\n"
    phone:expect("CALL_CLOSED", from)
  end)
end)
