-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"
local ours <const> = require "spec.torture.ours"
local rfc <const> = require "spec.torture.rfc"
local verdicts <const> = require "spec.torture.verdicts"

local function judge(row, text)
  local message <const>, err <const> = core.message(text)
  assert.same(row.parse, message and "accept" or err.name)
  if row.by ~= "parser" then
    assert.truthy(message)
  elseif row.wire == "dropped" then
    assert.is_nil(err.status)
  else
    assert.same(row.wire, err.status)
    assert.truthy(err.at >= 1 and err.at <= #text + 1)
  end
  return message
end

local function title(row)
  return ("%s: %s (RFC %d %s)"):format(row.name, row.why, row.rfc, row.section)
end

describe("our torture messages:", function()
  it("are the 49 of RFC 4475 and the 12 of RFC 5118", function()
    local count <const> = { [4475] = 0, [5118] = 0 }
    for _, row in ipairs(verdicts) do count[row.rfc] = count[row.rfc] + 1 end
    assert.same({ [4475] = 49, [5118] = 12 }, count)
  end)

  for _, row in ipairs(verdicts) do
    it(title(row), function() judge(row, ours(row.name)) end)
  end
end)

-- A further set, where the RFCs' texts lie beside the checkout.
for _, number in ipairs { 4475, 5118 } do
  local messages <const> = rfc.text(number) and rfc.messages(number)
  if messages then
    describe(("the own bytes of RFC %d:"):format(number), function()
      for _, row in ipairs(verdicts) do
        if row.rfc == number then
          it(title(row), function()
            judge(row, assert(messages[row.name], "not in the archive"))
          end)
        end
      end
    end)
  end
end

-- What the RFC says of each beyond "accept".
describe("RFC 4475:", function()
  local function accepted(name) return assert(core.message(ours(name))) end

  it("wsinv reads as if it were written plainly (3.1.1.1)", function()
    local m <const> = accepted "wsinv"
    assert.same("77182kd", m.to.tag)
    assert.same('Walter \\"', m.from.display)
    assert.same("ab99x", m.from.tag)
    assert.same({ 17, 7, "INVITE" }, { m.max_forwards, m.cseq, m.cseq_method })
    assert.same("", m.headers.Subject)
    assert.same("one two three", m.headers["x-new-header"])
    assert.same(",;=;;,,;", m.headers["X-Odd-Value"])
    local branches <const> = {}
    for _, via in ipairs(m.vias) do branches[#branches + 1] = via.branch end
    assert.same({ "old2543branch", "z9hG4bKcellar", "z9hG4bKroof" }, branches)
    assert.same({ 'Said "hush"', "thing", true, 0.25 },
      { m.contact.display, m.contact.params.extra, m.contact.params.bare, m.contact.q })
    assert.same(true, m:typed("Route")[1].uri.params["no-value"])
  end)

  it("intmeth keeps the quoted NUL, the method and the Call-ID (3.1.1.2)", function()
    local m <const> = accepted "intmeth"
    assert.same("ESC:\27 NUL:\0 DEL:\127", m.to.display)
    assert.same("!Odd_Method.0123456789+*%~`'ing", m.method)
    assert.same([[intmeth.word%Q!*_+'-.@other`~)(><:\/"][?}{]], m.call_id)
    assert.same("2_strange.User~(not-a!host)&isn't+plain$/mad?,/;;*", m.uri.user)
    assert.same("*=pass+word$,x(y)", m.uri.password)
    assert.same("αβγ é", m.from.params["p'.~+*_!-%"])
  end)

  it("esc01 undoes escapes once (3.1.1.3)", function()
    local m <const> = accepted "esc01"
    assert.same("sips:bert@example.org", m.uri.user)
    assert.same("bert", m.to.user)
    assert.same("red%42", m.contact.uri.params.colour)
    assert.is_true(m.contact.uri.params.lr)
  end)

  it("escnull: two contacts, with one NUL and with two (3.1.1.4)", function()
    local m <const> = accepted "escnull"
    assert.same("left\0right", m.to.user)
    assert.same({ "\0\0", "\0" }, { m.contacts[1].user, m.contacts[2].user })
    assert.is_false(m.contacts[1].uri == m.contacts[2].uri)
  end)

  it("esc02 has two contacts, not three (3.1.1.5)", function()
    local m <const> = accepted "esc02"
    assert.same(2, #m.contacts)
    assert.same("<sip:two@kiosk.example.org>", m.headers["C%6Fntact"])
    assert.same("%Q%53", m.to.display)
  end)

  it("dblreq ends with its Content-Length (3.1.1.8, RFC 3261 18.3)", function()
    local m <const> = accepted "dblreq"
    assert.same("", m.body)
    assert.is_nil(m.text:find("INVITE", 1, true))
  end)

  it("semiuri: the parameter is in the user part (3.1.1.9)", function()
    local m <const> = accepted "semiuri"
    assert.same("hall;floor=2@west.example", m.uri.user)
    assert.is_nil(m.uri.params.floor)
  end)

  it("mpart01: the second part holds every byte (3.1.1.11)", function()
    local parts <const> = assert(accepted "mpart01":parts())
    assert.same({ "Good day", 2 }, { parts[1].body, #parts })
    assert.same(262, #parts[2].body)
    assert.same("application/octet-stream", parts[2].content_type.value)
  end)

  it("noreason and unreason give their phrases (3.1.1.12, 3.1.1.13)", function()
    assert.same("", accepted "noreason".reason)
    assert.same("= 3**4 + 八十一 & всё", accepted "unreason".reason)
  end)

  it("baddate: the Date itself is refused when it is asked for (3.1.2.12)", function()
    local date <const>, err <const> = accepted "baddate":typed "Date"
    assert.is_nil(date)
    assert.same("HEADER", err.name)
  end)

  it("regbadct: the Contact is refused when it is asked for (3.1.2.13)", function()
    local ok <const>, err <const> = accepted "regbadct":check()
    assert.is_nil(ok)
    assert.same({ "URI", "Contact" }, { err.name, err.header })
  end)

  it("cparam01, cparam02, regescrt: whose parameter it is (3.3.12 to 3.3.14)", function()
    local one <const>, two <const> = accepted "cparam01".contact, accepted "cparam02".contact
    assert.same({ true, nil }, { one.params["of-the-header"], one.uri.params["of-the-header"] })
    assert.same({ nil, true }, { two.params["of-the-uri"], two.uri.params["of-the-uri"] })
    assert.same("<sip:hop.example.org>", accepted "regescrt".contact.uri.headers.route)
  end)

  it("inv2543: the body goes to the end of the datagram (3.4.1)", function()
    local m <const> = accepted "inv2543"
    assert.same("v=0", m.body:match "^[^\r]*")
    assert.is_nil(m.branch)
    assert.is_nil(m.from.tag)
    assert.is_nil(m.max_forwards)
  end)
end)

describe("RFC 5118:", function()
  it("port-ambiguous has no port, port-unambiguous has (4.3, 4.4)", function()
    local m = assert(core.message(ours "port-ambiguous"))
    assert.same({ "[2001:db8:77::10:5070]", nil }, { m.uri.host, m.uri.port })
    m = assert(core.message(ours "port-unambiguous"))
    assert.same({ "[2001:db8:77::10]", 5070 }, { m.uri.host, m.uri.port })
  end)

  it("received reads the same with and without brackets (4.5)", function()
    local with <const> = assert(core.message(ours "via-received-param-with-delim")).via.received
    local without <const> = assert(core.message(ours "via-received-param-no-delim")).via.received
    assert.same(without, with:match "^%[(.*)%]$")
  end)

  it("the third colon means nothing (4.10)", function()
    local bug <const> = assert(core.message(ours "ipv6-bug-abnf-3-colons"))
    local correct <const> = assert(core.message(ours "ipv6-correct-abnf-2-colons"))
    assert.is_true(bug.uri == correct.uri)
  end)
end)
