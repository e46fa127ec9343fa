/* SPDX-License-Identifier: MIT
 *
 * The input as a list of steps: bytes and short texts, taken from its front. When it is
 * used up everything is 0.
 */
#ifndef MOONSIP_FUZZ_STEPS_H
#define MOONSIP_FUZZ_STEPS_H

#include "fuzz.h"
#include "sip/engine.h"

typedef struct input {
  const uint8_t *at;
  size_t left;
} input;

static inline uint8_t next_byte(input *in) {
  if (in->left == 0) return 0;
  in->left--;
  return *in->at++;
}

static inline sip_str next_text(input *in) {
  size_t len = next_byte(in);
  if (len > in->left) len = in->left;
  sip_str text = sip_str_make((const char *)in->at, len);
  in->at += len;
  in->left -= len;
  return text;
}

/* A block exactly as long as the message: an access behind it is seen. */
static inline void receive_exact(sip_engine *engine, sip_time now, const sip_flow *flow,
                                 sip_str text) {
  sip_str copy = exact_copy(text);
  sip_engine_receive(engine, now, flow, copy);
  free_copy(copy);
}

#endif
