/* SPDX-License-Identifier: MIT
 *
 * Writes responses (RFC 3261 8.2.6) and says where they go (18.2, RFC 3581).
 */
#ifndef MOONSIP_SIP_RESPONSE_WRITER_H
#define MOONSIP_SIP_RESPONSE_WRITER_H

#include "sip/lines.h"
#include "sip/session_terms.h"
#include "sip/state.h"

typedef struct sip_response_parts {
  const sip_message *request;
  const sip_flow *flow; /* it came by */
  const sip_reply *reply;
  const sip_lines *lines; /* its headers, scanned */
  sip_str to_tag;         /* added unless the request has one; empty adds none */
  bool record_route;      /* copy Record-Route (12.1.1) */
  bool contact;           /* add a Contact of ours unless the reply brings one */
  sip_str own_contact;    /* its URI, where the dialog has one; empty: of the listener */
  bool capabilities;      /* Allow and Supported (13.2.1, 13.3.1) */
  uint32_t rseq;          /* of a reliable 1xx (RFC 3262 3), or 0 */
  sip_session_terms session;
} sip_response_parts;

/* Into engine->scratch; NULL without memory, else a packet with one reference. */
sip_packet *sip_response_write(sip_engine *engine, const sip_response_parts *parts);

/* A received request's way back: the flow with the address that the top Via
 * asks for, and what to use when a connection is gone (18.2.2). */
void sip_response_route(const sip_message *request, const sip_flow *received, sip_flow *out,
                        sip_sockaddr *fallback);

#endif
