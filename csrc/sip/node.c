/* SPDX-License-Identifier: MIT
 *
 * A table of few entries, which is searched only for what is not our own. An entry stays
 * where it is as long as the engine lives: requests under way point to it.
 */
#include "sip/node.h"

#include <string.h>

#include "base/error.h"
#include "sip/proxy.h"

enum { TAIL_MAX = 13 /* what a proxy adds to its branches */ };

static sip_str name_of(const sip_node *node) {
  return sip_str_make(node->name, node->name_len);
}

static sip_node *entry_of(const sip_engine *engine, sip_str name) {
  for (uint32_t i = 0; i < engine->node_count; i++) {
    if (sip_str_equal(name_of(&engine->nodes[i]), name)) return &engine->nodes[i];
  }
  return NULL;
}

static bool is_place(sip_str place) {
  char text[SIP_NODE_PLACE_MAX + sizeof "sip:"];
  sip_buffer out = {.ptr = text, .size = sizeof text, .max = sizeof text};
  SIP_BUFFER_ADD(&out, "sip:");
  sip_buffer_add(&out, place);
  sip_uri uri;
  return !out.failed && place.len <= SIP_NODE_PLACE_MAX &&
         sip_uri_parse(sip_buffer_str(&out), &uri, NULL) == 0 && uri.user.len == 0;
}

static bool make_table(sip_engine *engine) {
  if (engine->nodes) return true;
  engine->nodes = sip_alloc_zero(&engine->alloc, SIP_NODES_MAX * sizeof *engine->nodes);
  return engine->nodes != NULL;
}

int sip_engine_set_node(sip_engine *engine, sip_time now, sip_str name, sip_str place, bool is_up) {
  engine->now = now;
  if (name.len == 0 || name.len > SIP_OWNER_MAX || !is_place(place)) return SIP_E_INVALID;
  if (sip_str_equal(name, engine->config.owner)) return SIP_E_INVALID;
  if (!make_table(engine)) return SIP_E_MEMORY;
  sip_node *node = entry_of(engine, name);
  if (!node && engine->node_count == SIP_NODES_MAX) return SIP_E_LIMIT;
  if (!node) node = &engine->nodes[engine->node_count++];
  *node =
      (sip_node){.is_up = is_up, .name_len = (uint8_t)name.len, .place_len = (uint8_t)place.len};
  memcpy(node->name, name.ptr, name.len);
  memcpy(node->place, place.ptr, place.len);
  if (!is_up) sip_proxy_node_is_down(engine, node);
  return 0;
}

void sip_engine_forget_nodes(sip_engine *engine) {
  sip_alloc_free(&engine->alloc, engine->nodes, SIP_NODES_MAX * sizeof *engine->nodes);
  engine->nodes = NULL;
  engine->node_count = 0;
}

const sip_node *sip_node_find(const sip_engine *engine, sip_str name) {
  const sip_node *node = entry_of(engine, name);
  return node && node->is_up ? node : NULL;
}

const sip_node *sip_node_that_minted(const sip_engine *engine, sip_str token) {
  for (uint32_t i = 0; i < engine->node_count; i++) {
    const sip_node *node = &engine->nodes[i];
    size_t least = node->name_len + (size_t)SIP_TOKEN_LEN;
    bool fits = token.len == least || token.len == least + TAIL_MAX;
    if (fits && node->is_up && memcmp(token.ptr, node->name, node->name_len) == 0) return node;
  }
  return NULL;
}

static void add_place(const sip_node *node, sip_buffer *out) {
  sip_buffer_add(out, sip_str_make(node->place, node->place_len));
}

void sip_node_write_uri(const sip_node *node, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "sip:");
  add_place(node, out);
}

void sip_node_write_route(const sip_node *node, sip_str token, sip_buffer *out) {
  SIP_BUFFER_ADD(out, "<sip:");
  sip_buffer_add(out, token);
  sip_buffer_add_char(out, '@');
  add_place(node, out);
  SIP_BUFFER_ADD(out, ";lr>");
}
