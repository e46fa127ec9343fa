/* SPDX-License-Identifier: MIT
 *
 * Each m= line of the offer finds a medium of ours with a codec in common.
 */
#include "sdp/answer.h"

#include "base/error.h"
#include "sdp/revision.h"

/* --- Codecs in common ---------------------------------------------------------------- */

static bool is_picked(const sdp_draft *draft, const sdp_codec *codec) {
  for (size_t i = 0; i < draft->count; i++) {
    if (draft->picks[i].codec == codec) return true;
  }
  return false;
}

/* Each codec of ours once, with the payload type that the offer gives to it first. */
static void pick(sdp_draft *draft, const sdp_codec *ours, const sdp_codec *theirs) {
  if (!sdp_codec_matches(ours, theirs) || is_picked(draft, ours)) return;
  if (draft->count == SDP_CODECS_MAX) return;
  draft->picks[draft->count++] = (sdp_pick){.codec = ours, .payload_type = theirs->payload_type};
}

/* True when the offer has a codec that can stand alone. */
static bool pick_in_their_order(const sdp_session *offer, const sdp_media *media,
                                sdp_draft *draft) {
  const sdp_format *formats = sdp_media_formats(offer, media);
  bool lone = false;
  for (size_t f = 0; f < media->format_count; f++) {
    sdp_codec theirs;
    if (!sdp_format_codec(offer, &formats[f], &theirs)) continue;
    lone = lone || !sdp_codec_is_auxiliary(&theirs);
    for (size_t i = 0; i < draft->media->codec_count; i++) {
      pick(draft, &draft->media->codecs[i], &theirs);
    }
  }
  return lone;
}

static void sort_by_ours(sdp_draft *draft) {
  size_t sorted = 0;
  for (size_t i = 0; i < draft->media->codec_count; i++) {
    for (size_t j = sorted; j < draft->count; j++) {
      if (draft->picks[j].codec != &draft->media->codecs[i]) continue;
      sdp_pick found = draft->picks[j];
      memmove(&draft->picks[sorted + 1], &draft->picks[sorted], (j - sorted) * sizeof found);
      draft->picks[sorted++] = found;
      break;
    }
  }
}

static bool has_main_of_rate(const sdp_draft *draft, uint32_t rate) {
  for (size_t i = 0; i < draft->count; i++) {
    const sdp_codec *codec = draft->picks[i].codec;
    if (!sdp_codec_is_auxiliary(codec) && codec->rate == rate) return true;
  }
  return false;
}

/* False when there is none: events and comfort noise alone are no conversation. */
static bool keep_one_main(sdp_draft *draft) {
  size_t kept = 0;
  bool found = false;
  for (size_t i = 0; i < draft->count; i++) {
    bool auxiliary = sdp_codec_is_auxiliary(draft->picks[i].codec);
    if (!auxiliary && found) continue;
    found = found || !auxiliary;
    draft->picks[kept++] = draft->picks[i];
  }
  draft->count = kept;
  return found;
}

/* Auxiliary formats whose clock is no codec's are of no use (RFC 4733 2.1). */
static void drop_idle_auxiliary(sdp_draft *draft) {
  sdp_draft before = *draft;
  draft->count = 0;
  for (size_t i = 0; i < before.count; i++) {
    const sdp_codec *codec = before.picks[i].codec;
    if (sdp_codec_is_auxiliary(codec) && !has_main_of_rate(&before, codec->rate)) continue;
    draft->picks[draft->count++] = before.picks[i];
  }
}

/* --- One m= line -------------------------------------------------------------------------- */

/* RFC 6157 4.1: the answer's address is of the offer's kind. An address of the group
 * is nothing that we could answer with (6.2). */
static bool address_fits(const sdp_session *offer, const sdp_media *media, sip_str address) {
  sdp_connection theirs;
  if (!sdp_media_connection(offer, media, &theirs) || theirs.multicast) return false;
  bool ip6 = sip_str_index(address, ':') < address.len;
  return sip_str_equal(theirs.nettype, SIP_STR("IN")) &&
         sip_str_equal(theirs.addrtype, ip6 ? SIP_STR("IP6") : SIP_STR("IP4"));
}

static bool fits(const sdp_session *offer, const sdp_media *media, const sdp_answering *how,
                 sdp_draft *draft) {
  const sdp_local_media *ours = draft->media;
  sip_str address = ours->address.len > 0 ? ours->address : how->local->address;
  if (ours->port == 0 || !sip_str_equal(ours->type, sdp_media_type(offer, media)) ||
      !sip_str_equal(ours->proto, sdp_media_proto(offer, media)) ||
      !address_fits(offer, media, address)) {
    return false;
  }
  bool needs_main = pick_in_their_order(offer, media, draft);
  if (how->our_order) sort_by_ours(draft);
  if (how->one_codec && !keep_one_main(draft)) return false;
  if (needs_main) drop_idle_auxiliary(draft);
  draft->direction = sdp_direction_agree(ours->direction, media->direction);
  draft->rtcp_mux = ours->rtcp_mux && sdp_media_has_rtcp_mux(offer, media);
  return draft->count > 0;
}

/* An m= line in use keeps its medium (8: matching by position). */
static bool may_use(const sdp_answering *how, size_t line, size_t ours, const uint16_t *used) {
  const sdp_session *sent = how->sent;
  bool line_in_use = sent && line < sent->media_count && sent->media[line].port != 0;
  if (line_in_use) return ours == line;
  if (sent && ours < sent->media_count && sent->media[ours].port != 0) return false;
  for (size_t i = 0; i < line; i++) {
    if (used[i] == ours) return false;
  }
  return true;
}

static uint16_t find_media(const sdp_session *offer, size_t line, const sdp_answering *how,
                           sdp_draft *draft) {
  for (size_t i = 0; i < how->local->media_count; i++) {
    if (!may_use(how, line, i, how->used)) continue;
    *draft = (sdp_draft){.media = &how->local->media[i]};
    if (fits(offer, &offer->media[line], how, draft)) return (uint16_t)i;
  }
  return SDP_NO_MEDIA;
}

static void write_rejected(const sdp_session *offer, const sdp_media *media, sip_buffer *out) {
  sdp_write_unused(sdp_media_type(offer, media), sdp_media_proto(offer, media),
                   sdp_format_name(offer, sdp_media_formats(offer, media)), out);
}

/* --- The whole ---------------------------------------------------------------------------- */

static int check(const sdp_session *offer, const sdp_answering *how) {
  if (offer->error) return SIP_E_STATE;
  if (how->sent && offer->media_count < how->sent->media_count) return SIP_E_SDP_OFFER;
  return sdp_local_check(how->local);
}

int sdp_answer_write(const sdp_session *offer, const sdp_answering *how, sip_buffer *out) {
  size_t from = out->len;
  bool asked = false, agreed = false;
  int error = check(offer, how);
  if (!error) error = sdp_write_head(how->local, how->sent, out);
  if (error) return error;
  sdp_write_times(offer, out);
  for (size_t i = 0; i < offer->media_count; i++) {
    const sdp_media *media = &offer->media[i];
    sdp_draft draft;
    uint16_t found = media->port ? find_media(offer, i, how, &draft) : SDP_NO_MEDIA;
    how->used[i] = found;
    asked = asked || media->port;
    agreed = agreed || found != SDP_NO_MEDIA;
    if (found == SDP_NO_MEDIA) {
      write_rejected(offer, media, out);
    } else {
      sdp_write_media(how->local, &draft, out);
    }
  }
  if (asked && !agreed && !how->cannot_refuse) return SIP_E_SDP_MEDIA;
  return sdp_revision_settle(how->sent, from, out);
}

/* --- Theirs ---------------------------------------------------------------------------------- */

static bool have_codec_in_common(const sdp_session *offer, const sdp_media *offered,
                                 const sdp_session *answer, const sdp_media *answered) {
  const sdp_format *a = sdp_media_formats(offer, offered);
  const sdp_format *b = sdp_media_formats(answer, answered);
  sdp_codec x, y;
  for (size_t i = 0; i < offered->format_count; i++) {
    if (!sdp_format_codec(offer, &a[i], &x)) continue;
    for (size_t j = 0; j < answered->format_count; j++) {
      if (sdp_format_codec(answer, &b[j], &y) && sdp_codec_matches(&x, &y)) return true;
    }
  }
  return false;
}

static bool answers(const sdp_session *offer, const sdp_media *offered, const sdp_session *answer,
                    const sdp_media *answered) {
  if (!sip_str_equal(sdp_media_type(offer, offered), sdp_media_type(answer, answered))) {
    return false;
  }
  if (answered->port == 0) return true;
  return offered->port != 0 &&
         sip_str_equal(sdp_media_proto(offer, offered), sdp_media_proto(answer, answered)) &&
         have_codec_in_common(offer, offered, answer, answered);
}

int sdp_answer_check(const sdp_session *offer, const sdp_session *answer, size_t *media) {
  for (*media = 0; *media < offer->media_count; ++*media) {
    if (*media == answer->media_count) return SIP_E_SDP_ANSWER;
    if (!answers(offer, &offer->media[*media], answer, &answer->media[*media])) {
      return SIP_E_SDP_ANSWER;
    }
  }
  return answer->media_count == offer->media_count ? 0 : SIP_E_SDP_ANSWER;
}
