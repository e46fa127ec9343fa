/* SPDX-License-Identifier: MIT
 *
 * What becomes of a request of ours that the transport failed.
 */
#ifndef MOONSIP_SIP_FAILOVER_H
#define MOONSIP_SIP_FAILOVER_H

#include "sip/state.h"

/* The transaction waits on no connection any more. */
void sip_failover_forget(sip_engine *engine, sip_transaction *t);

#endif
