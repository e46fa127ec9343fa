/* SPDX-License-Identifier: MIT
 *
 * Whom a header field is about, which says whether it goes on from one call to another that a
 * B2BUA joins to it (RFC 7092 3.1).
 */
#ifndef MOONSIP_SIP_HEADER_SCOPE_H
#define MOONSIP_SIP_HEADER_SCOPE_H

#include "sip/header.h"

typedef enum sip_header_scope {
  SIP_SCOPE_OPEN, /* a name that is not known: whoever uses it knows */
  SIP_SCOPE_LEG,  /* one dialog, hop or user agent */
  SIP_SCOPE_CALL, /* the call, without a word about hosts */
  SIP_SCOPE_HOST  /* somebody's host, user agent, identity or dialog */
} sip_header_scope;

sip_header_scope sip_header_scope_of(sip_header_id id);

#endif
