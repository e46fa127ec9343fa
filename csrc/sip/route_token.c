/* SPDX-License-Identifier: MIT
 *
 * The proof is a keyed hash over what all requests of a dialog share: the Call-ID, the
 * tag of who began it, which is in From or To, and the flows.
 */
#include "sip/route_token.h"

#include "base/base32.h"
#include "sip/node.h"

enum {
  PROOF_BYTES = 8,
  PROOF_LEN = 13,
  FLOW_BYTES_MAX = 2 + 16 + 2 + 8, /* transport and family, listener, address, port, connection */
  CALLER = 'x',                    /* no characters of base 32 */
  CALLEE = 'y',
  OWNER = '.'
};

void sip_engine_make_route_key(sip_engine *engine, sip_str secret) {
  sip_hash_key from = secret.len ? (sip_hash_key){0, 0} : engine->key;
  engine->route_key.k0 = sip_hash(from, secret);
  from.k1 ^= engine->route_key.k0 + 1;
  engine->route_key.k1 = sip_hash(from, secret);
}

/* --- Flows ------------------------------------------------------------------------ */

static size_t address_len(unsigned family) {
  return family == 4 ? 4 : 16;
}

static size_t flow_len(sip_transport transport, unsigned family) {
  return 2 + address_len(family) + 2 + (sip_transport_is_reliable(transport) ? 8 : 0);
}

static void add_flow(const sip_flow *flow, char mark, sip_buffer *out) {
  if (!flow) return;
  unsigned char bytes[FLOW_BYTES_MAX], *at = bytes;
  size_t ip = address_len(flow->remote.family);
  *at++ = (unsigned char)((unsigned)flow->transport << 4 | flow->remote.family);
  *at++ = (unsigned char)flow->listener;
  memcpy(at, flow->remote.ip, ip);
  at += ip;
  *at++ = (unsigned char)(flow->remote.port >> 8);
  *at++ = (unsigned char)flow->remote.port;
  if (sip_transport_is_reliable(flow->transport)) {
    for (int shift = 56; shift >= 0; shift -= 8) *at++ = (unsigned char)(flow->connection >> shift);
  }
  sip_buffer_add_char(out, mark);
  sip_base32_write(bytes, (size_t)(at - bytes), out);
}

/* Up to the next mark. */
static sip_str next_part(sip_str rest) {
  size_t len = 0;
  while (len < rest.len && rest.ptr[len] != CALLER && rest.ptr[len] != CALLEE) len++;
  return sip_str_make(rest.ptr, len);
}

static bool read_flow(sip_str text, sip_flow *out) {
  unsigned char bytes[FLOW_BYTES_MAX];
  size_t len = text.len * 5 / 8;
  if (len < 2 || len > sizeof bytes || !sip_base32_read(text, bytes, len)) return false;
  sip_transport transport = (sip_transport)(bytes[0] >> 4);
  unsigned family = bytes[0] & 15;
  if (transport == SIP_TRANSPORT_NONE || transport >= SIP_TRANSPORT_OTHER) return false;
  if ((family != 4 && family != 6) || flow_len(transport, family) != len) return false;
  *out = (sip_flow){.transport = transport, .listener = bytes[1]};
  const unsigned char *at = bytes + 2;
  out->remote.family = (uint8_t)family;
  memcpy(out->remote.ip, at, address_len(family));
  at += address_len(family);
  out->remote.port = (uint16_t)(at[0] << 8 | at[1]);
  for (at += 2; at < bytes + len; at++) out->connection = out->connection << 8 | *at;
  return true;
}

/* --- Proof ------------------------------------------------------------------------- */

/* What the hash is over, in engine->lines. `tag`: of who began the dialog. */
static sip_str material(sip_engine *engine, sip_route_kind kind, sip_str call_id, sip_str tag) {
  sip_buffer *out = &engine->lines;
  sip_buffer_clear(out);
  static const char letters[] = {
      [SIP_ROUTE_DIALOG] = 'D', [SIP_ROUTE_PATH] = 'P', [SIP_ROUTE_FLOW] = 'F'};
  sip_buffer_add_char(out, letters[kind]);
  if (kind == SIP_ROUTE_DIALOG) {
    sip_buffer_add(out, call_id);
    sip_buffer_add_char(out, '\n');
    sip_buffer_add(out, tag);
  }
  sip_buffer_add_char(out, '\n');
  return sip_buffer_str(out);
}

static void write_proof(const sip_engine *engine, sip_str text, char proof[PROOF_LEN]) {
  uint64_t hash = sip_hash(engine->route_key, text);
  unsigned char bytes[PROOF_BYTES];
  for (int i = 0; i < PROOF_BYTES; i++) bytes[i] = (unsigned char)(hash >> (8 * i));
  sip_buffer out = {.ptr = proof, .size = PROOF_LEN, .max = PROOF_LEN};
  sip_base32_write(bytes, PROOF_BYTES, &out);
}

void sip_route_token_write(sip_engine *engine, const sip_route_ends *ends, sip_buffer *out) {
  const sip_message *m = ends->request;
  bool dialog = ends->kind == SIP_ROUTE_DIALOG;
  sip_str call_id = dialog ? sip_message_span(m, m->call_id) : (sip_str){0};
  sip_str tag = dialog ? sip_message_span(m, m->from_tag) : (sip_str){0};
  material(engine, ends->kind, call_id, tag);
  size_t at = engine->lines.len;
  add_flow(ends->caller, CALLER, &engine->lines);
  add_flow(ends->callee, CALLEE, &engine->lines);
  out->failed |= engine->lines.failed;
  if (out->failed) return;
  sip_str all = sip_buffer_str(&engine->lines);
  char proof[PROOF_LEN];
  write_proof(engine, all, proof);
  sip_buffer_add(out, sip_str_make(proof, PROOF_LEN));
  sip_buffer_add(out, sip_str_make(all.ptr + at, all.len - at));
  if (engine->config.owner.len == 0) return;
  sip_buffer_add_char(out, OWNER);
  sip_buffer_add(out, engine->config.owner);
}

void sip_engine_write_flow_token(sip_engine *engine, const sip_flow *flow, sip_buffer *out) {
  sip_route_token_write(engine, &(sip_route_ends){.kind = SIP_ROUTE_FLOW, .callee = flow}, out);
}

/* Both are ours alone to know, so that how long a comparison takes tells of nothing that
 * 2^63 tries would not. */
static bool proves(sip_engine *engine, sip_str token, sip_route_kind kind, sip_str tag,
                   const sip_message *m) {
  material(engine, kind, sip_message_span(m, m->call_id), tag);
  sip_buffer_add(&engine->lines, sip_str_make(token.ptr + PROOF_LEN, token.len - PROOF_LEN));
  if (engine->lines.failed) return false;
  char proof[PROOF_LEN];
  write_proof(engine, sip_buffer_str(&engine->lines), proof);
  unsigned differ = 0;
  for (int i = 0; i < PROOF_LEN; i++) differ |= (unsigned char)(proof[i] ^ token.ptr[i]);
  return differ == 0;
}

static void read_flows(sip_str rest, const sip_route_token *token, sip_flow *out) {
  char wanted = token->from_caller || token->kind != SIP_ROUTE_DIALOG ? CALLEE : CALLER;
  while (rest.len > 0) {
    char mark = rest.ptr[0];
    sip_str part = next_part(sip_str_make(rest.ptr + 1, rest.len - 1));
    if (mark == wanted && !read_flow(part, out)) *out = (sip_flow){0};
    rest = sip_str_make(part.ptr + part.len, rest.len - 1 - part.len);
  }
}

/* A flow that another node has: his is the better way. By ourselves a datagram may get there
 * too; a connection does not, and the URI has to do. */
static void look_for_holder(sip_engine *engine, sip_str owner, sip_route_token *out) {
  if (out->flow.transport == SIP_TRANSPORT_NONE) return;
  if (owner.len == 0 || sip_str_equal(owner, engine->config.owner)) return;
  out->holder = sip_node_find(engine, owner);
  out->flow.connection = 0;
  out->flow.listener =
      sip_transport_is_reliable(out->flow.transport)
          ? 0
          : sip_engine_find_listener(engine, out->flow.transport, out->flow.remote.family);
  if (out->flow.listener == 0) out->flow = (sip_flow){0};
}

void sip_route_token_read(sip_engine *engine, sip_str user, const sip_message *m,
                          sip_route_token *out) {
  *out = (sip_route_token){.text = user};
  sip_str token = sip_str_make(user.ptr, sip_str_index(user, OWNER));
  if (token.len < PROOF_LEN) return;
  bool inside = m->to_tag.len > 0;
  sip_str from_tag = sip_message_span(m, m->from_tag), to_tag = sip_message_span(m, m->to_tag);
  if (inside && proves(engine, token, SIP_ROUTE_DIALOG, from_tag, m)) {
    out->kind = SIP_ROUTE_DIALOG;
    out->from_caller = true;
  } else if (inside && proves(engine, token, SIP_ROUTE_DIALOG, to_tag, m)) {
    out->kind = SIP_ROUTE_DIALOG;
  } else if (proves(engine, token, SIP_ROUTE_PATH, (sip_str){0}, m)) {
    out->kind = SIP_ROUTE_PATH;
  } else if (proves(engine, token, SIP_ROUTE_FLOW, (sip_str){0}, m)) {
    out->kind = SIP_ROUTE_FLOW;
  }
  if (out->kind == SIP_ROUTE_NONE) return;
  read_flows(sip_str_make(token.ptr + PROOF_LEN, token.len - PROOF_LEN), out, &out->flow);
  bool leads = out->flow.transport != SIP_TRANSPORT_NONE;
  if (out->kind != SIP_ROUTE_DIALOG && !leads) out->kind = SIP_ROUTE_NONE;
  size_t owner_at = token.len < user.len ? token.len + 1 : user.len;
  look_for_holder(engine, sip_str_make(user.ptr + owner_at, user.len - owner_at), out);
}
