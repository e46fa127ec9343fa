/* SPDX-License-Identifier: MIT
 *
 * m= lines from what we can do, in the places that they have.
 */
#include "sdp/offer.h"

#include "base/error.h"
#include "sdp/media_line.h"
#include "sdp/revision.h"

static bool give_payload_types(const sdp_offering *how, size_t index, sdp_draft *draft) {
  const sdp_local_media *m = draft->media;
  bool rtp = sdp_proto_is_rtp(m->proto), taken[SDP_PAYLOAD_TYPES] = {false};
  for (size_t i = 0; i < m->codec_count; i++) {
    sdp_pick *pick = &draft->picks[draft->count++];
    *pick = (sdp_pick){.codec = &m->codecs[i], .payload_type = SDP_NO_PAYLOAD};
    if (!rtp) continue;
    pick->payload_type = sdp_payloads_choose(how->payloads, index, pick->codec, taken);
    if (pick->payload_type == SDP_NO_PAYLOAD) return false;
    taken[pick->payload_type] = true;
  }
  return true;
}

/* An m= line that is over keeps its place, with one of its formats (8.2). */
static void write_over(const sdp_session *sent, size_t index, sip_buffer *out) {
  const sdp_media *old = &sent->media[index];
  sdp_write_unused(sdp_media_type(sent, old), sdp_media_proto(sent, old),
                   sdp_format_name(sent, sdp_media_formats(sent, old)), out);
}

static int write_media(const sdp_offering *how, size_t index, sip_buffer *out) {
  const sdp_local_media *m = &how->local->media[index];
  sdp_draft draft = {.media = m, .direction = m->direction, .rtcp_mux = m->rtcp_mux};
  if (!give_payload_types(how, index, &draft)) return SIP_E_SDP_LIMIT;
  char number[SDP_FORMAT_SIZE];
  if (m->port) {
    sdp_write_media(how->local, &draft, out);
  } else if (how->sent && index < how->sent->media_count) {
    write_over(how->sent, index, out);
  } else {
    sdp_write_unused(m->type, m->proto, sdp_pick_format(&draft.picks[0], number), out);
  }
  return 0;
}

int sdp_offer_write(const sdp_offering *how, sip_buffer *out) {
  const sdp_session *sent = how->sent;
  size_t from = out->len, count = how->local->media_count, before = sent ? sent->media_count : 0;
  int error = sdp_local_check(how->local);
  if (!error && count > sdp_limits_default.media) error = SIP_E_SDP_LIMIT;
  if (!error) error = sdp_write_head(how->local, sent, out);
  sdp_write_times(sent, out);
  for (size_t i = 0; i < count && !error; i++) error = write_media(how, i, out);
  for (size_t i = count; i < before; i++) write_over(sent, i, out);
  return error ? error : sdp_revision_settle(sent, from, out);
}
