/* SPDX-License-Identifier: MIT
 *
 * Digest credentials of the users that register: uN with the password "secret" in the
 * realm "bench", MD5 and qop=auth.
 */
#ifndef LOAD_DIGEST_H
#define LOAD_DIGEST_H

#include <stddef.h>
#include <stdint.h>

typedef struct digest_wish {
  uint32_t user;
  uint16_t port; /* of the Request-URI sip:127.0.0.1:port */
} digest_wish;

/* Writes an Authorization line for the nonce, used for the `count`th time; returns its
 * length, below DIGEST_LINE_MAX. */
enum { DIGEST_LINE_MAX = 512 };
size_t digest_write(char *out, const char *nonce, uint32_t count, const digest_wish *wish);

#endif
