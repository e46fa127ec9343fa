-- SPDX-License-Identifier: MIT
-- The media thread with real sockets on the loopback.

local core = require "moonsip.core"
local new_folder = require "spec.support.scratch".folder
local support = require "spec.support.media"

describe("the media thread", function()
  local loop, media, told, folder

  -- A range of its own, below those that the system hands out by itself.
  local ports <const> = { 21000, 31000 }

  before_each(function()
    folder = new_folder()
    told = {}
    loop = core.loop()
    media = assert(core.media(loop, { ports = ports }))
    media:on_event(function(kind, id, ...) table.insert(told, { kind = kind, id = id, ... }) end)
  end)
  after_each(function()
    media:close()
    loop:close()
    folder:remove()
  end)

  local function settings(port, more)
    local o = { remote_ip = "127.0.0.1", remote_port = port,
                codecs = { { name = "PCMU", rate = 8000, payload_type = 0 } },
                events = { payload_type = 101, rate = 8000 } }
    for name, value in pairs(more or {}) do o[name] = value end
    return o
  end

  local function pair(more)
    local a, a_port = assert(media:open("127.0.0.1"))
    local b, b_port = assert(media:open("127.0.0.1"))
    assert(media:apply(a, settings(b_port, more)))
    assert(media:apply(b, settings(a_port, more)))
    return a, b, a_port, b_port
  end

  local function find(kind, id, first)
    for _, event in ipairs(told) do
      local is_it = event.kind == kind and event.id == id
      if is_it and (first == nil or event[1] == first) then return event end
    end
  end

  local function await(kind, id, first)
    for _ = 1, 2000 do
      local event = find(kind, id, first)
      if event then return event end
      loop:step(100)
    end
    error(("no %s of %s"):format(kind, id), 2)
  end

  -- Lua at work, which turns no loop.
  local function block(ms)
    local from = loop:clock()
    repeat until loop:clock() - from >= ms
  end

  it("plays, hears digits and records over sockets", function()
    local a, b = pair()
    local playing = media:play(a, { media:clip(support.sine(440, 400), 8000) })
    local recording = assert(media:record(b, { path = folder.path .. "/a.wav", max = 500 }))
    assert.equal("done", await("end", a, playing)[2])
    local ended = await("end", b, recording)
    assert.same({ "max", 500 }, { ended[2], ended[3].ms })
    local gather = media:gather(a, { max = 3 })
    media:dtmf(b, { digits = "12#", ms = 60, gap = 40 })
    ended = await("end", a, gather)
    assert.same({ "stop", "12" }, { ended[2], ended[3].digits })
    local file <close> = assert(io.open(folder.path .. "/a.wav", "rb"))
    assert.is_true(support.share(file:read("a"):sub(45 + 2000, 45 + 5000), 440) > 0.9)
  end)

  it("does all that while Lua is at work: digits, their prompt, the end of it", function()
    local a, b = pair()
    local gather = media:gather(a, { { tone = "440", ms = 60000 }, max = 2 })
    media:dtmf(b, { digits = "12", ms = 60, gap = 40 })
    block(400)
    loop:step(0)
    loop:step(0)
    local ended = find("end", a, gather)
    assert.same({ "max", "12", true }, { ended[2], ended[3].digits, ended[3].barged })
    assert.is_true(ended[3].ms < 100, ended[3].ms) -- of the prompt, by its own frames
  end)

  it("keeps the loop from being empty while a session is open, and no longer", function()
    assert.is_true(loop:empty())
    local a = media:open "127.0.0.1"
    assert.is_false(loop:empty())
    media:close(a)
    await("closed", a)
    assert.is_true(loop:empty())
  end)

  it("loads files beside the loop", function()
    local a, b = pair()
    local verb = media:monitor(a, { path = folder.path .. "/a.wav" })
    media:play(b, { { tone = "440", ms = 300 } })
    await("end", b)
    media:stop(a, verb)
    await("end", a, verb)
    local clip, err
    assert(media:load(folder.path .. "/a.wav", nil, function(...) clip, err = ... end))
    while not clip and not err do loop:step(100) end
    assert.is_true(clip.ms >= 300)
    local missing
    assert(media:load(folder.path .. "/none.wav", nil, function(_, why) missing = why end))
    while not missing do loop:step(100) end
    assert.same({ "io", "ENOENT" }, { missing.kind, missing.name })
  end)

  it("gives even ports of its range, each in its turn, and says when there are no more", function()
    media:close()
    media = core.media(loop, { ports = { 31100, 31105 } })
    local seen = {}
    for i = 1, 3 do seen[i] = select(2, assert(media:open("127.0.0.1"))) end
    assert.same({ 31100, 31102, 31104 }, seen)
    local nothing, err = media:open("127.0.0.1")
    assert.same({ nil, "limit" }, { nothing, err.kind })
    nothing, err = media:open("192.0.2.77")
    assert.same({ nil, "io", "EADDRNOTAVAIL" }, { nothing, err.kind, err.name })
    assert.equal("invalid", select(2, core.media(loop, { ports = { 31101, 31102 } })).kind)
    assert.has_error(function() core.media(loop, { ports = { 5, 70000 } }) end)
    assert.has_error(function() media:open("127.0.0.1", { port = 31111 }) end)
  end)

  it("gives no port that another has, the same process or not", function()
    local _, port = assert(media:open("127.0.0.1", { port = 31120 }))
    assert.equal(31120, port)
    local nothing, err = media:open("127.0.0.1", { port = 31120 })
    assert.same({ nil, "EADDRINUSE" }, { nothing, err.name })
  end)

  it("works over IPv6", function()
    local a, a_port = media:open("::1")
    if not a then return end -- the machine has none
    local b, b_port = assert(media:open("::1"))
    local function six(port) return settings(port, { remote_ip = "::1" }) end
    assert(media:apply(a, six(b_port)))
    assert(media:apply(b, six(a_port)))
    media:dtmf(a, { digits = "7", ms = 60 })
    assert.equal("7", await("digit", b)[1])
  end)

  it("loses no command and no verb's end, however many come at once", function()
    local ids, verbs = {}, {}
    for i = 1, 60 do
      local a, b = pair()
      ids[2 * i - 1], ids[2 * i] = a, b
    end
    for round = 1, 30 do -- 3600 verbs in one go: more than either ring holds
      for _, id in ipairs(ids) do
        verbs[id .. ":" .. round] = assert(media:play(id, { 0 }))
        if round % 3 == 0 then media:stop(id, verbs[id .. ":" .. round]) end
      end
    end
    block(200) -- and nobody takes the ends
    local ends = 0
    for _ = 1, 2000 do
      ends = 0
      for _, event in ipairs(told) do
        if event.kind == "end" then ends = ends + 1 end
      end
      if ends == 3600 then break end
      loop:step(50)
    end
    assert.equal(3600, ends)
    assert.equal(0, media:counts().verbs)
    local last = {}
    for _, event in ipairs(told) do -- and in order, but for those stopped before their turn
      if event.kind == "end" and event[2] == "done" then
        assert.is_true(event[1] > (last[event.id] or 0))
        last[event.id] = event[1]
      end
    end
  end)

  it("has a handler that raises told, and goes on", function()
    local errors = {}
    loop:on_error(function(message) errors[#errors + 1] = message end)
    local a = pair()
    media:on_event(function(kind, id, ...)
      table.insert(told, { kind = kind, id = id, ... })
      if kind == "end" then error "in the handler" end
    end)
    local first, second = media:play(a, { 20 }), media:play(a, { 20 })
    await("end", a, first)
    await("end", a, second)
    assert.equal(2, #errors)
    assert.matches("in the handler", errors[1])
  end)

  it("may be closed in the middle of an event, with its loop or before it", function()
    local a = pair()
    media:on_event(function() media:close() end)
    media:play(a, { 20 })
    for _ = 1, 50 do
      if not pcall(media.counts, media) then break end
      loop:step(50)
    end
    assert.has_error(function() media:play(a, { 20 }) end)
    local other = core.media(loop, { ports = ports })
    assert(other:open("127.0.0.1"))
    loop:close()
    assert.has_error(function() other:open("127.0.0.1") end)
    loop = core.loop()
  end)

  it("ends with its state, whatever goes on", function()
    local script = folder:write("gone.lua", [[
      local core = require "moonsip.core"
      local loop = core.loop()
      local media = core.media(loop, { ports = { 21000, 31000 } })
      for _ = 1, 20 do
        local id = media:open "127.0.0.1"
        media:apply(id, { remote_ip = "127.0.0.1", remote_port = 9,
          codecs = { { name = "PCMU", rate = 8000, payload_type = 0 } } })
        media:play(id, { { tone = "440", ms = 60000 } })
        media:monitor(id, { path = arg[1] .. "/" .. id .. ".wav" })
        media:load(arg[1], nil, function() end)
      end
      loop:step(50)
    ]])
    local lua <const> = os.getenv "LUA" or "lua5.4"
    local output, code = folder:run(("%s %s %s"):format(lua, script, folder.path))
    assert.same({ "", 0 }, { output, code })
  end)

  -- ---- files

  -- Starts a program that records a tone; its process id.
  local function start_recorder(before)
    local script = folder:write("record.lua", [[
      local core = require "moonsip.core"
      local loop = core.loop()
      local media = core.media(loop, { ports = { 21000, 31000 } })
      local function o(port) return { remote_ip = "127.0.0.1", remote_port = port,
        codecs = { { name = "PCMU", rate = 8000, payload_type = 0 } } } end
      local a, a_port = media:open "127.0.0.1"
      local b, b_port = media:open "127.0.0.1"
      media:apply(a, o(b_port)) media:apply(b, o(a_port))
      media:play(b, { { tone = "440", ms = 600000 } })
      local verb = media:monitor(a, { path = arg[1] })
      local playing = media:play(a, { { tone = "440", ms = 10000 } })
      local ended, went_on
      media:on_event(function(kind, id, number, why, info)
        if kind == "end" and number == verb then
          print(why, info.err and info.err.kind, info.err and info.err.name)
          ended = loop:now()
        elseif kind == "end" then print("another ended") end
      end)
      while not ended or loop:now() < ended + 200 do loop:step(100) end
      print(media:stats(a).sent.packets > 0 and "goes on" or "stands still")
      os.exit(0, true)
    ]])
    local lua <const> = os.getenv "LUA" or "lua5.4"
    return ("%s exec %s %s %s/rec.wav"):format(before or "", lua, script, folder.path)
  end

  local function header_seconds()
    local file = io.open(folder.path .. "/rec.wav", "rb")
    if not file then return 0 end
    local header = file:read(44)
    file:close()
    return header and #header == 44 and string.unpack("<I4", header, 41) / 16000 or 0
  end

  it("leaves a file that can be read when its process is killed", function()
    local pipe = io.popen("sh -c 'echo $$; " .. start_recorder() .. "'")
    local pid = pipe:read "l"
    while header_seconds() < 1 do loop:step(20) end -- nothing of it will be finished
    os.execute("kill -9 " .. pid)
    pipe:close()
    local clip, err
    media:load(folder.path .. "/rec.wav", nil, function(...) clip, err = ... end)
    media:open "127.0.0.1"
    while not clip and not err do loop:step(100) end
    assert.is_true(clip.ms >= 1000, err)
    assert.is_true(support.share(clip:samples(8000):sub(4001, 12000), 440) > 0.5)
  end)

  it("ends a recording whose disk is full with an error, and nothing else", function()
    -- 64 blocks of 512 bytes, and no signal about it: EFBIG, as ENOSPC
    local output = folder:run(start_recorder "ulimit -f 64; trap '' XFSZ;")
    assert.equal("io\tio\tEFBIG\ngoes on\n", output)
    assert.is_true(header_seconds() > 1)
  end)

  it("allocates nothing, locks nothing and opens nothing once a call is set up", function()
    local script = folder:write("watched.lua", [[
      local watch = require "media_watch"
      local core = require "moonsip.core"
      local loop = core.loop()
      local media = core.media(loop, { ports = { 21000, 31000 } })
      local function o(port) return { remote_ip = "127.0.0.1", remote_port = port,
        codecs = { { name = "PCMU", rate = 8000, payload_type = 0 } },
        events = { payload_type = 101, rate = 8000 } } end
      local ids, ended = {}, 0
      media:on_event(function(kind) if kind == "end" then ended = ended + 1 end end)
      watch.start(true)
      for i = 1, 40, 2 do -- so many that packets go by the batch
        local a, a_port = media:open "127.0.0.1"
        local b, b_port = media:open "127.0.0.1"
        media:apply(a, o(b_port)) media:apply(b, o(a_port))
        ids[i], ids[i + 1] = a, b
      end
      local started = 0
      local function verb(name, id, options)
        assert(media[name](media, id, options))
        started = started + 1
      end
      local clip = media:clip(("\0\1"):rep(8000), 8000)
      for i = 9, 40 do verb("play", ids[i], { { tone = "440", ms = 4000 } }) end
      for i, id in ipairs(ids) do
        if i > 8 then break end
        verb("play", id, { clip, "440/100,0/100;repeat=2", 50 })
        verb("record", id, { path = arg[1] .. "/" .. i .. ".wav", max = 300 })
        verb("gather", id, { clip, max = 2, timeout = 500 })
        verb("dtmf", id, { digits = "12", ms = 60 })
        media:detect(id, { amd = true, beep = true, max = 2000 })
        local stream = media:stream(id, { rate = 16000, what = "both" })
        media:write(id, stream, ("\1\2"):rep(4000))
      end
      local conference = media:conference { rate = 16000 }
      media:bridge(ids[1], ids[3])
      media:join(conference, ids[5]) media:join(conference, ids[7])
      while ended < started do loop:step(100) end
      for _, id in ipairs(ids) do media:close(id) end
      while media:counts().sessions > 0 do loop:step(100) end
      print(watch.counts())
      os.exit(0, false)
    ]])
    local build <const> = os.getenv "BUILD" or "build"
    local lua <const> = os.getenv "LUA" or "lua5.4"
    if lua:find "/bin/lua$" then return end -- a sanitizer has an allocator of its own
    local output = folder:run(("LD_PRELOAD=%s/spec/media_watch.so %s %s %s")
      :format(build, lua, script, folder.path))
    assert.equal("0\t0\t0\n", output)
  end)
end)
