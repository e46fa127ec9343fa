-- SPDX-License-Identifier: MIT
--
-- library/ (types for editors), docs/ (the reference) and the real objects have the
-- same names.

local types <const> = require "spec.support.types"
local test <const> = require "moonsip.test"

local TEST <const> = "library/moonsip/test.lua"

-- The definition files but for those of moonsip.test.
local function definitions()
  local found = { "library/moonsip.lua" }
  local pipe <close> = assert(io.popen "ls library/moonsip/*.lua")
  for path in pipe:lines() do
    if path ~= TEST then found[#found + 1] = path end
  end
  return table.unpack(found)
end

local sip_types <const> = types.library(definitions())
local test_types <const> = types.library(TEST, definitions())

local PAGES <const> = { "sip", "agent", "request", "exchange", "call", "verbs", "message",
                        "sdp", "uri", "errors", "digest", "gateways", "rates", "location",
                        "proxy", "events", "lines", "guard", "store", "offload", "identity",
                        "b2bua", "nodes", "pager" }

local MESSAGE <const> = "INVITE sip:bob@10.0.0.9;transport=udp SIP/2.0\r\n"
  .. "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n"
  .. "From: <sip:alice@10.0.0.1>;tag=a\r\nTo: <sip:bob@10.0.0.9>\r\nCall-ID: x\r\n"
  .. "CSeq: 1 INVITE\r\nContact: <sip:alice@10.0.0.1>\r\nContent-Length: 0\r\n\r\n"

local function names(members)
  local list = {}
  for name, sort in pairs(members) do list[#list + 1] = name .. ": " .. sort end
  table.sort(list)
  return list
end

-- Pages of their own have what these share with others: messages, dialogs, verbs, agents.
local SHARED <const> = {
  ["moonsip.Request"] = { "moonsip.Fields", "moonsip.Proxied" },
  ["moonsip.Response"] = { "moonsip.Fields" },
  ["moonsip.Call"] = { "moonsip.Dialog", "moonsip.CallVerbs" },
  ["moonsip.test.Caller"] = { "moonsip.Agent" },
  ["moonsip.Agent"] = { "moonsip.Pager" },
}

-- Members of a class, but for those shared that a page leaves out.
local function own_members(of_types, name, on_page)
  local declared = types.members(of_types, name)
  for _, class in ipairs(SHARED[name] or {}) do
    for member in pairs(types.members(of_types, class)) do
      if not on_page[member] then declared[member] = nil end
    end
  end
  return declared
end

describe("docs/", function()
  for _, page in ipairs(PAGES) do
    it(page .. ".md describes what the types declare, and nothing else", function()
      local found = 0
      for name, members in pairs(types.page("docs/" .. page .. ".md")) do
        found = found + 1
        local declared = own_members(sip_types, name, members)
        assert.same(names(declared), names(members), name)
      end
      assert.is_true(found > 0)
    end)
  end

  it("test.md describes what the types declare, and nothing else", function()
    for name, members in pairs(types.page "docs/test.md") do
      assert.same(names(own_members(test_types, name, members)), names(members), name)
    end
  end)
end)

describe("library/", function()
  local net, sip, objects
  local folder_of_audio <const> = require("spec.support.scratch").folder()

  -- One real object of each class.
  setup(function()
    net = test.net()
    local folder <close> = require("spec.support.scratch").folder()
    local path = folder:write("script.lua", [[
      local sip = require "moonsip"
      local agent <close> = assert(sip.agent { listen = "0.0.0.0:5060" })
      sip.run()
    ]])
    local script = net:load(path, "10.0.0.1")
    sip = script.sip
    local bob = net:agent "sip:bob@10.0.0.9"
    local caller = net:agent "sip:alice@10.0.0.8"
    local req, call_in
    bob:on("INVITE", function(one)
      req = one
      call_in = one:answer()
      call_in:wait_end()
    end)
    local exchange = caller:request("INVITE", bob)
    local response = assert(exchange:wait())
    local subscription
    bob:on("SUBSCRIBE", { event = "x" }, function(one)
      one:reply(200, { Expires = 60 })
      subscription = one.dialog
    end)
    assert(caller:request("SUBSCRIBE", bob, { headers = { Event = "x" } }):wait())
    local loc = sip.location()
    bob:on("REGISTER", function(one) loc:save(one) end)
    assert(caller:register(bob))
    local notifier = bob:event("x-n", { state = function() return "x" end })
    local sub, info
    bob:on("SUBSCRIBE", { event = "x-s" }, function(one) sub = one:accept() end)
    caller:watch(bob, "x-s", {}, function() end)
    local watch = caller:watch(bob, "x-n", {}, function(one) info = one end)
    net:advance(1)
    local branch
    bob:on("INFO", function(one)
      one:on("branch", function(what) branch = what end)
      return one:forward { "sip:c@10.0.0.7" }
    end)
    caller:request("INFO", bob):wait()
    local tape = assert(call_in:start_record(folder_of_audio.path .. "/types.wav"))
    local joined, record
    joined = assert(caller:call(bob))
    joined:bridge(exchange.call, function(one) record = one end)
    net:advance(1)
    joined:unbridge()
    net:advance(1)
    local uri = assert(sip.uri "sip:a@b")
    local _, err = sip.uri "no"
    local server = net:server "10.0.0.6:9092"
    call_in:stream({ to = "audiosocket://10.0.0.6:9092" }, function() end)
    net:advance "100ms"
    objects = {
      ["moonsip.Sip"] = sip, ["moonsip.Log"] = sip.log, ["moonsip.Http"] = net.http,
      ["moonsip.HttpServer"] = assert(require("moonsip.web").of(script.context).serve(":80", {})),
      ["moonsip.Tap"] = bob:trace(function() end),
      ["moonsip.Digest"] = sip.digest { realm = "r", secret = function() end },
      ["moonsip.Workers"] = sip.workers(), ["moonsip.Sqlite"] = sip.sqlite ":memory:",
      ["moonsip.Redis"] = sip.redis "redis://127.0.0.1",
      ["moonsip.Location"] = loc, ["moonsip.Contact"] = assert(loc:lookup(caller.aor))[1],
      ["moonsip.Timer"] = sip.after(1, function() end),
      ["moonsip.Job"] = sip.go(function() end), ["moonsip.Group"] = sip.group(),
      ["moonsip.Gateways"] = sip.gateways({ g = { uri = "sip:10.0.0.9" } }),
      ["moonsip.Gateway"] = sip.gateways({ g = { uri = "sip:10.0.0.9" } }).g,
      ["moonsip.Guard"] = bob.guard,
      ["moonsip.Line"] = assert(bob:register { uri = "sip:bob@10.0.0.1" }),
      ["moonsip.Hunt"] = sip.hunt { "sip:a@b" },
      ["moonsip.HuntMember"] = sip.hunt { "sip:a@b" }.members[1],
      ["moonsip.CallLimit"] = sip.call_limit(1),
      ["moonsip.CallPlace"] = sip.call_limit(1):take "a",
      ["moonsip.Node"] = assert(sip.agent { listen = "10.0.0.1:5070", node = "a",
        nodes = { a = "10.0.0.1:5070", b = "10.0.0.9" }, secret = ("x"):rep(16) }).nodes.b,
      ["moonsip.Notifier"] = notifier, ["moonsip.Subscription"] = sub,
      ["moonsip.Watch"] = watch, ["moonsip.WatchInfo"] = info,
      ["moonsip.Rates"] = assert(sip.rates { { "44", "uk", 0.8 } }),
      ["moonsip.Numbers"] = sip.numbers { country = "44" },
      ["moonsip.Trust"] = sip.trust { networks = "10.0.0.0/8" },
      ["moonsip.Diversion"] = sip.diversion(req), ["moonsip.History"] = sip.history(req),
      ["moonsip.Pool"] = sip.pool(1), ["moonsip.Rate"] = sip.rate "1/s",
      ["moonsip.Error"] = err, ["moonsip.Agent"] = bob, ["moonsip.Uri"] = uri,
      ["moonsip.Address"] = assert(sip.address "<sip:a@b>"),
      ["moonsip.Message"] = assert(sip.message(MESSAGE)),
      ["moonsip.Request"] = req, ["moonsip.Response"] = response,
      ["moonsip.Proxied"] = req, ["moonsip.Branch"] = branch,
      ["moonsip.Sdp"] = assert(sip.sdp(call_in.local_sdp)),
      ["moonsip.SdpMedia"] = assert(sip.sdp(call_in.local_sdp)).media[1],
      ["moonsip.Media"] = call_in.media, ["moonsip.Codec"] = call_in.media.codec,
      ["moonsip.CallVerbs"] = call_in, ["moonsip.Recording"] = tape,
      ["moonsip.Pager"] = bob, ["moonsip.Queue"] = sip.queue(),
      ["moonsip.AudioStream"] = assert(call_in:stream()), ["moonsip.CallRecord"] = record,
      ["moonsip.Conference"] = assert(sip.conference()),
      ["moonsip.Exchange"] = exchange, ["moonsip.Call"] = call_in,
      ["moonsip.Dialog"] = subscription, ["moonsip.Listener"] = bob.listeners[1],
      ["moonsip.Source"] = req.source, ["moonsip.Slot"] = sip.pool(1):take(),
      ["moonsip.Pending"] = sip.sleep(1, function() end),
      ["moonsip.test"] = test, ["moonsip.test.Network"] = net,
      ["moonsip.test.Script"] = script, ["moonsip.test.Caller"] = caller,
      ["moonsip.test.Endpoint"] = net:endpoint "10.0.0.7:5060",
      ["moonsip.test.Peer"] = server.peers[1],
    }
  end)
  teardown(function()
    net:close()
    folder_of_audio:remove()
  end)

  -- Of options and of what is shared there is no object.
  local function is_real(name)
    return not (name:find "Options$" or name:find "Filter$" or name:find "%l+Fields$"
      or name == "moonsip.Fields"
      or name == "moonsip.Observable" or name == "moonsip.ProxyTarget"
      or name == "moonsip.ServerAddress"
      or name == "moonsip.Parameters" or name == "moonsip.test.Record"
      or name == "moonsip.test.Received" or name == "moonsip.test.Host")
  end

  it("declares methods that the real objects have", function()
    for name in pairs(test_types) do
      local object = objects[name]
      assert.equal(is_real(name), object ~= nil, name)
      for member, sort in pairs(object and types.members(test_types, name) or {}) do
        if sort == "method" then
          assert.equal("function", type(object[member]), name .. ":" .. member)
        end
      end
    end
  end)

  it("declares all that the module has", function()
    local real = {}
    for name in pairs(sip) do real[#real + 1] = name end
    local declared = {}
    for name in pairs(types.members(sip_types, "moonsip.Sip")) do
      declared[#declared + 1] = name
    end
    table.sort(real)
    table.sort(declared)
    assert.same(declared, real)
  end)

  it("declares every method of the Lua classes that is not marked ---@package", function()
    local undeclared = {}
    local pipe <close> = io.popen("ls lua/moonsip/*.lua")
    for path in pipe:lines() do
      local inside = false
      for line in io.lines(path) do
        local class, name = line:match "^function (%u%w*)[:.]([%a][%w_]*)%("
        local declared = class and test_types["moonsip." .. class]
          and types.members(test_types, "moonsip." .. class)
        if declared and not declared[name] and not inside then
          undeclared[#undeclared + 1] = path .. ": " .. class .. ":" .. name
        end
        inside = line:find "^%-%-%-@package" or line:find "^%-%-%-@private" or false
      end
    end
    assert.same({}, undeclared)
  end)

  -- The names in a table such as `static const bind_field fields[]` of the binding.
  for class, path in pairs { Uri = "uri", Address = "address", Message = "message" } do
    it("declares what C has in " .. path .. ".c, and nothing else", function()
      local file <close> = assert(io.open("csrc/binding/" .. path .. ".c"))
      local text = file:read "a"
      local real = {}
      for name in text:match("bind_field fields%[%] = {(.-)};"):gmatch '{"([%w_]+)"' do
        real[name] = "field"
      end
      for name in text:match("luaL_Reg methods%[%] = {(.-)};"):gmatch '{"([%w_]+)"' do
        real[name] = "method"
      end
      assert.same(names(real), names(types.members(sip_types, "moonsip." .. class)))
    end)
  end

  for class, path in pairs { Sdp = "sdp", SdpMedia = "sdp_media" } do
    it("declares the fields that C has in " .. path .. ".c, and no other", function()
      local file <close> = assert(io.open("csrc/binding/" .. path .. ".c"))
      local real, declared = {}, {}
      for name in file:read("a"):match("bind_field fields%[%] = {(.-)};"):gmatch '{"([%w_]+)"' do
        real[name] = "field"
      end
      for name, sort in pairs(types.members(sip_types, "moonsip." .. class)) do
        if sort == "field" then declared[name] = sort end
      end
      assert.same(names(real), names(declared))
    end)
  end

  it("declares fields that are there to be read", function()
    for name, object in pairs(objects) do
      for member, sort in pairs(types.members(test_types, name, true)) do
        if sort == "field" then
          assert.is_not_nil(object[member], name .. "." .. member)
        end
      end
    end
  end)
end)

describe("docs/agent.md", function()
  it("has every option of sip.agent, and no other", function()
    local file <close> = assert(io.open "lua/moonsip/settings.lua")
    local known = file:read("a"):match "local known <const> = {(.-)}"
    local real, described = {}, {}
    for name in known:gmatch "([%w_]+) = true" do real[#real + 1] = name end
    local within = false
    for line in io.lines "docs/agent.md" do
      within = line:find "^## " and line == "## Options of sip.agent" or within
        and not line:find "^## "
      for name in (within and line:match "^| (`[^|]*) |" or ""):gmatch "`([%w_]+)`" do
        described[#described + 1] = name
      end
    end
    table.sort(real)
    table.sort(described)
    assert.same(real, described)
  end)
end)
