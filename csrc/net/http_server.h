/* SPDX-License-Identifier: MIT
 *
 * A port that serves HTTP, over TCP or TLS, and its connections.
 */
#ifndef MOONSIP_NET_HTTP_SERVER_H
#define MOONSIP_NET_HTTP_SERVER_H

#include "net/http.h"
#include "net/tls.h"

typedef struct net_http_server net_http_server;

typedef struct net_http_server_config {
  sip_sockaddr local; /* port 0 picks one */
  net_tls *tls;       /* NULL: over TCP; it is kept */
  net_http_host host;
  uint32_t max_connections; /* further ones are refused; 0: 1024 */
} net_http_server_config;

/* *bound gets the address. A system error, SIP_E_MEMORY; SIP_E_TLS without a certificate. */
int net_http_server_open(net_loop *loop, const net_http_server_config *config,
                         net_http_server **server, sip_sockaddr *bound);
/* Its connections close with it. Legal in `asked`. */
void net_http_server_close(net_http_server *server);
void net_http_server_close_all(net_loop *loop);

void net_http_server_resume(sip_timer *timer);

#endif
