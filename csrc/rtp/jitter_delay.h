/* SPDX-License-Identifier: MIT
 *
 * How late packets are, over the last seconds: the least delay, which is that of the
 * path, and how far the greatest is above it, which is its jitter. Two windows of one
 * length follow each other, so both figures forget, and follow a clock that runs fast
 * or slow. Delays are ticks between timestamp and arrival; only differences matter.
 */
#ifndef MOONSIP_RTP_JITTER_DELAY_H
#define MOONSIP_RTP_JITTER_DELAY_H

#include <stdbool.h>
#include <stdint.h>

typedef struct rtp_delay_window {
  int64_t least;
  int64_t greatest;
} rtp_delay_window;

typedef struct rtp_delay {
  rtp_delay_window now;
  rtp_delay_window before; /* meaningful once measured */
  int64_t length;          /* ticks of a window */
  int64_t end;             /* tick at which `now` becomes `before` */
  bool heard;              /* `now` has a packet at least */
  bool measured;           /* a window is complete */
} rtp_delay;

void rtp_delay_init(rtp_delay *delay, int64_t window_ticks);

/* A packet arrived at that tick, so many ticks after its timestamp. After a pause of
 * more than a window the path is measured anew; the jitter that was known stays. */
void rtp_delay_note(rtp_delay *delay, int64_t tick, int64_t ticks);

/* No packet came for so long that nothing is known of the path any more. */
bool rtp_delay_is_outdated(const rtp_delay *delay, int64_t tick);

/* Of the windows together; 0 before the first packet. */
int64_t rtp_delay_least(const rtp_delay *delay);
int64_t rtp_delay_spread(const rtp_delay *delay);

#endif
