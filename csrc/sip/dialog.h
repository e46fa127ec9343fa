/* SPDX-License-Identifier: MIT
 *
 * Dialogs (RFC 3261 12, 13; RFC 5057): what both ends must agree on, and the
 * reliable exchange of 2xx and ACK that the user agent core owes (13.2.2.4,
 * 13.3.1.4).
 */
#ifndef MOONSIP_SIP_DIALOG_H
#define MOONSIP_SIP_DIALOG_H

#include "sip/state.h"

/* When its session is refreshed, or ends (session_timer.h). */
typedef struct sip_session_timer {
  sip_timer timer;          /* a refresh of ours, or the end */
  sip_time ends_at;         /* BYE then: a while before the session expires (RFC 4028 10) */
  uint32_t interval_s;      /* 0: the session does not expire */
  uint32_t min_s;           /* largest Min-SE of this dialog (7.4), or 0 */
  uint32_t next_interval_s; /* of a 2xx of ours that is not sent yet */
  bool next_is_ours;
  bool is_ours;  /* we refresh */
  uint8_t tries; /* of the refresh under way */
} sip_session_timer;

typedef struct sip_dialog {
  sip_map_node by_key; /* Call-ID, local tag, remote tag */
  sip_id id;
  sip_timer retransmit; /* our 2xx, until the ACK */
  sip_timer timeout;    /* 64*T1 without that ACK; or the end of a dialog that sent BYE */
  sip_link siblings;    /* in the client INVITE's list while that transaction lives */
  uint8_t state;        /* sip_dialog_state */
  bool is_uas;
  bool secure;
  bool has_remote_cseq;
  bool by_invite;    /* terminating it consists of sending BYE (12.2.1.2) */
  bool wants_invite; /* one of ours was refused because another is not over (14.1) */
  bool peer_updates; /* the other side allows UPDATE (RFC 3311 4) */
  bool peer_renames; /* it supports from-change (RFC 4916 4.4) */
  bool peer_tdialog; /* it supports tdialog (RFC 4538 4) */
  bool by_usages;    /* it lasts as long as its subscriptions (RFC 6665 4.5.2) */
  uint32_t local_cseq;
  uint32_t remote_cseq;
  sip_id made_by;       /* our INVITE whose response made it, or 0 */
  sip_id invite_client; /* our INVITE without a final response, or 0 (14.1) */
  sip_id invite_server; /* theirs until our 2xx, or the ACK of our rejection, or 0 */
  sip_id last_invite;   /* theirs, whatever became of it: for its PRACKs */
  uint32_t last_invite_cseq;
  uint32_t seen_rseq;   /* of the reliable 1xx to our INVITE that came last, or 0 */
  sip_id update_server; /* theirs that came last, or 0 */
  sip_session_timer session;
  sip_link subscriptions;
  sip_flow flow; /* the connection that an adjacent peer holds; connection 0: there is none */

  sip_packet *ok; /* our 2xx that no ACK came for */
  sip_flow ok_flow;
  sip_sockaddr ok_fallback;
  uint32_t ok_cseq;
  uint32_t interval_ms;

  uint32_t accepted_cseq; /* of our INVITE that got its 2xx last, 0 none */
  sip_packet *ack;        /* for every further copy of that 2xx (13.2.2.4); NULL: not sent yet */
  sip_flow ack_flow;

  sip_packet *target;  /* remote target URI */
  sip_packet *contact; /* ours that our user gave, a URI; NULL: one of a listener */
  char *text;          /* one block for the strings below */
  size_t text_size;
  sip_str call_id, local_tag, remote_tag, local_uri, remote_uri;
  sip_packet *routes; /* route set as a Route value, or NULL */
} sip_dialog;

sip_dialog *sip_dialog_find(sip_engine *engine, sip_id id);
/* The dialog a received message belongs to (12.2.2); NULL when there is none. */
sip_dialog *sip_dialog_match_request(sip_engine *engine, const sip_message *request);
sip_dialog *sip_dialog_match_response(sip_engine *engine, const sip_message *response);

/* Where the requests of a dialog go that this one makes: its Contact (12.1.1).
 * Empty: it can make none. */
sip_str sip_dialog_target_of(const sip_message *request);

/* A request of the other side came by that flow. */
void sip_dialog_heard_by(sip_dialog *dialog, const sip_message *request, const sip_flow *flow);

/* Made by a response of ours (12.1.1); sets t->dialog. SIP_E_HEADER without a usable
 * Contact, SIP_E_LIMIT, SIP_E_MEMORY. */
int sip_dialog_open_uas(sip_engine *engine, sip_transaction *t, const sip_message *request,
                        sip_str local_tag);
/* Made by a response to us (12.1.2). NULL when it can't be. */
sip_dialog *sip_dialog_open_uac(sip_engine *engine, sip_transaction *t, const sip_message *response,
                                const sip_flow *flow);
void sip_dialog_confirm_uac(sip_engine *engine, sip_dialog *dialog, const sip_message *response);
/* The ACK of its latest 2xx went out; it takes a reference of the packet. */
void sip_dialog_keep_ack(sip_dialog *dialog, sip_packet *packet, const sip_flow *flow);
void sip_dialog_resend_ack(sip_engine *engine, const sip_dialog *dialog);

/* What a message of the other side says of what it can do. */
void sip_dialog_learn(sip_dialog *dialog, const sip_message *message);
/* From of the other side's request, or of ours by the text of it, is another URI than before
 * (RFC 4916 4): true when it was, and counts from now on. */
bool sip_dialog_rename_remote(sip_engine *engine, sip_dialog *dialog, const sip_message *request);
bool sip_dialog_rename_local(sip_engine *engine, sip_dialog *dialog, const sip_message *request);

/* Contact of a target refresh request or its 2xx (12.2); without one nothing changes. */
void sip_dialog_refresh_target(sip_engine *engine, sip_dialog *dialog, const sip_message *message);

/* The Contact of a message of ours that our user gave is the dialog's from then on (12.2.1.1). */
void sip_dialog_keep_contact(sip_engine *engine, sip_dialog *dialog, const sip_packet *packet);

/* A request inside it: 0, or the status that refuses it (12.2.2, 14.2, RFC 3311 5.2, RFC 3262
 * 3). *later: for now, as another one is not answered yet. */
int sip_dialog_admit(sip_engine *engine, const sip_dialog *dialog, const sip_message *request,
                     bool *later);
/* The peer's INVITE that has no final response, or NULL. */
sip_transaction *sip_dialog_unanswered(const sip_engine *engine, const sip_dialog *dialog);
/* An INVITE of either side is not over: no other may begin (14.1). */
bool sip_dialog_is_inviting(const sip_dialog *dialog);
/* One is over: SIP_EVENT_READY when another waits for that. */
void sip_dialog_invite_over(sip_engine *engine, sip_dialog *dialog);
/* The ACK of our rejection came, or will not come any more. */
void sip_dialog_invite_confirmed(sip_engine *engine, const sip_transaction *t);
/* It was let in as transaction t: its CSeq counts, a BYE ends the session (15.1.2). */
void sip_dialog_take(sip_engine *engine, sip_dialog *dialog, sip_transaction *t,
                     const sip_flow *flow);
/* Answers a request that nobody has to see: a BYE, and a PRACK or UPDATE without a body,
 * unless a handler wants such. False: it is the user's. */
bool sip_dialog_serve(sip_engine *engine, const sip_dialog *dialog, sip_transaction *t);

/* A server transaction of it, or one that made it, is being answered. */
void sip_dialog_answered(sip_engine *engine, sip_transaction *t, int status, sip_packet *packet);
/* An ACK came for a 2xx of ours. */
void sip_dialog_acknowledged(sip_engine *engine, const sip_message *ack, const sip_flow *flow);
/* Its timers. */
void sip_dialog_timer(sip_engine *engine, sip_dialog *dialog, sip_timer *timer);

/* Ends it: DIALOG_END with the code and, when there is one, the message. */
void sip_dialog_end(sip_engine *engine, sip_dialog *dialog, int code, sip_kept *kept);
/* The same; a BYE goes to the peer first where the dialog is an INVITE's. SIP_E_EXPIRED has a
 * Reason (RFC 3326). */
void sip_dialog_end_with_bye(sip_engine *engine, sip_dialog *dialog, int code);
/* The same with its subscriptions, which otherwise go on without the INVITE's usage. */
void sip_dialog_end_all(sip_engine *engine, sip_dialog *dialog, int code);
void sip_dialog_free(sip_engine *engine, sip_dialog *dialog);

/* INVITE, UPDATE, SUBSCRIBE, NOTIFY, REFER (12.2, RFC 3311 5.1, RFC 6665 4.4.1). */
bool sip_method_refreshes_target(sip_method method);
/* A response that ends the dialog it came in (RFC 5057 5.1). */
bool sip_dialog_is_fatal(int status);

#endif
