/* SPDX-License-Identifier: MIT
 *
 * One address is the peer's; a few others may be proving themselves. Half of those
 * places are kept for hosts that SDP or the signalling named, so that a flood from
 * elsewhere cannot take them all.
 */
#include "rtp/latch.h"

#include "rtp/sequence.h"

enum { PLACES = RTP_LATCH_CANDIDATES / 2 };

void rtp_latch_init(rtp_latch *latch, const rtp_latch_config *config) {
  *latch = (rtp_latch){.mode = config->mode, .secure = config->secure};
}

static void forget_candidates(rtp_latch *latch) {
  for (size_t i = 0; i < RTP_LATCH_CANDIDATES; i++) {
    latch->candidates[i] = (rtp_latch_candidate){0};
  }
}

void rtp_latch_expect(rtp_latch *latch, const sip_sockaddr *sdp, const sip_sockaddr *signalling,
                      rtp_time now) {
  sip_sockaddr address = sdp ? *sdp : (sip_sockaddr){0};
  latch->signalling = signalling ? *signalling : (sip_sockaddr){0};
  sip_sockaddr_canonicalise(&address);
  sip_sockaddr_canonicalise(&latch->signalling);
  /* Nowhere (0.0.0.0, port 0: a hold of old, RFC 3264 8.4) is no address to expect. */
  if (address.port == 0 || sip_sockaddr_is_any(&address)) address = (sip_sockaddr){0};
  bool same = sip_sockaddr_equal(&address, &latch->expected);
  if (same && latch->expected.family) return;
  latch->expected = latch->remote = address;
  latch->expected_at = now;
  latch->learnt = false;
  latch->tentative = 0;
  forget_candidates(latch);
}

static bool is_expected(const rtp_latch *latch, const sip_sockaddr *from) {
  return latch->expected.family && sip_sockaddr_equal(from, &latch->expected);
}

static bool is_likely(const rtp_latch *latch, const sip_sockaddr *from) {
  return (latch->expected.family && sip_sockaddr_equal_ip(from, &latch->expected)) ||
         (latch->signalling.family && sip_sockaddr_equal_ip(from, &latch->signalling));
}

static rtp_latch_verdict refuse(rtp_latch *latch) {
  latch->refused++;
  return RTP_LATCH_REFUSE;
}

static void follow(rtp_latch *latch, const rtp_packet *packet, rtp_time now) {
  bool other = packet->ssrc != latch->ssrc;
  if (other || rtp_sequence_ahead(packet->sequence, latch->next_sequence) >= 0) {
    latch->next_sequence = (uint16_t)(packet->sequence + 1);
  }
  latch->ssrc = packet->ssrc;
  latch->heard_at = now;
}

static rtp_latch_verdict learn(rtp_latch *latch, const rtp_latch_packet *p, rtp_time now) {
  bool moved = !sip_sockaddr_equal(p->from, &latch->remote);
  latch->learnt = true;
  latch->remote = *p->from;
  latch->moves += moved;
  forget_candidates(latch);
  follow(latch, p->packet, now);
  return RTP_LATCH_LEARNT;
}

/* --- Candidates ------------------------------------------------------------------ */

static bool is_idle(const rtp_latch_candidate *c, rtp_time now) {
  return !c->used || rtp_time_since(now, c->last_at) >= RTP_LATCH_SILENCE_MS * RTP_MS;
}

/* The place of that address, or one for it; NULL when all of its kind are taken. */
static rtp_latch_candidate *candidate_of(rtp_latch *latch, const rtp_latch_packet *p,
                                         rtp_time now) {
  rtp_latch_candidate *places = latch->candidates + (is_likely(latch, p->from) ? 0 : PLACES);
  rtp_latch_candidate *free = NULL;
  for (size_t i = 0; i < PLACES; i++) {
    if (places[i].used && sip_sockaddr_equal(p->from, &places[i].from)) return &places[i];
    if (is_idle(&places[i], now)) free = &places[i];
  }
  if (free) *free = (rtp_latch_candidate){.used = true, .from = *p->from, .flood_at = now};
  return free;
}

/* More packets than any audio stream has: it stays banned until it slows down. */
static bool is_flood(rtp_latch *latch, rtp_latch_candidate *c, rtp_time now) {
  if (rtp_time_since(now, c->flood_at) >= RTP_LATCH_FLOOD_MS * RTP_MS) {
    c->banned = c->flood > RTP_LATCH_FLOOD;
    c->flood = 0;
    c->flood_at = now;
  }
  if (c->flood <= RTP_LATCH_FLOOD) c->flood++;
  if (c->flood > RTP_LATCH_FLOOD && !c->banned) {
    c->banned = true;
    latch->floods++;
  }
  return c->banned;
}

/* True when the packet is the last that was wanted of its source: in a row, over a
 * time in which a stream, but no flood, sends as many. */
static bool proves(rtp_latch_candidate *c, const rtp_packet *packet, rtp_time now) {
  bool in_row = c->in_a_row > 0 && packet->ssrc == c->ssrc && packet->sequence == c->next_sequence;
  if (!in_row) {
    c->in_a_row = 0;
    c->first_at = now;
    c->first_sequence = packet->sequence;
    c->ssrc = packet->ssrc;
  }
  if (c->in_a_row < RTP_LATCH_IN_A_ROW) c->in_a_row++;
  c->next_sequence = (uint16_t)(packet->sequence + 1);
  c->last_at = now;
  return c->in_a_row == RTP_LATCH_IN_A_ROW &&
         rtp_time_since(now, c->first_at) >= RTP_LATCH_PROOF_MS * RTP_MS;
}

/* --- Rules ------------------------------------------------------------------------ */

/* A learnt address gives way to one that proved itself: to SDP's own; to the same
 * stream that goes on elsewhere, when here it stopped; or after silence. */
static bool may_move(const rtp_latch *latch, const rtp_latch_candidate *c, bool expected,
                     rtp_time now) {
  if (latch->mode != RTP_LATCH_RELEARN) return false;
  int16_t ahead = rtp_sequence_ahead(c->first_sequence, latch->next_sequence);
  bool continues = c->ssrc == latch->ssrc && ahead >= 0 && ahead <= RTP_MAX_MISORDER;
  bool stopped = latch->heard_at < c->first_at;
  bool silent = rtp_time_since(now, latch->heard_at) >= RTP_LATCH_SILENCE_MS * RTP_MS;
  return expected || silent || (continues && stopped);
}

/* From an address that is not (yet) the peer's. */
static rtp_latch_verdict judge(rtp_latch *latch, const rtp_latch_packet *p, rtp_time now) {
  rtp_latch_candidate *c = candidate_of(latch, p, now);
  if (!c || is_flood(latch, c, now)) return refuse(latch);
  bool proven = proves(c, p->packet, now);
  if (latch->learnt) {
    bool moves = proven && may_move(latch, c, is_expected(latch, p->from), now);
    return moves ? learn(latch, p, now) : refuse(latch);
  }
  if (proven) return learn(latch, p, now);
  if (latch->tentative == RTP_LATCH_TENTATIVE_MAX) return refuse(latch);
  latch->tentative++;
  return RTP_LATCH_ACCEPT;
}

/* Authentication is the proof; it is told whose the packet is, but not how old. */
static rtp_latch_verdict judge_secure(rtp_latch *latch, const rtp_latch_packet *p, rtp_time now) {
  bool newer = p->packet->ssrc != latch->ssrc ||
               rtp_sequence_ahead(p->packet->sequence, latch->next_sequence) >= 0;
  bool may = !latch->learnt || (latch->mode == RTP_LATCH_RELEARN && newer);
  return may ? learn(latch, p, now) : refuse(latch);
}

rtp_latch_verdict rtp_latch_receive(rtp_latch *latch, const rtp_latch_packet *p, rtp_time now) {
  if (latch->secure && !p->authenticated) return refuse(latch);
  if (latch->learnt && sip_sockaddr_equal(p->from, &latch->remote)) {
    follow(latch, p->packet, now);
    return RTP_LATCH_ACCEPT;
  }
  bool expected = is_expected(latch, p->from);
  if (latch->mode == RTP_LATCH_OFF && !expected) return refuse(latch);
  rtp_time waited = rtp_time_since(now, latch->expected_at);
  bool window = waited <= RTP_LATCH_WINDOW_MS * RTP_MS;
  if (expected && (!latch->learnt || window)) return learn(latch, p, now);
  return latch->secure ? judge_secure(latch, p, now) : judge(latch, p, now);
}

bool rtp_latch_accepts_rtcp(const rtp_latch *latch, const sip_sockaddr *from, bool authenticated) {
  if (latch->secure && !authenticated) return false;
  return latch->remote.family && sip_sockaddr_equal_ip(from, &latch->remote);
}
