/* SPDX-License-Identifier: MIT
 *
 * Symmetric RTP (RFC 4961): where media comes from is where it goes to, learnt under
 * rules that keep strangers out. Packets of an address are accepted when SDP named it,
 * or when it proved itself by packets in a row; after that nobody else's are, until
 * the stream moves (same SSRC, its sequence going on) or has been silent.
 */
#ifndef MOONSIP_RTP_LATCH_H
#define MOONSIP_RTP_LATCH_H

#include "base/sockaddr.h"
#include "rtp/packet.h"
#include "rtp/time.h"

enum {
  RTP_LATCH_TENTATIVE_MAX = 5, /* packets accepted before an address is learnt */
  RTP_LATCH_IN_A_ROW = 4,      /* packets in a row that prove a source ... */
  RTP_LATCH_PROOF_MS = 30,     /* ... over at least this long: less is a flood */
  RTP_LATCH_SILENCE_MS = 200,  /* of the source, until another may take its place */
  RTP_LATCH_WINDOW_MS = 1500,  /* SDP's address may still take over from a learnt one */
  RTP_LATCH_CANDIDATES = 4,    /* sources on probation at once, half of them of likely hosts */
  RTP_LATCH_FLOOD = 30,        /* packets of a candidate within RTP_LATCH_FLOOD_MS */
  RTP_LATCH_FLOOD_MS = 100,
};

typedef enum rtp_latch_mode {
  RTP_LATCH_RELEARN, /* the default: learn, and follow a stream that moves */
  RTP_LATCH_ONCE,    /* learn one address, and keep to it until SDP names another */
  RTP_LATCH_OFF,     /* only the address that SDP names */
} rtp_latch_mode;

typedef enum rtp_latch_verdict {
  RTP_LATCH_ACCEPT, /* a packet of the peer */
  RTP_LATCH_LEARNT, /* the same, and from now on media goes to `remote` */
  RTP_LATCH_REFUSE, /* drop it: no audio, no digit, no report comes of it */
} rtp_latch_verdict;

typedef struct rtp_latch_candidate {
  sip_sockaddr from;
  uint32_t ssrc;
  uint16_t first_sequence; /* of those in a row */
  uint16_t next_sequence;
  uint8_t in_a_row;
  uint8_t flood; /* packets since flood_at */
  bool used;
  bool banned; /* it is a flood, until it slows down */
  rtp_time first_at;
  rtp_time last_at;
  rtp_time flood_at;
} rtp_latch_candidate;

typedef struct rtp_latch {
  rtp_latch_mode mode;
  bool secure;             /* SRTP: only authenticated packets count, and they count at once */
  bool learnt;             /* `remote` is where packets come from; otherwise what SDP says */
  uint8_t tentative;       /* packets accepted before that */
  uint16_t next_sequence;  /* of the learnt stream */
  uint32_t ssrc;           /* of the learnt stream */
  sip_sockaddr expected;   /* by SDP; family 0: not known yet */
  sip_sockaddr signalling; /* where SIP comes from; family 0: unknown */
  sip_sockaddr remote;     /* where media goes to */
  rtp_time expected_at;
  rtp_time heard_at; /* last packet of `remote` */
  rtp_latch_candidate candidates[RTP_LATCH_CANDIDATES];
  uint32_t refused; /* packets */
  uint32_t floods;  /* candidates that were too fast */
  uint32_t moves;   /* times that another address was learnt */
} rtp_latch;

typedef struct rtp_latch_config {
  rtp_latch_mode mode;
  bool secure;
} rtp_latch_config;

void rtp_latch_init(rtp_latch *latch, const rtp_latch_config *config);

/* SDP names where media goes to, and the signalling comes from there (NULL or family
 * 0: not known). The same address as before changes nothing; another one begins a
 * learning window. */
void rtp_latch_expect(rtp_latch *latch, const sip_sockaddr *sdp, const sip_sockaddr *signalling,
                      rtp_time now);

/* A packet that parsed, and with SRTP whether it was authenticated. The same source
 * address, SSRC and sequence rules serve all payload types. */
typedef struct rtp_latch_packet {
  const sip_sockaddr *from;
  const rtp_packet *packet;
  bool authenticated;
} rtp_latch_packet;

rtp_latch_verdict rtp_latch_receive(rtp_latch *latch, const rtp_latch_packet *packet, rtp_time now);

/* RTCP does not teach; it is accepted of the host that media is accepted of, from any
 * port when it has one of its own. With SRTP it must be authenticated. */
bool rtp_latch_accepts_rtcp(const rtp_latch *latch, const sip_sockaddr *from, bool authenticated);

#endif
