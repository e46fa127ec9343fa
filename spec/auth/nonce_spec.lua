-- SPDX-License-Identifier: MIT

local nonces_of <const> = require "moonsip.core".nonces

local REALM <const> = "example.com"

describe("a nonce (RFC 7616 5.4)", function()
  it("is good from its making to the end of its life", function()
    local nonces <const> = nonces_of { seed = 1, lifetime = 1000 }
    local nonce <const> = nonces:new(5000, REALM)
    assert.same("forged", nonces:check(5000, "other.example", nonce, 1))
    assert.same("good", nonces:check(5000, REALM, nonce, 1))
    assert.same("good", nonces:check(6000, REALM, nonce, 1))
    assert.same("stale", nonces:check(6001, REALM, nonce, 1))
    assert.same("stale", nonces:check(4999, REALM, nonce,
      1)) -- from a clock that ran ahead
  end)

  it("is never the same twice", function()
    local nonces <const> = nonces_of { seed = 1 }
    local seen <const> = {}
    for _ = 1, 5000 do
      local nonce <const> = nonces:new(1, REALM)
      assert.is_nil(seen[nonce])
      seen[nonce] = true
    end
  end)

  it("with any digit changed is forged", function()
    local nonces <const> = nonces_of { seed = 1 }
    local nonce <const> = nonces:new(1, REALM)
    for i = 1, #nonce do
      local digit <const> = nonce:sub(i, i) == "0" and "1" or "0"
      assert.same("forged", nonces:check(1, REALM, nonce:sub(1, i - 1) .. digit
        .. nonce:sub(i + 1), 1))
    end
    for _, text in ipairs { "", "x", nonce .. "0", nonce:sub(2), ("g"):rep(#nonce),
      ("0"):rep(#nonce) } do
      assert.same("forged", nonces:check(1, REALM, text, 1))
    end
  end)

  it("of one server is known to those that share its key, and to no others", function()
    local key <const> = ("k"):rep(16)
    local nonce <const> = nonces_of { seed = 1, key = key }:new(1, REALM)
    assert.same("good", nonces_of { seed = 2, key = key }:check(1, REALM, nonce, 1))
    assert.same("forged", nonces_of { seed = 3 }:check(1, REALM, nonce, 1))
    assert.has_error(function() nonces_of { key = "short" } end)
  end)
end)

describe("a nonce count (RFC 7616 3.4, 5.5)", function()
  local nonces, nonce

  before_each(function()
    nonces = nonces_of { seed = 1 }
    nonce = nonces:new(1, REALM)
  end)

  local function use(count)
    return nonces:use(1, REALM, nonce, count)
  end

  it("is good once", function()
    assert.same({ "good", "replayed", "good", "replayed", "replayed" }, { use(1), use(1),
      use(2), use(2), use(1) })
  end)

  it("is not used up by looking", function()
    for _ = 1, 3 do assert.same("good", nonces:check(1, REALM, nonce, 1)) end
    assert.same("good", use(1))
    assert.same("replayed", nonces:check(1, REALM, nonce, 1))
  end)

  it("may come out of order within the last 64", function()
    assert.same("good", use(100))
    assert.same({ "good", "replayed" }, { use(99), use(99) })
    assert.same({ "good", "replayed" }, { use(36), use(36) })
    assert.same("replayed", use(35)) -- too far back to tell
    assert.same({ "good", "replayed", "replayed", "good" }, { use(101), use(100),
      use(36 + 1 - 1), use(98) })
  end)

  it("may jump by any step", function()
    for _, count in ipairs { 1, 64, 65, 128, 129, 193, 4000000000, 4294967295 } do
      assert.same({ count, "good" }, { count, use(count) })
      assert.same({ count, "replayed" }, { count, use(count) })
    end
  end)

  it("is not needed once: without qop a nonce is good one time", function()
    assert.same({ "good", "stale" }, { use(0), use(0) })
  end)

  it("of a nonce that made room is stale, never good again", function()
    nonces = nonces_of { seed = 1, capacity = 8 }
    local used <const> = {}
    for i = 1, 50 do
      used[i] = nonces:new(i, REALM)
      assert.same("good", nonces:use(i, REALM, used[i], 1))
    end
    for i = 1, 50 do assert.are_not.equal("good", nonces:use(50, REALM, used[i], 1)) end
    for i = 1, 42 do assert.same("stale", nonces:use(50, REALM, used[i], 2)) end
    for i = 43, 50 do assert.same("good", nonces:use(50, REALM, used[i], 2)) end
  end)
end)
