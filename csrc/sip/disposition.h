/* SPDX-License-Identifier: MIT
 *
 * Content-Disposition (RFC 3261 20.11, RFC 5621).
 */
#ifndef MOONSIP_SIP_DISPOSITION_H
#define MOONSIP_SIP_DISPOSITION_H

#include "sip/param.h"

typedef struct sip_disposition {
  sip_str type;   /* "session", "render" ... */
  bool optional;  /* handling=optional; required is the default (20.11) */
  sip_str params; /* with the first ";", or empty */
} sip_disposition;

/* 0 or SIP_E_HEADER. */
int sip_disposition_parse(sip_str value, sip_disposition *out);

#endif
