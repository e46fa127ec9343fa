-- SPDX-License-Identifier: MIT
--
-- Files that a program of ours wrote are what it would write now.

local scratch <const> = require "spec.support.scratch"

describe("a generated file", function()
  it("csrc/sip/header_hash.h fits the list in header.h", function()
    local folder <close> = scratch.folder()
    local output, status = folder:run(([[
      cp csrc/sip/header.h FOLDER && lua5.4 .ci/header_names.lua FOLDER &&
      diff -u csrc/sip/header_hash.h FOLDER/header_hash.h
    ]]):gsub("FOLDER", folder.path))
    assert.equal(0, status, output)
  end)
end)
