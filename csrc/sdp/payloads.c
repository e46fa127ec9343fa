/* SPDX-License-Identifier: MIT
 *
 * Few entries, read through from the start: the first that was noted holds.
 */
#include "sdp/payloads.h"

/* Where dynamic types are looked for: 96 to 127, then what RFC 3551 6 leaves
 * unassigned below 64; 64 to 95 would be taken for RTCP (RFC 5761 4). */
static const struct range {
  uint8_t first;
  uint8_t last;
} ranges[] = {{SDP_DYNAMIC_FIRST, SDP_PAYLOAD_TYPES - 1}, {35, 63}};

static const sdp_payload *find_type(const sdp_payloads *p, size_t media, uint8_t type) {
  for (size_t i = 0; p && i < p->count; i++) {
    if (p->entries[i].media == media && p->entries[i].type == type) return &p->entries[i];
  }
  return NULL;
}

static bool is_static(const sdp_codec *codec) {
  sdp_codec assigned;
  return sdp_codec_static(codec->payload_type, &assigned) && sdp_codec_same(&assigned, codec);
}

void sdp_payloads_note(sdp_payloads *payloads, const sdp_session *session) {
  for (size_t i = 0; i < session->media_count; i++) {
    const sdp_media *media = &session->media[i];
    const sdp_format *formats = sdp_media_formats(session, media);
    for (size_t f = 0; f < media->format_count && media->is_rtp; f++) {
      sdp_codec codec;
      if (!sdp_format_codec(session, &formats[f], &codec) || is_static(&codec)) continue;
      bool known = find_type(payloads, i, codec.payload_type);
      if (known || payloads->count == SDP_PAYLOADS_MAX) continue;
      payloads->entries[payloads->count++] = (sdp_payload){
          .codec = sdp_codec_hash(&codec), .media = (uint16_t)i, .type = codec.payload_type};
    }
  }
}

typedef struct choice {
  const sdp_payloads *payloads;
  size_t media;
  const sdp_codec *codec;
  const bool *taken;
} choice;

/* Nobody has it, and RFC 3551 does not give it to another codec. */
static bool is_free(const choice *c, uint8_t type) {
  if (type >= SDP_PAYLOAD_TYPES || c->taken[type]) return false;
  const sdp_payload *entry = find_type(c->payloads, c->media, type);
  if (entry) return entry->codec == sdp_codec_hash(c->codec);
  sdp_codec assigned;
  return !sdp_codec_static(type, &assigned) || sdp_codec_same(&assigned, c->codec);
}

static bool choose_known(const choice *c, uint8_t *type) {
  uint64_t hash = sdp_codec_hash(c->codec);
  for (size_t i = 0; c->payloads && i < c->payloads->count; i++) {
    const sdp_payload *entry = &c->payloads->entries[i];
    if (entry->media != c->media || entry->codec != hash || c->taken[entry->type]) continue;
    *type = entry->type;
    return true;
  }
  return false;
}

static bool choose_static(const choice *c, uint8_t *type) {
  sdp_codec assigned;
  for (unsigned i = 0; i < SDP_DYNAMIC_FIRST; i++) {
    *type = (uint8_t)i;
    if (!sdp_codec_static(*type, &assigned) || !sdp_codec_same(&assigned, c->codec)) continue;
    if (!is_free(c, *type)) continue;
    return true;
  }
  return false;
}

uint8_t sdp_payloads_choose(const sdp_payloads *payloads, size_t media, const sdp_codec *codec,
                            const bool taken[SDP_PAYLOAD_TYPES]) {
  choice c = {.payloads = payloads, .media = media, .codec = codec, .taken = taken};
  uint8_t type;
  if (choose_known(&c, &type)) return type;
  if (is_free(&c, codec->payload_type)) return codec->payload_type;
  if (choose_static(&c, &type)) return type;
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
    for (type = ranges[i].first; type <= ranges[i].last; type++) {
      if (is_free(&c, type)) return type;
    }
  }
  return SDP_NO_PAYLOAD;
}
