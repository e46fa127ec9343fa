-- SPDX-License-Identifier: MIT
--
-- A request on its way through (RFC 3261 16.6): what changes, and that nothing else does.

local core <const> = require "moonsip.core"
local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local TO <const> = "10.0.0.21"

-- Delivers a text and forwards it to one target; what was sent there.
local function through(text, target, wish, options)
  local r <const> = relay.new(options)
  r:deliver(text)
  local event <const> = r.net:event "request"
  assert(event, "it was not handed up")
  r.transaction = event.transaction
  assert(r:proxy({ target or "sip:bob@" .. TO }, wish))
  return (r:last_to(TO)), r
end

-- The lines of a message that came, less those that a proxy may change.
local function untouched(text)
  local lines <const> = {}
  for line in text:gmatch "[^\r\n]*\r\n" do lines[#lines + 1] = line end
  return lines
end

local odd <const> = table.concat({
  "INVITE sip:bob@10.0.0.1;x=1 SIP/2.0",
  "m :  <sip:peer@10.0.0.9>  ;q=1",
  "v:SIP / 2.0 / UDP 10.0.0.9 ; branch=z9hG4bKodd ;ttl=1",
  "MAX-FORWARDS : 0070",
  "To:\t\"Bob \\\" \" <sip:bob@10.0.0.1>  ",
  "f: <sip:peer@10.0.0.9>;tag=t;x",
  "X-Folded: one",
  "  two,",
  "\tthree",
  "X-Odd :  a,,b ; c = \"d",
  "X-Bytes: \xc3\xa4 (c (d))",
  "Subject:",
  "i: odd@10.0.0.9",
  "cseq:    0009   INVITE",
  "Content-Type: application/x-none",
  "l:   5",
  "", "\r\n\0\xffx",
}, "\r\n")

describe("a forwarded request", function()
  it("keeps every byte but those that 16.6 names (16.6 item 1)", function()
    local text <const>, r = through(odd)
    local sent <const>, came = untouched(text), untouched(odd)
    -- Ours on top: Via, Max-Breadth; then what came, with two edits.
    local ours <const> = table.remove(sent, 2)
    assert.truthy(ours:find("^Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK%w+;rport\r\n$"))
    assert.same("Max-Breadth: 60\r\n", table.remove(sent, 2))
    came[1] = "INVITE sip:bob@10.0.0.21 SIP/2.0\r\n"
    came[4] = "MAX-FORWARDS : 69\r\n"
    assert.same(came, sent)
    assert.same("\r\n\0\xffx", text:sub(-5))
    assert.same(1, #r:sent_to(TO))
  end)

  it("gets received when its Via says another address (18.2.1), rport when asked (RFC 3581 4)",
    function()
      local text = through(messages.invite { via = "SIP/2.0/UDP pc;branch=z9hG4bKa;x=\"y;z\"" })
      assert.same("SIP/2.0/UDP pc;branch=z9hG4bKa;x=\"y;z\";received=10.0.0.9",
        messages.headers(text, "Via")[2])
      text = through(messages.invite { via = "SIP/2.0/UDP 10.0.0.9;rport;branch=z9hG4bKa, "
        .. "SIP/2.0/TCP far;branch=z9hG4bKb" })
      assert.same("SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKa;received=10.0.0.9;rport=5060, "
        .. "SIP/2.0/TCP far;branch=z9hG4bKb", messages.headers(text, "Via")[2])
    end)

  it("has its target for a Request-URI, without what does not belong there (item 2)", function()
    local text <const> = through(messages.invite(),
      "sip:bob:pw@10.0.0.21:5060;transport=udp;method=BYE;x=%41?subject=a&body=b")
    assert.same("sip:bob:pw@10.0.0.21:5060;transport=udp;x=%41", text:match "^INVITE (%S+)")
  end)

  it("counts Max-Forwards down, and gets 70 when it has none (item 3)", function()
    for _, hops in ipairs { 1, 9, 10, 70, 100, 255 } do
      local text <const> = through(messages.invite { max_forwards = hops })
      assert.same({ tostring(hops - 1) }, messages.headers(text, "Max%-Forwards"))
    end
    local text <const> = through((messages.invite():gsub("Max%-Forwards: 70\r\n", "")))
    assert.same({ "70" }, messages.headers(text, "Max%-Forwards"))
  end)

  it("gets a Content-Length over a stream only (item 9)", function()
    local without <const> = messages.invite():gsub("Content%-Length: 0\r\n\r\n", "\r\nbody")
    assert.is_nil(messages.header(through(without), "Content%-Length"))
    local r <const> = relay.new()
    r.net.engine:add_listener("tcp", "10.0.0.1", 5060)
    r:deliver(without)
    r.transaction = r.net:event("request").transaction
    r:proxy { "sip:bob@10.0.0.21;transport=tcp" }
    local text <const>, packet = r:last_to(TO)
    assert.same("tcp", packet.transport)
    assert.same({ "4" }, messages.headers(text, "Content%-Length"))
    assert.same("\r\n\r\nbody", text:sub(-8))
  end)

  it("of any method and with any header goes on (16.3: MUST NOT refuse)", function()
    for _, method in ipairs { "FOO", "REGISTER", "SUBSCRIBE", "PUBLISH", "x-1" } do
      local text <const> = through(messages.request { method = method,
        lines = { "Require: 100rel, nothing-known", "Unheard-Of: 1", "Date: gibberish" } })
      assert.same(method, (text:match "^%S+"))
      assert.same("100rel, nothing-known", messages.header(text, "Require"))
      assert.same("gibberish", messages.header(text, "Date"))
    end
  end)

  it("goes to the next hop that policy names, with its Request-URI (item 6)", function()
    local text <const>, r = through(messages.invite(),
      { uri = "sip:bob@far.example", via = "sip:" .. TO .. ":5077" })
    assert.same("sip:bob@far.example", text:match "^INVITE (%S+)")
    assert.is_nil(messages.header(text, "Route"))
    assert.same(TO .. ":5077", select(2, r:last_to(TO)).to)
  end)

  it("has the Path of a registration for a Route, in front of those it came with (RFC 3327 5.3)",
    function()
      local r <const> = relay.new()
      r:receive("invite", { lines = { "Route: <sip:10.0.0.77;lr>" } })
      r:proxy { { uri = "sip:bob@192.168.0.2",
        routes = "<sip:10.0.0.21;lr>;x=\",\", <sip:edge2;lr>" } }
      local text <const> = r:last_to(TO)
      assert.same({ "<sip:10.0.0.21;lr>;x=\",\", <sip:edge2;lr>", "<sip:10.0.0.77;lr>" },
        messages.headers(text, "Route"))
      assert.same("sip:bob@192.168.0.2", text:match "^INVITE (%S+)")
    end)

  it("becomes what a strict router expects when the first Route is one (item 6)", function()
    local r <const> = relay.new()
    r:receive("invite", { lines = { "Route: <sip:10.0.0.21;x=1>, <sip:next;lr>",
      "Route: <sip:last;lr>" } })
    r:proxy { {} }
    local text <const> = r:last_to(TO)
    assert.same("sip:10.0.0.21;x=1", text:match "^INVITE (%S+)")
    assert.same({ "<sip:next;lr>", "<sip:last;lr>", "<sip:bob@10.0.0.1>" },
      messages.headers(text, "Route"))
  end)

  it("does the same with a strict first one of a Path, alone or not", function()
    local r = relay.new()
    r:receive "invite"
    r:proxy { { uri = "sip:bob@192.168.0.2", routes = "<sip:10.0.0.21>" } }
    assert.same("sip:10.0.0.21", r:last_to(TO):match "^INVITE (%S+)")
    assert.same({ "<sip:bob@192.168.0.2>" }, messages.headers(r:last_to(TO), "Route"))
    r = relay.new()
      r:receive "invite"
      r:add { uri = "sip:bob@192.168.0.3", routes = "<sip:10.0.0.22>,<sip:edge2;lr>" }
    r:start()
    assert.same({ "<sip:edge2;lr>", "<sip:bob@192.168.0.3>" },
      messages.headers(r:last_to "10.0.0.22", "Route"))
  end)

  it("gets header fields of its branch in place of those of the same name, in any form", function()
    local r <const> = relay.new()
    r:receive("invite", { lines = { "s: short", "X-A: 1", "x-a : 2", "X-B: 3", "X-AB: 4" } })
    assert.is_nil(r.net:event "failed")
    r:proxy { { uri = "sip:bob@" .. TO, headers = { "Subject", "new", "X-A", "n1", "X-A", "n2" },
      drop = { "x-b", "Contact" } } }
    local text <const> = r:last_to(TO)
    assert.same({ "new" }, messages.headers(text, "Subject"))
    assert.is_nil(messages.header(text, "s"))
    assert.same({ "n1", "n2" }, messages.headers(text, "X%-A"))
    assert.is_nil(messages.header(text, "x%-a "))
    assert.is_nil(messages.header(text, "X%-B"))
    assert.is_nil(messages.header(text, "Contact"))
    assert.same("4", messages.header(text, "X%-AB"))
  end)

  it("refuses header fields that a proxy writes itself, or that make another message", function()
    local r <const> = relay.new()
    r:receive "invite"
    for _, name in ipairs { "Via", "v", "Route", "Record-Route", "Max-Forwards", "Max-Breadth",
      "From", "To", "Call-ID", "CSeq", "Content-Length", "l" } do
      for _, target in ipairs { { headers = { name, "1" } }, { drop = { name } } } do
        target.uri = "sip:bob@" .. TO
        local number <const>, err = r:add(target)
        assert.is_nil(number)
        assert.same("RESERVED", err.name, name)
      end
    end
  end)

  it("refuses line breaks and NUL in every text of a target (bug class 34)", function()
    local r <const> = relay.new()
    r:receive "invite"
    for _, byte in ipairs { "\r", "\n", "\0" } do
      for _, target in ipairs {
        { uri = "sip:b@10.0.0.21" .. byte .. "X: 1" },
        { uri = "sip:b@10.0.0.21", via = "sip:10.0.0.3" .. byte },
        { uri = "sip:b@10.0.0.21", routes = "<sip:10.0.0.3>" .. byte },
        { uri = "sip:b@10.0.0.21", headers = { "X", "a" .. byte } },
        { uri = "sip:b@10.0.0.21", headers = { "X" .. byte, "a" } },
        { uri = "sip:b@10.0.0.21", drop = { "X" .. byte } },
      } do
        local number <const>, err = r:add(target)
        assert.is_nil(number)
        assert.is_string(err.name)
      end
    end
  end)

  it("is what a script made of it", function()
    local r <const> = relay.new()
    r:receive("invite", { body = "old" })
    local message <const> = r.net:event("request").message
    message.headers["X-New"] = "1"
    message.headers["Contact"] = nil
    message.body = "new one"
    assert.is_true(r:proxy({ "sip:bob@" .. TO }, { message = message }))
    local text <const> = r:last_to(TO)
    assert.same("1", messages.header(text, "X%-New"))
    assert.is_nil(messages.header(text, "Contact"))
    assert.same("new one", text:match "\r\n\r\n(.*)$")
    assert.same("7", messages.header(text, "Content%-Length"))
  end)

  it("is no other request, whatever a script did to it", function()
    for _, change in ipairs {
      function(m) m.headers["Call-ID"] = "other" end,
      function(m) m.headers["CSeq"] = "2 INVITE" end,
      function(m) m.method = "OPTIONS" end,
      function(m) m.from.tag = "other" end,
      function(m) m.to.tag = "new" end,
      function(m) m.headers["Via"] = "SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKother" end,
    } do
      local r <const> = relay.new()
      r:receive "invite"
      r:add("sip:bob@" .. TO)
      local message <const> = r.net:event("request").message
      change(message)
      local ok <const>, err = r:start { message = message }
      assert.is_nil(ok)
      assert.same("INVALID", err.name)
      assert.same({}, r:sent_to(TO))
    end
  end)

  it("is retransmitted, acknowledged and cancelled as sent (17.1.1.3, 9.1)", function()
    local r <const> = relay.new()
    r:invite({ { uri = "sip:bob@192.168.0.2", routes = "<sip:10.0.0.21;lr>" } })
    r:advance(500)
    assert.same(r:sent_to(TO)[1].text, r:sent_to(TO)[2].text)
    r:answer(TO, 486)
    local invite <const>, ack = r:sent_to(TO)[1].text, r:last_to(TO, "ACK")
    assert.same(messages.branch(invite), messages.branch(ack))
    assert.same(1, #messages.headers(ack, "Via"))
    assert.same("<sip:10.0.0.21;lr>", messages.header(ack, "Route"))
    assert.same("sip:bob@192.168.0.2", ack:match "^ACK (%S+)")
    assert.same("tag21", messages.tag(ack, "To"))
  end)
end)

describe("figure 6: re-serialisation", function()
  it("forwards every message of RFC 4475 that is accepted with untouched headers as they came",
    function()
      local pipe <const> = io.popen "ls spec/torture/messages/*.sip"
      local forwarded = 0
      for path in pipe:lines() do
        local file <const> = assert(io.open(path, "rb"))
        local text <const> = file:read "a"
        file:close()
        local message <const> = core.message(text)
        if message and message.method and message.method ~= "ACK" and not message.to.tag then
          local r <const> = relay.new()
          r:deliver(text)
          local event <const> = r.net:event "request"
          if event then
            r.transaction = event.transaction
            local status <const> = r.net.engine:proxy_check(r.transaction)
            if status == 0 then
              assert(r:proxy { { uri = "sip:bob@" .. TO, via = "sip:" .. TO } })
              local sent <const> = assert(r:last_to(TO), path)
              local again <const> = assert(core.message(sent), path)
              for name, value in pairs(message.headers) do
                local lower <const> = name:lower()
                if lower ~= "max-forwards" and lower ~= "via" and lower ~= "v" then
                  local line <const> = name:gsub("%p", "%%%0") .. "[ \t]*:"
                  assert.truthy(sent:find(line), path .. ": " .. name)
                  assert.same(value, again.headers[name] and value, path)
                end
              end
              local body <const> = message.body or ""
              assert.same(body, again.body or "", path)
              -- Each header line stands there byte by byte.
              for line in message.text:match "^[^\r]*\r\n(.-)\r\n\r\n":gmatch "[^\r\n]+" do
                local is_changed <const> = line:lower():find "^via[ :\t]" or line:find "^v[ :]"
                  or line:lower():find "^max%-forwards"
                if not is_changed and not line:find "^%s" then
                  assert.truthy(sent:find("\n" .. line .. "\r", 1, true), path .. ": " .. line)
                end
              end
              forwarded = forwarded + 1
            end
          end
        end
      end
      pipe:close()
      assert.is_true(forwarded >= 15, forwarded .. " were forwarded")
    end)
end)
