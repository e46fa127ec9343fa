/* SPDX-License-Identifier: MIT
 *
 * The head of an HTTP/1.1 message (RFC 9112 2 to 5): start line and fields, as slices of
 * the bytes that came.
 */
#ifndef MOONSIP_WEB_HEAD_H
#define MOONSIP_WEB_HEAD_H

#include "base/str.h"

enum { WEB_HEAD_MAX = 8192, WEB_FIELDS_MAX = 64 };

typedef struct web_field {
  sip_str name;
  sip_str value; /* without the white space around it */
} web_field;

typedef struct web_head {
  sip_str method; /* of a request; empty for a response */
  sip_str target;
  int status;  /* of a response */
  int version; /* minor: 0 or 1 */
  web_field fields[WEB_FIELDS_MAX];
  size_t field_count;
} web_head;

/* How many bytes of the text are a head, with the empty line that ends it; 0 when that has
 * not come. */
size_t web_head_len(sip_str text);

/* Reads one, without the bytes after it. 0, or the status that answers it: 400, 431 for
 * too many fields, 505. A line ends with CRLF; a fold, a bare CR or LF, and white space
 * before a colon are refused (RFC 9112 2.2, 5.1). */
int web_head_read(sip_str head, bool is_request, web_head *out);

/* The value of the only field of that name; empty when there is none. False when there are
 * several. */
bool web_head_get(const web_head *head, sip_str name, sip_str *value);

/* True when a token, compared without case, is among the values of all fields of that
 * name, which are lists (RFC 9110 5.6.1). */
bool web_head_lists(const web_head *head, sip_str name, sip_str token);

#endif
