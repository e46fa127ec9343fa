-- SPDX-License-Identifier: MIT
--
-- The design's message gateway, word for word (spec/examples/design/message_gateway.lua): SIP
-- to SMS, SMS to SIP, and what waits for a user until he registers at the registrar beside it,
-- which has the same file of bindings.

local design <const> = require "spec.support.design"
local face <const> = require "moonsip.face"

describe("the design's script 7", function()
  local stage, net, script, registrar, loc, alice, sent, receipts, says

  before_each(function()
    stage = design.new()
    net = stage.net
    stage.folder:write("users.lua", [[return function(user)
      return user == "alice" and "wonderland" or nil
    end]])
    sent, receipts, says = {}, {}, 200
    net:site("https://sms.example", { ["POST /send"] = function(q)
      sent[#sent + 1] = q.json
      return says
    end })
    net:site("http://receipts.example", { ["POST /"] = function(q)
      receipts[#receipts + 1] = q.json
    end })
    script = stage:load "message_gateway"
    registrar = net:agent("sip:registrar@example.com",
      { address = "10.0.0.2", domains = { "example.com" } })
    loc = face.of(registrar.context).location { store = "sqlite:loc.db" }
    registrar:on("REGISTER", function(req) return loc:save(req) end)
    alice = net:agent("sip:alice@example.com",
      { username = "alice", password = "wonderland", address = "10.0.0.3" })
    net:advance "2s"
  end)
  after_each(function()
    loc:close()
    stage:close()
    package.loaded["users"] = nil
  end)

  -- What the web posts for alice.
  local function post(text)
    local res <const> = assert(net.http.post("http://10.0.0.1:8080/sms", { json = { id = 7,
      from = "4912", to = "alice", text = text, receipt = "http://receipts.example/" } }))
    assert.equal(202, res.code)
    net:advance "1s"
  end

  local function receive(fn)
    local heard <const> = {}
    alice:on("MESSAGE", function(req)
      heard[#heard + 1] = { req.body, req.from.user }
      return req:reply(fn and fn(#heard) or 200)
    end)
    return heard
  end

  it("listens on UDP and secure WebSocket", function()
    assert.equal("running", script.state)
    assert.same({}, script.log)
  end)

  it("hands messages of who proves himself to the service: 202; else 407, 415, 503", function()
    local to <const> = "sip:4912@10.0.0.1"
    assert.equal(202, assert(alice:message(to, "hi")).code)
    assert.same({ { from = "alice", to = "4912", text = "hi" } }, sent)
    local stranger <const> = net:agent "sip:mallory@example.com"
    assert.equal(407, select(2, stranger:message(to, "hi")).code)
    local _, err = alice:message(to, "<p>", { content_type = "text/html" })
    assert.same({ 415, "text/plain" }, { err.code, err.response.headers["Accept"] })
    says = 500
    _, err = alice:message(to, "hi")
    assert.same({ 503, "30" }, { err.code, err.response.headers["Retry-After"] })
    assert.equal(2, #sent)
  end)

  it("delivers to who is registered, and says so", function()
    local heard <const> = receive()
    assert(alice:register(registrar))
    post "hello"
    assert.same({ { "hello", "4912" } }, heard)
    assert.same({ { id = 7, status = "delivered" } }, receipts)
  end)

  it("keeps what is for who is away, and delivers it when he registers", function()
    local heard <const> = receive()
    post "one"
    post "two"
    assert.same({}, heard)
    assert(alice:register(registrar))
    net:advance "2s"
    assert.same({ { "one", "4912" }, { "two", "4912" } }, heard)
    assert.equal(2, #receipts)
    assert(alice:register(registrar)) -- a refresh is no new registration
    net:advance "5s"
    assert.equal(2, #heard)
  end)

  it("keeps what a phone refuses for now (480), once, for the next time", function()
    local heard <const> = receive(function(count) return count == 1 and 480 or 200 end)
    assert(alice:register(registrar))
    net:advance "2s"
    post "one"
    assert.same({ 1, {} }, { #heard, receipts })
    assert(alice:register(registrar, { expires = 0 }))
    assert(alice:register(registrar))
    net:advance "3s"
    assert.same({ { "one", "4912" }, { "one", "4912" } }, heard)
    assert.equal(1, #receipts)
  end)

  it("has what waits after its power was cut", function()
    local heard <const> = receive()
    post "one"
    script:restart()
    net:advance "2s"
    assert(alice:register(registrar))
    net:advance "2s"
    assert.same({ { "one", "4912" } }, heard)
  end)

  -- The script does not call done() for a request that is under way: at the next new
  -- registration after the lease the message goes out once more (docs/pager.md).
  it("delivers at least once: again to who registers anew after the lease", function()
    local heard <const> = receive()
    post "one"
    assert(alice:register(registrar))
    net:advance "2s"
    assert(alice:register(registrar, { expires = 0 }))
    assert(alice:register(registrar))
    net:advance "2s"
    assert.equal(1, #heard)
    net:advance "2m"
    assert(alice:register(registrar, { expires = 0 }))
    assert(alice:register(registrar))
    net:advance "2s"
    assert.equal(2, #heard)
  end)
end)
