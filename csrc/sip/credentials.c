/* SPDX-License-Identifier: MIT
 *
 * Hardly ever is there anything to undo, so hardly ever is anything copied.
 */
#include "sip/credentials.h"

#include <stddef.h>

#include "base/error.h"

static const struct {
  sip_str name;
  size_t at; /* of a sip_str in sip_credentials */
} parameters[] = {
    {{"username", 8}, offsetof(sip_credentials, username)},
    {{"realm", 5}, offsetof(sip_credentials, realm)},
    {{"nonce", 5}, offsetof(sip_credentials, nonce)},
    {{"uri", 3}, offsetof(sip_credentials, uri)},
    {{"response", 8}, offsetof(sip_credentials, response)},
    {{"algorithm", 9}, offsetof(sip_credentials, algorithm)},
    {{"cnonce", 6}, offsetof(sip_credentials, cnonce)},
    {{"qop", 3}, offsetof(sip_credentials, qop)},
    {{"nc", 2}, offsetof(sip_credentials, nc)},
};

enum { PARAMETERS = sizeof parameters / sizeof *parameters };

static sip_str *at(sip_credentials *credentials, size_t index) {
  return (sip_str *)(void *)((char *)credentials + parameters[index].at);
}

static bool has(sip_str text, char byte) {
  return text.len > 0 && memchr(text.ptr, byte, text.len) != NULL;
}

/* `text` has room, and so stays where it is. */
static sip_str plain(sip_str value, sip_buffer *text) {
  bool quoted = value.len >= 2 && value.ptr[0] == '"';
  sip_str inner = quoted ? sip_str_make(value.ptr + 1, value.len - 2) : value;
  if (!has(inner, '\r') && !(quoted && has(inner, '\\'))) return inner;
  size_t from = text->len;
  sip_unquote(value, text);
  return sip_str_make(text->ptr + from, text->len - from);
}

/* The slice for a parameter, or NULL when it is none of ours. */
static sip_str *find(sip_credentials *credentials, sip_str name) {
  for (size_t i = 0; i < PARAMETERS; i++) {
    if (parameters[i].name.len != name.len) continue;
    if (sip_str_equal_nocase(parameters[i].name, name)) return at(credentials, i);
  }
  return NULL;
}

int sip_credentials_parse(sip_str params, sip_buffer *text, sip_credentials *out) {
  *out = (sip_credentials){0};
  sip_buffer_clear(text);
  bool is_plain = !has(params, '\r') && !has(params, '\\');
  if (!is_plain && !sip_buffer_reserve(text, params.len)) return SIP_E_MEMORY;
  sip_param param;
  int more;
  while ((more = sip_auth_next(&params, &param)) == 1) {
    sip_str *slice = find(out, param.name);
    if (!slice) continue;
    if (slice->ptr) return SIP_E_HEADER;
    *slice = plain(param.value, text);
  }
  return more;
}

void sip_credentials_move(sip_credentials *credentials, sip_str from, const char *to) {
  for (size_t i = 0; i < PARAMETERS; i++) {
    sip_str *slice = at(credentials, i);
    bool inside = slice->ptr && slice->ptr >= from.ptr && slice->ptr <= from.ptr + from.len;
    if (inside) slice->ptr = to + (slice->ptr - from.ptr);
  }
}

bool sip_credentials_are_whole(const sip_credentials *c) {
  return c->username.ptr && c->nonce.ptr && c->uri.ptr && c->response.ptr;
}
