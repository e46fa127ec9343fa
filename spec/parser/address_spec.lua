-- SPDX-License-Identifier: MIT

local core <const> = require "moonsip.core"

local function address(text) return assert(core.address(text), text) end

describe("an address (RFC 3261 20.10)", function()
  it("has a display name, a URI and parameters", function()
    local a <const> = address '"Mr. \\"W\\"" <sip:w@b.c:5;x=y> ; q=0.7;Expires=3600;tag=t;a="b;c";d'
    assert.same({ 'Mr. "W"', "sip:w@b.c:5;x=y", "w", "b.c", 0.7, 3600, "t" }, { a.display,
      a.uri.text, a.user, a.host, a.q, a.expires, a.tag })
    assert.same({ "b;c", true, nil, "y" }, { a.params.A, a.params.d, a.params.x, a.uri.params.x })
    assert.is_false(a.star)
  end)

  it("without brackets gives its parameters to the header (20)", function()
    local a <const> = address "sip:w@b.c;tag=t"
    assert.same({ "sip:w@b.c", "t", nil }, { a.uri.text, a.tag, a.uri.params.tag })
    for _, text in ipairs { "sip:a,b@c", "sip:a@c?x=y",
      "sip:a@c;x=y?z" } do assert.is_nil(core.address(text)) end -- RFC 8217
  end)

  it("may be a star", function()
    local a <const> = address " * "
    assert.same({ true, nil, nil, nil }, { a.star, a.uri, a.user, a.display })
    assert.is_false((pcall(function() a.display = "x" end)))
    assert.is_false((pcall(function() a.user = "x" end)))
  end)

  it("may be folded", function()
    local a <const> = address "Bob\r\n Smith\r\n\t<sip:a@b>\r\n ;\r\n tag\r\n =\r\n 1"
    assert.same({ "Bob Smith", "1" }, { a.display, a.tag })
    assert.same("Bob Smith <sip:a@b> ; tag = 1", tostring(a))
  end)

  it("says at which byte it is malformed", function()
    for text, at in pairs { ["<sip:a b@c>"] = 7, ['"x'] = 1, ["<sip:a"] = 7, ["a, <sip:b>"] = 2,
      ["<sip:a>;"] = 9, ["<sip:a>;b="] = 11,
                            ["<sip:a> x"] = 9, ["sip:a?b"] = 6, [""] = 1,
                              ["<sip:a>;tag=1;TAG=2"] = 15 } do
      local value <const>, err <const> = core.address(text)
      assert.same({ nil, at }, { value, err.at }, text)
    end
  end)

  it("is changed part by part", function()
    local a <const> = address "sip:a@b;tag=1"
    a.display = 'B "x"'
    assert.same('"B \\"x\\"" <sip:a@b>;tag=1', tostring(a))
    a.uri.params.x = "y"
    a.user, a.tag = "c", nil
    a.q = 0.5
    a.params.p = "two words"
    assert.same('"B \\"x\\"" <sip:c@b;x=y>;q=0.5;p="two words"', tostring(a))
    a.uri = "tel:+1"
    a.display = nil
    a.params.p = true
    assert.same("<tel:+1>;q=0.5;p", a.text)
    a.uri = core.uri "sips:z@y"
    a.params.p, a.params.q = false, nil
    assert.same("<sips:z@y>", a.text)
    a.text = "Bob <sip:q>"
    assert.same({ "Bob", "q" }, { a.display, a.host })
  end)

  it("refuses what would be malformed", function()
    local a <const> = address "<sip:a@b>"
    for field, value in pairs { uri = "x y", tag = "a b", user = "", host = "a b",
      text = "nonsense", q = {}, params = 1, star = true } do
      assert.is_false((pcall(function() a[field] = value end)), field)
    end
    assert.is_false((pcall(function() a.params["a b"] = 1 end)))
    assert.is_false((pcall(function() a.params[""] = 1 end)))
    assert.same("<sip:a@b>", a.text)
  end)

  it("copied shares nothing", function()
    local a <const> = address "<sip:a@b>"
    local copy <const> = a:copy()
    copy.display = "x"
    copy.uri.user = "y"
    assert.same({ "<sip:a@b>", '"x" <sip:y@b>' }, { a.text, copy.text })
  end)
end)
