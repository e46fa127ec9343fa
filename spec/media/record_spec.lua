-- SPDX-License-Identifier: MIT
-- Recordings: what is in the file, and when it is there.

local new_folder = require "spec.support.scratch".folder
local support = require "spec.support.media"

describe("a recording", function()
  local stage, scratch, folder

  before_each(function()
    stage = support.stage()
    scratch = new_folder()
    folder = scratch.path
  end)
  after_each(function()
    stage:close()
    scratch:remove()
  end)

  local function read(name)
    local file <close> = assert(io.open(folder .. "/" .. name, "rb"))
    return file:read "a"
  end

  -- A WAV taken apart: format, channels, rate, data as its header says.
  local function wav(name)
    local bytes = read(name)
    assert.equal("RIFF", bytes:sub(1, 4))
    assert.equal("WAVE", bytes:sub(9, 12))
    local at, found = 13, {}
    while at + 8 <= #bytes do
      local kind, size = bytes:sub(at, at + 3), string.unpack("<I4", bytes, at + 4)
      if kind == "fmt " then
        found.format, found.channels, found.rate = string.unpack("<I2I2I4", bytes, at + 8)
      elseif kind == "data" then
        found.data = bytes:sub(at + 8, at + 7 + size)
        found.size = size
      end
      at = at + 8 + size + size % 2
    end
    found.bytes = #bytes
    return found
  end

  it("has what the other side says, sample by sample", function()
    local a, b = stage:pair()
    local said = support.sine(440, 1000)
    local verb = a:record { path = folder .. "/a.wav", max = 1500 }
    stage:run(100)
    b:play { stage:clip(said) }
    local ended = stage:ended(a.id, verb)
    assert.same({ "max", 1500 }, { ended.why, ended.info.ms })
    local file = wav "a.wav"
    assert.same({ 1, 1, 8000, 24000 }, { file.format, file.channels, file.rate, #file.data })
    assert.is_true(support.share(file.data:sub(6001, 16000), 440) > 0.99)
  end)

  it("begins after the beep, which is not in it", function()
    local a, b = stage:pair()
    b:listen()
    b:play { { tone = "300", ms = 3000 } }
    local beep <const> = { { tone = "1000", ms = 500 } }
    local verb = a:record { path = folder .. "/a.wav", beep = beep, max = 1000 }
    local ended = stage:ended(a.id, verb)
    assert.near(1500, ended.at, 25)
    assert.is_true(support.share(b:heard():sub(2001, 8000), 1000) > 0.9)
    assert.is_true(support.share(wav "a.wav".data, 1000) < 0.01)
  end)

  it("ends by a key that it was told, or any", function()
    local a, b = stage:pair()
    local verb = a:record { path = folder .. "/a.wav", stop = "#" }
    stage:run(500)
    b:dtmf { digits = "1#" }
    local ended = stage:ended(a.id, verb)
    assert.same({ "stop", "#" }, { ended.why, ended.info.key })
    assert.near(700, ended.info.ms, 60)
  end)

  it("ends by silence, which is cut off unless it is to be kept", function()
    local a, b = stage:pair()
    b:play { { tone = "440", ms = 1000 } }
    local verb = a:record { path = folder .. "/a.wav", silence = 2000 }
    local ended = stage:ended(a.id, verb)
    assert.equal("silence", ended.why)
    assert.near(3050, ended.at, 100)
    assert.near(1050, ended.info.ms, 80)
    assert.near(ended.info.ms * 16, #wav "a.wav".data, 16)
    b:play { { tone = "440", ms = 1000 } }
    ended = stage:ended(a.id, a:record { path = folder .. "/b.wav", silence = 2000, trim = false })
    assert.near(3050, ended.info.ms, 100)
  end)

  it("is whole when the session closes in the middle", function()
    local a, b = stage:pair()
    b:play { { tone = "440", ms = 5000 } }
    local verb = a:record { path = folder .. "/a.wav" }
    stage:run(1230)
    stage.media:close(a.id)
    local ended = stage:ended(a.id, verb)
    assert.equal("closed", ended.why)
    assert.near(1230, ended.info.ms, 21)
    local file = wav "a.wav"
    assert.equal(ended.info.ms * 16, #file.data)
    assert.is_true(support.share(file.data:sub(-8000), 440) > 0.99)
    stage:run(1)
    local kinds = {}
    for _, event in ipairs(stage.told) do
      if event.id == a.id then kinds[#kinds + 1] = event.kind end
    end
    assert.equal("closed", kinds[#kinds]) -- the last of all
  end)

  it("can be read at any time, true to the second", function()
    local a, b = stage:pair()
    b:play { { tone = "440", ms = 10000 } }
    a:monitor { path = folder .. "/a.wav" }
    stage:run(5500)
    local file = wav "a.wav" -- as after a kill: nobody finished it
    assert.is_true(file.size >= 4 * 16000 and file.size <= 5.5 * 16000, file.size)
    assert.equal(file.size, #file.data)
  end)

  it("has both sides mixed, or one on the left and one on the right", function()
    local a, b = stage:pair()
    b:play { { tone = "440", ms = 3000 } }
    a:play { { tone = "1000", ms = 3000 } }
    local both = a:monitor { path = folder .. "/both.wav" }
    local stereo = a:monitor { path = folder .. "/stereo.wav", what = "stereo" }
    stage:run(2000)
    stage.media:stop(a.id, both)
    stage.media:stop(a.id, stereo)
    assert.equal("stopped", stage:ended(a.id, both).why)
    stage:ended(a.id, stereo)
    local mixed = wav "both.wav".data:sub(8001, 24000)
    assert.near(0.5, support.share(mixed, 440), 0.05)
    assert.near(0.5, support.share(mixed, 1000), 0.05)
    local file, left, right = wav "stereo.wav", {}, {}
    assert.equal(2, file.channels)
    for i = 8001, 40000, 4 do
      left[#left + 1], right[#right + 1] = file.data:sub(i, i + 1), file.data:sub(i + 2, i + 3)
    end
    assert.is_true(support.share(table.concat(left), 440) > 0.98)
    assert.is_true(support.share(table.concat(right), 1000) > 0.98)
  end)

  it("is silent while it is paused, and of the same length", function()
    local a, b = stage:pair()
    b:play { { tone = "440", ms = 3000 } }
    local verb = a:monitor { path = folder .. "/a.wav", what = "in" }
    stage:run(1000)
    assert(stage.media:pause(a.id, verb, true))
    stage:run(1000)
    assert(stage.media:pause(a.id, verb, false))
    stage:run(1000)
    stage.media:stop(a.id, verb)
    assert.near(3000, stage:ended(a.id, verb).info.ms, 21)
    local data = wav "a.wav".data
    assert.equal(0, support.loudness(data:sub(17001, 31000)))
    assert.is_true(support.loudness(data:sub(34001, 46000)) > 1000)
  end)

  it("is in A-law or mu-law, at another rate, or behind what is there", function()
    local a, b = stage:pair()
    b:play { { tone = "440", ms = 9000 } }
    for format, tag in pairs { ulaw = 7, alaw = 6 } do
      stage:ended(a.id, a:record { path = folder .. "/" .. format, format = format, max = 500 })
      local file = wav(format)
      assert.same({ tag, 4000 }, { file.format, #file.data })
    end
    stage:ended(a.id, a:record { path = folder .. "/wide", rate = 16000, max = 500 })
    assert.same({ 16000, 16000 }, { wav "wide".rate, #wav "wide".data })
    assert.is_true(support.share(wav "wide".data:sub(2001), 440, 16000) > 0.98)
    for _ = 1, 3 do
      stage:ended(a.id, a:record { path = folder .. "/more", append = true, max = 500 })
    end
    assert.equal(3 * 8000, #wav "more".data)
    local other <const> = { path = folder .. "/more", append = true, format = "ulaw" }
    local nothing, err = stage.media:record(a.id, other)
    assert.same({ nil, "media" }, { nothing, err.kind })
  end)

  it("says at once when the file cannot be", function()
    local a = stage:pair()
    for _, path in ipairs { folder .. "/none/a.wav", folder } do
      local nothing, err = stage.media:record(a.id, { path = path })
      assert.same({ nil, "io" }, { nothing, err.kind })
    end
  end)

  it("does not begin on a disk that is full", function()
    local a = stage:pair()
    local nothing, err = stage.media:monitor(a.id, { path = "/dev/full" })
    assert.same({ nil, "io", "ENOSPC" }, { nothing, err.kind, err.name })
  end)

  it("is stopped by its own end alone: the call goes on", function()
    local a, b = stage:pair()
    local verb = a:record { path = folder .. "/a.wav", max = 100 }
    local after = a:play { { tone = "440", ms = 100 } }
    stage:ended(a.id, verb)
    assert.equal("done", stage:ended(a.id, after).why)
    assert.is_true(#stage:sent(b) > 0)
  end)
end)
