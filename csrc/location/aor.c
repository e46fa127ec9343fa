/* SPDX-License-Identifier: MIT
 *
 * The last "@" ends the user: a host has none. A URI without a user is its host alone.
 */
#include "location/aor.h"

#include "base/chars.h"
#include "base/error.h"
#include "sip/escape.h"

static void add_lower(sip_str text, sip_buffer *out) {
  for (size_t i = 0; i < text.len; i++) sip_buffer_add_char(out, sip_char_lower(text.ptr[i]));
}

/* One spelling for each host: IPv6 as RFC 5952 has it, a name without its last dot. */
static void add_host(sip_str host, sip_buffer *out) {
  sip_sockaddr address;
  if (sip_sockaddr_parse(host, 0, &address)) {
    sip_sockaddr_write_host(&address, out);
    return;
  }
  if (host.len > 1 && host.ptr[host.len - 1] == '.') host.len--;
  add_lower(host, out);
}

/* The user without its escapes, which may hide control bytes. */
static int add_user(sip_str user, sip_buffer *out) {
  size_t from = out->len;
  if (sip_unescape(user, out)) return SIP_E_URI;
  sip_buffer_add_char(out, '@');
  if (out->failed || !out->ptr) return SIP_E_LIMIT;
  for (const char *at = out->ptr + from; at < out->ptr + out->len; at++) {
    if (sip_char_is(*at, SIP_CHAR_CONTROL)) return SIP_E_URI;
  }
  return 0;
}

int sip_aor_write(const sip_uri *uri, sip_str domain, sip_buffer *out) {
  if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS) return SIP_E_URI;
  size_t from = out->len;
  int error = uri->user.len ? add_user(uri->user, out) : 0;
  if (error) return error;
  add_host(domain.len ? domain : uri->host, out);
  return out->failed || out->len - from > SIP_AOR_MAX ? SIP_E_LIMIT : 0;
}
