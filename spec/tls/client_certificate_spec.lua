-- SPDX-License-Identifier: MIT
--
-- Who connects to us over TLS: OpenSSL's client with certificates, good and bad (RFC 5922 7.4,
-- RFC 5280 6, bug class 38).

local certificates <const> = require "spec.support.certificates"
local openssl <const> = require "spec.support.openssl"
local place <const> = require "spec.interop.support.place"
local sip <const> = require "moonsip"

local ca, other_ca, agent

setup(function()
  ca, other_ca = certificates.authority(), certificates.authority()
  ca:issue "us"
  sip.log:set_level "none"
end)

teardown(function()
  agent:close()
  ca:close()
  other_ca:close()
end)

local function new_agent(more)
  if agent then agent:close() end
  local tls <const> = { cert = ca.folder.path .. "/us.pem", key = ca.folder.path .. "/us.key",
                        ca = ca.path, clients = "required" }
  for name, value in pairs(more or {}) do tls[name] = value end
  agent = assert(sip.agent { listen = "tls:" .. place.address(), tls = tls })
end

-- True when the client with that certificate is let in.
local function is_let_in(cert, key, chain)
  local words <const> = { "-cert", cert, "-key", key }
  if chain then
    words[#words + 1] = "-cert_chain"
    words[#words + 1] = chain
  end
  return (openssl.call(agent, ca.path, words))
end

local good <const> = {
  ["no purpose that is named"] = {},
  ["the purpose of a TLS client"] = { usage = "clientAuth" },
  ["the purpose id-kp-sipDomain (RFC 5924 5)"] = { usage = "1.3.6.1.5.5.7.3.20" },
  ["any purpose (RFC 5924 5)"] = { usage = "anyExtendedKeyUsage" },
  ["whatever name: nobody was asked for (RFC 5922 7.4)"] = { names = "DNS:*.example" },
}

local bad <const> = {
  ["no time left"] = { till = "20250101000000Z" },
  ["a time that has not begun"] = { from = "20400101000000Z", till = "20410101000000Z" },
  ["itself as its authority"] = { self_signed = true },
  ["the purpose of signing code"] = { usage = "codeSigning" },
  ["the purpose of a TLS server alone"] = { usage = "serverAuth" },
  ["the purpose of time stamps"] = { usage = "timeStamping" },
}

describe("A client is let in whose certificate has", function()
  setup(function() new_agent() end)

  for title, options in pairs(good) do
    it(title, function() assert.is_true(is_let_in(ca:issue("client", options))) end)
  end

  it("a chain of one authority to another", function()
    ca:issue("middle", { is_authority = true })
    local cert, key = ca:issue("client", { by = "middle" })
    assert.is_true(is_let_in(cert, key, ca.folder.path .. "/middle.pem"))
  end)
end)

describe("A client is not let in", function()
  setup(function() new_agent() end)

  for title, options in pairs(bad) do
    it("whose certificate has " .. title, function()
      assert.is_false(is_let_in(ca:issue("client", options)))
    end)
  end

  it("that has none", function() assert.is_false((openssl.call(agent, ca.path))) end)

  it("whose certificate has an authority that we do not trust", function()
    assert.is_false(is_let_in(other_ca:issue "client"))
  end)

  it("whose chain lacks its middle", function()
    ca:issue("middle", { is_authority = true })
    assert.is_false(is_let_in(ca:issue("client", { by = "middle" })))
  end)

  it("whose authority is none (RFC 5280 4.2.1.9)", function()
    ca:issue("false", {})
    local cert, key = ca:issue("client", { by = "false" })
    assert.is_false(is_let_in(cert, key, ca.folder.path .. "/false.pem"))
  end)

  it("whose chain is too long", function()
    local cert, key, chain = ca:issue_below(12, "client")
    assert.is_false(is_let_in(cert, key, chain))
    cert, key, chain = ca:issue_below(3, "client")
    assert.is_true(is_let_in(cert, key, chain))
  end)

  it("whose certificate was taken back (RFC 5280 5)", function()
    local cert, key = ca:issue "revoked"
    assert.is_true(is_let_in(cert, key))
    new_agent { crl = ca:revoke "revoked" }
    assert.is_false(is_let_in(cert, key))
    assert.is_true(is_let_in(ca:issue "client"))
  end)
end)
