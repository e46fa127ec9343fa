/* SPDX-License-Identifier: MIT
 *
 * Bytes as letters and digits that any token may hold: five bits each, in the
 * alphabet of random tokens.
 */
#ifndef MOONSIP_BASE_BASE32_H
#define MOONSIP_BASE_BASE32_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/str.h"

/* How many characters `bytes` bytes become. */
static inline size_t sip_base32_len(size_t bytes) {
  return (bytes * 8 + 4) / 5;
}

void sip_base32_write(const unsigned char *bytes, size_t len, sip_buffer *out);

/* Exactly `len` bytes. False for another length, another character, or bits that are
 * left over and not zero: a text has one meaning, and a meaning one text. */
bool sip_base32_read(sip_str text, unsigned char *bytes, size_t len);

#endif
