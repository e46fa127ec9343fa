/* SPDX-License-Identifier: MIT
 *
 * A session description (RFC 8866): tables of lines, media and formats over
 * bytes that are kept as they came, so that printing one loses nothing. Parsing
 * copies nothing and allocates nothing.
 */
#ifndef MOONSIP_SDP_SESSION_H
#define MOONSIP_SDP_SESSION_H

#include "sdp/attribute.h"
#include "sdp/codec.h"
#include "sdp/origin.h"

/* Limits that a description may reach; one more is SIP_E_SDP_LIMIT. */
typedef struct sdp_limits {
  uint32_t size;      /* bytes, 65535 */
  uint16_t lines;     /* 1024 */
  uint16_t line_size; /* bytes of one without its end, 4096 */
  uint16_t media;     /* m= lines, 32 */
  uint16_t formats;   /* of one m= line, 128 */
} sdp_limits;

extern const sdp_limits sdp_limits_default;

/* One line "x=value". It begins two bytes in front of its value. */
typedef struct sdp_line {
  uint32_t value_at;
  uint16_t value_len;
  char type;         /* the letter */
  uint8_t attribute; /* sdp_attribute_id of an a= line */
} sdp_line;

#define SDP_NO_LINE UINT16_MAX

/* A format of an m= line. Indices are of session->lines, or SDP_NO_LINE. */
typedef struct sdp_format {
  uint32_t at;
  uint16_t len;
  uint16_t rtpmap;
  uint16_t fmtp;
  uint8_t payload_type; /* or SDP_NO_PAYLOAD */
} sdp_format;

/* An m= line and what follows up to the next one. */
typedef struct sdp_media {
  uint32_t type_at;
  uint32_t port_at;
  uint32_t proto_at;
  uint16_t type_len;
  uint16_t port_len; /* with "/count" */
  uint16_t proto_len;
  uint16_t port;
  uint16_t port_count;
  uint16_t first_line; /* the m= line */
  uint16_t end_line;   /* the line behind its last */
  uint16_t first_format;
  uint16_t format_count;
  uint16_t connection;     /* the c= line that holds for it, or SDP_NO_LINE */
  sdp_direction direction; /* its own or the session's */
  bool is_rtp;
} sdp_media;

/* Room of the three tables. */
typedef struct sdp_room {
  uint16_t lines;
  uint16_t media;
  uint16_t formats;
} sdp_room;

typedef struct sdp_session {
  const char *bytes; /* the caller's */
  uint32_t len;
  uint32_t error_at;       /* byte of it, from `bytes` */
  uint32_t error_line;     /* counted from 1 */
  int16_t error;           /* 0, or the first error met, of base/error.h */
  sdp_direction direction; /* what the session level says, else sendrecv */
  uint16_t line_count;
  uint16_t media_count;
  uint16_t format_count;
  uint16_t end_line; /* the line behind the session level's last */
  sdp_room room;
  sdp_line *lines;
  sdp_media *media;
  sdp_format *formats;
} sdp_session;

/* Room that is enough to parse this text, or to learn that it is over a limit. */
sdp_room sdp_room_for(sip_str text, const sdp_limits *limits);
/* Bytes of a session with its tables; the session at the start of that memory,
 * which has to be aligned as malloc's is. To parse into again and again. */
size_t sdp_session_size(sdp_room room);
sdp_session *sdp_session_init(void *memory, sdp_room room);

/* Parses one description. Returns 0 or the first error, which is also in
 * session->error with its line and byte:
 *   SIP_E_SDP_LINE     a line that breaks its grammar, an unknown letter, a line
 *                      end that is none, NUL
 *   SIP_E_SDP_ORDER    a line where it must not be, or that contradicts another
 *   SIP_E_SDP_MISSING  v=, o=, s=, or the c= of a medium in use
 *   SIP_E_SDP_LIMIT
 * What real peers do and harms nobody is taken: LF alone, no line end or an empty
 * line at the end of all, spaces around fields, an empty s=, no t=, session lines
 * behind o= and s= in another order. */
int sdp_session_parse(sdp_session *session, sip_str text, const sdp_limits *limits);

/* --- Reading ------------------------------------------------------------------ */

/* In all of these `media` NULL is the session level. */

static inline sip_str sdp_session_text(const sdp_session *s) {
  return sip_str_make(s->bytes, s->len);
}

static inline sip_str sdp_line_value(const sdp_session *s, const sdp_line *line) {
  return sip_str_make(s->bytes + line->value_at, line->value_len);
}

static inline sip_str sdp_media_type(const sdp_session *s, const sdp_media *media) {
  return sip_str_make(s->bytes + media->type_at, media->type_len);
}

static inline sip_str sdp_media_proto(const sdp_session *s, const sdp_media *media) {
  return sip_str_make(s->bytes + media->proto_at, media->proto_len);
}

static inline sip_str sdp_format_name(const sdp_session *s, const sdp_format *format) {
  return sip_str_make(s->bytes + format->at, format->len);
}

static inline const sdp_format *sdp_media_formats(const sdp_session *s, const sdp_media *media) {
  return s->formats + media->first_format;
}

/* The lines of a section; behind its m= line, when it has one. */
typedef struct sdp_section {
  const sdp_line *from;
  const sdp_line *end;
} sdp_section;
sdp_section sdp_section_of(const sdp_session *session, const sdp_media *media);

/* The next line with the letter in a section that is read from its start; NULL. */
const sdp_line *sdp_section_next(sdp_section *section, char type);
/* The next attribute of that name, with its parts. */
const sdp_line *sdp_section_next_attribute(const sdp_session *session, sdp_section *section,
                                           sip_str name, sdp_attribute *out);

/* First attribute with the id in the section; false when there is none. */
bool sdp_session_attribute(const sdp_session *session, const sdp_media *media, sdp_attribute_id id,
                           sdp_attribute *out);

void sdp_session_origin(const sdp_session *session, sdp_origin *out);

/* The connection that holds for a medium; false when there is none. */
bool sdp_media_connection(const sdp_session *session, const sdp_media *media, sdp_connection *out);
/* Where its RTCP goes unless both sides multiplex: what a=rtcp says, else the port
 * one above (RFC 3605 2.1). False when that is no port. */
bool sdp_media_rtcp(const sdp_session *session, const sdp_media *media, sdp_rtcp *out);
bool sdp_media_has_rtcp_mux(const sdp_session *session, const sdp_media *media);
/* Milliseconds, 0 for none: SDP_ATTRIBUTE_PTIME or _MAXPTIME. */
uint16_t sdp_media_ptime(const sdp_session *session, const sdp_media *media, sdp_attribute_id id);

/* What a format stands for: its rtpmap, else the static assignment. A format that
 * is no payload type is a codec by its name, with rate 0. False: nothing says. */
bool sdp_format_codec(const sdp_session *session, const sdp_format *format, sdp_codec *out);

#endif
