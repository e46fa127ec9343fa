/* SPDX-License-Identifier: MIT
 *
 * core.address: a display name, a URI and parameters (RFC 3261 20.10), as From,
 * To, Contact, Route and their kin have them.
 */
#include "binding/message.h"
#include "binding/uri.h"

const char bind_address_class[] = "moonsip.address";

/* User values; the text, when it is not the one that it was made with, which lies behind it. */
enum { TEXT_VALUE = 1, OWNER_VALUE = BIND_OWNER_VALUE, VALUES = OWNER_VALUE };
enum { THOUSAND = 1000, SYNTAX_ROOM = 8 };

enum { URI = 1, DISPLAY, TAG, PARAMS, USER, HOST, Q, EXPIRES, STAR, TEXT };

static const bind_field fields[] = {
    {"uri", URI},   {"display", DISPLAY}, {"tag", TAG}, {"params", PARAMS},
    {"user", USER}, {"host", HOST},       {"q", Q},     {"expires", EXPIRES},
    {"star", STAR}, {"text", TEXT},       {NULL, 0}};

typedef struct address {
  sip_name_addr parsed;
  sip_str text;
  sip_header_id header; /* of the owner */
} address;

int bind_push_address(lua_State *L, sip_str value, int owner, sip_header_id header) {
  if (owner) owner = lua_absindex(L, owner);
  address *a = lua_newuserdatauv(L, sizeof *a + value.len, VALUES);
  a->header = header;
  a->text = bind_keep(value, a + 1);
  int error = sip_name_addr_parse(a->text, &a->parsed);
  if (error) {
    lua_pop(L, 1);
    return error;
  }
  bind_class_set(L, bind_address_class);
  if (owner && header != SIP_HEADER_UNKNOWN) {
    lua_pushvalue(L, owner);
    lua_setiuservalue(L, -2, OWNER_VALUE);
  }
  return 0;
}

static address *check(lua_State *L, int index) {
  return bind_class_check(L, index, bind_address_class);
}

sip_name_addr *bind_check_name_addr(lua_State *L, int index) {
  return &check(L, index)->parsed;
}

/* --- Changing one ------------------------------------------------------------ */

/* The new text, on top of the stack, goes to the owner first: it may refuse. */
static void replace_text(lua_State *L, int index, const char *field) {
  size_t len;
  const char *text = lua_tolstring(L, -1, &len);
  sip_name_addr parsed;
  if (sip_name_addr_parse(sip_str_make(text, len), &parsed)) {
    bind_bad_value(L, field, "the address would be malformed");
  }
  address *a = check(L, index);
  lua_getiuservalue(L, index, OWNER_VALUE);
  if (!lua_isnil(L, -1)) {
    bind_message_set_header(L, lua_gettop(L), sip_header_name(a->header), sip_str_make(text, len));
  }
  lua_pop(L, 1);
  a->parsed = parsed;
  a->text = sip_str_make(text, len);
  lua_setiuservalue(L, index, TEXT_VALUE);
}

/* name-addr with what is new in it. A bare URI gets brackets: whatever comes may
 * need them. */
static void rebuild(lua_State *L, int index, const sip_name_addr *parts, const char *field) {
  sip_buffer out =
      bind_buffer(L, parts->display.len + parts->uri.text.len + parts->params.len + SYNTAX_ROOM);
  sip_buffer_add(&out, parts->display);
  if (parts->display.len > 0) sip_buffer_add_char(&out, ' ');
  sip_buffer_add_char(&out, '<');
  sip_buffer_add(&out, parts->uri.text);
  sip_buffer_add_char(&out, '>');
  sip_buffer_add(&out, parts->params);
  bind_push_str(L, sip_buffer_str(&out));
  replace_text(L, index, field);
  lua_pop(L, 1);
}

static sip_name_addr parts_of(lua_State *L, int index) {
  sip_name_addr parts = check(L, index)->parsed;
  if (parts.star) bind_raise(L, "nothing of \"*\" can be set");
  return parts;
}

void bind_address_set_uri(lua_State *L, int index, sip_str uri) {
  sip_name_addr parts = parts_of(L, index);
  parts.uri.text = uri;
  rebuild(L, index, &parts, "uri");
}

void bind_address_set_params(lua_State *L, int index, sip_str params) {
  sip_name_addr parts = parts_of(L, index);
  parts.params = params;
  rebuild(L, index, &parts, "params");
}

static void set_display(lua_State *L) {
  sip_name_addr parts = parts_of(L, 1);
  if (lua_isnil(L, 3)) {
    parts.display = (sip_str){0};
    rebuild(L, 1, &parts, "display");
    return;
  }
  sip_str display = bind_check_value(L, 3, "display");
  sip_buffer quoted = bind_buffer(L, 2 * display.len + 2);
  sip_quote(display, &quoted);
  parts.display = sip_buffer_str(&quoted);
  rebuild(L, 1, &parts, "display");
}

/* address.tag = x is address.params.tag = x. */
static void set_param(lua_State *L, const char *name) {
  bind_push_params(L, 1, BIND_ADDRESS_PARAMS);
  lua_pushvalue(L, 3);
  lua_setfield(L, -2, name);
}

/* address.user = x is address.uri.user = x, in a URI that is the address's own. */
static void set_uri_part(lua_State *L, const char *name) {
  if (parts_of(L, 1).star) return;
  bind_push_uri(L, check(L, 1)->parsed.uri.text, 1);
  lua_pushvalue(L, 3);
  lua_setfield(L, -2, name);
}

static int address_newindex(lua_State *L) {
  check(L, 1);
  switch (bind_writable(L)) {
  case URI:
    bind_address_set_uri(L, 1, bind_check_uri_text(L, 3, "uri"));
    break;
  case DISPLAY:
    set_display(L);
    break;
  case TAG:
    set_param(L, "tag");
    break;
  case Q:
    set_param(L, "q");
    break;
  case EXPIRES:
    set_param(L, "expires");
    break;
  case USER:
    set_uri_part(L, "user");
    break;
  case HOST:
    set_uri_part(L, "host");
    break;
  case TEXT:
    bind_push_str(L, bind_check_value(L, 3, "text"));
    replace_text(L, 1, "text");
    break;
  default:
    return bind_raise(L, "no field '%s' that can be set", lua_tostring(L, 2));
  }
  return 0;
}

/* --- Reading one --------------------------------------------------------------- */

/* An integer where it is one: 1 rather than 1.0. */
static void push_q(lua_State *L, const sip_name_addr *a) {
  int q = sip_name_addr_q(a);
  if (q < 0) {
    lua_pushnil(L);
  } else if (q % THOUSAND == 0) {
    lua_pushinteger(L, q / THOUSAND);
  } else {
    lua_pushnumber(L, (lua_Number)q / THOUSAND);
  }
}

static void push_expires(lua_State *L, const sip_name_addr *a) {
  sip_param param;
  if (sip_param_find(a->params, SIP_STR("expires"), &param)) {
    lua_pushinteger(L, sip_name_addr_expires(a, 0));
  } else {
    lua_pushnil(L);
  }
}

static void push_optional(lua_State *L, sip_str text) {
  if (text.len > 0) {
    bind_push_unquoted(L, text);
  } else {
    lua_pushnil(L);
  }
}

static int address_index(lua_State *L) {
  const sip_name_addr *a = &check(L, 1)->parsed;
  switch (bind_member(L)) {
  case URI:
    if (a->star) {
      lua_pushnil(L);
    } else {
      bind_push_uri(L, a->uri.text, 1);
    }
    break;
  case DISPLAY:
    push_optional(L, a->display);
    break;
  case TAG:
    push_optional(L, a->tag);
    break;
  case PARAMS:
    bind_push_params(L, 1, BIND_ADDRESS_PARAMS);
    break;
  case USER:
    bind_push_user(L, &a->uri);
    break;
  case HOST:
    bind_push_host(L, &a->uri);
    break;
  case Q:
    push_q(L, a);
    break;
  case EXPIRES:
    push_expires(L, a);
    break;
  case STAR:
    lua_pushboolean(L, a->star);
    break;
  case TEXT:
    bind_push_unfolded(L, check(L, 1)->text);
    break;
  default:
    break;
  }
  return 1;
}

static int address_tostring(lua_State *L) {
  bind_push_unfolded(L, check(L, 1)->text);
  return 1;
}

/* A copy that belongs to no message. */
static int address_copy(lua_State *L) {
  bind_push_address(L, check(L, 1)->text, 0, SIP_HEADER_UNKNOWN);
  return 1;
}

/* address:bare(): the text without parameters of the header. */
static int address_bare(lua_State *L) {
  const address *a = check(L, 1);
  sip_str text = a->text;
  if (a->parsed.params.len) text = sip_str_between(text.ptr, a->parsed.params.ptr);
  bind_push_unfolded(L, sip_str_trim(text));
  return 1;
}

/* core.address(text) -> address | nil, err */
static int new_address(lua_State *L) {
  sip_str text = bind_check_str(L, 1);
  int error = bind_push_address(L, text, 0, SIP_HEADER_UNKNOWN);
  if (!error) return 1;
  sip_name_addr parsed;
  sip_scan scan = sip_scan_over(text);
  sip_scan_name_addr(&scan, &parsed); /* again, for the byte */
  return bind_fail_at(L, error, sip_scan_offset(&scan, text));
}

void bind_address_open(lua_State *L) {
  static const luaL_Reg meta[] = {{"__tostring", address_tostring}, {NULL, NULL}};
  static const luaL_Reg methods[] = {
      {"bare", address_bare}, {"copy", address_copy}, {"is_local", bind_is_local}, {NULL, NULL}};
  bind_class_new(L, &(bind_class){.name = bind_address_class,
                                  .meta = meta,
                                  .methods = methods,
                                  .fields = fields,
                                  .index = address_index,
                                  .newindex = address_newindex});
  lua_pushcfunction(L, new_address);
  lua_setfield(L, -2, "address");
}
