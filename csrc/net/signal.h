/* SPDX-License-Identifier: MIT
 *
 * SIGINT and SIGTERM for a loop, through a pipe to itself, and only while the
 * loop holds them: a program that hosts us keeps its own handlers.
 */
#ifndef MOONSIP_NET_SIGNAL_H
#define MOONSIP_NET_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <uv.h>

struct net_loop;

enum { NET_SIGNALS = 2 };

typedef struct net_signals {
  uv_poll_t poll; /* of the reading end; made with the first start */
  bool is_open;
  bool is_held;
  int pipe[2];
  bool came[NET_SIGNALS];
  struct sigaction previous[NET_SIGNALS];
} net_signals;

/* 0, a system error, or SIP_E_STATE when another loop of the process has them. Of
 * each the first is told; one more before that ends the process. */
int net_signal_start(struct net_loop *loop);
/* Puts the previous handlers back; fine when not started. */
void net_signal_stop(struct net_loop *loop);

/* Tells the loop's user what came since the last turn. */
void net_signal_tell(struct net_loop *loop);
void net_signal_close(struct net_loop *loop);

#endif
