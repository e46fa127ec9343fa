-- SPDX-License-Identifier: MIT
-- What the verbs of a call's sound have in common: when they can begin, what their prompts
-- are, and what an end that has nothing to do with them gives.

local errors = require "moonsip.errors"
local prompt = require "moonsip.prompt"
local sound_of = require "moonsip.sound"

local verb = {}

--- Why no verb can run in a call now; nil when one can.
---@param call moonsip.Call
---@return moonsip.Error?
function verb.trouble(call)
  if call.state == "ended" then return call.why end
  if call.sound then return call.sound:trouble() end
  return errors.new("media", call.agent.media and
    "the call has no audio yet: answer it, or use call:early" or "the agent has no media")
end

--- The sound that a verb runs in; nil when it cannot, and `one` is resolved.
---@param one moonsip.Wait
---@param call moonsip.Call
---@return moonsip.Sound?
function verb.sound(one, call)
  local trouble = verb.trouble(call)
  if trouble then
    one:resolve(nil, trouble)
    return nil
  end
  return call.sound
end

--- Puts a verb that speaks in line, fetches its prompts, and runs it.
---@param one moonsip.Wait
---@param call moonsip.Call
---@param method string   of core.media
---@param items table[]   of prompt.items
---@param options table   beside the program
---@param finish fun(one: moonsip.Wait, why: string, info: table)
function verb.speak(one, call, method, items, options, finish)
  local sound = verb.sound(one, call)
  if not sound then return end
  call:keep_wait(one)
  local ready = sound:queue(one)
  prompt.fetch(sound, items, function(program, err)
    ready(function()
      if one.resolved then return end
      if err then return one:resolve(nil, err) end
      for name, value in pairs(options) do program[name] = value end
      sound:run(one, method, program, finish)
    end)
  end)
end

--- The end of a verb that was stopped, or whose session was closed.
---@param one moonsip.Wait
---@param call moonsip.Call
---@param why string  of core.media
function verb.resolve_other(one, call, why)
  if why == "closed" then
    return one:resolve(nil, call.why or errors.new("gone", "the call has no sound any more"))
  end
  return one:resolve(nil, sound_of.stopped())
end

--- What a prompt is called in the log.
---@param items table[]
---@return string
function verb.text(items)
  local texts = {}
  for at, one in ipairs(items) do
    texts[at] = one.file or one.tone or one.say and ("%q"):format(one.say.text) or "silence"
    if at == 4 and items[5] then
      texts[at] = "..."
      break
    end
  end
  return table.concat(texts, ", ")
end

return verb
