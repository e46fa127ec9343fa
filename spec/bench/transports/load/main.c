/* SPDX-License-Identifier: MIT
 *
 * load PORT SESSION [name=value ...]: asks a server on 127.0.0.1 by OPTIONS and prints what
 * each answer, or each connection, has cost the processes of that session.
 *
 *   transport=udp    tcp, tls, ws or wss
 *   kind=messages    one request after the other on connections that stay, or handshakes: a
 *                    connection for each request
 *   ways=100         connections at a time
 *   warm=1 time=3    seconds before and in the window that is measured
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "../../server/load/usage.h"
#include "way.h"

enum { US_PER_S = 1000000, EVENTS = 256, WAIT_MS = 10, PATIENCE_US = 4 * US_PER_S };

typedef struct load {
  way_settings settings;
  bool each; /* a connection for each request */
  int epoll;
  uint32_t count;
  way *ways;
  int64_t *sent_at; /* of each */
  uint64_t number;  /* of requests */
  uint32_t run;     /* makes Call-IDs differ from those of other runs */
  uint64_t done, failed;
} load;

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

/* --- Ways ------------------------------------------------------------------------ */

static void watch(const load *l, uint32_t index, int operation) {
  const way *w = &l->ways[index];
  uint32_t events = w->state == WAY_CONNECTING ? EPOLLOUT : EPOLLIN;
  struct epoll_event event = {.events = events, .data.u32 = index};
  epoll_ctl(l->epoll, operation, w->fd, &event);
}

static void begin(load *l, uint32_t index) {
  way_open(&l->ways[index], &l->settings);
  l->sent_at[index] = now_us();
  watch(l, index, EPOLL_CTL_ADD);
}

static void begin_again(load *l, uint32_t index) {
  way_close(&l->ways[index]); /* which takes it out of the epoll */
  begin(l, index);
}

static void fail(load *l, uint32_t index) {
  l->failed++;
  begin_again(l, index);
}

static void ask(load *l, uint32_t index) {
  char text[WAY_TEXT_MAX];
  unsigned long long number = ++l->number;
  const char *name = way_name(l->settings.kind);
  int len = snprintf(text, sizeof text,
                     "OPTIONS sip:s@127.0.0.1:%u SIP/2.0\r\n"
                     "Via: SIP/2.0/%s 127.0.0.1:5070;branch=z9hG4bK%x%llx;rport\r\n"
                     "Max-Forwards: 70\r\n"
                     "From: \"caller\" <sip:caller@127.0.0.1>;tag=%llx\r\n"
                     "To: <sip:s@127.0.0.1>\r\n"
                     "Call-ID: %x-%llx@127.0.0.1\r\n"
                     "CSeq: 1 OPTIONS\r\n"
                     "Contact: <sip:caller@127.0.0.1:5070>\r\n"
                     "Accept: application/sdp\r\n"
                     "User-Agent: load/1.0\r\n"
                     "Content-Length: 0\r\n\r\n",
                     (unsigned)l->settings.port, name, l->run, number, number, l->run, number);
  l->sent_at[index] = now_us();
  if (!way_send(&l->ways[index], text, (size_t)len)) fail(l, index);
}

static void get_on(load *l, uint32_t index) {
  way_state before = l->ways[index].state;
  int result = way_get_on(&l->ways[index]);
  if (result < 0) {
    fail(l, index);
    return;
  }
  if (before == WAY_CONNECTING) watch(l, index, EPOLL_CTL_MOD);
  if (result > 0) ask(l, index);
}

static void act(load *l, uint32_t index) {
  way *w = &l->ways[index];
  if (w->state != WAY_OPEN) {
    get_on(l, index);
    return;
  }
  int got = way_receive(w);
  if (got < 0) {
    fail(l, index);
  } else if (got > 0) {
    l->done++;
    if (l->each) {
      begin_again(l, index);
    } else {
      ask(l, index);
    }
  }
}

static void give_up_late(load *l, int64_t now) {
  for (uint32_t i = 0; i < l->count; i++) {
    if (l->sent_at[i] + PATIENCE_US < now) fail(l, i);
  }
}

static void run_for(load *l, int64_t span_us) {
  struct epoll_event events[EVENTS];
  int64_t now = now_us(), until = now + span_us, look_at = now + US_PER_S;
  for (; now < until; now = now_us()) {
    int count = epoll_wait(l->epoll, events, EVENTS, WAIT_MS);
    for (int i = 0; i < count; i++) act(l, events[i].data.u32);
    if (now < look_at) continue;
    give_up_late(l, now);
    look_at = now + US_PER_S;
  }
}

/* --- The window ------------------------------------------------------------------- */

static void measure(load *l, const usage *server, int64_t warm_us, int64_t time_us) {
  static const usage nobody;
  run_for(l, warm_us);
  uint64_t before = l->done;
  usage_sample from = usage_take(server, &nobody);
  int64_t from_us = now_us();
  run_for(l, time_us);
  usage_sample spent = usage_between(from, usage_take(server, &nobody));
  double span_us = (double)(now_us() - from_us), ns = span_us * 1000;
  uint64_t done = l->done - before;
  int64_t foreign = spent.everyone_ns - spent.server_ns - spent.own_ns;
  printf("done=%llu per_s=%.0f failed=%llu us=%.3f server=%.3f own=%.3f foreign=%.3f\n",
         (unsigned long long)done, (double)done * US_PER_S / span_us, (unsigned long long)l->failed,
         done ? (double)spent.server_ns / 1000 / (double)done : 0, (double)spent.server_ns / ns,
         (double)spent.own_ns / ns, foreign > 0 ? (double)foreign / ns : 0);
}

static const char *option(int count, char **words, const char *name, const char *otherwise) {
  size_t len = strlen(name);
  for (int i = 0; i < count; i++) {
    if (strncmp(words[i], name, len) == 0 && words[i][len] == '=') return words[i] + len + 1;
  }
  return otherwise;
}

static bool init(load *l, int count, char **words) {
  l->settings.port = (uint16_t)strtoul(words[1], NULL, 10);
  l->each = strcmp(option(count, words, "kind", "messages"), "handshakes") == 0;
  l->count = (uint32_t)strtoul(option(count, words, "ways", "100"), NULL, 10);
  l->run = (uint32_t)now_us() ^ (uint32_t)getpid() << 20;
  if (!way_find_kind(option(count, words, "transport", "udp"), &l->settings.kind)) return false;
  l->settings.tls = SSL_CTX_new(TLS_client_method()); /* whoever answers is trusted */
  l->epoll = epoll_create1(0);
  l->ways = calloc(l->count, sizeof *l->ways);
  l->sent_at = calloc(l->count, sizeof *l->sent_at);
  return l->settings.tls && l->epoll >= 0 && l->ways && l->sent_at;
}

int main(int count, char **words) {
  static load l;
  static usage server;
  if (count < 3 || !init(&l, count, words)) {
    fputs("load PORT SESSION [transport= kind= ways= warm= time=]\n", stderr);
    return EXIT_FAILURE;
  }
  usage_find(&server, (int)strtol(words[2], NULL, 10));
  for (uint32_t i = 0; i < l.count; i++) begin(&l, i);
  measure(&l, &server, (int64_t)(strtod(option(count, words, "warm", "1"), NULL) * US_PER_S),
          (int64_t)(strtod(option(count, words, "time", "3"), NULL) * US_PER_S));
  return EXIT_SUCCESS;
}
