/* SPDX-License-Identifier: MIT
 *
 * core.xml: an XML document as tables, by Expat. Documents of event packages come from
 * strangers: none may declare a type, so that no entity can grow, and depth and number of what
 * is in one are bounded. Without the library there is no core.xml.
 */
#include "binding/binding.h"

#ifdef HAVE_EXPAT

#include <expat.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define PARSER_CLASS "moonsip.xml"

enum {
  DEPTH_MAX = 32,
  NODES_MAX = 16384, /* elements, attributes, pieces of text */
  NAMESPACE_SIGN = '|'
};

typedef struct reader {
  XML_Parser parser;
  lua_State *L;
  int depth; /* of the element whose table is at the top of the stack */
  int nodes;
  const char *trouble; /* why it was stopped, or NULL */
} reader;

static int reader_gc(lua_State *L) {
  reader *self = luaL_checkudata(L, 1, PARSER_CLASS);
  if (self->parser) XML_ParserFree(self->parser);
  self->parser = NULL;
  return 0;
}

static void stop(reader *self, const char *why) {
  if (!self->trouble) self->trouble = why;
  XML_StopParser(self->parser, XML_FALSE);
}

static bool count(reader *self) {
  if (++self->nodes <= NODES_MAX) return true;
  stop(self, "more elements, attributes and texts than allowed");
  return false;
}

/* "namespace|name": the name, and the namespace where there is one. */
static void set_name(lua_State *L, const char *full) {
  const char *sign = strrchr(full, NAMESPACE_SIGN);
  lua_pushstring(L, sign ? sign + 1 : full);
  lua_setfield(L, -2, "name");
  if (!sign) return;
  lua_pushlstring(L, full, (size_t)(sign - full));
  lua_setfield(L, -2, "ns");
}

static void set_attributes(reader *self, const char **pairs) {
  lua_State *L = self->L;
  lua_newtable(L);
  for (; pairs[0] && count(self); pairs += 2) {
    lua_pushstring(L, pairs[1]);
    lua_setfield(L, -2, pairs[0]);
  }
  lua_setfield(L, -2, "attributes");
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes) {
  reader *self = context;
  if (self->trouble || !count(self)) return;
  if (++self->depth > DEPTH_MAX) {
    stop(self, "nested deeper than allowed");
    return;
  }
  lua_newtable(self->L);
  set_name(self->L, name);
  set_attributes(self, attributes);
}

/* The table at the top becomes the last child of the one below, or stays: it is the root. */
static void XMLCALL on_end(void *context, const char *name) {
  reader *self = context;
  (void)name;
  if (self->trouble) return;
  if (--self->depth > 0) lua_rawseti(self->L, -2, (lua_Integer)lua_rawlen(self->L, -2) + 1);
}

static void XMLCALL on_text(void *context, const char *text, int len) {
  reader *self = context;
  if (self->trouble || self->depth == 0 || !count(self)) return;
  lua_pushlstring(self->L, text, (size_t)len);
  lua_rawseti(self->L, -2, (lua_Integer)lua_rawlen(self->L, -2) + 1);
}

static void XMLCALL on_doctype(void *context, const char *name, const char *system,
                               const char *public, int internal) {
  (void)name, (void)system, (void)public, (void)internal;
  stop(context, "a document type declaration");
}

static int fail(lua_State *L, const reader *self) {
  char text[160];
  const char *why = self->trouble;
  if (!why) why = XML_ErrorString(XML_GetErrorCode(self->parser));
  snprintf(text, sizeof text, "XML, line %lu: %s",
           (unsigned long)XML_GetCurrentLineNumber(self->parser), why ? why : "malformed");
  return bind_fail(L, SIP_E_INVALID, text);
}

/* xml(text) -> { name, ns, attributes, children and texts... } | nil, err */
static int xml_read(lua_State *L) {
  sip_str text = bind_check_str(L, 1);
  if (text.len > INT32_MAX) return bind_fail(L, SIP_E_TOO_LARGE, NULL);
  luaL_checkstack(L, DEPTH_MAX + LUA_MINSTACK, NULL);
  reader *self = lua_newuserdatauv(L, sizeof *self, 0);
  *self = (reader){.L = L};
  luaL_setmetatable(L, PARSER_CLASS);
  self->parser = XML_ParserCreateNS(NULL, NAMESPACE_SIGN);
  if (!self->parser) return bind_fail(L, SIP_E_MEMORY, NULL);
  XML_SetUserData(self->parser, self);
  XML_SetElementHandler(self->parser, on_start, on_end);
  XML_SetCharacterDataHandler(self->parser, on_text);
  XML_SetStartDoctypeDeclHandler(self->parser, on_doctype);
  if (XML_Parse(self->parser, text.ptr, (int)text.len, 1) != XML_STATUS_OK) return fail(L, self);
  XML_ParserFree(self->parser);
  self->parser = NULL;
  return 1;
}

void bind_xml_open(lua_State *L) {
  luaL_newmetatable(L, PARSER_CLASS);
  lua_pushcfunction(L, reader_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_pushcfunction(L, xml_read);
  lua_setfield(L, -2, "xml");
}

#else

void bind_xml_open(lua_State *L) {
  (void)L;
}

#endif
