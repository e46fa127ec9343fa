-- SPDX-License-Identifier: MIT
-- Sound files as clips: loaded once, shared, and what is wrong with them.

local new_folder = require "spec.support.scratch".folder
local support = require "spec.support.media"

describe("a clip", function()
  local stage, folder

  before_each(function()
    stage = support.stage { tap = false }
    folder = new_folder()
  end)
  after_each(function()
    stage:close()
    folder:remove()
  end)

  local function wav(samples, rate)
    rate = rate or 8000
    return "RIFF" .. string.pack("<I4", 36 + #samples) .. "WAVEfmt "
      .. string.pack("<I4I2I2I4I4I2I2", 16, 1, 1, rate, rate * 2, 2, 16)
      .. "data" .. string.pack("<I4", #samples) .. samples
  end

  local function load(path, wanted)
    local clip, err
    assert(stage.media:load(path, wanted, function(...) clip, err = ... end))
    assert.is_nil(clip or err) -- in a later turn
    stage:run(1)
    return clip, err
  end

  it("is loaded from a WAV, at its rate, and converted to what is wanted", function()
    local path = folder:write("a.wav", wav(support.sine(440, 1000, 16000), 16000))
    local clip = assert(load(path, { "PCMU", 8000 }))
    assert.same({ 1000, 16000, path }, { clip.ms, clip.rate, clip.path })
    assert.equal(16000, #clip:samples(8000))
    assert.is_true(support.share(clip:samples(8000):sub(2001, 14000), 440) > 0.99)
  end)

  it("is the same for everybody until the file changes", function()
    local path = folder:write("a.wav", wav(support.sine(440, 1000)))
    local one = assert(load(path))
    assert.equal(one, (load(path, { "PCMA", 16000 })))
    folder:write("a.wav", wav(support.sine(440, 2000)))
    local other = assert(load(path))
    assert.same({ 1000, 2000 }, { one.ms, other.ms })
  end)

  it("lives as long as a verb plays it", function()
    local a, b = stage:pair()
    b:listen()
    local verb = a:play { stage:clip(support.sine(440, 1000)) }
    collectgarbage()
    collectgarbage()
    assert.equal(1000, stage:ended(a.id, verb).info.ms)
    assert.is_true(support.share(b:heard():sub(3201, 14000), 440) > 0.99)
  end)

  it("says what is wrong: missing, empty, cut off, no sound, a folder", function()
    local whole = wav(support.sine(440, 100))
    for name, case in pairs {
      none = { kind = "io", name = "ENOENT" },
      empty = { text = "", kind = "media" },
      text = { text = "no sound", kind = "media" },
      header = { text = whole:sub(1, 20), kind = "media" },
      nothing = { text = wav "", kind = "media" },
    } do
      local path = folder.path .. "/" .. name
      if case.text then folder:write(name, case.text) end
      local clip, err = load(path)
      assert.is_nil(clip, name)
      assert.equal(case.kind, err.kind, name)
      assert.is_truthy(err.reason:find(name, 1, true), err.reason)
      if case.name then assert.equal(case.name, err.name) end
    end
    assert.equal("io", select(2, load(folder.path)).kind)
    local short = folder:write("short.wav", whole:sub(1, -100)) -- its header promises more
    assert.near(100, assert(load(short)).ms, 10)
  end)

  it("plays at a rate that it was not converted to", function()
    local wide <const> = { codecs = { { name = "L16", rate = 16000, payload_type = 96 } } }
    local a, b = stage:pair(wide)
    b:listen()
    stage:ended(a.id, a:play { stage:clip(support.sine(440, 1000), 8000, {}) })
    assert.is_true(support.share(b:heard():sub(8001, 28000), 440, 16000) > 0.99)
  end)

  it("takes no path with a NUL, and no function that is none", function()
    assert.has_error(function() stage.media:load("a\0b", nil, print) end)
    assert.has_error(function() stage.media:load("a", nil, 5) end)
    assert.has_error(function() stage.media:load("a", { 5 }, print) end)
    assert.has_error(function() stage.media:clip("x", 8000) end)
    assert.has_error(function() stage.media:clip("xx", 1) end)
  end)
end)
