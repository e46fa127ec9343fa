/* SPDX-License-Identifier: MIT
 *
 * The hash functions of digest authentication (RFC 7616 6.1, RFC 8760 2.1), by
 * OpenSSL. One hasher serves any number of texts, one after the other.
 */
#ifndef MOONSIP_AUTH_HASHER_H
#define MOONSIP_AUTH_HASHER_H

#include "base/str.h"

typedef enum sip_algorithm {
  SIP_MD5,
  SIP_SHA_256,
  SIP_SHA_512_256,
  SIP_ALGORITHM_COUNT
} sip_algorithm;

enum { SIP_HASH_HEX_MAX = 64 };

typedef struct sip_hasher {
  struct evp_md_ctx_st *context;
  struct evp_md_st *functions[SIP_ALGORITHM_COUNT]; /* NULL where OpenSSL offers none */
} sip_hasher;

/* 0 or SIP_E_MEMORY. A function that OpenSSL was configured without (MD5 in FIPS
 * mode) is left out. */
int sip_hasher_init(sip_hasher *hasher);
void sip_hasher_deinit(sip_hasher *hasher);
bool sip_hasher_has(const sip_hasher *hasher, sip_algorithm algorithm);

/* The texts, one after the other, as lower-case hex digits (RFC 8760 2.2): 32 or
 * 64 of them in hex[]. The empty slice when the function is not there. */
sip_str sip_hasher_hex(sip_hasher *hasher, sip_algorithm algorithm, const sip_str *texts,
                       size_t count, char hex[SIP_HASH_HEX_MAX]);

#endif
