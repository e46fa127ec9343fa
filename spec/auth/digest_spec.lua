-- SPDX-License-Identifier: MIT

local digest <const> = require "moonsip.core".digest

local function mufasa(o)
  local d <const> = { username = "Mufasa", realm = "http-auth@example.org",
    password = "Circle of Life",
    nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc = "00000001", qop = "auth",
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", method = "GET",
      uri = "/dir/index.html" }
  for key, value in pairs(o or {}) do d[key] = value end
  return d
end

describe("the digest calculation (RFC 7616 3.4, RFC 8760)", function()
  it("gives the values of RFC 7616 3.9.1", function()
    assert.same("8ca523f5e9506fed4657c9700eebdbec",
      digest.response(mufasa { algorithm = "MD5" }))
    assert.same("753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
      digest.response(mufasa { algorithm = "SHA-256" }))
  end)

  it("gives the value of RFC 2617 3.5, MD5 being the default", function()
    assert.same("6629fae49393a05397450978507c4ef1", digest.response {
      username = "Mufasa", realm = "testrealm@host.com", password = "Circle Of Life",
        qop = "auth",
      nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093", cnonce = "0a4f113b", nc = "00000001",
      method = "GET", uri = "/dir/index.html" })
  end)

  it("gives 64 hex digits for SHA-512/256, by its token SHA-512-256 (RFC 8760 2.2)",
    function()
    local response <const> = digest.response(mufasa { algorithm = "SHA-512-256" })
    assert.same(64, #response)
    assert.are_not.equal(response, digest.response(mufasa { algorithm = "SHA-256" }))
  end)

  it("hashes an empty body for auth-int when there is none (RFC 8760 2.6)", function()
    local without <const> = digest.response(mufasa { qop = "auth-int" })
    assert.same(without, digest.response(mufasa { qop = "auth-int", body = "" }))
    assert.are_not.equal(without, digest.response(mufasa { qop = "auth-int",
      body = "x" }))
    assert.are_not.equal(without, digest.response(mufasa()))
  end)

  it("knows peers without qop (RFC 3261 22.4)", function()
    assert.same("670fd8c2df070c60b045671b8b24ff02", digest.response {
      username = "Mufasa", realm = "testrealm@host.com", password = "Circle Of Life",
      nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093", method = "GET",
        uri = "/dir/index.html" })
  end)

  it("makes A1 anew for each session with -sess (3.4.2)", function()
    local plain <const> = digest.response(mufasa { algorithm = "SHA-256" })
    local one <const> = digest.response(mufasa { algorithm = "SHA-256-sess" })
    local other <const> = digest.response(mufasa { algorithm = "SHA-256-sess",
      cnonce = "other" })
    assert.are_not.equal(plain, one)
    assert.are_not.equal(one, other)
  end)

  it("takes a stored hash instead of a password", function()
    for _, algorithm in ipairs { "MD5", "SHA-256", "SHA-512-256", "MD5-sess",
      "SHA-256-sess" } do
      local ha1 <const> = digest.ha1(mufasa { algorithm = algorithm })
      local d <const> = mufasa { algorithm = algorithm, ha1 = ha1 }
      d.password = nil
      assert.same(digest.response(mufasa { algorithm = algorithm }), digest.response(d))
    end
    assert.same("939e7578ed9e3c518a452acee763bce9", digest.ha1 {
      username = "Mufasa", realm = "testrealm@host.com", password = "Circle Of Life" })
  end)

  it("leaves the method out of rspauth (3.5)", function()
    assert.same(digest.rspauth(mufasa()), digest.rspauth(mufasa { method = "POST" }))
    assert.are_not.equal(digest.rspauth(mufasa()), digest.response(mufasa()))
  end)

  it("takes parts of any length (bug class 55)", function()
    for _, n in ipairs { 0, 1, 63, 64, 65, 127, 128, 129, 4096, 65536 } do
      for _, part in ipairs { "username", "realm", "password", "nonce", "cnonce", "nc",
        "uri", "method" } do
        assert.same(64, #digest.response(mufasa { algorithm = "SHA-256",
          [part] = ("x"):rep(n) }))
      end
    end
  end)

  it("compares whole texts, hex digits without case", function()
    assert.is_true(digest.equal("00ff", "00FF"))
    assert.is_false(digest.equal("00ff", "00fe"))
    assert.is_false(digest.equal("00ff", "00ff0"))
    assert.is_true(digest.equal("", ""))
  end)

  it("refuses what it does not know, at the caller", function()
    assert.has_error(function() digest.response(mufasa { algorithm = "SHA-1" }) end)
    assert.has_error(function() digest.response(mufasa { qop = "none" }) end)
    assert.has_error(function() digest.response(mufasa { realm = 1 }) end)
    assert.has_error(function() digest.response() end)
    assert.is_true(digest.has "sha-256")
    assert.is_false(digest.has "Digestn")
  end)
end)
