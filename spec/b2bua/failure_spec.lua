-- SPDX-License-Identifier: MIT
-- What goes wrong in the middle: memory, limits, a leg that ends inside whatever waits for
-- it, an agent that is closed. Both legs end, and nothing is left of them.

local legs <const> = require "spec.support.legs"

local talks <const> = legs.talks

-- Of one call with a change and an INFO: more than it takes.
local MOST_ALLOCATIONS <const> = 400

local function stage_of(media)
  local stage <const> = legs.stage()
  stage.bob:on("INVITE", function(req)
    req:progress { sdp = talks("10.2.0.1", 5000) }
    stage.net:sleep "1s"
    req:answer { sdp = talks("10.2.0.1", 5000) }
  end)
  stage:join { media = media }
  return stage
end

-- A whole call of alice's, as far as it comes.
local function whole_call(stage)
  local near <const> = stage.alice:call(stage.to, { sdp = talks("10.1.0.7", 4000), ring = "20s" })
  if not near then return end
  near:reinvite { sdp = talks("10.1.0.7", 4010), timeout = "5s" }
  near:request("INFO", { body = "x", timeout = "5s" }):wait()
  near:hangup()
end

describe("a call through a B2BUA", function()
  it("ends whichever allocation of the core fails, and the next one works", function()
    local stage <close> = stage_of "direct"
    local engine <const> = stage.sbc.engine
    local failed = 0
    for n = 1, MOST_ALLOCATIONS do
      engine:fail_allocation(n)
      whole_call(stage)
      engine:fail_allocation(0)
      for _, one in ipairs(stage.alice.calls) do one:hangup() end
      stage.net:settle()
      local count <const>, by_kind <const> = stage.net:live()
      assert.same({}, count > 0 and by_kind or {}, n)
      assert.same({ 0, 0, 0 }, { #stage.alice.calls, #stage.sbc.calls, #stage.bob.calls }, n)
      if stage.record and stage.record.disposition ~= "answered" or stage.err then
        failed = failed + 1
      end
      stage.record, stage.err = nil, nil
    end
    assert.same({}, stage.errors)
    assert.is_true(failed > 0, "no allocation mattered")
    whole_call(stage)
    stage.net:advance "1s"
    assert.equal("answered", stage.record.disposition)
    stage:finish()
  end)

  for _, media in ipairs { "direct", "relay" } do
    describe("with media = " .. media, function()
      local stage, alice, bob, sbc, net
      before_each(function()
        stage = legs.stage { media = true }
        alice, bob, sbc, net = stage.alice, stage.bob, stage.sbc, stage.net
      end)
      after_each(function() stage:close() end)

      local function answers(early)
        bob:on("INVITE", function(req)
          if early then req:progress { sdp = true } else req:ring() end
          net:sleep "2s"
          req:answer()
        end)
      end

      -- Serves calls by `fn(a)`, which gets the first leg.
      local function serve(fn)
        sbc:on("INVITE", function(req)
          local a <close> = req:leg()
          return fn(a)
        end)
      end

      for name, ms in pairs { ["while it dials"] = 500, ["while it is joined"] = 4000 } do
        it("ends with the agent: " .. name, function()
          answers(true)
          stage:join { media = media }
          alice:start_call(stage.to)
          net:advance(ms / 1000)
          sbc:close()
          net:settle()
          assert.same({ 0, 0 }, { #alice.calls, #bob.calls })
          assert.equal(0, (net:live()))
        end)

        it("ends with the task: " .. name, function()
          answers(true)
          local job
          sbc:on("INVITE", function(req)
            local a <const> = req:leg()
            req:defer()
            job = require("moonsip.group").go(sbc.context, function()
              local _ <close> = a
              local b <close> = a:dial(bob.contact, { media = media })
              if b then a:bridge(b) end
            end)
          end)
          alice:start_call(stage.to)
          net:advance(ms / 1000)
          job:cancel()
          net:advance "1s"
          assert.same({ 0, 0 }, { #alice.calls, #bob.calls })
          stage:finish()
        end)
      end

      it("ends when the second leg is hung up inside every handler of its own", function()
        answers()
        local heard <const> = {}
        serve(function(a)
          local b <close> = assert(a:dial(bob.contact, { media = media }))
          for _, what in ipairs { "hold", "end", "INFO" } do
            b:on(what, function(req)
              heard[what] = true
              b:close()
              if what == "INFO" then return req:reply(200) end
            end)
          end
          stage.record = a:bridge(b)
        end)
        for at = 1, 2 do
          assert(alice:call(stage.to))
          net:advance "1s"
          local far <const> = bob.calls[1]
          if at == 1 then far:hold() else far:request("INFO"):wait() end
          net:advance "1s"
          assert.same({ 0, 0 }, { #alice.calls, #bob.calls })
          assert.equal("local", stage.record.by)
        end
        stage:finish()
        assert.is_true(heard["end"] and heard.INFO)
      end)

      it("ends when either leg is closed while it is dialled or joined by a callback", function()
        answers()
        for _, at in ipairs { "a", "b" } do
          local done = false
          sbc:off "INVITE"
          sbc:on("INVITE", function(req)
            local a <const> = req:leg()
            req:defer()
            a:dial(bob.contact, { media = media }, function(b)
              a:bridge(b, function()
                done = true
                a:close()
                b:close()
              end)
              if at == "a" then a:close() else b:close() end
            end)
          end)
          alice:call(stage.to)
          net:advance "3s"
          assert.is_true(done)
          assert.same({ 0, 0 }, { #alice.calls, #bob.calls })
        end
        stage:finish()
      end)

      it("tells of one that ended before it could be joined", function()
        answers()
        local record, err
        serve(function(a)
          local b <close> = assert(a:dial(bob.contact, { media = media }))
          net:sleep "5s"
          record, err = a:bridge(b)
        end)
        alice:start_call(stage.to)
        net:advance "3s"
        bob.calls[1]:hangup()
        net:advance "5s"
        assert.same({ "failed", "callee", "hangup" }, { record.disposition, record.by, err.kind })
        local near <const> = alice:start_call(stage.to)
        net:advance "4s"
        near:hangup()
        net:advance "5s"
        assert.same({ "cancelled", "caller", "cancelled" },
          { record.disposition, record.by, err.kind })
        assert.is_true(record:merge { x = 1 }.minutes == 0)
        stage:finish()
      end)

      it("loses nothing on a network that loses, doubles and reorders", function()
        stage:close()
        stage = legs.stage { media = media == "relay",
          net = { loss = 0.1, duplicate = 0.05, reorder = 0.1, seed = 11 } }
        alice, bob, sbc, net = stage.alice, stage.bob, stage.sbc, stage.net
        stage.bob:on("INVITE", function(req)
          req:ring()
          net:sleep "1s"
          req:answer { sdp = media == "direct" and talks("10.2.0.1", 5000) or nil }
        end)
        stage:join { media = media }
        local wish <const> = { sdp = media == "direct" and talks("10.1.0.7", 4000) or nil }
        for _ = 1, 20 do
          local near <const> = assert(alice:call(stage.to, wish))
          near:reinvite(wish)
          near:request("INFO", { body = "x" }):wait()
          near:hangup()
        end
        net:advance "1m"
        assert.equal(20, #stage.records)
        stage:finish()
      end)
    end)
  end

  describe("keeps to its bounds:", function()
    it("dialogs: one more than there may be is refused, and the caller hears so", function()
      local stage <close> = legs.stage { sbc = { max_dialogs = 4 } }
      stage.bob:on("INVITE", function(req) req:answer { sdp = talks("10.2.0.1", 5000) } end)
      stage:join()
      local wish <const> = { sdp = talks("10.1.0.7", 4000), ring = "20s" }
      local near <const> = {}
      for at = 1, 2 do near[at] = assert(stage.alice:call(stage.to, wish)) end
      local none <const>, err = stage.alice:call(stage.to, wish)
      assert.is_nil(none)
      assert.is_true(err.code >= 500, err.code)
      for at = 1, 2 do near[at]:hangup() end
      stage:finish()
      near[1] = assert(stage.alice:call(stage.to, wish))
      near[1]:hangup()
      stage:finish()
    end)

    it("64 attempts of a call are kept, the last ones", function()
      local stage <close> = legs.stage()
      stage.bob:on("INVITE", function(req) req:reply(503) end)
      stage.sbc:on("INVITE", function(req)
        local a <close> = req:leg()
        for n = 1, 65 do a:dial(stage.bob.contact, { user = "n" .. n }) end
      end)
      stage.alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) })
      local attempts <const> = stage.records[1].attempts
      assert.equal(64, #attempts)
      assert.matches("^sip:n2@", attempts[1].uri)
      stage:finish()
    end)

    it("65 turns are not taken", function()
      local stage <close> = legs.stage()
      local many <const> = {}
      for n = 1, 65 do many[n] = "sip:x@10.2.0.1" end
      local ok, why
      stage.sbc:on("INVITE", function(req)
        local a <close> = req:leg()
        ok, why = pcall(a.dial, a, many)
      end)
      stage.alice:call(stage.to, { sdp = talks("10.1.0.7", 4000) })
      assert.is_false(ok)
      assert.matches("too many targets", why)
      stage:finish()
    end)
  end)
end)
