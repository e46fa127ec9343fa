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

/* "<sip:user@host:port;transport=tcp>" */
void sip_lines_add_own_uri(sip_engine *engine, sip_buffer *out, const sip_own_uri *own);

/* A block of whole lines has this header, by long or compact name. */
bool sip_lines_have(sip_str lines, sip_header_id id);

/* User-Agent or Server, Allow and Supported, unless `lines` bring their own. */
void sip_lines_add_product(sip_engine *engine, sip_buffer *out, sip_header_id id, sip_str lines);
void sip_lines_add_capabilities(sip_engine *engine, sip_buffer *out, sip_str lines);

/* Content-Type and Content-Length, the empty line, the body. */
void sip_lines_add_body(sip_buffer *out, sip_str content_type, sip_str body);

#endif
