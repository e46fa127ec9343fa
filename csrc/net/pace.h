/* SPDX-License-Identifier: MIT
 *
 * When a loop rests before it waits. To be woken costs a processor several times what a
 * message does, so a loop that every message of thousands a second wakes spends most of
 * its time on that. Network cards moderate their interrupts for the same reason. A loop
 * that is woken again and again rests to the end of each tick, and what came meanwhile,
 * messages and timers, is one turn's.
 *
 * It never rests while something waits, nor when it has been at work for half a tick (then
 * wake-ups are few), nor for long when resting gathers nothing. Peers that send their next
 * message when they have our answer would only be slowed down: so now and then it does
 * without for two ticks, the first of which brings what has been held up, and rests no more
 * when the second brings twice as much as before.
 */
#ifndef MOONSIP_NET_PACE_H
#define MOONSIP_NET_PACE_H

#include <stdbool.h>
#include <stdint.h>

enum { NET_TICK_US = 4000 };

typedef enum net_pace_phase {
  NET_PACE_FREE,    /* no rests */
  NET_PACE_RESTING, /* before each wait */
  NET_PACE_SETTLING,
  NET_PACE_TRYING /* how it is without */
} net_pace_phase;

typedef struct net_pace {
  int64_t woke_at_us;  /* the last wait was over */
  int64_t window;      /* that the waits are counted in */
  uint32_t waits;      /* that began in it */
  uint32_t rest_us;    /* before the wait that is on, or was the last */
  uint32_t vain;       /* rests in a row that gathered nothing */
  uint32_t hold_ticks; /* none for so long, should it give up resting */
  int64_t again_at;    /* none before that tick */
  bool is_waiting;
  net_pace_phase phase;
  int64_t since;       /* the tick that it began at */
  uint64_t messages;   /* in it */
  uint64_t per_tick;   /* of them while it rested */
  uint32_t rest_ticks; /* until the next trial */
} net_pace;

void net_pace_init(net_pace *pace);

/* Nothing is there: microseconds to rest before the loop waits for it, 0 for none. */
uint32_t net_pace_wait(net_pace *pace, int64_t now_us);
/* The wait is over; further calls until the next wait mean nothing. */
void net_pace_woke(net_pace *pace, int64_t now_us);
/* The turn that followed had so many messages. */
void net_pace_turned(net_pace *pace, uint64_t messages);

#endif
