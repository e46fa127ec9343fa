/* SPDX-License-Identifier: MIT
 *
 * What a client transaction asks the resolver, kept until it is answered.
 */
#ifndef MOONSIP_SIP_QUERY_H
#define MOONSIP_SIP_QUERY_H

#include "sip/state.h"

typedef struct sip_query_open {
  sip_query query;
  size_t size;
  char host[];
} sip_query_open;

/* Asks; the answer comes by sip_engine_resolved. 0 or SIP_E_MEMORY. */
int sip_query_ask(sip_engine *engine, sip_transaction *t, const sip_query *query);
void sip_query_close(sip_engine *engine, sip_transaction *t);

#endif
