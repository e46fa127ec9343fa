/* SPDX-License-Identifier: MIT
 *
 * HTTP/1.1 on a stream, as server (RFC 9112): one request after the other, each of which
 * its user answers, now or later. Bounded in what it holds and in how long it waits.
 */
#ifndef MOONSIP_NET_HTTP_H
#define MOONSIP_NET_HTTP_H

#include "net/stream.h"
#include "web/request.h"

typedef struct net_http net_http;

/* Who answers. */
typedef struct net_http_host {
  /* A whole request, valid during the call: `id` is for net_http_answer. */
  void (*asked)(void *context, sip_id id, const web_request *request, const sip_sockaddr *remote);
  void *context;
  uint32_t request_ms; /* for a whole request, and between two; 0: 30 s */
  size_t max_body;     /* bytes of a request; 0: 1 MiB */
} net_http_host;

typedef struct net_http_opening {
  net_stream *stream;
  const net_http_host *host; /* copied */
  sip_sockaddr remote;
  bool is_single; /* one request, then the end */
  /* The stream is to be closed. */
  void (*ended)(void *context, int error);
  void *context;
} net_http_opening;

/* NULL without memory. */
net_http *net_http_open(net_loop *loop, const net_http_opening *opening);
/* Nothing is called any more. */
void net_http_close(net_http *http);

/* What the stream has to say. */
void net_http_received(net_http *http, sip_str bytes);
void net_http_writable(net_http *http);
void net_http_finished(net_http *http);

typedef struct net_http_reply {
  int status;
  sip_str fields; /* whole lines */
  sip_str body;
} net_http_reply;

/* Answers. SIP_E_GONE: the peer is not there any more. SIP_E_MEMORY. */
int net_http_answer(net_loop *loop, sip_id id, const net_http_reply *reply);

/* Those that were answered between two turns read on. */
void net_http_tell(net_loop *loop);

void net_http_expire(sip_timer *timer, net_loop *loop);

#endif
