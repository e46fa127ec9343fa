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

static bool grow(sip_buffer *buffer, size_t need) {
  size_t size = buffer->size ? buffer->size : FIRST_SIZE;
  while (size < need) {
    if (size > SIZE_MAX / 2) return false;
    size *= 2;
  }
  char *ptr = sip_alloc_resize(buffer->alloc, buffer->ptr, buffer->size, size);
  if (!ptr) return false;
  buffer->ptr = ptr;
  buffer->size = size;
  return true;
}

char *sip_buffer_reserve(sip_buffer *buffer, size_t len) {
  if (buffer->failed) return NULL;
  bool fits = len <= SIZE_MAX - buffer->len;
  size_t need = buffer->len + len;
  if (!fits || (buffer->max && need > buffer->max) ||
      (need > buffer->size && !grow(buffer, need))) {
    buffer->failed = true;
    return NULL;
  }
  return buffer->ptr + buffer->len;
}

void sip_buffer_add(sip_buffer *buffer, sip_str text) {
  if (text.len == 0) return;
  char *at = sip_buffer_reserve(buffer, text.len);
  if (!at) return;
  memcpy(at, text.ptr, text.len);
  buffer->len += text.len;
}

void sip_buffer_add_char(sip_buffer *buffer, char c) {
  sip_buffer_add(buffer, (sip_str){&c, 1});
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
