-- SPDX-License-Identifier: MIT
-- The world under a clock that is moved: the same for the same seed, quiet when nothing
-- can happen, and sound when memory runs out.

local core = require "moonsip.core"
local new_folder = require "spec.support.scratch".folder
local support = require "spec.support.media"

describe("a fabric", function()
  -- What a busy minute came to: all that was told, and the digest of all packets.
  local function minute(seed)
    local stage <const> = support.stage {
      seed = seed, tap = false,
      link = { loss = 0.03, duplicate = 0.01, reorder = 0.02, delay = 20, jitter = 30 },
    }
    local conference = stage.media:conference()
    for i = 1, 10 do
      local a, b = stage:pair()
      a:gather { { tone = "440", ms = 3000 }, max = 4 }
      b:play { { tone = "600", ms = 500 * i } }
      b:dtmf { digits = "1234" }
      if i > 7 then stage.media:join(conference, a.id) end
    end
    stage:run(20000)
    local lines = {}
    for _, event in ipairs(stage.told) do
      lines[#lines + 1] = ("%d %s %d %s %s"):format(event.at, event.kind, event.id,
        tostring(event[1]), tostring(event[2]))
    end
    local digest = stage.fabric:digest()
    stage:close()
    return digest, table.concat(lines, "\n")
  end

  it("gives the same trace for the same seed, and another for another", function()
    local digest, lines = minute(7)
    local again, lines_again = minute(7)
    assert.equal(digest, again)
    assert.equal(lines, lines_again)
    assert.not_equal(digest, (minute(8)))
  end)

  it("stops at the first instant that has an event", function()
    local stage <const> = support.stage { tap = false }
    local a = stage:pair()
    stage:run(100)
    local verb = a:play { { tone = "440", ms = 500 } }
    local now = stage.fabric:advance(10000)
    assert.is_true(now < 700, now)
    assert.is_truthy(stage:find("end", a.id, verb))
    stage:close()
  end)

  it("knows when nothing can happen any more", function()
    local stage <const> = support.stage { tap = false }
    assert.is_nil(stage.fabric:deadline())
    local a, b = stage:pair()
    stage:run(2000)
    assert.is_nil(stage.fabric:deadline()) -- silence goes to and fro, and nobody waits
    a:gather { timeout = 1000 }
    assert.is_truthy(stage.fabric:deadline())
    stage:run(3000)
    assert.is_nil(stage.fabric:deadline())
    b:dtmf { digits = "1" }
    assert.is_truthy(stage.fabric:deadline())
    stage:run(2000)
    a:apply({ inactivity = 5000 }, b)
    stage:run(1000)
    assert.is_nil(stage.fabric:deadline()) -- b is heard
    b:apply({ send = false }, a)
    stage:run(1000)
    assert.is_truthy(stage.fabric:deadline()) -- and is not any more
    stage:run(10000)
    assert.is_truthy(stage:find("inactivity", a.id))
    assert.is_nil(stage.fabric:deadline())
    stage:close()
  end)

  it("keeps the media of several hosts apart", function()
    local fabric <const> = core.media_fabric {}
    local one, two = fabric:media(), fabric:media()
    local told = {}
    one:on_event(function(kind, id) told[#told + 1] = "one " .. kind .. id end)
    two:on_event(function(kind, id) told[#told + 1] = "two " .. kind .. id end)
    local a, b = one:open "10.0.0.1", two:open "10.0.0.2"
    assert.not_equal(a, b)
    one:close(a)
    two:close(b)
    while fabric:deadline() do fabric:advance(fabric:now() + 1000) end
    assert.same({ "one closed" .. a, "two closed" .. b }, told)
    fabric:close()
    assert.has_error(function() one:open "10.0.0.1" end)
    assert.has_error(function() fabric:now() end)
  end)

  it("keeps the last of what a session hears, quietly, and after its end", function()
    local stage <const> = support.stage { tap = false }
    local a, b = stage:pair()
    assert(stage.fabric:listen(b.id, 1000))
    stage:run(2000)
    assert.is_nil(stage.fabric:deadline())
    a:play { { tone = "440", ms = 3000 } }
    stage:run(2000)
    local samples, from, to = stage.fabric:heard(b.id)
    assert.same({ 16000, 8000 }, { #samples, to - from })
    assert.near(32000, to, 320)
    assert.is_true(support.share(samples, 440) > 0.99)
    assert.equal(320, #stage.fabric:heard(b.id, to - 160))
    assert.equal("invalid", select(2, stage.fabric:listen(b.id)).kind)
    stage.media:close(b.id)
    stage:run(500)
    assert.is_true(select(3, stage.fabric:heard(b.id)) >= to)
    assert(stage.fabric:forget(b.id))
    assert.equal("gone", select(2, stage.fabric:heard(b.id)).kind)
    assert.equal("gone", select(2, stage.fabric:listen(b.id)).kind)
    stage:close()
  end)

  it("takes no link that makes no sense, and no address that is none", function()
    local fabric <const> = core.media_fabric {}
    for name, value in pairs { loss = 1.5, duplicate = -1, delay = 901, jitter = "x" } do
      assert.has_error(function() fabric:link(nil, nil, { [name] = value }) end)
    end
    assert.has_error(function() fabric:link("host", nil, {}) end)
    assert.has_error(function() fabric:inject("10.0.0.1", "10.0.0.2:5", "x") end)
    assert.is_false(fabric:inject("10.0.0.1:4", "10.0.0.2:6", "x"))
    fabric:close()
  end)

  it("has every call fail that memory fails, with nothing broken and nothing left", function()
    local folder <close> = new_folder()
    local failed = 0
    for n = 1, 70 do
      local fabric <const> = core.media_fabric { fail_allocation = n }
      if fabric then
        local media <const> = fabric:media()
        local function try(ok, err)
          if ok == nil then
            failed = failed + 1
            assert.equal("limit", err.kind)
          end
          return ok
        end
        local ids = {}
        for i = 1, 2 do ids[i] = try(media:open("10.0.0." .. i)) end
        for _, id in pairs(ids) do
          try(media:apply(id, { remote_ip = "10.0.0.1", remote_port = 16384,
            codecs = { { name = "PCMU", rate = 8000, payload_type = 0 } } }))
          try(media:play(id, { "440/20,0/20;repeat=1", 20 }))
          try(media:gather(id, { 20, timeout = 20 }))
          try(media:stream(id, {}))
          try(media:monitor(id, { path = folder.path .. "/a.wav" }))
          try(media:background(id, { "300" }))
        end
        local conference = try(media:conference())
        if conference and ids[1] then try(media:join(conference, ids[1])) end
        fabric:advance(200)
        fabric:advance(400)
        fabric:close()
      end
    end
    assert.is_true(failed > 30, failed)
  end)
end)
