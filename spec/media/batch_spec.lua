-- SPDX-License-Identifier: MIT
-- Packets of many sessions in one system call (io_uring), and what happens without: in a
-- process of its own, with spec/support/failing_ring.c in front of liburing.

local new_folder = require "spec.support.scratch".folder

-- Twenty pairs, more than are watched packet by packet, say digits and tones to each other.
local CHILD <const> = [[
  local ring = require "failing_ring"
  local core = require "moonsip.core"
  local loop = core.loop()
  %s
  local media = core.media(loop, { ports = { 21000, 31000 }, io_uring = io_uring })
  local function o(port) return { remote_ip = "127.0.0.1", remote_port = port,
    codecs = { { name = "PCMU", rate = 8000, payload_type = 0 } },
    events = { payload_type = 101, rate = 8000 } } end
  local heard, told = {}, 0
  media:on_event(function(kind, id, digit)
    if kind == "digit" then heard[id], told = (heard[id] or "") .. digit, told + 1 end
  end)
  local ids = {}
  for i = 1, 40, 2 do
    local a, a_port = media:open "127.0.0.1"
    local b, b_port = media:open "127.0.0.1"
    media:apply(a, o(b_port)) media:apply(b, o(a_port))
    ids[i], ids[i + 1] = a, b
  end
  for _, id in ipairs(ids) do media:play(id, { { tone = "440", ms = 3600 } }) end
  -- sockets are connected to their peers after 25 to 153 packets
  local from = loop:now()
  while loop:now() - from < 3500 do loop:step(100) end
  local counts = media:counts()
  for i, id in ipairs(ids) do
    media:dtmf(id, { digits = tostring(1000 + i), ms = 60, gap = 40 })
  end
  for _ = 1, 400 do
    if told >= 160 then break end
    loop:step(100)
  end
  local right, lost, sent = 0, 0, 0
  for i, id in ipairs(ids) do
    local peer = ids[i %% 2 == 1 and i + 1 or i - 1]
    if heard[peer] == tostring(1000 + i) then right = right + 1 end
    lost = lost + media:stats(id).received.lost
    sent = sent + media:stats(id).sent.packets
  end
  local after = media:counts()
  print(counts.io_uring == ring.works(), counts.io_uring, ring.submits() > 100, right, lost)
  print(after.packets_out > 40 * 170 and after.packets_in > 40 * 170 or after.packets_in)
  for _, id in ipairs(ids) do media:close(id) end
  while media:counts().sessions > 0 do loop:step(100) end
  os.exit(0, true)
]]

describe("packets of many sessions", function()
  local folder

  before_each(function() folder = new_folder() end)
  after_each(function() folder:remove() end)

  local build <const> = os.getenv "BUILD" or "build"
  local lua <const> = os.getenv "LUA" or "lua5.4"
  local preload <const> = lua:find "/bin/lua$" and "" or -- a sanitizer wants to be the first
    ("LD_PRELOAD=%s/spec/failing_ring.so "):format(build)

  local function run(setup)
    local script = folder:write("many.lua", CHILD:format(setup))
    local output, status = folder:run(preload .. lua .. " " .. script)
    assert.equal(0, status, output)
    return output
  end

  it("go by the batch where the kernel lets them, and none is lost", function()
    local output = run "local io_uring = true"
    assert.matches("^true\t%a+\t%a+\t40\t0\ntrue\n$", output)
    if output:find("^true\ttrue") and preload ~= "" then
      assert.matches("^true\ttrue\ttrue\t", output)
    end
  end)

  it("go one by one when that is wanted", function()
    assert.matches("^%a+\tfalse\tfalse\t40\t0\ntrue\n$", run "local io_uring = false")
  end)

  if preload == "" then return end

  it("go one by one when the kernel refuses", function()
    assert.matches("^%a+\tfalse\tfalse\t40\t0\ntrue\n$", run "ring.refuse()")
  end)

  it("go on one by one when the kernel stops: those that wait are sent as well", function()
    assert.matches("^%a+\t%a+\t%a+\t40\t0\ntrue\n$", run "ring.stop(150)")
  end)
end)
