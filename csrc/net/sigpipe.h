/* SPDX-License-Identifier: MIT
 *
 * Writing to who reads no more, without the SIGPIPE of it: the program that hosts us may
 * die of that. Around each write; errno stays what the write left.
 */
#ifndef MOONSIP_NET_SIGPIPE_H
#define MOONSIP_NET_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

typedef struct net_sigpipe {
  sigset_t before;
  bool was_pending;
} net_sigpipe;

void net_sigpipe_hold(net_sigpipe *held);
void net_sigpipe_release(net_sigpipe *held);

#endif
