/* SPDX-License-Identifier: MIT
 *
 * A1, A2 and what is made of them (RFC 7616 3.4.1 to 3.4.3).
 */
#include "auth/digest.h"

#include "base/chars.h"

#define COLON SIP_STR(":")

static const struct {
  sip_str token;
  sip_algorithm algorithm;
  bool session;
} algorithms[] = {
    {{"MD5", 3}, SIP_MD5, false},
    {{"MD5-sess", 8}, SIP_MD5, true},
    {{"SHA-256", 7}, SIP_SHA_256, false},
    {{"SHA-256-sess", 12}, SIP_SHA_256, true},
    {{"SHA-512-256", 11}, SIP_SHA_512_256, false},
    {{"SHA-512-256-sess", 16}, SIP_SHA_512_256, true},
};

bool sip_digest_parse_algorithm(sip_str token, sip_algorithm *algorithm, bool *session) {
  if (token.len == 0) token = SIP_STR("MD5");
  for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
    if (!sip_str_equal_nocase(algorithms[i].token, token)) continue;
    *algorithm = algorithms[i].algorithm;
    *session = algorithms[i].session;
    return true;
  }
  return false;
}

static sip_str hex_of(sip_hasher *hasher, const sip_digest *d, const sip_str *texts, size_t count,
                      char *hex) {
  return sip_hasher_hex(hasher, d->algorithm, texts, count, hex);
}

sip_str sip_digest_ha1(sip_hasher *hasher, const sip_digest *d, char hex[SIP_HASH_HEX_MAX]) {
  const sip_str texts[] = {d->username, COLON, d->realm, COLON, d->password};
  return hex_of(hasher, d, texts, 5, hex);
}

/* H(A1). */
static sip_str first_half(sip_hasher *hasher, const sip_digest *d, char *hex) {
  sip_str ha1 = d->ha1.len ? d->ha1 : sip_digest_ha1(hasher, d, hex);
  if (!d->session) return ha1;
  const sip_str texts[] = {ha1, COLON, d->nonce, COLON, d->cnonce};
  return hex_of(hasher, d, texts, 5, hex);
}

/* H(A2). */
static sip_str second_half(sip_hasher *hasher, const sip_digest *d, sip_str method, char *hex) {
  if (d->qop != SIP_QOP_AUTH_INT) {
    const sip_str texts[] = {method, COLON, d->uri};
    return hex_of(hasher, d, texts, 3, hex);
  }
  char body_hex[SIP_HASH_HEX_MAX];
  sip_str body = hex_of(hasher, d, &d->body, 1, body_hex);
  const sip_str texts[] = {method, COLON, d->uri, COLON, body};
  return hex_of(hasher, d, texts, 5, hex);
}

static sip_str respond(sip_hasher *hasher, const sip_digest *d, sip_str method, char *hex) {
  char hex1[SIP_HASH_HEX_MAX], hex2[SIP_HASH_HEX_MAX];
  sip_str ha1 = first_half(hasher, d, hex1);
  sip_str ha2 = second_half(hasher, d, method, hex2);
  if (ha1.len == 0 || ha2.len == 0) return (sip_str){0};
  if (d->qop == SIP_QOP_NONE) {
    const sip_str texts[] = {ha1, COLON, d->nonce, COLON, ha2};
    return hex_of(hasher, d, texts, 5, hex);
  }
  sip_str qop = d->qop == SIP_QOP_AUTH ? SIP_STR("auth") : SIP_STR("auth-int");
  const sip_str texts[] = {ha1,       COLON, d->nonce, COLON, d->nc, COLON,
                           d->cnonce, COLON, qop,      COLON, ha2};
  return hex_of(hasher, d, texts, 11, hex);
}

sip_str sip_digest_response(sip_hasher *hasher, const sip_digest *d, char hex[SIP_HASH_HEX_MAX]) {
  return respond(hasher, d, d->method, hex);
}

sip_str sip_digest_rspauth(sip_hasher *hasher, const sip_digest *d, char hex[SIP_HASH_HEX_MAX]) {
  return respond(hasher, d, (sip_str){0}, hex);
}

bool sip_digest_equal(sip_str a, sip_str b) {
  if (a.len != b.len) return false;
  unsigned differs = 0;
  for (size_t i = 0; i < a.len; i++) {
    differs |= (unsigned char)(sip_char_lower(a.ptr[i]) ^ sip_char_lower(b.ptr[i]));
  }
  return differs == 0;
}
