-- SPDX-License-Identifier: MIT
--
-- A name server that lies, cuts short, loops or says nothing (bug classes 39 and 56).

local ends <const> = require "spec.net.ends"
local name_server <const> = require "spec.support.name_server"

local answer <const>, labels <const> = name_server.answer, name_server.labels

local function naptr_data(service, replacement)
  local function text(word) return string.pack("s1", word) end
  return string.pack(">I2I2", 1, 1) .. text "s" .. text(service) .. text "" .. replacement
end

local function srv_data(port, target)
  return string.pack(">I2I2I2", 1, 1, port) .. target
end

-- What a lookup says, once it has; and how many milliseconds of the loop's clock it took.
local function look_up(service, kind, name)
  local result
  assert(service.loop:lookup(kind, name, function(...) result = table.pack(...) end))
  assert.is_nil(result) -- never from inside the asking
  ends.until_true(function() return result end)
  return table.unpack(result, 1, result.n)
end

describe("core.loop:lookup", function()
  it("gives NAPTR and SRV records", function()
    local service <close> = name_server.service {
      ["example.com"] = { NAPTR = { { 10, 20, "s", "SIP+D2U", "", "_sip._udp.example.com" } } },
      ["_sip._udp.example.com"] = { SRV = { { 1, 2, 5060, "a.example.com" },
                                            { 3, 4, 5061, "b.example.com" } } },
    }
    assert.same({ { order = 10, preference = 20, flags = "s", service = "SIP+D2U",
                    regexp = "", replacement = "_sip._udp.example.com" } },
      look_up(service, "NAPTR", "example.com"))
    assert.same({ { priority = 1, weight = 2, port = 5060, target = "a.example.com" },
                  { priority = 3, weight = 4, port = 5061, target = "b.example.com" } },
      look_up(service, "SRV", "_sip._udp.example.com"))
  end)

  it("gives an empty list where there is nothing, and an error where there is trouble",
    function()
    local service <close> = name_server.service {
      ["none.example"] = name_server.NXDOMAIN, ["empty.example"] = {},
      ["broken.example"] = name_server.SERVFAIL }
    assert.same({}, look_up(service, "SRV", "none.example"))
    assert.same({}, look_up(service, "NAPTR", "empty.example"))
    local records, err = look_up(service, "SRV", "broken.example")
    assert.is_nil(records)
    assert.same({ "dns", "DNS_FAILED" }, { err.kind, err.name })
  end)

  it("wants a type, a name and a function", function()
    local service <close> = name_server.service {}
    assert.has_error(function() service.loop:lookup("MX", "a", function() end) end)
    assert.has_error(function() service.loop:lookup("SRV", nil, function() end) end)
    assert.has_error(function() service.loop:lookup("SRV", "a") end)
  end)

  it("asks again by TCP for what was truncated (RFC 1035 4.2.1)", function()
    local many <const> = {}
    for at = 1, 40 do many[at] = { at, 0, 5060, ("h%d.example.com"):format(at) } end
    local service <close>, server = name_server.service(
      { ["_sip._tcp.example.com"] = { SRV = many } }, nil, { tcp = true })
    local records <const> = look_up(service, "SRV", "_sip._tcp.example.com")
    assert.same({ 40, 1 }, { #records, server.asked_over_tcp })
    assert.equal("h40.example.com", records[40].target)
  end)

  it("fails at once when TCP is refused for what was truncated", function()
    local service <close> = name_server.service {
      ["cut.example"] = function(question) return answer(question, {}, { flags = 0x0200 }) end }
    local records, err = look_up(service, "SRV", "cut.example")
    assert.is_nil(records)
    assert.equal("dns", err.kind)
  end)
end)

describe("the answers of others (RFC 5452 9, bug class 39)", function()
  -- A forged answer, then after a turn the right one: the lookup must give the right one.
  local function forged(forge)
    local right <const> = srv_data(5060, labels "right.example")
    local wrong <const> = srv_data(6666, labels "wrong.example")
    local stranger <close> = ends.udp()
    local service <close> = name_server.service {
      ["_sip._udp.example.com"] = function(question, _, server)
        forge(question, wrong, server, stranger)
        return answer(question, { right })
      end }
    local records <const> = look_up(service, "SRV", "_sip._udp.example.com")
    assert.same({ 1, "right.example" }, { #records, records[1].target })
  end

  local function send(server, text)
    server.handle:try_send(text, server.from.ip, server.from.port)
  end

  it("are not taken with another id", function()
    forged(function(question, wrong, server)
      local id <const> = string.unpack(">I2", question)
      for other = id - 20, id + 20 do
        if other ~= id then send(server, answer(question, { wrong }, { id = other & 0xffff })) end
      end
    end)
  end)

  it("are not taken for another question", function()
    forged(function(question, wrong, server)
      send(server, answer(question, { wrong }, { name = "_sip._udp.example.org" }))
    end)
  end)

  it("are not taken from another source", function()
    forged(function(question, wrong, server, stranger)
      stranger:send(answer(question, { wrong }), server.from.ip, server.from.port)
    end)
  end)

  it("cannot be guessed: ids are spread over all their bits", function()
    local ids <const>, names = {}, {}
    for at = 1, 64 do
      names[("n%d.example"):format(at)] = function(question)
        ids[#ids + 1] = string.unpack(">I2", question)
        return answer(question, {})
      end
    end
    local service <close> = name_server.service(names)
    for name in pairs(names) do look_up(service, "SRV", name) end
    local seen, ones, zeros, steps = {}, 0, 0xffff, {}
    for at, id in ipairs(ids) do
      seen[id], ones, zeros = true, ones | id, zeros & id
      if at > 1 then steps[(id - ids[at - 1]) & 0xffff] = true end
    end
    local count, step_count = 0, 0
    for _ in pairs(seen) do count = count + 1 end
    for _ in pairs(steps) do step_count = step_count + 1 end
    assert.truthy(count > 60 and step_count > 55, count .. " ids, " .. step_count .. " steps")
    assert.same({ 0xffff, 0 }, { ones, zeros })
  end)
end)

describe("a message of the DNS that is damaged (bug class 56)", function()
  -- Whatever is answered to questions for the name: an error of kind dns, or no records.
  local function refuses(service, kind)
    local records, err = look_up(service, kind, "bad.example")
    assert.truthy(err and err.kind == "dns" or #records == 0)
  end

  local function answering(make)
    return name_server.service { ["bad.example"] = make }
  end

  it("with names that point to themselves, or to each other", function()
    local at <const> = 12 + #labels "bad.example" + 4 -- of the first record
    local loops <const> = {
      string.char(0xc0, at),                                      -- its own name
      string.char(0xc0, at + 2, 0xc0, at),                        -- there and back
      "\1a" .. string.char(0xc0, at),                             -- longer each time
      string.char(0xc0, 0xff), string.char(0xff, 0xff), "\xc0", "\x3f", "\x80a",
    }
    for _, name in ipairs(loops) do
      for _, kind in ipairs { "SRV", "NAPTR" } do
        local service <close> = answering(function(question)
          local good <const> = answer(question, {})
          local code <const> = kind == "SRV" and 33 or 35
          local data <const> = kind == "SRV" and srv_data(1, name) or naptr_data("SIP+D2U", name)
          return good:sub(1, 6) .. "\0\1" .. good:sub(9)
            .. name_server.record(name, code, data, 60)
        end)
        refuses(service, kind)
        local inside <close> = answering(function(question)
          local target <const> = name == "\1a" .. string.char(0xc0, at) and name or name
          local list <const> = { kind == "SRV" and srv_data(1, target)
            or naptr_data("SIP+D2U", target) }
          return answer(question, list)
        end)
        look_up(inside, kind, "bad.example") -- ends, whatever it says
      end
    end
  end)

  it("cut at every byte", function()
    local whole <const> = { SRV = srv_data(5060, labels "host.example"),
                            NAPTR = naptr_data("SIP+D2U", labels "_sip._udp.example") }
    for kind, data in pairs(whole) do
      local len
      local cut = 12
      local service <close> = name_server.service(setmetatable({}, { __index = function()
        return function(question)
          local text <const> = answer(question, { data })
          len = #text
          return text:sub(1, cut)
        end
      end }), { resolve_ms = 1 })
      repeat
        local result
        local name <const> = ("n%d.example"):format(cut)
        assert(service.loop:lookup(kind, name, function(...) result = table.pack(...) end))
        ends.turn(3)
        service:advance(1)
        ends.until_true(function() return result end)
        if result[1] then
          assert.truthy(#result[1] == 0 or cut >= len, kind .. " cut at " .. cut)
        else
          assert.equal("dns", result[2].kind)
        end
        cut = cut + 1
      until cut > len + 12
    end
  end)

  it("with lengths and counts that lie", function()
    for _, kind in ipairs { "SRV", "NAPTR" } do
      for _, change in ipairs {
        function(text) return text:sub(1, 6) .. "\xff\xff" .. text:sub(9) end, -- answers
        function(text) return text:sub(1, 4) .. "\xff\xff" .. text:sub(7) end, -- questions
        function(text) return text:sub(1, 4) .. "\0\0" .. text:sub(7) end,
        function(text) return text .. ("\0"):rep(300) end,
        function(text) return text:gsub("\0\0\0\60..", "\0\0\0\60\xff\xff") end, -- RDLENGTH
        function(text) return text:gsub("\0\0\0\60..", "\0\0\0\60\0\0") end,
        function(text) return text:gsub("\0\0\0\60..", "\xff\xff\xff\xff\0\1") end,
      } do
        local service <close> = name_server.service({ ["bad.example"] = function(question)
          local data <const> = kind == "SRV" and srv_data(5060, labels "host.example")
            or naptr_data("SIP+D2U", labels "_sip._udp.example")
          return (change(answer(question, { data })))
        end }, { resolve_ms = 1 })
        local result
        service.loop:lookup(kind, "bad.example", function(...) result = table.pack(...) end)
        ends.turn(3)
        service:advance(1)
        ends.until_true(function() return result end)
        assert.truthy(result[1] or result[2].kind == "dns")
      end
    end
  end)
end)

describe("a resolver that is dead", function()
  local function request(service, uri)
    service:listen "udp"
    return assert(service.engine:request { method = "OPTIONS", uri = uri,
      from = "<sip:a@example.com>" })
  end

  it("fails a request at once when nobody is there, not after 32 s", function()
    local closed <const> = ends.udp()
    local port <const> = closed.port
    closed:close()
    local service <close> = ends.service { loop = { name_servers = "127.0.0.1:" .. port } }
    request(service, "sip:far.example")
    assert.equal("DNS_FAILED", service:wait_event("failed").code) -- no time has passed
  end)

  it("fails it at its bound when it says nothing, whatever the number of questions",
    function()
    local service <close>, server = name_server.service({
      ["far.example"] = { NAPTR = { { 1, 1, "s", "SIP+D2U", "", "_sip._udp.far.example" } } },
    }, { resolve_ms = 4000 })
    request(service, "sip:far.example")
    ends.until_true(function() return server.asked >= 2 end) -- NAPTR, and SRV in vain
    service:advance(3999)
    assert.same({}, service.events)
    service:advance(1)
    assert.equal("DNS_TIMEOUT", service:wait_event("failed").code)
    assert.equal(0, service:counts().lookups)
  end)
end)

describe("the memory of answers (RFC 1035 7.4, RFC 2308 5)", function()
  local function asked(service, server, kind, name)
    local before <const> = server.asked
    look_up(service, kind, name)
    return server.asked - before
  end

  it("lasts as long as the records say", function()
    local service <close>, server = name_server.service({
      ["example.com"] = { SRV = { { 1, 1, 5060, "a.example.com" } }, A = { "127.0.0.1" } } },
      nil, { ttl = 60 })
    for _, kind in ipairs { "SRV", "A" } do
      assert.truthy(asked(service, server, kind, "example.com") > 0)
      service:advance(59999)
      assert.equal(0, asked(service, server, kind, "EXAMPLE.com"))
      service:advance(1)
      assert.truthy(asked(service, server, kind, "example.com") > 0)
    end
  end)

  it("is none for records of no duration", function()
    local service <close>, server = name_server.service({
      ["example.com"] = { SRV = { { 1, 1, 5060, "a.example.com" } } } }, nil, { ttl = 0 })
    assert.equal(1, asked(service, server, "SRV", "example.com"))
    assert.equal(1, asked(service, server, "SRV", "example.com"))
  end)

  it("knows what is not there for as long as the zone says", function()
    local service <close>, server = name_server.service({
      ["example.com"] = {} }, nil, { soa = 30 })
    assert.equal(1, asked(service, server, "NAPTR", "example.com"))
    service:advance(29999)
    assert.equal(0, asked(service, server, "NAPTR", "example.com"))
    service:advance(1)
    assert.equal(1, asked(service, server, "NAPTR", "example.com"))
  end)

  it("does not keep failures", function()
    local service <close>, server = name_server.service {
      ["example.com"] = name_server.SERVFAIL }
    assert.truthy(asked(service, server, "SRV", "example.com") > 0)
    assert.truthy(asked(service, server, "SRV", "example.com") > 0)
  end)

  it("is bounded: the oldest of 1024 makes room", function()
    local service <close>, server = name_server.service(setmetatable({}, {
      __index = function() return { SRV = { { 1, 1, 5060, "a.example.com" } } } end }))
    for at = 1, 1025 do look_up(service, "SRV", ("n%d.example"):format(at)) end
    assert.equal(0, asked(service, server, "SRV", "n2.example"))
    assert.equal(1, asked(service, server, "SRV", "n1.example"))
  end)
end)
