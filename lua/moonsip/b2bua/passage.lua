-- SPDX-License-Identifier: MIT
-- Session descriptions that go through a B2BUA from one leg to the other. Media lines stay
-- as they are, but o= is this leg's own: its version counts what this leg was sent
-- (RFC 3264 8), from whichever leg or carrier that came.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local plan = require "moonsip.plan"

---@class moonsip.Passage
---@field private agent moonsip.Agent
---@field private policy moonsip.Policy
---@field private towards "callee"|"caller"
---@field private origin string    the value of o= up to the version
---@field private place string     and behind it
---@field private version integer
---@field private rest string|false  of the last description
local Passage = {}
Passage.__index = Passage

local passage = {}

-- What tells of the sender's host or program, and of nothing else.
local telling <const> = { "i", "u", "e", "p" }

--- "IN IP4 192.0.2.1", where o= is to say that we are.
local function place_of(agent)
  local host = plan.own_host(agent):gsub("[%[%]]", "")
  if host:find(":", 1, true) then return "IN IP6 " .. host end
  return "IN IP4 " .. (host:find "^[%d%.]+$" and host or "0.0.0.0")
end

--- The passage to one leg.
---@param agent moonsip.Agent
---@param policy moonsip.Policy
---@param towards "callee"|"caller"
---@return moonsip.Passage
function passage.new(agent, policy, towards)
  return setmetatable({
    agent = agent, policy = policy, towards = towards, version = 0, rest = false,
    place = " " .. place_of(agent), origin = ("- %d "):format(agent:session_number()),
  }, Passage)
end

local function unfit(reason)
  return nil, errors.new("media", reason, { code = 488 })
end

--- Leaves the wanted codecs in the audio of an offer, and digits; false: none is there.
local function keep_codecs(object, wanted)
  local allowed = { ["telephone-event"] = true, CN = true }
  for _, name in ipairs(wanted) do allowed[name:upper()] = true end
  for _, medium in ipairs(object.media) do
    if medium.type:lower() == "audio" and medium.port ~= 0 then
      local kept, has_voice = {}, false
      for _, codec in ipairs(medium.codecs) do
        local name = codec.name
        if allowed[name] or allowed[name:upper()] then
          kept[#kept + 1] = tostring(codec.payload_type)
          has_voice = has_voice or name ~= "telephone-event" and name ~= "CN"
        end
      end
      if not has_voice then return false end
      medium.formats = kept
    end
  end
  return true
end

local function hide(object)
  object.name = "-"
  for _, letter in ipairs(telling) do object:set_line(letter, nil) end
  object.attributes["tool"] = nil
end

--- As the script's function leaves it. One that raises is told of, as a handler is.
local function edit(self, object)
  local fn, trace = self.policy.edit, nil
  local ok, made = xpcall(fn, function(err)
    trace = debug.traceback(tostring(err), 2)
    return err
  end, object, self.towards)
  if ok and made == nil then made = object end
  if ok and type(made) == "userdata" then made = tostring(made) end
  if type(made) == "string" and core.sdp(made) then return made end
  if not ok then self.agent:handler_failed(fn, made, trace, nil) end
  return nil, errors.new("invalid", "the description could not be edited", { code = 500 })
end

--- A description as the policy wants it.
local function change(self, text)
  local object, err = core.sdp(text)
  if not object then return unfit(err.reason) end
  local policy = self.policy
  if policy.codecs and not keep_codecs(object, policy.codecs) then
    return unfit "none of the codecs is allowed here"
  end
  if policy.hide then hide(object) end
  if policy.edit then return edit(self, object) end
  return tostring(object)
end

--- What was sent to this leg before descriptions went through: o= goes on from there.
local function follow(self, last)
  local before, version, place = last:match "\no=(%S+ %S+ )(%d+)( [^\r\n]*)"
  if not before then return end
  self.origin, self.version, self.place = before, math.tointeger(version), place
  self.rest = ""
end

--- A description of the other leg's as this one gets it.
---@param text string
---@param last string?  what this leg was sent last, if that was our own
---@return string? text
---@return moonsip.Error? err  media, 488; invalid, 500
function Passage:write(text, last)
  local policy = self.policy
  if policy.codecs or policy.hide or policy.edit then
    local changed, err = change(self, text)
    if not changed then return nil, err end
    text = changed
  end
  local first, behind = core.sdp_origin(text)
  if not first then return unfit(behind.reason) end
  if last and not self.rest then follow(self, last) end
  local rest = text:sub(behind + 1)
  if rest ~= self.rest then self.version, self.rest = self.version + 1, rest end
  return text:sub(1, first - 1) .. self.origin .. self.version .. self.place .. rest
end

return passage
