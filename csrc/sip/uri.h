/* SPDX-License-Identifier: MIT
 *
 * URIs: sip and sips (RFC 3261 19.1), tel (RFC 3966), and any other scheme as
 * opaque text (RFC 3986). All parts are slices of the text that was parsed.
 */
#ifndef MOONSIP_SIP_URI_H
#define MOONSIP_SIP_URI_H

#include "base/buffer.h"
#include "base/str.h"
#include "sip/escape.h"
#include "sip/param.h"
#include "sip/transport.h"

typedef enum sip_scheme {
  SIP_SCHEME_OTHER,
  SIP_SCHEME_SIP,
  SIP_SCHEME_SIPS,
  SIP_SCHEME_TEL
} sip_scheme;

typedef struct sip_uri {
  sip_str text; /* all of it */
  sip_scheme scheme;
  sip_str scheme_text;
  sip_str user;     /* escaped, as it came; tel: the number with its visual separators */
  sip_str password; /* likewise */
  sip_str host;     /* an IPv6 reference with its brackets; other schemes: what follows ":" */
  sip_str params;   /* ";a=b;c" with the first ";", or empty */
  sip_str headers;  /* "a=b&c=d" without the "?", or empty */
  uint16_t port;    /* 0 when absent */
  bool has_user;    /* there was an "@" */
  bool has_password;
} sip_uri;

/* The same at a cursor: all up to its end. 0 or SIP_E_URI with the cursor at the byte. */
int sip_scan_uri(sip_scan *scan, sip_uri *out);

/* More parameters, or headers, in one URI make it malformed: comparing them is
 * quadratic. A message may be held to fewer (sip_limits.uri_params). */
enum { SIP_URI_PARTS_MAX = 64 };

/* The whole text is the URI. 0 or SIP_E_URI; *error_at (may be NULL) is the byte.
 * A parameter must not appear twice (19.1.1). One that repeats itself byte for byte is
 * taken nevertheless: soft-phones send it, and every reader understands it alike. One
 * that says something else the second time means different things to different readers. */
int sip_uri_parse(sip_str text, sip_uri *out, size_t *error_at);

/* Equal by RFC 3261 19.1.4 (sip, sips), RFC 3966 4 (tel), else byte by byte
 * with scheme and percent-encoding normalised (RFC 3986 6.2.2). */
bool sip_uri_equal(const sip_uri *a, const sip_uri *b);

/* The next ";name=value" of uri->params, or "name=value" of uri->headers; false
 * at the end. Start with a copy of the slice. */
bool sip_uri_param_next(sip_str *rest, sip_param *out);
bool sip_uri_header_next(sip_str *rest, sip_param *out);

/* A parameter's value, escapes kept; false when absent. value.len 0 without "=". */
bool sip_uri_param(const sip_uri *uri, sip_str name, sip_str *value);
/* A header of "?a=b", likewise. */
bool sip_uri_header(const sip_uri *uri, sip_str name, sip_str *value);

/* Of ;transport=, or NONE. */
sip_transport sip_uri_transport(const sip_uri *uri);

/* The port that the URI means: its own, or the default of its scheme and transport (19.1.2). */
uint16_t sip_uri_port(const sip_uri *uri);

/* As a URI may stand in a Request-URI or a header (19.1.1, 19.1.2 table): without
 * method parameter, headers and repetitions. */
void sip_uri_write_request(const sip_uri *uri, sip_buffer *out);

#endif
