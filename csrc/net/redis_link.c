/* SPDX-License-Identifier: MIT
 *
 * hiredis is told when its descriptor is ready, and calls back with replies; at the end of a
 * connection it calls back for every command that it still has, and then lets go.
 */
#include "net/redis_link.h"

#ifdef HAVE_HIREDIS

#include <errno.h>
#include <hiredis/async.h>
#include <stdio.h>
#include <sys/socket.h>

#include "net/sigpipe.h"

enum { IP_MAX = 64 };

/* --- libuv under hiredis -------------------------------------------------------------- */

static void on_ready(uv_poll_t *poll, int status, int events) {
  net_redis_link *link = poll->data;
  if (status < 0) events = UV_READABLE | UV_WRITABLE; /* read and write say what is wrong */
  if (link->hiredis && events & UV_READABLE) redisAsyncHandleRead(link->hiredis);
  if (!link->hiredis || !(events & UV_WRITABLE)) return;
  net_sigpipe held;
  net_sigpipe_hold(&held);
  redisAsyncHandleWrite(link->hiredis);
  net_sigpipe_release(&held);
}

static void watch(net_redis_link *link, int events) {
  link->events = events;
  if (events) {
    uv_poll_start(&link->poll, events, on_ready);
  } else {
    uv_poll_stop(&link->poll);
  }
}

static void add_read(void *link) {
  watch(link, ((net_redis_link *)link)->events | UV_READABLE);
}

static void remove_read(void *link) {
  watch(link, ((net_redis_link *)link)->events & ~UV_READABLE);
}

static void add_write(void *link) {
  watch(link, ((net_redis_link *)link)->events | UV_WRITABLE);
}

static void remove_write(void *link) {
  watch(link, ((net_redis_link *)link)->events & ~UV_WRITABLE);
}

static void free_link(uv_handle_t *handle) {
  net_redis_link *link = handle->data;
  sip_alloc_free(&link->loop->alloc, link, sizeof *link);
}

/* hiredis is about to free its context, and has told everybody. */
static void clean_up(void *data) {
  net_redis_link *link = data;
  link->hiredis = NULL;
  sip_link_remove(&link->link);
  uv_close((uv_handle_t *)&link->poll, free_link);
}

/* --- Losing it ------------------------------------------------------------------------ */

/* From now on it is nobody's: the next command opens another. */
static void leave(net_redis_link *link) {
  if (link->redis && link->redis->connection == link) link->redis->connection = NULL;
}

static net_redis_answer failure_of(const net_redis_link *link) {
  const redisAsyncContext *hiredis = link->hiredis;
  const char *reason = link->reason;
  if (!*reason) reason = hiredis->errstr && *hiredis->errstr ? hiredis->errstr : "connection lost";
  const char *name = link->is_open ? "IO" : "OPEN";
  return (net_redis_answer){.name = link->name ? link->name : name, .reason = reason};
}

void net_redis_link_give_up(net_redis_link *link, const char *name, const char *reason) {
  link->name = name;
  snprintf(link->reason, sizeof link->reason, "%s", reason);
  leave(link);
  redisAsyncFree(link->hiredis);
}

bool net_redis_link_is_closed(const net_redis_link *link) {
  char byte;
  ssize_t got = recv(link->hiredis->c.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK); /* nobody asked for a byte */
}

void net_redis_link_abandon(net_redis_link *link) {
  sip_link_remove(&link->link);
  link->redis = NULL;
}

/* --- What hiredis tells ------------------------------------------------------------------ */

static void on_reply(redisAsyncContext *hiredis, void *reply, void *data) {
  net_redis_link *link = hiredis->data;
  net_redis_entry *command = data;
  if (!reply) leave(link);
  if (!link->redis) {
    net_redis_forget(command);
    return;
  }
  net_redis_answer what = {.reply = reply};
  if (!reply) what = failure_of(link);
  net_redis_answered(link->redis, command, &what);
}

static void on_connected(const redisAsyncContext *hiredis, int status) {
  net_redis_link *link = hiredis->data;
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
  net_redis_link *link = hiredis->data;
  const redisReply *reply = data;
  if (!reply || !link->redis) return;
  if (reply->type == REDIS_REPLY_ERROR) {
    net_redis_link_give_up(link, "COMMAND", reply->str);
  } else if (--link->greetings == 0) {
    link->is_open = true;
  }
}

/* Who we are, and which database we mean: the first commands of a connection. */
static int greet(net_redis_link *link) {
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

void net_redis_link_send(net_redis_link *link, net_redis_entry *command) {
  int error = redisAsyncFormattedCommand(link->hiredis, on_reply, command, command->text,
                                         (size_t)command->len);
  if (error != REDIS_OK) return; /* no memory: it runs into its deadline */
  redisFreeCommand(command->text);
  command->text = NULL;
}

/* --- Opening it ------------------------------------------------------------------------- */

/* NULL without memory; else what hiredis says of it. */
static net_redis_link *new_link(net_redis *redis, redisAsyncContext *hiredis) {
  net_loop *loop = redis->loop;
  net_redis_link *link = sip_alloc_zero(&loop->alloc, sizeof *link);
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

const char *net_redis_link_open(net_redis *redis, const sip_sockaddr *address) {
  char ip[IP_MAX];
  sip_buffer out = {.ptr = ip, .size = sizeof ip - 1, .max = sizeof ip - 1};
  sip_sockaddr_write_ip(address, &out);
  ip[out.len] = '\0';
  redisAsyncContext *hiredis = redisAsyncConnect(ip, redis->config.port);
  if (!hiredis) return "not enough memory";
  net_redis_link *link = hiredis->err ? NULL : new_link(redis, hiredis);
  if (link) {
    redis->connection = link;
    return greet(link) == REDIS_OK ? NULL : "not enough memory";
  }
  snprintf(redis->reason, sizeof redis->reason, "%s",
           hiredis->err ? hiredis->errstr : "not enough memory");
  redisAsyncFree(hiredis);
  return redis->reason;
}

#endif
