/* SPDX-License-Identifier: MIT
 *
 * core.verifier: credentials of requests, checked in two steps around the look-up of a
 * secret, which may wait: an attempt is read, then it is proven. What the second step needs
 * is copied into the attempt, so that nothing else has to live so long.
 */
#include "auth/digest.h"
#include "base/chars.h"
#include "binding/message.h"
#include "binding/nonces.h"
#include "sip/credentials.h"

static const char verifier_class[] = "moonsip.verifier";
static const char attempt_class[] = "moonsip.attempt";

enum { NONCES = 1, REALM, VERIFIER_VALUES = REALM };
enum { OF = 1, SECRET, ATTEMPT_VALUES = SECRET };

typedef struct verifier {
  sip_hasher hasher;
  sip_nonces *nonces; /* a user value keeps them */
  sip_str realm;      /* likewise */
  uint8_t algorithms; /* bit 2 * sip_algorithm, or the next one for -sess: what we ask for */
  uint8_t qops;       /* bit sip_qop */
  bool any_uri;
  bool has_hashes; /* secrets come as hashes: the last one did */
  sip_alloc alloc;
  sip_buffer texts; /* of the credentials for our realm, and */
  sip_buffer spare; /* of those that come behind them */
} verifier;

typedef struct attempt {
  verifier *of; /* a user value keeps it */
  sip_digest digest;
  sip_str response;
  sip_nonce nonce;
  uint32_t count;
  char text[]; /* the credentials, what was undone of them, the method, and the body */
} attempt;

static verifier *check_verifier(lua_State *L) {
  return bind_class_check(L, 1, verifier_class);
}

static attempt *check_attempt(lua_State *L) {
  return bind_class_check(L, 1, attempt_class);
}

/* --- What is asked for -------------------------------------------------------------- */

static bool flag(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  bool is_set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is_set;
}

static uint8_t bit_of(sip_algorithm algorithm, bool session) {
  return (uint8_t)(1U << (2 * (unsigned)algorithm + session));
}

static uint8_t check_algorithms(lua_State *L) {
  uint8_t bits = 0;
  lua_getfield(L, 1, "algorithms");
  luaL_checktype(L, -1, LUA_TTABLE);
  for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
    sip_algorithm algorithm;
    bool session;
    if (!sip_digest_parse_algorithm(bind_check_str(L, -1), &algorithm, &session)) {
      luaL_error(L, "bad option 'algorithms'");
    }
    bits |= bit_of(algorithm, session);
  }
  lua_pop(L, 2);
  return bits;
}

static bool parse_qop(sip_str text, sip_qop *out) {
  *out = SIP_QOP_NONE;
  if (sip_str_equal_nocase(text, SIP_STR("auth"))) *out = SIP_QOP_AUTH;
  if (sip_str_equal_nocase(text, SIP_STR("auth-int"))) *out = SIP_QOP_AUTH_INT;
  return *out != SIP_QOP_NONE;
}

static uint8_t check_qops(lua_State *L) {
  uint8_t bits = flag(L, "without_qop") ? 1U << SIP_QOP_NONE : 0;
  lua_getfield(L, 1, "qops");
  luaL_checktype(L, -1, LUA_TTABLE);
  for (lua_Integer i = 1; lua_geti(L, -1, i) != LUA_TNIL; i++, lua_pop(L, 1)) {
    sip_qop qop;
    if (!parse_qop(bind_check_str(L, -1), &qop)) luaL_error(L, "bad option 'qops'");
    bits |= (uint8_t)(1U << qop);
  }
  lua_pop(L, 2);
  return bits;
}

/* core.verifier{ nonces = core.nonces, realm, algorithms = {...}, qops = {...};
 * without_qop, any_uri: booleans } */
static int verifier_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  verifier *self = lua_newuserdatauv(L, sizeof *self, VERIFIER_VALUES);
  *self = (verifier){0};
  bind_class_set(L, verifier_class);
  sip_alloc_init(&self->alloc, NULL, NULL);
  sip_buffer_init(&self->texts, &self->alloc, 0);
  sip_buffer_init(&self->spare, &self->alloc, 0);
  self->algorithms = check_algorithms(L);
  self->qops = check_qops(L);
  self->any_uri = flag(L, "any_uri");
  lua_getfield(L, 1, "nonces");
  self->nonces = bind_check_nonces(L, -1);
  lua_setiuservalue(L, 2, NONCES);
  lua_getfield(L, 1, "realm");
  self->realm = bind_check_str(L, -1);
  lua_setiuservalue(L, 2, REALM);
  int error = sip_hasher_init(&self->hasher);
  return error ? bind_fail(L, error, NULL) : 1;
}

static int verifier_gc(lua_State *L) {
  verifier *self = check_verifier(L);
  sip_hasher_deinit(&self->hasher);
  sip_buffer_deinit(&self->texts);
  sip_buffer_deinit(&self->spare);
  return 0;
}

/* --- Reading -------------------------------------------------------------------------- */

/* The credentials for our realm: the first of them, when they are whole; *params gets what
 * they are slices of. One header field that is malformed spoils them all. */
static bool find(verifier *self, const sip_message *m, sip_header_id id, sip_str *params,
                 sip_credentials *out) {
  sip_auth one;
  sip_credentials read;
  bool found = false;
  const sip_header *h = sip_message_find(m, id, 0);
  for (; h; h = sip_message_find(m, id, (size_t)(h - m->headers) + 1)) {
    if (sip_auth_parse_scheme(sip_message_value(m, h), &one) != 0) return false;
    if (!sip_str_equal_nocase(one.scheme, SIP_STR("Digest"))) {
      if (sip_auth_parse(sip_message_value(m, h), &one) != 0) return false;
      continue;
    }
    sip_buffer *texts = found ? &self->spare : &self->texts;
    if (sip_credentials_parse(one.params, texts, &read) != 0) return false;
    if (found || !read.realm.ptr || !sip_str_equal(read.realm, self->realm)) continue;
    found = true;
    *out = read;
    *params = one.params;
  }
  return found && sip_credentials_are_whole(out);
}

enum { COUNT_LEN = 8 }; /* 7616 3.4: nc-value = 8LHEX */

/* nc, which may not be 0. */
static bool parse_count(sip_str text, uint32_t *out) {
  uint32_t count = 0;
  for (size_t i = 0; i < text.len; i++) {
    int digit = sip_char_hex(text.ptr[i]);
    if (digit < 0) return false;
    count = count << 4 | (uint32_t)digit;
  }
  *out = count;
  return text.len == COUNT_LEN && count > 0;
}

static bool is_asked_uri(const sip_message *m, sip_str text) {
  sip_str asked = sip_message_span(m, m->uri_text);
  sip_uri a, b;
  return sip_str_equal(asked, text) ||
         (sip_uri_parse(asked, &a, NULL) == 0 && sip_uri_parse(text, &b, NULL) == 0 &&
          sip_uri_equal(&a, &b));
}

/* False when something in them is not what we asked for: an algorithm or a qop that we did
 * not offer, another URI, a count that is none. */
static bool understand(const verifier *self, const sip_message *m, const sip_credentials *c,
                       attempt *out) {
  sip_digest *d = &out->digest;
  *d = (sip_digest){.username = c->username,
                    .realm = self->realm,
                    .nonce = c->nonce,
                    .cnonce = c->cnonce,
                    .nc = c->nc,
                    .method = sip_message_span(m, m->method_text),
                    .uri = c->uri,
                    .body = sip_message_body(m)};
  if (c->algorithm.ptr && c->algorithm.len == 0) return false;
  if (!sip_digest_parse_algorithm(c->algorithm, &d->algorithm, &d->session)) return false;
  if (!(self->algorithms & bit_of(d->algorithm, d->session))) return false;
  if (c->qop.ptr && !parse_qop(c->qop, &d->qop)) return false;
  if (!(self->qops >> d->qop & 1)) return false;
  out->count = 0;
  if (d->qop != SIP_QOP_NONE && (!c->cnonce.ptr || !parse_count(c->nc, &out->count))) return false;
  if (d->qop != SIP_QOP_AUTH_INT) d->body.len = 0; /* it does not count, nor is it kept */
  out->response = c->response;
  return self->any_uri || is_asked_uri(m, c->uri);
}

static char *append(char *at, sip_str text) {
  if (text.len) memcpy(at, text.ptr, text.len);
  return at + text.len;
}

/* Pushes an attempt with all it is made of. */
static void push_attempt(lua_State *L, const verifier *self, sip_str params, const attempt *read,
                         sip_credentials *c) {
  sip_str undone = sip_buffer_str(&self->texts);
  const sip_digest *d = &read->digest;
  size_t size = params.len + undone.len + d->method.len + d->body.len;
  attempt *out = lua_newuserdatauv(L, sizeof *out + size, ATTEMPT_VALUES);
  *out = *read;
  bind_class_set(L, attempt_class);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, OF);
  char *method = append(append(out->text, params), undone);
  char *body = append(method, d->method);
  append(body, d->body);
  sip_credentials_move(c, params, out->text);
  sip_credentials_move(c, undone, out->text + params.len);
  out->digest.username = c->username;
  out->digest.nonce = c->nonce;
  out->digest.cnonce = c->cnonce;
  out->digest.nc = c->nc;
  out->digest.uri = c->uri;
  out->digest.method.ptr = method;
  out->digest.body.ptr = body;
  out->response = c->response;
}

/* verifier:read(message, header, now) -> attempt, user; nil when no credentials fit, or
 * when their nonce is not one of ours */
static int verifier_read(lua_State *L) {
  verifier *self = check_verifier(L);
  const sip_message *m = bind_message_at(L, 2)->message;
  sip_header_id id = sip_header_find(bind_check_str(L, 3));
  sip_time now = luaL_checkinteger(L, 4);
  sip_str params = {0};
  sip_credentials c;
  attempt read = {.of = self};
  if (!find(self, m, id, &params, &c) || !understand(self, m, &c, &read)) return 0;
  read.nonce = sip_nonce_read(self->nonces, now, self->realm, c.nonce);
  if (read.nonce.verdict == SIP_NONCE_FORGED) return 0;
  push_attempt(L, self, params, &read, &c);
  bind_push_str(L, c.username);
  return 2;
}

/* --- Proving --------------------------------------------------------------------------- */

/* What the user's secret is taken for. Without a user the same work is done in vain, from a
 * secret of the same sort, so that the time says nothing. */
static bool take_secret(lua_State *L, attempt *self, int index) {
  sip_digest *d = &self->digest;
  verifier *of = self->of;
  switch (lua_type(L, index)) {
  case LUA_TSTRING:
    of->has_hashes = false;
    d->password = bind_check_str(L, index);
    return true;
  case LUA_TTABLE:
    of->has_hashes = true;
    if (lua_getfield(L, index, "ha1") != LUA_TSTRING) luaL_error(L, "ha1 of a secret is no string");
    lua_replace(L, index);
    d->ha1 = bind_check_str(L, index);
    return true;
  default:
    if (lua_toboolean(L, index)) luaL_error(L, "a secret is a string, or { ha1 = hash }");
    *(of->has_hashes ? &d->ha1 : &d->password) = d->nonce;
    return false;
  }
}

/* attempt:prove(secret, now) -> "good" and whether its nonce is getting old; "wrong",
 * "stale", "replayed". The count of a good one is used up. */
static int attempt_prove(lua_State *L) {
  attempt *self = check_attempt(L);
  sip_time now = luaL_checkinteger(L, 3);
  sip_nonces *nonces = self->of->nonces;
  lua_settop(L, 3);
  bool is_known = take_secret(L, self, 2);
  char hex[SIP_HASH_HEX_MAX];
  sip_str expected = sip_digest_response(&self->of->hasher, &self->digest, hex);
  bool is_equal = expected.len > 0 && sip_digest_equal(expected, self->response);
  if (!is_equal || !is_known) {
    lua_pushliteral(L, "wrong");
    return 1;
  }
  bind_push_nonce_verdict(L, sip_nonce_spend(nonces, now, &self->nonce, self->count));
  lua_pushboolean(L, sip_nonce_is_old(nonces, now, &self->nonce));
  lua_pushvalue(L, 2); /* for rspauth: a slice of the digest points into it */
  lua_setiuservalue(L, 1, SECRET);
  return 2;
}

/* attempt:rspauth(body) -> its value, and qop, cnonce and nc when it had them */
static int attempt_rspauth(lua_State *L) {
  attempt *self = check_attempt(L);
  sip_digest digest = self->digest;
  digest.body = bind_check_str(L, 2);
  char hex[SIP_HASH_HEX_MAX];
  bind_push_str(L, sip_digest_rspauth(&self->of->hasher, &digest, hex));
  if (digest.qop == SIP_QOP_NONE) return 1;
  lua_pushstring(L, digest.qop == SIP_QOP_AUTH ? "auth" : "auth-int");
  bind_push_str(L, digest.cnonce);
  bind_push_str(L, digest.nc);
  return 4;
}

void bind_verifier_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"read", verifier_read}, {NULL, NULL}};
  static const luaL_Reg steps[] = {
      {"prove", attempt_prove}, {"rspauth", attempt_rspauth}, {NULL, NULL}};
  bind_class_open(L, verifier_class);
  lua_pushcfunction(L, verifier_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  bind_class_open(L, attempt_class);
  luaL_newlib(L, steps);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 2);
  lua_pushcfunction(L, verifier_new);
  lua_setfield(L, -2, "verifier");
}
