/* SPDX-License-Identifier: MIT
 *
 * The frame of a WebSocket (RFC 6455 5.2): its head, and the mask over what follows.
 */
#ifndef MOONSIP_WEB_FRAME_H
#define MOONSIP_WEB_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum web_opcode {
  WEB_CONTINUATION = 0,
  WEB_TEXT = 1,
  WEB_BINARY = 2,
  WEB_CLOSE = 8,
  WEB_PING = 9,
  WEB_PONG = 10
} web_opcode;

/* Why a WebSocket ends (RFC 6455 7.4.1). */
enum {
  WEB_CLOSE_NORMAL = 1000,
  WEB_CLOSE_GOING_AWAY = 1001,
  WEB_CLOSE_PROTOCOL = 1002,
  WEB_CLOSE_NOT_UTF8 = 1007,
  WEB_CLOSE_TOO_BIG = 1009
};

enum {
  WEB_FRAME_HEAD_MAX = 14,
  WEB_CONTROL_MAX = 125, /* bytes of a control frame (5.5) */
  WEB_MASK_SIZE = 4
};

typedef struct web_frame {
  web_opcode opcode;
  bool is_final;
  bool is_masked;
  unsigned char mask[WEB_MASK_SIZE];
  uint64_t len; /* of what follows; below 2^63 */
} web_frame;

/* Reads a head: how many bytes it has; 0 when more are needed; -1 for what breaks the
 * protocol: reserved bits and opcodes, a control frame that is fragmented or too long, a
 * length that is not written in its shortest form or has its highest bit set. */
int web_frame_read(const unsigned char *bytes, size_t len, web_frame *out);

/* Writes one: how many bytes it has. */
size_t web_frame_write(const web_frame *frame, unsigned char out[WEB_FRAME_HEAD_MAX]);

/* Puts the mask on, or takes it off: `at` is where in the frame these bytes are (5.3). */
void web_mask(char *bytes, size_t len, const unsigned char mask[WEB_MASK_SIZE], uint64_t at);

static inline bool web_is_control(web_opcode opcode) {
  return opcode >= WEB_CLOSE;
}

#endif
