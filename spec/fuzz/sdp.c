/* SPDX-License-Identifier: MIT
 *
 * One session description: parsed from memory of its exact size, read in every way,
 * edited in every way. An edit gives a description that parses, or says why not.
 */
#include "sdp.h"

#include "sdp/edit.h"
#include "sdp/payloads.h"

static void read_section(const sdp_session *s, const sdp_media *media) {
  sdp_section section = sdp_section_of(s, media);
  for (const sdp_line *line = section.from; line < section.end; line++) {
    sip_str value = sdp_line_value(s, line);
    HOLDS(value.ptr >= s->bytes && value.ptr + value.len <= s->bytes + s->len);
    HOLDS(!sip_str_has_line_break(value));
  }
  sdp_attribute attribute;
  while (sdp_section_next_attribute(s, &section, SIP_STR("fmtp"), &attribute)) {
    HOLDS(attribute.has_value || attribute.value.len == 0);
  }
}

static void read_media(const sdp_session *s, const sdp_media *media) {
  sdp_connection connection;
  sdp_rtcp rtcp;
  sdp_media_connection(s, media, &connection);
  sdp_media_rtcp(s, media, &rtcp);
  sdp_media_ptime(s, media, SDP_ATTRIBUTE_PTIME);
  HOLDS(media->format_count > 0);
  const sdp_format *formats = sdp_media_formats(s, media);
  for (size_t i = 0; i < media->format_count; i++) {
    sdp_codec codec;
    if (!sdp_format_codec(s, &formats[i], &codec)) continue;
    HOLDS(codec.name.len > 0 && sdp_codec_matches(&codec, &codec));
    sdp_codec_hash(&codec);
  }
}

/* An edit of a sound description: another sound one, whose media are as many. */
static void check_edit(const sdp_session *before, int error, sip_buffer *out) {
  if (!error) {
    sdp_session *after = parse(sip_buffer_str(out));
    bool fits = after->error == SIP_E_SDP_LIMIT || after->error == SIP_E_SDP_MISSING ||
                after->error == SIP_E_SDP_ORDER;
    HOLDS(fits || (!after->error && after->media_count == before->media_count));
    free(after);
  }
  sip_buffer_clear(out);
}

static void edit_section(const sdp_session *s, const sdp_media *media, sip_buffer *out) {
  const sip_str values[] = {SIP_STR("one"), {0}, SIP_STR("")};
  check_edit(s, sdp_edit_line(s, media, 'i', SIP_STR("new"), out), out);
  check_edit(s, sdp_edit_line(s, media, 'b', SIP_STR("AS:1"), out), out);
  check_edit(s, sdp_edit_line(s, media, 'b', (sip_str){0}, out), out);
  check_edit(s, sdp_edit_line(s, media, 'k', (sip_str){0}, out), out);
  check_edit(s, sdp_edit_attribute(s, media, SIP_STR("ptime"), values, 3, out), out);
  check_edit(s, sdp_edit_attribute(s, media, SIP_STR("x-new"), values, 1, out), out);
  check_edit(s, sdp_edit_attribute(s, media, SIP_STR("rtpmap"), NULL, 0, out), out);
  check_edit(s, sdp_edit_add_attribute(s, media, SIP_STR("fmtp"), values[0], out), out);
  check_edit(s, sdp_edit_direction(s, media, SDP_SENDONLY, out), out);
  check_edit(s, sdp_edit_address(s, media, SIP_STR("2001:db8::1"), out), out);
}

static void edit_media(const sdp_session *s, const sdp_media *media, sip_buffer *out) {
  uint16_t order[SDP_PAYLOAD_TYPES];
  uint16_t count = media->format_count;
  for (uint16_t i = 0; i < count; i++) order[i] = (uint16_t)(count - 1 - i);
  check_edit(s, sdp_edit_formats(s, media, order, count, out), out);
  check_edit(s, sdp_edit_formats(s, media, order, 1, out), out);
  check_edit(s, sdp_edit_port(s, media, 65535, out), out);
  check_edit(s, sdp_edit_port(s, media, 0, out), out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sip_str text = exact_copy(sip_str_make((const char *)data, size));
  sdp_session *s = parse(text);
  if (!s->error) {
    written out;
    written_init(&out);
    sdp_payloads payloads = {0};
    sdp_payloads_note(&payloads, s);
    read_section(s, NULL);
    edit_section(s, NULL, &out.buffer);
    for (size_t i = 0; i < s->media_count; i++) {
      read_section(s, &s->media[i]);
      read_media(s, &s->media[i]);
      if (i > 1) continue; /* the others are no different, and slow */
      edit_section(s, &s->media[i], &out.buffer);
      edit_media(s, &s->media[i], &out.buffer);
    }
    written_deinit(&out);
  }
  free(s);
  free_copy(text);
  return 0;
}
