/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets share. A rule that does not hold is a trap, which the
 * fuzzer reports with its input.
 */
#ifndef MOONSIP_FUZZ_H
#define MOONSIP_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/str.h"

#define HOLDS(condition)                \
  do {                                  \
    if (!(condition)) __builtin_trap(); \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A block that ends where the text ends: one byte too many is seen. */
static inline sip_str exact_copy(sip_str text) {
  char *copy = malloc(text.len ? text.len : 1);
  HOLDS(copy);
  if (text.len) memcpy(copy, text.ptr, text.len);
  return sip_str_make(copy, text.len);
}

static inline void free_copy(sip_str text) {
  free((char *)(uintptr_t)text.ptr);
}

/* A slice that came out of a text lies in it, or is empty. */
static inline void holds_inside(sip_str slice, sip_str text) {
  HOLDS(slice.len == 0 || (slice.ptr >= text.ptr && slice.ptr + slice.len <= text.ptr + text.len));
}

/* A buffer that grows. */
typedef struct written {
  sip_alloc alloc;
  sip_buffer buffer;
} written;

static inline void written_init(written *out) {
  sip_alloc_init(&out->alloc, NULL, NULL);
  sip_buffer_init(&out->buffer, &out->alloc, 0);
}

static inline sip_str written_str(const written *out) {
  return sip_buffer_str(&out->buffer);
}

static inline void written_deinit(written *out) {
  sip_buffer_deinit(&out->buffer);
  HOLDS(out->alloc.live_bytes == 0);
}

#endif
