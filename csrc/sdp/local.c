/* SPDX-License-Identifier: MIT
 *
 * Lines of ours. What goes into them was checked before.
 */
#include "sdp/local.h"

#include "base/error.h"
#include "sdp/media_line.h"
#include "sdp/revision.h"

#define VERSION_END ((UINT64_C(1) << 62) - 1)

/* --- Checking -------------------------------------------------------------------- */

static int check_codec(const sdp_codec *codec, bool rtp) {
  if (sip_str_has_line_break(codec->name) || sip_str_has_line_break(codec->fmtp)) {
    return SIP_E_INJECTION;
  }
  bool numbered = codec->payload_type < SDP_PAYLOAD_TYPES || codec->payload_type == SDP_NO_PAYLOAD;
  bool sound = sdp_token_is_valid(codec->name) && numbered &&
               (!rtp || (codec->rate > 0 && codec->channels > 0));
  return sound ? 0 : SIP_E_INVALID;
}

static int check_media(const sdp_local_media *media) {
  const sip_str *texts[] = {&media->type, &media->proto, &media->address};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (sip_str_has_line_break(*texts[i])) return SIP_E_INJECTION;
  }
  bool sound = sdp_token_is_valid(media->type) && sdp_proto_is_valid(media->proto) &&
               (media->address.len == 0 || sdp_address_is_valid(media->address)) &&
               media->codec_count > 0 && media->codec_count <= SDP_CODECS_MAX &&
               media->direction <= SDP_SENDRECV;
  int error = sound ? 0 : SIP_E_INVALID;
  bool rtp = sdp_proto_is_rtp(media->proto);
  for (size_t i = 0; i < media->codec_count && !error; i++) {
    error = check_codec(&media->codecs[i], rtp);
  }
  return error;
}

int sdp_local_check(const sdp_local *local) {
  if (sip_str_has_line_break(local->username) || sip_str_has_line_break(local->address)) {
    return SIP_E_INJECTION;
  }
  sdp_fields fields = sdp_fields_of(local->username);
  sip_str name;
  bool named = local->username.len == 0 ||
               (sdp_field_visible(&fields, &name) && name.len == local->username.len);
  bool sound = named && sdp_address_is_valid(local->address) && local->id <= INT64_MAX &&
               local->version < VERSION_END;
  int error = sound ? 0 : SIP_E_INVALID;
  for (size_t i = 0; i < local->media_count && !error; i++) error = check_media(&local->media[i]);
  return error;
}

/* --- Writing ------------------------------------------------------------------------ */

static void write_origin(const sdp_local *local, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "o=");
  sip_buffer_add(out, local->username.len > 0 ? local->username : SIP_STR("-"));
  sip_buffer_add_char(out, ' ');
  sip_buffer_add_number(out, local->id);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add_number(out, local->version);
  sip_buffer_add_char(out, ' ');
  sdp_connection_write(local->address, out);
  SIP_BUFFER_ADD(out, "\r\n");
}

static void write_connection(sip_str address, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "c=");
  sdp_connection_write(address, out);
  SIP_BUFFER_ADD(out, "\r\n");
}

int sdp_write_head(const sdp_local *local, const sdp_session *sent, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "v=0\r\n");
  int error = 0;
  if (sent) {
    error = sdp_revision_write_next(sdp_session_text(sent), out);
  } else {
    write_origin(local, out);
  }
  SIP_BUFFER_ADD(out, "s=-\r\n"); /* 3264 5: a dash, for unicast */
  write_connection(local->address, out);
  return error;
}

static void write_number_attribute(sip_str name, uint64_t value, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "a=");
  sip_buffer_add(out, name);
  sip_buffer_add_char(out, ':');
  sip_buffer_add_number(out, value);
  SIP_BUFFER_ADD(out, "\r\n");
}

sip_str sdp_pick_format(const sdp_pick *pick, char memory[SDP_FORMAT_SIZE]) {
  if (pick->payload_type == SDP_NO_PAYLOAD) return pick->codec->name;
  sip_buffer number = {.ptr = memory, .size = SDP_FORMAT_SIZE, .max = SDP_FORMAT_SIZE};
  sip_buffer_add_number(&number, pick->payload_type);
  return sip_buffer_str(&number);
}

static void write_media_line(sip_str type, uint16_t port, sip_str proto, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "m=");
  sip_buffer_add(out, type);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add_number(out, port);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, proto);
}

static void write_format(sip_str format, sip_buffer *out) {
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, format);
}

/* RFC 3264 6.1: rtpmap for dynamic payload types, and better for static ones too. */
static void write_map(const sdp_pick *pick, sip_buffer *out) {
  if (pick->payload_type == SDP_NO_PAYLOAD) return;
  SIP_BUFFER_ADD(out, "a=rtpmap:");
  sip_buffer_add_number(out, pick->payload_type);
  sip_buffer_add_char(out, ' ');
  sdp_codec_write(pick->codec, out);
  SIP_BUFFER_ADD(out, "\r\n");
  if (pick->codec->fmtp.len == 0) return;
  SIP_BUFFER_ADD(out, "a=fmtp:");
  sip_buffer_add_number(out, pick->payload_type);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, pick->codec->fmtp);
  SIP_BUFFER_ADD(out, "\r\n");
}

static void write_rtcp(const sdp_local_media *m, bool mux, sip_buffer *out) {
  if (mux) SIP_BUFFER_ADD(out, "a=rtcp-mux\r\n");
  bool usual = m->rtcp_port == 0 || m->rtcp_port == m->port + 1;
  if (!mux && !usual) write_number_attribute(SIP_STR("rtcp"), m->rtcp_port, out);
}

void sdp_write_media(const sdp_local *local, const sdp_draft *draft, sip_buffer *out) {
  const sdp_local_media *m = draft->media;
  char number[SDP_FORMAT_SIZE];
  write_media_line(m->type, m->port, m->proto, out);
  for (size_t i = 0; i < draft->count; i++) {
    write_format(sdp_pick_format(&draft->picks[i], number), out);
  }
  SIP_BUFFER_ADD(out, "\r\n");
  bool own = m->address.len > 0 && !sip_str_equal(m->address, local->address);
  if (own) write_connection(m->address, out);
  for (size_t i = 0; i < draft->count; i++) write_map(&draft->picks[i], out);
  if (m->ptime) write_number_attribute(SIP_STR("ptime"), m->ptime, out);
  if (m->maxptime) write_number_attribute(SIP_STR("maxptime"), m->maxptime, out);
  if (sdp_proto_is_rtp(m->proto)) write_rtcp(m, draft->rtcp_mux, out);
  SIP_BUFFER_ADD(out, "a=");
  sip_buffer_add(out, sdp_direction_name(draft->direction));
  SIP_BUFFER_ADD(out, "\r\n");
}

void sdp_write_unused(sip_str type, sip_str proto, sip_str format, sip_buffer *out) {
  write_media_line(type, 0, proto, out);
  write_format(format, out);
  SIP_BUFFER_ADD(out, "\r\n");
}

void sdp_write_times(const sdp_session *other, sip_buffer *out) {
  size_t written = out->len;
  if (other) {
    sdp_section section = sdp_section_of(other, NULL);
    const sdp_line *line;
    while ((line = sdp_section_next(&section, 't'))) {
      SIP_BUFFER_ADD(out, "t=");
      sip_buffer_add(out, sdp_line_value(other, line));
      SIP_BUFFER_ADD(out, "\r\n");
    }
  }
  if (out->len == written) SIP_BUFFER_ADD(out, "t=0 0\r\n");
}
