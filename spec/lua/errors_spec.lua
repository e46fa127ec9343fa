-- SPDX-License-Identifier: MIT
local core = require "moonsip.core"
local errors = require "moonsip.errors"

local function response(code, method)
  return { code = code, reason = "Because", cseq_method = method or "OPTIONS" }
end

describe("an error", function()
  it("reads well in assert", function()
    local ok, err = pcall(assert, nil, errors.new("busy", "Busy Here", { code = 486 }))
    assert.is_false(ok)
    assert.equal("busy: 486 Busy Here", tostring(err))
    assert.equal("store: disk full", tostring(errors.new("store", "disk full")))
  end)

  it("is what the core's failures are too", function()
    local uri, err = core.uri "sip:"
    assert.is_nil(uri)
    assert.is_true(errors.is(err))
    assert.equal("invalid", err.kind)
    assert.equal("URI", err.name)
    assert.matches("^invalid: ", tostring(err))
    assert.is_false(errors.is {})
    assert.is_false(errors.is "invalid")
  end)

  it("has the status that a missing response counts as (RFC 3261 8.1.3.1)", function()
    assert.equal(408, errors.of_failure("TIMEOUT").code)
    assert.equal(503, errors.of_failure("ECONNREFUSED").code)
    assert.equal("transport", errors.of_failure("ECONNREFUSED").kind)
    assert.equal("dns", errors.of_failure("DNS").kind)
  end)

  local kinds <const> = {
    [401] = "auth", [403] = "rejected", [404] = "notfound", [407] = "auth",
    [408] = "timeout",
    [480] = "noanswer", [481] = "gone", [486] = "busy", [487] = "cancelled",
    [488] = "media",
    [500] = "rejected", [503] = "rejected", [600] = "busy", [603] = "rejected",
    [604] = "notfound", [606] = "media", [302] = "rejected",
  }
  for code, kind in pairs(kinds) do
    it(("of a %d is %s"):format(code, kind), function()
      local of = response(code)
      local err = errors.of_response(of)
      assert.equal(kind, err.kind)
      assert.equal(code, err.code)
      assert.equal(of, err.response)
    end)
  end

  it("of a 408 to INVITE is noanswer: somebody was rung", function()
    assert.equal("noanswer", errors.of_response(response(408, "INVITE")).kind)
  end)

  it("is retryable when it is an outage and not an answer", function()
    for _, code in ipairs { 408, 430, 500, 502, 503, 504 } do
      assert.is_true(errors.of_response(response(code)):retryable(), code)
    end
    for _, code in ipairs { 404, 480, 486, 487, 488, 501, 600, 603, 302, 401 } do
      assert.is_false(errors.of_response(response(code)):retryable(), code)
    end
    for kind, expected in pairs { timeout = true, transport = true, dns = true,
                                  store = true,
                                  limit = true, busy = false, hangup = false,
                                    invalid = false } do
      assert.equal(expected, errors.new(kind, "x"):retryable(), kind)
    end
  end)

  it("gives the status that fits it (api.md rule 4)", function()
    local function status(kind, fields) return errors.new(kind, "x", fields):status() end
    assert.equal(404, status "notfound")
    assert.equal(480, status("notfound", { code = 480 }))
    assert.same({ 500, 30 }, { status "store" })
    assert.same({ 500, 7 }, { status("store", { retry_after = 7 }) })
    assert.same({ 503, 30 }, { status "limit" })
    assert.equal(487, status "cancelled")
    assert.equal(486, status "busy")
    assert.equal(500, status "transport")
    assert.equal(500, status "never heard of")
  end)

  it("passes a status on, but no challenge of another server and no 503 (RFC 3261 16.7)",
    function()
      local function passed(code) return (errors.of_response(response(code)):status()) end
      assert.equal(486, passed(486))
      assert.equal(603, passed(603))
      assert.equal(403, passed(401))
      assert.equal(403, passed(407))
      assert.equal(500, passed(503))
    end)

  it("ends a handler quietly when it is a hang-up or a cancellation", function()
    assert.is_true(errors.is_quiet(errors.new("hangup", "x")))
    assert.is_true(errors.is_quiet(errors.new("cancelled", "x")))
    assert.is_false(errors.is_quiet(errors.new("timeout", "x")))
    assert.is_false(errors.is_quiet("hangup"))
  end)
end)
