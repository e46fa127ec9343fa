-- SPDX-License-Identifier: MIT
--
-- A script places calls through gateways, and SIPp is the carriers. What a scenario shows
-- stands at the head of its file; where it says so, a second carrier takes the call.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

-- next: the call goes on to a second carrier, which takes it. says: what the script reports.
-- calls: of SIPp. does: what scripts/router.lua is told. options: of the first gateway.
local carriers <const> = {
  { "uas_carrier", says = "answered\tone\n" },
  { "uas_carrier_closed", next = true, does = "twice",
    says = "one\tdown\tlimit: 503", also = "state\ttwo\tup\ttried 2 answered 2" },
  { "uas_carrier_broken", next = true, says = "state\tone\tup\ttried 1 answered 0" },
  { "uas_carrier_late", next = true, says = "state\tone\tup\ttried 1 answered 0" },
  { "uas_carrier_mute", next = true, raw = true, over = { "udp" }, t1_ms = 5,
    says = "state\tone\tup\ttried 1 answered 0" },
  { "uas_carrier_slow", next = true, says = "state\tone\tup\ttried 1 answered 0" },
  { "uas_carrier_busy", says = "failed\tbusy: 486" },
  { "uas_carrier_rings", says = "failed\tnoanswer: 408" },
  { "uas_carrier_asks", options = ",realm=carrier.example", says = "answered\tone\n" },
  { "uas_carrier_false", options = ",realm=carrier.example", says = "failed\tauth: 401" },
  { "uas_carrier_probed", calls = 5, does = "up", options = ",probe=0.2",
    says = "one\tdown\tlimit: 503 gateway one answered 503\none\tup\nanswered\tone\n" },
}

local function gateway(name, peer, options)
  return ("%s=sip:%s%s%s"):format(name, peer.address,
    peer.transport == "tcp" and ";transport=tcp" or "", options or "")
end

local function over(transport, one)
  local first <close> = sipp.start(one[1], { transport = transport, raw = one.raw,
                                             calls = one.calls })
  local second <close> = sipp.start("uas_carrier",
    { transport = transport, calls = one.does == "twice" and 2 or 1 })
  local caller <close> = script.run("spec/interop/scripts/router.lua",
    { one.does or "call", gateway("one", first, one.options), gateway("two", second) },
    { address = place.address() .. (one.t1_ms and "," .. one.t1_ms or "") })
  sipp.finish(first)
  if one.next then sipp.finish(second) end
  assert.equal(0, caller:wait(), caller.output)
  for _, text in ipairs { one.says, one.also or "bye\n", one.next and "answered\ttwo\n" or "" } do
    assert.truthy(caller.output:find(text, 1, true), caller.output)
  end
end

describe("Calls through gateways", function()
  after_each(process.end_all)

  scenarios.each(carriers, it, over)
end)
