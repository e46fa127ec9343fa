/* SPDX-License-Identifier: MIT
 *
 * The handler writes the signal's number into the pipe, which the loop polls.
 */
#include "net/signal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/error.h"
#include "net/state.h"

static const int numbers[NET_SIGNALS] = {SIGINT, SIGTERM};

/* The one mutable static of the library: dispositions belong to the process,
 * and a handler is told nothing but its number. -1: no loop holds them. */
static atomic_int writing_end = -1;

static void on_signal(int number) {
  int saved = errno;
  char byte = (char)number;
  int fd = atomic_load(&writing_end);
  if (fd >= 0 && write(fd, &byte, 1) < 0) { /* full: as many are waiting already */
  }
  errno = saved;
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  (void)status;
  (void)events;
  net_signals *signals = SIP_CONTAINER(poll, net_signals, poll);
  char bytes[64];
  ssize_t got = read(signals->pipe[0], bytes, sizeof bytes);
  for (ssize_t i = 0; i < got; i++) {
    for (int n = 0; n < NET_SIGNALS; n++) {
      if (bytes[i] == numbers[n]) signals->came[n] = true;
    }
  }
}

static int open_pipe(net_loop *loop) {
  net_signals *signals = &loop->signals;
  if (signals->is_open) return 0;
  if (pipe2(signals->pipe, O_NONBLOCK | O_CLOEXEC) != 0) return -errno;
  int error = uv_poll_init(&loop->uv, &signals->poll, signals->pipe[0]);
  if (error) {
    close(signals->pipe[0]);
    close(signals->pipe[1]);
    return error;
  }
  signals->is_open = true;
  return 0;
}

/* A second one that comes before the first is told does what the system does by
 * default: a program that turns no loop any more can still be ended. */
static void take(int number, struct sigaction *previous) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, previous);
}

int net_signal_start(net_loop *loop) {
  net_signals *signals = &loop->signals;
  if (signals->is_held) return 0;
  int error = open_pipe(loop);
  if (error) return error;
  int nobody = -1;
  if (!atomic_compare_exchange_strong(&writing_end, &nobody, signals->pipe[1])) return SIP_E_STATE;
  for (int i = 0; i < NET_SIGNALS; i++) take(numbers[i], &signals->previous[i]);
  uv_poll_start(&signals->poll, UV_READABLE, on_ready);
  signals->is_held = true;
  return 0;
}

void net_signal_stop(net_loop *loop) {
  net_signals *signals = &loop->signals;
  if (!signals->is_held) return;
  for (int i = 0; i < NET_SIGNALS; i++) sigaction(numbers[i], &signals->previous[i], NULL);
  atomic_store(&writing_end, -1);
  uv_poll_stop(&signals->poll);
  signals->is_held = false;
}

void net_signal_tell(net_loop *loop) {
  for (int i = 0; i < NET_SIGNALS; i++) {
    if (!loop->signals.came[i]) continue;
    loop->signals.came[i] = false;
    if (loop->signals.is_held) take(numbers[i], NULL);
    loop->config.callbacks->signal(loop->config.context, numbers[i]);
  }
}

void net_signal_close(net_loop *loop) {
  net_signals *signals = &loop->signals;
  net_signal_stop(loop);
  if (!signals->is_open) return;
  uv_close((uv_handle_t *)&signals->poll, NULL);
  close(signals->pipe[0]);
  close(signals->pipe[1]);
  signals->is_open = false;
}
