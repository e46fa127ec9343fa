/* SPDX-License-Identifier: MIT
 *
 * load PORT SESSION [name=value ...]: calls a server on 127.0.0.1 over UDP and
 * prints what each request, or call, has cost the processes of that session.
 *
 *   kind=options     or call: INVITE, 200, ACK, BYE, 200; or register, proven: REGISTER
 *                    without and with digest credentials, of `users` users in turn
 *   user=s           user part of the Request-URI
 *   rate=0           requests or calls begun per second; 0: saturated, `open` at a time
 *   open=30          how many at a time, at most
 *   users=10000      that register
 *   warm=1 time=3    seconds before and in the window that is measured
 *   beside=SESSION   of programs that belong to the load: they disturb nobody
 *
 * At a rate it spins instead of sleeping: a sleeper would have to be woken by the
 * server's reply, at the server's cost.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "message.h"
#include "socket.h"
#include "usage.h"

enum {
  US_PER_S = 1000000,
  RESEND_US = 500 * 1000, /* T1; every repetition waits the same: none is the rule */
  RESENDS_MAX = 7,
  LINGER_US = 4 * US_PER_S, /* for what is open when the window ends */
  IDLE_WAIT_MS = 2,
  STARTS_PER_TURN = 64,
  RATE_OPEN = 100000 /* at a rate */
};

typedef enum call_state { CALL_FREE, CALL_BEGUN, CALL_ENDING } call_state;

typedef struct call {
  message_dialog dialog;
  call_state state;
  int resends;
} call;

/* Deadlines all lie RESEND_US ahead, so a queue keeps them in order. */
typedef struct deadline {
  int64_t at_us;
  uint32_t index, generation;
  call_state state;
} deadline;

enum { DEADLINES = 1 << 21 };

typedef struct tally {
  uint64_t begun, succeeded, failed, resent;
} tally;

typedef struct load {
  message_peers peers;
  message_kind first; /* OPTIONS, INVITE or REGISTER */
  uint32_t users, next_user;
  double rate;
  uint32_t open_max;
  int64_t warm_us, time_us;
  load_socket *socket;
  call *calls;
  uint32_t *free_calls;
  uint32_t free_count;
  deadline *deadlines;
  uint32_t first_deadline, next_deadline; /* modulo DEADLINES */
  tally tally;
} load;

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / 1000;
}

/* --- Calls ------------------------------------------------------------------------ */

static void send_request(load *l, call *c, message_kind kind) {
  char *room = socket_room(l->socket);
  socket_queue(l->socket, message_write(room, kind, &l->peers, &c->dialog));
}

static void set_deadline(load *l, const call *c, int64_t now) {
  uint32_t at = l->next_deadline++ % DEADLINES;
  l->deadlines[at] = (deadline){now + RESEND_US, c->dialog.index, c->dialog.generation, c->state};
}

static void begin(load *l, int64_t now) {
  call *c = &l->calls[l->free_calls[--l->free_count]];
  c->dialog.generation++;
  c->dialog.user = l->next_user++ % l->users;
  c->dialog.tag[0] = c->dialog.target[0] = c->dialog.route[0] = 0;
  c->state = CALL_BEGUN;
  c->resends = 0;
  l->tally.begun++;
  send_request(l, c, l->first);
  set_deadline(l, c, now);
}

static void finish(load *l, call *c, bool succeeded) {
  c->state = CALL_FREE;
  l->free_calls[l->free_count++] = c->dialog.index;
  if (succeeded) {
    l->tally.succeeded++;
  } else {
    l->tally.failed++;
  }
}

static void answered(load *l, call *c, const message_reply *reply, int64_t now) {
  memcpy(c->dialog.tag, reply->tag, sizeof c->dialog.tag);
  memcpy(c->dialog.target, reply->target, sizeof c->dialog.target);
  memcpy(c->dialog.route, reply->route, sizeof c->dialog.route);
  if (!*c->dialog.tag || !*c->dialog.target) {
    finish(l, c, false);
    return;
  }
  send_request(l, c, MESSAGE_ACK);
  send_request(l, c, MESSAGE_BYE);
  c->state = CALL_ENDING;
  c->resends = 0;
  set_deadline(l, c, now);
}

/* The first request of all, and one whose nonce is old: another takes its place. */
static void challenged(load *l, call *c, const message_reply *reply, int64_t now) {
  memcpy(l->peers.nonce, reply->nonce, sizeof l->peers.nonce);
  l->peers.nonce_count = 0;
  c->state = CALL_FREE;
  l->free_calls[l->free_count++] = c->dialog.index;
  begin(l, now);
}

static void take_reply(load *l, const char *text, int64_t now) {
  message_reply reply;
  if (!message_read(text, &reply) || reply.run != l->peers.run) return;
  if (reply.index >= l->open_max || reply.status < 200) return;
  call *c = &l->calls[reply.index];
  if (c->dialog.generation != reply.generation || c->state == CALL_FREE) return;
  bool is_ok = reply.status < 300;
  if (reply.status == 401 && *reply.nonce && l->first == MESSAGE_PROVEN_REGISTER) {
    challenged(l, c, &reply, now);
    return;
  }
  if (c->state == CALL_ENDING) {
    if (reply.is_of_bye) finish(l, c, is_ok);
  } else if (is_ok && l->first == MESSAGE_INVITE) {
    answered(l, c, &reply, now);
  } else {
    finish(l, c, is_ok);
  }
}

static void resend_due(load *l, int64_t now) {
  for (; l->first_deadline != l->next_deadline; l->first_deadline++) {
    deadline due = l->deadlines[l->first_deadline % DEADLINES];
    if (due.at_us > now) return;
    call *c = &l->calls[due.index];
    if (c->dialog.generation != due.generation || c->state != due.state) continue;
    if (c->resends++ == RESENDS_MAX) {
      finish(l, c, false);
      continue;
    }
    l->tally.resent++;
    send_request(l, c, c->state == CALL_ENDING ? MESSAGE_BYE : l->first);
    set_deadline(l, c, now);
  }
}

/* --- Turns ---------------------------------------------------------------------------- */

/* How many to begin now. */
static uint32_t wanted(load *l, double *credit, int64_t since_us) {
  uint32_t most = l->free_count < STARTS_PER_TURN ? l->free_count : STARTS_PER_TURN;
  if (l->rate == 0) return most;
  *credit += (double)since_us * l->rate / US_PER_S;
  double burst = l->rate / 100 > 4 ? l->rate / 100 : 4; /* what was missed stays missed */
  if (*credit > burst) *credit = burst;
  uint32_t count = (uint32_t)*credit < most ? (uint32_t)*credit : most;
  *credit -= count;
  return count;
}

static void turn(load *l, uint32_t to_begin, int64_t now) {
  for (uint32_t i = 0; i < to_begin; i++) begin(l, now);
  resend_due(l, now);
  socket_flush(l->socket);
  size_t got = socket_receive(l->socket);
  for (size_t i = 0; i < got; i++) take_reply(l, socket_text(l->socket, i), now);
  socket_flush(l->socket);
  if (got == 0 && to_begin == 0 && l->rate == 0) socket_wait(l->socket, IDLE_WAIT_MS);
}

static void run_for(load *l, int64_t span_us) {
  double credit = 0;
  int64_t before = now_us(), until = before + span_us;
  for (int64_t now = before; now < until; before = now, now = now_us()) {
    turn(l, wanted(l, &credit, now - before), now);
  }
}

static void let_end(load *l) {
  int64_t until = now_us() + LINGER_US;
  while (l->free_count < l->open_max && now_us() < until) turn(l, 0, now_us());
}

static void print_result(const load *l, uint64_t done, usage_sample spent, int64_t span_us) {
  double ns = (double)span_us * 1000;
  int64_t foreign = spent.everyone_ns - spent.server_ns - spent.own_ns;
  uint64_t failed = l->tally.failed + l->open_max - l->free_count;
  printf("done=%llu per_s=%.0f failed=%llu resent=%llu us=%.3f server=%.3f own=%.3f foreign=%.3f\n",
         (unsigned long long)done, (double)done * US_PER_S / (double)span_us,
         (unsigned long long)failed, (unsigned long long)l->tally.resent,
         done ? (double)spent.server_ns / 1000 / (double)done : 0, (double)spent.server_ns / ns,
         (double)spent.own_ns / ns, foreign > 0 ? (double)foreign / ns : 0);
}

/* Costs are those of the window; what fails or is sent again counts from start to end. */
static void measure(load *l, const usage *server, const usage *beside) {
  run_for(l, l->warm_us);
  uint64_t before = l->tally.succeeded;
  usage_sample from = usage_take(server, beside);
  int64_t from_us = now_us();
  run_for(l, l->time_us);
  usage_sample spent = usage_between(from, usage_take(server, beside));
  int64_t span_us = now_us() - from_us;
  uint64_t done = l->tally.succeeded - before;
  let_end(l);
  print_result(l, done, spent, span_us);
}

/* --- The command line -------------------------------------------------------------------- */

static const char *option(int count, char **words, const char *name, const char *otherwise) {
  size_t len = strlen(name);
  for (int i = 0; i < count; i++) {
    if (strncmp(words[i], name, len) == 0 && words[i][len] == '=') return words[i] + len + 1;
  }
  return otherwise;
}

static int64_t seconds(const char *text) {
  return (int64_t)(strtod(text, NULL) * US_PER_S);
}

static bool find_kind(const char *name, message_kind *kind) {
  static const struct {
    const char *name;
    message_kind kind;
  } kinds[] = {{"options", MESSAGE_OPTIONS},
               {"call", MESSAGE_INVITE},
               {"register", MESSAGE_REGISTER},
               {"proven", MESSAGE_PROVEN_REGISTER}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    if (strcmp(kinds[i].name, name) != 0) continue;
    *kind = kinds[i].kind;
    return true;
  }
  return false;
}

static bool init(load *l, int count, char **words) {
  uint16_t port = (uint16_t)strtoul(words[1], NULL, 10);
  l->rate = strtod(option(count, words, "rate", "0"), NULL);
  l->open_max = (uint32_t)strtoul(option(count, words, "open", "30"), NULL, 10);
  if (l->rate > 0) l->open_max = RATE_OPEN;
  l->warm_us = seconds(option(count, words, "warm", "1"));
  l->time_us = seconds(option(count, words, "time", "3"));
  l->users = (uint32_t)strtoul(option(count, words, "users", "10000"), NULL, 10);
  if (!find_kind(option(count, words, "kind", "options"), &l->first) || l->users == 0) return false;
  l->socket = socket_open(port);
  l->peers = (message_peers){.user = option(count, words, "user", "s"),
                             .server_port = port,
                             .port = socket_port(l->socket),
                             .run = (uint32_t)now_us() ^ (uint32_t)getpid() << 20};
  l->calls = calloc(l->open_max, sizeof *l->calls);
  l->free_calls = calloc(l->open_max, sizeof *l->free_calls);
  l->deadlines = calloc(DEADLINES, sizeof *l->deadlines);
  if (!l->calls || !l->free_calls || !l->deadlines) return false;
  for (uint32_t i = 0; i < l->open_max; i++) {
    l->calls[i].dialog.index = i;
    l->free_calls[l->free_count++] = l->open_max - 1 - i;
  }
  return true;
}

int main(int count, char **words) {
  if (count < 3) {
    fputs("load PORT SESSION [kind= user= rate= open= warm= time=]\n", stderr);
    return EXIT_FAILURE;
  }
  static load l;
  static usage server, beside;
  if (!init(&l, count, words)) return EXIT_FAILURE;
  usage_find(&server, (int)strtol(words[2], NULL, 10));
  if (server.count == 0) {
    fputs("no process has that session\n", stderr);
    return EXIT_FAILURE;
  }
  int session = (int)strtol(option(count, words, "beside", "0"), NULL, 10);
  if (session > 0) usage_find(&beside, session);
  measure(&l, &server, &beside);
  return EXIT_SUCCESS;
}
