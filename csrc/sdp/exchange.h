/* SPDX-License-Identifier: MIT
 *
 * Which SIP message carries an offer or an answer, and what may be sent when (RFC
 * 6337): the state of one dialog, as a table. The six patterns of its table 1 are
 * paths through it; its rules of 4.3, UAC-II to UAS-IsU, are the cells that refuse.
 */
#ifndef MOONSIP_SDP_EXCHANGE_H
#define MOONSIP_SDP_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

/* UAC_ and UAS_: an INVITE of ours, or of theirs, is not finished. */
#define SDP_EXCHANGE_STATES(X)                                                                \
  X(IDLE)            /* nothing is under way */                                               \
  X(UAC_EMPTY)       /* our INVITE had no offer: theirs comes in a response */                \
  X(UAC_OFFERED)     /* our INVITE had one: its answer comes in a response */                 \
  X(UAC_OWES_PRACK)  /* an offer came in a reliable 1xx: the answer goes into the PRACK */    \
  X(UAC_OWES_ACK)    /* an offer came in the 2xx: the answer goes into the ACK */             \
  X(UAC_ANSWERED)    /* the answer came in a reliable 1xx: our PRACK is due */                \
  X(UAC_PRACK)       /* ... and is sent, without an offer */                                  \
  X(UAC_PRACK_OFFER) /* ... or with one */                                                    \
  X(UAC_SETTLED)     /* offer and answer are done, the INVITE is not */                       \
  X(UAS_EMPTY)       /* their INVITE had no offer: ours goes into a response */               \
  X(UAS_OFFERED)     /* their INVITE had one: our answer goes into a response */              \
  X(UAS_OFFER_1XX)   /* we offered in a reliable 1xx: the answer comes in the PRACK */        \
  X(UAS_OFFER_2XX)   /* we offered in the 2xx: the answer comes in the ACK */                 \
  X(UAS_ANSWER_1XX)  /* we answered in a reliable 1xx: their PRACK is due */                  \
  X(UAS_PRACK)       /* ... and came, without an offer */                                     \
  X(UAS_PRACK_OFFER) /* ... or with one */                                                    \
  X(UAS_SETTLED)                                                                              \
  X(PRACK_OFFERED) /* our PRACK with an offer is not answered, the INVITE is */               \
  X(UPDATE_SENT)   /* an UPDATE of ours or of theirs, with an offer, outside an INVITE ... */ \
  X(UPDATE_CAME)                                                                              \
  X(UAC_UPDATE_SENT) /* ... and while one is settled */                                       \
  X(UAC_UPDATE_CAME)                                                                          \
  X(UAS_UPDATE_SENT)                                                                          \
  X(UAS_UPDATE_CAME)

/* Each as SEND_ and RECV_. An UPDATE is one with an offer, its success has the answer. */
#define SDP_EXCHANGE_MESSAGES(X)                                     \
  X(INVITE_OFFER)                                                    \
  X(INVITE)       /* without a session description; so the others */ \
  X(PREVIEW)      /* 1xx that is not reliable, with one */           \
  X(RELIABLE_SDP) /* reliable 1xx */                                 \
  X(RELIABLE)                                                        \
  X(SUCCESS_SDP) /* 2xx of the INVITE */                             \
  X(SUCCESS)                                                         \
  X(FAILURE)                                                         \
  X(PRACK_SDP)                                                       \
  X(PRACK)                                                           \
  X(PRACK_SUCCESS_SDP)                                               \
  X(PRACK_SUCCESS)                                                   \
  X(PRACK_FAILURE)                                                   \
  X(ACK_SDP)                                                         \
  X(ACK)                                                             \
  X(UPDATE)                                                          \
  X(UPDATE_SUCCESS)                                                  \
  X(UPDATE_FAILURE)

#define SDP_EXCHANGE_VERDICTS(X)                                                         \
  X(NONE) /* must not be sent; received, it changes nothing and its body says nothing */ \
  X(PASS) /* in order, and its body, if any, is no offer or answer (2.4, 3.1.1) */       \
  X(OFFER)                                                                               \
  X(ANSWER)                                                                              \
  X(PREVIEW)    /* of the answer: act as if it were (3.1.1) */                           \
  X(WITHDRAW)   /* the offer that was pending is void */                                 \
  X(ROLLBACK)   /* all is void that was agreed since the INVITE (3.4) */                 \
  X(REFUSE_491) /* answer it so: ours is under way */                                    \
  X(REFUSE_500) /* answer it so, with Retry-After: one of theirs is under way */         \
  X(FAULT)      /* the peer broke the model: there is no session, end the dialog */

typedef enum sdp_exchange_state {
#define X(name) SDP_EXCHANGE_##name,
  SDP_EXCHANGE_STATES(X)
#undef X
      SDP_EXCHANGE_STATE_COUNT
} sdp_exchange_state;

typedef enum sdp_exchange_event {
#define X(name) SDP_SEND_##name, SDP_RECV_##name,
  SDP_EXCHANGE_MESSAGES(X)
#undef X
      SDP_EXCHANGE_EVENT_COUNT
} sdp_exchange_event;

typedef enum sdp_verdict {
#define X(name) SDP_VERDICT_##name,
  SDP_EXCHANGE_VERDICTS(X)
#undef X
      SDP_VERDICT_COUNT
} sdp_verdict;

typedef struct sdp_exchange_arrow {
  uint8_t next;    /* sdp_exchange_state; the same after NONE and a refusal */
  uint8_t verdict; /* sdp_verdict */
} sdp_exchange_arrow;

sdp_exchange_arrow sdp_exchange_step(sdp_exchange_state state, sdp_exchange_event event);

/* "UAC_OFFERED", "SEND_INVITE_OFFER", "ANSWER"; NULL behind the last. */
const char *sdp_exchange_state_name(int state);
const char *sdp_exchange_event_name(int event);
const char *sdp_verdict_name(int verdict);

#endif
