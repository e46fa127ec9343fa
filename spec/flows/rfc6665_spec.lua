-- SPDX-License-Identifier: MIT
--
-- RFC 6665 1.1, 4.1.2.3, 4.4.3 and 4.6: a subscription from its beginning to its end, a fetch, and a
-- CANCEL that means nothing.

local flow <const> = require "spec.support.flow"

-- Somebody who is told numbers.
local function counting()
  local stage <const> = flow.stage { "Subscriber", "Notifier" }
  local n = 0
  local notifier <const> = stage.Notifier:event("x-n", { state = function() return "n=" .. n end })
  return stage, function()
    n = n + 1
    notifier:notify()
    stage:advance "1s"
  end
end

describe("RFC 6665", function()
  it("1.1 Overview of Operation, and 4.1.2.2, 4.1.2.3: refreshed, and un-subscribed", function()
    local stage <close>, count <const> = counting()
    local heard <const> = {}
    local watch <const> = stage.Subscriber:watch(stage.Notifier, "x-n", { expires = 100 },
      function(_, doc) heard[#heard + 1] = doc end)
    stage:advance "1s"
    count()
    stage:advance "90s"
    watch:close()
    local sent <const> = stage:expect [[
      F1  SUBSCRIBE/200  Subscriber -> Notifier
      F2  NOTIFY/200     Notifier -> Subscriber
      F3  NOTIFY/200     Notifier -> Subscriber
      F4  SUBSCRIBE/200  Subscriber -> Notifier
      F5  NOTIFY/200     Notifier -> Subscriber
      F6  SUBSCRIBE/200  Subscriber -> Notifier
      F7  NOTIFY/200     Notifier -> Subscriber
    ]]
    assert.same({ "n=0", "n=1", "n=1" }, heard)
    assert.same({ "100", "100", "0" }, { flow.header(sent.F1, "Expires"),
      flow.header(sent.F4, "Expires"), flow.header(sent.F6, "Expires") })
    assert.equal("active;expires=100", flow.header(sent.F2, "Subscription-State"))
    assert.equal("terminated;reason=timeout", flow.header(sent.F7, "Subscription-State"))
    assert.equal(flow.header(sent.F1, "Call-ID"), flow.header(sent.F7, "Call-ID"))
    stage:finish()
  end)

  it("4.4.3 Polling Resource State", function()
    local stage <close> = counting()
    local heard <const> = {}
    stage.Subscriber:watch(stage.Notifier, "x-n", { expires = 0 }, function(info, doc)
      heard[#heard + 1] = info.state .. " " .. doc
    end)
    local sent <const> = stage:expect [[
      F1  SUBSCRIBE/200  Subscriber -> Notifier
      F2  NOTIFY/200     Notifier -> Subscriber
    ]]
    assert.same({ "terminated n=0" }, heard)
    assert.equal("0", flow.header(sent.F1, "Expires"))
    assert.equal("terminated;reason=timeout", flow.header(sent.F2, "Subscription-State"))
    stage:finish()
  end)

  it("4.6 CANCEL Requests for SUBSCRIBE and NOTIFY Transactions", function()
    local stage <close> = flow.stage { "Subscriber", "Notifier" }
    local peer <const> = stage.net:endpoint "10.0.0.9:5060"
    stage.names["10.0.0.9"] = "Peer"
    stage.Notifier:on("SUBSCRIBE", function(req)
      stage.net:sleep "1s"
      local sub <const> = assert(req:accept { body = "x" })
      stage.net:sleep "1s"
      sub:close()
    end)
    local function send(method)
      peer:send(("%s sip:notifier@10.0.0.2 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1\r\n"
        .. "From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: 1\r\nCSeq: 1 %s\r\n"
        .. "Contact: <sip:a@10.0.0.9>\r\nMax-Forwards: 70\r\nEvent: x-n\r\n"
        .. "Content-Length: 0\r\n\r\n"):format(method, method), "10.0.0.2:5060")
    end
    send "SUBSCRIBE"
    stage:advance "500ms"
    send "CANCEL"
    assert(peer:expect { code = 200, method = "SUBSCRIBE" })
    for _ = 1, 2 do
      local notify <const> = assert(peer:expect "NOTIFY")
      peer:reply(notify, 200, "OK")
    end
    -- It MUST respond to the CANCEL: 481, as no INVITE has its branch (RFC 3261 9.2).
    stage:expect [[
      SUBSCRIBE      Peer -> Notifier
      CANCEL/481     Peer -> Notifier
      200 SUBSCRIBE  Notifier -> Peer
      NOTIFY/200     Notifier -> Peer
      NOTIFY/200     Notifier -> Peer
    ]]
    stage:finish()
  end)
end)
