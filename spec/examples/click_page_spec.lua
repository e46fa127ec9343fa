-- SPDX-License-Identifier: MIT
--
-- Click to dial from the page of the example, on the test network.

local pair <const> = require "spec.support.pair"
local test <const> = require "moonsip.test"

describe("examples/30_click_page.lua", function()
  local net, anna, carl
  before_each(function()
    net = test.net()
    net:dns("pbx.example", { "10.0.0.9" })
    anna = net:agent("sip:anna@pbx.example", { address = "10.0.0.2" })
    carl = net:agent("sip:carl@pbx.example", { address = "10.0.0.3" })
    local phones <const> = { anna = anna, carl = carl }
    local pbx <const> = net:agent("sip:pbx@pbx.example", { address = "10.0.0.9",
                                                           domains = { "pbx.example" } })
    pbx:on("request", function(req)
      local phone <const> = phones[req.uri.user]
      if not phone then return req:reply(404) end
      return req:proxy { phone.contact, record_route = true }
    end)
    net:load("examples/30_click_page.lua", "10.0.0.1",
      { "10.0.0.1:5060", "10.0.0.1:8080", "pbx.example" })
  end)
  after_each(function() net:close() end)

  local function click(fields)
    local res, err = net.http.post("http://10.0.0.1:8080/call", { form = fields, timeout = "2m" })
    local answer <const> = res or err.response
    return { answer.code, answer.json }
  end

  it("has a page", function()
    local res <const> = assert(net.http.get "http://10.0.0.1:8080/")
    assert.matches("<title>Click to dial</title>", res.body)
    assert.matches("^text/html", res.headers["content-type"])
  end)

  it("has the phone call, or says why not", function()
    anna:on("REFER", function(req) req:follow_refer() end)
    pair.answers(carl)
    assert.same({ 200, { ok = true } }, click { operator = "anna", to = "carl" })
    assert.equal(1, #carl.calls)
    assert.same({ 502, { error = "404 Not Found" } }, click { operator = "anna", to = "a b" })
  end)

  it("calls both where the phone cannot be asked", function()
    anna:on("REFER", function(req)
      if not req.call then return req:reply(603) end
      req:follow_refer()
    end)
    pair.answers(anna)
    pair.answers(carl)
    assert.same({ 200, { ok = true } }, click { operator = "anna", to = "carl" })
    net:advance "1s"
    assert.same({ 1, 1 }, { #anna.calls, #carl.calls })
  end)

  it("asks for what is missing", function()
    assert.same({ 400, { error = "who calls whom?" } }, click { operator = "anna" })
  end)
end)
