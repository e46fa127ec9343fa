/* SPDX-License-Identifier: MIT
 *
 * When a loop rests before it waits. To be woken costs a processor several times what a
 * message does, so a loop that every message of thousands a second wakes spends most of
 * its time on that. Network cards moderate their interrupts for the same reason. A loop
 * that is woken again and again rests to the end of each tick of its clock, and what came
 * meanwhile is one turn's. Timers fire at ticks, so none is late.
 *
 * It never rests while something waits, nor when it has been at work for half a tick (then
 * wake-ups are few), nor for long when resting gathers nothing: a peer that sends its next
 * message when it has our answer would only be slowed down.
 */
#ifndef MOONSIP_NET_PACE_H
#define MOONSIP_NET_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { NET_TICK_US = 1000 };

typedef struct net_pace {
  int64_t woke_at_us;  /* the last wait was over */
  int64_t window;      /* that the waits are counted in */
  uint32_t waits;      /* that began in it */
  uint32_t rest_us;    /* before the wait that is on, or was the last */
  uint32_t vain;       /* rests in a row that gathered nothing */
  uint32_t hold_ticks; /* none for so long, should it give up resting */
  int64_t again_at;    /* none before that tick */
  bool is_resting;     /* before each wait */
  bool is_waiting;
} net_pace;

void net_pace_init(net_pace *pace);

/* Nothing is there: microseconds to rest before the loop waits for it, 0 for none. */
uint32_t net_pace_wait(net_pace *pace, int64_t now_us);
/* The wait is over; further calls until the next wait mean nothing. */
void net_pace_woke(net_pace *pace, int64_t now_us);
/* The turn that followed had so many messages. */
void net_pace_turned(net_pace *pace, uint64_t messages);

#endif
