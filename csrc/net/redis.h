/* SPDX-License-Identifier: MIT
 *
 * A Redis server on the loop, by hiredis: one connection, opened by the first command and
 * again when it is lost, on which commands follow each other without waiting for replies.
 * Every command gets one answer, within a turn and never from inside the asking, at the latest
 * at its deadline. Without the library there is none of it.
 */
#ifndef MOONSIP_NET_REDIS_H
#define MOONSIP_NET_REDIS_H

#include "net/loop.h"

typedef struct net_redis net_redis;
struct redisReply;

/* The reply, or why there is none: OPEN, no connection; IO, lost, and whether the command was
 * carried out is not known; COMMAND, the server refuses us. All valid during the call. */
typedef struct net_redis_answer {
  const struct redisReply *reply; /* NULL: */
  const char *name;
  const char *reason;
} net_redis_answer;

typedef void (*net_redis_fn)(void *context, sip_id id, const net_redis_answer *answer);

typedef struct net_redis_config {
  const char *host; /* a name or an address; copied, as the password is */
  uint16_t port;
  const char *password; /* NULL: none */
  int database;
  uint32_t timeout_ms; /* from a command to its reply, a connection in between too */
  uint32_t waiting;    /* most commands at a time */
  net_redis_fn answered;
  void *context;
} net_redis_config;

typedef struct net_redis_words {
  int count;
  const char **words;
  const size_t *lengths;
} net_redis_words;

/* 0 or SIP_E_MEMORY. */
int net_redis_new(net_loop *loop, const net_redis_config *config, net_redis **out);
/* Closes the connection; nobody gets an answer any more. Legal in `answered`. */
void net_redis_free(net_redis *redis);

/* SIP_E_LIMIT when too many wait, SIP_E_MEMORY: there will be no answer then. */
int net_redis_command(net_redis *redis, sip_id id, const net_redis_words *words);

/* For the loop: answers that wait to be told, a deadline that has come, and its end. */
void net_redis_tell(net_loop *loop);
void net_redis_expire(sip_timer *timer, net_loop *loop);
void net_redis_close_all(net_loop *loop);

#endif
