/* SPDX-License-Identifier: MIT
 *
 * The media thread: the world with real sockets, on an absolute schedule, whatever the
 * main thread does meanwhile. Commands and events cross in two rings; the thread starts
 * with the first session.
 */
#ifndef MOONSIP_MEDIA_THREAD_H
#define MOONSIP_MEDIA_THREAD_H

#include "base/random.h"
#include "media/control.h"
#include "media/ports.h"
#include "media/priority.h"

typedef struct media_thread media_thread;

typedef struct media_thread_config {
  uint32_t first_port, last_port;
  uint32_t max_sessions; /* 0: MEDIA_SESSIONS_MAX */
  bool realtime;         /* asks for SCHED_FIFO, else a better nice */
  bool io_uring;         /* many packets in one system call, where that works */
  sip_random_fn random;  /* any thread's; for SSRCs and the like */
  /* Wakes the main thread, from any thread, without lock or allocation. */
  void (*wake)(void *context);
  void *context;
} media_thread_config;

typedef struct media_thread_counts {
  uint64_t sessions, verbs, packets_in, packets_out, overruns, skipped_frames;
  uint64_t commands_waiting, events_waiting;
  uint64_t late_p50_us, late_p99_us, late_p999_us, late_max_us;
  uint64_t cpu_us; /* of the thread */
  media_priority priority;
  bool io_uring; /* packets go by it when there are many sessions */
} media_thread_counts;

/* 0, SIP_E_MEMORY, SIP_E_INVALID for a range without a pair of ports, or a negative
 * system error. */
int media_thread_new(sip_alloc *alloc, const media_thread_config *config, media_thread **out);
/* Closes all sessions and ends the thread; what had to be written is written. */
void media_thread_free(media_thread *thread);

media_control *media_thread_control(media_thread *thread);
void media_thread_get_counts(const media_thread *thread, media_thread_counts *out);
/* From now on lateness is counted anew. */
void media_thread_forget_lateness(media_thread *thread);

#endif
