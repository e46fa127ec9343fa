/* SPDX-License-Identifier: MIT
 *
 * delta-seconds: Expires, Min-Expires, and whatever else counts seconds
 * (RFC 3261 20.19, 25.1).
 */
#ifndef MOONSIP_SIP_SECONDS_H
#define MOONSIP_SIP_SECONDS_H

#include "sip/scan.h"

/* 0, SIP_E_HEADER, or SIP_E_NUMBER past 2**32-1 (then *out is that). */
int sip_seconds_parse(sip_str value, uint32_t *out);
int sip_scan_seconds(sip_scan *scan, uint32_t *out);

#endif
