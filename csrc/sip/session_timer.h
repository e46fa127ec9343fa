/* SPDX-License-Identifier: MIT
 *
 * The session timer of a dialog (RFC 4028): a refresh at half of the interval, by UPDATE and
 * without the user where the other side allows that, and a BYE when none succeeds in time.
 */
#ifndef MOONSIP_SIP_SESSION_TIMER_H
#define MOONSIP_SIP_SESSION_TIMER_H

#include "sip/session_terms.h"

/* The terms of a 2xx of ours that is written; they count once it is sent. */
void sip_session_promise(sip_dialog *dialog, const sip_session_terms *terms,
                         const sip_message *request);
void sip_session_promised(sip_engine *engine, sip_dialog *dialog);
/* A 2xx to an INVITE or UPDATE of ours (7.2). */
void sip_session_accepted(sip_engine *engine, sip_dialog *dialog, const sip_message *response);
/* A final response to a refresh that we sent by ourselves. */
void sip_session_refreshed(sip_engine *engine, sip_dialog *dialog, const sip_message *response);
void sip_session_stop(sip_engine *engine, sip_dialog *dialog);
void sip_session_timer_due(sip_engine *engine, sip_dialog *dialog);

#endif
