/* SPDX-License-Identifier: MIT
 *
 * Queries are named by their transaction's id: a late answer finds nobody.
 */
#include "sip/query.h"

#include <string.h>

#include "base/error.h"

int sip_query_ask(sip_engine *engine, sip_transaction *t, const sip_query *query) {
  size_t size = sizeof(sip_query_open) + query->host.len;
  sip_query_open *open = sip_alloc_new(&engine->alloc, size);
  if (!open) return SIP_E_MEMORY;
  open->query = *query;
  open->query.id = t->id;
  open->size = size;
  memcpy(open->host, query->host.ptr, query->host.len);
  open->query.host.ptr = open->host;
  sip_query_close(engine, t);
  t->client.query = open;
  *(sip_id *)sip_ring_push(&engine->queries) = t->id;
  return 0;
}

void sip_query_close(sip_engine *engine, sip_transaction *t) {
  if (!t->client.query) return;
  sip_alloc_free(&engine->alloc, t->client.query, t->client.query->size);
  t->client.query = NULL;
}

bool sip_engine_next_query(sip_engine *engine, sip_query *out) {
  for (;;) {
    sip_id *id = sip_ring_pop(&engine->queries);
    if (!id) return false;
    const sip_transaction *t = sip_slots_find(&engine->transactions, *id);
    if (!t || !sip_transaction_is_client(t) || !t->client.query) continue;
    *out = t->client.query->query;
    return true;
  }
}
