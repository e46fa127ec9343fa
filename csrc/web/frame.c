/* SPDX-License-Identifier: MIT
 *
 * Lengths up to 125 stand in the second byte; 126 and 127 say that two or eight bytes
 * follow with it.
 */
#include "web/frame.h"

#include <string.h>

enum {
  FINAL = 0x80,
  RESERVED = 0x70,
  OPCODE = 0x0f,
  MASKED = 0x80,
  LENGTH = 0x7f,
  LENGTH_16 = 126,
  LENGTH_64 = 127
};

static bool is_known(unsigned opcode) {
  return opcode <= WEB_BINARY || (opcode >= WEB_CLOSE && opcode <= WEB_PONG);
}

static uint64_t read_number(const unsigned char *bytes, size_t count) {
  uint64_t number = 0;
  for (size_t i = 0; i < count; i++) number = number << 8 | bytes[i];
  return number;
}

/* What a length in that many bytes must be above. */
static bool is_shortest(uint64_t len, size_t extra) {
  if (extra == 2) return len > WEB_CONTROL_MAX;
  if (extra == 8) return len > UINT16_MAX && len <= INT64_MAX;
  return true;
}

int web_frame_read(const unsigned char *bytes, size_t len, web_frame *out) {
  if (len < 1) return 0;
  unsigned opcode = bytes[0] & OPCODE;
  if (bytes[0] & RESERVED || !is_known(opcode)) return -1;
  *out = (web_frame){.opcode = (web_opcode)opcode, .is_final = (bytes[0] & FINAL) != 0};
  if (len < 2) return 0;
  out->is_masked = (bytes[1] & MASKED) != 0;
  unsigned short_len = bytes[1] & LENGTH;
  if (web_is_control(out->opcode) && (!out->is_final || short_len > WEB_CONTROL_MAX)) return -1;
  size_t extra = short_len == LENGTH_16 ? 2 : short_len == LENGTH_64 ? 8 : 0;
  size_t size = 2 + extra + (out->is_masked ? WEB_MASK_SIZE : 0);
  if (len < 2 + extra) return 0;
  out->len = extra ? read_number(bytes + 2, extra) : short_len;
  if (!is_shortest(out->len, extra)) return -1;
  if (len < size) return 0;
  if (out->is_masked) memcpy(out->mask, bytes + 2 + extra, WEB_MASK_SIZE);
  return (int)size;
}

static size_t write_number(uint64_t number, size_t count, unsigned char *out) {
  for (size_t i = 0; i < count; i++) out[i] = (unsigned char)(number >> 8 * (count - 1 - i));
  return count;
}

size_t web_frame_write(const web_frame *frame, unsigned char out[WEB_FRAME_HEAD_MAX]) {
  unsigned masked = frame->is_masked ? MASKED : 0;
  size_t at = 2;
  out[0] = (unsigned char)((frame->is_final ? FINAL : 0) | (unsigned)frame->opcode);
  if (frame->len <= WEB_CONTROL_MAX) {
    out[1] = (unsigned char)(masked | (unsigned)frame->len);
  } else if (frame->len <= UINT16_MAX) {
    out[1] = (unsigned char)(masked | LENGTH_16);
    at += write_number(frame->len, 2, out + at);
  } else {
    out[1] = (unsigned char)(masked | LENGTH_64);
    at += write_number(frame->len, 8, out + at);
  }
  if (!frame->is_masked) return at;
  memcpy(out + at, frame->mask, WEB_MASK_SIZE);
  return at + WEB_MASK_SIZE;
}

void web_mask(char *bytes, size_t len, const unsigned char mask[WEB_MASK_SIZE], uint64_t at) {
  unsigned char turned[sizeof(uint64_t)]; /* the mask as it stands at the first byte, twice */
  uint64_t eight, mask8;
  size_t i = 0;
  for (size_t k = 0; k < sizeof turned; k++) turned[k] = mask[(at + k) % WEB_MASK_SIZE];
  memcpy(&mask8, turned, sizeof mask8);
  for (; len - i >= sizeof eight; i += sizeof eight) {
    memcpy(&eight, bytes + i, sizeof eight);
    eight ^= mask8;
    memcpy(bytes + i, &eight, sizeof eight);
  }
  for (; i < len; i++) bytes[i] = (char)(bytes[i] ^ (char)turned[i % WEB_MASK_SIZE]);
}
