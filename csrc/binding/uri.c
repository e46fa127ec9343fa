/* SPDX-License-Identifier: MIT
 *
 * core.uri: URIs as objects (RFC 3261 19.1, RFC 3966). Fields read without their
 * escapes and are escaped when they are set; `text` is the wire form.
 */
#include "binding/uri.h"

#include "binding/message.h"
#include "sip/host.h"

const char bind_uri_class[] = "moonsip.uri";

/* User values; the text, when it is not the one that it was made with, which lies behind it. */
enum { TEXT_VALUE = 1, OWNER_VALUE = BIND_OWNER_VALUE, VALUES = OWNER_VALUE };
enum { ESCAPED_SIZE = 3, SYNTAX_ROOM = 32 }; /* "%XX" for a byte; separators and a port */

enum { SCHEME = 1, USER, PASSWORD, HOST, PORT, PARAMS, HEADERS, TEXT, SECURE, TRANSPORT };

static const bind_field fields[] = {
    {"scheme", SCHEME},       {"user", USER}, {"password", PASSWORD},
    {"host", HOST},           {"port", PORT}, {"params", PARAMS},
    {"headers", HEADERS},     {"text", TEXT}, {"secure", SECURE},
    {"transport", TRANSPORT}, {NULL, 0}};

int bind_push_uri(lua_State *L, sip_str text, int owner) {
  if (owner) owner = lua_absindex(L, owner);
  sip_uri *uri = lua_newuserdatauv(L, sizeof *uri + text.len, VALUES);
  int error = sip_uri_parse(bind_keep(text, uri + 1), uri, NULL);
  if (error) {
    lua_pop(L, 1);
    return error;
  }
  bind_class_set(L, bind_uri_class);
  if (owner) {
    lua_pushvalue(L, owner);
    lua_setiuservalue(L, -2, OWNER_VALUE);
  }
  return 0;
}

sip_uri *bind_check_uri(lua_State *L, int index) {
  return bind_class_check(L, index, bind_uri_class);
}

sip_str bind_check_uri_text(lua_State *L, int index, const char *field) {
  sip_uri *uri = bind_class_test(L, index, bind_uri_class);
  return uri ? uri->text : bind_check_value(L, index, field);
}

/* --- Changing one ---------------------------------------------------------- */

/* The new text, which is on top of the stack, takes the place of the old one, in
 * the owner first: it may refuse. */
static void replace_text(lua_State *L, int index, const char *field) {
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  sip_uri parsed;
  if (sip_uri_parse(sip_str_make(text, len), &parsed, NULL)) {
    bind_bad_value(L, field, "the URI would be malformed");
  }
  lua_getiuservalue(L, index, OWNER_VALUE);
  if (bind_class_test(L, -1, bind_address_class)) {
    bind_address_set_uri(L, lua_gettop(L), parsed.text);
  } else if (!lua_isnil(L, -1)) {
    bind_message_set_uri(L, lua_gettop(L), parsed.text);
  }
  lua_pop(L, 1);
  *(sip_uri *)lua_touserdata(L, index) = parsed;
  lua_setiuservalue(L, index, TEXT_VALUE);
}

static void write_parts(const sip_uri *uri, sip_buffer *out) {
  sip_buffer_add(out, uri->scheme_text);
  sip_buffer_add_char(out, ':');
  sip_buffer_add(out, uri->user);
  if (uri->has_password) {
    sip_buffer_add_char(out, ':');
    sip_buffer_add(out, uri->password);
  }
  if (uri->has_user) sip_buffer_add_char(out, '@');
  sip_buffer_add(out, uri->host);
  if (uri->port) {
    sip_buffer_add_char(out, ':');
    sip_buffer_add_number(out, uri->port);
  }
  sip_buffer_add(out, uri->params);
  if (uri->headers.len > 0) {
    sip_buffer_add_char(out, '?');
    sip_buffer_add(out, uri->headers);
  }
}

static void rebuild(lua_State *L, int index, const sip_uri *parts, const char *field) {
  size_t size = parts->scheme_text.len + parts->user.len + parts->password.len + parts->host.len +
                parts->params.len + parts->headers.len + SYNTAX_ROOM;
  sip_buffer out = bind_buffer(L, size);
  write_parts(parts, &out);
  bind_push_str(L, sip_buffer_str(&out));
  replace_text(L, index, field);
  lua_pop(L, 1);
}

void bind_uri_set_params(lua_State *L, int index, sip_str params) {
  sip_uri parts = *bind_check_uri(L, index);
  parts.params = params;
  rebuild(L, index, &parts, "params");
}

void bind_uri_set_headers(lua_State *L, int index, sip_str headers) {
  sip_uri parts = *bind_check_uri(L, index);
  parts.headers = headers;
  rebuild(L, index, &parts, "headers");
}

/* The value at index 3 escaped, in memory that stays on the stack. */
static sip_str escaped_value(lua_State *L, const char *field, unsigned classes) {
  sip_str plain = bind_check_value(L, 3, field);
  sip_buffer out = bind_buffer(L, plain.len * ESCAPED_SIZE);
  sip_escape(plain, classes, &out);
  return sip_buffer_str(&out);
}

static void set_user(lua_State *L, sip_uri *parts) {
  if (parts->scheme == SIP_SCHEME_TEL) {
    parts->user = bind_check_value(L, 3, "user");
    return;
  }
  parts->has_user = !lua_isnil(L, 3);
  parts->user = parts->has_user ? escaped_value(L, "user", SIP_CHAR_USER) : (sip_str){0};
  if (parts->has_user) return;
  parts->has_password = false;
  parts->password = (sip_str){0};
}

static void set_password(lua_State *L, sip_uri *parts) {
  parts->has_password = !lua_isnil(L, 3);
  /* mark and alphanum: what password allows beyond them it need not use. */
  parts->password = parts->has_password
                        ? escaped_value(L, "password", SIP_CHAR_ALPHA | SIP_CHAR_DIGIT)
                        : (sip_str){0};
}

/* An IPv6 address gets the brackets that it needs. */
static void set_host(lua_State *L, sip_uri *parts) {
  sip_str host = bind_check_value(L, 3, "host");
  if (sip_str_index(host, ':') < host.len && host.ptr[0] != '[') {
    const char *text = lua_pushfstring(L, "[%s]", host.ptr);
    host = sip_str_make(text, host.len + 2);
  }
  parts->host = host;
}

static void set_port(lua_State *L, sip_uri *parts) {
  int is_integer = 1;
  lua_Integer port = lua_isnil(L, 3) ? 0 : lua_tointegerx(L, 3, &is_integer);
  bool fits = is_integer && port <= UINT16_MAX && (port >= 1 || lua_isnil(L, 3));
  if (!fits) bind_bad_value(L, "port", "an integer from 1 to 65535 or nil expected");
  parts->port = (uint16_t)port;
}

static const char *field_name(int id) {
  for (const bind_field *field = fields; field->name; field++) {
    if (field->id == id) return field->name;
  }
  return "?";
}

static void set_part(lua_State *L, int id, sip_uri *parts) {
  bool sip = parts->scheme == SIP_SCHEME_SIP || parts->scheme == SIP_SCHEME_SIPS;
  bool tel_user = id == USER && parts->scheme == SIP_SCHEME_TEL;
  if (!sip && id != SCHEME && !tel_user) {
    bind_raise(L, "no field '%s' that can be set in this kind of URI", field_name(id));
  }
  switch (id) {
  case SCHEME:
    parts->scheme_text = bind_check_value(L, 3, "scheme");
    break;
  case USER:
    set_user(L, parts);
    break;
  case PASSWORD:
    set_password(L, parts);
    break;
  case HOST:
    set_host(L, parts);
    break;
  case PORT:
    set_port(L, parts);
    break;
  default:
    bind_raise(L, "no field '%s' that can be set", field_name(id));
  }
}

static int uri_newindex(lua_State *L) {
  sip_uri parts = *bind_check_uri(L, 1);
  int id = bind_writable(L);
  if (id == TEXT) {
    bind_push_str(L, bind_check_value(L, 3, "text"));
    replace_text(L, 1, "text");
    return 0;
  }
  set_part(L, id, &parts);
  rebuild(L, 1, &parts, field_name(id));
  return 0;
}

/* --- Reading one ------------------------------------------------------------ */

static void push_or_nil(lua_State *L, sip_str text, bool there) {
  if (there) {
    bind_push_unescaped(L, text);
  } else {
    lua_pushnil(L);
  }
}

static void push_transport(lua_State *L, const sip_uri *uri) {
  sip_str value;
  if (sip_uri_param(uri, SIP_STR("transport"), &value)) {
    bind_push_unescaped(L, value);
  } else {
    lua_pushnil(L);
  }
}

void bind_push_user(lua_State *L, const sip_uri *uri) {
  push_or_nil(L, uri->user, uri->has_user || uri->scheme == SIP_SCHEME_TEL);
}

void bind_push_host(lua_State *L, const sip_uri *uri) {
  if (uri->host.len > 0) {
    bind_push_str(L, uri->host);
  } else {
    lua_pushnil(L);
  }
}

static int uri_index(lua_State *L) {
  const sip_uri *uri = bind_check_uri(L, 1);
  switch (bind_member(L)) {
  case SCHEME:
    bind_push_lower(L, uri->scheme_text);
    break;
  case USER:
    bind_push_user(L, uri);
    break;
  case PASSWORD:
    push_or_nil(L, uri->password, uri->has_password);
    break;
  case HOST:
    bind_push_host(L, uri);
    break;
  case PORT:
    if (uri->port) {
      lua_pushinteger(L, uri->port);
    } else {
      lua_pushnil(L);
    }
    break;
  case PARAMS:
    bind_push_params(L, 1, BIND_URI_PARAMS);
    break;
  case HEADERS:
    bind_push_params(L, 1, BIND_URI_HEADERS);
    break;
  case TEXT:
    bind_push_str(L, uri->text);
    break;
  case SECURE:
    lua_pushboolean(L, uri->scheme == SIP_SCHEME_SIPS);
    break;
  case TRANSPORT:
    push_transport(L, uri);
    break;
  default:
    break;
  }
  return 1;
}

static int uri_tostring(lua_State *L) {
  bind_push_str(L, bind_check_uri(L, 1)->text);
  return 1;
}

static int uri_equal(lua_State *L) {
  const sip_uri *a = bind_class_test(L, 1, bind_uri_class);
  const sip_uri *b = bind_class_test(L, 2, bind_uri_class);
  lua_pushboolean(L, a && b && sip_uri_equal(a, b));
  return 1;
}

/* A URI that shares nothing with the object it was copied from. */
static int uri_copy(lua_State *L) {
  bind_push_uri(L, bind_check_uri(L, 1)->text, 0);
  return 1;
}

/* --- Functions of the core ---------------------------------------------------- */

/* core.uri(text) -> URI | nil, err with `at`, the position of the first byte that is wrong */
static int new_uri(lua_State *L) {
  sip_str text = bind_check_str(L, 1);
  if (!bind_push_uri(L, text, 0)) return 1;
  sip_uri parsed;
  size_t error_at;
  int error = sip_uri_parse(text, &parsed, &error_at);
  return bind_fail_at(L, error, error_at);
}

static int escape(lua_State *L) {
  sip_str text = bind_check_str(L, 1);
  sip_buffer out = bind_buffer(L, text.len * ESCAPED_SIZE);
  sip_escape(text, SIP_CHAR_USER, &out);
  bind_push_str(L, sip_buffer_str(&out));
  return 1;
}

static int unescape(lua_State *L) {
  sip_str text = bind_check_str(L, 1);
  sip_buffer out = bind_buffer(L, text.len);
  int error = sip_unescape(text, &out);
  if (error) return bind_fail(L, error, "\"%\" without two hexadecimal digits");
  bind_push_str(L, sip_buffer_str(&out));
  return 1;
}

/* is_line(text): whether it is free of CR, LF and NUL, which would smuggle lines into a message. */
static int is_line(lua_State *L) {
  lua_pushboolean(L, !sip_str_has_line_break(bind_check_str(L, 1)));
  return 1;
}

void bind_uri_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__tostring", uri_tostring}, {"__eq", uri_equal}, {NULL, NULL}};
  static const luaL_Reg methods[] = {{"copy", uri_copy}, {"is_local", bind_is_local}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"uri", new_uri},
                                       {"escape", escape},
                                       {"unescape", unescape},
                                       {"is_line", is_line},
                                       {NULL, NULL}};
  bind_class_new(L, &(bind_class){.name = bind_uri_class,
                                  .meta = meta,
                                  .methods = methods,
                                  .fields = fields,
                                  .index = uri_index,
                                  .newindex = uri_newindex});
  luaL_setfuncs(L, functions, 0);
  bind_params_open(L);
  bind_address_open(L);
}
