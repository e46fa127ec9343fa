-- SPDX-License-Identifier: MIT
--
-- The interpreter of `make asan` and `make gc` (spec/host/lua.c) behaves as lua5.4
-- does, and its collectors are as hostile as they claim.

local scratch <const> = require "spec.support.scratch"

describe("the interpreter of the suite", function()
  local folder, host

  setup(function()
    folder = scratch.folder()
    host = folder.path .. "/bin/lua"
    local make <const> = "env -u MAKEFLAGS make BUILD=%s HOST=1 SANITIZE= %s"
    local output, status = folder:run(make:format(folder.path, host))
    assert(status == 0, output)
  end)
  teardown(function() folder:remove() end)

  local function run(code, setting)
    local path <const> = folder:write("script.lua", code)
    return folder:run(("%s %s %s one two"):format(setting or "", host, path))
  end

  it("runs a script with its arguments", function()
    local output, status = run "print(arg[0] ~= nil, arg[1], arg[2], ...)"
    assert.equal("true\tone\ttwo\tone\ttwo\n", output)
    assert.equal(0, status)
  end)

  it("runs the code of -e with the arguments", function()
    assert.equal("x\n", (folder:run(host .. " -e 'print(arg[1]) os.exit(0)' - x")))
  end)

  it("shows an error with its traceback and exits 1", function()
    local output, status = run "local function f() error('broken', 0) end f()"
    assert.truthy(output:find "^lua: broken\nstack traceback:")
    assert.truthy(output:find("script.lua:1", 1, true))
    assert.equal(1, status)
  end)

  it("shows a syntax error and exits 1", function()
    local output, status = run "local ="
    assert.truthy(output:find("script.lua:1: <name> expected", 1, true), output)
    assert.equal(1, status)
  end)

  for _, mode in ipairs { "incremental", "generational", "emergency" } do
    it("collects much more often with GC=" .. mode, function()
      local code <const> = [[
        local weak = setmetatable({}, { __mode = "k" })
        for i = 1, 2000 do weak[{}] = ("x"):rep(i) end
        local live = 0
        for _ in pairs(weak) do live = live + 1 end
        print(live)
      ]]
      local lazy <const> = tonumber((run("collectgarbage('stop')" .. code)))
      local live <const> = tonumber((run(code, "GC_EVERY=50 GC=" .. mode)))
      assert.equal(2000, lazy)
      assert.is_true(live < 500, live)
    end)
  end

  it("leaves results as they are with GC=emergency at every second object", function()
    local output, status = run([[
      local parts = {}
      for i = 1, 300 do parts[i] = tostring(i) .. ("y"):rep(i % 50) end
      print(#table.concat(parts, ","))
    ]], "GC=emergency GC_EVERY=2")
    assert.equal("8441\n", output)
    assert.equal(0, status)
  end)
end)
