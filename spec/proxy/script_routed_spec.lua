-- SPDX-License-Identifier: MIT
--
-- Scripts that look at requests inside dialogs, and that forward without state.

local phones <const> = require "spec.support.phones"

local uri <const> = phones.uri

describe("a proxy", function()
  local place, net, proxy, at, alice
  before_each(function()
    place = phones.new()
    net, proxy, alice, at = place.net, place.proxy, place.alice, place.at
  end)
  after_each(function() place:close() end)

  local function phone(...) return place:phone(...) end
  local function call(options) return place:call(options) end
  local function on_invite(fn) proxy:on("INVITE", fn) end

  describe("with handlers of routed requests", function()
    it("sees those whose methods they name, and they go on", function()
      phone("bob", nil)
      local seen = {}
      on_invite(function(req) return req:forward { uri "bob", record_route = true } end)
      proxy:on("routed", { method = { "BYE", "ACK" } }, function(req)
        seen[#seen + 1] = req.message.method .. " " .. tostring(req:is_routed())
        if req.message.method == "BYE" then req.headers["X-Seen"] = "1" end
      end)
      local one = assert(call())
      assert(one:reinvite())
      one:hangup()
      net:advance "1s"
      assert.same({ "ACK false", "ACK false", "BYE true" }, seen)
      assert.truthy(net:messages({ method = "BYE", to = at.bob })[1].bytes:find "X%-Seen: 1")
    end)

    it("may refuse, wait, or watch what comes of it", function()
      phone("bob", nil)
      local codes = {}
      at.bob:on("INFO", function(req) return req:reply(200) end)
      on_invite(function(req) return req:forward { uri "bob", record_route = true } end)
      proxy:on("routed", function(req)
        local method = req.message.method
        if method == "MESSAGE" then return req:reply(403) end
        if method == "INFO" then
          net:sleep "1s"
          local res = req:proxy()
          codes[#codes + 1] = res and res.code
        end
      end)
      local one = assert(call())
      assert.equal(403, select(2, one:request("MESSAGE", { body = "x" }):wait()).code)
      assert.equal(200, one:request("INFO", { body = "x" }):wait().code)
      assert.same({ 200 }, codes)
      one:hangup()
    end)

    it("that raise answer 500", function()
      phone("bob", nil)
      on_invite(function(req) return req:forward { uri "bob", record_route = true } end)
      proxy:on("routed", { method = "INFO" }, function() error "a handler that raises" end)
      local one = assert(call())
      assert.equal(500, select(2, one:request("INFO", { body = "x" }):wait()).code)
      one:hangup()
    end)
  end)

  describe("without state", function()
    it("passes INVITE, its copies, CANCEL and ACK to one place (16.11)", function()
      phone("bob", 30)
      local entered = 0
      on_invite(function(req)
        entered = entered + 1
        return req:forward { uri "bob", stateless = true }
      end)
      proxy:on("stray", function(req) return req:forward { uri "bob", stateless = true } end)
      local _, err = call { ring = "3s" }
      assert.equal("noanswer", err.kind)
      net:advance "1s"
      assert.equal(1, entered)
      assert.equal(1, net:count { method = "ACK", to = at.bob })
      assert.equal(0, proxy:counts().client_transactions)
      assert.equal(0, proxy:counts().server_transactions)
    end)

    it("refuses a CANCEL that its handler of strays does not take", function()
      phone("bob", 5)
      on_invite(function(req) return req:forward { uri "bob", stateless = true } end)
      proxy:on("stray", function() end)
      local one = assert(call { ring = "2s" }) -- nobody cancelled it
      one:hangup()
      net:advance "1s"
      assert.equal(1, net:count { method = "CANCEL", code = 481, to = alice })
    end)

    it("takes one target, and no set", function()
      local said
      on_invite(function(req)
        said = select(2, pcall(req.forward, req, { uri "bob", uri "carol", stateless = true }))
        return req:reply(404)
      end)
      call()
      assert.truthy(said:find "exactly one")
    end)
  end)
end)
