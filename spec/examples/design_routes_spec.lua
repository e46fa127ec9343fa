-- SPDX-License-Identifier: MIT
--
-- The scripts that the Lua API was designed by and that route, word for word as they were written
-- before there was any of it (spec/examples/design): a registrar and proxy, a B2BUA with
-- least-cost routing, and a gateway for messages.

local messages <const> = require "spec.support.messages"
local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"
local uv <const> = require "luv"

local SERVER <const> = "10.0.0.1"

describe("a script of the design that routes", function()
  local root <const> = scratch.root()
  local path <const> = package.path
  local net, folder, script

  -- Runs it in a folder of its own, where its files go and its modules are.
  local function load(name)
    script = net:load(("%s/spec/examples/design/%s.lua"):format(root, name), SERVER)
  end

  -- The same with an option more: who listens by TLS needs a certificate. And with a `line` in
  -- front of its last one.
  local function load_with_certificate(name, line)
    local file <close> = assert(io.open(("%s/spec/examples/design/%s.lua"):format(root, name)))
    local text, count = file:read "a"
      :gsub('listen = {[^}]*"%l+::%d+" }', '%0, tls = { cert = "a.pem" }')
    assert.equal(1, count)
    text = text:gsub("\nsip%.run%(%)", "\n" .. (line or "") .. "%0")
    script = net:load(folder:write(name .. ".lua", text), SERVER)
  end

  before_each(function()
    net, folder = test.net(), scratch.folder()
    package.path = folder.path .. "/?.lua;"
      .. path:gsub("%f[^\0;]%./", root .. "/"):gsub("%f[^\0;]([^/;][^;]*)", root .. "/%1")
    net:dns("example.com", { SERVER })
    uv.chdir(folder.path)
  end)

  after_each(function()
    local log <const> = table.concat(script.log, "\n")
    uv.chdir(root)
    package.path = path
    net:close()
    folder:remove()
    assert.is_nil(log:find " error ", log)
  end)

  -- A user of the domain; over UDP, TCP, TLS and secure WebSocket alike.
  local function phone(user, password, options)
    options = options or {}
    local one <const> = net:agent(("sip:%s@example.com"):format(user),
      { name = options.name, password = password, media = false, tls = {} })
    one.way = "sip:" .. SERVER .. (options.way or "")
    return one
  end

  describe("as a registrar and proxy", function()
    local alice, bob

    before_each(function()
      load "registrar_proxy"
      alice, bob = phone("alice", "wonderland"), phone("bob", "builder")
    end)

    it("registers its users, over TLS and WebSocket too, and lets them call each other", function()
      assert(alice:register(alice.way))
      local ways <const> = { "", ";transport=tcp", ":5061;transport=tls", ":8443;transport=wss" }
      local phones <const> = {}
      for at, way in ipairs(ways) do
        local name <const> = "bob" .. at
        phones[at] = phone("bob", "builder", { name = name, way = way })
        local res <const> = assert(phones[at]:register(phones[at].way))
        assert.equal(200, res.code)
        assert.equal(at, #res.message:header_values "Contact")
        phones[at]:on("INVITE", function(req)
          req:ring()
          if at == 4 then
            net:sleep "1s"
            return req:answer()
          end
          net:sleep "60s"
        end)
      end
      local call <const> = assert(alice:call "sip:bob@example.com")
      net:advance "1s"
      for at = 1, 3 do assert.equal(0, #phones[at].calls, ways[at]) end
      assert.equal(1, #phones[4].calls)
      call:hangup()
      net:advance "1s"
      assert.equal(0, #phones[4].calls)
      -- A sixth phone is one too many.
      assert.is_truthy((bob:register(bob.way)))
      local sixth <const> = phone("bob", "builder", { name = "bob6" })
      assert.equal(403, select(2, sixth:register(sixth.way)).code)
    end)

    it("asks who registers, and for whom", function()
      local eve <const> = phone("bob", "guess", { name = "eve" })
      assert.equal("auth", select(2, eve:register(eve.way)).kind)
      local liar <const> = net:agent("sip:bob@example.com", { name = "liar",
        username = "alice", password = "wonderland" })
      assert.equal(403, select(2, liar:register("sip:" .. SERVER)).code)
    end)

    it("says what is not there: 480 for who is away, and for who does not exist", function()
      assert(alice:register(alice.way))
      for _, user in ipairs { "bob", "nobody" } do
        local code <const> = select(2, alice:call(("sip:%s@example.com"):format(user))).code
        assert.is_true(code == 480 or code == 404, code)
      end
    end)

    it("is no open relay: 407 for strangers, and for who says to be a user", function()
      assert(bob:register(bob.way))
      bob:on("MESSAGE", function(req) return req:reply(200) end)
      local eve <const> = net:endpoint "10.0.0.66:5060"
      local function ask(uri, from)
        eve:send(messages.message { uri = uri, from = from .. ";tag=e", branch = "z9hG4bK" .. uri
          .. #from, via = "SIP/2.0/UDP 10.0.0.66:5060;branch=z9hG4bK" .. #uri .. #from,
          call_id = uri .. #from }, SERVER .. ":5060")
        return (messages.kind(eve:expect().bytes))
      end
      assert.equal(407, ask("sip:somebody@far.example", "<sip:eve@far.example>"))
      assert.equal(407, ask("sip:bob@example.com", "<sip:alice@example.com>"))
      assert.equal(200, ask("sip:bob@example.com", "<sip:eve@far.example>"))
    end)

    it("goes to the voicemail when nobody answers within 30 s, and not when somebody declines",
      function()
      assert(alice:register(alice.way))
      assert(bob:register(bob.way))
      local voicemail <const> = net:agent("sip:vm@10.0.0.9",
        { address = "10.0.0.9", media = false })
      voicemail:on("INVITE", { user = "vm-bob" }, function(req) return req:answer() end)
      bob:on("INVITE", function(req)
        req:ring()
        net:sleep "60s"
      end)
      local call <const> = assert(alice:call("sip:bob@example.com", { ring = "60s" }))
      assert.equal(1, #voicemail.calls)
      assert.is_true(net:now() >= 30)
      call:hangup()
      net:advance "1s"
      assert.equal(0, #voicemail.calls)
      bob:off "INVITE"
      bob:on("INVITE", function(req) return req:reply(603) end)
      assert.equal(603, select(2, alice:call "sip:bob@example.com").code)
    end)
  end)

  describe("as a B2BUA with least-cost routing", function()
    local alice, carriers, records

    before_each(function()
      uv.os_setenv("UK_PW", "secret")
      net:dns("gw1.uk.example", { "10.9.0.1" })
      carriers = {
        uk = net:agent("sip:uk@gw1.uk.example", { address = "10.9.0.1", media = false,
          tls = { cert = "uk.pem" }, listen = "tls:10.9.0.1:5061" }),
        tel = net:agent("sip:tel@198.51.100.7", { address = "198.51.100.7" }),
        last = net:agent("sip:last@203.0.113.9", { address = "203.0.113.9" }),
      }
      load_with_certificate "b2bua_lcr"
      records = {}
      script.context.agent_list[1]:on("cdr", function(cdr)
        if cdr.carrier then records[#records + 1] = cdr end
      end)
      alice = net:agent("sip:alice@near.example", { address = "10.8.0.1" })
      net:advance "2s"
    end)

    local function call(number)
      return alice:call(("sip:%s@%s"):format(number, SERVER), { headers = {
        ["P-Asserted-Identity"] = "<tel:+491>", ["X-Secret"] = "1" } })
    end

    it("goes by TLS to the cheapest carrier, and hides where it comes from", function()
      local came
      carriers.uk:on("INVITE", function(req)
        came = req.message.text
        req:ring()
        return req:answer()
      end)
      local near = assert(call "+442071234567")
      assert.matches("^INVITE sip:%+442071234567@gw1%.uk%.example", came)
      assert.equal("<tel:+491>", messages.header(came, "P%-Asserted%-Identity"))
      assert.is_nil(came:find("X-Secret", 1, true))
      assert.is_nil(came:find("10.8.0.1", 1, true), came)
      assert.truthy(messages.header(came, "Via"):find "^SIP/2.0/TLS")
      net:advance "60s"
      near:hangup()
      net:advance "1s"
      assert.equal(0, #carriers.uk.calls)
      assert.same({ "uk", 1 }, { records[1].carrier, #records })
      assert.is_true(math.abs(records[1].cost - 0.8 * records[1].minutes) < 1e-9)
      assert.is_true(records[1].minutes >= 1)
    end)

    it("tries the next when one does not ring in 6 s, is busy with itself, or is down", function()
      carriers.uk:on("INVITE", function(req) req:reply(503) end)
      carriers.tel:on("INVITE", function() net:sleep "1m" end)
      carriers.last:on("INVITE", function(req)
        req:ring()
        return req:answer()
      end)
      local near = assert(call "442071234567")
      assert.equal(1, #carriers.last.calls)
      assert.equal("premium", messages.header(net:messages { method = "INVITE",
        to = carriers.last }[1].bytes, "X%-Class"))
      near:hangup()
      net:advance "1s"
      assert.equal("last", records[1].carrier)
    end)

    it("takes 404, 486 and 603 for answers, and gives up with the caller", function()
      for _, code in ipairs { 404, 486, 603 } do
        carriers.uk:off "INVITE"
        carriers.uk:on("INVITE", function(req) req:reply(code) end)
        assert.equal(code, select(2, call "442071234567").code)
      end
      assert.equal(0, net:count { method = "INVITE", to = carriers.tel })
      carriers.uk:off "INVITE"
      carriers.uk:on("INVITE", function(req)
        req:ring()
        net:sleep "1m"
      end)
      local near <const> = alice:start_call("sip:442071234567@" .. SERVER)
      net:advance "3s"
      near:hangup()
      net:advance "1s"
      assert.equal(1, net:count { method = "CANCEL", to = carriers.uk })
      assert.equal(0, net:count { method = "INVITE", to = carriers.tel })
      assert.equal(484, select(2, call "alice").code)
    end)
  end)

  describe("as a gateway for messages", function()
    local alice, sent, receipts, says

    before_each(function()
      folder:write("users.lua",
        [[return function(user) return user == "alice" and "wonderland" end]])
      sent, receipts, says = {}, {}, 200
      net:site("https://sms.example", { ["POST /send"] = function(q)
        sent[#sent + 1] = q.json
        return says
      end })
      net:site("http://receipts.example", { ["POST /"] = function(q)
        receipts[#receipts + 1] = q.json
      end })
      -- The script of the design hears of registrations, and takes none.
      load_with_certificate("message_gateway", [[agent:on("REGISTER", function(req)
        if auth:check(req) == req.to.user then return loc:save(req) end end)]])
      alice = phone("alice", "wonderland")
    end)

    local function post(text)
      return assert(net.http.post("http://10.0.0.1:8080/sms", { json = { id = text, from = "+491",
        to = "alice", text = text, receipt = "http://receipts.example/" } }))
    end

    it("sends what its users say as SMS", function()
      local function say(kind)
        return alice:request("MESSAGE", "sip:4912@" .. SERVER,
          { body = "hi", content_type = kind or "text/plain" }):wait()
      end
      assert.equal(202, assert(say()).code)
      assert.same({ { from = "alice", to = "4912", text = "hi" } }, sent)
      assert.equal(415, select(2, say "text/html").code)
      says = 500
      local _, err = say()
      assert.same({ 503, 30 }, { err.code, err.response.message:typed("Retry-After").seconds })
      local eve <const> = net:agent "sip:eve@example.com"
      assert.equal("auth", select(2, eve:request("MESSAGE", "sip:4912@" .. SERVER,
        { body = "hi", content_type = "text/plain" }):wait()).kind)
    end)

    it("delivers SMS to who is there, and keeps the others until he registers: also when the "
      .. "program is started again", function()
      local heard <const>, code = {}, 200
      alice:on("MESSAGE", function(req)
        heard[#heard + 1] = req.body
        return req:reply(code)
      end)
      post "one"
      post "two"
      net:advance "5s"
      assert.same({}, heard)
      script:restart()
      assert(alice:register(alice.way)) -- to the registrar that shares its file
      net:advance "5s"
      assert.same({ "one", "two" }, heard)
      assert.same({ { id = "one", status = "delivered" }, { id = "two", status = "delivered" } },
        receipts)
      post "three"
      net:advance "1s"
      assert.same("three", heard[3])
      -- Who is busy gets it later.
      code = 480
      post "four"
      net:advance "1s"
      code = 200
      assert(alice:register(alice.way, { expires = 0 }))
      assert(alice:register(alice.way))
      net:advance "1s"
      assert.same({ "one", "two", "three", "four", "four" }, heard)
    end)
  end)
end)
