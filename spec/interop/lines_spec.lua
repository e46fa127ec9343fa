-- SPDX-License-Identifier: MIT
--
-- Lines of ours at kamailio, with its modules outbound and registrar: Digest, GRUUs, flows and
-- their keep-alives, 423, and a registrar that is started again.

local kamailio <const> = require "spec.interop.support.kamailio"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local script <const> = require "spec.interop.support.script"

local LINE <const> = "spec/interop/scripts/line.lua"
local COMMAND <const> = (os.getenv "BUILD" or "build") .. "/bin/moonsip"

local function send(uri, address)
  local one = process.start { COMMAND, "send", "MESSAGE", uri, "--body", "hi",
    "--route", "sip:" .. address .. ";lr", "--timeout", "10s" }
  local code = one:wait()
  return code, one:tell()
end

for _, transport in ipairs { "udp", "tcp" } do
  describe("A line at kamailio over " .. transport, function()
    local address
    before_each(function() address = place.address() end)
    after_each(process.end_all)

    it("registers with Digest, as a flow, and gets GRUUs (RFC 5626 6, RFC 5627 5)", function()
      kamailio.registrar { address = address }
      local line = script.serve(LINE, { address, transport })
      line:expect("registered 200 gruu=sip:alice@[^ ]*gr=urn:uuid:f81d4fae[^ ]* "
        .. "temp=sip:[^ ]* outbound=true")
      script.stop(line)
      line:expect "unregistered"
    end)

    it("is reached by its GRUUs and by its address of record", function()
      kamailio.registrar { address = address }
      local line = script.serve(LINE, { address, transport })
      local text = line:expect "registered [^\n]*\n"
      local public, temporary = text:match "gruu=([^ ]*) temp=([^ ]*)"
      for _, uri in ipairs { public, temporary, "sip:alice@" .. address } do
        local code, told = send(uri, address)
        assert.equal(0, code, told)
      end
      line:expect "message\thi\tline\n.*message\thi\tline\n.*message\thi\tline\n"
    end)

    it("is refreshed, and its flow kept alive as Flow-Timer says (RFC 5626 4.4)", function()
      kamailio.registrar { address = address, flow_timer = 1 }
      local line = script.serve(LINE, { address, transport, "8" })
      line:expect "registered[^\n]*keep=1.0\n.*refreshed 200[^\n]*\n.*refreshed 200[^\n]*\n"
      assert.is_nil(line.output:find "lost")
    end)

    it("asks for as long as a 423 says", function()
      kamailio.registrar { address = address, min_expires = 100 }
      local line = script.serve(LINE, { address, transport, "20" })
      line:expect "registered 200"
    end)

    it("is refused with the wrong password", function()
      kamailio.registrar { address = address }
      local line = script.serve(LINE, { address, transport, "600", "wrong" })
      line:expect "failed auth"
    end)

    it("is lost when the registrar is killed, and comes back with it", function()
      local server = kamailio.registrar { address = address, flow_timer = 1 }
      local line = script.serve(LINE, { address, transport, "8" })
      line:expect "registered 200"
      server:close()
      line:expect "failed transport"
      kamailio.registrar { address = address, flow_timer = 1 }
      line:expect "failed.*re%a+ed 200"
    end)
  end)
end
