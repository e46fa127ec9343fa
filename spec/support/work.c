/* SPDX-License-Identifier: MIT
 *
 * For specs: how much the parser does, counted in basic blocks, which is the same
 * on every machine and in every run. This module holds its own copy of base and of
 * the parser, compiled so that each block calls __sanitizer_cov_trace_pc; what it
 * takes from the C library byte by byte is here too, to be counted as well.
 */
#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sip/framer.h"
#include "sip/multipart.h"
#include "sip/value.h"

#ifdef __clang__
#define UNCOUNTED __attribute__((no_sanitize("coverage")))
#else
#define UNCOUNTED __attribute__((no_sanitize_coverage))
#endif
#define OWN __attribute__((visibility("hidden")))

static uint64_t blocks;

UNCOUNTED void __sanitizer_cov_trace_pc(void);
UNCOUNTED void __sanitizer_cov_trace_pc(void) {
  blocks++;
}

OWN void *memchr(const void *at, int byte, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (((const unsigned char *)at)[i] == (unsigned char)byte)
      return (unsigned char *)(uintptr_t)at + i;
  }
  return NULL;
}

OWN int memcmp(const void *a, const void *b, size_t len) {
  for (size_t i = 0; i < len; i++) {
    int difference = ((const unsigned char *)a)[i] - ((const unsigned char *)b)[i];
    if (difference) return difference;
  }
  return 0;
}

OWN char *strchr(const char *at, int byte) {
  for (;; at++) {
    if (*at == (char)byte) return (char *)(uintptr_t)at;
    if (*at == '\0') return NULL;
  }
}

static sip_str check_str(lua_State *L, int index) {
  size_t len;
  const char *ptr = luaL_checklstring(L, index, &len);
  return sip_str_make(ptr, len);
}

static int push_count(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)blocks);
  return 1;
}

/* message(text): parse, check every header, walk every value of Supported and Route */
static int message(lua_State *L) {
  sip_limits limits = sip_limits_default;
  limits.header_count = UINT16_MAX;
  limits.header_size = limits.message_size = UINT32_MAX;
  limits.uri_params = UINT16_MAX;
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  sip_message *m = sip_message_new(&alloc, &limits);
  sip_str text = check_str(L, 1), value;
  blocks = 0;
  sip_message_parse(m, text, &limits);
  size_t header;
  sip_value_check_message(m, &header);
  for (sip_value_cursor c = {0}; sip_message_next_value(m, SIP_HEADER_ROUTE, &c, &value);) continue;
  sip_message_has_token(m, SIP_HEADER_SUPPORTED, SIP_STR("none"));
  sip_message_error_status(m, &value);
  push_count(L);
  sip_message_free(&alloc, m);
  return 1;
}

/* stream(text): fed byte by byte */
static int stream(lua_State *L) {
  sip_str text = check_str(L, 1);
  sip_framer framer;
  sip_framer_init(&framer);
  size_t from = 0;
  blocks = 0;
  for (size_t len = 1; len <= text.len; len++) {
    sip_frame frame =
        sip_framer_next(&framer, sip_str_make(text.ptr + from, len - from), &sip_limits_default);
    if (frame.kind == SIP_FRAME_ERROR) break;
    from += frame.len;
  }
  return push_count(L);
}

/* header(name, text) */
static int header(lua_State *L) {
  sip_value value;
  sip_header_id id = sip_header_find(check_str(L, 1));
  sip_str text = check_str(L, 2);
  blocks = 0;
  sip_value_parse(id, text, &value);
  return push_count(L);
}

/* compare(uri, uri) */
static int compare(lua_State *L) {
  sip_uri a, b;
  blocks = 0;
  bool parsed = sip_uri_parse(check_str(L, 1), &a, NULL) == 0 &&
                sip_uri_parse(check_str(L, 2), &b, NULL) == 0;
  if (parsed) sip_uri_equal(&a, &b);
  return push_count(L);
}

/* multipart(content type, body) */
static int multipart(lua_State *L) {
  sip_multipart cursor;
  sip_part part;
  sip_str value;
  blocks = 0;
  if (sip_multipart_init(&cursor, check_str(L, 1), check_str(L, 2), 0, &sip_limits_default) == 0) {
    while (sip_multipart_next(&cursor, &part) == 1) {
      sip_part_header(&part, SIP_HEADER_CONTENT_TYPE, &value);
    }
  }
  return push_count(L);
}

int luaopen_work(lua_State *L);

int luaopen_work(lua_State *L) {
  static const luaL_Reg functions[] = {{"message", message},     {"stream", stream},
                                       {"header", header},       {"compare", compare},
                                       {"multipart", multipart}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
