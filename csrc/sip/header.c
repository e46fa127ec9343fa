/* SPDX-License-Identifier: MIT
 *
 * What is known of each name.
 */
#include "sip/header.h"

#include "sip/header_find.h"

const char sip_header_names[SIP_HEADER_COUNT][SIP_NAME_ROOM] = {
#define X(id, name, compact, kind) [SIP_HEADER_##id] = name,
    SIP_HEADERS(X)
#undef X
};

const sip_header_facts sip_header_fact[SIP_HEADER_COUNT] = {
    [SIP_HEADER_UNKNOWN] = {0, 0, SIP_HEADER_LINES},
#define X(id, name, compact, kind) \
  [SIP_HEADER_##id] = {sizeof name - 1, compact, SIP_HEADER_##kind},
    SIP_HEADERS(X)
#undef X
};

#define X(id, name, compact, kind) +1 + ((compact) != 0)
_Static_assert(HASH_NAMES == 0 SIP_HEADERS(X), "run .ci/header_names.lua");
#undef X

/* Whole words; the last one overlaps the one before it. */
bool sip_same_long_name(const char *known, sip_str name) {
  for (size_t at = 0; at + 8 < name.len; at += 8) {
    if (!sip_same_word(known + at, name.ptr + at)) return false;
  }
  return sip_same_word(known + name.len - 8, name.ptr + name.len - 8);
}

sip_header_id sip_header_find(sip_str name) {
  return sip_header_find_within(name, name.ptr + name.len);
}

sip_str sip_header_name(sip_header_id id) {
  return sip_str_make(sip_header_names[id], sip_header_fact[id].len);
}

char sip_header_compact(sip_header_id id) {
  return sip_header_fact[id].compact;
}

sip_header_kind sip_header_kind_of(sip_header_id id) {
  return (sip_header_kind)sip_header_fact[id].kind;
}
