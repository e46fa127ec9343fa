/* SPDX-License-Identifier: MIT
 *
 * HTTP as client: libcurl's multi interface on the loop's descriptors and wheel. Without
 * the library nothing can be asked.
 */
#ifndef MOONSIP_NET_HTTP_CLIENT_H
#define MOONSIP_NET_HTTP_CLIENT_H

#include "net/loop.h"

typedef struct net_http_client net_http_client;

typedef struct net_http_wish {
  const char *method;
  const char *url;           /* of http or https */
  const char *const *fields; /* lines without their end; NULL-terminated */
  sip_str body;
  bool has_body;
  uint32_t timeout_ms;     /* for all of it */
  size_t max_body;         /* bytes of the answer */
  uint32_t max_redirects;  /* 0: an answer 3xx is the answer */
  const char *authorities; /* file of those we trust; NULL: the system's */
} net_http_wish;

/* error 0, or negative: SIP_E_TIMEOUT, SIP_E_LIMIT (the answer is too long), SIP_E_DNS,
 * SIP_E_CERTIFICATE, SIP_E_TLS, SIP_E_TRANSPORT, SIP_E_URI, SIP_E_MEMORY; `why` is for
 * people. Valid during the call. */
typedef struct net_http_result {
  int error;
  const char *why;
  int status;
  sip_str fields; /* lines of the last head, with their ends */
  sip_str body;
} net_http_result;

typedef void (*net_http_done_fn)(void *context, sip_id id, const net_http_result *result);

/* Whether the library was there when this was built. */
bool net_http_client_is_built(void);

/* Asks; `done` is called in a turn, never in here. All is copied. *id is for
 * net_http_cancel. SIP_E_STATE without the library, SIP_E_MEMORY, SIP_E_LIMIT, SIP_E_URI. */
int net_http_ask(net_loop *loop, const net_http_wish *wish, net_http_done_fn done, void *context,
                 sip_id *id);
/* `done` is not called any more. */
void net_http_cancel(net_loop *loop, sip_id id);

/* Hands answers out. */
void net_http_client_tell(net_loop *loop);
void net_http_client_expire(sip_timer *timer, net_loop *loop);
void net_http_client_close(net_loop *loop);

#endif
