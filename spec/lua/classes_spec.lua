-- SPDX-License-Identifier: MIT
-- Each class of responses, in both directions: observed on the exchange, on the call and
-- on the agent, unobserved, and by observers that raise, wait, or close what they stand
-- on (api.md rule 1).

local handlers = require "moonsip.handlers"
local pair = require "spec.support.pair"

local sip_next <const> = handlers.next

-- A status of each class, and the kind of error it is to who waits for it.
local classes <const> = {
  { class = "1xx", code = 183 },
  { class = "2xx", code = 202 },
  { class = "3xx", code = 302, kind = "rejected" },
  { class = "4xx", code = 486, kind = "busy" },
  { class = "5xx", code = 501, kind = "rejected" },
  { class = "6xx", code = 603, kind = "rejected" },
}

describe("a response", function()
  local net, alice, bob
  before_each(function()
    net, alice, bob = pair.new()
    for _, who in ipairs { alice, bob } do
      who:on("INVITE", function(req)
        local code = tonumber(req.headers["X-Code"])
        req:reply(code)
        if code < 200 then req:reply(480) end
      end)
    end
  end)
  after_each(function() net:close() end)

  local function ask(from, to, code)
    return from:request("INVITE", to, { headers = { ["X-Code"] = code } })
  end

  local function both_ways(fn)
    fn(alice, bob)
    fn(bob, alice)
  end

  for _, row in ipairs(classes) do
    local class <const>, code <const>, kind <const> = row.class, row.code, row.kind
    local final <const> = code >= 200 and code or 480

    describe("of class " .. class, function()
      it("reaches an observer of its class, of its status as number and text, and of all",
        function()
          for _, what in ipairs { class, code, tostring(code), "response" } do
            both_ways(function(from, to)
              local seen = {}
              local exchange = ask(from, to, code):on(what, function(res)
                seen[#seen + 1] = res.code
              end)
              exchange:wait()
              assert.equal(code, seen[what == "response" and code > 100 and #seen or 1]
                and (seen[1] == 100 and seen[2] or seen[1]))
            end)
          end
        end)

      it("ends the waiting when it is final, and nothing else", function()
        both_ways(function(from, to)
          local res, err = ask(from, to, code):wait()
          if kind then
            assert.is_nil(res)
            assert.equal(kind, err.kind)
            assert.equal(code, err.code)
            assert.equal(code, err.response.code)
          else
            assert.equal(final, res and res.code or err.code)
          end
        end)
      end)

      it("is observed by the nearest: exchange, call, agent; after sip.next by the next",
        function()
          both_ways(function(from, to)
            local seen = {}
            from:on(class, function() seen[#seen + 1] = "agent" end)
            from:on(code, function()
              seen[#seen + 1] = "agent's status"; return sip_next
            end)
            local exchange = ask(from, to, code)
            exchange:on("response", function(res)
              if res.code ~= code then return end
              seen[#seen + 1] = "exchange's any"
              return sip_next
            end)
            exchange:on(class, function()
              seen[#seen + 1] = "exchange"; return sip_next
            end)
            exchange.call:on(class, function()
              seen[#seen + 1] = "call"; return sip_next
            end)
            exchange:wait()
            net:advance(1)
            assert.same({ "exchange", "exchange's any", "call", "agent's status",
              "agent" }, seen)
            from:off(class)
            from:off(code)
          end)
        end)

      it("is not lost when its observer raises; the error is told", function()
        both_ways(function(from, to)
          local told
          from:on("error", function(err) told = err end)
          local res, err = ask(from, to, code):on(class,
            function() error("boom") end):wait()
          assert.equal(final, res and res.code or err.code)
          assert.matches("boom", told.reason)
        end)
      end)

      it("is not held up by an observer that waits", function()
        both_ways(function(from, to)
          local ended
          local began = net:now()
          ask(from, to, code):on(class,
            function() net:sleep "10s"; ended = true end):wait()
          assert.is_true(net:now() - began < 1)
          assert.is_nil(ended)
          net:advance "11s"
          assert.is_true(ended)
        end)
      end)

      it("may have its exchange closed by its observer", function()
        both_ways(function(from, to)
          local exchange
          exchange = ask(from, to, code):on(class, function() exchange:close() end)
          local res, err = exchange:wait()
          if code < 200 then
            assert.is_nil(res)
            assert.equal("cancelled", err.kind)
          end
          if exchange.call.state == "connected" then exchange.call:hangup() end
          net:settle()
          assert.equal(0, from:counts().dialogs)
          assert.equal(0, #from.calls)
        end)
      end)

      it("may have its agent closed by its observer", function()
        ask(alice, bob, code):on(class, function() alice:close() end):wait()
        net:settle()
        assert.is_true(alice.closed)
      end)

      it("needs no observer at all", function()
        both_ways(function(from, to)
          local exchange = ask(from, to, code)
          net:advance(1)
          if exchange.call.state == "connected" then exchange.call:hangup() end
          net:settle()
          assert.equal(0, from:counts().dialogs)
          assert.equal(0, #from.calls + #to.calls)
        end)
        assert.same({}, net.log_lines)
      end)
    end)
  end

  it("200 is observed as such before it is a 2xx, and the class before any", function()
    local seen = {}
    alice:on("response", function() seen[#seen + 1] = "any"; return sip_next end)
    alice:on("2xx", function() seen[#seen + 1] = "class"; return sip_next end)
    alice:on(200, function() seen[#seen + 1] = "status"; return sip_next end)
    alice:request("OPTIONS", bob):wait()
    assert.same({ "status", "class", "any" }, seen)
  end)

  it("can be filtered by its method and headers, the most specific filter first",
    function()
    local seen = {}
    alice:on("2xx", function() seen[#seen + 1] = "plain" end)
    alice:on("2xx", { method = "OPTIONS" }, function() seen[#seen + 1] = "method" end)
    alice:on("2xx", { method = "OPTIONS", headers = { Allow = "^.*INVITE" } },
      function() seen[#seen + 1] = "both"; return sip_next end)
    alice:request("OPTIONS", bob):wait()
    assert.same({ "both", "method" }, seen)
  end)

  it("knows the exchange it answers, and its class", function()
    alice:on("2xx", function(res)
      assert.equal("OPTIONS", res.request.method)
      assert.equal(2, res:class())
      assert.equal("OPTIONS", res.cseq_method)
    end)
    assert(alice:request("OPTIONS", bob):wait())
    assert.same({}, net.log_lines)
  end)
end)
