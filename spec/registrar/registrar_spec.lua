-- SPDX-License-Identifier: MIT
--
-- The registrar, step by step (RFC 3261 10.3).

local registrar <const> = require "spec.support.registrar"
local messages <const> = require "spec.support.messages"

local status <const>, contacts <const> = registrar.status, registrar.contacts

local DESK <const>, CELL <const> = "<sip:alice@10.0.0.9>", "<sip:alice@10.0.0.9:5070>"

describe("a registrar (RFC 3261 10.3)", function()
  local world
  before_each(function()
    world = registrar.new { max_contacts = 5, expires = { 60, 3600 } }:listen()
  end)
  after_each(function() world:close() end)

  describe("step 1 and 5: domain and address of record", function()
    it("takes those of the domain in the Request-URI", function()
      assert.same(200, status(world:register { DESK }))
      assert.same({ "sip:alice@10.0.0.9" }, world:found())
    end)

    it("answers 404 for a To of another domain", function()
      local text <const> = world:register({ DESK }, { to = "<sip:alice@other.example>" })
      assert.same(404, status(text))
      assert.same({ "notfound", 404 }, { world.results[1].kind, world.results[1].code })
      assert.same(404, world:found "sip:alice@other.example")
    end)

    it("knows its own address as its domain", function()
      assert.same(200, status(world:register({ DESK }, { uri = "sip:10.0.0.1" })))
      assert.same(200, status(world:register({ DESK }, { to = "<sip:alice@10.0.0.1>" })))
    end)

    it("answers 400 for a To that is no sip or sips URI (10.2; RFC 4475 3.3.4)", function()
      for _, to in ipairs { "<tel:+15551234>", "urn:isbn:9780000000002", "<http://example.com>" } do
        assert.same(400, status(world:register({ DESK }, { to = to })), to)
      end
    end)

    it("answers 404 for a To with control bytes behind its escapes", function()
      assert.same(404, status(world:register({ DESK }, { to = "<sip:left%00right@example.com>" })))
    end)

    it("finds them without parameters, password, port and escapes, in any case of the host",
      function()
      world:register({ DESK }, { to = "<sip:a%6Cice:secret@EXAMPLE.com;user=phone;x=y>" })
      for _, uri in ipairs { "sip:alice@example.com", "sip:alice@Example.COM.:5080;user=ip",
        "sip:%61lice@example.com", "sips:alice@example.com", "sip:alice@example.com?Subject=x" } do
        assert.same({ "sip:alice@10.0.0.9" }, world:found(uri), uri)
      end
      for _, uri in ipairs { "sip:Alice@example.com", "sip:alice@example.org",
        "sip:alice%40example.com@example.com", "sip:example.com" } do
        assert.same(404, world:found(uri), uri)
      end
    end)

    it("refuses control bytes behind escapes, and names of 256 bytes", function()
      assert.same(404, status(world:register({ DESK }, { to = "<sip:al%0d%0aice@example.com>" })))
      assert.same(404, status(world:register({ DESK }, { to = "<sip:al%00ice@example.com>" })))
      local name <const> = ("x"):rep(255 - #"@example.com")
      local function answer(user)
        return status(world:register({ DESK }, { to = "<sip:" .. user .. "@example.com>" }))
      end
      assert.same({ 200, 404 }, { answer(name), answer(name .. "y") })
    end)
  end)

  describe("step 2: extensions", function()
    it("takes path and outbound in Require, and refuses others with 420", function()
      assert.same(200, status(world:register({ DESK }, { lines = { "Require: path, outbound" } })))
      local text <const> = world:register({ CELL }, { lines = { "Require: path, magic" } })
      assert.same(420, status(text))
      assert.same("magic", messages.header(text, "Unsupported"))
      assert.same({ "sip:alice@10.0.0.9" }, world:found())
    end)
  end)

  describe("step 6: Contact", function()
    it("is fetched without one, and changes nothing (10.2.3)", function()
      world:register { DESK, CELL .. ";q=0.5" }
      world:take_events()
      world.net:advance "10s"
      local text <const> = world:register()
      assert.same(200, status(text))
      assert.same({ DESK .. ";expires=3590", CELL .. ";q=0.5;expires=3590" }, contacts(text))
      assert.same({}, world:take_events())
    end)

    it("* with Expires 0 removes all (10.2.2)", function()
      world:register { DESK, CELL }
      world:take_events()
      local text <const> = world:register({ "*" }, { expires = 0 })
      assert.same({ 200 }, { status(text), contacts(text)[1] })
      assert.same({ "removed sip:alice@example.com sip:alice@10.0.0.9",
        "removed sip:alice@example.com sip:alice@10.0.0.9:5070" }, world:take_events())
      assert.same(480, world:found())
    end)

    it("* is refused without Expires, with another, and beside a contact", function()
      world:register { DESK }
      assert.same(400, status(world:register { "*" }))
      assert.same(400, status(world:register({ "*" }, { expires = 60 })))
      assert.same(400, status(world:register({ "*" }, { expires = "x" })))
      assert.same(400, status(world:register({ "*", DESK }, { expires = 0 })))
      assert.same(400, status(world:register({ DESK, "*" }, { expires = 0 })))
      assert.same(400, status(world:register({ "*", "*" }, { expires = 0 })))
      assert.same({ "sip:alice@10.0.0.9" }, world:found())
    end)

    it("* of another Call-ID removes too, of the same only in order", function()
      world:register({ DESK }, { cseq = 7 })
      assert.same(500, status(world:register({ "*" }, { expires = 0, cseq = 7 })))
      assert.same({ "sip:alice@10.0.0.9" }, world:found())
      assert.same(200, status(world:register({ "*" }, { expires = 0, cseq = 1, call_id = "x" })))
      assert.same(480, world:found())
    end)

    it("that is malformed gets 400, and nothing of it is kept", function()
      for _, bad in ipairs { "<sip:alice@>", "<sip:a@b", "sip:a@b?c=d", "<sip:a@b>;q=2",
        "<sip:a@b>;q=x", "<sip:a b@c>", "," } do
        assert.same(400, status(world:register { DESK, bad }), bad)
        assert.same(404, world:found(), bad)
      end
    end)
  end)

  describe("step 7: how long", function()
    local function granted(value, o)
      local text <const> = world:register({ value }, o)
      if status(text) ~= 200 then return status(text), messages.header(text, "Min%-Expires") end
      return tonumber(contacts(text)[1]:match ";expires=(%d+)")
    end

    it("is what expires says, else Expires, else the default", function()
      assert.same(120, granted(DESK .. ";expires=120", { expires = 240 }))
      assert.same(240, granted(DESK, { expires = 240 }))
      assert.same(3600, granted(DESK))
    end)

    it("is at most the most, and 423 with Min-Expires below the least (bug class 27)", function()
      assert.same(3600, granted(DESK, { expires = 3601 }))
      assert.same(3600, granted(DESK, { expires = 4294967295 }))
      assert.same(3600, granted(DESK, { expires = "99999999999999999999" }))
      assert.same(60, granted(DESK, { expires = 60 }))
      assert.same({ 423, "60" }, { granted(DESK, { expires = 59 }) })
      assert.same({ 423, "60" }, { granted(DESK .. ";expires=1", { expires = 600 }) })
      assert.same({ "rejected", 423 }, { world.results[6].kind, world.results[6].code })
    end)

    it("is an hour for what is no number (10.2.1.1)", function()
      assert.same(3600, granted(DESK .. ";expires=soon", { expires = 240 }))
      assert.same(3600, granted(DESK, { expires = "tomorrow" }))
    end)

    it("of 0 removes, also a contact that is not there", function()
      world:register { DESK, CELL }
      world:take_events()
      local text <const> = world:register { DESK .. ";expires=0" }
      assert.same({ CELL .. ";expires=3600" }, contacts(text))
      assert.same({ "removed sip:alice@example.com sip:alice@10.0.0.9" }, world:take_events())
      assert.same(200, status(world:register({ DESK }, { expires = 0 })))
      assert.same({}, world:take_events())
    end)

    it("ends at its instant, and is told", function()
      world:register { DESK .. ";expires=60", CELL .. ";expires=61" }
      world:take_events()
      local begun <const> = world.net:now()
      world.net:advance(60 - (world.net:now() - begun) - 0.002)
      assert.same({ "sip:alice@10.0.0.9", "sip:alice@10.0.0.9:5070" }, world:found())
      world.net:advance "10ms"
      assert.same({ "sip:alice@10.0.0.9:5070" }, world:found())
      world.net:advance "1s"
      assert.same(480, world:found())
      assert.same({ "expired sip:alice@example.com sip:alice@10.0.0.9",
        "expired sip:alice@example.com sip:alice@10.0.0.9:5070" }, world:take_events())
      assert.same(0, world.loc:count())
    end)
  end)

  describe("step 7: order", function()
    it("takes a binding's own Call-ID only with a higher CSeq, else all of it fails", function()
      world:register({ DESK, CELL }, { cseq = 10 })
      for _, cseq in ipairs { 10, 9, 1 } do
        local text <const> = world:register(
          { "<sip:alice@10.0.0.77>", DESK .. ";expires=0" }, { cseq = cseq })
        assert.same(500, status(text))
        assert.same({ "sip:alice@10.0.0.9", "sip:alice@10.0.0.9:5070" }, world:found())
      end
      assert.same(200, status(world:register({ DESK .. ";expires=0" }, { cseq = 11 })))
      assert.same({ "sip:alice@10.0.0.9:5070" }, world:found())
    end)

    it("takes another Call-ID whatever its CSeq", function()
      world:register({ DESK }, { cseq = 10 })
      assert.same(200, status(world:register({ DESK }, { cseq = 1, call_id = "reboot" })))
      assert.same(200, status(world:register({ DESK }, { cseq = 2, call_id = "reboot" })))
    end)

    it("answers a retransmission as before", function()
      local phone <const> = world.phone
      local request <const> = messages.register { uri = "sip:example.com", branch = "z9hG4bKagain",
        to = "<sip:alice@example.com>", contact = DESK }
      phone:send(request, "10.0.0.1:5060")
      local first <const> = phone:expect(200).bytes
      phone:send(request, "10.0.0.1:5060")
      assert.same(first, phone:expect(200).bytes)
    end)

    it("takes the last of two that are the same contact", function()
      local text <const> = world:register {
        "<sip:alice@10.0.0.9;a=1>;q=0.1", "<sip:alice@10.0.0.9>;q=0.7" }
      assert.same({ "<sip:alice@10.0.0.9>;q=0.7;expires=3600" }, contacts(text))
    end)
  end)

  describe("step 7: the same contact (19.1.4)", function()
    it("is found by the rules of URIs, and replaced as it is written now", function()
      world:register { "<sip:alice@phone.example:5060;transport=tcp;x=1>" }
      world:take_events()
      local text <const> = world:register { "<sip:%61lice@PHONE.example:5060;TRANSPORT=tcp>" }
      assert.same({ "<sip:%61lice@PHONE.example:5060;TRANSPORT=tcp>;expires=3600" },
        contacts(text))
      assert.same({ "refreshed sip:alice@example.com "
        .. "sip:%61lice@PHONE.example:5060;TRANSPORT=tcp" }, world:take_events())
      world:register { "<sip:alice@phone.example:5060>" } -- UDP: another one
      assert.same(2, #world:found())
    end)

    it("may be of any scheme (10.2.1)", function()
      world:register { DESK, "<mailto:alice@example.com>", "<tel:+1-555-1234>" }
      world:register { "<tel:+15551234>;q=0.2" }
      assert.same({ "sip:alice@10.0.0.9", "mailto:alice@example.com", "tel:+15551234" },
        world:found())
    end)
  end)

  describe("step 8: the 200", function()
    it("has every contact with what is left, its q and its parameters, and a Date", function()
      world:register({ DESK .. ";q=0.25;+sip.instance=\"<urn:uuid:1>\";methods=\"INVITE, ACK\"" },
        { expires = 100 })
      world.net:advance "1s"
      local text <const> = world:register { CELL .. ";q=1.0" }
      assert.same({ CELL .. ";expires=3600",
        DESK .. ";q=0.25;expires=99;+sip.instance=\"<urn:uuid:1>\";methods=\"INVITE, ACK\"" },
        contacts(text))
      assert.same("Wed, 01 Jan 2025 00:00:01 GMT", messages.header(text, "Date"))
    end)

    it("writes every q as it was meant", function()
      for q, written in pairs { ["0"] = ";q=0", ["0.0"] = ";q=0", ["0.001"] = ";q=0.001",
        ["0.01"] = ";q=0.01", ["0.1"] = ";q=0.1", ["0.999"] = ";q=0.999", ["1"] = "" } do
        assert.same({ DESK .. written .. ";expires=3600" },
          contacts(world:register { DESK .. ";q=" .. q }))
      end
    end)

    it("keeps no fold of the request (injection)", function()
      local text <const> = world:register { DESK .. ";x=\"a\r\n b\";\r\n y=z" }
      assert.same({ DESK .. ";expires=3600;x=\"a b\";y=z" }, contacts(text))
    end)

    it("has what the script adds, and never a Record-Route", function()
      world.save_options = { headers = { ["P-Associated-URI"] = "<sip:alice@example.com>" } }
      local text <const> = world:register({ DESK },
        { lines = { "Record-Route: <sip:p.example;lr>" } })
      assert.same("<sip:alice@example.com>", messages.header(text, "P%-Associated%-URI"))
      assert.is_nil(messages.header(text, "Record%-Route"))
    end)
  end)

  describe("the order of preference", function()
    it("is q, and among equals the latest first", function()
      world:register { "<sip:a@10.0.0.9>;q=0.5", "<sip:b@10.0.0.9>;q=0.9" }
      world:register { "<sip:c@10.0.0.9>;q=0.5" }
      world:register { "<sip:d@10.0.0.9>" }
      assert.same({ "sip:d@10.0.0.9", "sip:b@10.0.0.9", "sip:c@10.0.0.9", "sip:a@10.0.0.9" },
        world:found())
    end)
  end)

  describe("the limits", function()
    it("are max_contacts for one address of record: one more gets 403", function()
      local list <const> = {}
      for i = 1, 5 do list[i] = ("<sip:alice@10.0.0.9:%d>"):format(5060 + i) end
      assert.same(200, status(world:register(list)))
      assert.same(403, status(world:register { "<sip:alice@10.0.0.9:5070>" }))
      assert.same(5, #world:found())
      assert.same(200, status(world:register { list[1] })) -- a refresh needs no room
      assert.same(200, status(world:register { list[1] .. ";expires=0",
        "<sip:alice@10.0.0.9:5070>" }))
      assert.same(5, #world:found())
      list[6] = "<sip:alice@10.0.0.9:5080>"
      assert.same(403, status(world:register(list)))
    end)

    it("are 4096 bytes of text for one contact: one more gets 513", function()
      local params <const> = ";x=" .. ("y"):rep(4096 - #"sip:alice@10.0.0.9" - #"phone-1" - 3)
      assert.same(200, status(world:register { DESK .. params }))
      assert.same(513, status(world:register { DESK .. params .. "z" }))
    end)

    it("are 64 contacts in one request", function()
      local list <const> = {}
      for i = 1, 65 do list[i] = ("<sip:alice@10.0.0.9:%d>;expires=0"):format(5060 + i) end
      assert.same(403, status(world:register(list)))
      list[65] = nil
      assert.same(200, status(world:register(list)))
    end)
  end)

  it("answers nothing but REGISTER, and says so at the caller's line", function()
    local ok <const>, err = pcall(world.loc.save, world.loc, { message = { method = "INVITE" } })
    assert.is_false(ok)
    assert.matches("a REGISTER expected", err)
  end)
end)

describe("a registrar that is full", function()
  it("lets the contact go that was updated longest ago, where told to", function()
    local world <close> = registrar.new { max_contacts = 2, when_full = "replace" }:listen()
    world:register { "<sip:a@10.0.0.9>" }
    world:register { "<sip:b@10.0.0.9>" }
    world:register { "<sip:a@10.0.0.9>" }
    world:take_events()
    assert.same(200, status(world:register { "<sip:c@10.0.0.9>" }))
    assert.same({ "sip:c@10.0.0.9", "sip:a@10.0.0.9" }, world:found())
    assert.same({ "registered sip:alice@example.com sip:c@10.0.0.9",
      "removed sip:alice@example.com sip:b@10.0.0.9" }, world:take_events())
    assert.same(403, status(world:register { "<sip:x@10.0.0.9>", "<sip:y@10.0.0.9>",
      "<sip:z@10.0.0.9>" }))
  end)
end)
