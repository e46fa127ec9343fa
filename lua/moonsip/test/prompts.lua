-- SPDX-License-Identifier: MIT
-- The prompts of a test network: where a caller finds those that a script plays, and what
-- they are called.

local Prompts = {}

local prompts = {}

--- Gives its verbs to the class of networks.
function prompts.mixin(class)
  for name, method in pairs(Prompts) do class[name] = method end
end

--- Callers look for prompts where the scripts of the network do.
---@param context moonsip.Context  of a script
function Prompts:share_prompts(context)
  for _, folder in ipairs(context.prompts) do table.insert(self.prompt_folders, folder) end
end

--- What a file is called where a script names it: without its folder, or the text that
--- is spoken in it.
---@param path string
---@return string
function Prompts:prompt_name(path)
  for _, context in ipairs(self.contexts) do
    local text = context.speech and context.speech.texts[path]
    if text then return ("%q"):format(text) end
  end
  for _, folder in ipairs(self.prompt_folders) do
    local name = path:sub(1, #folder + 1) == folder .. "/" and path:sub(#folder + 2)
    if name then return name end
  end
  return path
end

return prompts
