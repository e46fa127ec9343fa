-- SPDX-License-Identifier: MIT
--
-- baresip as a soft-phone without a head: started from our settings, told what to do
-- and heard over its control port, which speaks JSON in netstrings (ctrl_tcp).

local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"
local scratch <const> = require "spec.support.scratch"
local turn <const> = require "spec.interop.support.turn"
local wave <const> = require "spec.support.wave"
local uv <const> = require "luv"

local baresip <const> = {}

local settings <const> = "spec/interop/baresip/"

-- Where distributions put its modules, by the machine's own folder or not.
local module_folders <const> = { "/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules" }

---@class Baresip
---@field address string    where it listens
---@field events string     JSON of everything that happened, a line each
local Baresip <const> = {}
Baresip.__index = Baresip

local function modules()
  for _, folder in ipairs(module_folders) do
    if uv.fs_stat(folder) then return folder end
  end
  error("no modules of baresip in " .. table.concat(module_folders, ", ")
    .. "; they come with the package baresip-core, which `make test` installs", 0)
end

local function fill(folder, name, words)
  local file <close> = assert(io.open(settings .. name))
  folder:write(name, (file:read("a"):gsub("@(%u+)@", words)))
end

-- Its bridge to nobody is what is silent; a file is said with the modules that read it
-- and record what is heard.
local function sound_words(self, says)
  return {
    SOURCE = says and "aufile," .. says or "aubridge,nil",
    SOUND = says and "module aufile.so\nmodule sndfile.so" or "",
    FOLDER = self.folder.path,
  }
end

--- Takes the whole netstrings out of what came: "12:hello world!,".
local function read_events(self)
  while true do
    local length, at = self.buffer:match "^(%d+):()"
    local last = length and at + tonumber(length)
    if not last or #self.buffer < last then return end
    self.events = self.events .. self.buffer:sub(at, last - 1) .. "\n"
    self.buffer = self.buffer:sub(last + 1)
  end
end

local function connect(self, address)
  local ip, port = address:match "^(.*):(%d+)$"
  local is_connected
  self.control:connect(ip, tonumber(port), function(err) is_connected = not err end)
  turn.until_true("connection to the control port of baresip", function() return is_connected end,
    function() return self.process:tell() end)
  self.control:read_start(function(_, data)
    self.buffer = self.buffer .. (data or "")
    read_events(self)
  end)
end

--- Starts a phone of "alice", or `user`; it registers at once, where there is a registrar. `says`
--- is a WAV file of 8000 Hz that it says from the start of each call; at its end baresip
--- hangs up.
--- `apps` are further modules, `more` parameters of its account, `contacts` its contacts.
--- `is_device`: it has a UUID, which SIP outbound needs.
---@param options { is_device: boolean?, two_calls: boolean?, apps: string[]?, more: string?, contacts: string?, user: string?, password: string?, registrar: string?, transport: "udp"|"tcp", answer: "auto"|"manual", says: string?, authority: string?, certificate: string?, second: boolean? }  second: of two at a time
---@return Baresip
function baresip.start(options)
  local self = setmetatable({ events = "", buffer = "", control = uv.new_tcp(),
    folder = scratch.folder(), address = place.address() }, Baresip)
  local control, words = place.address(), sound_words(self, options.says)
  local ports = place.wide_ports(options.second)
  words.AUTHORITY = options.authority and "sip_cafile " .. options.authority or ""
  words.CERTIFICATE = options.certificate and "sip_certificate " .. options.certificate or ""
  words.ADDRESS, words.CONTROL, words.MODULES = self.address, control, modules()
  words.PORTS = ("%d-%d"):format(ports, ports + (options.two_calls and 19 or 9))
  words.DEVICE = options.is_device and "module_tmp            uuid.so" or ""
  words.APPS = ""
  for _, name in ipairs(options.apps or {}) do
    words.APPS = ("%smodule_app %s.so\n"):format(words.APPS, name)
  end
  if options.contacts then self.folder:write("contacts", options.contacts .. "\n") end
  fill(self.folder, "config", words)
  fill(self.folder, "accounts", { USER = options.user or "alice",
    PASSWORD = options.password or "none", REGISTRAR = options.registrar or self.address,
    TRANSPORT = options.transport, ANSWER = options.answer,
    EVERY = options.registrar and 600 or 0, MORE = options.more or "" })
  self.process = process.start({ "baresip", "-f", self.folder.path }, { urgent = true })
  turn.until_true("baresip at its control port", function()
    return self.process.code or place.is_open("tcp", control)
  end, function() return self.process:tell() end, true)
  connect(self, control)
  return self
end

--- Waits for an event; with `from`, only what happened after that counts. Returns
--- where the next one begins.
---@param kind string     "CALL_ESTABLISHED" ...
---@param from integer?
---@param param string?   pattern of its parameter
---@return integer
function Baresip:expect(kind, from, param)
  local after
  turn.until_true(("%s of baresip"):format(kind), function()
    for line, next_at in self.events:sub(from or 1):gmatch "([^\n]*)\n()" do
      if line:find('"type":"' .. kind .. '"', 1, true) and line:find(param or "") then
        after = (from or 1) + next_at - 1
        return true
      end
    end
  end, function() return self.events .. "\n" .. self.process:tell() end)
  return after
end

--- Where events from now on begin.
function Baresip:now()
  return #self.events + 1
end

--- A command as its menu knows it: "dial", "hangup", "hold".
---@param command string
---@param parameter string?
function Baresip:tell(command, parameter)
  local text = parameter and ('{"command":"%s","params":"%s"}'):format(command, parameter)
    or ('{"command":"%s"}'):format(command)
  self.control:write(("%d:%s,"):format(#text, text))
end

--- Presses keys, one after the other: each for 100 ms, as a finger does.
---@param digits string
function Baresip:press(digits)
  for digit in digits:gmatch "." do
    self:tell("sndcode", digit)
    turn.pause(250)
  end
end

--- What it heard in its only call so far: samples and their rate.
---@return string samples
---@return integer rate
function Baresip:heard()
  local pipe <close> = assert(io.popen(("ls -t %s/dump-*-dec.wav"):format(self.folder.path)))
  return wave.read(assert(pipe:read "l", "baresip recorded nothing"))
end

--- Ends it as a user does: it unregisters and leaves.
function Baresip:quit()
  self.process:send_signal "sigterm"
  return self.process:wait()
end

function Baresip:close()
  if not self.control:is_closing() then self.control:close() end
  uv.run "nowait"
  self.process:close()
  self.folder:remove()
end

Baresip.__close = Baresip.close

return baresip
