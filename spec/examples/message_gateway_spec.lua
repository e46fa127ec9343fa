-- SPDX-License-Identifier: MIT
--
-- examples/27_message_gateway.lua between an agent and the web of a network in memory.

local test <const> = require "moonsip.test"

describe("examples/27_message_gateway.lua", function()
  local net, gateway, alice, sent, says

  before_each(function()
    net = test.net()
    sent, says = {}, 200
    net:site("https://sms.example", { ["POST /send"] = function(q)
      sent[#sent + 1] = q.json
      return says
    end })
    gateway = net:load("examples/27_message_gateway.lua", "10.0.0.1", { ":5060", ":8080" })
    alice = net:agent "sip:alice@example.com"
  end)
  after_each(function() net:close() end)

  local function send(kind)
    return alice:request("MESSAGE", "sip:4912@10.0.0.1",
      { body = "hi", content_type = kind or "text/plain" }):wait()
  end

  it("hands messages to the web", function()
    assert.equal(202, assert(send()).code)
    assert.same({ { from = "sip:alice@example.com", to = "4912", text = "hi" } }, sent)
    says = 500
    local _, err = send()
    assert.same({ 503, 30 }, { err.code, err.response.message:typed("Retry-After").seconds })
    _, err = send "text/html"
    assert.equal(415, err.code)
    assert.truthy(gateway:printed "not sent\t.*the answer is 500")
  end)

  it("delivers what the web posts, and says so", function()
    local receipts = {}
    net:site("http://receipts.example", { ["POST /"] = function(q)
      receipts[#receipts + 1] = q.json
    end })
    local heard = {}
    alice:on("MESSAGE", function(req)
      heard[#heard + 1] = req.body
      return req:reply(200)
    end)
    local to <const> = alice.contact
    assert.equal(202, assert(net.http.post("http://10.0.0.1:8080/sms", { json = {
      from = "+491", to = to, text = "one", receipt = "http://receipts.example/" } })).code)
    local res = assert(net.http.post("http://10.0.0.1:8080/form",
      { form = { from = "+491", to = to, text = "two & a half" } }))
    assert.same({ ok = true }, res.json)
    net:advance "1s"
    assert.same({ "one", "two & a half" }, heard)
    assert.same({ { status = "delivered" } }, receipts)
  end)

  it("keeps what is for who is away: until he registers, or it is tried again", function()
    local heard, away = {}, true
    alice:on("MESSAGE", function(req)
      heard[#heard + 1] = req.body
      return req:reply(away and 480 or 200)
    end)
    local function post(text)
      assert(net.http.post("http://10.0.0.1:8080/sms",
        { json = { from = "+491", to = "alice", text = text } }))
      net:advance "1s"
    end
    post "one"
    assert.is_true(gateway:printed "^kept for later\talice\taway")
    local bob = net:agent("sip:alice@sms.example", { address = "10.0.0.9" })
    bob:on("MESSAGE", function(req)
      heard[#heard + 1] = req.body
      return req:reply(away and 480 or 200)
    end)
    assert(bob:register(gateway))
    net:advance "1s"
    assert.same({ "one" }, heard) -- 480: it is tried again after half a minute
    away = false
    net:advance "31s"
    assert.same({ "one", "one" }, heard)
    post "two"
    net:advance "1h"
    assert.same({ "one", "one", "two" }, heard)
  end)

  it("says what was refused for ever (6xx), and what was given up", function()
    alice:on("MESSAGE", function(req) return req:reply(603) end)
    local function post(to)
      assert(net.http.post("http://10.0.0.1:8080/sms",
        { json = { from = "+491", to = to, text = "x" } }))
      net:advance "1s"
    end
    post(alice.contact)
    assert.is_true(gateway:printed "^refused\tsip:alice@.*603")
    post "nobody"
    net:advance "4d"
    assert.is_true(gateway:printed "^given up\tnobody\texpired")
  end)

  it("refuses what is no JSON, and has figures", function()
    local _, err = net.http.post("http://10.0.0.1:8080/sms", { body = "{" })
    assert.equal(400, err.code)
    local res = assert(net.http.get "http://10.0.0.1:8080/metrics")
    assert.truthy(res.body:find "\nmoonsip_agents 1\n")
  end)
end)
