/* SPDX-License-Identifier: MIT
 *
 * The table has what a script wants of a contact, and what a store must keep of it.
 */
#include "binding/contact.h"

#include "binding/object.h"
#include "sip/values.h"

enum { THOUSAND = 1000, FIELDS = 13 };

static void set_text(lua_State *L, const char *name, sip_str text) {
  if (text.len == 0) return;
  bind_push_str(L, text);
  lua_setfield(L, -2, name);
}

static void set_integer(lua_State *L, const char *name, lua_Integer value) {
  lua_pushinteger(L, value);
  lua_setfield(L, -2, name);
}

/* An integer where it is one: 1 rather than 1.0. */
static void set_thousandths(lua_State *L, const char *name, lua_Integer value) {
  if (value % THOUSAND == 0) {
    lua_pushinteger(L, value / THOUSAND);
  } else {
    lua_pushnumber(L, (lua_Number)value / THOUSAND);
  }
  lua_setfield(L, -2, name);
}

static void set_path(lua_State *L, sip_str path) {
  if (path.len == 0) return;
  lua_newtable(L);
  sip_str value;
  lua_Integer count = 0;
  while (sip_values_next(&path, SIP_HEADER_PATH, count == 0, &value)) {
    bind_push_str(L, value);
    lua_rawseti(L, -2, ++count);
  }
  lua_setfield(L, -2, "path");
}

void bind_push_contact(lua_State *L, const sip_contact *contact, sip_time now) {
  lua_createtable(L, 0, FIELDS);
  set_text(L, "uri", contact->uri);
  set_thousandths(L, "q", contact->q);
  set_integer(L, "expires", sip_contact_seconds(contact, now));
  set_thousandths(L, "expires_at", contact->expires_at);
  set_text(L, "call_id", contact->call_id);
  set_integer(L, "cseq", contact->cseq);
  set_text(L, "params", contact->params);
  set_path(L, contact->path);
  sip_str instance = sip_contact_instance(contact);
  if (instance.len) {
    bind_push_unquoted(L, instance);
    lua_setfield(L, -2, "instance");
  }
  if (contact->reg_id) set_integer(L, "reg_id", contact->reg_id);
  if (contact->gruu_at) set_integer(L, "gruu_at", contact->gruu_at);
  if (contact->flow.transport) {
    bind_push_flow(L, &contact->flow);
    lua_setfield(L, -2, "flow");
  }
}

/* --- Reading -------------------------------------------------------------------- */

static bool read_text(lua_State *L, int index, const char *name, sip_str *text) {
  int type = lua_getfield(L, index, name);
  *text = type == LUA_TSTRING ? bind_check_str(L, -1) : (sip_str){0};
  lua_pop(L, 1); /* the table keeps it */
  bool fits = text->len <= SIP_CONTACT_TEXT_MAX && !sip_str_has_line_break(*text);
  return fits && (type == LUA_TSTRING || type == LUA_TNIL);
}

static bool read_number(lua_State *L, int index, const char *name, lua_Number *number) {
  int is_number;
  lua_getfield(L, index, name);
  *number = lua_tonumberx(L, -1, &is_number);
  lua_pop(L, 1);
  return is_number && *number >= 0 && *number < 0x1p48;
}

const char *bind_read_contact(lua_State *L, int index, sip_contact *contact) {
  lua_Number q, cseq, expires_at, reg_id = 0;
  if (!lua_istable(L, index)) return "a contact is no table";
  *contact = (sip_contact){0};
  if (!read_text(L, index, "uri", &contact->uri) || contact->uri.len == 0) return "bad uri";
  if (!read_text(L, index, "call_id", &contact->call_id)) return "bad call_id";
  if (!read_text(L, index, "params", &contact->params)) return "bad params";
  if (!read_number(L, index, "q", &q) || q > 1) return "bad q";
  if (!read_number(L, index, "cseq", &cseq) || cseq > UINT32_MAX) return "bad cseq";
  if (!read_number(L, index, "expires_at", &expires_at)) return "bad expires_at";
  if (lua_getfield(L, index, "reg_id") == LUA_TNUMBER) reg_id = lua_tonumber(L, -1);
  lua_pop(L, 1);
  if (lua_getfield(L, index, "gruu_at") == LUA_TNUMBER) {
    contact->gruu_at = (sip_time)lua_tonumber(L, -1);
  }
  lua_pop(L, 1);
  contact->q = (uint16_t)(q * THOUSAND + 0.5);
  contact->cseq = (uint32_t)cseq;
  contact->expires_at = (sip_time)(expires_at * THOUSAND);
  contact->reg_id = reg_id > 0 && reg_id <= INT32_MAX ? (uint32_t)reg_id : 0;
  return NULL;
}
