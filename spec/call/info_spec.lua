-- SPDX-License-Identifier: MIT
-- INFO and its packages inside calls (RFC 6086): who says that he receives what, and when.

local pair <const> = require "spec.support.pair"
local sip <const> = require "moonsip"
local test <const> = require "moonsip.test"

describe("INFO packages", function()
  local net, alice, bob
  before_each(function() net, alice, bob = pair.new() end)
  after_each(function() net:close() end)

  local function takes(who, package, fn)
    who:on("INFO", { package = package }, fn or function(req) req:reply(200) end)
  end

  local function connect()
    pair.answers(bob)
    return pair.connect(net, alice, bob)
  end

  local function value(wanted, name)
    local one <const> = net:messages(wanted)[1]
    return one and sip.message(one.bytes).headers[name or "Recv-Info"]
  end

  it("are said in the INVITE and its 2xx (5.2.3)", function()
    takes(alice, { "foo", "bar" })
    takes(bob, "baz")
    local near <const>, far <const> = connect()
    assert.equal("bar, foo", value { method = "INVITE" })
    assert.equal("baz", value { code = 200 })
    assert.same({ { "baz" }, { "bar", "foo" } }, { near.info_packages, far.info_packages })
  end)

  it("are not spoken of by who has none (2, 7.1)", function()
    alice:on("INFO", function(req) req:reply(200) end)
    takes(bob, "foo")
    local near <const>, far <const> = connect()
    assert.is_nil(value { method = "INVITE" })
    assert.is_nil(value { code = 200 })
    assert.same({ nil, nil }, { near.info_packages, far.info_packages })
    assert.equal(200, assert(far:info { body = "as before", content_type = "text/plain" }).code)
    assert.is_nil(value({ method = "INFO" }, "Info-Package"))
  end)

  it("may be an empty set: they are spoken of, and none is received (5.2.2)", function()
    net:close()
    net = test.net()
    alice = net:agent("sip:alice@example.com", { media = false, recv_info = {} })
    bob = net:agent("sip:bob@example.com", { media = false, recv_info = "foo" })
    local near <const>, far <const> = connect()
    assert.equal("", value { method = "INVITE" })
    assert.same({ { "foo" }, {} }, { near.info_packages, far.info_packages })
  end)

  it("carry a body of their own, and parameters (4.2.1, 4.3.1)", function()
    takes(alice, "foo")
    local seen
    takes(bob, "foo", function(req)
      seen = req.info
      seen.disposition = req.headers["Content-Disposition"]
      req:reply(200)
    end)
    local near <const> = connect()
    assert.equal(200, assert(near:info("foo;level=3;on",
      { body = "hi", content_type = "text/x-foo" })).code)
    assert.same({ package = "foo", params = { level = "3", on = "" }, content_type = "text/x-foo",
                  body = "hi", disposition = "Info-Package" }, seen)
    assert.equal(200, assert(near:info "foo").code)
    assert.is_nil(seen.disposition)
  end)

  it("are found in a body of several parts (4.3.1, RFC 5621)", function()
    takes(alice, "foo")
    local seen
    takes(bob, "foo", function(req)
      seen = req.info
      req:reply(200)
    end)
    local near <const> = connect()
    local parts <const> = table.concat({ "--b", "Content-Type: text/plain", "", "not this", "--b",
      "Content-Type: text/x-foo; v=1", "Content-Disposition: Info-Package", "", "this", "--b--",
      "" }, "\r\n")
    assert(near:request("INFO", { body = parts, content_type = "multipart/mixed;boundary=b",
                                  headers = { ["Info-Package"] = "foo" } }):wait())
    assert.same({ "text/x-foo", "this" }, { seen.content_type, seen.body })
  end)

  it("that they do not receive are not sent (4.2.1)", function()
    takes(alice, "foo")
    takes(bob, "foo")
    local near <const> = connect()
    for _, name in ipairs { "bar", "Foo" } do -- names have case (7.2)
      local res, err = near:info(name)
      assert.same({ "rejected", 469 }, { res or err.kind, err.code })
      assert.is_nil(err.response)
    end
    assert.equal(0, net:count { method = "INFO" })
    local heard
    near:info("bar", function(_, err) heard = err.code end)
    net:settle()
    assert.equal(469, heard)
  end)

  it("that we do not receive are refused with those that we do: 469, and the call goes on "
    .. "(4.2.2, RFC 5057)", function()
    takes(alice, "foo")
    takes(bob, { "foo", "baz" })
    local near <const> = connect()
    local _, err = near:request("INFO", { headers = { ["Info-Package"] = "bar;x=1" } }):wait()
    assert.same({ 469, "Bad Info Package", "baz, foo" },
      { err.code, err.response.reason, err.response.headers["Recv-Info"] })
    assert.equal("connected", near.state)
    assert.equal(200, assert(near:info "foo").code)
  end)

  it("are refused where the INVITE did not say that its sender knows them (5.2.3)", function()
    takes(bob, "foo")
    local near <const> = connect()
    local _, err = near:request("INFO", { headers = { ["Info-Package"] = "foo" } }):wait()
    assert.same({ 469, "" }, { err.code, err.response.headers["Recv-Info"] })
  end)

  it("have bodies of types that their handlers name: else 415 with those (4.2.2)", function()
    takes(alice, "foo")
    bob:on("INFO", { package = "foo", content_type = { "text/x-foo", "text/x-more" } },
      function(req) req:reply(200) end)
    local near <const> = connect()
    local _, err = near:info("foo", { body = "x", content_type = "text/html" })
    assert.same({ 415, "text/x-foo, text/x-more" },
      { err.code, err.response.headers["Accept"] })
    assert(near:info("foo", { body = "x", content_type = "text/x-more" }))
  end)

  for _, verb in ipairs { "reinvite", "update" } do
    it(("change in the call, by %s (5.2.2)"):format(verb), function()
      takes(alice, "foo")
      takes(bob, "foo")
      local near <const>, far <const> = connect()
      near:on("INFO", { package = "more" }, function(req) req:reply(200) end)
      assert.same({ "foo" }, far.info_packages)
      assert(near[verb](near, verb == "update" and { sdp = false } or {}))
      net:advance(10)
      assert.same({ { "foo", "more" }, { "foo" } }, { far.info_packages, near.info_packages })
      assert.equal(200, assert(far:info "more").code)
      near:off "INFO"
      assert(near[verb](near))
      net:advance(10)
      assert.same({ "foo" }, far.info_packages)
      assert.equal(469, select(2, far:info "more").code)
    end)

    it(("go back to what they were when the %s is rejected (5.2.4)"):format(verb), function()
      takes(alice, "foo")
      takes(bob, "foo")
      local near <const>, far <const> = connect()
      near:on("INFO", { package = "more" }, function(req) req:reply(200) end)
      far:on(verb == "update" and "UPDATE" or "INVITE", function(req) req:reply(488) end)
      assert.equal(488, select(2, near[verb](near)).code)
      assert.same({ "foo" }, far.info_packages)
      local _, err = far:request("INFO", { headers = { ["Info-Package"] = "more" } }):wait()
      assert.same({ 469, "foo" }, { err.code, err.response.headers["Recv-Info"] })
    end)
  end

  it("are said early too, and may be sent before the answer (5.2.3)", function()
    takes(alice, "foo")
    takes(bob, "foo")
    local heard
    bob:on("INVITE", function(req)
      req:ring()
      net:sleep "1s"
      heard = assert(req.call:info("foo")).code
      req:answer()
    end)
    assert(alice:call(bob))
    assert.equal("foo", value { code = 180 })
    assert.equal(200, heard)
  end)

  it("are of each branch of a forked INVITE (4.2.1)", function()
    takes(alice, "foo")
    local proxy <const> = net:agent("sip:proxy@example.com", { media = false })
    local carol <const> = net:agent("sip:carol@example.com", { media = false })
    takes(bob, "bobs")
    takes(carol, "carols")
    bob:on("INVITE", function(req) req:ring() net:sleep "1m" end)
    carol:on("INVITE", function(req) req:ring() net:sleep "1s" req:answer() end)
    proxy:on("INVITE", function(req)
      req:forward { bob.contact, carol.contact, mode = "parallel" }
    end)
    local call <const> = assert(alice:call(proxy))
    net:advance(10)
    assert.same({ "carols" }, call.info_packages)
  end)

  it("leave the INFO of digits alone (2)", function()
    net:close()
    net = test.net()
    alice = net:agent("sip:alice@example.com", { recv_info = "foo" })
    bob = net:agent("sip:bob@example.com", { recv_info = "foo" })
    bob:on("INVITE", function(req) req:answer() end)
    local near <const> = assert(alice:call(bob))
    net:advance(10)
    local digit
    bob.calls[1]:on("dtmf", function(one) digit = one end)
    assert(near:dtmf("5", { how = "info" }))
    net:advance "1s"
    assert.equal("5", digit)
  end)

  it("are answered by a handler of the call alone", function()
    pair.answers(bob)
    local near <const>, far <const> = pair.connect(net, alice, bob)
    far:on("INFO", function(req) req:reply(200) end)
    assert.equal(200, assert(near:info { body = "x" }).code)
  end)

  it("are names: anything else raises at the script's line", function()
    local near <const> = connect()
    assert.has_error(function() alice:on("INFO", { package = "^f" }, print) end)
    assert.has_error(function() alice:on("INFO", { package = "a b" }, print) end)
    assert.has_error(function() alice:on("INFO", { package = {} }, print) end)
    assert.has_error(function() near:info "a b" end)
    assert.has_error(function() near:info("a\r\nb") end)
    assert.has_error(function() near:info("a", { hedaers = {} }) end)
    assert.has_error(function() net:agent("sip:x@y.z", { recv_info = { "a,b" } }) end)
  end)

  it("of a call that has ended say why there is none", function()
    takes(alice, "foo")
    takes(bob, "foo")
    local near <const> = connect()
    near:hangup()
    assert.equal("hangup", select(2, near:info "foo").kind)
  end)
end)
