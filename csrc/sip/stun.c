/* SPDX-License-Identifier: MIT
 *
 * Nothing is kept, and nothing is sent that was not asked for.
 */
#include "sip/stun.h"

#include <string.h>

enum {
  HEADER_LEN = 20, /* RFC 8489 5 */
  ATTRIBUTE_LEN = 4,
  COOKIE = 0x2112a442,
  BINDING_REQUEST = 0x0001,
  BINDING_SUCCESS = 0x0101,
  BINDING_ERROR = 0x0111,
  USERNAME = 0x0006, /* 14 */
  MESSAGE_INTEGRITY = 0x0008,
  ERROR_CODE = 0x0009,
  UNKNOWN_ATTRIBUTES = 0x000a,
  MESSAGE_INTEGRITY_SHA256 = 0x001c,
  XOR_MAPPED_ADDRESS = 0x0020,
  FINGERPRINT = 0x8028,
  FINGERPRINT_MASK = 0x5354554e,
  FIRST_OPTIONAL = 0x8000, /* 14: that and above may be passed over */
  UNKNOWN_MAX = 6,
  UNKNOWN_ATTRIBUTE = 420
};

static uint32_t number_at(const unsigned char *at, int bytes) {
  uint32_t number = 0;
  for (int i = 0; i < bytes; i++) number = number << 8 | at[i];
  return number;
}

typedef struct writer {
  unsigned char *bytes;
  size_t len;
} writer;

static void put(writer *w, uint32_t number, int bytes) {
  for (int i = bytes - 1; i >= 0; i--) w->bytes[w->len++] = (unsigned char)(number >> 8 * i);
}

/* 14.7: CRC-32 of ISO/IEC 13239, a bit at a time: the messages are short. */
static uint32_t fingerprint(const unsigned char *bytes, size_t len) {
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < len; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
  }
  return ~crc ^ (uint32_t)FINGERPRINT_MASK;
}

typedef struct request {
  const unsigned char *bytes;
  size_t len;
  bool has_fingerprint;
  size_t unknown_count;
  uint16_t unknown[UNKNOWN_MAX];
} request;

static bool is_known(uint32_t type) {
  return type >= FIRST_OPTIONAL || type == USERNAME || type == MESSAGE_INTEGRITY ||
         type == MESSAGE_INTEGRITY_SHA256;
}

/* False for one that is damaged. */
static bool read_attributes(request *r) {
  size_t at = HEADER_LEN;
  while (at < r->len) {
    if (r->has_fingerprint || r->len - at < ATTRIBUTE_LEN) return false; /* it is the last */
    uint32_t type = number_at(r->bytes + at, 2), len = number_at(r->bytes + at + 2, 2);
    size_t padded = (len + 3U) & ~(size_t)3;
    if (padded > r->len - at - ATTRIBUTE_LEN) return false;
    if (type == FINGERPRINT) {
      if (len != 4) return false;
      r->has_fingerprint = number_at(r->bytes + at + ATTRIBUTE_LEN, 4) == fingerprint(r->bytes, at);
      if (!r->has_fingerprint) return false;
    }
    if (!is_known(type) && r->unknown_count < UNKNOWN_MAX) {
      r->unknown[r->unknown_count++] = (uint16_t)type;
    }
    at += ATTRIBUTE_LEN + padded;
  }
  return true;
}

static bool has_header(const request *r) {
  return r->len >= HEADER_LEN && number_at(r->bytes + 2, 2) == r->len - HEADER_LEN &&
         r->len % 4 == 0 && number_at(r->bytes + 4, 4) == COOKIE;
}

static bool is_request(const request *r) {
  return has_header(r) && number_at(r->bytes, 2) == BINDING_REQUEST;
}

/* 14.2 */
static void put_address(writer *w, const request *r, const sip_sockaddr *from) {
  size_t len = from->family == 4 ? 4 : 16;
  put(w, XOR_MAPPED_ADDRESS, 2);
  put(w, (uint32_t)len + 4, 2);
  put(w, from->family == 4 ? 1 : 2, 2);
  put(w, from->port ^ COOKIE >> 16, 2);
  for (size_t i = 0; i < len; i++) put(w, (uint32_t)(from->ip[i] ^ r->bytes[4 + i]), 1);
}

/* 6.3.1 */
static void put_unknown(writer *w, const request *r) {
  put(w, ERROR_CODE, 2);
  put(w, 4, 2);
  put(w, UNKNOWN_ATTRIBUTE / 100, 3);
  put(w, UNKNOWN_ATTRIBUTE % 100, 1);
  put(w, UNKNOWN_ATTRIBUTES, 2);
  put(w, (uint32_t)r->unknown_count * 2, 2);
  for (size_t i = 0; i < r->unknown_count; i++) put(w, r->unknown[i], 2);
  if (r->unknown_count % 2) put(w, 0, 2);
}

static void set_length(writer *w, size_t len) {
  writer head = {w->bytes, 2};
  put(&head, (uint32_t)(len - HEADER_LEN), 2);
}

size_t sip_stun_answer(sip_str text, const sip_sockaddr *from,
                       unsigned char out[SIP_STUN_ANSWER_MAX]) {
  request r = {.bytes = (const unsigned char *)text.ptr, .len = text.len};
  if (!is_request(&r) || !read_attributes(&r)) return 0;
  writer w = {out, 0};
  put(&w, r.unknown_count ? BINDING_ERROR : BINDING_SUCCESS, 2);
  put(&w, 0, 2);
  for (size_t i = 4; i < HEADER_LEN; i++) put(&w, r.bytes[i], 1);
  if (r.unknown_count) {
    put_unknown(&w, &r);
  } else {
    put_address(&w, &r, from);
  }
  if (r.has_fingerprint) {
    set_length(&w, w.len + ATTRIBUTE_LEN + 4);
    uint32_t proof = fingerprint(out, w.len);
    put(&w, FINGERPRINT, 2);
    put(&w, 4, 2);
    put(&w, proof, 4);
  }
  set_length(&w, w.len);
  return w.len;
}

/* --- The other side ------------------------------------------------------------------- */

void sip_stun_ask(const unsigned char id[SIP_STUN_ID_LEN],
                  unsigned char out[SIP_STUN_REQUEST_LEN]) {
  writer w = {out, 0};
  put(&w, BINDING_REQUEST, 2);
  put(&w, 0, 2);
  put(&w, COOKIE, 4);
  memcpy(out + w.len, id, SIP_STUN_ID_LEN);
}

/* 14.2; false for one that is damaged. */
static bool read_address(const request *r, const unsigned char *at, size_t len, sip_sockaddr *out) {
  size_t ip = len == 8 ? 4 : 16;
  if ((len != 8 && len != 20) || at[1] != (len == 8 ? 1 : 2)) return false;
  *out = (sip_sockaddr){.family = len == 8 ? 4 : 6,
                        .port = (uint16_t)(number_at(at + 2, 2) ^ COOKIE >> 16)};
  for (size_t i = 0; i < ip; i++) out->ip[i] = (unsigned char)(at[4 + i] ^ r->bytes[4 + i]);
  return true;
}

static bool read_mapped(const request *r, sip_sockaddr *out) {
  size_t at = HEADER_LEN;
  while (at < r->len) { /* read_attributes has seen that each is whole */
    uint32_t type = number_at(r->bytes + at, 2), len = number_at(r->bytes + at + 2, 2);
    at += ATTRIBUTE_LEN;
    if (type == XOR_MAPPED_ADDRESS) return read_address(r, r->bytes + at, len, out);
    at += (len + 3U) & ~(size_t)3;
  }
  return false;
}

bool sip_stun_read(sip_str text, const unsigned char id[SIP_STUN_ID_LEN], sip_stun_reply *out) {
  request r = {.bytes = (const unsigned char *)text.ptr, .len = text.len};
  if (!has_header(&r) || memcmp(r.bytes + 8, id, SIP_STUN_ID_LEN) != 0) return false;
  uint32_t type = number_at(r.bytes, 2);
  if ((type != BINDING_SUCCESS && type != BINDING_ERROR) || !read_attributes(&r)) return false;
  *out = (sip_stun_reply){.is_error = type == BINDING_ERROR};
  return out->is_error || read_mapped(&r, &out->mapped);
}
