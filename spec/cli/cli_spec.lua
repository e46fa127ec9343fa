-- SPDX-License-Identifier: MIT
--
-- The moonsip command: what it says of itself and of wrong command lines.

local program <const> = require "spec.support.program"

describe("moonsip", function()
  for _, words in ipairs { { "--help" }, { "-h" }, { "help" } } do
    it("tells its commands: " .. words[1], function()
      local status, out, err = program.run(words)
      assert.equal(0, status)
      assert.equal("", err)
      for _, name in ipairs { "run", "ping", "send", "version" } do
        assert.truthy(out:find("\n  " .. name .. " ", 1, true), out)
      end
    end)
  end

  for _, name in ipairs { "run", "ping", "send", "version" } do
    it("explains " .. name .. " in lines that fit a terminal", function()
      local status, out = program.run { name, "--help" }
      assert.equal(0, status)
      assert.truthy(out:find("^usage: moonsip " .. name))
      for line in out:gmatch "[^\n]+" do assert.is_true(#line <= 90, line) end
      local _, again = program.run { "help", name }
      assert.equal(out, again)
    end)
  end

  it("says its version, which is the rock's", function()
    for _, words in ipairs { { "version" }, { "--version" } } do
      local status, out = program.run(words)
      assert.equal(0, status)
      local version = assert(out:match "^moonsip (%S+) %(Lua 5%.4%)\n$")
      local path = ("rockspec/moonsip-%s-1.rockspec"):format(version)
      local rock <close> = assert(io.open(path))
      assert.truthy(rock:read "a":find(('version = "%s-1"'):format(version), 1, true))
    end
  end)

  for name, case in pairs {
    ["no command"] = { {}, "usage: moonsip COMMAND" },
    ["an unknown command"] = { { "fly" }, 'there is no command "fly"' },
    ["an unknown option"] = { { "ping", "--speed", "9", "sip:a" },
      "there is no option --speed" },
    ["an option without its value"] = { { "ping", "sip:a", "--count" },
      "--count needs a value" },
    ["a value for a flag"] = { { "ping", "--json=1", "sip:a" }, "--json takes no value" },
    ["a count that is no number"] = { { "ping", "-c", "x", "sip:a" },
      "--count: a whole number" },
    ["a span that is none"] = { { "ping", "-W", "soon", "sip:a" }, "--timeout: " },
    ["a header without colon"] = { { "send", "-H", "X", "FOO", "sip:a" },
      '"Name: value" expected' },
    ["ping without URI"] = { { "ping" }, "ping needs one URI" },
    ["ping of a tel URI"] = { { "ping", "tel:+1555" }, "a sip or sips URI is expected" },
    ["ping of what is no URI"] = { { "ping", "sip:a@[b" }, "malformed URI" },
    ["send without method"] = { { "send", "sip:a" }, "send needs a method and a URI" },
    ["send of two bodies"] = {
      { "send", "FOO", "sip:a", "--body", "x", "--body-file", "y" },
      "exclude each other" },
    ["send of a missing file"] = { { "send", "FOO", "sip:a", "--body-file", "/no/file" },
      "/no/file" },
    ["send of a header of the core's own"] = {
      { "send", "FOO", "sip:127.0.0.1", "-H", "Via: x" },
      "this header is written by the core" },
    ["send of an ACK"] = { { "send", "ACK", "sip:127.0.0.1" },
      "ACK belongs to an INVITE" },
    ["send with CR in a header"] = {
      { "send", "FOO", "sip:127.0.0.1", "-H", "X: a\rY: b" },
      "CR, LF or NUL" },
    ["run without script"] = { { "run" }, "run needs a script" },
    ["run with a wrong trace"] = { { "run", "--trace=all", "x.lua" },
      "--trace: messages or ladder" },
    ["run with a wrong level"] = { { "run", "--log", "all", "x.lua" },
      "--log: debug, info" },
    ["version of something"] = { { "version", "x" }, "version takes no operand" },
  } do
    it("exits 2 and says why: " .. name, function()
      local status, out, err = program.run(case[1])
      assert.equal(2, status)
      assert.equal("", out)
      assert.truthy(err:find(case[2], 1, true), err)
      assert.falsy(err:find("traceback", 1, true))
    end)
  end

  it("reads options anywhere, joined or apart, and none after --", function()
    local options <const> = require "moonsip.cli.options"
    local ping <const> = require "moonsip.cli.ping"
    local given, operands = options.parse(ping, { "-c3", "sip:a", "--interval=0.5",
      "-H", "X-A: 1", "--header=X-B:2", "--json", "--", "--trace" })
    assert.same({ count = 3, interval = 500, json = true,
                  header = { { "X-A", "1" }, { "X-B", "2" } } }, given)
    assert.same({ "sip:a", "--trace" }, operands)
    assert.equal("messages", options.parse(ping, { "--trace", "sip:a" }).trace)
    assert.equal("ladder", options.parse(ping, { "--trace=ladder" }).trace)
  end)
end)
