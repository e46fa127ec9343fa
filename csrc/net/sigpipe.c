/* SPDX-License-Identifier: MIT
 *
 * The signal is blocked in this thread, and one that the write raised is taken out before it
 * is let through again. One that waited before was somebody else's, and stays.
 */
#include "net/sigpipe.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static void only_sigpipe(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGPIPE);
}

void net_sigpipe_hold(net_sigpipe *held) {
  sigset_t pipe_alone, pending;
  only_sigpipe(&pipe_alone);
  sigpending(&pending);
  held->was_pending = sigismember(&pending, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_alone, &held->before);
}

void net_sigpipe_release(net_sigpipe *held) {
  int error = errno;
  sigset_t pipe_alone;
  only_sigpipe(&pipe_alone);
  if (!held->was_pending) {
    static const struct timespec at_once;
    sigtimedwait(&pipe_alone, NULL, &at_once);
  }
  pthread_sigmask(SIG_SETMASK, &held->before, NULL);
  errno = error;
}
