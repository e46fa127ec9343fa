/* SPDX-License-Identifier: MIT
 *
 * A SIP message: a table of header fields over bytes that are kept as they
 * came (RFC 3261 7). Parsing copies nothing; a copy is one block. Header
 * values other than those a transaction needs are parsed when asked for.
 */
#ifndef MOONSIP_SIP_MESSAGE_H
#define MOONSIP_SIP_MESSAGE_H

#include "base/alloc.h"
#include "sip/cseq.h"
#include "sip/header.h"
#include "sip/method.h"
#include "sip/uri.h"
#include "sip/via.h"

/* Limits a message may reach; one more is an error. Settable per engine. */
typedef struct sip_limits {
  uint32_t message_size;    /* bytes, 65535: SIP_E_TOO_LARGE */
  uint16_t header_count;    /* 256: SIP_E_TOO_MANY */
  uint32_t header_size;     /* bytes of one field with its folds, 8192: SIP_E_TOO_LARGE */
  uint16_t uri_params;      /* of one URI, 32 */
  uint16_t multipart_depth; /* 4 */
  uint16_t multipart_parts; /* 64 */
} sip_limits;

extern const sip_limits sip_limits_default;

/* One field line. Offsets are from message->bytes. */
typedef struct sip_header {
  uint32_t name_at; /* also where the line begins */
  uint32_t value_at;
  uint32_t value_len; /* trimmed; folds are still in it */
  uint16_t name_len;
  uint16_t id; /* sip_header_id */
} sip_header;

/* A slice by offset, so that a message can move. */
typedef struct sip_span {
  uint32_t at;
  uint32_t len;
} sip_span;

enum {
  SIP_SOUND_VIA = 1 << 0, /* protocol and sent-by of the top Via, at least */
  SIP_SOUND_FROM = 1 << 1,
  SIP_SOUND_TO = 1 << 2,
  SIP_SOUND_CALL_ID = 1 << 3,
  SIP_SOUND_CSEQ = 1 << 4,
  SIP_SOUND_ALL = (1 << 5) - 1
};

enum {
  SIP_VIA_SOUND = 1 << 0, /* all of the top Via */
  SIP_VIA_RPORT = 1 << 1, /* it has the parameter */
  SIP_VIA_MADDR = 1 << 2
};

#define SIP_NO_HEADER UINT16_MAX

typedef struct sip_message {
  const char *bytes; /* whose: the caller's after sip_message_parse, the block's after a copy */
  uint32_t len;      /* start line to the end of the body */
  uint32_t body_at;
  uint32_t body_len;
  uint32_t size;         /* of the block when this is a copy, else 0 */
  int16_t error;         /* 0, or the first error met, of base/error.h */
  uint16_t error_header; /* index of the header it is in, or SIP_NO_HEADER */
  uint32_t error_at;     /* byte of it, from `bytes` */

  /* Start line. */
  uint16_t status;      /* 0 in a request */
  uint8_t method;       /* sip_method: of the request line, or of the CSeq in a response */
  uint8_t sound;        /* SIP_SOUND_ bits of the mandatory fields that parsed without error */
  sip_span method_text; /* request: the method; response: CSeq's method */
  sip_span uri_text;    /* Request-URI as it came */
  sip_span reason;

  /* What a transaction needs, parsed always. A span of len 0 is absent. */
  sip_span branch;  /* of the top Via */
  sip_span sent_by; /* of the top Via: host and port as written */
  uint32_t via_end; /* behind the top Via's value, where a comma may follow; of a sound one */
  sip_span call_id;
  sip_span from_tag;
  sip_span to_tag;
  uint32_t cseq;
  int16_t max_forwards; /* -1 when absent */
  uint16_t top_via;     /* index of the first Via header, UINT16_MAX when none */
  uint16_t from;        /* likewise */
  uint16_t to;
  uint16_t header_count;
  uint16_t header_room; /* how many `headers` has room for */
  uint16_t via_port;    /* of the top Via, 0 when absent */
  uint8_t via_marks;    /* SIP_VIA_ bits of it */
  sip_header headers[];
} sip_message;

static inline bool sip_message_is_request(const sip_message *m) {
  return m->status == 0;
}

static inline sip_str sip_message_span(const sip_message *m, sip_span span) {
  return (sip_str){m->bytes + span.at, span.len};
}

static inline sip_str sip_message_value(const sip_message *m, const sip_header *h) {
  return (sip_str){m->bytes + h->value_at, h->value_len};
}

static inline sip_str sip_message_header_name(const sip_message *m, const sip_header *h) {
  return (sip_str){m->bytes + h->name_at, h->name_len};
}

static inline sip_str sip_message_body(const sip_message *m) {
  return (sip_str){m->bytes + m->body_at, m->body_len};
}

/* What nothing was parsed into; without room for headers. */
extern const sip_message sip_message_blank;

/* An empty message with room for limits->header_count headers, to parse into
 * again and again. NULL without memory. */
sip_message *sip_message_new(sip_alloc *alloc, const sip_limits *limits);
void sip_message_free(sip_alloc *alloc, sip_message *message);

/* Parses one datagram, or one message that the framer cut out (RFC 3261 7, 18.3).
 * Leading CRLFs are skipped (message->bytes is behind them); bytes past
 * Content-Length are dropped.
 * Returns 0, or the first error met, which is also in message->error with its
 * byte. After an error parsing goes on as far as it can, so that
 * sip_message_answerable may hold and a 400 can be sent. */
int sip_message_parse(sip_message *message, sip_str bytes, const sip_limits *limits);

/* True when a response can find its way back: the top Via is sound. The other
 * fields that 8.2.6.2 copies may be malformed, and after SIP_E_MISSING some are
 * absent; an error response copies those that are there, as they came (RFC 4475
 * wants a 400 for every one of these). False when one of them holds a control
 * byte, which must not be sent on. */
bool sip_message_answerable(const sip_message *message);

/* The status a malformed request deserves: 400, 413, 414, 501, 505, 513; 0 when it
 * is to be dropped: a response, an ACK, no way back. reason: what to say. For
 * message->error != 0 only. */
int sip_message_error_status(const sip_message *message, sip_str *reason);

/* A copy in one block: struct, header table, bytes. `size` bytes of memory at
 * `block` are the caller's; malloc'd or a Lua userdata. */
size_t sip_message_copy_size(const sip_message *message);
sip_message *sip_message_copy(const sip_message *message, void *block);

/* First header with the id at or after index `from`; NULL when there is none.
 * SIP_HEADER_UNKNOWN is found by name only. */
const sip_header *sip_message_find(const sip_message *message, sip_header_id id, size_t from);
const sip_header *sip_message_find_name(const sip_message *message, sip_str name, size_t from);

/* Values of a header one by one, over all its lines and, of a LIST, commas: start
 * with a zeroed cursor. False at the end. A value may be empty ("a,,b"). */
typedef struct sip_value_cursor {
  uint32_t header; /* index to look at next */
  uint32_t at;     /* 0, or 1 and the bytes of its value already read */
} sip_value_cursor;
bool sip_message_next_value(const sip_message *message, sip_header_id id, sip_value_cursor *cursor,
                            sip_str *value);

/* True when a LIST header has this token, without case (Require, Supported, Allow ...). */
bool sip_message_has_token(const sip_message *message, sip_header_id id, sip_str token);

/* The parsed Request-URI, top Via, CSeq ... on demand: 0 or an error of theirs. */
int sip_message_request_uri(const sip_message *message, sip_uri *out);
int sip_message_via(const sip_message *message, sip_via *out); /* the top value */

#endif
