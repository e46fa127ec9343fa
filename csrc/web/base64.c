/* SPDX-License-Identifier: MIT
 *
 * OpenSSL turns whole blocks; what it calls padding are zeros at the end.
 */
#include "web/base64.h"

#include <openssl/evp.h>
#include <string.h>

enum { BLOCK = 3, TEXT_BLOCK = 4 };

void web_base64_write(sip_str bytes, sip_buffer *out) {
  size_t len = (bytes.len + BLOCK - 1) / BLOCK * TEXT_BLOCK;
  char *at = sip_buffer_reserve(out, len + 1); /* it writes a NUL too */
  if (!at) return;
  EVP_EncodeBlock((unsigned char *)at, (const unsigned char *)bytes.ptr, (int)bytes.len);
  out->len += len;
}

/* How many characters of padding end the text. */
static size_t padding_of(sip_str text) {
  size_t count = 0;
  while (count < 2 && text.ptr[text.len - 1 - count] == '=') count++;
  return count;
}

bool web_base64_read(sip_str text, sip_buffer *out) {
  if (text.len == 0) return true;
  if (text.len % TEXT_BLOCK != 0) return false;
  size_t padding = padding_of(text);
  if (memchr(text.ptr, '=', text.len - padding)) return false;
  char *at = sip_buffer_reserve(out, text.len / TEXT_BLOCK * BLOCK);
  if (!at) return false;
  int len = EVP_DecodeBlock((unsigned char *)at, (const unsigned char *)text.ptr, (int)text.len);
  if (len < 0) return false;
  out->len += (size_t)len - padding;
  return true;
}
