/* SPDX-License-Identifier: MIT
 *
 * Reliable provisional responses to INVITE (RFC 3262). Ours are sent again until their
 * PRACK, one after the other, and a 2xx waits for that of a description. Theirs are taken
 * in their order, each once, and acknowledged.
 */
#ifndef MOONSIP_SIP_RELIABLE_H
#define MOONSIP_SIP_RELIABLE_H

#include "sip/dialog.h"
#include "sip/state.h"

/* Responses that wait for the PRACK of the one before them; one more is SIP_E_LIMIT. */
enum { SIP_RELIABLE_HELD_MAX = 8 };

typedef struct sip_held {
  sip_packet *packet;
  uint16_t status;
  bool has_body;
} sip_held;

/* Of a server INVITE, from its first reliable response to its end. */
typedef struct sip_reliable {
  sip_timer retransmit; /* T1, doubled each time without an upper bound */
  sip_timer timeout;    /* 64*T1 without its PRACK */
  sip_transaction *invite;
  uint32_t last_rseq; /* that a response was given; 0 none */
  uint32_t interval_ms;
  sip_held sent; /* that no PRACK came for; packet NULL: none */
  uint32_t rseq; /* its number */
  uint8_t held_count;
  sip_held held[SIP_RELIABLE_HELD_MAX]; /* the 2xx, if any, is last */
} sip_reliable;

/* --- Our INVITE was answered by them: server ------------------------------------- */

/* True when this response is to be sent reliably: the INVITE requires that, or the reply
 * asks for it and the INVITE supports it (3). */
bool sip_reliable_is_due(const sip_transaction *t, const sip_reply *reply);
/* 0, or SIP_E_LIMIT, SIP_E_STATE (behind a 2xx that waits), SIP_E_MEMORY. *rseq: the number
 * of a reliable response, which counts as given once sip_reliable_pass is called; 0 of others. */
int sip_reliable_prepare(sip_engine *engine, sip_transaction *t, const sip_reply *reply,
                         uint32_t *rseq);
/* Sends a response that is written, or keeps it until its turn; its reference goes along. True
 * when it was kept. */
bool sip_reliable_pass(sip_engine *engine, sip_transaction *t, const sip_held *response,
                       uint32_t rseq);
/* A 2xx waits. */
bool sip_reliable_holds_success(const sip_transaction *t);
/* The INVITE of a dialog of whose responses this PRACK acknowledges one; NULL when there is
 * none (481). */
sip_transaction *sip_reliable_match(sip_engine *engine, const sip_dialog *dialog,
                                    const sip_message *prack);
/* The INVITE whose dialog ended with our rejection, when this PRACK acknowledges a response that
 * was under way then (3: "it MUST be prepared to process PRACK requests for those"); NULL. */
sip_transaction *sip_reliable_match_rejected(sip_engine *engine, const sip_message *prack);
/* That PRACK came, or was answered. */
void sip_reliable_heard(sip_engine *engine, sip_transaction *invite);
void sip_reliable_acknowledged(sip_engine *engine, sip_transaction *invite, int status);
void sip_reliable_timer(sip_engine *engine, sip_reliable *reliable, sip_timer *timer);
void sip_reliable_free(sip_engine *engine, sip_reliable *reliable); /* NULL is fine */

/* --- Our INVITE: client ---------------------------------------------------------- */

/* True for a 101 to 199 that requires 100rel and has its number, which goes into *rseq. */
bool sip_reliable_is_one(const sip_message *response, uint32_t *rseq);
/* The next in order, or the first of this INVITE; false for a copy or behind a gap, which is
 * nobody's business (4). */
bool sip_reliable_take(sip_dialog *dialog, uint32_t rseq);
/* The PRACK without a body; the user hears of its success when `is_told`. */
void sip_reliable_acknowledge(sip_engine *engine, sip_dialog *dialog, const sip_message *response,
                              bool is_told);

#endif
