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

  for title, setting in pairs { ["every optional library"] = "", ["none"] = "OPTIONAL=" } do
    it("are shell, with " .. title, function()
      local wanted = targets()
      assert.is_true(#wanted > 10)
      local output, status = folder:run(("make -n %s %s MAKE=true >%s/recipes && sh -n %s/recipes")
        :format(table.concat(wanted, " "), setting, folder.path, folder.path))
      assert.equal(0, status, output)
    end)
  end
end)
