/* SPDX-License-Identifier: MIT
 *
 * timers start|stop|expire COUNT: does that with a wheel on which COUNT timers run,
 * spread over 64 s as those of SIP are. Prints how often. What is to be counted
 * happens in measured_start, measured_stop and measured_expire, and nowhere else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timer.h"

enum { SPAN_MS = 64000, STARTED = 1000 };

static uint32_t state = 1;

/* Xorshift: which instants they are does not matter, that they repeat does. */
static sip_time random_instant(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return 1 + state % SPAN_MS;
}

typedef struct bench {
  sip_wheel wheel;
  sip_timer *timers; /* `count` that run, and STARTED that do not yet */
  sip_time instants[STARTED];
  size_t count;
} bench;

__attribute__((noinline)) static size_t measured_start(bench *b) {
  for (size_t i = 0; i < STARTED; i++) {
    sip_timer_start(&b->wheel, &b->timers[b->count + i], b->instants[i]);
  }
  return STARTED;
}

__attribute__((noinline)) static size_t measured_stop(bench *b) {
  size_t stride = b->count / STARTED; /* here and there among those that run */
  for (size_t i = 0; i < STARTED; i++) sip_timer_stop(&b->wheel, &b->timers[i * stride]);
  return STARTED;
}

/* All of them, as a loop does that sleeps until the next deadline. */
__attribute__((noinline)) static size_t measured_expire(bench *b) {
  size_t expired = 0;
  while (b->wheel.count > 0) {
    sip_time now = sip_wheel_deadline(&b->wheel);
    while (sip_wheel_expire(&b->wheel, now)) expired++;
  }
  return expired;
}

int main(int count, char **words) {
  static bench b;
  if (count != 3) return EXIT_FAILURE;
  b.count = strtoul(words[2], NULL, 10);
  b.timers = calloc(b.count + STARTED, sizeof *b.timers);
  if (!b.timers || b.count < STARTED) return EXIT_FAILURE;
  sip_wheel_init(&b.wheel, 0);
  for (size_t i = 0; i < b.count + STARTED; i++) sip_timer_init(&b.timers[i]);
  for (size_t i = 0; i < b.count; i++) sip_timer_start(&b.wheel, &b.timers[i], random_instant());
  for (size_t i = 0; i < STARTED; i++) b.instants[i] = random_instant();
  size_t done = 0;
  if (strcmp(words[1], "start") == 0) done = measured_start(&b);
  if (strcmp(words[1], "stop") == 0) done = measured_stop(&b);
  if (strcmp(words[1], "expire") == 0) done = measured_expire(&b);
  printf("%zu\n", done);
  return EXIT_SUCCESS;
}
