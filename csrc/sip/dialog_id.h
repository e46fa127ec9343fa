/* SPDX-License-Identifier: MIT
 *
 * A dialog named in a header: Replaces (RFC 3891 6.1), Join (RFC 3911 7.1) and
 * Target-Dialog (RFC 4538 7).
 */
#ifndef MOONSIP_SIP_DIALOG_ID_H
#define MOONSIP_SIP_DIALOG_ID_H

#include "sip/param.h"

typedef struct sip_dialog_id {
  sip_str call_id;
  sip_str to_tag;   /* the receiver's own tag; Target-Dialog calls it local-tag */
  sip_str from_tag; /* its peer's; Target-Dialog: remote-tag */
  bool early_only;  /* Replaces */
  sip_str params;
} sip_dialog_id;

/* 0 or SIP_E_HEADER: both tags have to be there, once. */
int sip_replaces_parse(sip_str value, sip_dialog_id *out);
int sip_target_dialog_parse(sip_str value, sip_dialog_id *out);

/* callid = word [ "@" word ], at a cursor (RFC 3261 25.1). */
bool sip_scan_call_id(sip_scan *scan, sip_str *out);

#endif
