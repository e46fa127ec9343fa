-- SPDX-License-Identifier: MIT
--
-- RFC 5359 2.13 and 2.14: who may call whom, which a proxy knows.

local flow <const> = require "spec.support.flow"
local sip <const> = require "moonsip"

-- The proxy asks who calls, and refuses whom the list has.
local function screen(stage, reason)
  local auth <const> = sip.digest { realm = "example.com",
    secret = function() return "secret" end }
  stage.Proxy:on("INVITE", function(req)
    if not auth:check(req, { proxy = true }) then return end
    assert(req.authenticated == "alice")
    return req:reject(403, reason, { ["Error-Info"] = ("<%s>"):format(stage.Announcer.contact) })
  end)
end

local CREDENTIALS <const> = { username = "alice", password = "secret" }

describe("RFC 5359", function()
  it("2.13 Call Management (Incoming Call Screening)", function()
    local stage <close> = flow.stage({ "Alice", "Proxy", "Bob", "Announcer" },
      { Alice = { credentials = CREDENTIALS } })
    screen(stage, "Screening Failure (Terminating)")
    stage.Bob:on("INVITE", function(req)
      return req:redirect(stage:at("Proxy", "Bob"), { code = 305 })
    end)
    stage.Announcer:on("INVITE", function(req)
      local contact <const> = ('<%s>;automaton;+sip.rendering="no"')
        :format(stage.Announcer.contact)
      local call <const> = assert(req:answer { headers = { Contact = contact } })
      stage.net:sleep "3s"
      call:hangup()
    end)
    local _, err = stage.Alice:call(stage.Bob)
    assert.equal(305, err.code)
    local proxy <const> = err.response.contact.uri
    _, err = stage.Alice:call(stage.Bob, { routes = tostring(proxy) .. ";lr" })
    assert.equal(403, err.code)
    local announced <const> = err.response.headers["Error-Info"]:match "<(.-)>"
    local call <const> = assert(stage.Alice:call(announced))
    stage:advance "5s"
    local sent <const> = stage:expect [[
      F1   INVITE      Alice -> Bob
      F2   305 INVITE  Bob -> Alice
      F3   ACK         Alice -> Bob
      F4   INVITE      Alice -> Proxy
      F5   407 INVITE  Proxy -> Alice
      F6   ACK         Alice -> Proxy
      F7   INVITE      Alice -> Proxy
      F8   403 INVITE  Proxy -> Alice
      F9   ACK         Alice -> Proxy
      F10  INVITE      Alice -> Announcer
      F11  200 INVITE  Announcer -> Alice
      F12  ACK         Alice -> Announcer
      F13  BYE         Announcer -> Alice
      F14  200 BYE     Alice -> Announcer
    ]]
    assert.equal("ended", call.state)
    assert.matches("^SIP/2.0 403 Screening Failure %(Terminating%)\r\n", sent.F8)
    assert.matches('username="alice"', flow.header(sent.F7, "Proxy-Authorization"))
    assert.equal(flow.header(sent.F4, "Call-ID"), flow.header(sent.F7, "Call-ID"))
    assert.matches(";automaton", flow.header(sent.F11, "Contact"))
    stage:finish()
  end)

  it("2.14 Call Management (Outgoing Call Screening)", function()
    local stage <close> = flow.stage({ "Alice", "Proxy", "Bob", "Announcer" },
      { Alice = { credentials = CREDENTIALS } })
    screen(stage, "Screening Failure (Originating)")
    local _, err <const> = stage.Alice:call(stage:at("Proxy", "Bob"))
    assert.same({ 403, "Screening Failure (Originating)" }, { err.code, err.reason })
    local sent <const> = stage:expect [[
      F1  INVITE      Alice -> Proxy
      F2  407 INVITE  Proxy -> Alice
      F3  ACK         Alice -> Proxy
      F4  INVITE      Alice -> Proxy
      F5  403 INVITE  Proxy -> Alice
      F6  ACK         Alice -> Proxy
    ]]
    assert.truthy(flow.header(sent.F5, "Error-Info"))
    stage:finish()
  end)
end)
