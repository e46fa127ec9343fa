-- SPDX-License-Identifier: MIT
--
-- The payload of comfort noise (RFC 3389 3).

local face <const> = require "rtp_face"

describe("Comfort noise (RFC 3389 3)", function()
  it("has a level in -dBov, and maybe no more", function()
    assert.same({ 60 }, face.noise "\60")
    assert.same({ 127 }, face.noise "\127")
    assert.same({ 0 }, face.noise "\128") -- the unused bit is ignored
    assert.is_nil(face.noise "")
  end)

  it("has reflection coefficients of 258 * (N - 127) / 32768 (3.2)", function()
    assert.same({ 40, -127 * 258, 0, 258, 127 * 258 }, face.noise "\40\0\127\128\254")
  end)

  it("ends its model before an index that is reserved", function()
    assert.same({ 40, 258 }, face.noise "\40\128\255\128")
  end)

  it("keeps twelve coefficients: higher ones may be taken as zero (3)", function()
    assert.equal(13, #face.noise("\40" .. ("\128"):rep(12)))
    assert.equal(13, #face.noise("\40" .. ("\128"):rep(13)))
    assert.equal(13, #face.noise("\40" .. ("\128"):rep(1400)))
  end)

  it("is written to the nearest index", function()
    assert.equal("\60", face.write_noise(60, {}))
    assert.equal("\40\0\127\128\254", face.write_noise(40, { -127 * 258, 0, 258, 127 * 258 }))
    assert.equal("\40\127\128\126\126", face.write_noise(40, { 128, 129, -129, -386 }))
    assert.equal("\127\254\0", face.write_noise(200, { 32767, -32768 }))
  end)

  it("reads back what it writes, for every level and index", function()
    for level = 0, 127 do assert.same({ level }, face.noise(face.write_noise(level, {}))) end
    for index = 0, 254 do
      local bytes = "\20" .. string.char(index)
      local parsed = face.noise(bytes)
      assert.equal(bytes, face.write_noise(parsed[1], { parsed[2] }))
    end
  end)
end)
