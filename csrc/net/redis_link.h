/* SPDX-License-Identifier: MIT
 *
 * One connection to a Redis server, by hiredis under libuv, and what redis.c shares with it. It
 * outlives its server by as long as hiredis and libuv need to let go of it.
 */
#ifndef MOONSIP_NET_REDIS_LINK_H
#define MOONSIP_NET_REDIS_LINK_H

#include "net/redis.h"
#include "net/state.h"

#ifdef HAVE_HIREDIS

enum { NET_REDIS_REASON_MAX = 128 };

struct redisAsyncContext;

typedef struct net_redis_link {
  sip_link link; /* of the server's */
  uv_poll_t poll;
  int events;
  net_loop *loop;
  net_redis *redis; /* NULL: that was freed */
  struct redisAsyncContext *hiredis;
  int greetings; /* AUTH and SELECT that were not answered yet */
  bool is_open;  /* connected, and greeted */
  const char *name;
  char reason[NET_REDIS_REASON_MAX]; /* why it was given up by us; else hiredis says */
} net_redis_link;

/* In the list of its server from the asking to the answer. What hiredis was given comes back in
 * the same order. */
typedef struct net_redis_entry {
  sip_link link; /* alone once the server is gone */
  sip_alloc *alloc;
  sip_id id;
  sip_time until;
  char *text; /* NULL: hiredis has it */
  int len;
} net_redis_entry;

struct net_redis {
  sip_link link; /* of the loop's */
  net_loop *loop;
  net_redis_config config;
  sip_packet *host, *password; /* with a NUL at the end */
  net_redis_link *connection;  /* that commands go by, or NULL */
  sip_link links;              /* that one, and those that are being let go */
  bool is_resolving;
  sip_link commands;
  sip_link failed; /* no connection got them, and nobody was told yet */
  char reason[NET_REDIS_REASON_MAX];
  uint32_t count;
  sip_timer timer; /* of the oldest command */
};

/* Begins to connect, and greets with password and database: the server's connection. NULL, or
 * why it cannot be, valid until the next call. */
const char *net_redis_link_open(net_redis *redis, const sip_sockaddr *address);
/* Sends a command, or leaves it to its deadline without memory. */
void net_redis_link_send(net_redis_link *link, net_redis_entry *command);
/* Gives it up: those who wait for it are told why, and the next command opens another. name NULL:
 * by how far it had come. */
void net_redis_link_give_up(net_redis_link *link, const char *name, const char *reason);
/* True when the other side has closed it, though no turn has told so yet. */
bool net_redis_link_is_closed(const net_redis_link *link);
/* Nobody is told any more. */
void net_redis_link_abandon(net_redis_link *link);

/* Of redis.c: tells who asked, who may free the server in the call; and forgets a command. */
void net_redis_answered(net_redis *redis, net_redis_entry *command, const net_redis_answer *what);
void net_redis_forget(net_redis_entry *command);

#endif

#endif
