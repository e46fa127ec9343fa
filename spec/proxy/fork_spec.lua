-- SPDX-License-Identifier: MIT
--
-- Forking (RFC 3261 16.5, 16.6, 16.7; RFC 5393 5.3.3): who is tried when, and what comes
-- of their answers.

local messages <const> = require "spec.support.messages"
local relay <const> = require "spec.support.relay"

local A <const>, B <const>, C <const>, D <const> =
  "10.0.0.21", "10.0.0.22", "10.0.0.23", "10.0.0.24"

local function uri(ip) return "sip:bob@" .. ip end

-- Who has got a request of a kind, in order.
local function tried(r, kind)
  local list <const> = {}
  for _, ip in ipairs { A, B, C, D } do
    if #r:sent_to(ip, kind or "INVITE") > 0 then list[#list + 1] = ip:sub(-1) end
  end
  return table.concat(list)
end

local function breadth(r, ip)
  return math.tointeger(tonumber(messages.header(r:last_to(ip, "INVITE"), "Max%-Breadth")))
end

describe("a set of targets", function()
  it("is tried group by group, those of one at once", function()
    local r <const> = relay.new()
    r:invite { { uri = uri(A), group = 1 }, { uri = uri(B), group = 1 },
      { uri = uri(C), group = 2 }, { uri = uri(D), group = 3 } }
    assert.same("12", tried(r))
    r:answer(A, 486)
    assert.same("12", tried(r))
    r:answer(B, 480)
    assert.same("123", tried(r))
    r:answer(C, 404)
    assert.same("1234", tried(r))
    assert.same({}, r:upstream())
    r:answer(D, 500)
    assert.same({ 486 }, r:upstream())
  end)

  it("has each URI once, by the rules of its scheme (16.5)", function()
    local r <const> = relay.new()
    r:receive "invite"
    assert.same(1, r:add "sip:bob@10.0.0.21;x=1")
    assert.same(0, r:add "SIP:bob@10.0.0.21;X=1")
    assert.same(0, r:add "sip:bob@10.0.0.21")
    assert.same(2, r:add "sip:BOB@10.0.0.21")
    assert.same(3, r:add { uri = "sip:bob@10.0.0.21", via = "sip:10.0.0.22" })
    assert.same(4, r:add "sip:bob@10.0.0.21:5061")
    r:start()
    assert.same(3, #r:sent_to(A, "INVITE"))
  end)

  it("tells two phones apart that say the same of themselves, by their flows", function()
    local core <const> = require "moonsip.core"
    local r <const> = relay.new()
    r:receive "invite"
    local function flow(port)
      return core.flow("udp", "10.0.0.1", 5060, A, port, r.net.listener)
    end
    assert.same(1, r:add { uri = "sip:bob@192.168.1.2", flow = flow(1111) })
    assert.same(2, r:add { uri = "sip:bob@192.168.1.2", flow = flow(2222) })
    assert.same(0, r:add { uri = "sip:bob@192.168.1.2", flow = flow(2222) })
    r:start()
    assert.same(A .. ":1111", r:sent_to(A)[1].to)
    assert.same(A .. ":2222", r:sent_to(A)[2].to)
  end)

  it("has at most 64 targets (limit +1)", function()
    local r <const> = relay.new()
    r:receive "invite"
    for at = 1, 64 do assert.same(at, r:add(("sip:%d@10.0.0.21"):format(at))) end
    local number <const>, err = r:add "sip:65@10.0.0.21"
    assert.is_nil(number)
    assert.same("LIMIT", err.name)
    assert.is_true(r:start())
    assert.same(60, #r:sent_to(A, "INVITE")) -- Max-Breadth
  end)

  it("refuses what is no URI, and what is no route", function()
    local r <const> = relay.new()
    r:receive "invite"
    for _, target in ipairs { { uri = "bob" }, { uri = "sip:" },
      { uri = uri(A), via = "10.0.0.1" } } do
      assert.same("URI", select(2, r:add(target)).name)
    end
    for _, routes in ipairs { "sip:10.0.0.3;lr", "<sip:10.0.0.3", "<>", "," } do
      assert.same("HEADER", select(2, r:add { uri = uri(A), routes = routes }).name, routes)
    end
    for _, target in ipairs { "http://10.0.0.21/" } do
      r:add(target)
      r:start()
      assert.same({ 416 }, r:upstream())
    end
  end)

  it("goes on while one of the group waits, as far as Max-Breadth goes (RFC 5393 5.5)", function()
    local r <const> = relay.new()
    r:invite({ uri(A), uri(B), uri(C), uri(D) }, nil, { lines = { "Max-Breadth: 2" } })
    assert.same("12", tried(r))
    assert.same({ 1, 1 }, { breadth(r, A), breadth(r, B) })
    r:answer(B, 486)
    assert.same("123", tried(r))
    assert.same(1, breadth(r, C))
    r:answer(A, 486)
    assert.same("1234", tried(r))
    assert.same(1, breadth(r, D)) -- C has the other
    r:answer(C, 486):answer(D, 486)
    assert.same({ 486 }, r:upstream())
  end)

  it("shares the breadth without loss, and never more than came (RFC 5393 5.3.3)", function()
    for _, came in ipairs { false, 1, 3, 4, 7, 60, 61, 1000 } do
      local lines <const> = came and { "Max-Breadth: " .. came } or {}
      local all <const> = math.min(came or 60, 60)
      local r <const> = relay.new()
      r:invite({ uri(A), uri(B), uri(C) }, nil, { lines = lines })
      local sum, count = 0, 0
      for _, ip in ipairs { A, B, C } do
        if r:last_to(ip) then
          sum, count = sum + breadth(r, ip), count + 1
          assert.same(1, #messages.headers(r:last_to(ip), "Max%-Breadth"))
        end
      end
      assert.same(math.min(3, all), count)
      assert.same(all, sum)
      local one <const> = relay.new()
      one:invite({ uri(A) }, nil, { lines = lines })
      assert.same(all, breadth(one, A))
    end
  end)
end)

describe("responses of branches", function()
  it("101 to 199 go back at once, each with its own tag; 100 never (16.7 item 5)", function()
    local r <const> = relay.new()
    r:invite { uri(A), uri(B) }
    r:answer(A, 100):answer(A, 180):answer(B, 183):answer(B, 100):answer(A, 199)
    assert.same({ 180, 183, 199 }, r:upstream())
    assert.same("tag22", messages.tag(r:up(183), "To"))
  end)

  it("a 2xx goes back at once and cancels the others that rang (16.7 items 5, 10)", function()
    local r <const> = relay.new()
    r:invite { uri(A), uri(B), uri(C), { uri = uri(D), group = 1 } }
    r:answer(A, 180):answer(B, 180)
    r:answer(A, 200)
    assert.same({ 180, 180, 200 }, r:upstream())
    assert.same({ "INVITE", "CANCEL" }, r:kinds_to(B))
    assert.same({ "INVITE" }, r:kinds_to(C)) -- nothing came from it yet (9.1)
    assert.same({}, r:kinds_to(D))
    r:answer(C, 180)
    assert.same({ "INVITE", "CANCEL" }, r:kinds_to(C))
    assert.same("SIP;cause=200;text=\"Call completed elsewhere\"",
      messages.header(r:last_to(C), "Reason"))
  end)

  it("nothing but 2xx follows a final response", function()
    local r <const> = relay.new()
    r:invite { uri(A), uri(B) }
    r:answer(A, 200)
    r:answer(B, 180):answer(B, 183):answer(B, 487)
    assert.same({ 200 }, r:upstream())
    assert.same("ACK", (messages.kind(r:last_to(B))))
  end)

  it("every 2xx to an INVITE goes back, copies too, as long as Timer M and L run (RFC 6026)",
    function()
      local r <const> = relay.new()
      r:invite { uri(A), uri(B) }
      r:answer(A, 200):answer(B, 200)
      r:advance(31999):answer(A, 200):answer(A, 200, { to_tag = "behind" })
      assert.same({ 200, 200, 200, 200 }, r:upstream())
      r:advance(1):answer(A, 200) -- both machines have ended: nobody forwards it (7.3)
      assert.same(4, #r:upstream())
      assert.same(0, r:live())
    end)

  it("one 2xx to anything else goes back, and nothing after it", function()
    local r <const> = relay.new()
    r:receive "options"
    r:proxy { uri(A), uri(B) }
    r:answer(A, 200, { to = "OPTIONS" }):answer(B, 200, { to = "OPTIONS" })
    assert.same({ 200 }, r:upstream())
    assert.same({ "OPTIONS" }, r:kinds_to(B)) -- only an INVITE is cancelled (9.1)
    r:advance(100000)
    assert.same(0, r:live())
  end)

  it("a 6xx ends the search and goes back when all have ended (16.7 item 5)", function()
    local r <const> = relay.new()
    r:invite { uri(A), uri(B), { uri = uri(C), group = 1 } }
    r:answer(B, 180):answer(A, 603)
    assert.same({ 180 }, r:upstream())
    assert.same({ "INVITE", "CANCEL" }, r:kinds_to(B))
    r:answer(B, 487)
    assert.same({ 180, 603 }, r:upstream())
    assert.same({}, r:kinds_to(C)) -- MUST NOT create any new branches
  end)

  it("a 2xx that comes while a 6xx waits goes back instead (16.7 item 5)", function()
    local r <const> = relay.new()
    r:invite { uri(A), uri(B) }
    r:answer(B, 180):answer(A, 600):answer(B, 200)
    assert.same({ 180, 200 }, r:upstream())
  end)

  it("no branch is added after a final response, a CANCEL or a 6xx", function()
    for _, ending in ipairs {
      function(r) r:answer(A, 200) end,
      function(r) r:answer(A, 603) end,
      function(r) r:answer(A, 180):cancel() end,
    } do
      local r <const> = relay.new()
      r:invite({ uri(A) }, { finish = false })
      ending(r)
      local number <const>, err = r:add(uri(B))
      assert.is_nil(number)
      assert.same("STATE", err.name)
      assert.same("STATE", select(2, r:start()).name)
    end
  end)

  it("a copy of the request is absorbed, and answered with what went back last (17.2.1)", function()
    local r <const> = relay.new()
    r:invite { uri(A) }
    r:deliver(messages.invite())
    r:answer(A, 180):deliver(messages.invite())
    assert.same({ "INVITE" }, r:kinds_to(A))
    assert.same({ 180, 180 }, r:upstream())
    r:answer(A, 486):deliver(messages.invite())
    assert.same({ 180, 180, 486, 486 }, r:upstream())
  end)

  it("100 goes back after 200 ms, to an INVITE only (16.2)", function()
    local r <const> = relay.new()
    r:invite { uri(A) }
    r:advance(199)
    assert.same({}, r:upstream())
    r:advance(1)
    assert.same({ 100 }, r:upstream())
    local other <const> = relay.new()
    other:receive "info"
    other:proxy { uri(A) }
    other:advance(31000)
    assert.same({}, other:upstream())
  end)

  it("a response without a Via behind ours is none of ours to pass on (16.7 item 3)", function()
    local r <const> = relay.new()
    r:invite { uri(A) }
    local via <const> = messages.header(r:last_to(A), "Via")
    r:answer(A, 200, { vias = { via } })
    assert.same({}, r:upstream())
    assert.same(1, r.net.engine:counts().dropped)
  end)

  it("one for another sent-by is dropped (18.1.2)", function()
    local r <const> = relay.new()
    r:invite { uri(A) }
    local vias <const> = messages.headers(r:last_to(A), "Via")
    vias[1] = vias[1]:gsub("10.0.0.1", "10.0.0.2")
    r:answer(A, 200, { vias = vias })
    assert.same({}, r:upstream())
  end)

  it("the second of two Vias in one line goes back, however they are written", function()
    local r <const> = relay.new()
    r:invite { uri(A) }
    local vias <const> = messages.headers(r:last_to(A), "Via")
    r:answer(A, 180, { vias = { table.concat(vias, " ,\r\n  ") } })
    r:answer(A, 183, { vias = { table.concat(vias, ",") } })
    assert.same({ 180, 183 }, r:upstream())
    assert.same({ vias[2] }, messages.headers(r:up(180), "Via"))
    assert.same({ vias[2] }, messages.headers(r:up(183), "Via"))
  end)

  it("a branch that fails at once lets the next have its turn", function()
    local r <const> = relay.new()
    r:invite { { uri = "sip:bob@10.0.0.21;transport=tcp" }, { uri = uri(B), group = 1 },
      { uri = uri(C), group = 2 } }
    assert.same("2", tried(r)) -- no listener speaks TCP
    r:answer(B, 404)
    assert.same("23", tried(r))
  end)

  it("all that fail at once end it at once", function()
    local r <const> = relay.new()
    r:invite { "sip:a@10.0.0.21;transport=tcp", "sip:b@10.0.0.22;transport=tcp" }
    assert.same({ 500 }, r:upstream())
    assert.same(1, r.net.engine:counts().server_transactions)
  end)
end)

describe("who watches", function()
  it("hears of each branch when it begins, rings and ends", function()
    local r <const> = relay.new()
    r:invite({ uri(A), { uri = uri(B), group = 1 } }, { watch = true })
    r:answer(A, 100):answer(A, 180):answer(A, 486):answer(B, 200)
    local heard <const> = {}
    for _, event in ipairs(r.net.events) do
      if event.kind == "branch" then
        heard[#heard + 1] = ("%d %d %s"):format(event.dialog, event.code,
          event.message and event.message.code or "-")
      end
    end
    assert.same({ "1 0 -", "1 180 180", "1 486 486", "2 0 -", "2 200 200" }, heard)
    assert.same(200, (r:outcome()))
  end)

  it("of nothing without asking", function()
    local r <const> = relay.new()
    r:invite { uri(A) }
    r:answer(A, 180):answer(A, 200)
    assert.same({ "request" }, r.net:heard())
  end)
end)
