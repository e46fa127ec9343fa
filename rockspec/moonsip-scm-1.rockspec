rockspec_format = "3.0"
package = "moonsip"
version = "scm-1"

-- For `luarocks make` in a checkout.
source = { url = "git+file://." }

description = {
  summary = "SIP for Lua: answer, place and route calls from a script",
  detailed = "A SIP stack in C that a Lua 5.4 script drives: every method and response "
    .. "class, handlers as coroutines, and a test network with a virtual clock.",
  license = "MIT",
  labels = { "sip", "voip", "telephony", "network" },
}

supported_platforms = { "unix" }
dependencies = { "lua >= 5.4" }
external_dependencies = {
  UV = { header = "uv.h", library = "uv" },
  CARES = { header = "ares.h", library = "cares" },
  OPENSSL = { header = "openssl/ssl.h", library = "ssl" },
}

build = {
  type = "make",
  build_target = "module",
  build_variables = {
    BUILD = "build/rock/obj",
    CFLAGS = "$(CFLAGS) -g",
    LUA_INCDIR = "$(LUA_INCDIR)",
    UV_INCDIR = "$(UV_INCDIR)",
    UV_LIBDIR = "$(UV_LIBDIR)",
    CARES_INCDIR = "$(CARES_INCDIR)",
    CARES_LIBDIR = "$(CARES_LIBDIR)",
    OPENSSL_INCDIR = "$(OPENSSL_INCDIR)",
    OPENSSL_LIBDIR = "$(OPENSSL_LIBDIR)",
  },
  install_target = "install-module",
  install_variables = {
    BUILD = "build/rock/obj",
    LUADIR = "$(LUADIR)",
    LIBDIR = "$(LIBDIR)",
    BINDIR = "$(BINDIR)",
  },
  copy_directories = { "docs", "examples", "library" },
}
