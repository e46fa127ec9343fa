/* SPDX-License-Identifier: MIT
 *
 * +sip.instance has its URN in angle brackets and quotes (RFC 5626 4.1); gr has it bare.
 */
#include "location/gruu.h"

#include "base/chars.h"
#include "base/hash.h"
#include "sip/escape.h"

enum { FORBIDDEN = 403, PACKED_HEAD = 16 };

static sip_str bare(sip_str instance) {
  if (instance.len >= 2 && instance.ptr[0] == '"') {
    instance = sip_str_make(instance.ptr + 1, instance.len - 2);
  }
  if (instance.len >= 2 && instance.ptr[0] == '<') {
    instance = sip_str_make(instance.ptr + 1, instance.len - 2);
  }
  return instance;
}

void sip_gruu_read(const sip_uri *uri, sip_gruu *out) {
  *out = (sip_gruu){0};
  sip_str value, mark = SIP_STR(SIP_GRUU_MARK);
  if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS) return;
  if (!sip_uri_param(uri, SIP_STR("gr"), &value)) return;
  if (value.len > 0) {
    *out = (sip_gruu){.kind = SIP_GRUU_PUBLIC, .instance = value};
  } else if (sip_str_starts_nocase(uri->user, mark)) {
    out->kind = SIP_GRUU_TEMPORARY;
    out->sealed = sip_str_make(uri->user.ptr + mark.len, uri->user.len - mark.len);
  }
}

static void add_scheme(const sip_uri *aor, sip_buffer *out) {
  sip_buffer_add(out, aor->scheme == SIP_SCHEME_SIPS ? SIP_STR("sips:") : SIP_STR("sip:"));
}

void sip_gruu_write_public(const sip_uri *aor, const sip_contact *contact, sip_buffer *out) {
  add_scheme(aor, out);
  sip_buffer_add(out, aor->user);
  sip_buffer_add_char(out, '@');
  sip_buffer_add(out, aor->host);
  SIP_BUFFER_ADD(out, ";gr=");
  sip_escape(bare(sip_contact_instance(contact)), SIP_CHAR_PARAM, out);
}

void sip_gruu_write_temporary(const sip_uri *aor, sip_str sealed, sip_buffer *out) {
  add_scheme(aor, out);
  SIP_BUFFER_ADD(out, SIP_GRUU_MARK);
  sip_buffer_add(out, sealed);
  sip_buffer_add_char(out, '@');
  sip_buffer_add(out, aor->host);
  SIP_BUFFER_ADD(out, ";gr");
}

static void add_number(uint64_t number, sip_buffer *out) {
  for (int shift = 56; shift >= 0; shift -= 8) sip_buffer_add_char(out, (char)(number >> shift));
}

static uint64_t number_at(const char *at) {
  uint64_t number = 0;
  for (int i = 0; i < 8; i++) number = number << 8 | (unsigned char)at[i];
  return number;
}

void sip_gruu_pack(const sip_gruu_secret *secret, sip_buffer *out) {
  add_number((uint64_t)secret->made_at, out);
  add_number(secret->instance, out);
  sip_buffer_add(out, secret->aor);
}

bool sip_gruu_unpack(sip_str packed, sip_gruu_secret *out) {
  if (packed.len <= PACKED_HEAD) return false;
  *out = (sip_gruu_secret){.made_at = (sip_time)number_at(packed.ptr),
                           .instance = number_at(packed.ptr + 8),
                           .aor = sip_str_make(packed.ptr + PACKED_HEAD, packed.len - PACKED_HEAD)};
  return true;
}

/* It is told apart among the devices of one address of record, not kept secret. */
uint64_t sip_gruu_instance(sip_str instance) {
  return sip_hash_nocase((sip_hash_key){0}, bare(instance));
}

int sip_gruu_check(const sip_contact *contact, const sip_uri *uri, const sip_uri *aor) {
  if (sip_contact_instance(contact).len == 0) return 0;
  if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS) return FORBIDDEN;
  if (sip_uri_equal(uri, aor)) return FORBIDDEN;
  sip_gruu gruu;
  sip_gruu_read(uri, &gruu);
  bool is_own = sip_str_equal(uri->user, aor->user) || gruu.kind == SIP_GRUU_TEMPORARY;
  return gruu.kind != SIP_GRUU_NONE && is_own && sip_str_equal_nocase(uri->host, aor->host)
             ? FORBIDDEN
             : 0;
}
