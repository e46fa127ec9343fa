-- SPDX-License-Identifier: MIT
--
-- Files that a program of ours wrote are what it would write now.

local scratch <const> = require "spec.support.scratch"

describe("a generated file", function()
  it("csrc/sip/header_hash.h fits the list in header.h", function()
    local folder <close> = scratch.folder()
    local output, status = folder:run(("cp csrc/sip/header.h %s && "
      .. "lua5.4 .ci/header_names.lua %s && diff -u csrc/sip/header_hash.h %s/header_hash.h")
      :format(folder.path, folder.path, folder.path))
    assert.equal(0, status, output)
  end)
end)
