/* SPDX-License-Identifier: MIT
 *
 * Client transactions: addressing, sending, and what the user agent core makes of
 * a response.
 */
#ifndef MOONSIP_SIP_CLIENT_H
#define MOONSIP_SIP_CLIENT_H

#include "sip/dialog.h"
#include "sip/state.h"

/* Opens one for a request that is written; dialog may be NULL. ACK is sent and
 * forgotten at once, its packet kept by the dialog. */
int sip_client_open(sip_engine *engine, const sip_request *request, sip_dialog *dialog,
                    sip_id *transaction);

sip_transaction *sip_client_find(sip_engine *engine, const sip_message *response);
void sip_client_deinit(sip_engine *engine, sip_transaction *t);

/* What the actions of the table do. */
void sip_client_to_user(sip_engine *engine, sip_transaction *t, const sip_message *response,
                        const sip_flow *flow);
void sip_client_failed(sip_engine *engine, sip_transaction *t, int error);
void sip_client_acknowledge_failure(sip_engine *engine, sip_transaction *t,
                                    const sip_message *response);
void sip_client_send_cancel(sip_engine *engine, sip_transaction *t);
/* Timer C: it rang for too long (16.8). */
void sip_client_guard_expired(sip_engine *engine, sip_transaction *t);

/* Opens the transaction of a CANCEL that is written; takes the packet's reference. */
void sip_client_open_cancel(sip_engine *engine, sip_transaction *invite, sip_packet *packet);

/* A MESSAGE outside of dialogs: a large one goes only by what controls congestion
 * (RFC 3428 8). */
bool sip_client_is_pager(const sip_transaction *t);

/* Sends it to the target: 0, SIP_E_NO_ROUTE, SIP_E_NEEDS_TCP or SIP_E_MEMORY. An address of ours
 * that is not known yet is asked for first. An ACK is done when it is sent. */
int sip_client_send_to(sip_engine *engine, sip_transaction *t, const sip_target *target);
/* The same with the next target that can be sent to; the last error, at first `error`,
 * when none is left. */
int sip_client_send_to_next(sip_engine *engine, sip_transaction *t, int error);
/* The same with what the next hop's URI says, asking for its name first (RFC 3263).
 * SIP_E_URI too. */
int sip_client_ask_or_send(sip_engine *engine, sip_transaction *t, sip_str next_hop,
                           sip_transport wanted);
/* Where a URI leads, when nobody has to be asked for that; out->listener may say which one
 * is to be left by. */
bool sip_client_way(sip_engine *engine, sip_str next_hop, sip_transport wanted, sip_flow *out);
/* An ACK, or what is forwarded without state, is done when it is sent. */
bool sip_client_is_sent_once(const sip_transaction *t);

/* A branch in the first so many bytes of its key, which may be longer; and the map entry
 * under that key. */
size_t sip_client_branch_len(const sip_engine *engine);
void sip_client_mint_branch(sip_engine *engine, sip_transaction *t);
void sip_client_register(sip_engine *engine, sip_transaction *t);
/* For another target: to its peer it is another transaction (RFC 3263 4.3). */
void sip_client_renew_branch(sip_engine *engine, sip_transaction *t);

#endif
