-- SPDX-License-Identifier: MIT
--
-- RFC 3515 4: a REFER, and a second one in the dialog that the first one made.

local face <const> = require "moonsip.face"
local flow <const> = require "spec.support.flow"

-- B does whatever it is asked for, which takes so long.
local function whatever(stage, span)
  stage.B:on("REFER", function(req)
    local sub <const> = assert(req:accept { expires = 60, body = "SIP/2.0 100 Trying\r\n",
      content_type = "message/sipfrag;version=2.0" })
    face.of(stage.B.context).after(span, function()
      sub:terminate { body = "SIP/2.0 200 OK\r\n", content_type = "message/sipfrag;version=2.0" }
    end)
  end)
end

describe("RFC 3515", function()
  it("4.1 Prototypical REFER callflow", function()
    local stage <close> = flow.stage { "A", "B" }
    whatever(stage, "1s")
    local told <const> = {}
    stage:run("A", function(a)
      for step in a:refer(stage.B.contact, { to = "sip:whatever@example.com" }) do
        told[#told + 1] = step.code
      end
    end)
    local sent <const> = stage:expect [[
      F1  REFER       A -> B
      F2  200 REFER   B -> A      -- 202 there; RFC 6665 8.3.1
      F3  NOTIFY      B -> A
      F4  200 NOTIFY  A -> B
      F5  NOTIFY      B -> A
      F6  200 NOTIFY  A -> B
    ]]
    assert.same({ 100, 200 }, told)
    assert.equal("<sip:whatever@example.com>", flow.header(sent.F1, "Refer-To"))
    assert.equal("refer", flow.header(sent.F3, "Event"))
    assert.matches("^active;expires=%d+$", flow.header(sent.F3, "Subscription-State"))
    assert.matches("\r\n\r\nSIP/2.0 100 Trying\r\n$", sent.F3)
    assert.equal("message/sipfrag;version=2.0", flow.header(sent.F3, "Content-Type"))
    assert.equal("terminated;reason=noresource", flow.header(sent.F5, "Subscription-State"))
    assert.matches("\r\n\r\nSIP/2.0 200 OK\r\n$", sent.F5)
    stage:finish()
  end)

  -- The second comes while the first is not over: with F5 the dialog of the document would have
  -- ended (RFC 6665 4.4.1).
  it("4.2 Multiple REFERs in a dialog", function()
    local stage <close> = flow.stage { "A", "B" }
    whatever(stage, "2s")
    stage.A:on("NOTIFY", function(req) req:reply(200) end)
    stage:run("A", function(a)
      local res <const> = assert(a:request("REFER", stage.B.contact,
        { headers = { ["Refer-To"] = "<sip:whatever@example.com>" } }):wait())
      stage.net:sleep "1s"
      assert(res.dialog:request("REFER",
        { headers = { ["Refer-To"] = "<sip:different@example.com>" } }):wait())
      stage.net:sleep "5s"
      res.dialog:close()
    end)
    stage:advance "6s"
    local sent <const> = stage:expect [[
      F1   REFER       A -> B
      F2   200 REFER   B -> A      -- 202 there; RFC 6665 8.3.1
      F3   NOTIFY      B -> A
      F4   200 NOTIFY  A -> B
      F7   REFER       A -> B
      F8   200 REFER   B -> A
      F9   NOTIFY      B -> A
      F10  200 NOTIFY  A -> B
      F5   NOTIFY      B -> A
      F6   200 NOTIFY  A -> B
      F11  NOTIFY      B -> A
      F12  200 NOTIFY  A -> B
    ]]
    local id <const> = "refer;id=" .. flow.header(sent.F7, "CSeq"):match "%d+"
    assert.same({ "refer", "refer", id, id }, { flow.header(sent.F3, "Event"),
      flow.header(sent.F5, "Event"), flow.header(sent.F9, "Event"),
      flow.header(sent.F11, "Event") })
    local numbers <const> = {}
    for at, label in ipairs { "F3", "F9", "F5", "F11" } do
      numbers[at] = math.tointeger(tonumber(flow.header(sent[label], "CSeq"):match "%d+"))
      assert.equal(numbers[1] + at - 1, numbers[at])
      assert.equal(flow.header(sent.F1, "Call-ID"), flow.header(sent[label], "Call-ID"))
    end
    stage:finish()
  end)

  it("2.4.4: a SUBSCRIBE to the event refer that no REFER made is refused with 403", function()
    local stage <close> = flow.stage { "A", "B" }
    whatever(stage, "1s")
    local heard
    stage.A:watch(stage.B, "refer", {}, function(info) heard = info end)
    stage:advance "1s"
    assert.same({ "terminated", 403 }, { heard.state, heard.error.code })
    stage:finish()
  end)
end)
