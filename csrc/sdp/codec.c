/* SPDX-License-Identifier: MIT
 *
 * rtpmap, the static payload types, and when two codecs are the same.
 */
#include "sdp/codec.h"

#include "base/hash.h"

/* RFC 3551 tables 4 and 5. No rate: reserved, unassigned, or removed. */
static const struct assignment {
  const char *name;
  uint32_t rate;
  uint16_t channels;
} assigned[] = {
    [0] = {"PCMU", 8000, 1},   [3] = {"GSM", 8000, 1},    [4] = {"G723", 8000, 1},
    [5] = {"DVI4", 8000, 1},   [6] = {"DVI4", 16000, 1},  [7] = {"LPC", 8000, 1},
    [8] = {"PCMA", 8000, 1},   [9] = {"G722", 8000, 1},   [10] = {"L16", 44100, 2},
    [11] = {"L16", 44100, 1},  [12] = {"QCELP", 8000, 1}, [13] = {"CN", 8000, 1},
    [14] = {"MPA", 90000, 1},  [15] = {"G728", 8000, 1},  [16] = {"DVI4", 11025, 1},
    [17] = {"DVI4", 22050, 1}, [18] = {"G729", 8000, 1},  [25] = {"CelB", 90000, 1},
    [26] = {"JPEG", 90000, 1}, [28] = {"nv", 90000, 1},   [31] = {"H261", 90000, 1},
    [32] = {"MPV", 90000, 1},  [33] = {"MP2T", 90000, 1}, [34] = {"H263", 90000, 1},
};

/* Parameters that make another format of a codec, with what it means to leave them out. */
static const struct identity {
  sip_str codec;
  sip_str param;
  sip_str otherwise;
} identities[] = {
#define ROW(codec, param, otherwise)                          \
  {                                                           \
    {codec, sizeof(codec) - 1}, {param, sizeof(param) - 1}, { \
      otherwise, sizeof(otherwise) - 1                        \
    }                                                         \
  }
    ROW("AMR", "octet-align", "0"),         /* RFC 4867 8.1 */
    ROW("AMR-WB", "octet-align", "0"),      /* RFC 4867 8.2 */
    ROW("G7221", "bitrate", ""),            /* RFC 5577 */
    ROW("H264", "packetization-mode", "0"), /* RFC 6184 8.2.2 */
#undef ROW
};

bool sdp_rtpmap_parse(sip_str value, sdp_codec *out) {
  *out = (sdp_codec){.channels = 1};
  sdp_fields fields = sdp_fields_of(value);
  uint64_t type, rate, channels = 1;
  sip_str map;
  bool sound = sdp_field_number(&fields, SDP_PAYLOAD_TYPES - 1, &type) &&
               sdp_field_next(&fields, &map) && sdp_fields_finish(&fields);
  if (!sound) return false;
  size_t slash = sip_str_index(map, '/');
  if (slash == map.len) return false;
  out->name = sip_str_make(map.ptr, slash);
  sip_str clock = sip_str_make(map.ptr + slash + 1, map.len - slash - 1);
  slash = sip_str_index(clock, '/');
  if (slash < clock.len) {
    sip_str count = sip_str_make(clock.ptr + slash + 1, clock.len - slash - 1);
    if (!sip_str_to_number(count, UINT16_MAX, &channels) || channels == 0) return false;
    clock.len = slash;
  }
  if (!sdp_token_is_valid(out->name) || !sip_str_to_number(clock, UINT32_MAX, &rate)) return false;
  out->payload_type = (uint8_t)type;
  out->rate = (uint32_t)rate;
  out->channels = (uint16_t)channels;
  return rate > 0;
}

void sdp_codec_write(const sdp_codec *codec, sip_buffer *out) {
  sip_buffer_add(out, codec->name);
  sip_buffer_add_char(out, '/');
  sip_buffer_add_number(out, codec->rate);
  if (codec->channels <= 1) return;
  sip_buffer_add_char(out, '/');
  sip_buffer_add_number(out, codec->channels);
}

bool sdp_codec_static(uint8_t payload_type, sdp_codec *out) {
  if (payload_type >= sizeof assigned / sizeof *assigned) return false;
  const struct assignment *is = &assigned[payload_type];
  if (is->rate == 0) return false;
  *out = (sdp_codec){.name = sip_str_make(is->name, strlen(is->name)),
                     .rate = is->rate,
                     .channels = is->channels,
                     .payload_type = payload_type};
  return true;
}

bool sdp_codec_same(const sdp_codec *a, const sdp_codec *b) {
  return a->rate == b->rate && a->channels == b->channels && sip_str_equal_nocase(a->name, b->name);
}

static bool params_match(const sdp_codec *a, const sdp_codec *b, const struct identity *identity) {
  sip_str x = identity->otherwise, y = identity->otherwise;
  sip_str_param(a->fmtp, identity->param, &x);
  sip_str_param(b->fmtp, identity->param, &y);
  return sip_str_equal(x, y);
}

bool sdp_codec_matches(const sdp_codec *a, const sdp_codec *b) {
  if (!sdp_codec_same(a, b)) return false;
  for (size_t i = 0; i < sizeof identities / sizeof *identities; i++) {
    const struct identity *identity = &identities[i];
    if (!sip_str_equal_nocase(a->name, identity->codec)) continue;
    if (!params_match(a, b, identity)) return false;
  }
  return true;
}

uint64_t sdp_codec_hash(const sdp_codec *codec) {
  const sip_hash_key key = {codec->rate, codec->channels};
  uint64_t hash = sip_hash_nocase(key, codec->name);
  for (size_t i = 0; i < sizeof identities / sizeof *identities; i++) {
    if (!sip_str_equal_nocase(codec->name, identities[i].codec)) continue;
    sip_str value = identities[i].otherwise;
    sip_str_param(codec->fmtp, identities[i].param, &value);
    hash ^= sip_hash(key, value);
  }
  return hash;
}

bool sdp_codec_is_auxiliary(const sdp_codec *codec) {
  return sip_str_equal_nocase(codec->name, SIP_STR("telephone-event")) ||
         sip_str_equal_nocase(codec->name, SIP_STR("CN")) ||
         sip_str_equal_nocase(codec->name, SIP_STR("tone"));
}
