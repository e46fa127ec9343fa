/* SPDX-License-Identifier: MIT
 *
 * Answers: writing ours (RFC 3264 6), and whether one of theirs fits (7).
 */
#ifndef MOONSIP_SDP_ANSWER_H
#define MOONSIP_SDP_ANSWER_H

#include "sdp/local.h"

enum { SDP_NO_MEDIA = UINT16_MAX };

typedef struct sdp_answering {
  const sdp_local *local;  /* its media are tried in order; see `sent` */
  const sdp_session *sent; /* our last description of this session, or NULL. An m= line
                              that is in use in it is for the n-th local medium only */
  bool our_order;          /* of codecs, instead of the offer's (6.1 recommends that) */
  bool one_codec;          /* the best codec only, and what is auxiliary to it */
  bool cannot_refuse;      /* the offer came in a response (RFC 6337 5.2.4): when nothing
                              fits, all ports are 0 */
  uint16_t *used;          /* for each m= line the index of its local medium, or
                              SDP_NO_MEDIA; room for all of the offer */
} sdp_answering;

/* Writes the answer to an offer: the same m= lines in the same order, each with the
 * offer's payload types for the codecs that both have, or with port 0.
 * 0, SIP_E_SDP_MEDIA when nothing fits (488), SIP_E_SDP_OFFER when m= lines of the
 * session are missing, SIP_E_INVALID or SIP_E_INJECTION (local), SIP_E_NUMBER (the
 * version of sent), SIP_E_MEMORY. */
int sdp_answer_write(const sdp_session *offer, const sdp_answering *how, sip_buffer *out);

/* 0 when `answer` may be one to `offer`: as many m= lines, of the same types and in
 * use only where they were offered, with the offer's protocol (an answer in RTP/AVP to
 * an offer of RTP/SAVP would be a downgrade) and a codec of it. Else SIP_E_SDP_ANSWER
 * and the index of the m= line. A direction that was not offered is let pass: real
 * peers answer hold so, and sdp_stream takes the intersection. */
int sdp_answer_check(const sdp_session *offer, const sdp_session *answer, size_t *media);

#endif
