-- SPDX-License-Identifier: MIT
--
-- The runner of the suite tells the truth about every way a spec file can end.

local scratch <const> = require "spec.support.scratch"
local sorted <const> = require("pl.tablex").sort

local PASS <const> = [[it("works", function() end)]]

describe("the suite runner", function()
  local folder

  before_each(function() folder = scratch.folder() end)
  after_each(function() folder:remove() end)

  local function run(setting)
    return folder:run(("AGAIN= %s RESULTS=%s/results JOBS=2 .ci/suite %s"):format(
      setting or "CI=", folder.path, folder.path))
  end

  it("sums what the files report and ends with the plain line", function()
    folder:write("a_spec.lua", PASS .. " " .. PASS)
    folder:write("deep/b_spec.lua", PASS)
    folder:write("not_a_test.lua", [[error("must not run")]])
    local output, status = run()
    assert.equal(0, status)
    assert.equal("3 passed, 0 failed", output:match("([^\n]*)\n$"))
  end)

  it("gives a failed file a second run where told to, and says so", function()
    folder:write("flaky_spec.lua", ([[it("works the second time", function()
      local marker = io.open("%s/marker")
      io.open("%s/marker", "w"):close()
      assert.truthy(marker)
    end)]]):format(folder.path, folder.path))
    local output, status = run "AGAIN=1"
    assert.equal(0, status)
    assert.equal("1 passed, 0 failed", output:match("([^\n]*)\n$"))
    assert.truthy(output:find("FAILED  works the second time", 1, true), output)
    assert.truthy(output:find("flaky_spec.lua: once more", 1, true), output)
    os.remove(folder.path .. "/marker")
    output, status = run "AGAIN="
    assert.equal(1, status)
    assert.equal("0 passed, 1 failed", output:match("([^\n]*)\n$"))
    folder:write("always_spec.lua", [[it("is wrong", function() assert.equal(1, 2) end)]])
    output, status = run "AGAIN=1"
    assert.equal(1, status)
    assert.equal("1 passed, 1 failed", output:match("([^\n]*)\n$"))
  end)

  for name, case in sorted {
    ["a failed test"] = { [[it("is wrong", function() assert.equal(1, 2) end)]],
      "1 passed, 1 failed", "FAILED  is wrong" },
    ["an error in a test"] = { [[it("breaks", function() error("broken wheel") end)]],
      "1 passed, 1 failed", "broken wheel" },
    ["an error outside of tests"] = { [[describe("x", function() error("no axle") end)]],
      "1 passed, 1 failed", "no axle" },
    ["a syntax error"] = { [[it("oops", function()]], "1 passed, 1 failed", "expected" },
    ["an exit in a test"] = { [[it("leaves", function() os.exit(0) end)]],
      "1 passed, 1 failed", "ended without a result, status 0" },
    ["a crash"] = { [[it("falls", function() os.execute("kill -SEGV $PPID") end)]],
      "1 passed, 1 failed", "ended without a result, status 139" },
    ["a crash after the last test"] = {
      [[it("is fine", function() end)
        setmetatable({}, { __gc = function() os.execute("kill -ABRT $PPID") end })]],
      "2 passed, 1 failed", "status 134 after its last test" },
    ["a file without a test"] = { "", "1 passed, 1 failed", "has no test" },
    ["a test that hangs"] = { [[it("hangs", function() while true do end end)]],
      "1 passed, 1 failed",
      "no end after 2 seconds", "LIMIT=2" },
  } do
    it("counts " .. name .. " as a failure, exits 1 and shows why", function()
      folder:write("good_spec.lua", PASS)
      folder:write("bad_spec.lua", case[1])
      local output, status = run(case[4])
      assert.equal(1, status)
      assert.equal(case[2], output:match("([^\n]*)\n$"))
      assert.truthy(output:find(case[3], 1, true), output)
    end)
  end

  it("counts a skipped test, which CI takes as a failure", function()
    folder:write("a_spec.lua", PASS .. [[ pending("later", function() end)]])
    local output, status = run()
    assert.equal(0, status)
    assert.equal("1 passed, 0 failed, 1 skipped", output:match("([^\n]*)\n$"))
    output, status = run("CI=true")
    assert.equal(1, status)
    assert.equal("1 passed, 1 failed", output:match("([^\n]*)\n$"))
  end)

  it("fails when there is nothing to run", function()
    local output, status = run()
    assert.equal(1, status)
    assert.truthy(output:find("no spec file", 1, true))
  end)
end)
