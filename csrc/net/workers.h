/* SPDX-License-Identifier: MIT
 *
 * Threads for work that blocks: jobs wait in a bounded queue, run in whichever thread is
 * free, and end in a turn of the loop. They are threads of their own rather than libuv's
 * pool, which the process shares: a job that takes a minute holds up nothing but the
 * jobs behind it.
 */
#ifndef MOONSIP_NET_WORKERS_H
#define MOONSIP_NET_WORKERS_H

#include "base/list.h"
#include "net/loop.h"

typedef struct net_workers net_workers;

/* Part of what the caller allocates, with an allocator that is not the loop's: a job is
 * touched by one thread after the other. */
typedef struct net_job {
  sip_link link;
  /* In a thread. *state is the thread's own, NULL at first. */
  void (*run)(struct net_job *job, void **state);
  /* In a turn of the loop; has_run is false when the workers were freed before. */
  void (*done)(struct net_job *job);
  bool has_run;
} net_job;

typedef struct net_workers_config {
  size_t threads;           /* at most; one begins when a job finds none idle */
  size_t waiting;           /* jobs that may wait; one more is SIP_E_LIMIT */
  void (*end)(void *state); /* of a thread that ends, in that thread; never of NULL */
} net_workers_config;

/* 0, SIP_E_MEMORY or a system error. */
int net_workers_new(net_loop *loop, const net_workers_config *config, net_workers **out);
/* Drops the jobs that wait and waits for those that run. Every job is done. Those that a
 * loop still has when it is freed are freed with it. */
void net_workers_free(net_workers *workers);

/* SIP_E_LIMIT, or a system error when there is no thread at all. */
int net_workers_add(net_workers *workers, net_job *job);

/* Ends what has run. */
void net_workers_tell(net_loop *loop);
void net_workers_close_all(net_loop *loop);

#endif
