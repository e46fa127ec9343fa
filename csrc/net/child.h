/* SPDX-License-Identifier: MIT
 *
 * Programs run beside the loop: started without a shell, fed, read, and ended with
 * all they started. No SIGCHLD is taken: the program that hosts us may want it.
 */
#ifndef MOONSIP_NET_CHILD_H
#define MOONSIP_NET_CHILD_H

#include "base/list.h"
#include "base/slots.h"
#include "net/loop.h"

typedef struct net_children {
  sip_link running;
  sip_link ended; /* and not told */
} net_children;

/* How it ended. The strings are valid during the call. */
typedef struct net_child_end {
  int error;      /* SIP_E_LIMIT: more output than was allowed, so it was killed; or 0 */
  int status;     /* of exit, when signal is 0 */
  int signal;     /* that killed it */
  sip_str output; /* standard output */
  sip_str errors; /* the beginning of standard error, at most NET_CHILD_ERRORS_MAX */
} net_child_end;

enum { NET_CHILD_ERRORS_MAX = 8192, NET_CHILDREN_MAX = 256 };

/* Called once, within a turn, and never from inside net_child_start. */
typedef void (*net_child_fn)(void *context, sip_id id, const net_child_end *end);

typedef struct net_program {
  char *const *arguments;   /* ends with NULL; the first is looked for on the PATH */
  char *const *environment; /* "NAME=value", ends with NULL; NULL: that of this process */
  const char *folder;       /* to run in; NULL: that of this process */
  sip_str input;            /* for standard input, which then ends; copied */
  size_t output_max;        /* bytes of standard output */
  net_child_fn done;
  void *context;
  sip_id id; /* the caller's name for it, unique in the loop */
} net_program;

/* SIP_E_LIMIT past NET_CHILDREN_MAX at a time, SIP_E_MEMORY, or a system error: UV_ENOENT
 * when there is no such program. There will be no call then. */
int net_child_start(net_loop *loop, const net_program *program);

/* Kills it and its process group; how it ended is told as ever. SIP_E_GONE when it has
 * ended. */
int net_child_kill(net_loop *loop, sip_id id);

/* Hands ends out. */
void net_child_tell(net_loop *loop);
/* Kills all of them and tells nobody. */
void net_child_close_all(net_loop *loop);

#endif
