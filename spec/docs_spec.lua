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
    local named, real = {}, {}
    for _, noun in ipairs(rows()) do named[noun] = true end
    for _, noun in ipairs(files()) do real[noun] = true end
    for noun in pairs(real) do assert.is_true(named[noun], noun .. " is not in the map") end
    for noun in pairs(named) do assert.is_true(real[noun], noun .. " is no file") end
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

-- Lua snippets of a page.
local function snippets(path)
  local found = {}
  for code in read(path):gmatch "\n```lua\n(.-)\n```" do found[#found + 1] = code end
  return found
end

local PAGES <const> = list "ls README.md docs/*.md csrc/README.md examples/README.md"

describe("every page", function()
  for _, path in ipairs(PAGES) do
    it(path .. " has Lua that compiles and links that lead somewhere", function()
      for _, code in ipairs(snippets(path)) do
        assert(load(code, "=" .. path))
      end
      local folder = path:match "^(.*/)" or ""
      for link in read(path):gmatch "%]%(([^)#:]+)#?[^):]*%)" do
        assert.equal(0, #list(("[ -e %s%s ] || echo missing"):format(folder, link)), link)
      end
      for anchor in read(path):gmatch "%]%(([%w_/.]*#[%w-]+)%)" do
        local page, name = anchor:match "^(.-)#(.*)$"
        local headings = {}
        for line in io.lines(page == "" and path or folder .. page) do
          local heading = line:match "^#+ (.*)$"
          if heading then
            headings[heading:lower():gsub("[^%w%- ]", ""):gsub(" ", "-")] = true
          end
        end
        assert.is_true(headings[name], anchor)
      end
    end)
  end
end)

describe("README.md", function()
  local test <const> = require "moonsip.test"
  local scratch <const> = require "spec.support.scratch"

  it("begins with a script that answers a call, plays, listens, and hangs up", function()
    local folder <close> = scratch.folder()
    local path = folder:write("first.lua", snippets("README.md")[1])
    folder:run("cp -r examples/prompts " .. folder.path)
    local net <close> = test.net()
    local first = net:load(path, "127.0.0.1")
    local alice = net:agent "sip:alice@example.com"
    local call = assert(alice:call(first))
    assert.equal("connected", call.state)
    assert.is_true(first:printed "^call from%s+sip:alice@example.com")
    assert(alice:hears "welcome.wav")
    assert(alice:press "5")
    assert(alice:hears { say = "you pressed 5" })
    net:settle()
    assert.equal("ended", call.state)
    assert(alice:call(first))
    assert(alice:hears "goodbye.wav")
  end)

  it("tests a script as it says", function()
    local code = snippets("README.md")[2]
    assert.truthy(code:find("moonsip.test", 1, true))
    assert(load(code, "=README.md", "t", setmetatable({ print = function() end },
      { __index = _G })))()
  end)

  it("names make targets that there are", function()
    local makefile = read "Makefile"
    for target in read("README.md"):gmatch "make ([%l-]+) " do
      assert.truthy(makefile:find("\n" .. target .. ":", 1, true), target)
    end
    for target in makefile:match("define HELP(.-)endef"):gmatch "\nmake ([%l-]+)" do
      assert.truthy(makefile:find("\n" .. target .. ":", 1, true), target)
    end
  end)
end)

describe("docs/cli.md", function()
  it("has every command with every option, and no other", function()
    local text, real, described = read "docs/cli.md", {}, {}
    for _, name in ipairs(list "ls lua/moonsip/cli/*.lua") do
      local ok, command = pcall(require, "moonsip.cli." .. name:match "([%w_]+)%.lua$")
      if ok and type(command) == "table" and command.usage then
        assert.truthy(text:find("## moonsip " .. command.name, 1, true), command.name)
        for _, option in ipairs(command.options) do real[option[1]] = true end
      end
    end
    for row in text:gmatch "\n| (`%-[^|]*) |" do
      for option in row:gmatch "`(%-%-[%w-]+)" do described[option] = true end
    end
    assert.same(real, described)
  end)
end)

describe("examples/", function()
  local examples <const> = list "ls examples/*.lua"

  it("has scripts that the suite runs, each of them", function()
    assert.is_true(#examples > 0)
    for _, path in ipairs(examples) do
      local name = path:match "([^/]+)%.lua$"
      local users = list(("grep -rlF %s spec/examples spec/interop"):format(name))
      assert.is_true(#users > 0, path .. " is run by no spec")
    end
  end)

  it("has numbers of their own, and each its row in the table", function()
    local text, seen, rows = read "examples/README.md", {}, 0
    for _, path in ipairs(examples) do
      local name, number = path:match "([^/]+)%.lua$", path:match "/(%d+)_"
      assert.is_nil(seen[number], number)
      seen[number] = true
      assert.truthy(text:find(("\n| [%s](%s.lua) |"):format(name, name), 1, true), name)
    end
    for _ in text:gmatch "\n| %[" do rows = rows + 1 end
    assert.equal(#examples, rows)
  end)
end)
