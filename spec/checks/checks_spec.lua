-- SPDX-License-Identifier: MIT
--
-- Every checker of `make check` finds what it is there for, and accepts what is
-- right: each runs on a small tree that has one fault.

local scratch <const> = require "spec.support.scratch"
local sorted <const> = require("pl.tablex").sort

local C <const> = "/* SPDX-License-Identifier: MIT */\n"
local LUA <const> = "-- SPDX-License-Identifier: MIT\n"

-- checker -> title -> { file, text, what it must say }
local BAD <const> = {
  layers = {
    ["an include that points up"] =
      { "csrc/base/x.c", '#include "sip/uri.h"\n', "base must not include sip/uri.h",
        { "csrc/sip/uri.h", "" } },
    ["an include that points sideways"] =
      { "csrc/sip/x.c", '#include "rtp/rtp.h"\n', "sip must not include rtp/rtp.h",
        { "csrc/rtp/rtp.h", "" } },
    ["an include without its folder"] =
      { "csrc/sip/x.c", '#include "uri.h"\n', "is not FOLDER/NAME.h",
        { "csrc/sip/uri.h", "" } },
    ["Lua below the binding"] =
      { "csrc/net/x.c", "#include <lua.h>\n", "net must not include <lua.h>" },
    ["libuv above net"] =
      { "csrc/binding/x.c", "#include <uv.h>\n", "binding must not include <uv.h>" },
    ["a system header in a pure layer"] =
      { "csrc/sip/x.c", "#include <time.h>\n", "sip must not include <time.h>" },
    ["a folder that is no layer"] =
      { "csrc/misc/x.c", "int misc_x;\n", "not in a layer's folder" },
    ["a clock in a pure layer"] =
      { "csrc/sip/x.c", "long time(long *); long sip_x(void);\n"
        .. "long sip_x(void) { return time(0); }\n", "sip must not use time" },
    ["randomness in a pure layer"] =
      { "csrc/base/x.c", "int random(void); int sip_x(void);\n"
        .. "int sip_x(void) { return random(); }\n", "base must not use random" },
    ["a socket in a pure layer"] =
      { "csrc/sdp/x.c", "int socket(int, int, int); int sdp_x(void);\n"
        .. "int sdp_x(void) { return socket(1, 2, 3); }\n", "sdp must not use socket" },
    ["the C allocator outside its file"] =
      { "csrc/sip/x.c", "#include <stdlib.h>\nvoid *sip_x(void);\n"
        .. "void *sip_x(void) { return malloc(9); }\n", "sip must not use malloc" },
    ["a symbol of a layer above"] =
      { "csrc/base/x.c", "void sip_up(void); void sip_x(void);\n"
        .. "void sip_x(void) { sip_up(); }\n", "base must not use sip_up of sip",
        { "csrc/sip/up.c", "void sip_up(void);\nvoid sip_up(void) {}\n" } },
    ["another layer's library"] =
      { "csrc/sip/x.c", "int opus_decode(void); int sip_x(void);\n"
        .. "int sip_x(void) { return opus_decode(); }\n", "sip must not use opus_decode" },
    ["a clock beside the sines of audio"] =
      { "csrc/audio/x.c", "#include <math.h>\nlong time(long *); double audio_x(double);\n"
        .. "double audio_x(double x) { return sin(x) + (double)time(0); }\n",
        "audio must not use time" },
    ["audio that knows SDP"] =
      { "csrc/audio/x.c", '#include "sdp/codec.h"\n', "audio must not include sdp/codec.h",
        { "csrc/sdp/codec.h", "" } },
    ["a symbol of Lua below the binding"] =
      { "csrc/net/x.c", "void lua_close(void *); void net_x(void);\n"
        .. "void net_x(void) { lua_close(0); }\n", "net must not use lua_close" },
  },
  statics = {
    ["a variable"] = { "csrc/sip/x.c", "int sip_count = 3;\n", "sip_count" },
    ["a zeroed variable"] = { "csrc/sip/x.c", "int sip_zero;\n", "sip_zero" },
    ["a static in a function"] = { "csrc/sip/x.c", "int sip_next(void);\n"
      .. "int sip_next(void) { static int hidden; return ++hidden; }\n", "hidden" },
    ["a thread's variable"] =
      { "csrc/sip/x.c", "_Thread_local int sip_mine;\n", "sip_mine" },
  },
  exports = {
    ["a second exported name"] = { "csrc/binding/x.c",
      "__attribute__((visibility(\"default\"))) int leaked(void);\n"
      .. "int leaked(void) { return 1; }\n", "leaked" },
  },
  headers = {
    ["a header that needs another first"] =
      { "csrc/sip/x.h", "#ifndef X\n#define X\nsize_t sip_x(void);\n#endif\n",
        "csrc/sip/x.h: does not compile alone" },
    ["a header without a guard"] =
      { "csrc/sip/x.h", "struct sip_x { int y; };\n", "does not compile alone" },
  },
  words = {
    ["a function that cannot be used safely"] =
      { "csrc/sip/x.c", C .. "void f(char *p) { sprintf(p, \"\"); }\n", "must not call" },
    ["a promise of work"] = { "lua/x.lua", LUA .. "-- TO" .. "DO later\n", "unfinished" },
    ["a file without a licence line"] = { "lua/x.lua", "return 1\n", "SPDX" },
  },
  lengths = {
    ["a file of 501 lines"] = { "lua/x.lua", ("\n"):rep(501), "lua/x.lua: 501 lines" },
  },
  layout = {
    ["C that .clang-format would change"] =
      { "csrc/sip/x.c", "int  f( void );\n", "code should be clang-formatted" },
  },
  tidy = {
    ["a semicolon too many"] = { "csrc/sip/x.c",
      "int f(int x);\nint f(int x) {\n  if (x > 1);\n  x = 2;\n  return x;\n}\n",
      "bugprone-suspicious-semicolon" },
  },
  bugs = {
    ["a null pointer used"] = { "csrc/sip/x.c",
      "int f(void);\nint f(void) {\n  int *p = 0;\n  return *p;\n}\n",
      "clang-analyzer-core.NullDereference" },
  },
  lua = {
    ["a global"] = { "lua/x.lua", "count = 1\n", "non-standard global" },
    ["an unused variable"] = { "lua/x.lua", "local count = 1\n", "unused variable" },
    ["a long line"] = { "lua/x.lua", "return '" .. ("x"):rep(100) .. "'\n", "too long" },
  },
}

-- What each accepts: as little as has all parts.
local EXPORTED <const> = '__attribute__((visibility("default"))) '
local GOOD <const> = {
  ["csrc/base/text.h"] = C .. "#ifndef TEXT_H\n#define TEXT_H\n\n#include <stddef.h>\n\n"
    .. "size_t sip_text(const char *from);\n\n#endif\n",
  ["csrc/base/text.c"] = C .. '#include "base/text.h"\n\n#include <string.h>\n\n'
    .. "size_t sip_text(const char *from) {\n  return strlen(from);\n}\n",
  ["csrc/binding/core.c"] = C .. '#include <lua.h>\n\n#include "base/text.h"\n\n'
    .. EXPORTED .. "int luaopen_moonsip_core(lua_State *L);\n\n"
    .. "static const char *const names[] = {\"one\", \"two\"};\n\n"
    .. "int luaopen_moonsip_core(lua_State *L) {\n"
    .. "  lua_pushinteger(L, (lua_Integer)sip_text(names[1]));\n  return 1;\n}\n",
  ["lua/moonsip/init.lua"] = LUA .. 'return require "moonsip.core"\n',
}

local BUILT <const> = { layers = true, statics = true, exports = true }

describe("make check", function()
  local folder
  local root <const> = scratch.root()

  before_each(function()
    folder = scratch.folder()
    for name, text in pairs(GOOD) do folder:write(name, text) end
  end)
  after_each(function() folder:remove() end)

  local function check(name)
    local build = BUILT[name] and ("env -u MAKEFLAGS make -f %s/Makefile core "
      .. "BUILD=build CFLAGS=-w COMMAND= HOST= SANITIZE= >log && "):format(root) or ""
    return folder:run(("cd %s && cp %s/.clang-format %s/.clang-tidy %s/.luacheckrc . && "
      .. "export BUILD=build && %s%s/.ci/checks/%s"):format(folder.path, root, root, root,
      build, root, name))
  end

  for name, cases in sorted(BAD) do
    describe(name, function()
      it("accepts what is right", function()
        local output, status = check(name)
        assert.equal(0, status, output)
      end)

      for title, case in sorted(cases) do
        it("finds " .. title, function()
          folder:write(case[1], case[2])
          if case[4] then folder:write(case[4][1], case[4][2]) end
          local output, status = check(name)
          assert.not_equal(0, status, output)
          assert.truthy(output:find(case[3], 1, true), output)
        end)
      end
    end)
  end

  it("has every checker proved here", function()
    local output = folder:run "ls .ci/checks"
    for name in output:gmatch "%S+" do assert.is_table(BAD[name], name) end
  end)
end)
