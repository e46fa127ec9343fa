/* SPDX-License-Identifier: MIT
 *
 * Header lines that requests and responses of ours share.
 */
#ifndef MOONSIP_SIP_LINES_H
#define MOONSIP_SIP_LINES_H

#include "sip/state.h"

typedef struct sip_own_uri {
  uint32_t listener;
  sip_sockaddr local; /* used when the listener is on a wildcard address */
  sip_str user;       /* escaped; may be empty */
  bool secure;        /* sips */
} sip_own_uri;

/* "<sip:user@host:port;transport=tcp", left open for further parameters */
void sip_lines_add_own_uri(sip_engine *engine, sip_buffer *out, const sip_own_uri *own);

/* Header lines of the user: whole lines, each ending in CRLF, and what is in them. */
typedef struct sip_lines {
  sip_str text;
  uint64_t present[(SIP_HEADER_COUNT + 63) / 64]; /* bit per sip_header_id */
} sip_lines;

/* 0, or SIP_E_RESERVED for one that the stack writes: Via, From, To, Call-ID, CSeq,
 * Content-Length. */
int sip_lines_scan(sip_str text, sip_lines *out);

static inline bool sip_lines_have(const sip_lines *lines, sip_header_id id) {
  return lines->present[id / 64] >> (id % 64) & 1;
}

/* User-Agent or Server, Allow and Supported, unless `lines` bring their own. */
void sip_lines_add_product(sip_engine *engine, sip_buffer *out, sip_header_id id,
                           const sip_lines *lines);
void sip_lines_add_supported(sip_engine *engine, sip_buffer *out, const sip_lines *lines);
void sip_lines_add_capabilities(sip_engine *engine, sip_buffer *out, const sip_lines *lines);

/* The user's lines, Content-Type unless they bring it, Content-Length, the empty
 * line, the body. */
typedef struct sip_tail {
  const sip_lines *lines;
  sip_str content_type;
  sip_str body;
} sip_tail;
void sip_lines_add_tail(sip_buffer *out, const sip_tail *tail);

#endif
