/* SPDX-License-Identifier: MIT
 *
 * OpenSSL's digests, fetched once.
 */
#include "auth/hasher.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/error.h"

static const char *const names[SIP_ALGORITHM_COUNT] = {
    [SIP_MD5] = "MD5", [SIP_SHA_256] = "SHA256", [SIP_SHA_512_256] = "SHA512-256"};

int sip_hasher_init(sip_hasher *hasher) {
  *hasher = (sip_hasher){.context = EVP_MD_CTX_new()};
  if (!hasher->context) return SIP_E_MEMORY;
  for (int i = 0; i < SIP_ALGORITHM_COUNT; i++) {
    hasher->functions[i] = EVP_MD_fetch(NULL, names[i], NULL);
  }
  return 0;
}

void sip_hasher_deinit(sip_hasher *hasher) {
  EVP_MD_CTX_free(hasher->context);
  for (int i = 0; i < SIP_ALGORITHM_COUNT; i++) EVP_MD_free(hasher->functions[i]);
  *hasher = (sip_hasher){0};
}

bool sip_hasher_has(const sip_hasher *hasher, sip_algorithm algorithm) {
  return hasher->functions[algorithm] != NULL;
}

/* What is short goes in one piece: each costs more than it is worth. */
enum { PIECE_MAX = 512 };

static bool update(EVP_MD_CTX *context, const sip_str *texts, size_t count) {
  char piece[PIECE_MAX];
  size_t len = 0;
  for (size_t i = 0; i < count; i++) {
    if (texts[i].len > PIECE_MAX - len) {
      if (!EVP_DigestUpdate(context, piece, len)) return false;
      len = 0;
    }
    if (texts[i].len > PIECE_MAX) {
      if (!EVP_DigestUpdate(context, texts[i].ptr, texts[i].len)) return false;
    } else if (texts[i].len > 0) {
      memcpy(piece + len, texts[i].ptr, texts[i].len);
      len += texts[i].len;
    }
  }
  return EVP_DigestUpdate(context, piece, len);
}

sip_str sip_hasher_hex(sip_hasher *hasher, sip_algorithm algorithm, const sip_str *texts,
                       size_t count, char hex[SIP_HASH_HEX_MAX]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned len = 0;
  EVP_MD_CTX *context = hasher->context;
  bool done = hasher->functions[algorithm] &&
              EVP_DigestInit_ex2(context, hasher->functions[algorithm], NULL) &&
              update(context, texts, count);
  if (!done || !EVP_DigestFinal_ex(context, hash, &len)) return (sip_str){0};
  for (unsigned i = 0; i < len; i++) {
    hex[2 * i] = digits[hash[i] >> 4];
    hex[2 * i + 1] = digits[hash[i] & 15];
  }
  return sip_str_make(hex, 2 * (size_t)len);
}
