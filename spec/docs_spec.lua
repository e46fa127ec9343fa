-- SPDX-License-Identifier: MIT
--
-- What the documents say is so: files, commands, snippets, examples and names.

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function list(command)
  local pipe <close> = assert(io.popen("{ " .. command .. "; } 2>/dev/null"))
  local found = {}
  for line in pipe:lines() do found[#found + 1] = line end
  return found
end

describe("csrc/README.md", function()
  -- "base/uri" for the row of `uri` under a heading that begins with base.
  local function rows()
    local found, folder = {}, nil
    for line in io.lines "csrc/README.md" do
      folder = line:match "^### (%w+)" or not line:find "^## " and folder
      local noun = folder and line:match "^| `([%w_]+)` |"
      if noun then
        found[#found + 1] = folder .. "/" .. noun
      end
    end
    return found
  end

  local function files()
    local found, seen = {}, {}
    for _, path in ipairs(list "ls csrc/*/*.[ch]") do
      local noun = path:match "^csrc/(%w+/[%w_]+)%."
      if not seen[noun] then found[#found + 1] = noun end
      seen[noun] = true
    end
    return found
  end

  it("has each file in its map, and nothing else there", function()
    local named, real = rows(), files()
    table.sort(named)
    table.sort(real)
    assert.same(real, named)
  end)

  it("names folders, files and functions that exist", function()
    local text = read "csrc/README.md"
    for name in text:gmatch "`((%l+_[%l_]+))`" do
      local found = #list(("ls csrc/*/%s.*; grep -rlw --include=*.[ch] %s csrc")
        :format(name, name)) > 0
      assert.truthy(found, name)
    end
    for path in text:gmatch "`([%w_.]+/[%w_./]+%.%w+)`" do
      local found = io.open(path) or io.open("csrc/" .. path)
      assert.truthy(found, path)
      found:close()
    end
  end)
end)
