-- SPDX-License-Identifier: MIT
--
-- Optional libraries: found by pkg-config or without it, and done without.

local scratch <const> = require "spec.support.scratch"

describe("Optional libraries", function()
  local folder

  setup(function() folder = scratch.folder() end)
  teardown(function() folder:remove() end)

  it("are found by pkg-config, with the flags that they need", function()
    assert.equal("opus\nspandsp\nsndfile\n", (folder:run ".ci/optional found opus spandsp sndfile"))
    assert.equal("opus\n", (folder:run ".ci/optional found opus no-such-library"))
    assert.truthy((folder:run ".ci/optional cflags opus"):find("-DHAVE_OPUS", 1, true))
    assert.truthy((folder:run ".ci/optional libs opus spandsp"):find "%-lopus%s+%-lspandsp")
    assert.equal("", (folder:run ".ci/optional found"))
  end)

  it("are found by the compiler where there is no pkg-config", function()
    for name in ("sh cc gcc as ld tr"):gmatch "%S+" do
      folder:run(("mkdir -p %s/bin && ln -sf $(command -v %s) %s/bin/"):format(folder.path, name,
        folder.path))
    end
    local bare = ("CC=cc PATH=%s/bin .ci/optional "):format(folder.path)
    assert.equal("opus\nsndfile\n", (folder:run(bare .. "found opus sndfile no-such-library")))
    assert.equal("-DHAVE_OPUS\n", (folder:run(bare .. "cflags opus")))
    assert.equal("-lopus\n", (folder:run(bare .. "libs opus")))
  end)

  it("are not needed: the core builds without any, and says what is missing", function()
    local build <const> = folder.path .. "/build"
    local output, status = folder:run(("env -u MAKEFLAGS make core %s/spec/audio_codecs.so "
      .. "%s/spec/audio_files.so OPTIONAL= WERROR=1 SANITIZE= HOST= CFLAGS=-O0 BUILD=%s")
      :format(build, build, build))
    assert.equal(0, status, output)
    output = folder:run(("ldd %s/moonsip/core.so"):format(build))
    for _, library in ipairs { "opus", "spandsp", "sndfile" } do
      assert.is_nil(output:find("lib" .. library, 1, true))
    end
    local script <const> = folder:write("ask.lua", [[
      local codecs, files = require "audio_codecs", require "audio_files"
      assert(require "moonsip.core")
      for _, codec in ipairs(codecs.codecs()) do print(codec.name) end
      print(codecs.missing "OPUS")
      print(codecs.missing "g722")
      print(select(4, files.load("fLaC\0\0\0\0")))
    ]])
    output, status = folder:run(("LUA_CPATH='%s/?.so;%s/spec/?.so' lua5.4 %s"):format(build, build,
      script))
    assert.equal(0, status, output)
    assert.equal([[
PCMA
PCMU
L16
L16
L16
L16
L16
L16
built without opus: install libopus-dev and build again
built without G722: install libspandsp-dev and build again
not a WAV file; for others install libsndfile1-dev and build again
]], output)
  end)

  it("are built in when they have come since the last build", function()
    local object <const> = folder.path .. "/late/obj/audio/codec.o"
    for _, options in ipairs { "OPTIONAL=", "OPTIONAL=opus" } do
      local output, status = folder:run(("env -u MAKEFLAGS make %s %s SANITIZE= HOST= "
        .. "BUILD=%s/late"):format(object, options, folder.path))
      assert.equal(0, status, output)
      local symbols = folder:run("nm " .. object)
      assert.equal(options == "OPTIONAL=opus",
        symbols:find("audio_codec_opus", 1, true) ~= nil, symbols)
    end
  end)
end)
