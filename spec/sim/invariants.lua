-- SPDX-License-Identifier: MIT
--
-- What holds in every world, whatever the network did: told by its users, by its
-- engines at the end, and by each message on the wire.

local core <const> = require "moonsip.core"

local invariants <const> = {}

local T1 <const>, T2 <const> = 500, 4000

-- ---- users and engines

-- Each who waited was told exactly once.
function invariants.told_once(world)
  for _, one in ipairs(world.promises) do
    if one.told ~= 1 then world:fail("%s: told %d times", one.what, one.told) end
  end
end

-- Nothing is left: no transaction, dialog or timer in C, no call, request, exchange or
-- waiting task in Lua.
function invariants.nothing_left(world)
  local total, parts = world.net:live()
  if total > 0 then
    for name, count in pairs(parts) do
      if count > 0 then world:fail("%d %s are left", count, name) end
    end
  end
  for _, one in ipairs(world.agents) do
    for _, name in ipairs { "call_set", "requests", "exchanges", "dialogs", "delayed" } do
      if next(one[name] or {}) ~= nil then world:fail("%s: %s is not empty", one.aor, name) end
    end
  end
  local tasks = world.net.root.tasks:count()
  if tasks > 0 then world:fail("%d tasks still wait", tasks) end
end

-- Handlers that raise are contained; nothing else is ever an error.
function invariants.no_error(world)
  local logs = { world.net.log_lines }
  for at, one in ipairs(world.scripts) do logs[at + 1] = one.log end
  for _, lines in ipairs(logs) do
    for _, line in ipairs(lines) do
      local known = line:find("a handler that raises", 1, true)
        or line:find("returned without answering", 1, true)
      if line:find(" error ", 1, true) and not known then world:fail("logged: %s", line) end
    end
  end
end

function invariants.of_all(world)
  invariants.told_once(world)
  invariants.nothing_left(world)
  invariants.no_error(world)
end

-- ---- the wire

-- Retransmissions of one message: the spans between its copies, and when it began.
local function spans_of(copies)
  local spans = {}
  for at = 2, #copies do spans[at - 1] = copies[at] - copies[at - 1] end
  return spans
end

-- Copies of a request leave T1, 2*T1, 4*T1 ... apart: Timer A without a bound, Timer E
-- up to T2, and every T2 once a provisional response is there (17.1.1.2, 17.1.2.2).
local function check_request(world, one)
  local expected = T1
  for _, span in ipairs(spans_of(one.times)) do
    local is_capped = one.method ~= "INVITE"
    if span ~= expected and not (is_capped and span > 0 and span <= T2 + expected) then
      world:fail("%s %s was sent again after %d ms instead of %d", one.method, one.branch, span,
        expected)
    end
    expected = is_capped and math.min(2 * expected, T2) or 2 * expected
  end
  if one.times[#one.times] - one.times[1] > 64 * T1 then
    world:fail("%s %s was still sent after 64*T1", one.method, one.branch)
  end
end

-- A proxy sends a 2xx to an INVITE on, also when a failure went back before (16.7 item 5).
local function is_late(world, one, message, from)
  return message.code // 100 == 2 and message.cseq_method == "INVITE" and one.final >= 300
    and world.proxies[world.net.wire:host_of(from)]
end

-- All final responses of one server transaction are the same, and no provisional one
-- follows them (17.2).
local function check_response(world, one, message, record)
  local code, at, from = message.code, record.at, record.from
  -- A copy that comes when the transaction has forgotten all meets nothing (17.2.2).
  if one.final and at - one.final_at >= 64 * T1 then return end
  -- Who has no room says so without state: the next copy may find some.
  if code == 503 and world.limit then return end
  if one.final and code < 200 then
    world:fail("%d follows %d to %s", code, one.final, one.branch)
  elseif one.final and code ~= one.final and not is_late(world, one, message, from)
    and not (one.final >= 400 and code == 481) then
    -- A refusal inside a dialog is stateless: after the dialog's end it is 481 (8.2.7).
    world:fail("%s was answered %d and %d", one.branch, one.final, code)
  end
  if code >= 200 and not one.final then one.final, one.final_at = code, at end
end

-- Inside a dialog each request has a number of its own, higher than those before it
-- (12.2.1.1). An ACK and a CANCEL have their INVITE's.
local function check_number(world, dialogs, message, branch)
  local method, to_tag = message.method, message.to.tag
  if method == "CANCEL" or not to_tag then return end
  local key = table.concat({ message.call_id, message.from.tag, to_tag }, " ")
  local of = dialogs[key] or { numbers = {}, highest = 0 }
  dialogs[key] = of
  local number = message.cseq
  local known = of.numbers[number]
  if known and known ~= branch then
    world:fail("%s %s has number %d of %s", method, branch, number, known)
  elseif not known and number < of.highest then
    world:fail("%s %s has number %d after %d", method, branch, number, of.highest)
  end
  of.numbers[number], of.highest = branch, math.max(of.highest, number)
end

local function entry(map, key, message, branch)
  local one = map[key]
  if not one then
    one = { method = message.method or message.cseq_method, branch = branch, times = {} }
    map[key] = one
  end
  return one
end

-- Every message on the wire, as the real parser reads it: an iterator of its record and it.
function invariants.messages(world)
  local records, at = world.net:messages(), 0
  return function()
    while at < #records do
      at = at + 1
      local message, err = core.message(records[at].bytes)
      if message then return records[at], message end
      world:fail("a message that is none (%s): %s", err.name, records[at].bytes)
    end
  end
end

-- A host that lost its power may answer what it does not remember otherwise.
local function remembers(world, record)
  return not world.powerless[world.net.wire:host_of(record.from)]
end

-- What was forwarded without state is sent again when it comes again (16.11).
local function has_timers(record, message)
  return record.transport == "udp" and not message.headers["X-Once"]
end

--- What transactions send (17).
function invariants.wire(world)
  local asked, answered, order = {}, {}, {}
  for record, message in invariants.messages(world) do
    local branch = message.via.params.branch
    local key = table.concat({ record.from, branch, message.cseq_method }, " ")
    if message.method and message.method ~= "ACK" then
      if not asked[key] then order[#order + 1] = key end
      local one = entry(asked, key, message, branch)
      if has_timers(record, message) then table.insert(one.times, record.at) end
    elseif message.code and remembers(world, record) then
      check_response(world, entry(answered, key .. record.to, message, branch), message, record)
    end
  end
  for _, key in ipairs(order) do
    if #asked[key].times > 0 then check_request(world, asked[key]) end
  end
end

--- What dialogs count (12.2.1.1): of requests as they leave who sends them. A copy of a 2xx
--- that comes when its dialog has ended is a call that nobody wants, and gets a BYE again.
function invariants.numbers(world)
  local dialogs = {}
  for record, message in invariants.messages(world) do
    local is_counted = message.method and message.method ~= "ACK" and message.method ~= "BYE"
    local is_known = not world.stranger or record.from ~= world.stranger.address
    if is_counted and is_known and #message.vias == 1 then
      check_number(world, dialogs, message, message.via.params.branch)
    end
  end
end

return invariants
