-- SPDX-License-Identifier: MIT
--
-- What make runs is shell that a shell can read: a comma in a text of $(if ...) ends it,
-- which shows only where that branch is taken.

local scratch <const> = require "spec.support.scratch"

local function targets()
  local file <close> = assert(io.open "Makefile")
  local names = file:read "a":match "%.PHONY:(.-[^\\])\n"
  local found = {}
  for name in names:gsub("\\\n", " "):gmatch "%S+" do
    if name ~= "help" then found[#found + 1] = name end -- a text
  end
  return found
end

describe("the recipes of the Makefile", function()
  local folder

  before_each(function() folder = scratch.folder() end)
  after_each(function() folder:remove() end)

  for _, target in ipairs(targets()) do
    it("of " .. target .. " are shell, with every optional library and with none", function()
      for _, setting in ipairs { "", "OPTIONAL=" } do
        local output, status = folder:run(("make -n %s %s MAKE=true >%s/recipe && sh -n %s/recipe")
          :format(target, setting, folder.path, folder.path))
        assert.equal(0, status, output)
      end
    end)
  end
end)
