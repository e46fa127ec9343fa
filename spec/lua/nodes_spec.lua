-- SPDX-License-Identifier: MIT
--
-- The option `nodes` of sip.agent, who is asked whether he lives, and the events of that, on
-- a network in memory. What the core does with it: spec/proxy/node_spec.lua.

local messages <const> = require "spec.support.messages"
local test <const> = require "moonsip.test"

local SECRET <const> = "sixteen characters"
local PLACES <const> = { a = "10.0.0.1", b = "10.0.0.2" }

local function node(net, name, o)
  local options <const> = { address = PLACES[name], node = name, nodes = PLACES,
    secret = SECRET }
  for key, value in pairs(o or {}) do options[key] = value end
  return net:agent("sip:proxy@" .. PLACES[name], options)
end

describe("the option nodes of sip.agent", function()
  local net
  before_each(function() net = test.net() end)
  after_each(function() net:close() end)

  it("raises at the caller's line for what is wrong with it", function()
    for _, bad in ipairs {
      { nodes = "a" }, { nodes = {} }, { nodes = { b = "10.0.0.2" } },
      { nodes = { a = "10.0.0.1", b = "sip:u@10.0.0.2" } },
      { nodes = { a = "10.0.0.1", b = "tel:1" } }, { nodes = { a = "10.0.0.1", b = "" } },
      { nodes = { a = "10.0.0.1", b = "h\r\nX: y" } },
      { nodes = { a = "10.0.0.1", ["b c"] = "10.0.0.2" } },
      { nodes = { a = "10.0.0.1", b23456789 = "10.0.0.2" } },
    } do
      local ok <const>, err = pcall(node, net, "a", bad)
      assert.is_false(ok)
      assert.matches("nodes", tostring(err))
    end
    for _, missing in ipairs { "node", "secret" } do
      local options <const> = { address = "10.0.0.1", node = "a", nodes = PLACES, secret = SECRET }
      options[missing] = nil
      assert.is_false((pcall(net.agent, net, "sip:a@10.0.0.1", options)))
    end
  end)

  it("takes 65, ourselves among them", function()
    local many <const> = { a = "10.0.0.1" }
    for at = 1, 64 do many["n" .. at] = "10.1.0." .. at end
    node(net, "a", { nodes = many }):close()
    many.n65 = "10.1.0.65"
    local ok <const>, err = pcall(node, net, "a", { nodes = many, address = "10.0.0.3" })
    assert.is_false(ok)
    assert.matches("more than 65", tostring(err))
  end)
end)

describe("agent.nodes", function()
  local net
  before_each(function() net = test.net() end)
  after_each(function() net:close() end)

  it("are the others, which are up to begin with", function()
    local a <const> = node(net, "a")
    assert.same({ "b" }, { next(a.nodes) and next(a.nodes) })
    assert.same({ "b", "sip:10.0.0.2", true }, { a.nodes.b.name, a.nodes.b.uri, a.nodes.b.up })
    assert.same({}, net:agent("sip:x@10.0.0.7", { address = "10.0.0.7" }).nodes)
  end)

  it("go down after two questions without an answer, and come up with one", function()
    local a <const> = node(net, "a")
    local heard <const> = {}
    a:on("node", function(one) heard[#heard + 1] = tostring(one) end)
    net:advance "10s"
    assert.is_false(a.nodes.b.up)
    assert.same("transport", a.nodes.b.why.kind)
    local b <const> = node(net, "b")
    net:advance "10s"
    assert.is_true(a.nodes.b.up)
    assert.is_nil(a.nodes.b.why)
    assert.same({ "node b (sip:10.0.0.2, down)", "node b (sip:10.0.0.2, up)" }, heard)
    -- Any answer will do, also that of one that takes nothing new.
    b:drain(30)
    net:advance "10s"
    assert.is_true(a.nodes.b.up)
    b:close()
    net:advance "10s"
    assert.is_false(a.nodes.b.up)
  end)

  it("are asked no more when the agent is closed", function()
    node(net, "a"):close()
    net:advance "5s"
    local before <const> = net:count { method = "OPTIONS" }
    net:advance "60s"
    assert.same(before, net:count { method = "OPTIONS" })
  end)
end)

describe("a call that a node answers", function()
  it("goes on and ends by way of another one", function()
    local net <close> = test.net()
    local a <const>, b <const> = node(net, "a"), node(net, "b")
    local ended
    a:on("INVITE", function(req)
      local call <const> = req:answer()
      call:on("INFO", function(inner) return inner:reply(200, { ["X-At"] = "a" }) end)
      ended = call:wait_end().kind
    end)
    local phone <const> = net:endpoint "10.0.0.9:5060"
    local function at(place, method, o)
      o.method = method
      phone:send(messages.request(o), place .. ":5060")
      if method == "ACK" then return end
      return phone:expect(function(bytes) return bytes:find "^SIP/2.0 [2-6]" ~= nil end).bytes
    end
    local answer <const> = at(PLACES.a, "INVITE", { uri = "sip:ivr@10.0.0.1" })
    local inside <const> = { uri = "sip:ivr@10.0.0.1", to_tag = messages.tag(answer, "To"),
      branch = "z9hG4bKack" }
    assert.truthy(inside.to_tag:find "^a")
    at(PLACES.b, "ACK", inside)
    inside.branch, inside.cseq = "z9hG4bKinfo", 2
    assert.same("a", messages.header(at(PLACES.b, "INFO", inside), "X%-At"))
    inside.branch, inside.cseq = "z9hG4bKbye", 3
    assert.same(200, (messages.kind(at(PLACES.b, "BYE", inside))))
    net:advance "1s"
    assert.same("hangup", ended)
    assert.same(0, #b.calls)
  end)
end)
