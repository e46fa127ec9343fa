/* SPDX-License-Identifier: MIT
 *
 * Answers of the servers here have no body, so that an empty line ends each of them; frames
 * of theirs are bare and shorter than 64 KB (RFC 6455 5.2).
 */
#define _GNU_SOURCE
#include "way.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME_TEXT = 0x81, FRAME_MASKED = 0x80, FRAME_16 = 126, FRAME_HEAD = 8, MASK_AT = 4 };

static const char upgrade[] =
    "GET / HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: sip\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n";

static const char *const names[] = {"udp", "tcp", "tls", "ws", "wss"};
static const char *const via_names[] = {"UDP", "TCP", "TLS", "WS", "WSS"};

bool way_find_kind(const char *name, way_kind *kind) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(names[i], name) != 0) continue;
    *kind = (way_kind)i;
    return true;
  }
  return false;
}

const char *way_name(way_kind kind) {
  return via_names[kind];
}

static bool is_web(const way *w) {
  return w->settings->kind == WAY_WS || w->settings->kind == WAY_WSS;
}

static bool is_secure(const way *w) {
  return w->settings->kind == WAY_TLS || w->settings->kind == WAY_WSS;
}

/* --- Life ------------------------------------------------------------------------ */

void way_open(way *w, const way_settings *settings) {
  bool is_udp = settings->kind == WAY_UDP;
  *w = (way){.settings = settings, .state = WAY_CONNECTING};
  w->fd = socket(AF_INET, (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, 0);
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(settings->port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1;
  if (!is_udp) setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (w->fd < 0 ||
      (connect(w->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)) {
    perror("connect");
    exit(EXIT_FAILURE);
  }
}

void way_close(way *w) {
  if (w->state == WAY_CLOSED) return;
  if (w->ssl) {
    if (w->state == WAY_OPEN) SSL_shutdown(w->ssl);
    SSL_free(w->ssl);
  }
  close(w->fd);
  w->state = WAY_CLOSED;
}

/* --- Bytes ----------------------------------------------------------------------- */

static bool write_all(way *w, const char *bytes, size_t len) {
  if (w->ssl) return SSL_write(w->ssl, bytes, (int)len) == (int)len;
  return send(w->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Appends what there is to `in`: bytes, 0 when there is nothing, -1 at the end. */
static int read_some(way *w) {
  size_t room = sizeof w->in - 1 - w->len;
  ssize_t got;
  if (w->ssl) {
    got = SSL_read(w->ssl, w->in + w->len, (int)room);
    if (got <= 0) return SSL_get_error(w->ssl, (int)got) == SSL_ERROR_WANT_READ ? 0 : -1;
  } else {
    got = recv(w->fd, w->in + w->len, room, 0);
    if (got <= 0) return got < 0 && errno == EAGAIN ? 0 : -1;
  }
  w->len += (size_t)got;
  w->in[w->len] = '\0';
  return (int)got;
}

static void drop(way *w, size_t len) {
  w->len -= len;
  memmove(w->in, w->in + len, w->len + 1);
}

/* --- Handshakes -------------------------------------------------------------------- */

static int open_now(way *w) {
  w->state = WAY_OPEN;
  return 1;
}

static int begin_upgrade(way *w) {
  if (!is_web(w)) return open_now(w);
  w->state = WAY_UPGRADING;
  return write_all(w, upgrade, sizeof upgrade - 1) ? 0 : -1;
}

static int end_upgrade(way *w) {
  if (read_some(w) < 0) return -1;
  char *end = w->len ? strstr(w->in, "\r\n\r\n") : NULL;
  if (!end) return 0;
  if (strncmp(w->in, "HTTP/1.1 101", 12) != 0) return -1;
  drop(w, (size_t)(end - w->in) + 4);
  return open_now(w);
}

static int shake_hands(way *w) {
  int result = SSL_do_handshake(w->ssl);
  if (result == 1) return begin_upgrade(w);
  return SSL_get_error(w->ssl, result) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static int end_connecting(way *w) {
  int error = 0;
  socklen_t len = sizeof error;
  getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &len);
  if (error) return -1;
  if (!is_secure(w)) return begin_upgrade(w);
  w->ssl = SSL_new(w->settings->tls);
  if (!w->ssl) return -1;
  SSL_set_fd(w->ssl, w->fd);
  SSL_set_connect_state(w->ssl);
  w->state = WAY_SHAKING;
  return shake_hands(w);
}

int way_get_on(way *w) {
  switch (w->state) {
  case WAY_CONNECTING:
    return end_connecting(w);
  case WAY_SHAKING:
    return shake_hands(w);
  case WAY_UPGRADING:
    return end_upgrade(w);
  case WAY_OPEN:
    return 1;
  case WAY_CLOSED:
    break;
  }
  return -1;
}

/* --- Messages -------------------------------------------------------------------- */

/* RFC 6455 5.1: what a client sends is masked. */
static bool send_frame(way *w, const char *text, size_t len) {
  static const unsigned char mask[] = {0x37, 0xfa, 0x21, 0x3d};
  char frame[FRAME_HEAD + WAY_TEXT_MAX];
  frame[0] = (char)FRAME_TEXT;
  frame[1] = (char)(FRAME_MASKED | FRAME_16);
  frame[2] = (char)(len >> 8);
  frame[3] = (char)len;
  memcpy(frame + MASK_AT, mask, sizeof mask);
  for (size_t i = 0; i < len; i++) frame[FRAME_HEAD + i] = (char)(text[i] ^ (char)mask[i % 4]);
  return write_all(w, frame, FRAME_HEAD + len);
}

bool way_send(way *w, const char *text, size_t len) {
  return is_web(w) ? send_frame(w, text, len) : write_all(w, text, len);
}

/* Where the first message begins and ends; false when it is incomplete. */
static bool find_message(const way *w, size_t *from, size_t *to) {
  *from = 0;
  if (is_web(w)) {
    const unsigned char *head = (const unsigned char *)w->in;
    if (w->len < 4) return false;
    bool is_long = head[1] == FRAME_16;
    *from = is_long ? 4 : 2;
    *to = *from + (is_long ? (size_t)(head[2] << 8 | head[3]) : head[1]);
    return w->len >= *to;
  }
  const char *end = w->len ? strstr(w->in, "\r\n\r\n") : NULL;
  if (end) *to = (size_t)(end - w->in) + 4;
  return end != NULL;
}

static int take_messages(way *w) {
  size_t from, to;
  int count = 0;
  while (find_message(w, &from, &to)) {
    if (strncmp(w->in + from, "SIP/2.0 200", 11) != 0) return -1;
    drop(w, to);
    count++;
  }
  return count;
}

int way_receive(way *w) {
  int count = 0, got;
  while ((got = read_some(w)) > 0) {
    int more = take_messages(w);
    if (more < 0) return -1;
    count += more;
    if (!w->ssl) return count; /* the rest, if any, wakes us again */
  }
  return got < 0 ? -1 : count;
}
