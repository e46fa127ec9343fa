/* SPDX-License-Identifier: MIT
 *
 * Writes requests of ours (RFC 3261 8.1.1, 12.2.1.1). What depends on the
 * address they will leave from, Via and Contact, is left out of the draft and put
 * in once that is known.
 */
#ifndef MOONSIP_SIP_REQUEST_WRITER_H
#define MOONSIP_SIP_REQUEST_WRITER_H

#include "sip/dialog.h"

typedef struct sip_draft {
  sip_packet *packet; /* one reference */
  uint32_t head_at;   /* Via and Contact go in here */
  sip_str next_hop;   /* URI; a slice of the packet */
  uint32_t cseq;
  sip_method method;
  bool contact;  /* needs a Contact of ours ... */
  sip_span user; /* ... with this user part of From; counted from head_at */
  bool secure;   /* the Request-URI or the next hop is sips */
} sip_draft;

/* SIP_E_URI, SIP_E_HEADER, SIP_E_INJECTION, SIP_E_INVALID, SIP_E_MEMORY. dialog may be NULL. */
int sip_request_draft(sip_engine *engine, const sip_request *request, const sip_dialog *dialog,
                      sip_draft *out);

/* The packet with its Via and Contact lines replaced by new ones; they were
 * `head_len` bytes (0 in a draft). NULL without memory. *head_len gets the new length. */
typedef struct sip_head {
  uint32_t at;
  uint32_t *len;
  const sip_flow *flow;
  sip_str branch;
  bool contact;
  bool keep;
  sip_span user; /* counted from the end of the old head */
  bool secure;
} sip_head;
sip_packet *sip_request_with_head(sip_engine *engine, const sip_packet *packet,
                                  const sip_head *head);

/* CANCEL (9.1) and the ACK of a failure (17.1.1.3), from the INVITE as sent. `to`:
 * the value of To. NULL without memory. */
sip_packet *sip_request_hop_by_hop(sip_engine *engine, const sip_packet *invite, sip_method method,
                                   sip_str to, sip_str headers);

#endif
