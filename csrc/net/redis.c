/* SPDX-License-Identifier: MIT
 *
 * A command is in the list of its server from the asking to the answer, and what hiredis was
 * given comes back in the same order. A link is one connection: it outlives its server by
 * as long as hiredis and libuv need to let go of it.
 */
#include "net/redis.h"

#ifdef HAVE_HIREDIS

#include <errno.h>
#include <hiredis/async.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "net/sigpipe.h"
#include "net/state.h"

enum { REASON_MAX = 128, IP_MAX = 64 };

typedef struct redis_link {
  sip_link link; /* of the server's */
  uv_poll_t poll;
  int events;
  net_loop *loop;
  net_redis *redis; /* NULL: that was freed */
  redisAsyncContext *hiredis;
  int greetings; /* AUTH and SELECT that were not answered yet */
  bool is_open;  /* connected, and greeted */
  const char *name;
  char reason[REASON_MAX]; /* why it was given up by us; else hiredis says */
} redis_link;

typedef struct redis_command {
  sip_link link; /* of the server's; alone once that is gone */
  sip_alloc *alloc;
  sip_id id;
  sip_time until;
  char *text; /* NULL: hiredis has it */
  int len;
} redis_command;

struct net_redis {
  sip_link link; /* of the loop's */
  net_loop *loop;
  net_redis_config config;
  sip_packet *host, *password; /* with a NUL at the end */
  redis_link *connection;      /* that commands go by, or NULL */
  sip_link links;              /* that one, and those that are being let go */
  bool is_resolving;
  sip_link commands;
  sip_link failed; /* no connection got them, and nobody was told yet */
  char reason[REASON_MAX];
  uint32_t count;
  sip_timer timer; /* of the oldest command */
};

/* --- Commands ---------------------------------------------------------------------- */

static void free_command(redis_command *command) {
  if (command->text) redisFreeCommand(command->text);
  sip_alloc_free(command->alloc, command, sizeof *command);
}

static redis_command *first_of(const net_redis *redis) {
  return SIP_CONTAINER(redis->commands.next, redis_command, link);
}

static void start_timer(net_redis *redis) {
  sip_wheel *wheel = &redis->loop->wheel;
  sip_timer_stop(wheel, &redis->timer);
  if (!sip_link_alone(&redis->commands)) {
    sip_timer_start(wheel, &redis->timer, first_of(redis)->until);
  }
}

/* The last that is done for it: who asked may free the server in the call. */
static void answer(net_redis *redis, redis_command *command, const net_redis_answer *what) {
  sip_id id = command->id;
  sip_link_remove(&command->link);
  redis->count--;
  redis->loop->counts.commands--;
  free_command(command);
  if (sip_link_alone(&redis->commands)) sip_timer_stop(&redis->loop->wheel, &redis->timer);
  redis->config.answered(redis->config.context, id, what);
}

/* --- libuv under hiredis -------------------------------------------------------------- */

static void on_ready(uv_poll_t *poll, int status, int events) {
  redis_link *link = poll->data;
  if (status < 0) events = UV_READABLE | UV_WRITABLE; /* read and write say what is wrong */
  if (link->hiredis && events & UV_READABLE) redisAsyncHandleRead(link->hiredis);
  if (!link->hiredis || !(events & UV_WRITABLE)) return;
  net_sigpipe held;
  net_sigpipe_hold(&held);
  redisAsyncHandleWrite(link->hiredis);
  net_sigpipe_release(&held);
}

static void watch(redis_link *link, int events) {
  link->events = events;
  if (events) {
    uv_poll_start(&link->poll, events, on_ready);
  } else {
    uv_poll_stop(&link->poll);
  }
}

static void add_read(void *link) {
  watch(link, ((redis_link *)link)->events | UV_READABLE);
}

static void remove_read(void *link) {
  watch(link, ((redis_link *)link)->events & ~UV_READABLE);
}

static void add_write(void *link) {
  watch(link, ((redis_link *)link)->events | UV_WRITABLE);
}

static void remove_write(void *link) {
  watch(link, ((redis_link *)link)->events & ~UV_WRITABLE);
}

static void free_link(uv_handle_t *handle) {
  redis_link *link = handle->data;
  sip_alloc_free(&link->loop->alloc, link, sizeof *link);
}

/* hiredis is about to free its context, and has told everybody. */
static void clean_up(void *data) {
  redis_link *link = data;
  link->hiredis = NULL;
  sip_link_remove(&link->link);
  uv_close((uv_handle_t *)&link->poll, free_link);
}

/* --- Losing a connection ---------------------------------------------------------------- */

/* From now on it is nobody's: the next command opens another. */
static void leave(redis_link *link) {
  if (link->redis && link->redis->connection == link) link->redis->connection = NULL;
}

static net_redis_answer failure_of(const redis_link *link) {
  const redisAsyncContext *hiredis = link->hiredis;
  const char *reason = link->reason;
  if (!*reason) reason = hiredis->errstr && *hiredis->errstr ? hiredis->errstr : "connection lost";
  const char *name = link->is_open ? "IO" : "OPEN";
  return (net_redis_answer){.name = link->name ? link->name : name, .reason = reason};
}

/* Gives it up: those who wait for it are told why. */
static void give_up(redis_link *link, const char *name, const char *reason) {
  link->name = name;
  snprintf(link->reason, sizeof link->reason, "%s", reason);
  leave(link);
  redisAsyncFree(link->hiredis);
}

/* Those that no connection has got: told at the end of the turn. */
static void fail_waiting(net_redis *redis, const char *reason) {
  snprintf(redis->reason, sizeof redis->reason, "%s", reason);
  sip_link kept;
  sip_link_init(&kept);
  while (!sip_link_alone(&redis->commands)) {
    redis_command *command = first_of(redis);
    sip_link_remove(&command->link);
    sip_link_append(command->text ? &redis->failed : &kept, &command->link);
  }
  while (!sip_link_alone(&kept)) {
    sip_link *link = kept.next;
    sip_link_remove(link);
    sip_link_append(&redis->commands, link);
  }
  start_timer(redis);
  redis->loop->is_woken = true;
}

/* Any that has some. */
static net_redis *with_failed(const net_loop *loop) {
  const sip_link *head = &loop->redises;
  for (sip_link *link = head->next; link != head; link = link->next) {
    net_redis *redis = SIP_CONTAINER(link, net_redis, link);
    if (!sip_link_alone(&redis->failed)) return redis;
  }
  return NULL;
}

void net_redis_tell(net_loop *loop) {
  net_redis *redis;
  while ((redis = with_failed(loop)) != NULL) { /* the call may free it */
    char reason[REASON_MAX];
    snprintf(reason, sizeof reason, "%s", redis->reason);
    redis_command *command = SIP_CONTAINER(redis->failed.next, redis_command, link);
    answer(redis, command, &(net_redis_answer){.name = "OPEN", .reason = reason});
  }
}

/* --- Having one ----------------------------------------------------------------------- */

static void on_reply(redisAsyncContext *hiredis, void *reply, void *data) {
  redis_link *link = hiredis->data;
  redis_command *command = data;
  if (!reply) leave(link);
  if (!link->redis) {
    free_command(command);
    return;
  }
  net_redis_answer what = {.reply = reply};
  if (!reply) what = failure_of(link);
  answer(link->redis, command, &what);
}

static void on_connected(const redisAsyncContext *hiredis, int status) {
  redis_link *link = hiredis->data;
  if (status != REDIS_OK) {
    leave(link);
  } else {
    link->is_open = link->greetings == 0;
  }
}

static void on_disconnected(const redisAsyncContext *hiredis, int status) {
  (void)status;
  leave(hiredis->data);
}

static void on_greeted(redisAsyncContext *hiredis, void *data, void *ignored) {
  (void)ignored;
  redis_link *link = hiredis->data;
  const redisReply *reply = data;
  if (!reply || !link->redis) return;
  if (reply->type == REDIS_REPLY_ERROR) {
    give_up(link, "COMMAND", reply->str);
  } else if (--link->greetings == 0) {
    link->is_open = true;
  }
}

/* Who we are, and which database we mean: the first commands of a connection. */
static int greet(redis_link *link) {
  const net_redis_config *config = &link->redis->config;
  int error = REDIS_OK;
  if (config->password) {
    link->greetings++;
    error = redisAsyncCommand(link->hiredis, on_greeted, NULL, "AUTH %s", config->password);
  }
  if (config->database != 0 && error == REDIS_OK) {
    link->greetings++;
    error = redisAsyncCommand(link->hiredis, on_greeted, NULL, "SELECT %d", config->database);
  }
  return error;
}

static void give(redis_link *link, redis_command *command) {
  int error = redisAsyncFormattedCommand(link->hiredis, on_reply, command, command->text,
                                         (size_t)command->len);
  if (error != REDIS_OK) return; /* no memory: it runs into its deadline */
  redisFreeCommand(command->text);
  command->text = NULL;
}

static void send_waiting(net_redis *redis) {
  const sip_link *head = &redis->commands;
  for (sip_link *link = head->next; link != head && redis->connection; link = link->next) {
    redis_command *command = SIP_CONTAINER(link, redis_command, link);
    if (command->text) give(redis->connection, command);
  }
}

/* NULL without memory; else what hiredis says of it. */
static redis_link *new_link(net_redis *redis, redisAsyncContext *hiredis) {
  net_loop *loop = redis->loop;
  redis_link *link = sip_alloc_zero(&loop->alloc, sizeof *link);
  if (!link) return NULL;
  link->loop = loop;
  link->redis = redis;
  if (uv_poll_init(&loop->uv, &link->poll, hiredis->c.fd) != 0) {
    sip_alloc_free(&loop->alloc, link, sizeof *link);
    return NULL;
  }
  link->poll.data = link;
  link->hiredis = hiredis;
  sip_link_init(&link->link);
  sip_link_append(&redis->links, &link->link);
  hiredis->data = hiredis->ev.data = link;
  hiredis->ev.addRead = add_read;
  hiredis->ev.delRead = remove_read;
  hiredis->ev.addWrite = add_write;
  hiredis->ev.delWrite = remove_write;
  hiredis->ev.cleanup = clean_up;
  redisAsyncSetConnectCallback(hiredis, on_connected);
  redisAsyncSetDisconnectCallback(hiredis, on_disconnected);
  return link;
}

static void connect_to(net_redis *redis, const sip_sockaddr *address) {
  char ip[IP_MAX];
  sip_buffer out = {.ptr = ip, .size = sizeof ip - 1, .max = sizeof ip - 1};
  sip_sockaddr_write_ip(address, &out);
  ip[out.len] = '\0';
  redisAsyncContext *hiredis = redisAsyncConnect(ip, redis->config.port);
  redis_link *link = hiredis && !hiredis->err ? new_link(redis, hiredis) : NULL;
  if (!link) {
    fail_waiting(redis, hiredis && hiredis->err ? hiredis->errstr : "not enough memory");
    if (hiredis) redisAsyncFree(hiredis);
    return;
  }
  redis->connection = link;
  if (greet(link) == REDIS_OK) send_waiting(redis);
}

static void look_up(net_redis *redis, bool is_of_files);

/* The hosts file, then the DNS. */
static void on_resolved(const net_question *question, const sip_dns_answer *answered) {
  net_redis *redis = question->context;
  redis->is_resolving = false;
  if (answered->count > 0) {
    connect_to(redis, &answered->records[0].address);
  } else if (question->is_of_files) {
    look_up(redis, false);
  } else {
    fail_waiting(redis, answered->error ? "its name could not be looked up" : "no such name");
  }
}

static void look_up(net_redis *redis, bool is_of_files) {
  net_question question = {
      .type = SIP_DNS_A,
      .is_of_files = is_of_files,
      .host = sip_str_make(redis->config.host, strlen(redis->config.host)),
      .done = on_resolved,
      .context = redis,
  };
  redis->is_resolving = net_resolve(redis->loop, &question) == 0;
  if (!redis->is_resolving) fail_waiting(redis, "its name could not be looked up");
}

static void open_connection(net_redis *redis) {
  sip_str host = sip_str_make(redis->config.host, strlen(redis->config.host));
  sip_sockaddr address;
  if (redis->is_resolving) return;
  if (sip_sockaddr_parse(host, redis->config.port, &address)) {
    connect_to(redis, &address);
    return;
  }
  look_up(redis, true);
}

/* One that nothing is waited for by may have been closed in the meantime, which the next turn
 * would tell: a command is not to be lost for that. */
static void drop_if_closed(net_redis *redis) {
  redis_link *link = redis->connection;
  char byte;
  if (!link || !link->is_open || !sip_link_alone(&redis->commands)) return;
  ssize_t got = recv(link->hiredis->c.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  bool is_quiet = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  if (!is_quiet) give_up(link, "IO", "connection lost");
}

/* --- Its face ---------------------------------------------------------------------------- */

static sip_packet *copy_of(net_loop *loop, const char *text) {
  return text ? sip_packet_copy(&loop->alloc, sip_str_make(text, strlen(text) + 1)) : NULL;
}

int net_redis_new(net_loop *loop, const net_redis_config *config, net_redis **out) {
  net_redis *redis = sip_alloc_zero(&loop->alloc, sizeof *redis);
  if (!redis) return SIP_E_MEMORY;
  redis->loop = loop;
  redis->config = *config;
  redis->host = copy_of(loop, config->host);
  redis->password = copy_of(loop, config->password);
  sip_link_init(&redis->link);
  sip_link_init(&redis->links);
  sip_link_init(&redis->commands);
  sip_link_init(&redis->failed);
  sip_timer_init(&redis->timer);
  redis->timer.kind = NET_TIMER_REDIS;
  sip_link_append(&loop->redises, &redis->link);
  if (!redis->host || (config->password && !redis->password)) {
    net_redis_free(redis);
    return SIP_E_MEMORY;
  }
  redis->config.host = redis->host->bytes;
  if (redis->password) redis->config.password = redis->password->bytes;
  *out = redis;
  return 0;
}

/* What hiredis has of them is freed when it lets go of its own. */
static void drop_all(net_redis *redis, sip_link *commands) {
  while (!sip_link_alone(commands)) {
    redis_command *command = SIP_CONTAINER(commands->next, redis_command, link);
    sip_link_remove(&command->link);
    redis->loop->counts.commands--;
    if (command->text) free_command(command);
  }
}

void net_redis_free(net_redis *redis) {
  net_loop *loop = redis->loop;
  drop_all(redis, &redis->commands);
  drop_all(redis, &redis->failed);
  sip_timer_stop(&loop->wheel, &redis->timer);
  net_resolve_forget(loop, redis);
  redis_link *connection = redis->connection;
  while (!sip_link_alone(&redis->links)) {
    redis_link *link = SIP_CONTAINER(redis->links.next, redis_link, link);
    sip_link_remove(&link->link);
    link->redis = NULL;
  }
  if (connection) redisAsyncFree(connection->hiredis);
  sip_link_remove(&redis->link);
  sip_packet_release(redis->host);
  sip_packet_release(redis->password);
  sip_alloc_free(&loop->alloc, redis, sizeof *redis);
}

int net_redis_command(net_redis *redis, sip_id id, const net_redis_words *words) {
  net_loop *loop = redis->loop;
  if (redis->count >= redis->config.waiting) return SIP_E_LIMIT;
  redis_command *command = sip_alloc_zero(&loop->alloc, sizeof *command);
  if (!command) return SIP_E_MEMORY;
  sip_link_init(&command->link);
  command->alloc = &loop->alloc;
  command->id = id;
  command->until = net_loop_now(loop) + redis->config.timeout_ms;
  command->len = redisFormatCommandArgv(&command->text, words->count, words->words, words->lengths);
  if (command->len < 0) {
    command->text = NULL;
    free_command(command);
    return SIP_E_MEMORY;
  }
  drop_if_closed(redis);
  redis->count++;
  loop->counts.commands++;
  sip_link_append(&redis->commands, &command->link);
  if (!sip_timer_started(&redis->timer)) start_timer(redis);
  if (redis->connection) {
    give(redis->connection, command);
  } else {
    open_connection(redis);
  }
  return 0;
}

void net_redis_expire(sip_timer *timer, net_loop *loop) {
  net_redis *redis = SIP_CONTAINER(timer, net_redis, timer);
  if (sip_link_alone(&redis->commands)) return;
  if (first_of(redis)->until > net_loop_now(loop)) {
    start_timer(redis);
    return;
  }
  char reason[REASON_MAX];
  snprintf(reason, sizeof reason, "no reply within %u ms", (unsigned)redis->config.timeout_ms);
  fail_waiting(redis, reason);
  if (redis->connection) give_up(redis->connection, NULL, reason);
}

void net_redis_close_all(net_loop *loop) {
  while (!sip_link_alone(&loop->redises)) {
    net_redis_free(SIP_CONTAINER(loop->redises.next, net_redis, link));
  }
}

#else

void net_redis_tell(net_loop *loop) {
  (void)loop;
}

void net_redis_expire(sip_timer *timer, net_loop *loop) {
  (void)timer;
  (void)loop;
}

void net_redis_close_all(net_loop *loop) {
  (void)loop;
}

#endif
