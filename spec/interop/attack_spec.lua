-- SPDX-License-Identifier: MIT
--
-- sipvicious and floods of SIPp against a guarded server (figures 51, 52, 53, 68): they find
-- nothing and do no harm. While they go on a good phone calls, each call is answered.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local scratch <const> = require "spec.support.scratch"
local script <const> = require "spec.interop.support.script"
local sipp <const> = require "spec.interop.support.sipp"

-- Of other hosts, as it were.
local attacker_ip <const>, phone_ip <const> = place.other_ip(1), place.other_ip(2)

-- Runs a tool of sipvicious against the server; what it said.
local function attack(tool, server, arguments)
  local ip <const>, port <const> = server.address:match "^(.*):(%d+)$"
  local folder <close> = scratch.folder()
  local command <const> = { tool, "-b", attacker_ip, "-P", tostring(place.free_port()), "-p", port }
  for _, each in ipairs(arguments) do
    command[#command + 1] = each:find "\n" and folder:write("words", each) or each
  end
  command[#command + 1] = ip
  local one <close> = process.start(command)
  one:wait()
  return one.output
end

local function guarded(mode)
  return script.serve("spec/interop/scripts/guarded.lua", { mode })
end

-- A good phone, which places calls one after the other.
local function phone(server, calls)
  return sipp.start("uac", { transport = "udp", target = server.address, calls = calls,
    rate = 50, address = phone_ip .. ":" .. place.port() })
end

-- The server's end, and what it counted.
local function counts_of(server)
  script.stop(server)
  local counts <const> = {}
  for why, count in server.output:gmatch "refused\t(%l+)\t(%d+)" do
    counts[why] = tonumber(count)
  end
  assert.truthy(server.output:find "live\t%d+\t0\n", server.output) -- no dialog
  return counts
end

local words <const> = {}
for n = 1, 150 do words[n] = "guess" .. n end
words[151] = "wonderland"
local dictionary <const> = table.concat(words, "\n") .. "\n"

describe("sipvicious finds nothing, and calls go on:", function()
  after_each(process.end_all)

  it("svmap, which looks for servers", function()
    local server <close> = guarded()
    local good <close> = phone(server, 20)
    local output <const> = attack("svmap", server, {})
    assert.truthy(output:find("found nothing", 1, true), output)
    sipp.finish(good)
    assert.is_true(counts_of(server).scanner > 0)
  end)

  for _, method in ipairs { "REGISTER", "OPTIONS", "INVITE" } do
    it("svwar, which looks for users by " .. method .. ", known by its name or not", function()
      for _, mode in ipairs { "named", "open" } do
        local server <close> = guarded(mode)
        local good <close> = phone(server, 20)
        local output <const> = attack("svwar", server, { "-m", method, "-e", "95-105",
          "--maximumtime=2" })
        assert.is_nil(output:find("| 101", 1, true), output)
        assert.is_nil(output:find("reqauth", 1, true), output)
        sipp.finish(good)
        local counts <const> = counts_of(server)
        assert.is_true(mode == "open" or counts.scanner > 0)
      end
    end)
  end

  it("svcrack, which finds the password where there is no guard (a control run)", function()
    local server <close> = guarded "bare"
    local output <const> = attack("svcrack", server, { "-u", "alice", "-d", dictionary,
      "--maximumtime=2" })
    assert.truthy(output:find("wonderland", 1, true), output)
  end)

  it("svcrack, which guesses passwords, known by its name or not", function()
    for _, mode in ipairs { "named", "open" } do
      local server <close> = guarded(mode)
      local good <close> = phone(server, 20)
      local output <const> = attack("svcrack", server, { "-u", "alice", "-d", dictionary,
        "--maximumtime=2" })
      assert.is_nil(output:find("wonderland", 1, true), output)
      assert.is_nil(server.output:find "registered")
      sipp.finish(good)
      local counts <const> = counts_of(server)
      assert.is_true(counts[mode == "open" and "user" or "scanner"] > 0, server.output)
    end
  end)
end)

-- What a server may grow by, in kilobytes; the address sanitizer keeps what was freed.
local MAX_GROWTH_KB <const> = (os.getenv "LUA" or ""):find "/asan/" and 16384 or 4096

describe("A flood", function()
  after_each(process.end_all)

  -- Kilobytes of memory that the server's process has.
  local function memory(server)
    for line in io.lines("/proc/" .. server.pid .. "/status") do
      local kb <const> = line:match "^VmRSS:%s*(%d+)"
      if kb then return tonumber(kb) end
    end
  end

  for _, transport in ipairs { "udp" } do
    it("by SIPp, from 100 addresses: " .. scenarios.title "uac_flood", function()
      local folder <close> = scratch.folder()
      local list <const> = { "SEQUENTIAL" }
      local prefix <const> = attacker_ip:match "^(.*)%.%d+$"
      for n = 1, 100 do list[#list + 1] = ("%s.%d"):format(prefix, n) end
      local sources <const> = folder:write("sources.csv", table.concat(list, "\n") .. "\n")
      local server <close> = guarded()
      local function flood(calls)
        return sipp.start("uac_flood", { transport = transport, target = server.address,
          sources = sources, calls = calls, rate = 4000, parallel = 1000,
          address = prefix .. ".200:" .. place.port() })
      end
      do
        local first <close> = flood(4000)
        sipp.finish(first)
      end
      local before <const> = memory(server)
      local second <close> = flood(16000)
      local good <close> = phone(server, 100)
      sipp.finish(good)
      sipp.finish(second)
      assert.is_true(memory(server) - before < MAX_GROWTH_KB, memory(server) - before)
      local counts <const> = counts_of(server)
      assert.is_true(counts.rate > 5000, server.output)
    end)
  end
end)
