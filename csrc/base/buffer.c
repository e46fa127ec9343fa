/* SPDX-License-Identifier: MIT
 *
 * Growth by doubling, and the sticky failure.
 */
#include "base/buffer.h"

enum { FIRST_SIZE = 512, NUMBER_DIGITS_MAX = 20 };

void sip_buffer_init(sip_buffer *buffer, sip_alloc *alloc, size_t max) {
  *buffer = (sip_buffer){.alloc = alloc, .max = max};
}

void sip_buffer_deinit(sip_buffer *buffer) {
  sip_alloc_free(buffer->alloc, buffer->ptr, buffer->size);
  *buffer = (sip_buffer){.alloc = buffer->alloc, .max = buffer->max};
}

void sip_buffer_clear(sip_buffer *buffer) {
  buffer->len = 0;
  buffer->failed = false;
}

/* The next double that holds `need`, which is at most max. */
static size_t grown_size(const sip_buffer *buffer, size_t need) {
  size_t size = buffer->size ? buffer->size : FIRST_SIZE;
  while (size < need) size = size > SIZE_MAX / 2 ? SIZE_MAX : size * 2;
  return buffer->max && size > buffer->max ? buffer->max : size;
}

char *sip_buffer_grow(sip_buffer *buffer, size_t len) {
  if (buffer->failed) return NULL;
  buffer->failed = true;
  size_t max = buffer->max ? buffer->max : SIZE_MAX;
  if (buffer->len > max || len > max - buffer->len) return NULL;
  size_t size = grown_size(buffer, buffer->len + len);
  char *ptr = sip_alloc_resize(buffer->alloc, buffer->ptr, buffer->size, size);
  if (!ptr) return NULL;
  buffer->ptr = ptr;
  buffer->size = size;
  buffer->failed = false;
  return ptr + buffer->len;
}

void sip_buffer_add_number(sip_buffer *buffer, uint64_t number) {
  char digits[NUMBER_DIGITS_MAX];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number > 0);
  sip_buffer_add(buffer, (sip_str){digits + at, sizeof digits - at});
}

void sip_buffer_consume(sip_buffer *buffer, size_t len) {
  if (len == 0) return;
  buffer->len -= len;
  if (buffer->len > 0) memmove(buffer->ptr, buffer->ptr + len, buffer->len);
}
