/* SPDX-License-Identifier: MIT
 *
 * One way to the server on 127.0.0.1, over UDP, TCP, TLS, WebSocket or both: texts of SIP go
 * in, and how many answers came comes out.
 */
#ifndef LOAD_WAY_H
#define LOAD_WAY_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WAY_TEXT_MAX = 2048 };

typedef enum way_kind { WAY_UDP, WAY_TCP, WAY_TLS, WAY_WS, WAY_WSS } way_kind;

typedef struct way_settings {
  way_kind kind;
  uint16_t port;
  SSL_CTX *tls; /* for TLS and secure WebSocket */
} way_settings;

typedef enum way_state {
  WAY_CLOSED,
  WAY_CONNECTING,
  WAY_SHAKING,
  WAY_UPGRADING,
  WAY_OPEN
} way_state;

typedef struct way {
  const way_settings *settings;
  int fd;
  way_state state;
  SSL *ssl;
  size_t len; /* of what is incomplete */
  char in[2 * WAY_TEXT_MAX];
} way;

/* The kind of that name; false when there is none. */
bool way_find_kind(const char *name, way_kind *kind);
/* What Via calls it. */
const char *way_name(way_kind kind);

/* Begins to connect; ends the program when the system gives no socket. */
void way_open(way *w, const way_settings *settings);
void way_close(way *w);

/* Gets on with the handshakes: 1 when it is open, 0 not yet, -1 when it failed. */
int way_get_on(way *w);

/* One message of at most WAY_TEXT_MAX bytes; false when it was not taken whole. */
bool way_send(way *w, const char *text, size_t len);
/* Answers with 200 that came; -1 when something else did, or it has ended. */
int way_receive(way *w);

#endif
