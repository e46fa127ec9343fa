-- SPDX-License-Identifier: MIT
--
-- For specs of a call's verbs: a script with prompts on the test network, and a caller who
-- hears. Each prompt is a sound of its own, made from its name.

local core <const> = require "moonsip.core"
local scratch <const> = require "spec.support.scratch"
local test <const> = require "moonsip.test"
local wave <const> = require "spec.support.wave"

local ivr <const> = {}

local Stage <const> = {}
Stage.__index = Stage

-- Syllables of 120 ms of two frequencies each, like nobody else's.
local function babble(name, seconds)
  local parts <const>, state = {}, core.hash(name, 7)
  for _ = 1, math.floor(seconds / 0.12) do
    state = core.hash(name, state)
    local low <const>, high <const> = 150 + (state & 511), 700 + (state >> 16 & 1023)
    for i = 0, 959 do
      local swell <const> = math.sin(math.pi * i / 960)
      local value <const> = math.sin(2 * math.pi * low * i / 8000)
        + math.sin(2 * math.pi * high * i / 8000)
      parts[#parts + 1] = ("<i2"):pack(math.floor(5000 * swell * value))
    end
  end
  return table.concat(parts)
end

--- The samples of a prompt, 8000 Hz.
---@param name string
---@param seconds number?  1.2
function ivr.samples(name, seconds) return babble(name, seconds or 1.2) end

--- A stage: `script` is the text of a program whose calls run `serve(call, req)`, or all of
--- a program when it has an agent; arg[1] is the folder. Options: prompts (name or { name, seconds }), net, agent
--- (options of its agent, as text), caller (options of the caller).
---@param script string
---@param options table?
function ivr.stage(script, options)
  options = options or {}
  local self <const> = setmetatable({ folder = scratch.folder() }, Stage)
  for _, one in ipairs(options.prompts or { "welcome.wav" }) do
    local name <const> = type(one) == "table" and one[1] or one
    self.folder:write(name, "")
    wave.write(self.folder.path .. "/" .. name, babble(name,
      type(one) == "table" and one[2] or 1.2))
  end
  if not script:find("sip.agent", 1, true) then
    script = ([[
      local sip = require "moonsip"
      local agent = assert(sip.agent { listen = "0.0.0.0:5060", %s })
      local folder = %q
      local function serve(call, req) %s end
      agent:on("INVITE", function(req)
        local call = assert(req:answer())
        return serve(call, req)
      end)
      sip.run()
    ]]):format(options.agent or "", self.folder.path, script)
  end
  self.net = test.net(options.net)
  self.ivr = self.net:load(self.folder:write("ivr.lua", script), "10.0.0.1",
    { self.folder.path })
  self.caller = self.net:agent("sip:alice@example.com", options.caller)
  return self
end

--- Calls it: the caller's call.
---@param target any  the script
---@param options table?
function Stage:call(target, options)
  return assert(self.caller:call(target or self.ivr, options))
end

--- What the script printed, line by line; runs on until it printed that many.
---@param count integer?
---@param within string?  "60s"
function Stage:printed(count, within)
  local until_at <const> = self.net:now() + (within and 60 or 60)
  while count and #self.ivr.output < count and self.net:now() < until_at do
    self.net:advance "100ms"
  end
  return self.ivr.output
end

--- The path of a file in its folder.
function Stage:path(name) return self.folder.path .. "/" .. name end

--- The samples of a recording, and its rate.
function Stage:read(name) return wave.read(self:path(name)) end

function Stage:close()
  self.net:close()
  self.folder:remove()
end

Stage.__close = Stage.close

return ivr
