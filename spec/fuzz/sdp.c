/* SPDX-License-Identifier: MIT
 *
 * One session description: parsed from memory of its exact size, read in every way,
 * edited in every way. An edit gives a description that parses, or says why not.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"
#include "sdp/edit.h"
#include "sdp/payloads.h"

static sip_alloc memory;

static void require(bool holds) {
  if (!holds) abort();
}

static sdp_session *parse(sip_str text) {
  sdp_room room = sdp_room_for(text, &sdp_limits_default);
  sdp_session *session = sdp_session_init(malloc(sdp_session_size(room)), room);
  int error = sdp_session_parse(session, text, &sdp_limits_default);
  require(error == session->error && session->error_at <= text.len);
  require(!error || session->error_line > 0);
  return session;
}

static void read_section(const sdp_session *s, const sdp_media *media) {
  sdp_section section = sdp_section_of(s, media);
  for (const sdp_line *line = section.from; line < section.end; line++) {
    sip_str value = sdp_line_value(s, line);
    require(value.ptr >= s->bytes && value.ptr + value.len <= s->bytes + s->len);
    require(!sip_str_has_line_break(value));
  }
  sdp_attribute attribute;
  while (sdp_section_next_attribute(s, &section, SIP_STR("fmtp"), &attribute)) {
    require(attribute.has_value || attribute.value.len == 0);
  }
}

static void read_media(const sdp_session *s, const sdp_media *media) {
  sdp_connection connection;
  sdp_rtcp rtcp;
  sdp_media_connection(s, media, &connection);
  sdp_media_rtcp(s, media, &rtcp);
  sdp_media_ptime(s, media, SDP_ATTRIBUTE_PTIME);
  require(media->format_count > 0);
  const sdp_format *formats = sdp_media_formats(s, media);
  for (size_t i = 0; i < media->format_count; i++) {
    sdp_codec codec;
    if (!sdp_format_codec(s, &formats[i], &codec)) continue;
    require(codec.name.len > 0 && sdp_codec_matches(&codec, &codec));
    sdp_codec_hash(&codec);
  }
}

/* An edit of a sound description: another sound one, whose media are as many. */
static void check_edit(const sdp_session *before, int error, sip_buffer *out) {
  if (!error) {
    sdp_session *after = parse(sip_buffer_str(out));
    bool fits = after->error == SIP_E_SDP_LIMIT || after->error == SIP_E_SDP_MISSING ||
                after->error == SIP_E_SDP_ORDER;
    require(fits || (!after->error && after->media_count == before->media_count));
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!memory.fn) sip_alloc_init(&memory, NULL, NULL);
  char *bytes = malloc(size + !size);
  if (size > 0) memcpy(bytes, data, size);
  sdp_session *s = parse(sip_str_make(bytes, size));
  if (!s->error) {
    sip_buffer out;
    sip_buffer_init(&out, &memory, 0);
    sdp_payloads payloads = {0};
    sdp_payloads_note(&payloads, s);
    read_section(s, NULL);
    edit_section(s, NULL, &out);
    for (size_t i = 0; i < s->media_count; i++) {
      read_section(s, &s->media[i]);
      read_media(s, &s->media[i]);
      if (i > 1) continue; /* the others are no different, and slow */
      edit_section(s, &s->media[i], &out);
      edit_media(s, &s->media[i], &out);
    }
    sip_buffer_deinit(&out);
  }
  free(s);
  free(bytes);
  return 0;
}
