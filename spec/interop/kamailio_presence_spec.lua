-- SPDX-License-Identifier: MIT
--
-- kamailio with its presence modules, both ways: it is our presence agent (presence,
-- presence_xml, presence_mwi: we publish to it and watch), and it publishes at us (pua_usrloc) and
-- watches us (pua_reginfo), whose documents it understands.

local context <const> = require "moonsip.context"
local face <const> = require "moonsip.face"
local kamailio <const> = require "spec.interop.support.kamailio"
local pidf <const> = require "moonsip.pidf"
local place <const> = require "spec.interop.support.place"
local process <const> = require "spec.interop.support.process"

for _, transport in ipairs { "udp", "tcp" } do
  describe("kamailio's presence over " .. transport, function()
    local sip, agent, presence, location, peer

    setup(function()
      sip = face.of(context.new { log = { write = function() end } })
      local address <const> = place.address()
      agent = assert(sip.agent { listen = address, from = "sip:watcher@" .. place.ip,
                                 media = false })
      presence = agent:event("presence", { expires = { 60, 3600 }, interval = 0 })
      agent:on("PUBLISH", function(req) return presence:publish(req) end)
      location = sip.location()
      agent:on("REGISTER", function(req) return location:save(req) end)
      agent:event("reg", { source = location, interval = 0 })
      peer = kamailio.presence { server = address, transport = transport }
    end)

    teardown(function()
      agent:close()
      process.end_all()
      peer.folder:remove()
    end)

    local function at(user) return ("sip:%s@%s;transport=%s"):format(user, peer.edge, transport) end

    -- Turns the loop until something is so.
    local function until_true(fn)
      for _ = 1, 200 do
        if fn() then return true end
        sip.sleep "50ms"
      end
      error("it does not come\n" .. peer:tell(), 2)
    end

    -- What a watch hears, as words.
    local function hears(user, package, options, read)
      local heard <const> = {}
      local watch <const> = agent:watch(at(user), package, options, function(info, doc)
        heard[#heard + 1] = ("%s %s"):format(info.state, info.error and info.error.code
          or doc and read(doc, info) or "")
      end)
      return heard, watch
    end

    local function basic(doc)
      return (assert(pidf.parse(doc)).basic or "nothing")
    end

    local function publish(user, o)
      return agent:request("PUBLISH", at(user), {
        headers = { Event = o.event or "presence", Expires = tostring(o.expires or 600),
                    ["SIP-If-Match"] = o.tag },
        body = o.body or o.basic and pidf { entity = "sip:" .. user .. "@" .. peer.edge,
                                            basic = o.basic } or nil,
        content_type = o.content_type or o.basic and pidf.content_type or nil,
      }):wait()
    end

    it("takes what we publish, and tells us who watch (RFC 3903 4, RFC 6665 4.1)", function()
      local heard <const>, watch <const> = hears("bob", "presence", { expires = 600 }, basic)
      until_true(function() return #heard == 1 end)
      local first <const> = assert(publish("bob", { basic = "open" }))
      until_true(function() return heard[2] == "active open" end)
      local refreshed <const> = assert(publish("bob", { tag = first.headers["SIP-ETag"] }))
      local changed <const> = assert(publish("bob",
        { tag = refreshed.headers["SIP-ETag"], basic = "closed" }))
      until_true(function() return heard[#heard] == "active closed" end)
      local before <const> = #heard
      assert(publish("bob", { tag = changed.headers["SIP-ETag"], expires = 0 }))
      until_true(function() return #heard > before end)
      assert.equal("active closed", heard[#heard]) -- it has nothing else to say
      watch:close()
      until_true(function() return agent:counts().subscriptions == 0 end)
    end)

    it("refuses an old tag (412) and other events (489)", function()
      local _, err <const> = publish("bob", { basic = "open", tag = "a.1.2.3.4" })
      assert.equal(412, err.code)
      local heard <const> = hears("bob", "x-none", {}, tostring)
      until_true(function() return heard[1] == "terminated 489" end)
    end)

    it("has its 423 to a SUBSCRIBE followed by one that is longer (RFC 6665 4.1.2.1)", function()
      local heard <const>, watch <const> = hears("carol", "presence", { expires = 10 },
        function() return "told" end)
      until_true(function() return heard[1] end)
      assert.matches("^active", heard[1])
      watch:close()
    end)

    it("is asked once, with Expires 0 (RFC 6665 4.4.3)", function()
      assert(publish("dave", { basic = "open" }))
      local heard <const> = hears("dave", "presence", { expires = 0 }, basic)
      until_true(function() return heard[1] == "terminated open" end)
    end)

    it("passes on which messages wait (RFC 3842)", function()
      local heard <const>, watch <const> = hears("bob", "message-summary", { expires = 600 },
        function(_, info) return assert(info:parse()).new or "none" end)
      assert(publish("bob", { event = "message-summary",
        content_type = "application/simple-message-summary",
        body = "Messages-Waiting: yes\r\nVoice-Message: 3/8 (0/2)\r\n" }))
      until_true(function() return heard[#heard] == "active 3" end)
      watch:close()
    end)

    local function register(user, target, expires)
      assert(agent:request("REGISTER", target, { to = ("sip:%s@%s"):format(user, place.ip),
        headers = { Contact = ("<sip:%s@192.0.2.1>;expires=%d"):format(user, expires) } }):wait())
    end

    it("publishes at us that a phone is there, and that it is gone (pua_usrloc)", function()
      local aor <const> = "sip:alice@" .. place.ip
      register("alice", at "alice", 600)
      until_true(function() return presence:published(aor) end)
      assert.equal("open", pidf.parse(presence:published(aor)).basic)
      register("alice", at "alice", 0)
      until_true(function() return not presence:published(aor) end)
    end)

    it("watches our registrations, and understands them (pua_reginfo, RFC 3680)", function()
      local ours <const> = ("sip:%s;transport=%s"):format(tostring(agent):match "%d[%d.]+:%d+",
        transport)
      assert(agent:request("MESSAGE", at "x", { body = "sip:carol@" .. place.ip }):wait())
      -- It keeps the whole address of record where its look-up has the user.
      local known_as <const> = "carol%40" .. place.ip
      local function code()
        local res <const>, err <const> = agent:request("OPTIONS", at(known_as)):wait()
        return res and res.code or err.code
      end
      until_true(function() return agent:counts().subscriptions > 0 end)
      assert.equal(404, code())
      register("carol", ours, 600)
      until_true(function() return code() == 200 end)
      register("carol", ours, 0)
      until_true(function() return code() == 404 end)
    end)
  end)
end
