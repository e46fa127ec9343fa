-- SPDX-License-Identifier: MIT
-- The prompts of a test network: where a caller finds those that a script plays, and what
-- they are called.

local Prompts = {}

local prompts = {}

--- Gives its verbs to the class of networks.
function prompts.mixin(class)
  for name, method in pairs(Prompts) do class[name] = method end
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

--- The file of a prompt: as it is named, else where the scripts look for theirs.
---@param name string
---@return string
function Prompts:find_prompt(name)
  if exists(name) then return name end
  for _, context in ipairs(self.contexts) do
    for _, folder in ipairs(context.prompts or {}) do
      local path = folder .. "/" .. name
      if exists(path) then return path end
    end
  end
  return name
end

--- What a file is called where a script names it: without its folder, or the text that
--- is spoken in it.
---@param path string
---@return string
function Prompts:prompt_name(path)
  for _, context in ipairs(self.contexts) do
    local text = context.speech and context.speech.texts[path]
    if text then return ("%q"):format(text) end
    for _, folder in ipairs(context.prompts or {}) do
      local name = path:sub(1, #folder + 1) == folder .. "/" and path:sub(#folder + 2)
      if name then return name end
    end
  end
  return path
end

return prompts
