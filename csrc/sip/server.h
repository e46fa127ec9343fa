/* SPDX-License-Identifier: MIT
 *
 * Server transactions: matching (17.2.3), opening, answering.
 */
#ifndef MOONSIP_SIP_SERVER_H
#define MOONSIP_SIP_SERVER_H

#include "sip/state.h"

/* The transaction a request belongs to; an ACK and a CANCEL find their INVITE's
 * when `invite`. NULL when there is none. */
sip_transaction *sip_server_find(sip_engine *engine, const sip_message *request, bool invite);

/* 0, SIP_E_LIMIT or SIP_E_MEMORY. Takes a reference of kept. */
int sip_server_open(sip_engine *engine, sip_kept *kept, const sip_flow *flow,
                    sip_transaction **out);
void sip_server_deinit(sip_engine *engine, sip_transaction *t);

/* From tag, Call-ID, CSeq and method of a request (8.2.2.2). */
uint64_t sip_server_merge_hash(const sip_engine *engine, const sip_message *request);
/* The same of the INVITE with this CSeq that a request in its early dialog belongs to. */
uint64_t sip_server_invite_hash(const sip_engine *engine, const sip_message *request,
                                uint32_t cseq);

/* A response of a user agent, written: its dialog hears of it, and it is sent. Its reference
 * goes along. */
void sip_server_pass(sip_engine *engine, sip_transaction *t, sip_packet *packet, int status);

/* Sends a response that is written, whose reference goes along. */
void sip_server_send(sip_engine *engine, sip_transaction *t, sip_packet *packet, int status);

/* The engine's own answer through a transaction; a dialog is never made. */
void sip_server_answer(sip_engine *engine, sip_transaction *t, int status);

/* 200 to the CANCEL of this INVITE that was parsed last, with the INVITE's To tag
 * (9.2), in a transaction of its own: the INVITE's may end before the last copy
 * comes. `kept` is that CANCEL; without memory for it, or for the transaction, the
 * answer is stateless. */
void sip_server_accept_cancel(sip_engine *engine, sip_transaction *invite, sip_kept *kept,
                              const sip_flow *flow);

void sip_server_failed(sip_engine *engine, sip_transaction *t, int error);

/* The engine's own answer without a transaction (8.2.7). `lines` may be empty. */
void sip_server_reject(sip_engine *engine, const sip_message *request, const sip_flow *flow,
                       int status, sip_str reason, sip_str lines);

#endif
