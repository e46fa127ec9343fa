/* SPDX-License-Identifier: MIT
 *
 * Commands, and their ways to an answer: by the connection; at a deadline, which takes the
 * connection with it; or because there is none to be had.
 */
#include "net/redis.h"

#include "net/redis_link.h"

#ifdef HAVE_HIREDIS

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* --- Commands ---------------------------------------------------------------------- */

void net_redis_forget(net_redis_entry *command) {
  if (command->text) redisFreeCommand(command->text);
  sip_alloc_free(command->alloc, command, sizeof *command);
}

static net_redis_entry *first_of(const net_redis *redis) {
  return SIP_CONTAINER(redis->commands.next, net_redis_entry, link);
}

static void start_timer(net_redis *redis) {
  sip_wheel *wheel = &redis->loop->wheel;
  sip_timer_stop(wheel, &redis->timer);
  if (!sip_link_alone(&redis->commands)) {
    sip_timer_start(wheel, &redis->timer, first_of(redis)->until);
  }
}

/* The last that is done for it: who asked may free the server in the call. */
void net_redis_answered(net_redis *redis, net_redis_entry *command, const net_redis_answer *what) {
  sip_id id = command->id;
  sip_link_remove(&command->link);
  redis->count--;
  redis->loop->counts.commands--;
  net_redis_forget(command);
  if (sip_link_alone(&redis->commands)) sip_timer_stop(&redis->loop->wheel, &redis->timer);
  redis->config.answered(redis->config.context, id, what);
}

/* --- Failing ------------------------------------------------------------------------------ */

/* Those that no connection has got: told at the end of the turn. */
static void fail_waiting(net_redis *redis, const char *reason) {
  if (reason != redis->reason) snprintf(redis->reason, sizeof redis->reason, "%s", reason);
  sip_link kept;
  sip_link_init(&kept);
  while (!sip_link_alone(&redis->commands)) {
    net_redis_entry *command = first_of(redis);
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
    char reason[NET_REDIS_REASON_MAX];
    snprintf(reason, sizeof reason, "%s", redis->reason);
    net_redis_entry *command = SIP_CONTAINER(redis->failed.next, net_redis_entry, link);
    net_redis_answered(redis, command, &(net_redis_answer){.name = "OPEN", .reason = reason});
  }
}

/* --- Having a connection ------------------------------------------------------------------- */

static void send_waiting(net_redis *redis) {
  const sip_link *head = &redis->commands;
  for (sip_link *link = head->next; link != head && redis->connection; link = link->next) {
    net_redis_entry *command = SIP_CONTAINER(link, net_redis_entry, link);
    if (command->text) net_redis_link_send(redis->connection, command);
  }
}

static void connect_to(net_redis *redis, const sip_sockaddr *address) {
  const char *fault = net_redis_link_open(redis, address);
  if (!fault) {
    send_waiting(redis);
    return;
  }
  fail_waiting(redis, fault);
  if (redis->connection) net_redis_link_give_up(redis->connection, NULL, fault);
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
  net_redis_link *link = redis->connection;
  if (!link || !link->is_open || !sip_link_alone(&redis->commands)) return;
  if (net_redis_link_is_closed(link)) net_redis_link_give_up(link, NULL, "connection lost");
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
    net_redis_entry *command = SIP_CONTAINER(commands->next, net_redis_entry, link);
    sip_link_remove(&command->link);
    redis->loop->counts.commands--;
    if (command->text) net_redis_forget(command);
  }
}

void net_redis_free(net_redis *redis) {
  net_loop *loop = redis->loop;
  drop_all(redis, &redis->commands);
  drop_all(redis, &redis->failed);
  sip_timer_stop(&loop->wheel, &redis->timer);
  net_resolve_forget(loop, redis);
  net_redis_link *connection = redis->connection;
  while (!sip_link_alone(&redis->links)) {
    net_redis_link_abandon(SIP_CONTAINER(redis->links.next, net_redis_link, link));
  }
  if (connection) net_redis_link_give_up(connection, NULL, "");
  sip_link_remove(&redis->link);
  sip_packet_release(redis->host);
  sip_packet_release(redis->password);
  sip_alloc_free(&loop->alloc, redis, sizeof *redis);
}

int net_redis_command(net_redis *redis, sip_id id, const net_redis_words *words) {
  net_loop *loop = redis->loop;
  if (redis->count >= redis->config.waiting) return SIP_E_LIMIT;
  net_redis_entry *command = sip_alloc_zero(&loop->alloc, sizeof *command);
  if (!command) return SIP_E_MEMORY;
  sip_link_init(&command->link);
  command->alloc = &loop->alloc;
  command->id = id;
  command->until = net_loop_now(loop) + redis->config.timeout_ms;
  command->len = redisFormatCommandArgv(&command->text, words->count, words->words, words->lengths);
  if (command->len < 0) {
    command->text = NULL;
    net_redis_forget(command);
    return SIP_E_MEMORY;
  }
  drop_if_closed(redis);
  redis->count++;
  loop->counts.commands++;
  sip_link_append(&redis->commands, &command->link);
  if (!sip_timer_started(&redis->timer)) start_timer(redis);
  if (redis->connection) {
    net_redis_link_send(redis->connection, command);
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
  char reason[NET_REDIS_REASON_MAX];
  snprintf(reason, sizeof reason, "no reply within %u ms", (unsigned)redis->config.timeout_ms);
  fail_waiting(redis, reason);
  if (redis->connection) net_redis_link_give_up(redis->connection, NULL, reason);
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
