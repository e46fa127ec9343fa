-- SPDX-License-Identifier: MIT
-- sip.exec: a program of the system, run beside the loop. No shell is involved, so no
-- argument needs quoting.

local duration = require "moonsip.duration"
local errors = require "moonsip.errors"
local misuse = require "moonsip.misuse"
local wait = require "moonsip.wait"

local exec = {}

local default_timeout <const> = "30s"
local default_max_output <const> = 64 << 20

local verb <const> = "sip.exec"

local known <const> = { input = true, timeout = true, env = true, folder = true,
                        max_output = true }

local function check_words(words)
  misuse.check(verb, "command", words, "table")
  if #words == 0 then misuse.argument(verb, "command", "the list is empty") end
  for _, word in ipairs(words) do
    misuse.check(verb, "command", word, "string")
    if word:find("\0", 1, true) then misuse.argument(verb, "command", "NUL in a word") end
  end
end

--- "NAME=value" for each; `env` is all that the program sees.
local function environment(env)
  if not env then return nil end
  local list = {}
  for name, value in pairs(misuse.check(verb, "env", env, "table")) do
    misuse.check(verb, "env", name, "string")
    list[#list + 1] = name .. "=" .. tostring(value)
  end
  table.sort(list)
  return list
end

--- The error that a program is which did not end with success.
local function failure(name, output, texts, status, signal)
  local how = signal ~= 0 and ("killed by signal %d"):format(signal)
    or ("ended with status %d"):format(status)
  local first = texts:match "[^\r\n]+"
  return errors.new("io", ("%s %s%s"):format(name, how, first and ": " .. first or ""),
    { status = status, signal = signal, output = output, errors = texts })
end

local function start(one, context, program, ms)
  local name = program[1]
  local id, err = context.driver:spawn(program, function(output, texts, status, signal)
    if not output then
      texts.reason = name .. ": " .. texts.reason
      one:resolve(nil, texts)
    elseif status ~= 0 or signal ~= 0 then
      one:resolve(nil, failure(name, output, texts, status, signal))
    else
      one:resolve(output, texts)
    end
  end)
  if not id then
    if err.name == "ENOENT" or err.name == "ENOTDIR" then err.kind = "notfound" end
    err.reason = name .. ": " .. err.reason
    return one:resolve(nil, err)
  end
  one.undo = function() context.driver:kill(id) end
  one:expire_in(ms, errors.new("timeout",
    ("%s did not end within %g s"):format(name, ms / 1000)))
end

--- Runs a program and waits for its end: what it wrote to standard output, and the
--- beginning of what it wrote to standard error.
---@param command string[]  the program, looked for on the PATH, and its arguments
---@param options { input: string?, timeout: (number|string)?, env: table<string, string>?, folder: string?, max_output: integer? }?
---@return string? output
---@return string|moonsip.Error errors_or_err  kind notfound, timeout, limit, or io with status, signal, output, errors
function exec.run(context, command, options, callback)
  if type(options) == "function" then options, callback = nil, options end
  options = misuse.options(verb, options, known)
  check_words(command)
  local program = table.move(command, 1, #command, 1, {})
  program.input = misuse.optional(verb, "input", options.input, "string")
  program.folder = misuse.optional(verb, "folder", options.folder, "string")
  program.environment = environment(options.env)
  program.output_max = misuse.integer(verb, "max_output",
    options.max_output or default_max_output, 1, 1 << 40)
  local ms = duration.check(verb, "timeout", options.timeout or default_timeout)
  return wait.await(context, verb, nil, callback, start, context, program, ms)
end

return exec
