-- SPDX-License-Identifier: MIT
--
-- SIPp, with its own scenarios (uac, uas) or ours of spec/interop/sipp.

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scenarios <const> = require "spec.interop.support.scenarios"
local turn <const> = require "spec.interop.support.turn"

local sipp <const> = {}

-- How SIPp names one socket for all calls.
local modes <const> = { udp = "u1", tcp = "t1" }

-- SIPp gives up by itself a little before we do, so that it can say why.
local patience_s <const> = 25

local own_scenarios <const> = { uac = true, uas = true }

local function read(path)
  local file <close> = io.open(path)
  return file and file:read "a" or ""
end

--- Everything SIPp knows about what went wrong: its errors and the messages.
local function report(self)
  return ("%s over %s ended with %s\n%s\n%s"):format(self.title, self.transport,
    tostring(self.code), read(self.log .. ".err"), read(self.log .. ".msg"))
end

--- The file of a scenario of ours; one that has words to be filled in is written anew.
local function file_of(self, name, words)
  local path = scenarios.folder .. name .. ".xml"
  if not words then return path end
  local text = read(path):gsub("@(%u+)@", words)
  local file <close> = assert(io.open(self.log .. ".xml", "w"))
  file:write(text)
  return self.log .. ".xml"
end

-- The name of its sockets: of one for all calls, of one for each, of one for each source.
local function mode(options)
  if options.sources then return "ui" end
  return options.each and "tn" or modes[options.transport]
end

local function command(self, name, options)
  local ip, port = self.address:match "^%[?(.-)%]?:(%d+)$"
  local line = {
    "sipp",
    "-i", ip, "-p", port, "-t", mode(options),
    "-m", tostring(options.calls or 1), "-l", tostring(options.parallel or 1),
    "-r", tostring(options.rate or 1000), "-d", "0",
    "-nostdin", "-timeout", patience_s .. "s", "-timeout_error",
    -- A caller that leaves when its call is over has not failed.
    "-reconnect_close", "false",
    "-trace_err", "-error_file", self.log .. ".err",
    "-trace_msg", "-message_file", self.log .. ".msg",
  }
  local function add(...)
    for _, each in ipairs { ... } do line[#line + 1] = each end
  end
  if own_scenarios[name] then
    add("-sn", name)
  else
    add("-sf", file_of(self, name, options.words))
  end
  if options.user then add("-s", options.user) end
  if options.auth_uri then add("-auth_uri", options.auth_uri) end
  if options.sources then
    add("-ip_field", "0", "-inf", options.sources, "-max_socket", "1000")
  end
  if options.each then add("-max_socket", "1000") end
  if options.raw then add "-nr" end
  if options.media then
    -- RTP and RTCP of audio, and of a video that it opens unasked.
    self.media = options.media ~= "echo" and options.media
      or ("%s:%d"):format(ip, place.ports(4))
    local media_ip, media_port = self.media:match "^(.*):(%d+)$"
    add("-mi", media_ip, "-mp", media_port)
    if options.media == "echo" then add "-rtp_echo" end
  end
  for key, value in pairs(options.keys or {}) do add("-key", key, value) end
  if options.target then add(options.target) end
  return line
end

---@class SippOptions
---@field transport "udp"|"tcp"
---@field address string?              where SIPp is; one of its own
---@field target string?               whom to call ("ip:port"); nil: it waits for calls
---@field user string?                 of the Request-URI, and who proves himself
---@field auth_uri string?             what he proves himself for, without its scheme
---@field calls integer?               one after the other (1)
---@field rate integer?                calls in a second (1000)
---@field parallel integer?            calls at once (1)
---@field sources string?              file of the addresses that calls come from, in turn
---@field each boolean?                a connection of TCP for each call
---@field raw boolean?                 SIPp neither retransmits nor hides retransmissions
---@field media string?               "ip:port" its SDP names; "echo": SIPp sends back what it hears
---@field keys table<string, string>?  generic keywords of the file
---@field words table<string, any>?    what @WORD@ in the file stands for

--- Starts a scenario: "uac", "uas", or the name of a file of ours without ".xml".
---@param name string
---@param options SippOptions
---@return Process  with `address`
function sipp.start(name, options)
  local fields = { title = "sipp " .. name, log = os.tmpname(),
                   address = options.address or place.address(), transport = options.transport }
  local self = process.start(command(fields, name, options), { urgent = options.media ~= nil })
  for key, value in pairs(fields) do self[key] = value end
  if not options.target then
    turn.until_true(self.title .. " listening at " .. self.address, function()
      return self.code or place.is_open(self.transport, self.address)
    end, function() return self:tell() end, true)
  end
  return self
end

--- Waits for its end, which must be one of success: every message that the scenario
--- expects came, and no other.
function sipp.finish(self)
  local code = self:wait()
  local text = code ~= 0 and report(self)
  for _, ending in ipairs { "", ".err", ".msg", ".xml" } do os.remove(self.log .. ending) end
  if text then error(text, 0) end
end

--- Runs a scenario to its end.
---@param name string
---@param options SippOptions
function sipp.run(name, options)
  local self <close> = sipp.start(name, options)
  sipp.finish(self)
end

return sipp
