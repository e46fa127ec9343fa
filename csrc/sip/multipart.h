/* SPDX-License-Identifier: MIT
 *
 * Multipart bodies (RFC 2046 5.1, RFC 5621 3): a cursor over the parts, and a
 * writer. Nothing is copied; nesting goes on by a cursor over a part's body.
 */
#ifndef MOONSIP_SIP_MULTIPART_H
#define MOONSIP_SIP_MULTIPART_H

#include "base/buffer.h"
#include "sip/header.h"
#include "sip/media_type.h"
#include "sip/message.h"

enum { SIP_BOUNDARY_MAX = 70 }; /* RFC 2046 5.1.1 */

typedef struct sip_multipart {
  sip_str rest; /* begins behind the line of a delimiter */
  char boundary[SIP_BOUNDARY_MAX];
  uint8_t boundary_len;
  bool closed;
  uint16_t depth; /* 1 for the body of a message */
  uint16_t count; /* parts given */
  const sip_limits *limits;
} sip_multipart;

typedef struct sip_part {
  sip_str headers; /* whole lines; empty when it has none */
  sip_str body;
} sip_part;

/* A cursor over a body with that Content-Type; depth is that of the multipart
 * around it, 0 for a message's. 0, SIP_E_MULTIPART (not multipart, no boundary or
 * a malformed one, no part) or SIP_E_LIMIT (limits->multipart_depth). */
int sip_multipart_init(sip_multipart *multipart, sip_str content_type, sip_str body, uint16_t depth,
                       const sip_limits *limits);

/* 1 with a part, 0 behind the last, SIP_E_MULTIPART (no closing delimiter, header
 * lines that are none) or SIP_E_LIMIT (limits->multipart_parts). */
int sip_multipart_next(sip_multipart *multipart, sip_part *out);

/* First value of a header of the part. Without a Content-Type it is text/plain
 * (RFC 2046 5.2). */
bool sip_part_header(const sip_part *part, sip_header_id id, sip_str *value);

/* A part as text may not hold the delimiter: SIP_E_INVALID then, or for a boundary
 * that is none. Parts are whole: header lines, an empty line, the body. */
int sip_multipart_write(const sip_part *parts, size_t count, sip_str boundary, sip_buffer *out);

/* 1 to 70 bchars, the last of them no space (RFC 2046 5.1.1). */
bool sip_boundary_is_valid(sip_str boundary);

#endif
