-- SPDX-License-Identifier: MIT
--
-- Whom we talk to over TLS: certificates, good and bad, shown to us by OpenSSL's own
-- server and client (RFC 5922 7, RFC 5924 5, RFC 5280 6; bug class 38).

local certificates <const> = require "spec.support.certificates"
local openssl <const> = require "spec.support.openssl"
local place <const> = require "spec.interop.support.place"
local sip <const> = require "moonsip"

local ca, other_ca, agent

setup(function()
  ca, other_ca = certificates.authority(), certificates.authority()
  ca:issue "client"
  sip.log:set_level "none"
end)

teardown(function()
  if agent then agent:close() end
  ca:close()
  other_ca:close()
end)

local function new_agent(more)
  if agent then agent:close() end
  local cert, key = ca.folder.path .. "/client.pem", ca.folder.path .. "/client.key"
  local tls = { cert = cert, key = key, ca = ca.path }
  for name, value in pairs(more or {}) do tls[name] = value end
  agent = assert(sip.agent { listen = "tls:" .. place.address(), tls = tls })
  agent:on("OPTIONS", function(req) req:reply(200) end)
  return agent
end

-- Sends a request to a domain whose server is at an address.
local function ask(address, domain)
  local ip, port = address:match "^(.*):(%d+)$"
  return agent:request("OPTIONS", ("sips:%s:%s;maddr=%s"):format(domain, port, ip),
    { timeout = "500ms" })
end

-- True when the server with this certificate was let in as `domain`.
local function accepts(cert, key, domain, more)
  local loop = agent.context.driver.loop
  local before = loop:counts().connected
  local job, address = openssl.serve(cert, key, more)
  local _, err = ask(address, domain):wait()
  job:cancel()
  local is_in = loop:counts().connected > before
  assert.equal(not is_in, err.name == "CERTIFICATE", tostring(err))
  return is_in
end

-- One DNS name in DER: SEQUENCE { [2] IA5String }, for what openssl.cnf cannot say.
local function der_name(text)
  local bytes = ("\x30%s\x82%s"):format(string.char(#text + 2), string.char(#text)) .. text
  return "DER:" .. bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end)
end

local good <const> = {
  ["its DNS name (RFC 5922 7.1)"] = {},
  ["its name, written as the one with a NUL below"] = { names = der_name "sip.example.net" },
  ["its name in another case (7.2)"] = { names = "DNS:SIP.Example.NET" },
  ["one of several names"] = { names = "DNS:a.example,DNS:sip.example.net,DNS:b.example" },
  ["a SIP URI of the domain (7.1)"] = { names = "URI:sip:sip.example.net" },
  ["a SIP URI with the scheme in another case (7.1)"] = { names = "URI:SIP:sip.example.net" },
  ["its common name, where there is no subjectAltName (7.1)"] =
    { names = "", common_name = "sip.example.net" },
  ["the purpose id-kp-sipDomain (RFC 5924 5)"] = { usage = "1.3.6.1.5.5.7.3.20" },
  ["the purpose of a TLS server"] = { usage = "serverAuth" },
  ["any purpose (RFC 5924 5)"] = { usage = "anyExtendedKeyUsage" },
}

local bad <const> = {
  ["another name (7.3)"] = { names = "DNS:other.example.net" },
  ["the domain above (7.2)"] = { names = "DNS:example.net" },
  ["a name below (7.2)"] = { names = "DNS:a.sip.example.net" },
  ["a wildcard (7.2)"] = { names = "DNS:*.example.net" },
  ["a wildcard for everybody (7.2)"] = { names = "DNS:*" },
  ["a wildcard within its first label (7.2)"] = { names = "DNS:s*.example.net" },
  ["a wildcard in the middle (7.2)"] = { names = "DNS:sip.*.net" },
  ["a wildcard in a SIP URI (7.2)"] = { names = "URI:sip:*.example.net" },
  ["a wildcard as common name, and no subjectAltName (7.1)"] =
    { names = "", common_name = "*.example.net" },
  ["a leading dot (7.2)"] = { names = "DNS:.example.net" },
  ["a NUL in its name (bug class 38)"] = { names = der_name "sip.example.net\0.evil.example" },
  ["a SIP URI with a user (7.1)"] = { names = "URI:sip:bob@sip.example.net" },
  ["a URI of another scheme (7.1)"] = { names = "URI:https://sip.example.net" },
  ["its DNS name beside a SIP URI of another (7.1)"] =
    { names = "DNS:sip.example.net,URI:sip:other.example.net" },
  ["its common name beside a subjectAltName of another (7.1)"] =
    { names = "DNS:other.example.net", common_name = "sip.example.net" },
  ["an address, where a domain is asked for"] = { names = "IP:127.0.0.1" },
  ["the purpose of signing code"] = { usage = "codeSigning" },
  ["the purpose of a TLS client"] = { usage = "clientAuth" },
  ["no time left"] = { till = "20250101000000Z" },
  ["a time that has not begun"] = { from = "20400101000000Z", till = "20410101000000Z" },
  ["itself as its authority"] = { self_signed = true },
}

describe("A server is let in whose certificate has", function()
  setup(function() new_agent() end)
  for title, options in pairs(good) do
    it(title, function()
      options.names = options.names or "DNS:sip.example.net"
      local cert, key = ca:issue("server", options)
      assert.is_true(accepts(cert, key, "sip.example.net"))
    end)
  end

  it("an address, where the URI has that address (RFC 5280 4.2.1.6)", function()
    local cert, key = ca:issue("server", { names = "IP:" .. place.ip })
    assert.is_true(accepts(cert, key, place.ip))
  end)

  it("a chain of one authority to another", function()
    ca:issue("middle", { is_authority = true })
    local cert, key = ca:issue("server", { names = "DNS:sip.example.net", by = "middle" })
    assert.is_true(accepts(cert, key, "sip.example.net",
      { "-cert_chain", ca.folder.path .. "/middle.pem" }))
  end)
end)

describe("A server is not let in whose certificate has", function()
  setup(function() new_agent() end)
  for title, options in pairs(bad) do
    it(title, function()
      options.names = options.names or "DNS:sip.example.net"
      local cert, key = ca:issue("server", options)
      assert.is_false(accepts(cert, key, "sip.example.net"))
    end)
  end

  it("an authority that we do not trust", function()
    local cert, key = other_ca:issue("server", { names = "DNS:sip.example.net" })
    assert.is_false(accepts(cert, key, "sip.example.net"))
  end)

  it("a chain whose middle is missing", function()
    ca:issue("middle", { is_authority = true })
    local cert, key = ca:issue("server", { names = "DNS:sip.example.net", by = "middle" })
    assert.is_false(accepts(cert, key, "sip.example.net"))
  end)

  it("an authority in its chain that is none (RFC 5280 4.2.1.9)", function()
    ca:issue("false", {})
    local cert, key = ca:issue("server", { names = "DNS:sip.example.net", by = "false" })
    assert.is_false(accepts(cert, key, "sip.example.net",
      { "-cert_chain", ca.folder.path .. "/false.pem" }))
  end)

  it("a chain that is too long", function()
    local cert, key, chain = ca:issue_below(12, "server", { names = "DNS:sip.example.net" })
    assert.is_false(accepts(cert, key, "sip.example.net", { "-cert_chain", chain }))
    cert, key, chain = ca:issue_below(3, "server", { names = "DNS:sip.example.net" })
    assert.is_true(accepts(cert, key, "sip.example.net", { "-cert_chain", chain }))
  end)

  it("been taken back (RFC 5280 5)", function()
    local cert, key = ca:issue("revoked", { names = "DNS:sip.example.net" })
    new_agent { crl = ca:revoke "revoked" }
    assert.is_false(accepts(cert, key, "sip.example.net"))
    cert, key = ca:issue("server", { names = "DNS:sip.example.net" })
    assert.is_true(accepts(cert, key, "sip.example.net"))
    new_agent()
  end)
end)

describe("Whoever answers is trusted", function()
  it("where verify is false", function()
    new_agent { verify = false }
    local cert, key = other_ca:issue("server", { names = "DNS:else.example" })
    assert.is_true(accepts(cert, key, "sip.example.net"))
    new_agent()
  end)
end)

local function call_in(more) return openssl.call(agent, ca.path, more) end

local function identity(name)
  return { "-cert", ca.folder.path .. "/" .. name .. ".pem",
           "-key", ca.folder.path .. "/" .. name .. ".key" }
end

describe("A client", function()
  it("of TLS 1.2 and of TLS 1.3 is served, one of TLS 1.1 is not (RFC 8996)", function()
    new_agent()
    assert.is_true(call_in { "-tls1_2" })
    assert.is_true(call_in { "-tls1_3" })
    assert.is_false(call_in { "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0" })
  end)

  it("of TLS 1.2 is not served where the version is 1.3", function()
    new_agent { version = "1.3" }
    assert.is_false(call_in { "-tls1_2" })
    assert.is_true(call_in { "-tls1_3" })
  end)

  it("needs no certificate, and may have a bad one, where nobody asks", function()
    new_agent()
    other_ca:issue "stranger"
    assert.is_true(call_in())
    assert.is_true(call_in { "-cert", other_ca.folder.path .. "/stranger.pem",
                             "-key", other_ca.folder.path .. "/stranger.key" })
  end)

  it("may have none where it is checked, and not a bad one (RFC 5922 7.4)", function()
    new_agent { clients = "checked" }
    assert.is_true(call_in())
    ca:issue("member", { usage = "clientAuth" })
    assert.is_true(call_in(identity "member"))
    assert.is_false(call_in { "-cert", other_ca.folder.path .. "/stranger.pem",
                              "-key", other_ca.folder.path .. "/stranger.key" })
  end)

  it("must have a good one where it is required (RFC 5922 7.4)", function()
    new_agent { clients = "required" }
    assert.is_false(call_in())
    assert.is_true(call_in(identity "member"))
    ca:issue("signer", { usage = "codeSigning" })
    assert.is_false(call_in(identity "signer"))
    ca:issue("late", { till = "20250101000000Z" })
    assert.is_false(call_in(identity "late"))
  end)

  it("gets the certificate of the name it asks for (RFC 6066 3)", function()
    local list = { ca = ca.path, cert = false, key = false }
    for _, name in ipairs { "one.example", "two.example" } do
      local cert, key = ca:issue(name, { names = "DNS:" .. name })
      list[#list + 1] = { cert = cert, key = key }
    end
    agent:close()
    list.cert, list.key = nil, nil
    agent = assert(sip.agent { listen = "tls:" .. place.address(), tls = list })
    for name, shown in pairs { ["one.example"] = "one.example", ["two.example"] = "two.example",
                               ["TWO.example"] = "two.example",
                               ["three.example"] = "one.example" } do
      assert.is_true(call_in { "-servername", name, "-verify_hostname", shown })
    end
  end)
end)

describe("Files that are read again", function()
  local cert, key

  before_each(function()
    cert, key = ca:issue("site", { names = "DNS:before.example" })
    new_agent { cert = cert, key = key }
  end)

  local function shows(name)
    return (call_in { "-verify_hostname", name })
  end

  it("are shown to who comes from then on; a connection that is open stays", function()
    local client <close> = assert(sip.agent { listen = "tls:" .. place.address(),
      tls = { cert = cert, key = key, ca = ca.path } })
    local target = ("sips:before.example:%d;maddr=%s"):format(agent.listeners[1].port, place.ip)
    local heard = 0
    agent:on("MESSAGE", function(req) heard = heard + 1; req:reply(200) end)
    assert(client:request("MESSAGE", target):wait())
    ca:issue("site", { names = "DNS:after.example" })
    assert.is_true(shows "before.example")
    assert.is_true(agent:reload_tls())
    assert.is_true(shows "after.example")
    assert.is_false(shows "before.example")
    assert(client:request("MESSAGE", target):wait()) -- by the connection that is open
    assert.equal(2, heard)
  end)

  it("are read without dropping a call, whose BYE goes by the connection it began with", function()
    local client <close> = assert(sip.agent { listen = "tls:" .. place.address(),
      tls = { cert = cert, key = key, ca = ca.path } })
    local ended
    agent:on("INVITE", function(req)
      local call = req:answer()
      ended = call:wait_end()
    end)
    local call = assert(client:call(("sips:before.example:%d;maddr=%s"):format(
      agent.listeners[1].port, place.ip)))
    ca:issue("site", { names = "DNS:after.example" })
    assert.is_true(agent:reload_tls())
    assert.is_true(shows "after.example")
    assert.same({ "connected", "connected" }, { call.state, agent.calls[1].state })
    local before <const> = client.context.driver.loop:counts().connected
    assert.is_true(call:hangup())
    openssl.await("end of the call", function() return ended end)
    assert.equal("hangup", ended.kind)
    assert.equal(before, client.context.driver.loop:counts().connected)
  end)

  it("change nothing when one is broken, expired, or not of its key", function()
    local function refused(why)
      local done, err = agent:reload_tls()
      assert.is_nil(done)
      assert.equal("io", err.kind)
      assert.truthy(tostring(err):find(why), tostring(err))
      assert.is_true(shows "before.example")
    end
    local function spoil(path, text)
      local file <close> = assert(io.open(path, "w"))
      file:write(text)
    end
    spoil(cert, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    refused "site%.pem"
    spoil(cert, "")
    refused "site%.pem"
    os.remove(cert)
    refused "site%.pem"
    ca:issue("site", { names = "DNS:x", till = "20250101000000Z" })
    refused "site%.pem: the certificate has expired"
    ca:issue("site", { names = "DNS:x" })
    ca:issue "key-of-another"
    os.rename(ca.folder.path .. "/key-of-another.key", key)
    refused "site%.key"
  end)

  it("are read by themselves where they are watched", function()
    new_agent { cert = cert, key = key, reload = "30ms" }
    assert.is_true(shows "before.example")
    ca:issue("site", { names = "DNS:after.example" })
    openssl.await("look at the files", function() return shows "after.example" end)
  end)

  it("are read by themselves, and reported and left alone when they are broken or expired",
    function()
      new_agent { cert = cert, key = key, reload = "30ms" }
      local context <const>, said = agent.context, {}
      local log <const> = context.log
      context.log = setmetatable({ error = function(_, format, ...)
        said[#said + 1] = format:format(...)
      end }, { __index = log })
      local file <close> = assert(io.open(cert, "w"))
      file:write "nonsense"
      file:flush()
      openssl.await("report", function() return said[1] end)
      assert.matches("site%.pem", said[1])
      assert.is_true(shows "before.example")
      ca:issue("site", { names = "DNS:x", till = "20250101000000Z" })
      openssl.await("report", function() return said[2] end)
      assert.matches("site%.pem: the certificate has expired", said[2])
      assert.is_true(shows "before.example")
      context.log = log
    end)
end)

describe("sip.agent names what is wrong with its TLS", function()
  local function refused(why, tls, listen)
    local one, err = sip.agent { listen = listen or "tls:" .. place.address(), tls = tls }
    assert.is_nil(one)
    assert.truthy(tostring(err):find(why), tostring(err))
  end

  it("as an error for what files say", function()
    refused("needs a certificate")
    refused("needs a certificate", {})
    refused("/no/such%.pem: ", { cert = "/no/such.pem" })
    refused("client%.key: ", { cert = ca.folder.path .. "/client.key" })
    refused("/no/such%.key: ", { cert = ca.folder.path .. "/client.pem", key = "/no/such.key" })
    refused("/no/such%.ca: ", { cert = ca.folder.path .. "/client.pem",
      key = ca.folder.path .. "/client.key", ca = "/no/such.ca" })
    refused("/no/such%.crl: ", { cert = ca.folder.path .. "/client.pem",
      key = ca.folder.path .. "/client.key", ca = ca.path, crl = "/no/such.crl" })
    refused("no such cipher", { cert = ca.folder.path .. "/client.pem",
      key = ca.folder.path .. "/client.key", ciphers = "no such cipher" })
  end)

  it("without asking for a passphrase", function()
    local path = ca.folder.path .. "/locked.key"
    ca.folder:run(("openssl ec -in %s/client.key -aes128 -passout pass:secret -out %s\n")
      :format(ca.folder.path, path))
    refused("locked%.key: ", { cert = ca.folder.path .. "/client.pem", key = path })
  end)

  it("at the caller's line for what is no option", function()
    for why, tls in pairs {
      ["'tls' to 'sip.agent' %(table expected"] = "cert.pem",
      ["'tls.cert' to 'sip.agent' %(string expected"] = { cert = 1 },
      ["'tls.pem' to 'sip.agent' %(no such option"] = { pem = "x" },
      ["'tls.clients' to 'sip.agent' %(one of"] = { cert = "x", clients = "some" },
      ["'tls.version' to 'sip.agent' %(one of"] = { cert = "x", version = "1.1" },
      ["'tls.reload' to 'sip.agent' %("] = { cert = "x", reload = "often" },
    } do
      local _, err = pcall(function()
        sip.agent { listen = "tls:127.0.0.1:0", tls = tls }
      end)
      assert.truthy(err:find("^spec/tls/certificate_spec.lua:%d+: bad argument " .. why), err)
    end
  end)
end)
