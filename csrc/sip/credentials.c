/* SPDX-License-Identifier: MIT
 *
 * Hardly ever is there anything to undo, so hardly ever is anything copied.
 */
#include "sip/credentials.h"

#include <stddef.h>

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

bool sip_credentials_read(const sip_auth *auth, sip_buffer *text, sip_credentials *out) {
  *out = (sip_credentials){0};
  sip_buffer_clear(text);
  bool plainly = !has(auth->params, '\r') && !has(auth->params, '\\');
  if (!plainly && !sip_buffer_reserve(text, auth->params.len)) return false;
  sip_str rest = auth->params;
  sip_param param;
  while (sip_auth_next(&rest, &param) == 1) {
    for (size_t i = 0; i < PARAMETERS; i++) {
      if (!sip_str_equal_nocase(parameters[i].name, param.name)) continue;
      *at(out, i) = plain(param.value, text);
      break;
    }
  }
  return !text->failed;
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
