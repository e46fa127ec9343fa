/* SPDX-License-Identifier: MIT
 *
 * One pass over the lines (RFC 8866 5, 9). Each is bounded, checked by the
 * grammar of its letter, and put into the tables. The first error ends it.
 */
#include "base/error.h"
#include "sdp/bandwidth.h"
#include "sdp/media_line.h"
#include "sdp/session.h"
#include "sdp/timing.h"

enum { HEAD = 2 /* "x=" */ };

/* Every description begins with these, in this order. */
static const char opening[] = "vos";
enum { OPENING_LINES = sizeof opening - 1 };

typedef struct parser {
  sdp_session *session;
  const sdp_limits *limits;
  const char *at; /* the line to come */
  const char *end;
  sdp_media *media;                      /* the section it is in, or NULL */
  uint16_t session_connection;           /* c= of the session level */
  uint16_t connection;                   /* c= of this section */
  int16_t direction;                     /* what this section says, or -1 */
  bool multicast;                        /* of `connection` */
  uint32_t seen;                         /* letters of this section, as bits */
  uint16_t format_of[SDP_PAYLOAD_TYPES]; /* 1 + its index among the medium's, or 0 */
} parser;

static int fail(parser *p, int error, const char *at) {
  sdp_session *s = p->session;
  s->error = (int16_t)error;
  s->error_at = (uint32_t)(at - s->bytes);
  s->error_line = s->line_count + 1U;
  return error;
}

/* --- Sections ------------------------------------------------------------------- */

static void begin_section(parser *p) {
  p->seen = 0;
  p->connection = SDP_NO_LINE;
  p->direction = -1;
}

/* What the session level says holds where a medium says nothing (RFC 8866 5). */
static void end_section(parser *p) {
  sdp_session *s = p->session;
  sdp_media *m = p->media;
  bool has_direction = p->direction >= 0, has_connection = p->connection != SDP_NO_LINE;
  if (m) {
    m->end_line = s->line_count;
    m->direction = has_direction ? (sdp_direction)p->direction : s->direction;
    m->connection = has_connection ? p->connection : p->session_connection;
  } else {
    s->end_line = s->line_count;
    s->direction = has_direction ? (sdp_direction)p->direction : SDP_SENDRECV;
    p->session_connection = p->connection;
  }
}

/* True the first time that the section has this letter. */
static bool first_of(parser *p, char letter) {
  uint32_t bit = UINT32_C(1) << (letter - 'a');
  bool first = !(p->seen & bit);
  p->seen |= bit;
  return first;
}

/* --- m= -------------------------------------------------------------------------- */

static int take_format(parser *p, sip_str name) {
  sdp_session *s = p->session;
  sdp_media *m = p->media;
  uint64_t type = SDP_NO_PAYLOAD;
  bool sound =
      m->is_rtp ? sip_str_to_number(name, SDP_PAYLOAD_TYPES - 1, &type) : sdp_token_is_valid(name);
  if (!sound) return fail(p, SIP_E_SDP_LINE, name.ptr);
  if (m->format_count == p->limits->formats || s->format_count == s->room.formats) {
    return fail(p, SIP_E_SDP_LIMIT, name.ptr);
  }
  s->formats[s->format_count++] = (sdp_format){.at = (uint32_t)(name.ptr - s->bytes),
                                               .len = (uint16_t)name.len,
                                               .rtpmap = SDP_NO_LINE,
                                               .fmtp = SDP_NO_LINE,
                                               .payload_type = (uint8_t)type};
  m->format_count++;
  if (m->is_rtp && !p->format_of[type]) p->format_of[type] = m->format_count;
  return 0;
}

static int take_media(parser *p, sip_str value) {
  sdp_session *s = p->session;
  sdp_fields fields = sdp_fields_of(value);
  sdp_media_line m;
  if (sdp_media_line_parse(&fields, &m)) return fail(p, SIP_E_SDP_LINE, fields.at);
  if (s->media_count == p->limits->media || s->media_count == s->room.media) {
    return fail(p, SIP_E_SDP_LIMIT, value.ptr - HEAD);
  }
  end_section(p);
  begin_section(p);
  memset(p->format_of, 0, sizeof p->format_of);
  p->media = &s->media[s->media_count++];
  *p->media = (sdp_media){.type_at = (uint32_t)(m.type.ptr - s->bytes),
                          .port_at = (uint32_t)(m.port_text.ptr - s->bytes),
                          .proto_at = (uint32_t)(m.proto.ptr - s->bytes),
                          .type_len = (uint16_t)m.type.len,
                          .port_len = (uint16_t)m.port_text.len,
                          .proto_len = (uint16_t)m.proto.len,
                          .port = m.port,
                          .port_count = m.port_count,
                          .first_line = s->line_count,
                          .first_format = s->format_count,
                          .is_rtp = sdp_proto_is_rtp(m.proto)};
  sdp_fields formats = sdp_fields_of(m.formats);
  sip_str name;
  int error = 0;
  while (!error && sdp_field_next(&formats, &name)) error = take_format(p, name);
  return error;
}

/* --- a= -------------------------------------------------------------------------- */

/* At most one for a section; twice the same harms nobody. */
static int take_direction(parser *p, int direction, sip_str value) {
  if (p->direction >= 0 && p->direction != direction) return fail(p, SIP_E_SDP_ORDER, value.ptr);
  p->direction = (int16_t)direction;
  return 0;
}

/* The format of the medium that a payload type names; NULL for those not listed. */
static sdp_format *format_of(parser *p, uint8_t type) {
  uint16_t place = p->format_of[type];
  return place ? &p->session->formats[p->media->first_format + place - 1] : NULL;
}

/* A payload type that stands for two codecs is for nobody to choose between. */
static int take_rtpmap(parser *p, sip_str value) {
  sdp_codec codec, before;
  if (!sdp_rtpmap_parse(value, &codec)) return fail(p, SIP_E_SDP_LINE, value.ptr);
  sdp_format *format = format_of(p, codec.payload_type);
  if (!format) return 0;
  if (format->rtpmap == SDP_NO_LINE) {
    format->rtpmap = p->session->line_count;
  } else if (sdp_format_codec(p->session, format, &before) && !sdp_codec_same(&before, &codec)) {
    return fail(p, SIP_E_SDP_ORDER, value.ptr);
  }
  return 0;
}

/* Of a format that is not listed: no meaning. Of one that has its parameters: the
 * first holds, for there may be one only (6.15). */
static void take_fmtp(parser *p, sip_str value) {
  sdp_fields fields = sdp_fields_of(value);
  uint64_t type;
  if (!sdp_field_number(&fields, SDP_PAYLOAD_TYPES - 1, &type)) return;
  sdp_format *format = format_of(p, (uint8_t)type);
  if (format && format->fmtp == SDP_NO_LINE) format->fmtp = p->session->line_count;
}

static int take_attribute(parser *p, sip_str value, uint8_t *id) {
  sdp_attribute attribute;
  if (!sdp_attribute_parse(value, &attribute)) return fail(p, SIP_E_SDP_LINE, value.ptr);
  *id = (uint8_t)sdp_attribute_find(attribute.name);
  int direction = sdp_direction_of((sdp_attribute_id)*id);
  if (direction >= 0) return take_direction(p, direction, value);
  if (!p->media || !p->media->is_rtp) return 0;
  if (*id == SDP_ATTRIBUTE_RTPMAP) return take_rtpmap(p, attribute.value);
  if (*id == SDP_ATTRIBUTE_FMTP) take_fmtp(p, attribute.value);
  return 0;
}

/* --- The other letters ------------------------------------------------------------- */

static int take_version(parser *p, sip_str value) {
  sdp_fields fields = sdp_fields_of(value);
  uint64_t version;
  bool zero = sdp_field_number(&fields, 0, &version) && sdp_fields_finish(&fields);
  return zero ? 0 : fail(p, SIP_E_SDP_LINE, fields.at);
}

/* Several are the addresses of one multicast group (5.7). */
static int take_connection(parser *p, sip_str value) {
  sdp_fields fields = sdp_fields_of(value);
  sdp_connection connection;
  if (sdp_connection_parse(&fields, &connection)) return fail(p, SIP_E_SDP_LINE, fields.at);
  if (p->connection == SDP_NO_LINE) {
    p->connection = p->session->line_count;
    p->multicast = connection.multicast;
    return 0;
  }
  bool group = p->media && p->multicast && connection.multicast;
  return group ? 0 : fail(p, SIP_E_SDP_ORDER, value.ptr - HEAD);
}

static int take_fields(parser *p, char letter, sip_str value) {
  sdp_fields fields = sdp_fields_of(value);
  sdp_origin origin;
  sdp_bandwidth bandwidth;
  int error = 0;
  switch (letter) {
  case 'o':
    error = sdp_origin_parse(&fields, &origin);
    break;
  case 'b':
    error = sdp_bandwidth_parse(&fields, &bandwidth);
    break;
  case 't':
    error = sdp_time_check(&fields);
    break;
  case 'r':
    error = sdp_repeat_check(&fields);
    break;
  case 'z':
    error = sdp_zone_check(&fields);
    break;
  default: /* text: s i u e p k */
    break;
  }
  return error ? fail(p, error, fields.at) : 0;
}

/* --- Lines --------------------------------------------------------------------------- */

static bool is_one_of(char letter, const char *letters) {
  return strchr(letters, letter) != NULL;
}

/* Where a letter may stand, and how often. */
static int check_place(parser *p, char letter, const char *at) {
  uint16_t count = p->session->line_count;
  if (letter == '\0' || !is_one_of(letter, "vosiuepcbtrzkam")) return fail(p, SIP_E_SDP_LINE, at);
  if (count < OPENING_LINES) return letter == opening[count] ? 0 : fail(p, SIP_E_SDP_ORDER, at);
  bool fits = p->media ? is_one_of(letter, "icbkam") : !is_one_of(letter, opening);
  bool again = !first_of(p, letter) && is_one_of(letter, "iuk");
  bool untimed = is_one_of(letter, "rz") && !(p->seen >> ('t' - 'a') & 1);
  return fits && !again && !untimed ? 0 : fail(p, SIP_E_SDP_ORDER, at);
}

static int take_line(parser *p, char letter, sip_str value) {
  sdp_session *s = p->session;
  int error = check_place(p, letter, value.ptr - HEAD);
  if (error) return error;
  if (s->line_count == p->limits->lines || s->line_count == s->room.lines) {
    return fail(p, SIP_E_SDP_LIMIT, value.ptr - HEAD);
  }
  sdp_line *line = &s->lines[s->line_count];
  *line = (sdp_line){.value_at = (uint32_t)(value.ptr - s->bytes),
                     .value_len = (uint16_t)value.len,
                     .type = letter};
  switch (letter) {
  case 'a':
    error = take_attribute(p, value, &line->attribute);
    break;
  case 'c':
    error = take_connection(p, value);
    break;
  case 'm':
    error = take_media(p, value);
    break;
  case 'v':
    error = take_version(p, value);
    break;
  default:
    error = take_fields(p, letter, value);
  }
  if (!error) s->line_count++;
  return error;
}

/* The first byte that no line may hold: NUL, or a CR that does not end it. */
static const char *find_bad_byte(sip_str line) {
  const char *nul = memchr(line.ptr, '\0', line.len);
  const char *cr = memchr(line.ptr, '\r', line.len);
  if (!nul) return cr;
  return cr && cr < nul ? cr : nul;
}

/* Cuts the next line off; its end may be CRLF or LF (5), or missing at the end. */
static sip_str next_line(parser *p) {
  const char *from = p->at;
  const char *lf = memchr(from, '\n', (size_t)(p->end - from));
  p->at = lf ? lf + 1 : p->end;
  const char *end = lf ? lf : p->end;
  if (lf && end > from && end[-1] == '\r') end--;
  return sip_str_between(from, end);
}

static bool only_line_ends(const char *at, const char *end) {
  while (at < end && (*at == '\n' || (*at == '\r' && end - at > 1 && at[1] == '\n'))) at++;
  return at == end;
}

static int take_lines(parser *p) {
  while (p->at < p->end) {
    sip_str line = next_line(p);
    const char *bad = find_bad_byte(line);
    if (bad) return fail(p, SIP_E_SDP_LINE, bad);
    if (line.len == 0 && only_line_ends(p->at, p->end)) return 0;
    if (line.len < HEAD || line.ptr[1] != '=') return fail(p, SIP_E_SDP_LINE, line.ptr);
    if (line.len > p->limits->line_size) return fail(p, SIP_E_SDP_LIMIT, line.ptr);
    sip_str value = sip_str_make(line.ptr + HEAD, line.len - HEAD);
    int error = take_line(p, line.ptr[0], value);
    if (error) return error;
  }
  return 0;
}

/* A medium in use needs an address (5.7). */
static int check_whole(parser *p) {
  sdp_session *s = p->session;
  if (s->line_count < OPENING_LINES) return fail(p, SIP_E_SDP_MISSING, p->end);
  for (size_t i = 0; i < s->media_count; i++) {
    const sdp_media *m = &s->media[i];
    if (m->port == 0 || m->connection != SDP_NO_LINE) continue;
    fail(p, SIP_E_SDP_MISSING, s->bytes + m->type_at - HEAD);
    s->error_line = m->first_line + 1U;
    return s->error;
  }
  return 0;
}

static int fail_size(parser *p) {
  const char *limit = p->at + p->limits->size;
  uint32_t line = 1;
  for (const char *at = p->at; (at = memchr(at, '\n', (size_t)(limit - at))); at++) line++;
  fail(p, SIP_E_SDP_LIMIT, limit);
  p->session->error_line = line;
  return SIP_E_SDP_LIMIT;
}

int sdp_session_parse(sdp_session *session, sip_str text, const sdp_limits *limits) {
  sdp_room room = session->room;
  sdp_session_init(session, room);
  session->bytes = text.ptr ? text.ptr : "";
  session->len = (uint32_t)text.len;
  parser p = {.session = session,
              .limits = limits,
              .at = session->bytes,
              .end = session->bytes + text.len,
              .session_connection = SDP_NO_LINE};
  if (text.len > limits->size) return fail_size(&p);
  begin_section(&p);
  int error = take_lines(&p);
  end_section(&p);
  return error ? error : check_whole(&p);
}
