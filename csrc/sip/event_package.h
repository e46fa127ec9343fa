/* SPDX-License-Identifier: MIT
 *
 * Event and Allow-Events (RFC 6665 8.2.1, 8.4).
 */
#ifndef MOONSIP_SIP_EVENT_PACKAGE_H
#define MOONSIP_SIP_EVENT_PACKAGE_H

#include "sip/param.h"

typedef struct sip_event_package {
  sip_str type;   /* "presence", "presence.winfo" */
  sip_str id;     /* empty when absent */
  sip_str params; /* with the first ";", or empty */
} sip_event_package;

/* 0 or SIP_E_HEADER. */
int sip_event_package_parse(sip_str value, sip_event_package *out);

/* event-type alone, to the end of the value. */
int sip_event_type_parse(sip_str value, sip_str *out);

/* Type and id byte by byte; one with an id never matches one without (8.2.1). */
bool sip_event_package_equal(const sip_event_package *a, const sip_event_package *b);

#endif
