/* SPDX-License-Identifier: MIT
 *
 * Texts that are kept once however often they come: carriers, destinations.
 */
#ifndef MOONSIP_ROUTE_TEXTS_H
#define MOONSIP_ROUTE_TEXTS_H

#include "base/buffer.h"

enum { ROUTE_TEXT_MAX = 1023 }; /* bytes of one */

typedef struct route_texts {
  sip_alloc *alloc;
  sip_buffer bytes; /* each with its length in front */
  uint32_t *table;  /* ids by hash; 0: free */
  uint32_t size;    /* of the table, a power of two */
  uint32_t count;
} route_texts;

/* 0 or SIP_E_MEMORY. */
int route_texts_init(route_texts *texts, sip_alloc *alloc);
void route_texts_deinit(route_texts *texts);

/* The id of a text, the same for equal texts; 0 is the empty one. SIP_E_MEMORY, and
 * SIP_E_LIMIT for one that is too long. */
int route_texts_add(route_texts *texts, sip_str text, uint32_t *id);

/* Valid until the next text is added. */
sip_str route_texts_get(const route_texts *texts, uint32_t id);

size_t route_texts_memory(const route_texts *texts);

#endif
