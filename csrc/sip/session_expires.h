/* SPDX-License-Identifier: MIT
 *
 * Session-Expires and Min-SE (RFC 4028 4, 5).
 */
#ifndef MOONSIP_SIP_SESSION_EXPIRES_H
#define MOONSIP_SIP_SESSION_EXPIRES_H

#include "sip/param.h"

typedef enum sip_refresher {
  SIP_REFRESHER_NONE, /* not said */
  SIP_REFRESHER_UAC,
  SIP_REFRESHER_UAS
} sip_refresher;

typedef struct sip_session_expires {
  uint32_t seconds;
  sip_refresher refresher;
  sip_str params; /* with the first ";", or empty */
} sip_session_expires;

/* 0, SIP_E_HEADER or SIP_E_NUMBER. Min-SE has no refresher. */
int sip_session_expires_parse(sip_str value, sip_session_expires *out);
int sip_min_se_parse(sip_str value, sip_session_expires *out);

#endif
