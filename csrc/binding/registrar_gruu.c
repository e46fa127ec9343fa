/* SPDX-License-Identifier: MIT
 *
 * core.registrar: the GRUUs it gives (RFC 5627 5), and whom they lead to.
 */
#include <stdlib.h>

#include "auth/hasher.h"
#include "base/base32.h"
#include "base/error.h"
#include "binding/registrar.h"
#include "net/random.h"

enum { SEALED_MAX = SIP_SEAL_EXTRA + 16 + SIP_AOR_MAX };

/* The key is a hash of the secret, or random. */
static int make_key(sip_str secret, sip_random *random, unsigned char key[SIP_SEAL_KEY_LEN]) {
  if (secret.len == 0) {
    sip_random_bytes(random, key, SIP_SEAL_KEY_LEN);
    return 0;
  }
  sip_hasher hasher;
  if (sip_hasher_init(&hasher)) return SIP_E_MEMORY;
  char hex[SIP_HASH_HEX_MAX];
  const sip_str texts[] = {SIP_STR("moonsip gruu "), secret};
  sip_str hash = sip_hasher_hex(&hasher, SIP_SHA_256, texts, 2, hex);
  sip_hasher_deinit(&hasher);
  if (hash.len == 0) return SIP_E_MEMORY;
  for (int i = 0; i < SIP_SEAL_KEY_LEN; i++) {
    const char digits[] = {hex[2 * i], hex[2 * i + 1], 0};
    key[i] = (unsigned char)strtol(digits, NULL, 16);
  }
  return 0;
}

int bind_registrar_read_gruu(lua_State *L, bind_registrar *self) {
  self->seal = (sip_seal){0};
  lua_getfield(L, 1, "gruu");
  self->gives_gruus = lua_toboolean(L, -1);
  lua_getfield(L, 1, "seed");
  if (lua_isnil(L, -1)) {
    sip_random_init(&self->random, net_random, NULL);
  } else {
    sip_random_init_seeded(&self->random, (uint64_t)luaL_checkinteger(L, -1));
  }
  lua_getfield(L, 1, "secret");
  unsigned char key[SIP_SEAL_KEY_LEN];
  int error = self->gives_gruus ? make_key(bind_opt_str(L, -1), &self->random, key) : 0;
  lua_pop(L, 3);
  if (error || !self->gives_gruus) return error;
  return sip_seal_init(&self->seal, key);
}

bool bind_registrar_shows_gruu(const bind_registrar *self) {
  return self->gives_gruus &&
         sip_message_has_token(self->registration.request, SIP_HEADER_SUPPORTED, SIP_STR("gruu"));
}

/* What is sealed into a temporary one, as characters of a user part. */
static void add_sealed(bind_registrar *self, const sip_gruu_secret *secret, sip_buffer *out) {
  char bytes[SEALED_MAX];
  sip_buffer sealed = {.ptr = bytes, .size = sizeof bytes, .max = sizeof bytes};
  unsigned char nonce[SIP_SEAL_NONCE_LEN];
  sip_random_bytes(&self->random, nonce, sizeof nonce);
  sip_buffer_clear(&self->plain);
  sip_gruu_pack(secret, &self->plain);
  if (self->plain.failed ||
      sip_seal_write(&self->seal, nonce, sip_buffer_str(&self->plain), &sealed)) {
    out->failed = true;
    return;
  }
  sip_base32_write((const unsigned char *)sealed.ptr, sealed.len, out);
}

void bind_registrar_add_gruu(bind_registrar *self, const sip_contact *contact, sip_time now) {
  sip_str instance = sip_contact_instance(contact);
  const sip_message *request = self->registration.request;
  sip_name_addr to;
  sip_gruu_secret secret = {.made_at = now};
  if (instance.len == 0 || !bind_registrar_aor_of(self, request, &secret.aor)) return;
  if (sip_name_addr_parse(sip_message_value(request, &request->headers[request->to]), &to)) return;
  secret.instance = sip_gruu_instance(instance);
  SIP_BUFFER_ADD(&self->lines, ";pub-gruu=\"");
  sip_gruu_write_public(&to.uri, contact, &self->lines);
  SIP_BUFFER_ADD(&self->lines, "\";temp-gruu=\"");
  char text[2 * SEALED_MAX];
  sip_buffer sealed = {.ptr = text, .size = sizeof text, .max = sizeof text};
  add_sealed(self, &secret, &sealed);
  if (sealed.failed) self->lines.failed = true;
  sip_gruu_write_temporary(&to.uri, sip_buffer_str(&sealed), &self->lines);
  sip_buffer_add_char(&self->lines, '"');
}

/* --- Whom they lead to ------------------------------------------------------------------ */

static bool unseal(bind_registrar *self, sip_str text, sip_gruu_secret *out) {
  unsigned char bytes[SEALED_MAX];
  size_t len = text.len * 5 / 8;
  if (!self->gives_gruus || len > sizeof bytes || !sip_base32_read(text, bytes, len)) return false;
  sip_buffer_clear(&self->plain);
  return sip_seal_read(&self->seal, sip_str_make((const char *)bytes, len), &self->plain) &&
         sip_gruu_unpack(sip_buffer_str(&self->plain), out);
}

static void push_device(lua_State *L, sip_str instance) {
  lua_pushinteger(L, (lua_Integer)sip_gruu_instance(instance));
}

/* The device that a public one names, without the escapes. */
static void push_public(lua_State *L, bind_registrar *self, const sip_gruu *gruu) {
  sip_buffer_clear(&self->plain);
  bool is_good = sip_unescape(gruu->instance, &self->plain) == 0 && !self->plain.failed;
  push_device(L, is_good ? sip_buffer_str(&self->plain) : gruu->instance);
}

/* registrar:gruu(uri, address or text)
 *   -> aor: it is none
 *   -> aor, device [, made_at in ms: a temporary one]
 *   -> nil: nobody's, or no temporary one of ours */
static int registrar_gruu(lua_State *L) {
  bind_registrar *self = bind_check_registrar(L, 1);
  sip_uri uri;
  sip_str aor;
  sip_gruu gruu;
  if (!bind_registrar_uri(L, 2, &uri)) return 0;
  sip_gruu_read(&uri, &gruu);
  if (gruu.kind == SIP_GRUU_TEMPORARY) {
    sip_gruu_secret secret;
    if (!unseal(self, gruu.sealed, &secret)) return 0;
    bind_push_str(L, secret.aor);
    lua_pushinteger(L, (lua_Integer)secret.instance);
    lua_pushinteger(L, secret.made_at);
    return 3;
  }
  if (!bind_registrar_aor(L, 2, self, &aor)) return 0;
  bind_push_str(L, aor);
  if (gruu.kind == SIP_GRUU_NONE) return 1;
  push_public(L, self, &gruu);
  return 2;
}

/* registrar:device(instance) -> what registrar:gruu gives for it */
static int registrar_device(lua_State *L) {
  bind_check_registrar(L, 1);
  push_device(L, bind_check_str(L, 2));
  return 1;
}

const luaL_Reg bind_registrar_gruu_methods[] = {
    {"gruu", registrar_gruu}, {"device", registrar_device}, {NULL, NULL}};
