/* SPDX-License-Identifier: MIT
 *
 * Warning (RFC 3261 20.43).
 */
#ifndef MOONSIP_SIP_WARNING_H
#define MOONSIP_SIP_WARNING_H

#include "sip/scan.h"

typedef struct sip_warning {
  uint16_t code; /* three digits */
  sip_str agent; /* host with port, or a pseudonym */
  sip_str text;  /* with its quotes */
} sip_warning;

/* One value. 0 or SIP_E_HEADER. */
int sip_warning_parse(sip_str value, sip_warning *out);

#endif
