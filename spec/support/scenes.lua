-- SPDX-License-Identifier: MIT
--
-- One scene for each kind of object that calls scripts back: everything it has happens in it
-- once. `at(name)` gives a callback that runs what the walk wants to happen inside of it
-- (spec/lua/destroyed_inside_spec.lua); `ends` is what may end the objects of the scene.

local face <const> = require "moonsip.face"
local pidf <const> = require "moonsip.pidf"

local scenes <const> = {}

local function sip_of(who) return face.of(who.context) end

local function call_of(who) return who.calls[1] end

-- A request from its first response to its last.
scenes["an exchange"] = {
  run = function(s, at)
    s.bob:on("OPTIONS", function(req)
      at "handler" ()
      req:reply(100)
      s.net:sleep "1s"
      req:reply(200)
    end)
    s.exchange = s.alice:request("OPTIONS", s.bob)
    s.exchange:on("1xx", at "1xx")
    s.exchange:on("2xx", at "2xx")
    s.exchange:on("error", at "error")
    s.exchange:wait(at "wait")
    s.alice:on("response", at "response")
    s.net:advance "2s"
    s.refused = s.alice:request("INFO", s.bob)
    s.refused:on("4xx", at "4xx")
    s.refused:wait(at "wait of a failure")
    s.net:advance "1s"
  end,
  ends = {
    cancel = function(s) s.exchange:cancel() end,
    close = function(s) s.exchange:close() end,
    ["the handler goes"] = function(s) s.bob:off "OPTIONS" end,
  },
}

-- What a notifier asks of its script, and what a watcher hears.
scenes["a watch"] = {
  run = function(s, at)
    local n = 0
    s.notifier = s.bob:event("x-n", {
      allow = function() at "allow" () return true end,
      state = function() at "state" () return tostring(n) end,
    })
    s.watch = s.alice:watch(s.bob, "x-n", { expires = 60 }, at "news")
    for _ = 1, 4 do
      s.net:advance "20s" -- a refresh too
      n = n + 1
      s.notifier:notify()
    end
    for _, sub in ipairs(s.notifier:subscriptions()) do
      sub:on("end", at "end")
      sub:terminate { reason = "deactivated" } -- and it comes back
    end
    s.net:advance "20s"
    s.watch:close()
    s.net:advance "5s"
    s.refused = s.alice:watch(s.bob, "x-none", {}, at "refusal")
    s.net:advance "1s"
  end,
  ends = {
    close = function(s) s.watch:close() end,
    terminate = function(s)
      for _, sub in ipairs(s.notifier:subscriptions()) do sub:terminate() end
    end,
    ["drop"] = function(s)
      for number in pairs(s.bob.subscriptions) do s.bob.engine:subscription_drop(number) end
    end,
    ["another notifier"] = function(s)
      s.bob:event("x-n", { state = function() return "x" end })
    end,
  },
}

-- A subscription that a script serves by hand.
scenes["a subscription"] = {
  run = function(s, at)
    s.bob:on("SUBSCRIBE", function(req)
      at "SUBSCRIBE" ()
      s.sub = req:accept { expires = 60, body = "x" }
      if not s.sub then return end
      at "accepted" ()
      s.sub:on("refresh", at "refresh")
      s.sub:on("end", at "end")
    end)
    s.watch = s.alice:watch(s.bob, "x-n", { expires = 60 }, function() end)
    s.alice:on("NOTIFY", at "NOTIFY")
    s.net:advance "90s"
    s.watch:close()
    s.net:advance "5s"
  end,
  ends = {
    close = function(s) if s.sub then s.sub:close() end end,
    terminate = function(s) if s.sub then s.sub:terminate { reason = "giveup" } end end,
    leave = function(s) if s.watch then s.watch:close() end end,
    notify = function(s)
      if s.sub then
        s.sub:notify "y"
        s.sub:close()
      end
    end,
  },
}

-- Publications come, change, are composed, and expire.
scenes["a publication"] = {
  run = function(s, at)
    s.notifier = s.bob:event("presence", { expires = { 60, 100 }, interval = 0,
      allow = function() at "allow" () return true end })
    s.bob:on("PUBLISH", function(req)
      at "PUBLISH" ()
      s.notifier:publish(req)
      at "published" ()
    end)
    s.watch = s.carol:watch(s.bob, "presence", { expires = 300 }, at "news")
    for _, basic in ipairs { "open", "closed" } do
      s.alice:request("PUBLISH", s.bob, {
        body = pidf { entity = s.bob.aor, basic = basic }, content_type = "application/pidf+xml",
        headers = { Event = "presence", Expires = "60" } }):wait(at "answer")
      s.net:advance "2s"
    end
    s.net:advance "2m" -- nobody refreshes them
    s.watch:close()
    s.net:advance "5s"
  end,
  ends = {
    ["the watcher leaves"] = function(s) if s.watch then s.watch:close() end end,
    ["another notifier"] = function(s) s.notifier = s.bob:event "presence" end,
  },
}

-- REFER from both sides.
scenes["a referral"] = {
  run = function(s, at)
    s.bob:on("REFER", function(req)
      at "REFER" ()
      req:follow_refer({}, at "followed")
    end)
    s.carol:on("INVITE", function(req)
      at "INVITE" ()
      req:ring()
      s.net:sleep "1s"
      req:answer()
    end)
    sip_of(s.alice).go(function()
      for step in s.alice:refer(s.bob.contact, { to = s.carol.contact }) do at "step" (step) end
      at "over" ()
    end)
    s.bob:on("1xx", at "1xx")
    s.bob:on("2xx", at "2xx")
    s.net:advance "5s"
  end,
  ends = {
    ["hang up"] = function(s)
      for _, who in ipairs { s.bob, s.carol } do
        if call_of(who) then call_of(who):hangup() end
      end
    end,
    ["drop"] = function(s)
      for _, who in ipairs { s.alice, s.bob } do
        for number in pairs(who.subscriptions) do who.engine:subscription_drop(number) end
      end
    end,
  },
}

-- A call is handed over to another one, which is replaced.
scenes["a transfer"] = {
  run = function(s, at)
    for _, who in ipairs { s.alice, s.bob, s.carol } do
      who:on("INVITE", function(req)
        local call <const> = req:answer()
        if not call then return end
        call:on("replaced", at "replaced")
        call:on("end", at "end")
      end)
    end
    s.bob:on("REFER", function(req) req:follow_refer({}, at "followed") end)
    s.bob:start_call(s.alice)
    s.second = s.alice:start_call(s.carol)
    s.second:on("end", at "end of the second")
    s.net:advance "1s"
    s.first = call_of(s.alice)
    for _, call in ipairs(s.alice.calls) do if call.direction == "in" then s.first = call end end
    s.first:transfer(s.second, {}, at "done")
    s.net:advance "5s"
    for _, who in ipairs { s.bob, s.carol } do
      for _, call in ipairs(who.calls) do call:hangup() end
    end
    s.net:advance "1s"
  end,
  ends = {
    first = function(s) if s.first then s.first:hangup() end end,
    second = function(s) if s.second then s.second:hangup() end end,
    ["drop"] = function(s)
      if s.first and s.first.number then s.alice.engine:dialog_drop(s.first.number) end
    end,
  },
}

-- A dialog that no call is.
scenes["a dialog"] = {
  run = function(s, at)
    s.bob:on("REFER", function(req)
      req:reply(202)
      s.near = req.dialog
      s.near:on("MESSAGE", function(message) at "MESSAGE" () message:reply(200) end)
      s.near:on("end", at "end")
    end)
    s.alice:request("REFER", s.bob, { headers = { ["Refer-To"] = "<sip:x@y>" } }):wait(
      function(res)
        at "made" ()
        s.far = res and res.dialog
        if not s.far then return end
        s.far:on("end", at "end of ours")
        s.far:request("MESSAGE", { body = "x" }):wait(at "answer")
      end)
    s.net:advance "2s"
    if s.near then s.near:close() end
    if s.far then s.far:close() end
    s.net:advance "1s"
  end,
  ends = {
    near = function(s) if s.near then s.near:close() end end,
    far = function(s) if s.far then s.far:close() end end,
    ["drop"] = function(s)
      if s.far and s.far.number then s.alice.engine:dialog_drop(s.far.number) end
    end,
  },
}

-- A request that is proxied to two, of whom one answers.
scenes["a proxied request"] = {
  run = function(s, at)
    s.server:on("INVITE", function(req)
      s.req = req
      req:on("branch", function(branch)
        s.branch = branch
        at "branch" ()
      end)
      req:on("1xx", at "1xx")
      req:on("4xx", at "4xx")
      req:on("2xx", at "2xx")
      at "handler" ()
      local res <const>, err <const> = req:proxy { { s.bob.contact, s.carol.contact },
        record_route = true }
      at "outcome" ()
      return req:finish(res, err)
    end)
    s.server:on("routed", { method = "BYE" }, at "routed")
    s.server:on("CANCEL", at "CANCEL")
    s.bob:on("INVITE", function(req)
      req:ring()
      s.net:sleep "1s"
      req:reject(486)
    end)
    s.carol:on("INVITE", function(req)
      req:ring()
      s.net:sleep "2s"
      req:answer()
    end)
    local call <const> = s.alice:start_call(s.server)
    s.net:advance "4s"
    call:hangup()
    s.net:advance "1s"
    local given_up <const> = s.alice:start_call(s.server)
    s.net:advance "500ms"
    given_up:hangup()
    s.net:advance "5s"
  end,
  ends = {
    ["cancel"] = function(s) if s.req then s.req:cancel() end end,
    ["cancel of a branch"] = function(s) if s.branch then s.branch:cancel() end end,
    ["finish"] = function(s) if s.req then s.req:finish() end end,
    ["a reply"] = function(s) if s.req then s.req:reply(503) end end,
    ["observers go"] = function(s) if s.req then s.req:off "1xx" end end,
  },
}

-- A back-to-back user agent dials and joins two.
scenes["a bridge"] = {
  media = true,
  run = function(s, at)
    s.server:on("INVITE", function(req)
      s.a = req:leg()
      if not s.a then return end
      at "leg" ()
      s.a:on("end", at "end of the caller's leg")
      s.a:dial(s.bob.contact, { ringback = true }, function(b)
        s.b = b
        at "dialled" ()
        if not b then return end
        b:on("end", at "end of the other leg")
        s.a:bridge(b, at "parted")
      end)
    end)
    s.server:on("cdr", at "cdr")
    s.bob:on("INVITE", function(req)
      req:ring()
      s.net:sleep "500ms"
      req:answer()
    end)
    local call <const> = s.alice:start_call(s.server)
    s.net:advance "2s"
    if call.state == "connected" then
      call:dtmf("1", {}, at "dtmf sent")
      call:hold({}, at "held")
      s.net:advance "1s"
    end
    call:hangup()
    s.net:advance "1s"
  end,
  ends = {
    a = function(s) if s.a then s.a:hangup() end end,
    b = function(s) if s.b then s.b:hangup() end end,
    unbridge = function(s) if s.a then s.a:unbridge() end end,
  },
}

-- Verbs of audio, one after the other.
scenes["a verb"] = {
  media = true,
  run = function(s, at)
    s.bob:on("INVITE", function(req)
      local call <const> = req:answer()
      if not call then return end
      s.call = call
      call:on("dtmf", at "dtmf")
      call:play({ tone = "beep" }, at "played")
      call:gather({ max = 2, timeout = "1s" }, at "gathered")
      call:detect({ tone = true }, at "detected")
      call:dtmf("12", {}, at "pressed")
      call:wait_beep({ max = "1s" }, at "beep")
    end)
    local call <const> = s.alice:start_call(s.bob)
    s.net:advance "1s"
    if call.state == "connected" then call:dtmf("7", {}, at "their dtmf") end
    s.net:advance "8s"
    call:hangup()
    s.net:advance "1s"
  end,
  ends = {
    stop = function(s) if s.call then s.call:stop() end end,
    hangup = function(s) if s.call then s.call:hangup() end end,
    ["the other hangs up"] = function(s)
      if call_of(s.alice) then call_of(s.alice):hangup() end
    end,
  },
}

-- A room with two in it.
scenes["a conference"] = {
  media = true,
  run = function(s, at)
    s.room = sip_of(s.server).conference()
    s.room:on("join", at "join")
    s.room:on("leave", at "leave")
    s.server:on("INVITE", function(req)
      local call <const> = req:answer()
      if not call then return end
      at "answered" ()
      s.room:join(call, {}, at "left")
    end)
    local one <const>, two <const> = s.alice:start_call(s.server), s.bob:start_call(s.server)
    s.net:advance "2s"
    s.room:play({ tone = "beep" }, at "played")
    s.net:advance "1s"
    one:hangup()
    s.net:advance "1s"
    if s.room.members[1] then s.room:kick(s.room.members[1]) end
    s.net:advance "1s"
    two:hangup()
    s.room:close()
    s.net:advance "1s"
  end,
  ends = {
    close = function(s) s.room:close() end,
    kick = function(s) if s.room.members[1] then s.room:kick(s.room.members[1]) end end,
    ["all hang up"] = function(s)
      for _, call in ipairs(s.server.calls) do call:hangup() end
    end,
    ["events go"] = function(s) s.room:off "join" s.room:off "leave" end,
  },
}

-- Timers, tasks and groups of them.
scenes["a timer"] = {
  run = function(s, at)
    local sip <const> = sip_of(s.alice)
    s.once = sip.after("1s", at "after")
    s.every = sip.every("1s", at "every")
    s.sleeping = sip.sleep("2s", at "slept")
    s.task = sip.go(function()
      at "task" ()
      sip.sleep "1s"
      at "task that slept" ()
    end)
    s.net:advance "4s"
    s.every:stop()
    s.net:advance "1s"
  end,
  ends = {
    once = function(s) s.once:stop() end,
    every = function(s) s.every:stop() end,
    sleeping = function(s) if s.sleeping then s.sleeping:cancel() end end,
    task = function(s) if s.task then s.task:cancel() end end,
  },
}

-- A carrier that dies and comes back.
scenes["a gateway"] = {
  run = function(s, at)
    s.set = sip_of(s.alice).gateways({ uk = { uri = s.bob.contact, max_calls = 1 } },
      { agent = s.alice, probe = "2s", probe_timeout = "1s", down_after = 1, up_after = 1 })
    for _, name in ipairs { "up", "down", "draining", "drained" } do s.set:on(name, at(name)) end
    s.bob:on("INVITE", function(req) req:answer() end)
    s.net:advance "3s"
    s.net:cut(s.bob)
    s.net:advance "10s"
    s.net:heal()
    s.net:advance "10s"
    local call <const> = s.alice:start_call(s.set.uk)
    call:wait(at "answered")
    s.net:advance "1s"
    s.set.uk:drain()
    s.net:advance "1s"
    call:hangup()
    s.net:advance "1s"
    s.set:close()
  end,
  ends = {
    close = function(s) s.set:close() end,
    drain = function(s) if s.set.uk then s.set.uk:drain() end end,
    resume = function(s) if s.set.uk then s.set.uk:resume() end end,
    ["events go"] = function(s) s.set:off "down" s.set:off "up" end,
  },
}

-- A registrar's bindings.
scenes["a location"] = {
  run = function(s, at)
    s.location = sip_of(s.server).location { expires = { 60, 60 } }
    for _, name in ipairs { "registered", "refreshed", "removed", "expired" } do
      s.location:on(name, at(name))
    end
    s.server:on("REGISTER", function(req)
      at "REGISTER" ()
      s.location:save(req)
    end)
    local aor <const> = s.server.contact:gsub("server@", "alice@")
    local function register(expires)
      s.alice:request("REGISTER", s.server, { to = aor, headers = {
        Contact = ("<%s>;expires=%d"):format(s.alice.contact, expires) } }):wait(at "answer")
      s.net:advance "1s"
    end
    register(60)
    register(60)
    register(0)
    register(60)
    s.net:advance "2m"
    s.location:close()
  end,
  ends = {
    close = function(s) s.location:close() end,
    remove = function(s)
      s.location:remove((s.server.contact:gsub("server@", "alice@")))
    end,
    ["events go"] = function(s) s.location:off "registered" end,
  },
}

return scenes
