-- SPDX-License-Identifier: MIT
-- What of a message goes on to the other leg of a B2BUA (RFC 7092 3.1), as the core sees it:
-- header fields by their scope and by names, descriptions with an o= of their own.

local core <const> = require "moonsip.core"
local descriptions <const> = require "spec.support.descriptions"

local function message(lines, body)
  return assert(core.message(("INVITE sip:bob@b.example SIP/2.0\r\n"
    .. "Via: SIP/2.0/UDP a.example;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
    .. "From: \"A <1>\" <sip:alice@a.example;x=1>;tag=1;y=2\r\nTo: <sip:bob@b.example>\r\n"
    .. "Call-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@a.example>\r\n%sContent-Length: %d"
    .. "\r\n\r\n%s"):format(lines or "", #(body or ""), body or "")))
end

describe("core.header_scope", function()
  it("tells whom a header field is about", function()
    for name, scope in pairs { ["Call-ID"] = "leg", i = "leg", ["supported"] = "leg", RAck = "leg",
      Subject = "call", s = "call", ["P-Early-Media"] = "call", ["Session-ID"] = "call",
      ["P-Asserted-Identity"] = "host", Diversion = "host", ["User-Agent"] = "host",
      ["X-Foo"] = "open" } do
      assert.equal(scope, core.header_scope(name), name)
    end
  end)
end)

describe("core.crossing", function()
  local lines <const> = "Subject: s\r\nX-Foo: 1\r\nx-foo: 2\r\nX-Bar:\r\n 3\r\nP-Odd: 4\r\n"
    .. "P-Asserted-Identity: <tel:+441>\r\nUser-Agent: u\r\n"
  local function carried(pass, drop, hides, flat)
    local list <const> = core.crossing(pass or {}, drop or {}, hides or false)
      :carry(message(lines), flat)
    return list and table.concat(list, "|") or nil
  end

  it("passes what is of the call, and names that nobody knows unless hosts are hidden", function()
    assert.equal("Subject|s|X-Foo|1|x-foo|2|X-Bar|3", carried())
    assert.equal("Subject|s", carried(nil, nil, true))
  end)

  it("passes and drops by name; a whole name before one that ends in \"*\", drop before pass",
    function()
      assert.equal("X-Foo|1|x-foo|2|P-Asserted-Identity|<tel:+441>",
        carried({ "x-foo", "P-*" }, { "X-*", "subject", "P-O*" }))
      assert.equal("Subject|s|X-Bar|3", carried({ "X-*" }, { "X-FOO" }, true))
      assert.equal("User-Agent|u", carried({ "user-agent" }, { "*" }))
      assert.is_nil(carried(nil, { "*" }))
    end)

  it("leaves what is set, and never passes what is one leg's", function()
    assert.equal("SUBJECT|own|X-Foo|1|x-foo|2|X-Bar|3", carried(nil, nil, false,
      { "SUBJECT", "own" }))
    assert.equal("Via|x", carried({ "Via", "Call-ID" }, { "*" }, false, { "Via", "x" }))
  end)

  it("takes lists of texts", function()
    assert.has_error(function() core.crossing({}, {}):carry "text" end)
    assert.has_error(function() core.crossing({ {} }, {}) end)
    assert.has_error(function() core.crossing({}) end)
  end)
end)

describe("core.session_text", function()
  it("gives the description of a message; false where header fields say more of it", function()
    local sdp <const> = descriptions.talks(4000)
    local typed <const> = "c: Application/SDP;charset=utf-8\r\n"
    assert.equal(sdp, core.session_text(message(typed, sdp)))
    assert.is_nil(core.session_text(message(typed)))
    for _, more in ipairs { "", "Content-Type: text/plain\r\n", "Content-Type: x\r\n",
      typed .. "Content-Disposition: session\r\n", typed .. "e: gzip\r\n" } do
      assert.is_false(core.session_text(message(more, sdp)), more)
    end
  end)
end)

describe("core.sdp_origin", function()
  it("says where the value of o= stands in a description that is well-formed", function()
    local sdp <const> = descriptions.talks(4000)
    local first <const>, last = core.sdp_origin(sdp)
    assert.equal(sdp:match "\no=([^\r\n]*)", sdp:sub(first, last))
    local none <const>, err = core.sdp_origin(sdp:gsub("o=[^\n]*\n", ""))
    assert.is_nil(none)
    assert.matches("^SDP_", err.name)
  end)
end)

describe("address:bare", function()
  it("is display name and URI, without parameters of the header", function()
    assert.equal("\"A <1>\" <sip:alice@a.example;x=1>", message().from:bare())
    for text, bare in pairs { ["sip:a@b;tag=1"] = "sip:a@b", ["<sip:a@b>"] = "<sip:a@b>",
      ["Al <sip:a@b> ;x"] = "Al <sip:a@b>" } do
      assert.equal(bare, core.address(text):bare())
    end
  end)
end)

describe("core.is_line", function()
  it("is false for text that would smuggle a line into a message (7.3.1)", function()
    assert.is_true(core.is_line "a \t: b")
    for _, text in ipairs { "a\rb", "a\n", "\0" } do assert.is_false(core.is_line(text)) end
  end)
end)
