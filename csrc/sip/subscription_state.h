/* SPDX-License-Identifier: MIT
 *
 * Subscription-State (RFC 6665 8.2.3, 4.1.3).
 */
#ifndef MOONSIP_SIP_SUBSCRIPTION_STATE_H
#define MOONSIP_SIP_SUBSCRIPTION_STATE_H

#include "sip/param.h"

typedef enum sip_substate {
  SIP_SUBSTATE_OTHER, /* an extension: treated as active (4.1.3 is silent on it) */
  SIP_SUBSTATE_ACTIVE,
  SIP_SUBSTATE_PENDING,
  SIP_SUBSTATE_TERMINATED
} sip_substate;

typedef struct sip_subscription_state {
  sip_substate state;
  sip_str state_text;
  sip_str reason; /* empty when absent */
  uint32_t expires;
  uint32_t retry_after;
  bool has_expires;
  bool has_retry_after;
  sip_str params; /* with the first ";", or empty */
} sip_subscription_state;

/* 0, SIP_E_HEADER or SIP_E_NUMBER. */
int sip_subscription_state_parse(sip_str value, sip_subscription_state *out);

#endif
