/* SPDX-License-Identifier: MIT
 *
 * One probe of a perfect hash and one comparison per name (header_hash.h).
 */
#include "sip/header.h"

#include "base/chars.h"
#include "sip/header_hash.h"

/* The longest name fits; the bytes after a name are NUL. */
enum { NAME_ROOM = 32 };

static const struct row {
  char name[NAME_ROOM];
  uint8_t len;
  char compact;
  uint8_t kind;
} rows[SIP_HEADER_COUNT] = {[SIP_HEADER_UNKNOWN] = {"", 0, 0, SIP_HEADER_LINES},
#define X(id, name, compact, kind) \
  [SIP_HEADER_##id] = {name, sizeof name - 1, compact, SIP_HEADER_##kind},
                            SIP_HEADERS(X)
#undef X
};

#define X(id, name, compact, kind) +1 + ((compact) != 0)
_Static_assert(HASH_NAMES == 0 SIP_HEADERS(X), "run .ci/header_names.lua");
#undef X

/* Equal without case. In the known name only letters have the bit 0x40, so only
 * where it is set may the bit 0x20, which is a letter's case, differ. */
static bool same_bits(uint64_t known, uint64_t text) {
  uint64_t cases = (known & (uint64_t)0x4040404040404040) >> 1;
  return (known | cases) == (text | cases);
}

static bool same_8(const char *known, const char *text) {
  uint64_t k, t;
  memcpy(&k, known, sizeof k);
  memcpy(&t, text, sizeof t);
  return same_bits(k, t);
}

static bool same_4(const char *known, const char *text) {
  uint32_t k, t;
  memcpy(&k, known, sizeof k);
  memcpy(&t, text, sizeof t);
  return same_bits(k, t);
}

/* Whole words; the last one overlaps the one before it. */
static bool same_name(const struct row *row, sip_str name) {
  size_t len = name.len;
  if (row->len != len) return false;
  if (len < 4) return sip_str_equal_nocase(sip_str_make(row->name, len), name);
  if (len < 8)
    return same_4(row->name, name.ptr) && same_4(row->name + len - 4, name.ptr + len - 4);
  for (size_t at = 0; at + 8 < len; at += 8) {
    if (!same_8(row->name + at, name.ptr + at)) return false;
  }
  return same_8(row->name + len - 8, name.ptr + len - 8);
}

sip_header_id sip_header_find(sip_str name) {
  if (name.len == 0 || name.len >= NAME_ROOM) return SIP_HEADER_UNKNOWN;
  unsigned first = (unsigned char)name.ptr[0] | 0x20U;
  unsigned middle = (unsigned char)name.ptr[name.len / 2] | 0x20U;
  unsigned last = (unsigned char)name.ptr[name.len - 1] | 0x20U;
  unsigned sum = (unsigned)name.len * HASH_LENGTH + first * HASH_FIRST + middle * HASH_MIDDLE +
                 last * HASH_LAST;
  uint8_t id = hash_slots[sum % HASH_SLOTS];
  bool same =
      name.len == 1 ? sip_char_lower(name.ptr[0]) == rows[id].compact : same_name(&rows[id], name);
  return same ? (sip_header_id)id : SIP_HEADER_UNKNOWN;
}

sip_str sip_header_name(sip_header_id id) {
  return sip_str_make(rows[id].name, rows[id].len);
}

char sip_header_compact(sip_header_id id) {
  return rows[id].compact;
}

sip_header_kind sip_header_kind_of(sip_header_id id) {
  return (sip_header_kind)rows[id].kind;
}
