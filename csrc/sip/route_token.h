/* SPDX-License-Identifier: MIT
 *
 * The user part of our URIs in Record-Route and Path: proof that a dialog's first request
 * went through here, and how its ends are reached (RFC 3261 16.6 item 4, RFC 5626 5.2,
 * 5.3). What a request inside the dialog needs travels with it: no table is kept, and
 * another engine with the same secret can take over. A flow is its owner's: the others hand
 * what goes by it over to him while he is up (node.h).
 *
 *   13 characters of proof [ "x" flow to the caller ] [ "y" flow to the callee ] [ "." owner ]
 */
#ifndef MOONSIP_SIP_ROUTE_TOKEN_H
#define MOONSIP_SIP_ROUTE_TOKEN_H

#include "sip/state.h"

typedef enum sip_route_kind {
  SIP_ROUTE_NONE,   /* none of ours, or not for this request */
  SIP_ROUTE_DIALOG, /* the request belongs to a dialog that went through here */
  SIP_ROUTE_PATH,   /* it goes to a registration that went through here (RFC 3327) */
  SIP_ROUTE_FLOW    /* another node found a binding whose flow is ours */
} sip_route_kind;

typedef struct sip_route_token {
  sip_route_kind kind;
  sip_str text;     /* as it stands in the URI */
  bool from_caller; /* of a dialog: sent by who began it */
  bool has_ob;      /* of a Path: the URI has it (RFC 5626 5.1) */
  sip_flow flow;    /* that leads where this request goes; transport NONE: none is known */
  const struct sip_node *holder; /* whose that is, when he is up and not we are */
} sip_route_token;

/* What a new token is made of: the request that began the dialog, or a REGISTER (NULL: of a
 * flow alone), and the flows that lead to those on either side (NULL: their URI does). */
typedef struct sip_route_ends {
  sip_route_kind kind;
  const sip_message *request;
  const sip_flow *caller, *callee;
} sip_route_ends;

void sip_route_token_write(sip_engine *engine, const sip_route_ends *ends, sip_buffer *out);

/* What the user part of a URI in a request says, whose proof is checked. */
void sip_route_token_read(sip_engine *engine, sip_str user, const sip_message *request,
                          sip_route_token *out);

#endif
