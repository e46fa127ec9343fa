-- SPDX-License-Identifier: MIT
-- What benches ask of the machine: two cores of their own, quiet, and programs that
-- end with the bench.

local machine = {}

-- Others may use this share of one core.
local quiet_share <const> = 0.1
local quiet_patience <const> = 60 -- looks of a second each

function machine.sleep(seconds)
  os.execute(("sleep %.2f"):format(seconds))
end

local function read(path, format)
  local file <close> = io.open(path)
  return file and file:read(format) or ""
end

--- The output of a command; nil and its output when it failed.
function machine.output(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  if pipe:close() then return text end
  return nil, text
end

--- Seconds that all cores were busy, also for others on the same hardware.
local function busy_seconds()
  local fields = {}
  for ticks in read("/proc/stat", "l"):gmatch "%d+" do
    fields[#fields + 1] = tonumber(ticks)
  end
  local user, nice, system, irq, softirq, steal = fields[1], fields[2], fields[3],
    fields[6], fields[7], fields[8]
  return (user + nice + system + irq + softirq + (steal or 0)) / 100
end

--- Waits for a second in which nobody does much.
---@return boolean  false when none came
function machine.wait_quiet()
  for _ = 1, quiet_patience do
    local before = busy_seconds()
    machine.sleep(1)
    if busy_seconds() - before <= quiet_share then return true end
  end
  return false
end

--- The cores this process may run on.
---@return integer[]
function machine.cores()
  local list = {}
  local allowed = read("/proc/self/status", "a"):match "Cpus_allowed_list:%s*(%S+)"
  for from, to in allowed:gmatch "(%d+)%-?(%d*)" do
    for core = tonumber(from), tonumber(to) or tonumber(from) do
      list[#list + 1] = core
    end
  end
  return list
end

local function udp_port_taken(port)
  return read("/proc/net/udp", "a"):find((":%04X "):format(port), 1, true) ~= nil
end

--- A UDP port of the loopback that nobody uses.
function machine.free_port()
  for port = 15060, 15999 do
    if not udp_port_taken(port) then return port end
  end
  error "no free port"
end

---@class Program
local Program = {}
Program.__index = Program

--- Starts a program that leads a session of its own, on one core.
---@param command string
---@param options { core: integer, log: string }
---@return Program
function machine.start(command, options)
  local pipe <close> = assert(io.popen(
    ("setsid taskset -c %d %s >'%s' 2>&1 </dev/null & echo $!")
    :format(options.core, command, options.log)))
  return setmetatable({ session = math.tointeger(pipe:read "n"), log = options.log },
    Program)
end

function Program:is_running()
  return read(("/proc/%d/stat"):format(self.session), "a"):find "%) [^ZX]" ~= nil
end

--- Waits until it listens. Raises with its log when it does not.
function Program:await_port(port)
  for _ = 1, 100 do
    if not self:is_running() then break end
    if udp_port_taken(port) then return end
    machine.sleep(0.1)
  end
  error("does not start:\n" .. read(self.log, "a"))
end

--- Kilobytes of memory that the processes of its session hold for themselves.
function Program:memory_kb()
  local sum = 0
  for _, process in ipairs(self:processes()) do
    local text = read(("/proc/%d/smaps_rollup"):format(process), "a")
    for size in text:gmatch "Private_%a+:%s*(%d+)" do sum = sum + tonumber(size) end
  end
  return sum
end

--- The ids of its processes, its children's too, but for those that only wait to be
--- noticed as dead.
function Program:processes()
  local list = {}
  local pipe <close> = assert(io.popen "ls /proc")
  for name in pipe:lines() do
    local session = name:find "^%d+$"
      and read(("/proc/%s/stat"):format(name), "a"):match "^.*%) [^ZX] %d+ %d+ (%d+)"
    if tonumber(session) == self.session then list[#list + 1] = tonumber(name) end
  end
  return list
end

--- Waits some seconds until none of its processes is left.
local function await_end(self)
  for _ = 1, 40 do
    if #self:processes() == 0 then return true end
    machine.sleep(0.1)
  end
  return false
end

--- Ends it and its children, by force when asking does not help.
function Program:stop()
  for _, signal in ipairs { "TERM", "KILL" } do
    local processes = table.concat(self:processes(), " ")
    if processes ~= "" then os.execute(("kill -%s %s"):format(signal, processes)) end
    if await_end(self) then return end
  end
end

Program.__close = Program.stop

return machine
