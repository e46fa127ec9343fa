-- SPDX-License-Identifier: MIT
--
-- What people do when they are asked, and in a call.

local people <const> = {}

-- When an INVITE comes.
local answers <const> = {
  function(_, req) return req:answer() end,
  function(world, req)
    req:ring()
    world.net:sleep(world.chance:between(0, 5000) / 1000)
    return req:answer()
  end,
  function(world, req)
    local call = req:answer()
    if call then call:limit(world.chance:between(1, 15000) / 1000) end
  end,
  function(_, req) return req:reply(486) end,
  function(world, req)
    req:reply(183)
    world.net:sleep(world.chance:between(0, 3000) / 1000)
    return req:reply(603)
  end,
  function(world, req) -- rings until the caller gives up
    req:ring()
    world.net:sleep "150s"
    return req:reply(480)
  end,
  function() error("a handler that raises", 0) end,
  function(_, req) return req:redirect "sip:nobody@10.0.9.9" end,
}

-- When anything else comes.
local replies <const> = {
  function(_, req) return req:reply(200) end,
  function(_, req) return req:reply(404) end,
  function(world, req)
    world.net:sleep(world.chance:between(0, 8000) / 1000)
    return req:reply(202)
  end,
  function(_, req) return req:defer() end,
  function() error("a handler that raises", 0) end,
}

--- Has an agent answer as the mood of the moment is.
function people.serve(world, one)
  one:on("INVITE", function(req) return world:pick(answers)(world, req) end)
  for _, method in ipairs { "MESSAGE", "INFO" } do
    one:on(method, function(req) return world:pick(replies)(world, req) end)
  end
end

--- After an answer: something inside the call, then its end by us or by the other side.
function people.talk(world, call)
  local chance = world.chance
  world.net:sleep(chance:between(0, 4000) / 1000)
  local what = chance:between(1, 4)
  if what == 1 then call:reinvite(world:promise "a further INVITE") end
  if what == 2 then call:request("INFO"):wait(world:promise "an INFO in a call") end
  if what == 3 then call:update(world:promise "an UPDATE") end
  world.net:sleep(chance:between(0, 6000) / 1000)
  if chance:chance(0.7) then call:hangup() end
end

--- A request outside of dialogs.
function people.ask(world, from, to, options)
  from:request(world:pick { "MESSAGE", "OPTIONS", "INFO" }, to, options)
    :wait(world:promise "a request")
end

--- A call that is waited for.
function people.call(world, from, to)
  local told = world:promise "a call"
  from:call(to, { ring = world.chance:between(1, 30) }, function(call, err)
    if told(call, err) then people.talk(world, call) end
  end)
end

--- A call that is given up.
function people.give_up(world, from, to)
  local call = from:start_call(to)
  call:wait(world:promise "a call that is given up")
  world:later(world.chance:between(0, 6000), function() call:hangup() end)
end

return people
