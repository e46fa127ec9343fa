-- SPDX-License-Identifier: MIT
--
-- `make fuzz` and `make bench` fail when they should: their runners, with programs
-- of one line in the place of fuzz targets and benchmarks.

local scratch <const> = require "spec.support.scratch"

describe("a runner", function()
  local folder

  before_each(function() folder = scratch.folder() end)
  after_each(function() folder:remove() end)

  local function program(name, text)
    local path = folder:write(name, "#!/bin/sh\n" .. text .. "\n")
    assert(os.execute("chmod +x " .. path))
  end

  local function fuzz()
    return folder:run(("BUILD=%s JOBS=1 .ci/fuzz"):format(folder.path))
  end

  local function bench()
    return folder:run(("BUILD=%s .ci/bench %s/bench"):format(folder.path, folder.path))
  end

  local GOOD <const> = "echo stat::number_of_executed_units: 7"

  it("of fuzz targets runs each and passes when none finds anything", function()
    program("bin/fuzz-uri", GOOD)
    program("bin/fuzz-via", GOOD)
    folder:write("bin/fuzz-via.d", "not a target")
    local output, status = fuzz()
    assert.equal(0, status, output)
    assert.truthy(output:find "uri%s+ok, 7 inputs")
    assert.truthy(output:find "via%s+ok, 7 inputs")
  end)

  it("of fuzz targets fails on a finding, and shows it", function()
    program("bin/fuzz-uri", GOOD)
    program("bin/fuzz-via", GOOD .. "; echo heap-buffer-overflow; exit 77")
    local output, status = fuzz()
    assert.equal(1, status)
    assert.truthy(output:find("heap-buffer-overflow", 1, true))
  end)

  it("of fuzz targets fails when one tried nothing, or there is none", function()
    program("bin/fuzz-uri", "true")
    local _, status = fuzz()
    assert.equal(1, status)
    assert(os.remove(folder.path .. "/bin/fuzz-uri"))
    _, status = fuzz()
    assert.equal(1, status)
  end)

  it("of benchmarks counts goals that were met", function()
    program("bench/parser/run", "echo 'parser 1.2 us, goal 2 us: met'")
    program("bench/timer/run", "echo 'timer 1.1, goal 1.2: met'")
    local output, status = bench()
    assert.equal(0, status, output)
    assert.equal("2 met, 0 missed", output:match "([^\n]*)\n$")
  end)

  for title, text in pairs {
    ["a miss"] = "echo 'parser 3 us, goal 2 us: missed'; exit 1",
    ["a miss with status 0"] = "echo 'parser 3 us, goal 2 us: missed'",
    ["a benchmark that breaks"] = "exit 3",
  } do
    it("of benchmarks fails on " .. title, function()
      program("bench/parser/run", text)
      program("bench/timer/run", "echo 'timer 1.1, goal 1.2: met'")
      local output, status = bench()
      assert.equal(1, status, output)
    end)
  end

  it("of benchmarks fails when there is none", function()
    local _, status = bench()
    assert.equal(1, status)
  end)
end)
