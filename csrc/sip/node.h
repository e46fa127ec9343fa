/* SPDX-License-Identifier: MIT
 *
 * The other nodes: engines that share our secret, each with a name of its own in front of
 * all tags, branches and tokens that it makes (sip_engine_config.owner). What names a node
 * that is up can be handed over to it.
 */
#ifndef MOONSIP_SIP_NODE_H
#define MOONSIP_SIP_NODE_H

#include "sip/state.h"

enum {
  SIP_NODES_MAX = 64,      /* of one engine */
  SIP_NODE_PLACE_MAX = 255 /* bytes of "host:port;transport=tcp" */
};

typedef struct sip_node {
  bool is_up;
  uint8_t name_len, place_len;
  char name[SIP_OWNER_MAX];
  char place[SIP_NODE_PLACE_MAX];
} sip_node;

/* The one of that name; NULL when it is down, unknown, or ourselves. */
const sip_node *sip_node_find(const sip_engine *engine, sip_str name);
/* The one that minted a tag, a branch without its cookie, or a Call-ID; else NULL. */
const sip_node *sip_node_that_minted(const sip_engine *engine, sip_str token);

/* "sip:host:port" */
void sip_node_write_uri(const sip_node *node, sip_buffer *out);
/* "<sip:token@host:port;lr>" */
void sip_node_write_route(const sip_node *node, sip_str token, sip_buffer *out);

void sip_engine_forget_nodes(sip_engine *engine);

#endif
