-- SPDX-License-Identifier: MIT
-- Text becomes sound: by a program of the system, or by a function of the script's, once
-- for each text and voice. What came of it is kept as a WAV file.

local core = require "moonsip.core"
local errors = require "moonsip.errors"
local exec = require "moonsip.exec"
local duration = require "moonsip.duration"
local misuse = require "moonsip.misuse"
local task = require "moonsip.group"

local speech = {}

---@class moonsip.SpeechSettings
---@field command string[]|(fun(text: string, options: table): string?, any)|nil
---@field voice string?
---@field lang string?
---@field cache string?    folder of what was spoken
---@field timeout number|string
---@field processes integer  programs that run at once

local default_timeout <const> = "10s"
local default_processes <const> = 4
local max_text <const> = 10000
local max_waiting <const> = 1000

local known <const> = { command = true, voice = true, lang = true, cache = true,
                        timeout = true, processes = true }

-- Tried in this order. `{file}` is where the WAV goes; the text comes on standard input.
local programs <const> = {
  { "espeak-ng", "-v", "{voice}", "-w", "{file}", "--stdin", voice = "en" },
  { "flite", "-voice", "{voice}", "-o", "{file}", "/dev/stdin", voice = "slt" },
}

--- The option `say` of an agent's media, checked.
---@return moonsip.SpeechSettings
function speech.read(verb, options)
  options = misuse.options(verb, options, known)
  local command = options.command
  if command ~= nil and type(command) ~= "function" then
    misuse.check(verb, "media.say.command", command, "table")
    for _, word in ipairs(command) do misuse.text(verb, "media.say.command", word) end
  end
  for _, name in ipairs { "voice", "lang", "cache" } do
    if options[name] ~= nil then misuse.text(verb, "media.say." .. name, options[name]) end
  end
  local timeout = options.timeout or default_timeout
  duration.check(verb, "media.say.timeout", timeout)
  return {
    command = command, voice = options.voice, lang = options.lang, cache = options.cache,
    timeout = timeout, processes = misuse.integer(verb, "media.say.processes",
      options.processes or default_processes, 1, 1000),
  }
end

--- A text that a script wants spoken, checked.
---@return { text: string, voice: string?, lang: string? }
function speech.wish(verb, text, options)
  text = tostring(text)
  if text:find "%S" == nil then misuse.argument(verb, "text", "there is nothing to say") end
  if #text > max_text then misuse.argument(verb, "text", "the text is too long") end
  if text:find("\0", 1, true) then misuse.argument(verb, "text", "NUL in the text") end
  return {
    text = text,
    voice = options.voice ~= nil and misuse.text(verb, "voice", options.voice) or nil,
    lang = options.lang ~= nil and misuse.text(verb, "lang", options.lang) or nil,
  }
end

-- ---- the folder

local function default_folder()
  local base = os.getenv "XDG_CACHE_HOME"
  local home = os.getenv "HOME"
  if not base and home then base = home .. "/.cache" end
  return (base or "/tmp") .. "/moonsip/speech"
end

--- A name for what is spoken, by whom and in which voice.
local function key_of(settings, wish)
  local command = settings.command
  local who = type(command) == "table" and table.concat(command, "\0")
    or command and "function" or ""
  local text = table.concat({ who, wish.voice or settings.voice or "",
                              wish.lang or settings.lang or "", wish.text }, "\0")
  return ("%016x%016x"):format(core.hash(text, 0), core.hash(text, 1))
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

-- ---- speaking

local function fill(words, values)
  local made = {}
  for at, word in ipairs(words) do made[at] = word:gsub("{(%l+)}", values) end
  return made
end

local function takes(words, name)
  for _, word in ipairs(words) do
    if word:find("{" .. name .. "}", 1, true) then return true end
  end
  return false
end

local function write(path, bytes)
  local file, why = io.open(path, "wb")
  if not file then return nil, errors.new("io", why) end
  local done
  done, why = file:write(bytes)
  file:close()
  if not done then return nil, errors.new("io", why) end
  return true
end

--- Runs a program that writes the file, or its WAV to standard output.
local function run(context, settings, wish, words, path)
  local values = {
    file = path, text = wish.text, voice = wish.voice or settings.voice or words.voice or "",
    lang = wish.lang or settings.lang or "",
  }
  local output, err = exec.run(context, fill(words, values), {
    input = not takes(words, "text") and wish.text or nil, timeout = settings.timeout,
  })
  if not output then return nil, err end
  if takes(words, "file") then return true end
  return write(path, output)
end

local function run_known(context, settings, wish, path)
  local err
  for _, words in ipairs(programs) do
    local done
    done, err = run(context, settings, wish, words, path)
    if done then return true end
    if err.kind ~= "notfound" then return nil, err end
  end
  return nil, errors.new("io", "no program that speaks is installed (espeak-ng or flite)")
end

--- A function of the script's gives the bytes of a WAV file, or the name of one.
local function call(settings, wish, path)
  local result, err = settings.command(wish.text, {
    voice = wish.voice or settings.voice, lang = wish.lang or settings.lang, file = path,
  })
  if type(result) ~= "string" then
    return nil, errors.is(err) and err or errors.new("io", tostring(err or "nothing was spoken"))
  end
  if result:sub(1, 4) == "RIFF" then return write(path, result) end
  if result == path then return true end
  local file, why = io.open(result, "rb")
  if not file then return nil, errors.new("io", why) end
  local bytes = file:read "a"
  file:close()
  return write(path, bytes)
end

local function speak(context, settings, wish, path)
  local command = settings.command
  if type(command) == "function" then return call(settings, wish, path) end
  if command then return run(context, settings, wish, command, path) end
  return run_known(context, settings, wish, path)
end

-- ---- once for each

--- Speech of a context: what is being spoken, and who waits for it.
local function state_of(context)
  if not context.speech then
    context.speech = { running = 0, jobs = {}, line = {}, folders = {}, texts = {} }
  end
  return context.speech
end

local function make_folder(context, state, folder)
  if state.folders[folder] then return true end
  local done, err = exec.run(context, { "mkdir", "-p", folder })
  if not done then return nil, err end
  state.folders[folder] = true
  return true
end

local begin

--- A job is over; the next in line has its turn.
local function finish(context, state, job, path, err)
  state.running = state.running - 1
  state.jobs[job.key] = nil
  for _, fn in ipairs(job.waiting) do fn(path, err) end
  local following = table.remove(state.line, 1)
  if following then begin(context, state, following) end
end

local function work(context, state, job)
  local done, err = make_folder(context, state, job.folder)
  local part = job.path .. ".part"
  if done then done, err = speak(context, job.settings, job.wish, part) end
  if done then
    local why
    done, why = os.rename(part, job.path)
    if not done then err = errors.new("io", why) end
  end
  if err and err.kind == "notfound" then err.kind = "io" end
  if not done then os.remove(part) end
  finish(context, state, job, done and job.path or nil, err)
end

function begin(context, state, job)
  state.running = state.running + 1
  task.go(context, function()
    local ok, why = pcall(work, context, state, job)
    if not ok then finish(context, state, job, nil, errors.new("io", tostring(why))) end
  end)
end

--- The file of a text that is spoken: `fn(path, err)`, at once when it was spoken before.
---@param context moonsip.Context
---@param settings moonsip.SpeechSettings
---@param wish { text: string, voice: string?, lang: string? }
---@param fn fun(path: string?, err: moonsip.Error?)
function speech.fetch(context, settings, wish, fn)
  local key = key_of(settings, wish)
  local folder = settings.cache or default_folder()
  local path = ("%s/%s.wav"):format(folder, key)
  local state = state_of(context)
  if context.on_clip then state.texts[path] = wish.text end
  local job = state.jobs[key]
  if job then
    table.insert(job.waiting, fn)
  elseif exists(path) then
    fn(path)
  elseif #state.line >= max_waiting then
    fn(nil, errors.new("limit", "too many texts wait to be spoken"))
  else
    job = { key = key, folder = folder, path = path, settings = settings, wish = wish,
            waiting = { fn } }
    state.jobs[key] = job
    if state.running < settings.processes then
      begin(context, state, job)
    else
      table.insert(state.line, job)
    end
  end
end

return speech
