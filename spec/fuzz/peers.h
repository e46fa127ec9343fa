/* SPDX-License-Identifier: MIT
 *
 * What callers and callees of a proxy send: messages made of parts that fit each other, so
 * that transactions and dialogs are met and not only missed, with a piece of the input
 * dropped in.
 */
#ifndef MOONSIP_FUZZ_PEERS_H
#define MOONSIP_FUZZ_PEERS_H

#include <stdio.h>

#include "fuzz.h"

enum { PEER_TEXT = 4096 };

/* Every line of a message whose name this is, as it stands there; empty when there is none. */
static inline void copy_lines(const char *text, const char *name, char *out, size_t room) {
  size_t len = 0, name_len = strlen(name);
  out[0] = '\0';
  for (const char *line = text; (line = strstr(line, "\r\n")) != NULL;) {
    line += 2;
    const char *end = strstr(line, "\r\n");
    if (!end || end == line) return;
    size_t line_len = (size_t)(end - line) + 2;
    if (strncmp(line, name, name_len) != 0 || len + line_len >= room) continue;
    memcpy(out + len, line, line_len);
    len += line_len;
    out[len] = '\0';
  }
}

static inline const char *request_lines(uint8_t byte) {
  static const char *const lines[] = {"Max-Forwards: 70\r\n",
                                      "Max-Forwards: 1\r\n",
                                      "Max-Forwards: 0\r\n",
                                      "Max-Forwards: 70\r\nMax-Breadth: 1\r\n",
                                      "Max-Forwards: 70\r\nProxy-Require: x\r\n",
                                      "Max-Forwards: 70\r\nSupported: path, 199\r\n",
                                      "Record-Route: <sip:before.example;lr>\r\n",
                                      "Max-Forwards: 255\r\nRoute: <sip:;lr>\r\n"};
  return lines[byte & 7];
}

static inline const char *request_uri(uint8_t byte) {
  static const char *const uris[] = {"sip:bob@example.com",
                                     "sip:bob@10.0.0.21:5060",
                                     "sip:10.0.0.1",
                                     "sip:bob@next.example",
                                     "tel:+1",
                                     "sip:a@10.0.0.1;maddr=10.0.0.1",
                                     "sips:bob@a.example",
                                     "sip:bob@10.0.0.21;transport=tcp"};
  return uris[byte & 7];
}

typedef struct asking {
  uint8_t shape, ids, where;
  const char *vias, *route; /* further lines */
  sip_str piece;
} asking;

/* True when there was room for it. */
static inline bool write_request(const asking *a, char out[PEER_TEXT]) {
  static const char *const methods[] = {"INVITE", "ACK",      "BYE",    "CANCEL",
                                        "PRACK",  "REGISTER", "UPDATE", "MESSAGE"};
  const char *method = methods[a->shape & 7];
  int len =
      snprintf(out, PEER_TEXT,
               "%s %s SIP/2.0\r\nVia: SIP/2.0/%s 10.0.0.9:5060;branch=%s%u;rport\r\n%s"
               "From: <sip:p@10.0.0.9>;tag=p\r\nTo: <sip:bob@example.com>%s\r\nCall-ID: %u\r\n"
               "CSeq: %u %s\r\nContact: <sip:p@10.0.0.9>\r\n%s%sX-Piece: %.*s\r\n"
               "Content-Length: 0\r\n\r\n",
               method, request_uri(a->where), (a->shape & 128) ? "TCP" : "UDP",
               (a->ids & 128) ? "" : "z9hG4bK", a->ids & 3, a->vias, (a->shape & 8) ? ";tag=b" : "",
               (a->ids >> 2) & 1, 1 + ((a->ids >> 3) & 3), method, request_lines(a->shape >> 4),
               a->route, (int)a->piece.len, a->piece.ptr);
  return len > 0 && len < PEER_TEXT;
}

static inline const char *response_lines(uint8_t byte) {
  static const char *const lines[] = {
      "Contact: <sip:bob@10.0.0.21>\r\n",
      "Contact: <sip:x@10.0.0.23>;q=0.1, <sip:y@10.0.0.24>, <tel:+2>\r\n",
      "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
      "Proxy-Authenticate: Digest realm=\"s\", nonce=\"m\"\r\n",
      "Retry-After: 60\r\n",
      "Require: 100rel\r\nRSeq: 1\r\n",
      "Contact: *\r\n",
      "Path: <sip:a;lr>\r\nService-Route: <sip:b;lr>\r\n"};
  return lines[byte & 7];
}

typedef struct answering {
  const char *request;
  uint8_t shape, lines;
  sip_str piece;
} answering;

static inline bool write_response(const answering *a, char out[PEER_TEXT]) {
  static const int statuses[] = {100, 180, 183, 199, 200, 202, 302, 305,
                                 401, 407, 408, 481, 486, 503, 600, 699};
  char vias[1024], from[256], to[256], call_id[256], cseq[256], routes[512];
  copy_lines(a->request, "Via:", vias, sizeof vias);
  copy_lines(a->request, "From:", from, sizeof from);
  copy_lines(a->request, "To:", to, sizeof to);
  copy_lines(a->request, "Call-ID:", call_id, sizeof call_id);
  copy_lines(a->request, "CSeq:", cseq, sizeof cseq);
  copy_lines(a->request, "Record-Route:", routes, sizeof routes);
  size_t to_len = strlen(to);
  if (to_len > 2 && !strstr(to, ";tag=") && (a->shape & 15)) {
    snprintf(to + to_len - 2, sizeof to - to_len + 2, ";tag=b%u\r\n", a->shape >> 6);
  }
  int len = snprintf(out, PEER_TEXT, "SIP/2.0 %d X\r\n%s%s%s%s%s%s%sX-Piece: %.*s\r\n\r\n",
                     statuses[a->shape & 15], vias, from, to, call_id, cseq, routes,
                     response_lines(a->lines), (int)a->piece.len, a->piece.ptr);
  return vias[0] && len > 0 && len < PEER_TEXT;
}

#endif
