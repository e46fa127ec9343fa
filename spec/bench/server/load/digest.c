/* SPDX-License-Identifier: MIT
 *
 * RFC 7616 3.4, by OpenSSL's one-shot hash.
 */
#include "digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { HEX = 32, TEXT_MAX = 512 };

static void md5(const char *text, char hex[HEX + 1]) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned len = 0;
  EVP_Digest(text, strlen(text), hash, &len, EVP_md5(), NULL);
  for (unsigned i = 0; i < len && i < HEX / 2; i++) snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

size_t digest_write(char *out, const char *nonce, uint32_t count, const digest_wish *wish) {
  char text[TEXT_MAX], a1[HEX + 1], a2[HEX + 1], response[HEX + 1];
  snprintf(text, sizeof text, "u%u:bench:secret", wish->user);
  md5(text, a1);
  snprintf(text, sizeof text, "REGISTER:sip:127.0.0.1:%u", wish->port);
  md5(text, a2);
  snprintf(text, sizeof text, "%s:%s:%08x:0a4f113b:auth:%s", a1, nonce, count, a2);
  md5(text, response);
  int len = snprintf(out, DIGEST_LINE_MAX,
                     "Authorization: Digest username=\"u%u\", realm=\"bench\", nonce=\"%s\", "
                     "uri=\"sip:127.0.0.1:%u\", response=\"%s\", algorithm=MD5, "
                     "qop=auth, nc=%08x, cnonce=\"0a4f113b\"\r\n",
                     wish->user, nonce, wish->port, response, count);
  return len > 0 && len < DIGEST_LINE_MAX ? (size_t)len : 0;
}
