/* SPDX-License-Identifier: MIT
 *
 * A new description is the old one with some spans exchanged; what lies between
 * them is copied byte by byte.
 */
#include "sdp/edit.h"

#include "base/error.h"

enum { HEAD = 2 /* "x=" */ };

/* Copies old bytes up to `to`, and goes on behind them. */
typedef struct editor {
  const sdp_session *session;
  sip_buffer *out;
  uint32_t at;
} editor;

static int start(editor *e, const sdp_session *session, sip_buffer *out) {
  *e = (editor){.session = session, .out = out};
  return session->error ? SIP_E_STATE : 0;
}

static void keep(editor *e, uint32_t to) {
  sip_buffer_add(e->out, sip_str_make(e->session->bytes + e->at, to - e->at));
  e->at = to;
}

static int finish(editor *e) {
  keep(e, e->session->len);
  return e->out->failed ? SIP_E_MEMORY : 0;
}

/* --- Where things are --------------------------------------------------------------- */

static sip_str line_end_of(const sdp_session *s, const sdp_line *line) {
  const char *at = s->bytes + line->value_at + line->value_len, *end = s->bytes + s->len;
  if (end - at >= 2 && at[0] == '\r') return sip_str_make(at, 2);
  return sip_str_make(at, end > at);
}

/* As the first line has it; CRLF when there is none to learn from. */
static sip_str usual_line_end(const sdp_session *s) {
  sip_str found = line_end_of(s, s->lines);
  return found.len > 0 ? found : SIP_STR("\r\n");
}

static uint32_t begin_of(const sdp_line *line) {
  return line->value_at - HEAD;
}

static uint32_t behind(const sdp_session *s, const sdp_line *line) {
  return line->value_at + line->value_len + (uint32_t)line_end_of(s, line).len;
}

/* The last line of the section; a medium has its m= line at least. */
static const sdp_line *last_of(const sdp_session *s, const sdp_media *media) {
  return s->lines + (media ? media->end_line : s->end_line) - 1;
}

/* Behind a line, which gets a line end when it had none. */
static void keep_line(editor *e, const sdp_line *line) {
  keep(e, behind(e->session, line));
  if (line_end_of(e->session, line).len == 0) sip_buffer_add(e->out, usual_line_end(e->session));
}

static void drop_line(editor *e, const sdp_line *line) {
  keep(e, begin_of(line));
  e->at = behind(e->session, line);
}

static void write_line(editor *e, char type, sip_str value) {
  sip_buffer_add_char(e->out, type);
  sip_buffer_add_char(e->out, '=');
  sip_buffer_add(e->out, value);
  sip_buffer_add(e->out, usual_line_end(e->session));
}

static void exchange(editor *e, uint32_t at, size_t len, sip_str text) {
  keep(e, at);
  sip_buffer_add(e->out, text);
  e->at = at + (uint32_t)len;
}

/* --- Lines ---------------------------------------------------------------------------- */

/* The line that a new one of this letter goes behind. */
static const sdp_line *place_for(const sdp_session *s, const sdp_media *media, char type) {
  const char *order = media ? "micbka" : "vosiuepcbtrzka";
  const char *rank = strchr(order, type);
  sdp_section section = sdp_section_of(s, media);
  const sdp_line *place = media ? section.from - 1 : section.from;
  for (const sdp_line *line = section.from; line < section.end; line++) {
    if (strchr(order, line->type) <= rank) place = line;
  }
  return place;
}

static int check_letter(const sdp_media *media, char type, sip_str value) {
  const char *letters = media ? "micbk" : "vosiuepcbtrzk";
  if (type == '\0' || !strchr(letters, type)) return SIP_E_INVALID;
  if (sip_str_has_line_break(value)) return SIP_E_INJECTION;
  bool needed = strchr("vosm", type);
  return needed && !value.ptr ? SIP_E_INVALID : 0;
}

int sdp_edit_line(const sdp_session *session, const sdp_media *media, char type, sip_str value,
                  sip_buffer *out) {
  editor e;
  int error = start(&e, session, out);
  if (!error) error = check_letter(media, type, value);
  if (error) return error;
  sdp_section section = sdp_section_of(session, media);
  if (type == 'm') section.from--;
  const sdp_line *line = sdp_section_next(&section, type);
  if (line && value.ptr) {
    exchange(&e, line->value_at, line->value_len, value);
    line = sdp_section_next(&section, type);
  } else if (value.ptr) {
    keep_line(&e, place_for(session, media, type));
    write_line(&e, type, value);
  }
  for (; line; line = sdp_section_next(&section, type)) drop_line(&e, line);
  return finish(&e);
}

/* --- Attributes -------------------------------------------------------------------------- */

static void write_text(editor *e, sip_str name, sip_str value) {
  sip_buffer_add(e->out, name);
  if (!value.ptr) return;
  sip_buffer_add_char(e->out, ':');
  sip_buffer_add(e->out, value);
}

static void write_attribute(editor *e, sip_str name, sip_str value) {
  SIP_BUFFER_ADD(e->out, "a=");
  write_text(e, name, value);
  sip_buffer_add(e->out, usual_line_end(e->session));
}

static int check_attribute(sip_str name, const sip_str *values, size_t count) {
  if (sip_str_has_line_break(name)) return SIP_E_INJECTION;
  for (size_t i = 0; i < count; i++) {
    if (sip_str_has_line_break(values[i])) return SIP_E_INJECTION;
  }
  return sdp_token_is_valid(name) ? 0 : SIP_E_INVALID;
}

int sdp_edit_attribute(const sdp_session *session, const sdp_media *media, sip_str name,
                       const sip_str *values, size_t count, sip_buffer *out) {
  editor e;
  int error = start(&e, session, out);
  if (!error) error = check_attribute(name, values, count);
  if (error) return error;
  sdp_section section = sdp_section_of(session, media);
  sdp_attribute found;
  const sdp_line *line = sdp_section_next_attribute(session, &section, name, &found);
  size_t written = 0;
  if (line && count > 0) {
    keep(&e, line->value_at);
    write_text(&e, name, values[written++]);
    e.at = line->value_at + line->value_len;
  }
  if (written < count) keep_line(&e, line ? line : last_of(session, media));
  while (written < count) write_attribute(&e, name, values[written++]);
  if (line && count > 0) line = sdp_section_next_attribute(session, &section, name, &found);
  while (line) {
    drop_line(&e, line);
    line = sdp_section_next_attribute(session, &section, name, &found);
  }
  return finish(&e);
}

int sdp_edit_add_attribute(const sdp_session *session, const sdp_media *media, sip_str name,
                           sip_str value, sip_buffer *out) {
  editor e;
  int error = start(&e, session, out);
  if (!error) error = check_attribute(name, &value, 1);
  if (error) return error;
  sdp_section section = sdp_section_of(session, media);
  const sdp_line *place = NULL, *line;
  sdp_attribute found;
  while ((line = sdp_section_next_attribute(session, &section, name, &found))) place = line;
  keep_line(&e, place ? place : last_of(session, media));
  write_attribute(&e, name, value);
  return finish(&e);
}

int sdp_edit_direction(const sdp_session *session, const sdp_media *media, sdp_direction direction,
                       sip_buffer *out) {
  editor e;
  int error = start(&e, session, out);
  if (error) return error;
  sip_str name = sdp_direction_name(direction);
  sdp_section section = sdp_section_of(session, media);
  bool written = false;
  for (const sdp_line *line = section.from; line < section.end; line++) {
    if (sdp_direction_of((sdp_attribute_id)line->attribute) < 0) continue;
    exchange(&e, line->value_at, line->value_len, name);
    written = true;
  }
  if (!written) {
    keep_line(&e, last_of(session, media));
    write_attribute(&e, name, (sip_str){0});
  }
  return finish(&e);
}

/* --- Address and port ------------------------------------------------------------------------ */

int sdp_edit_address(const sdp_session *session, const sdp_media *media, sip_str address,
                     sip_buffer *out) {
  enum { VALUE_SIZE = 300 }; /* "IN IP6 " and a name of 253 bytes (RFC 1035 2.3.4) */
  char memory[VALUE_SIZE];
  sip_buffer value = {.ptr = memory, .size = sizeof memory, .max = sizeof memory};
  if (sip_str_has_line_break(address)) return SIP_E_INJECTION;
  if (!sdp_address_is_valid(address)) return SIP_E_INVALID;
  sdp_connection_write(address, &value);
  if (value.failed) return SIP_E_INVALID;
  return sdp_edit_line(session, media, 'c', sip_buffer_str(&value), out);
}

int sdp_edit_port(const sdp_session *session, const sdp_media *media, uint16_t port,
                  sip_buffer *out) {
  editor e;
  int error = start(&e, session, out);
  if (error) return error;
  sip_str old = sip_str_make(session->bytes + media->port_at, media->port_len);
  exchange(&e, media->port_at, sip_str_index(old, '/'), (sip_str){0});
  sip_buffer_add_number(out, port);
  return finish(&e);
}

/* --- Formats ------------------------------------------------------------------------------------
 */

static bool is_kept(const sdp_session *s, const sdp_format *formats, sip_str name,
                    const uint16_t *order, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (sip_str_equal(sdp_format_name(s, &formats[order[i]]), name)) return true;
  }
  return false;
}

static bool is_format_of(const sdp_session *s, const sdp_media *media, sip_str name) {
  const sdp_format *formats = sdp_media_formats(s, media);
  for (size_t i = 0; i < media->format_count; i++) {
    if (sip_str_equal(sdp_format_name(s, &formats[i]), name)) return true;
  }
  return false;
}

/* The format that an rtpmap, fmtp or rtcp-fb line is about. */
static bool subject_of(const sdp_session *s, const sdp_line *line, sip_str *out) {
  bool about = line->attribute == SDP_ATTRIBUTE_RTPMAP || line->attribute == SDP_ATTRIBUTE_FMTP ||
               line->attribute == SDP_ATTRIBUTE_RTCP_FB;
  if (!about) return false;
  sdp_attribute attribute;
  sdp_attribute_parse(sdp_line_value(s, line), &attribute);
  sdp_fields fields = sdp_fields_of(attribute.value);
  return sdp_field_next(&fields, out);
}

static int check_order(const sdp_media *media, const uint16_t *order, size_t count) {
  if (count == 0 || count > media->format_count) return SIP_E_INVALID;
  for (size_t i = 0; i < count; i++) {
    if (order[i] >= media->format_count) return SIP_E_INVALID;
    for (size_t j = 0; j < i; j++) {
      if (order[j] == order[i]) return SIP_E_INVALID;
    }
  }
  return 0;
}

int sdp_edit_formats(const sdp_session *session, const sdp_media *media, const uint16_t *order,
                     size_t count, sip_buffer *out) {
  editor e;
  int error = start(&e, session, out);
  if (!error) error = check_order(media, order, count);
  if (error) return error;
  const sdp_format *formats = sdp_media_formats(session, media);
  const sdp_format *last = &formats[media->format_count - 1];
  keep(&e, formats->at);
  for (size_t i = 0; i < count; i++) {
    if (i > 0) sip_buffer_add_char(out, ' ');
    sip_buffer_add(out, sdp_format_name(session, &formats[order[i]]));
  }
  e.at = last->at + last->len;
  sdp_section section = sdp_section_of(session, media);
  sip_str name;
  for (const sdp_line *line = section.from; line < section.end; line++) {
    if (!subject_of(session, line, &name) || is_kept(session, formats, name, order, count)) {
      continue;
    }
    if (is_format_of(session, media, name)) drop_line(&e, line);
  }
  return finish(&e);
}
