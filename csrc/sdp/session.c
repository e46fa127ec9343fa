/* SPDX-License-Identifier: MIT
 *
 * Room for a description, and reading what was parsed.
 */
#include "sdp/session.h"

#include <assert.h>
#include <stdalign.h>

const sdp_limits sdp_limits_default = {
    .size = 65535, .lines = 1024, .line_size = 4096, .media = 32, .formats = 128};

enum { RTP_PORT_MAX = UINT16_MAX - 1 };

/* --- Memory ------------------------------------------------------------------- */

static uint16_t at_most(size_t count, size_t limit) {
  return (uint16_t)(count < limit ? count : limit);
}

sdp_room sdp_room_for(sip_str text, const sdp_limits *limits) {
  size_t lines = 0, media = 0, formats = 0;
  if (text.len > limits->size) text.len = limits->size;
  const char *at = text.ptr, *end = text.ptr + text.len;
  while (at < end && lines < limits->lines) {
    const char *lf = memchr(at, '\n', (size_t)(end - at));
    if (!lf) lf = end;
    lines++;
    if (*at == 'm') {
      media++;
      for (; at < lf; at++) formats += *at == ' ';
    }
    at = lf + 1;
  }
  size_t most = (size_t)limits->media * limits->formats;
  return (sdp_room){.lines = at_most(lines, limits->lines),
                    .media = at_most(media, limits->media),
                    .formats = at_most(formats, most < UINT16_MAX ? most : UINT16_MAX)};
}

/* Lines and formats are as strictly aligned as media, or less. */
static_assert(alignof(sdp_media) == alignof(sdp_format), "tables follow one another");
static_assert(alignof(sdp_media) == alignof(sdp_line), "tables follow one another");

size_t sdp_session_size(sdp_room room) {
  return sizeof(sdp_session) + room.lines * sizeof(sdp_line) + room.media * sizeof(sdp_media) +
         room.formats * sizeof(sdp_format);
}

sdp_session *sdp_session_init(void *memory, sdp_room room) {
  sdp_session *session = memory;
  *session = (sdp_session){.room = room};
  session->lines = (sdp_line *)(void *)(session + 1);
  session->media = (sdp_media *)(void *)(session->lines + room.lines);
  session->formats = (sdp_format *)(void *)(session->media + room.media);
  return session;
}

/* --- Lines ---------------------------------------------------------------------- */

sdp_section sdp_section_of(const sdp_session *session, const sdp_media *media) {
  size_t from = media ? media->first_line + 1U : 0;
  size_t end = media ? media->end_line : session->end_line;
  return (sdp_section){session->lines + from, session->lines + end};
}

const sdp_line *sdp_section_next(sdp_section *section, char type) {
  while (section->from < section->end) {
    const sdp_line *line = section->from++;
    if (line->type == type) return line;
  }
  return NULL;
}

const sdp_line *sdp_section_next_attribute(const sdp_session *session, sdp_section *section,
                                           sip_str name, sdp_attribute *out) {
  const sdp_line *line;
  while ((line = sdp_section_next(section, 'a'))) {
    sdp_attribute_parse(sdp_line_value(session, line), out);
    if (sip_str_equal(out->name, name)) return line;
  }
  return NULL;
}

bool sdp_session_attribute(const sdp_session *session, const sdp_media *media, sdp_attribute_id id,
                           sdp_attribute *out) {
  sdp_section section = sdp_section_of(session, media);
  for (const sdp_line *line = section.from; line < section.end; line++) {
    if (line->attribute != id) continue;
    return sdp_attribute_parse(sdp_line_value(session, line), out);
  }
  return false;
}

/* --- Values ----------------------------------------------------------------------- */

void sdp_session_origin(const sdp_session *session, sdp_origin *out) {
  sdp_section section = sdp_section_of(session, NULL);
  const sdp_line *line = sdp_section_next(&section, 'o');
  sdp_fields fields = sdp_fields_of(line ? sdp_line_value(session, line) : (sip_str){0});
  sdp_origin_parse(&fields, out);
}

bool sdp_media_connection(const sdp_session *session, const sdp_media *media, sdp_connection *out) {
  if (media->connection == SDP_NO_LINE) return false;
  sdp_fields fields = sdp_fields_of(sdp_line_value(session, &session->lines[media->connection]));
  return sdp_connection_parse(&fields, out) == 0;
}

bool sdp_media_has_rtcp_mux(const sdp_session *session, const sdp_media *media) {
  sdp_attribute mux;
  return sdp_session_attribute(session, media, SDP_ATTRIBUTE_RTCP_MUX, &mux);
}

bool sdp_media_rtcp(const sdp_session *session, const sdp_media *media, sdp_rtcp *out) {
  sdp_attribute attribute;
  if (sdp_session_attribute(session, media, SDP_ATTRIBUTE_RTCP, &attribute) &&
      sdp_rtcp_parse(attribute.value, out)) {
    return true;
  }
  *out = (sdp_rtcp){0};
  if (media->port == 0 || media->port > RTP_PORT_MAX) return false;
  out->port = (uint16_t)(media->port + 1);
  return true;
}

uint16_t sdp_media_ptime(const sdp_session *session, const sdp_media *media, sdp_attribute_id id) {
  sdp_attribute attribute;
  if (!sdp_session_attribute(session, media, id, &attribute)) return 0;
  return sdp_ptime_parse(attribute.value);
}

/* Behind the format's name and the spaces that follow it. */
static sip_str behind_name(sip_str value) {
  sdp_fields fields = sdp_fields_of(value);
  sip_str name;
  sdp_field_next(&fields, &name);
  sdp_fields_finish(&fields);
  return sip_str_between(fields.at, fields.end);
}

bool sdp_format_codec(const sdp_session *session, const sdp_format *format, sdp_codec *out) {
  bool known = true;
  if (format->payload_type == SDP_NO_PAYLOAD) {
    *out = (sdp_codec){
        .name = sdp_format_name(session, format), .channels = 1, .payload_type = SDP_NO_PAYLOAD};
  } else if (format->rtpmap != SDP_NO_LINE) {
    sdp_attribute map;
    sdp_attribute_parse(sdp_line_value(session, &session->lines[format->rtpmap]), &map);
    known = sdp_rtpmap_parse(map.value, out);
  } else {
    known = sdp_codec_static(format->payload_type, out);
  }
  if (known && format->fmtp != SDP_NO_LINE) {
    sdp_attribute fmtp;
    sdp_attribute_parse(sdp_line_value(session, &session->lines[format->fmtp]), &fmtp);
    out->fmtp = behind_name(fmtp.value);
  }
  return known;
}
