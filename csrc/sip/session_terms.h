/* SPDX-License-Identifier: MIT
 *
 * What a session's messages say of its expiration (RFC 4028): Session-Expires and Min-SE of
 * requests, and what a 2xx makes of them.
 */
#ifndef MOONSIP_SIP_SESSION_TERMS_H
#define MOONSIP_SIP_SESSION_TERMS_H

#include "sip/dialog.h"
#include "sip/session_expires.h"

enum { SIP_SESSION_MIN_S = 90 }; /* 4: no interval is shorter */

/* Of a 2xx. */
typedef struct sip_session_terms {
  uint32_t interval_s; /* 0: the session does not expire */
  bool uac_refreshes;
  bool is_required; /* the other side knows the extension: Require (9) */
} sip_session_terms;

/* Min-SE of a message, or 0. */
uint32_t sip_session_min(const sip_message *message);
/* Its Session-Expires; false when there is none that can be read. */
bool sip_session_expires_of(const sip_message *message, sip_session_expires *out);

/* Lines of an INVITE or UPDATE of ours (7.1, 7.4); dialog may be NULL. */
void sip_session_add_request(const sip_engine *engine, sip_buffer *out,
                             const sip_session_wish *wish, const sip_dialog *dialog);

/* True when it asks for less than we allow, and will understand a 422 (9). */
bool sip_session_is_too_short(const sip_engine *engine, const sip_message *request);
/* The Min-SE line of that 422. */
void sip_session_add_min(const sip_engine *engine, sip_buffer *out);

/* What our 2xx to an INVITE or UPDATE says (9, table 2). */
sip_session_terms sip_session_answer(const sip_engine *engine, const sip_message *request,
                                     const sip_session_wish *wish);
void sip_session_add_response(sip_buffer *out, const sip_session_terms *terms);

#endif
