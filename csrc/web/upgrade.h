/* SPDX-License-Identifier: MIT
 *
 * How a connection becomes a WebSocket that speaks SIP (RFC 6455 4, RFC 7118 4.1).
 */
#ifndef MOONSIP_WEB_UPGRADE_H
#define MOONSIP_WEB_UPGRADE_H

#include "base/buffer.h"
#include "web/head.h"

enum {
  WEB_KEY_SIZE = 16,        /* bytes, before base64 */
  WEB_KEY_TEXT_SIZE = 25,   /* in base64, with a NUL */
  WEB_PROOF_TEXT_SIZE = 29, /* of Sec-WebSocket-Accept, with a NUL */
  WEB_SWITCHING = 101
};

/* Whom a server lets in. Empty texts let everybody in. */
typedef struct web_door {
  const sip_str *paths; /* that are served */
  size_t path_count;
  const sip_str *origins; /* of pages, as browsers send them (RFC 6454 7); without case */
  size_t origin_count;
} web_door;

/* What a server answers to the head of a request, written into `out`: 101, after which
 * frames follow, or a refusal, after which the connection ends. Returns the status; `why`
 * gets a sentence for people. */
int web_upgrade_answer(sip_str head, const web_door *door, sip_buffer *out, const char **why);

/* True for the head of a request that asks for a WebSocket, well or badly. */
bool web_upgrade_is_wanted(sip_str head);

/* A refusal alone, such as 431 for a head that does not end. */
void web_upgrade_refuse(int status, sip_buffer *out);

typedef struct web_wish {
  sip_str host; /* with its port */
  sip_str path;
  sip_str protocol; /* that must be spoken, or may be; empty: none */
  bool is_optional; /* a server that names no protocol will do */
  sip_str fields;   /* further lines, each with its CRLF */
} web_wish;

/* What a client asks: `key` is random. */
void web_upgrade_ask(const web_wish *wish, const unsigned char key[WEB_KEY_SIZE], sip_buffer *out);
/* True when the head of the response lets us in; else `why` says what is wrong with it. */
bool web_upgrade_is_granted(sip_str head, const web_wish *wish,
                            const unsigned char key[WEB_KEY_SIZE], const char **why);

/* Lets a client in by the key of its request, with a protocol or without. False when there
 * is no such key. */
bool web_upgrade_grant(const web_head *head, sip_str protocol, sip_buffer *out);

#endif
