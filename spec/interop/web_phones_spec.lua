-- SPDX-License-Identifier: MIT
--
-- JsSIP and SIP.js under Node, through our registrar and proxy (RFC 7118, 5626): they register
-- by their WebSockets with a password, call each other, send messages and hang up.

local certificates <const> = require "spec.support.certificates"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

local modules <const> = (os.getenv "BUILD" or "build") .. "/npm"

describe("JsSIP and SIP.js", function()
  local ca, server

  setup(function()
    ca = certificates.authority()
    local cert, key = ca:issue("server", { names = "IP:" .. place.ip })
    server = script.serve("spec/interop/scripts/web_phones.lua", { cert, key })
  end)

  teardown(function()
    script.stop(server)
    process.end_all()
    ca:close()
  end)

  for scheme, offset in pairs { ws = 1, wss = 2 } do
    it("register, call each other, send messages and hang up over " .. scheme, function()
      local ip, port = server.address:match "^(.*):(%d+)$"
      local phones <close> = process.start({ "node", "spec/interop/web/phones.cjs", modules,
        ("%s://%s:%d/sip"):format(scheme, ip, port + offset), "phones.example" },
        { env = { NODE_EXTRA_CA_CERTS = ca.path } })
      assert.equal(0, phones:wait(), phones.output .. server.output)
      for _, line in ipairs { "alice: registered", "bob: registered", "bob: rings",
        "bob: answered", "alice: connected", "bob: ended", "alice: rings", "bob: connected",
        "alice: ended by remote", "bob: message hello bob", "alice: message hello alice",
        "done" } do
        assert.truthy(phones.output:find(line .. "\n", 1, true), line .. "\n" .. phones.output)
      end
      assert.matches("INVITE\t" .. scheme .. "\t", server.output)
    end)
  end
end)
