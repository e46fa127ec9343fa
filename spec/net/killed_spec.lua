-- SPDX-License-Identifier: MIT
--
-- Bug class 23: a connection that is killed in whatever state its transactions are. And bug
-- class 22: one that is destroyed, by either side, at every step of its handshake. Run under the
-- address sanitizer by `make asan`.

local certificates <const> = require "spec.support.certificates"
local core <const> = require "moonsip.core"
local ends <const> = require "spec.net.ends"
local uv <const> = require "luv"

local function request(method, fields)
  local wanted <const> = { transport = "TCP", method = method, sent_by = "127.0.0.1:9" }
  for name, value in pairs(fields or {}) do wanted[name] = value end
  return ends.request(wanted)
end

-- It accepts nobody any more.
local function close_listener(server)
  server.handle:close()
  server.handle = uv.new_tcp()
end

-- What the script would do of its own: an answer to who waits for one, an end of dialogs.
local function end_all(service)
  for _, event in ipairs(service.events) do
    if event.kind == "request" then service.engine:reply(event.transaction, 480) end
    if event.dialog and event.dialog ~= 0 then service.engine:dialog_drop(event.dialog) end
  end
  service.events = {}
end

-- Nothing of it is left when all timers have had their time.
local function is_forgotten(service)
  for _ = 1, 40 do
    service:advance(5000)
    end_all(service)
  end
  local counts <const> = service.engine:counts()
  assert.same({ 0, 0, 0, 0 }, { counts.server_transactions, counts.client_transactions,
    counts.dialogs, service:counts().connections })
  assert.equal(0, service:counts().queue_bytes)
  assert.same({}, service.errors)
  assert.is_true(service:is_quiet())
end

local KILLS <const> = { "reset", "close", "shutdown" }

describe("bug class 23: a client whose connection is killed", function()
  -- What the service has said before; each also answers afterwards.
  local STATES <const> = {
    { "INVITE", "Proceeding, without an answer" },
    { "INVITE", "Proceeding, after 180", 180 },
    { "INVITE", "Accepted, after 200", 200 },
    { "INVITE", "Completed, after 486", 486 },
    { "MESSAGE", "Trying" },
    { "MESSAGE", "Proceeding, after 100", 100 },
    { "MESSAGE", "Completed, after 200", 200 },
  }

  for _, state in ipairs(STATES) do
    for _, kill in ipairs(KILLS) do
      it(("by %s in state %s of a server transaction of %s leaves nothing (RFC 3261 17.2)"):format(
        kill, state[2], state[1]), function()
          local service <close> = ends.service { handles = { "INVITE", "MESSAGE", "CANCEL" } }
          local peer <const> = ends.connect("127.0.0.1", (service:listen "tcp"))
          peer:send(request(state[1]))
          local transaction <const> = service:wait_event("request").transaction
          if state[3] then
            assert(service.engine:reply(transaction, state[3]))
            peer:wait("SIP/2.0 " .. state[3])
          end
          peer[kill](peer)
          ends.turn()
          for _, status in ipairs { 183, 200, 500 } do
            service.engine:reply(transaction, status)
            ends.turn()
          end
          if kill == "shutdown" then peer:close() end
          is_forgotten(service)
        end)
    end
  end

  it("after 500 INVITEs, answered or not, leaves nothing (AST-2018-005, AST-2020-001)", function()
    for _, kill in ipairs(KILLS) do
      local service <close> = ends.service { handles = { "INVITE" } }
      local peer <const> = ends.connect("127.0.0.1", (service:listen "tcp"), { silent = true })
      local list <const> = {}
      for at = 1, 500 do list[at] = request "INVITE" end
      local text <const>, sent = table.concat(list), 0
      while sent < #text do
        sent = sent + (peer.handle:try_write(text:sub(sent + 1, sent + 60000)) or 0)
        ends.turn(1)
      end
      ends.until_true(function() return #service.events >= 500 end)
      for at, event in ipairs(service.events) do
        if at % 3 > 0 then service.engine:reply(event.transaction, at % 3 == 1 and 180 or 200) end
        if at == 250 then peer[kill](peer) end
      end
      ends.turn()
      if kill == "shutdown" then peer:close() end
      is_forgotten(service)
    end
  end)
end)

describe("bug class 23: a server whose connection is killed", function()
  local function answer(text, status)
    local lines <const> = { ("SIP/2.0 %d Why"):format(status) }
    for line in text:gmatch "([^\r\n]+)\r\n" do
      local name <const> = line:match "^([%w-]+):"
      if name == "To" and not line:find "tag=" then line = line .. ";tag=theirs" end
      if name == "Via" or name == "From" or name == "To" or name == "Call-ID"
          or name == "CSeq" then
        lines[#lines + 1] = line
      end
    end
    lines[#lines + 1] = "Contact: <sip:peer@127.0.0.1:9;transport=tcp>"
    lines[#lines + 1] = "Content-Length: 0\r\n\r\n"
    return table.concat(lines, "\r\n")
  end

  -- What the server has said; "accept": it has accepted the connection and read nothing.
  local STATES <const> = {
    { "INVITE", "Calling" }, { "INVITE", "Proceeding", 180 }, { "INVITE", "Completed", 486 },
    { "INVITE", "Accepted", 200 }, { "OPTIONS", "Trying" }, { "OPTIONS", "Proceeding", 182 },
    { "OPTIONS", "Completed", 200 },
  }

  for _, state in ipairs(STATES) do
    for _, kill in ipairs(KILLS) do
      it(("by %s in state %s of a client transaction of %s: it ends once, and nothing is left "
        .. "(RFC 3261 17.1, 18.4)"):format(kill, state[2], state[1]), function()
          local service <close> = ends.service()
          service:listen "tcp"
          local server <close> = ends.server()
          local id <const> = assert(service:ask(server.port, "tcp", { method = state[1] }))
          local peer <const> = server:wait()
          peer:wait "\r\n\r\n"
          if state[3] then
            peer:send(answer(peer.text, state[3]))
            ends.turn()
          end
          close_listener(server) -- nobody is there for a further connection
          peer[kill](peer)
          ends.turn()
          if kill == "shutdown" then peer:close() end
          for _ = 1, 7 do service:advance(5000) end
          -- A provisional response shows that it knows the INVITE: by now it is given up.
          if state[1] == "INVITE" and state[2] == "Proceeding" then service.engine:cancel(id) end
          for _ = 1, 14 do service:advance(5000) end
          local ended = 0
          for _, event in ipairs(service.events) do
            local is_final <const> = event.kind == "failed"
              or event.kind == "response" and event.message.code >= 200
            if event.transaction == id and is_final then ended = ended + 1 end
          end
          assert.equal(1, ended)
          is_forgotten(service)
        end)
    end
  end
end)

describe("bug class 22: a connection that is destroyed in its handshake", function()
  local ca, tls

  setup(function()
    ca = certificates.authority()
    local cert, key = ca:issue "localhost"
    tls = assert(core.tls { identities = { { certificate = cert, key = key } },
                            authorities = ca.path })
  end)

  teardown(function() ca:close() end)

  local function pair(transport)
    local server <const>, client = ends.service(), ends.service()
    for _, one in ipairs { server, client } do assert(one.loop:set_tls(one.engine, tls)) end
    local port <const>, number = server:listen(transport, "127.0.0.1", 0, { tls = tls })
    client:listen(transport, "127.0.0.1", 0, { tls = tls })
    local scheme <const> = transport == "ws" and "sip" or "sips"
    assert(client.engine:request { method = "OPTIONS", from = "<sip:a@localhost>",
      transport = transport, uri = ("%s:localhost:%d;maddr=127.0.0.1;transport=%s"):format(scheme,
        port, transport == "tls" and "tcp" or "ws") })
    return server, client, number
  end

  -- Who destroys what; the others go on.
  local DESTROYS <const> = {
    ["by the end of the server's listener"] = function(server, _, number)
      server.loop:unlisten(server.engine, number)
    end,
    ["by the end of the server"] = function(server) server:close() end,
    ["by the end of the client"] = function(_, client) client:close() end,
    ["by the end of the server's engine"] = function(server)
      server.loop:detach(server.engine)
    end,
    ["by the end of the client's engine"] = function(_, client)
      client.loop:detach(client.engine)
    end,
    ["by new certificates for both"] = function() assert(tls:reload()) end,
  }

  for _, transport in ipairs { "tls", "ws", "wss" } do
    for how, destroy in pairs(DESTROYS) do
      it(how .. ", after each turn, over " .. transport, function()
        for turns = 0, 14 do
          for _, is_client_first in ipairs { true, false } do
            local server <const>, client, number = pair(transport)
            for turn = 1, turns do -- one side, then the other
              local one <const> = (turn % 2 == 1) == is_client_first and client or server
              one.loop:step(0)
            end
            destroy(server, client, number)
            ends.turn(6)
            for _, one in ipairs { server, client } do
              assert.same({}, one.errors)
              one:close()
            end
          end
        end
      end)
    end

    it("from inside the callback that says why, over " .. transport, function()
      for _, bytes in ipairs { "no handshake at all\r\n\r\n", ("y: z\r\n"):rep(2000),
                               "GET / HTTP/1.1\r\nHost: x\r\n\r\n" } do
        for _, how in ipairs { "close", "unlisten", "detach" } do
          local server <const> = ends.service()
          local port <const>, number = server:listen(transport, "127.0.0.1", 0, { tls = tls })
          local told = 0
          server.loop:on_refused(function()
            told = told + 1
            if how == "close" then server.loop:close() end
            if how == "unlisten" then server.loop:unlisten(server.engine, number) end
            if how == "detach" then server.loop:detach(server.engine) end
          end)
          local peer <const> = ends.connect("127.0.0.1", port)
          peer:send(bytes)
          for _ = 1, 200 do
            if told > 0 or not pcall(server.loop.step, server.loop, 1) then break end
            uv.run "nowait"
          end
          assert.equal(1, told)
          peer:close()
          server:close()
        end
      end
    end)
  end

  it("cut after each byte of the server's answer: the client of a WebSocket fails at once",
    function()
      local granted <const> = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        .. "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        .. "Sec-WebSocket-Protocol: sip\r\n\r\n"
      for length = 0, #granted do -- whose key is another's: even the whole is none
        local client <close> = ends.service()
        client:listen "ws"
        local server <close> = ends.server()
        assert(client.engine:request { method = "OPTIONS", from = "<sip:a@localhost>",
          transport = "ws", uri = ("sip:localhost:%d;maddr=127.0.0.1;transport=ws"):format(
            server.port) })
        local peer <const> = server:wait()
        peer:wait "Sec%-WebSocket%-Key.-\r\n\r\n"
        peer:send(granted:sub(1, length))
        close_listener(server)
        peer:reset()
        assert.truthy(client:wait_event "failed")
        assert.equal(0, client:counts().connections)
      end
    end)
end)
