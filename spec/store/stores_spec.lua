-- SPDX-License-Identifier: MIT
--
-- One behaviour for every store: what the registrar does to bindings does not depend on
-- where they are kept.

local registrar <const> = require "spec.support.registrar"
local scratch <const> = require "spec.support.scratch"

local status <const>, contacts <const> = registrar.status, registrar.contacts

local DESK <const>, CELL <const> = "<sip:alice@10.0.0.9>", "<sip:alice@10.0.0.9:5070>"

local folder

-- A store of a script's own, in a table.
local function own_store()
  local records <const>, versions <const> = {}, {}
  return {
    load = function(aor) return records[aor], versions[aor] end,
    save = function(aor, list, version)
      if versions[aor] ~= version then return false end
      records[aor], versions[aor] = list, (version or 0) + 1
      return true
    end,
    expired = function(now)
      local gone <const>, next_at = {}, nil
      for aor, list in pairs(records) do
        for at = #list, 1, -1 do
          if list[at].expires_at <= now then
            gone[#gone + 1] = { aor = aor, contact = table.remove(list, at) }
          else
            next_at = math.min(next_at or math.huge, list[at].expires_at)
          end
        end
      end
      return gone, next_at
    end,
  }
end

local stores <const> = {
  memory = function() return "memory" end,
  sqlite = function() return "sqlite:" .. folder.path .. "/loc.db" end,
  lua = own_store,
}

for name, make in pairs(stores) do
  describe("bindings in the store " .. name, function()
    local world
    before_each(function()
      folder = scratch.folder()
      world = registrar.new { store = make(), max_contacts = 3 }:listen()
    end)
    after_each(function()
      world.loc:close()
      world:close()
      folder:remove()
    end)

    it("are added, listed in order, refreshed, removed, and told of", function()
      assert.same(404, world:found())
      local text <const> = world:register({ DESK .. ";q=0.5", CELL .. ";x=\"y\"" },
        { lines = { "Path: <sip:p1.example.com;lr>", "Path: <sip:p2.example.com;lr>",
          "Supported: path" } })
      assert.same(200, status(text))
      assert.same(2, #contacts(text))
      assert.same({ "sip:alice@10.0.0.9:5070", "sip:alice@10.0.0.9" }, world:found())
      local one <const> = world.loc:lookup("sip:alice@example.com")[1]
      assert.same({ "<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>" }, one.path)
      assert.same({ 1, ";x=\"y\"", "phone-1", 1, 3600 },
        { one.q, one.params, one.call_id, one.cseq, one.expires })
      world:register { DESK }
      world:register { CELL .. ";expires=0" }
      assert.same({ "sip:alice@10.0.0.9" }, world:found())
      assert.same({ "registered sip:alice@example.com sip:alice@10.0.0.9",
        "registered sip:alice@example.com sip:alice@10.0.0.9:5070",
        "refreshed sip:alice@example.com sip:alice@10.0.0.9",
        "removed sip:alice@example.com sip:alice@10.0.0.9:5070" }, world:take_events())
      assert.same(1, #world.loc:remove("sip:alice@example.com", "sip:alice@10.0.0.9"))
      assert.same(480, world:found())
    end)

    it("keep the order of requests and the limit of contacts (10.3)", function()
      world:register({ DESK, CELL }, { cseq = 5 })
      assert.same(500, status(world:register({ DESK }, { cseq = 5 })))
      assert.same(500, status(world:register({ "*" }, { cseq = 4, expires = 0 })))
      assert.same(403, status(world:register({ "<sip:a@b>", "<sip:c@d>" }, { cseq = 6 })))
      assert.same(2, #world:found())
      assert.same(200, status(world:register({ "*" }, { cseq = 7, expires = 0 })))
      assert.same(480, world:found())
    end)

    it("expire at their instant, and are told of", function()
      world:register { DESK .. ";expires=60", CELL .. ";expires=90" }
      world:take_events()
      world.net:advance "59s"
      assert.same(2, #world:found())
      world.net:advance "2s"
      assert.same({ "sip:alice@10.0.0.9:5070" }, world:found())
      world.net:advance "40s"
      assert.same({ "expired sip:alice@example.com sip:alice@10.0.0.9",
        "expired sip:alice@example.com sip:alice@10.0.0.9:5070" }, world:take_events())
      assert.same(480, world:found())
    end)

    it("remember the flow to a phone behind a NAT", function()
      world:register({ "<sip:alice@192.168.1.20:5062>" },
        { via = "SIP/2.0/UDP 192.168.1.20:5062;rport;branch=z9hG4bKnat" })
      world.server:request("MESSAGE", world.loc:lookup "sip:alice@example.com", { body = "hi" })
      assert.matches("^MESSAGE sip:alice@192.168.1.20:5062", world.phone:expect("MESSAGE").bytes)
    end)

    it("refuse what is malformed before the store is asked", function()
      assert.same(400, status(world:register { "<sip:alice@>" }))
      assert.same(423, status(world:register({ DESK }, { expires = 5 })))
      assert.same(404, world:found())
    end)
  end)
end
