/* SPDX-License-Identifier: MIT
 *
 * OpenSSL's cipher, fetched once.
 */
#include "auth/seal.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"

int sip_seal_init(sip_seal *seal, const unsigned char key[SIP_SEAL_KEY_LEN]) {
  *seal = (sip_seal){.context = EVP_CIPHER_CTX_new(),
                     .cipher = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL)};
  memcpy(seal->key, key, SIP_SEAL_KEY_LEN);
  if (seal->context && seal->cipher) return 0;
  sip_seal_deinit(seal);
  return SIP_E_MEMORY;
}

void sip_seal_deinit(sip_seal *seal) {
  EVP_CIPHER_CTX_free(seal->context);
  EVP_CIPHER_free(seal->cipher);
  *seal = (sip_seal){0};
}

int sip_seal_write(sip_seal *seal, const unsigned char nonce[SIP_SEAL_NONCE_LEN], sip_str text,
                   sip_buffer *out) {
  if (!sip_buffer_reserve(out, text.len + SIP_SEAL_EXTRA)) return SIP_E_MEMORY;
  unsigned char *at = (unsigned char *)out->ptr + out->len;
  memcpy(at, nonce, SIP_SEAL_NONCE_LEN);
  at += SIP_SEAL_NONCE_LEN;
  int len = 0, last = 0;
  bool done =
      EVP_EncryptInit_ex2(seal->context, seal->cipher, seal->key, nonce, NULL) &&
      EVP_EncryptUpdate(seal->context, at, &len, (const unsigned char *)text.ptr, (int)text.len) &&
      EVP_EncryptFinal_ex(seal->context, at + len, &last) &&
      EVP_CIPHER_CTX_ctrl(seal->context, EVP_CTRL_AEAD_GET_TAG, SIP_SEAL_PROOF_LEN, at + text.len);
  if (!done) return SIP_E_MEMORY;
  out->len += text.len + SIP_SEAL_EXTRA;
  return 0;
}

bool sip_seal_read(sip_seal *seal, sip_str sealed, sip_buffer *out) {
  if (sealed.len < SIP_SEAL_EXTRA) return false;
  size_t text_len = sealed.len - SIP_SEAL_EXTRA;
  if (!sip_buffer_reserve(out, text_len + 1)) return false;
  const unsigned char *nonce = (const unsigned char *)sealed.ptr;
  const unsigned char *from = nonce + SIP_SEAL_NONCE_LEN;
  unsigned char proof[SIP_SEAL_PROOF_LEN];
  memcpy(proof, from + text_len, sizeof proof);
  unsigned char *at = (unsigned char *)out->ptr + out->len;
  int len = 0, last = 0;
  bool done = EVP_DecryptInit_ex2(seal->context, seal->cipher, seal->key, nonce, NULL) &&
              EVP_DecryptUpdate(seal->context, at, &len, from, (int)text_len) &&
              EVP_CIPHER_CTX_ctrl(seal->context, EVP_CTRL_AEAD_SET_TAG, sizeof proof, proof) &&
              EVP_DecryptFinal_ex(seal->context, at + len, &last);
  if (done) out->len += text_len;
  return done;
}
