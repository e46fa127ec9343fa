-- SPDX-License-Identifier: MIT
--
-- Where a request has been: Diversion and History-Info.

local face <const> = require "moonsip.face"
local test <const> = require "moonsip.test"

local net, sip, alice, bob

local function open()
  net = test.net()
  alice, bob = net:agent("sip:alice@10.0.0.8"), net:agent("sip:bob@10.0.0.9")
  sip = face.of(bob.context)
end

-- The request that bob gets from alice with these headers.
local function received(headers)
  local got
  bob:off("MESSAGE"):on("MESSAGE", function(req)
    got = req
    req:reply(200)
  end)
  assert(alice:request("MESSAGE", bob, { headers = headers }):wait())
  return got
end

describe("the diversions of a request", function()
  before_each(open)
  after_each(function() net:close() end)

  it("are listed from the last to the first (RFC 5806 4)", function()
    local list <const> = sip.diversion(received { Diversion = {
      '"B" <sip:b@x>;reason=no-answer;counter=2;privacy=full;screen=yes;limit=3',
      "<tel:+44>;reason=user-busy" } })
    assert.equal(2, #list)
    assert.same({ "sip:b@x", "B", "no-answer", 2, "full", "yes", 3 }, { tostring(list[1].uri),
      list[1].display, list[1].reason, list[1].counter, list[1].privacy, list[1].screen,
      list[1].limit })
    assert.equal("user-busy", list[2].reason)
    assert.equal(3, list.total)
    assert.equal(3, list.limit)
  end)

  it("are none without the header", function()
    local list <const> = sip.diversion(received {})
    assert.equal(0, #list)
    assert.equal(0, list.total)
    assert.is_nil(list.limit)
    assert.is_nil(list:values())
  end)

  it("get ours on top (RFC 5806 4)", function()
    local list <const> = sip.diversion(received { Diversion = "<sip:b@x>;reason=no-answer" })
    assert.equal(list, list:add { uri = "sip:c@y", reason = "unconditional", privacy = "off" })
    assert.same({ "<sip:c@y>;reason=unconditional;counter=1;privacy=off",
                  "<sip:b@x>;reason=no-answer" }, list:values())
  end)

  it("are limited (RFC 5806 5.1)", function()
    local list <const> = sip.diversion(received { Diversion = "<sip:b@x>;limit=1" })
    assert(list:add { uri = "sip:c@y", limit = 9 })
    assert.equal(0, list.limit)
    local added, err = list:add { uri = "sip:d@z" }
    assert.is_nil(added)
    assert.equal("limit", err.kind)
  end)

  it("show outsiders nobody who asked for privacy (RFC 5806 5.1)", function()
    local list <const> = sip.diversion(received { Diversion = {
      '"B" <sip:b@x>;reason=no-answer;privacy=full', "<sip:c@x>;privacy=off" } })
    assert.same({ "<sip:anonymous@anonymous.invalid>;reason=no-answer;privacy=full",
                  "<sip:c@x>;privacy=off" }, list:values { trusted = false })
  end)

  it("are refused at the script's line when they make no sense", function()
    local list <const> = sip.diversion(received {})
    for _, wrong in ipairs { {}, { uri = "x y" }, { uri = "sip:a", reason = "a b" },
      { uri = "sip:a", privacy = "maybe" }, { uri = "sip:a", counter = 100 },
      { uri = "sip:a", typo = 1 } } do
      assert.is_false(pcall(list.add, list, wrong))
    end
    assert.equal(0, #list)
  end)
end)

describe("the history of a request", function()
  before_each(open)
  after_each(function() net:close() end)

  it("begins with index 1 (RFC 7044 10.3)", function()
    local req <const> = received {}
    assert.same({ ("<%s>;index=1"):format(req.uri) }, sip.history(req):values())
  end)

  it("goes on with .0 where somebody did not add himself (RFC 7044 9.1, 10.3)", function()
    local req <const> = received { ["History-Info"] = "<sip:b@x>;index=1, <sip:c@x>;index=1.1" }
    local list <const> = sip.history(req)
    assert.equal("1.1.0", list[3].index)
    assert.equal("1.1.0.1", list:add "sip:d@x")
  end)

  it("adds nothing when the last entry is the Request-URI (RFC 7044 9.1)", function()
    local target <const> = received {}.uri
    local req <const> = received {
      ["History-Info"] = ("<%s?Privacy=history>;index=1"):format(target) }
    assert.equal(1, #sip.history(req))
  end)

  it("has an index of each branch, and how its target was found (RFC 7044 10.3, 5)", function()
    local list <const> = sip.history(received {})
    assert.equal("1.1", list:add("sip:c@x", { rc = true }))
    assert.equal("1.2", list:add("sip:d@x", { mp = "1.1" }))
    assert.equal("1.3", list:add("tel:+44", { np = true, privacy = true }))
    local values <const> = list:values()
    assert.equal("<sip:c@x>;index=1.1;rc=1", values[2])
    assert.equal("<sip:d@x>;index=1.2;mp=1.1", values[3])
    assert.equal("<tel:+44>;index=1.3;np=1", values[4])
    assert.same({ "mp", "1.1" }, { list[3].kind, list[3].from })
  end)

  it("says why a target did not do (RFC 7044 10.2)", function()
    local list <const> = sip.history(received {})
    list:answered(list:add "sip:c@x", 486)
    list:answered(list:add "sip:10.0.0.77", select(2, bob:request("MESSAGE", "sip:10.0.0.77",
      { timeout = "1s" }):wait()))
    assert.equal("SIP;cause=486", list[2].reason)
    assert.equal("SIP;cause=408", list[3].reason)
    assert.equal("<sip:c@x?Reason=SIP%3Bcause%3D486>;index=1.1", list:values()[2])
    assert.is_false(pcall(list.answered, list, "1.9", 486))
    assert.is_false(pcall(list.answered, list, "1.1", 200))
  end)

  it("takes over what the other side adds, in the order of the tree (RFC 7044 9.3)", function()
    local list <const> = sip.history(received {})
    local first <const>, second <const> = list:add "sip:c@x", list:add "sip:d@x"
    alice:on("MESSAGE", function(req)
      req:reply(486, { ["History-Info"] = { "<sip:evil@x>;index=7",
        "<sip:e@x>;index=1.1.10", "<sip:f@x>;index=1.1.2", "<sip:c@x>;index=1.1" } })
    end)
    local _, err = bob:request("MESSAGE", alice):wait()
    list:answered(first, err)
    local found = {}
    for at, one in ipairs(list) do found[at] = one.index end
    assert.same({ "1", "1.1", "1.1.2", "1.1.10", second }, found)
    assert.equal('SIP;cause=486;text="Busy Here"', list[2].reason)
  end)

  it("hides private targets from outsiders (RFC 7044 10.1.2)", function()
    local list <const> = sip.history(received {
      ["History-Info"] = "<sip:b@x?Privacy=history>;index=1" })
    list:add("sip:c@x", { privacy = true })
    local values <const> = list:values { trusted = false }
    assert.equal("<sip:anonymous@anonymous.invalid>;index=1", values[1])
    assert.equal("<sip:anonymous@anonymous.invalid>;index=1.0.1", values[3])
    assert.equal("<sip:c@x?Privacy=history>;index=1.0.1", list:values()[3])
    local hidden <const> = sip.history(received { Privacy = "history" })
    for _, one in ipairs(hidden:values { trusted = false }) do
      assert.equal("<sip:anonymous@anonymous.invalid>;index=1", one)
    end
  end)

  it("is an error when it has no indexes (RFC 7044 5), and bounded", function()
    for _, wrong in ipairs { "<sip:b@x>", "<sip:b@x>;index=1..2", "<sip:b@x>;index=x" } do
      local list, err = sip.history(received { ["History-Info"] = wrong })
      assert.is_nil(list, wrong)
      assert.truthy(err.kind)
    end
    local list <const> = sip.history(received {})
    local added = 0
    while list:add "sip:c@x" do added = added + 1 end
    assert.equal(255, added)
  end)
end)
