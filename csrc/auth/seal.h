/* SPDX-License-Identifier: MIT
 *
 * Bytes that only who has the key can read or make: AES-128 in Galois/Counter Mode (NIST SP
 * 800-38D), by OpenSSL. One seal serves any number of texts, one after the other.
 */
#ifndef MOONSIP_AUTH_SEAL_H
#define MOONSIP_AUTH_SEAL_H

#include "base/buffer.h"

enum {
  SIP_SEAL_KEY_LEN = 16,
  SIP_SEAL_NONCE_LEN = 12, /* never the same twice under one key */
  SIP_SEAL_PROOF_LEN = 12,
  SIP_SEAL_EXTRA = SIP_SEAL_NONCE_LEN + SIP_SEAL_PROOF_LEN
};

typedef struct sip_seal {
  struct evp_cipher_ctx_st *context;
  struct evp_cipher_st *cipher;
  unsigned char key[SIP_SEAL_KEY_LEN];
} sip_seal;

/* 0 or SIP_E_MEMORY. */
int sip_seal_init(sip_seal *seal, const unsigned char key[SIP_SEAL_KEY_LEN]);
void sip_seal_deinit(sip_seal *seal);

/* Appends the nonce, what the text became, and the proof: SIP_SEAL_EXTRA bytes more than the
 * text has. SIP_E_MEMORY. */
int sip_seal_write(sip_seal *seal, const unsigned char nonce[SIP_SEAL_NONCE_LEN], sip_str text,
                   sip_buffer *out);

/* Appends the text. False when it was not made with this key. */
bool sip_seal_read(sip_seal *seal, sip_str sealed, sip_buffer *out);

#endif
