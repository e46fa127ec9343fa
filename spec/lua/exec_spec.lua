-- SPDX-License-Identifier: MIT
--
-- sip.exec, on the virtual clock: programs are real, and take no time.

local test <const> = require "moonsip.test"

describe("sip.exec", function()
  local net, sip
  before_each(function()
    net = test.net()
    sip = net:load("spec/test/scripts/words.lua", "10.0.0.1").sip
  end)
  after_each(function() net:close() end)

  -- Runs fn as a task of the script, to its end.
  local function task(fn)
    local done
    sip.go(function() done = table.pack(fn()) end)
    net:advance "1m"
    return table.unpack(done, 1, done.n)
  end

  it("waits for a program and gives what it wrote", function()
    assert.same({ "HELLO", "" }, { task(function()
      return sip.exec({ "tr", "a-z", "A-Z" }, { input = "hello" })
    end) })
  end)

  it("gives what it wrote to standard error beside that", function()
    assert.same({ "out\n", "err\n" }, { task(function()
      return sip.exec { "sh", "-c", "echo out; echo err >&2" }
    end) })
  end)

  it("calls a function that is its last argument", function()
    local got
    local one = sip.exec({ "echo", "hi" }, function(output) got = output end)
    assert.is_function(one.cancel)
    net:advance "1s"
    assert.equal("hi\n", got)
  end)

  it("gives an error for a program that fails", function()
    local output, err = task(function()
      return sip.exec { "sh", "-c", "echo half; echo 'no such voice' >&2; exit 4" }
    end)
    assert.is_nil(output)
    assert.same({ "io", 4, 0, "half\n" }, { err.kind, err.status, err.signal, err.output })
    assert.equal("io: sh ended with status 4: no such voice", tostring(err))
  end)

  it("gives an error for one that is killed", function()
    local _, err = task(function() return sip.exec { "sh", "-c", "kill -9 $$" } end)
    assert.equal("io: sh killed by signal 9", tostring(err))
  end)

  it("names a program that is not there", function()
    local _, err = task(function() return sip.exec { "moonsip-no-such-program" } end)
    assert.equal("notfound", err.kind)
    assert.truthy(tostring(err):find("moonsip-no-such-program", 1, true))
  end)

  it("names one that wrote too much", function()
    local _, err = task(function()
      return sip.exec({ "yes" }, { max_output = 1000 })
    end)
    assert.equal("limit", err.kind)
    assert.truthy(tostring(err):find "^limit: yes: ")
  end)

  it("takes an environment and a folder", function()
    assert.equal("/ x\n", (task(function()
      return sip.exec({ "/bin/sh", "-c", 'echo "$PWD $A"' },
        { env = { A = "x" }, folder = "/" })
    end)))
  end)

  it("refuses wrong arguments where they are given", function()
    for bad, why in pairs {
      [{}] = "the list is empty", [{ 1 }] = "string expected", [{ "a\0" }] = "NUL in a word",
    } do
      local _, err = pcall(function() sip.exec(bad) end)
      assert.truthy(err:find("^spec/lua/exec_spec.lua:%d+: .*" .. why), err)
    end
    assert.error_matches(function() sip.exec "true" end, "bad argument 'command'")
    assert.error_matches(function() sip.exec({ "true" }, { shell = true }) end,
      "bad argument 'shell' to 'sip.exec' %(no such option%)")
    assert.error_matches(function() sip.exec({ "true" }, { timeout = "soon" }) end, "timeout")
    assert.error_matches(function() sip.exec({ "true" }, { max_output = 0 }) end,
      "integer from 1")
  end)
end)

describe("sip.exec on the real clock", function()
  local scratch <const> = require "spec.support.scratch"
  local command <const> = (os.getenv "BUILD" or "build") .. "/bin/moonsip run "

  local function run(text)
    local folder <close> = scratch.folder()
    return folder:run(command .. folder:write("script.lua", text) .. "\n")
  end

  it("goes on with other tasks while a program runs", function()
    local output = run [[
      local sip = require "moonsip"
      local job = sip.go(function() return sip.exec { "sh", "-c", "read line; echo $line" } end)
      local fed = sip.go(function() return sip.exec({ "cat" }, { input = "fed" }) end)
      print(fed:wait(), job:wait())
    ]]
    assert.truthy(output:find "fed", output)
  end)

  it("kills a program at its time-out, and when its task is cancelled", function()
    local output = run [[
      local sip = require "moonsip"
      local output, err = sip.exec({ "sleep", "1000" }, { timeout = "50ms" })
      print(output, err)
      local job = sip.go(function() return select(2, sip.exec { "sleep", "1000" }) end)
      sip.sleep "10ms"
      job:cancel()
      print(job:wait())
    ]]
    assert.truthy(output:find("nil\ttimeout: 408 sleep did not end within 0.05 s\n", 1, true),
      output)
    assert.truthy(output:find("cancelled", 1, true), output)
  end)
end)
