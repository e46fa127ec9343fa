/* SPDX-License-Identifier: MIT
 *
 * A growing run of bytes to write messages into. A failed allocation sticks:
 * later writes do nothing, and the writer asks once at the end.
 */
#ifndef MOONSIP_BASE_BUFFER_H
#define MOONSIP_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

typedef struct sip_buffer {
  sip_alloc *alloc;
  char *ptr;
  size_t len;
  size_t size;
  size_t max;  /* never grows past this many bytes; 0 is no limit */
  bool failed; /* out of memory or over max; what was written before stands */
} sip_buffer;

void sip_buffer_init(sip_buffer *buffer, sip_alloc *alloc, size_t max);
void sip_buffer_deinit(sip_buffer *buffer);

/* Forgets the content, keeps the memory. */
void sip_buffer_clear(sip_buffer *buffer);

/* What sip_buffer_reserve does when there is no room yet. */
char *sip_buffer_grow(sip_buffer *buffer, size_t len);

/* Room for `len` more bytes at the end, or NULL; the caller then adds to len. */
static inline char *sip_buffer_reserve(sip_buffer *buffer, size_t len) {
  if (buffer->failed || len > buffer->size - buffer->len) return sip_buffer_grow(buffer, len);
  return buffer->ptr + buffer->len;
}

static inline void sip_buffer_add(sip_buffer *buffer, sip_str text) {
  if (text.len == 0) return;
  char *at = sip_buffer_reserve(buffer, text.len);
  if (!at) return;
  memcpy(at, text.ptr, text.len);
  buffer->len += text.len;
}

static inline void sip_buffer_add_char(sip_buffer *buffer, char c) {
  sip_buffer_add(buffer, (sip_str){&c, 1});
}

void sip_buffer_add_number(sip_buffer *buffer, uint64_t number);

#define SIP_BUFFER_ADD(buffer, literal) sip_buffer_add((buffer), SIP_STR(literal))

/* Drops `len` bytes at the front. */
void sip_buffer_consume(sip_buffer *buffer, size_t len);

static inline sip_str sip_buffer_str(const sip_buffer *buffer) {
  return (sip_str){buffer->ptr, buffer->len};
}

#endif
