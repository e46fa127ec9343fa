-- SPDX-License-Identifier: MIT
-- CR, LF and NUL through every setter and option of the API (api.md rule 8): each is
-- refused, and nothing of it reaches the wire. The setters are found by reflection, so
-- that a new one is tested the day it is written.

local pair = require "spec.support.pair"

local evil <const> = {
  CRLF = "a\r\nX-Evil: 1", LF = "a\nX-Evil: 1", CR = "a\rX-Evil: 1", NUL = "a\0b",
}

describe("CR, LF and NUL", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  -- Runs it with each of them: it must raise, or give nil and an error.
  local function refused(fn, what)
    for name, text in pairs(evil) do
      local ok, value, err = pcall(fn, text)
      if ok then
        assert.is_nil(value, name)
        assert.is_table(err, name)
        assert.is_string(err.reason, name)
      else
        assert.is_string(value, name)
        assert.matches("injection_spec.lua:%d+", value, 1, (what or "") .. " " .. name)
      end
    end
  end

  -- An exchange's outcome as nil, err.
  local function outcome(exchange)
    return exchange:wait()
  end

  local function on_the_wire()
    for _, record in ipairs(net:messages()) do
      if record.bytes:find("X-Evil", 1, true) then return record.bytes end
    end
  end

  describe("in an option of a request", function()
    local options <const> = {
      from = true, to = true, via = true, routes = true, contact = true,
      content_type = true, transport = true,
    }
    for name in pairs(options) do
      it(name .. " are refused", function()
        refused(function(text)
          return outcome(alice:request("MESSAGE", bob, { [name] = text, body = "x" }))
        end)
        refused(function(text)
          return outcome(alice:request("MESSAGE", bob, { [name] = "sip:x@example.com;"
                                                         .. text, body = "x" }))
        end)
        assert.is_nil(on_the_wire())
      end)
    end

    it("headers are refused, in names and values, lists and pairs", function()
      refused(function(text)
        return outcome(alice:request("INFO", bob, { headers = { [text] = "x" } }))
      end)
      refused(function(text)
        return outcome(alice:request("INFO", bob, { headers = { ["X-A"] = text } }))
      end)
      refused(function(text)
        return outcome(alice:request("INFO", bob,
          { headers = { ["X-A"] = { "x", text } } }))
      end)
      refused(function(text)
        return outcome(alice:request("INFO", bob, { headers = { { "X-A", text } } }))
      end)
      assert.is_nil(on_the_wire())
    end)

    it("and as its method or target are refused", function()
      refused(function(text) return outcome(alice:request("INFO" .. text, bob)) end)
      refused(function(text)
        return outcome(alice:request("INFO", "sip:" .. text .. "@10.0.1.2"))
      end)
      refused(function(text)
        return outcome(alice:request("INFO", { uri = bob.contact, from = text }))
      end)
      refused(function(text)
        return outcome(alice:request("INFO",
          { uri = bob.contact, headers = { ["X-A"] = text } }))
      end)
      assert.is_nil(on_the_wire())
    end)

    it("but in a body they are what bodies are made of", function()
      local got
      bob:on("MESSAGE", function(req) got = req.body; req:reply(200) end)
      assert(alice:request("MESSAGE", bob, { body = evil.CRLF .. evil.NUL }):wait())
      assert.equal(evil.CRLF .. evil.NUL, got)
    end)
  end)

  it("in what a call is given are refused", function()
    bob:on("INVITE", function(req) assert(req:answer()) end)
    refused(function(text) return alice:call(bob, { from = text }) end)
    refused(function(text) return alice:call(bob, { headers = { ["X-A"] = text } }) end)
    local call = assert(alice:call(bob))
    refused(function(text) call:hangup { reason = text } end)
    refused(function(text) call:hangup { headers = { ["X-A"] = text } } end)
    refused(function(text)
      return outcome(call:request("INFO", { content_type = text, body = "x" }))
    end)
    refused(function(text) return outcome(call:request("INFO" .. text)) end)
    assert.is_nil(on_the_wire())
    assert.equal("connected", call.state)
  end)

  it("in what a reply is given are refused", function()
    local req
    bob:on("MESSAGE", function(one) req = one; one:defer() end)
    alice:request("MESSAGE", bob)
    net:advance(1)
    refused(function(text) return req:reply(200, text) end)
    refused(function(text) return req:reply(200, { ["X-A"] = text }) end)
    refused(function(text) return req:reply(200, { [text] = "x" }) end)
    refused(function(text) return req:reply(200, { ["X" .. text] = "x" }) end)
    refused(function(text)
      return req:reply(200, "OK", { body = "x", content_type = text })
    end)
    refused(function(text) return req:reply(200, { headers = { ["X-A"] = text } }) end)
    refused(function(text) return req:redirect("sip:" .. text .. "@example.com") end)
    refused(function(text) return req:reject(404, text) end)
    assert.is_false(req.final)
    assert(req:reply(200))
    assert.is_nil(on_the_wire())
  end)

  it("in each option of sip.agent that takes text are refused", function()
    local clock = require "spec.support.clock"
    local sip = clock.sip()
    local file <close> = assert(io.open "lua/moonsip/settings.lua")
    -- What is only ever hashed may hold anything.
    local hashed <const> = { password = true, ha1 = true }
    local count = 0
    for name in file:read("a"):match("local known <const> = {(.-)}"):gmatch "([%w_]+) = true" do
      count = count + 1
      if not hashed[name] then
        refused(function(text)
          local options = { listen = "udp:127.0.0.1:0", username = "u", password = "p" }
          options[name] = text
          return sip.agent(options)
        end, name)
      end
    end
    assert.is_true(count > 15)
  end)

  -- What can be assigned, on objects of every kind, found in the tables of C and Lua.
  it("in every field of a message, URI and address that can be assigned are refused",
    function()
    local req
    bob:on("PUBLISH", function(one) req = one; one:defer() end)
    alice:request("PUBLISH", bob, { headers = { Contact = "<sip:x@y>" } })
    net:advance(1)
    local objects = {
      message = { req.message, "csrc/binding/message.c" },
      uri = { req.uri, "csrc/binding/uri.c" },
      address = { req.from, "csrc/binding/address.c" },
    }
    local set = 0
    for name, one in pairs(objects) do
      local object, path = table.unpack(one)
      local file <close> = assert(io.open(path))
      for field in file:read("a"):match("bind_field fields%[%] = {(.-)};"):gmatch '{"([%w_]+)"' do
        if field ~= "body" then
          for kind, text in pairs(evil) do
            local ok = pcall(function() object[field] = text end)
            -- A user part and a display name may hold anything: they are escaped.
            if ok then
              set = set + 1
              assert.is_nil(tostring(object):find("\nX-Evil", 1, true), name .. "."
                .. field .. kind)
              assert.is_nil(tostring(req.message):find("\nX-Evil", 1, true), name .. "."
                .. field)
            end
          end
        end
      end
    end
    for _, text in pairs(evil) do
      assert.has_error(function() req.headers["X-A"] = text end)
      assert.has_error(function() req.headers[text] = "x" end)
    end
    assert.is_nil(tostring(req.message):find("X-Evil", 1, true))
    assert.is_true(set >= 0)
  end)
end)
