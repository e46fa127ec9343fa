-- SPDX-License-Identifier: MIT
--
-- The design's click to dial, word for word (spec/examples/design/click_to_dial.lua): a web
-- page asks, and a phone that is asked for it, or we ourselves, place the call (RFC 5359 2.18).

local design <const> = require "spec.support.design"
local pair <const> = require "spec.support.pair"
local sip <const> = require "moonsip"
local uv <const> = require "luv"

describe("the design's script 6", function()
  local stage, net, pbx, operator, customer, registered

  -- The PBX: its users register, and it takes requests to them.
  local function start_pbx(phones)
    pbx = net:agent("sip:pbx@pbx.example", { address = "10.0.0.9", domains = { "pbx.example" } })
    local auth <const> = sip.digest { realm = "pbx.example", secret = function(user)
      return user == "ctd" and "secret" or nil
    end }
    registered = {}
    local loc <const> = sip.location()
    pbx:on("REGISTER", function(req)
      if not auth:check(req) then return end
      registered[#registered + 1] = req.to.user
      return loc:save(req)
    end)
    pbx:on("request", function(req)
      local phone <const> = phones[req.uri.user]
      if not phone then return req:reply(404) end
      return req:proxy { phone.contact, record_route = true }
    end)
  end

  before_each(function()
    stage = design.new()
    net = stage.net
    net:dns("pbx.example", { "10.0.0.9" })
    operator = net:agent("sip:anna@pbx.example", { address = "10.0.0.2" })
    customer = net:agent("sip:carl@pbx.example", { address = "10.0.0.3" })
    start_pbx { anna = operator, carl = customer }
    uv.os_setenv("CTD_PW", "secret")
    stage:load "click_to_dial"
    net:advance "1s"
  end)
  after_each(function()
    uv.os_unsetenv "CTD_PW"
    stage:close()
  end)

  local function click(fields)
    local res, err = net.http.post("http://10.0.0.1:8080/call",
      { form = fields or { operator = "anna", to = "carl" }, timeout = "2m" })
    local answer <const> = res or err.response
    return answer.code, answer.json
  end

  it("registers with its password", function()
    assert.same({ "ctd" }, registered)
  end)

  it("has the phone place the call, by REFER outside of dialogs", function()
    local by
    operator:on("REFER", function(req)
      by = req.headers["Referred-By"]
      req:follow_refer()
    end)
    pair.answers(customer)
    local code <const>, answer = click()
    assert.same({ 200, true }, { code, answer.ok })
    assert.matches("sip:ctd@pbx.example", by)
    assert.same({ 1, "anna" }, { #customer.calls, customer.calls[1].from.user })
  end)

  it("says what became of it: busy", function()
    operator:on("REFER", function(req) req:follow_refer() end)
    customer:on("INVITE", function(req) req:reject(486) end)
    assert.same({ 502, { error = "486 Busy Here" } }, { click() })
  end)

  it("calls both where the phone cannot be asked, and steps out of the way", function()
    local auto
    operator:on("INVITE", function(req)
      auto = req.headers["Answer-Mode"] or auto
      req:answer()
    end)
    operator:on("REFER", function(req)
      if not req.call then return req:reply(405, { Allow = "INVITE, ACK, BYE" }) end
      req:follow_refer()
    end)
    pair.answers(customer)
    assert.same({ 200, { ok = true } }, { click() })
    net:advance "1s"
    assert.equal("Auto", auto)
    assert.same({ 1, 1 }, { #operator.calls, #customer.calls })
    assert.equal("anna", customer.calls[1].remote.user)
  end)

  it("says that the customer does not answer, to the operator too", function()
    operator:on("INVITE", function(req) req:answer() end)
    operator:on("REFER", function(req) req:reply(501) end)
    customer:on("INVITE", function(req) req:ring() req:defer() end)
    local code, json
    net.http.post("http://10.0.0.1:8080/call", { form = { operator = "anna", to = "carl" },
                                                timeout = "2m" }, function(res, err)
      local answer <const> = res or err.response
      code, json = answer.code, answer.json
    end)
    net:advance "40s"
    assert(operator:hears "noanswer.wav")
    net:advance "10s"
    assert.equal(502, code)
    assert.matches("noanswer", json.error)
  end)

  it("refuses another way to ask", function()
    local _, err = net.http.get "http://10.0.0.1:8080/call"
    assert.equal(405, err.code)
  end)
end)
