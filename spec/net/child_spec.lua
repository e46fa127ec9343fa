-- SPDX-License-Identifier: MIT
--
-- Programs beside the loop: real ones, on a loop of the core.

local core <const> = require "moonsip.core"

local limit <const> = 1 << 20

describe("loop:spawn", function()
  local loop
  before_each(function() loop = core.loop() end)
  after_each(function() loop:close() end)

  -- Runs a program to its end and returns what was told of it.
  local function run(program)
    program.output_max = program.output_max or limit
    local told
    local id, err = loop:spawn(program, function(...) told = table.pack(...) end)
    if not id then return nil, err end
    while not told and loop:step(10000) do end
    assert.same(0, loop:counts().children)
    return table.unpack(told, 1, told.n)
  end

  local function shell(text, more)
    local program = { "/bin/sh", "-c", text }
    for name, value in pairs(more or {}) do program[name] = value end
    return run(program)
  end

  it("tells what a program wrote, and how it ended", function()
    assert.same({ "out\n", "err\n", 3, 0 }, { shell "echo out; echo err >&2; exit 3" })
  end)

  it("looks for the program on the PATH, and hands words over as they are", function()
    assert.equal("a b|'$HOME'|\n", (run { "printf", "%s|%s|\n", "a b", "'$HOME'" }))
  end)

  it("names a program that does not exist", function()
    local id, err = run { "moonsip-no-such-program" }
    assert.is_nil(id)
    assert.equal("ENOENT", err.name)
    assert.equal(0, loop:counts().children)
  end)

  it("gives an input that is larger than a pipe, and takes as much back", function()
    local text = ("0123456789abcdef"):rep(16384)
    assert.equal(text, (run { "cat", input = text }))
  end)

  it("survives a program that does not read its input", function()
    local text = ("x"):rep(1 << 20)
    local output, _, status = run { "true", input = text }
    assert.same({ "", 0 }, { output, status })
  end)

  it("runs in the folder and with the environment given", function()
    assert.equal("/\n", (run { "pwd", folder = "/" }))
    assert.equal("A=1\n", (run { "env", environment = { "A=1" } }))
    assert.equal("ENOENT", select(2, run { "pwd", folder = "/moonsip/no/such" }).name)
  end)

  it("tells of the signal that ended a program", function()
    local _, _, status, signal = shell "kill -TERM $$"
    assert.same({ 0, 15 }, { status, signal })
  end)

  it("kills a program that writes more than it may, at the first byte too many", function()
    assert.equal("abcd", (run { "printf", "abcd", output_max = 4 }))
    local output, err = run { "printf", "abcde", output_max = 4 }
    assert.is_nil(output)
    assert.equal("LIMIT", err.name)
    output, err = run { "yes", output_max = 100000 }
    assert.is_nil(output)
    assert.equal("limit", err.kind)
  end)

  it("keeps the beginning of standard error", function()
    local _, text = shell "yes 0123456 | head -c 100000 >&2"
    assert.equal(8192, #text)
    assert.equal("0123456\n", text:sub(1, 8))
  end)

  it("kills a program with all it started", function()
    local told
    local id = assert(loop:spawn({ "/bin/sh", "-c", "echo $$; sleep 1000 & sleep 1000",
      output_max = limit }, function(...) told = table.pack(...) end))
    assert.is_true(loop:kill(id))
    while not told and loop:step(10000) do end
    assert.equal(9, told[4])
    local _, err = loop:kill(id)
    assert.equal("GONE", err.name)
  end)

  it("does not wait for what a daemon holds open", function()
    local output, _, status = shell "echo begun; sleep 1000 & echo $!"
    local daemon = output:match "^begun\n(%d+)\n$"
    assert.truthy(daemon)
    assert.equal(0, status)
    os.execute("kill " .. daemon)
  end)

  it("runs many at a time, and no more than 256", function()
    local ended = 0
    for _ = 1, 256 do
      assert(loop:spawn({ "true", output_max = limit }, function() ended = ended + 1 end))
    end
    local id, err = loop:spawn({ "true", output_max = limit }, error)
    assert.is_nil(id)
    assert.equal("LIMIT", err.name)
    while ended < 256 and loop:step(10000) do end
    assert.equal(256, ended)
    assert.equal(0, loop:counts().children)
  end)

  it("kills what runs when the loop is closed", function()
    local other = core.loop()
    assert(other:spawn({ "/bin/sh", "-c", "echo $$ >&2; exec sleep 1000", output_max = limit },
      error))
    other:close()
    local pipe <close> = io.popen "ps -o ppid= -C sleep"
    local own = tostring(require "luv".os_getpid() // 1 | 0)
    for parent in pipe:lines() do assert.not_equal(own, parent:match "%d+") end
  end)

  it("does not leave a descriptor open, nor hand one down", function()
    local function count()
      local pid = require "luv".os_getpid() // 1 | 0
      local pipe <close> = io.popen("ls /proc/" .. pid .. "/fd | wc -l")
      return tonumber(pipe:read "a")
    end
    run { "true" }
    loop:step(0)
    local before = count()
    for _ = 1, 10 do run { "true" } end
    loop:step(0)
    -- Others in this process may open or close one meanwhile; a leak would be ten.
    local after = count()
    assert.is_true(after < before + 10, after)
    local listing = run { "ls", "/proc/self/fd" }
    assert.equal("0\n1\n2\n3\n", listing) -- 3 is the folder that ls reads
  end)

  it("can close its loop when it is told", function()
    local told
    local own = core.loop()
    own:spawn({ "true", output_max = limit }, function() told = true; own:close() end)
    while not told and own:step(10000) do end
    assert.is_true(told)
  end)

  it("is whole, or not at all, when memory fails at any allocation", function()
    local text, whole = ("x"):rep(100000), 0
    for n = 1, 40 do
      loop:fail_allocation(n)
      local output, err = run { "cat", input = text }
      loop:fail_allocation(0)
      if output then
        assert.equal(text, output)
        whole = whole + 1
      else
        assert.equal("MEMORY", err.name)
      end
      assert.equal(text, (run { "cat", input = text }))
    end
    assert.is_true(whole > 0 and whole < 40)
  end)

  it("refuses what is no program", function()
    for _, bad in ipairs { {}, { 1 }, { "a\0b" }, { "true", environment = 1 },
                           { "true", output_max = 0 } } do
      bad.output_max = bad.output_max or limit
      assert.has_error(function() loop:spawn(bad, print) end)
    end
    assert.has_error(function() loop:spawn({ "true", output_max = limit }) end)
  end)
end)
