/* SPDX-License-Identifier: MIT
 *
 * What a REGISTER asks for: the checks of RFC 3261 10.3 that need no bindings (steps 2
 * and 5 to 7), with those of RFC 3327 5.3, RFC 5626 6 and RFC 5630 5.2.
 */
#ifndef MOONSIP_LOCATION_REGISTRATION_H
#define MOONSIP_LOCATION_REGISTRATION_H

#include "location/contact.h"
#include "sip/message.h"

/* What a registrar wants. */
typedef struct sip_registrar {
  uint32_t min_s;        /* a shorter wish, if below an hour too, gets a 423 */
  uint32_t max_s;        /* a longer one is cut */
  uint32_t default_s;    /* of a contact that wishes for nothing */
  uint32_t max_contacts; /* of one address of record, up to SIP_CONTACTS_MAX */
  bool evicts;           /* past it the contact that was updated longest ago makes room */
  bool takes_any_path;   /* also from a phone that does not support Path */
} sip_registrar;

/* One contact of the request. */
typedef struct sip_wish {
  sip_contact contact; /* expires_at is not set */
  sip_uri uri;
  uint32_t seconds; /* 0: to be removed */
} sip_wish;

typedef struct sip_registration {
  const sip_message *request; /* what the slices point into, beside the texts */
  sip_buffer *texts;
  const char *reason; /* of a refusal; NULL: the registered one */
  bool removes_all;   /* Contact: * */
  bool outbound;      /* RFC 5626 holds */
  size_t count;       /* 0 and not removes_all: it only asks for the list */
  sip_wish wishes[SIP_CONTACTS_MAX];
} sip_registration;

/* 0, or the status of a refusal: 400, 403, 420, 423, 439, 513, or 500 without memory.
 * texts: a cleared buffer, which the registration needs as long as it lives. */
int sip_registration_read(sip_registration *registration, const sip_message *request,
                          const sip_flow *flow, const sip_registrar *registrar);

/* Whether Require, and the header that it needs, name the extension in a 2xx. */
bool sip_registration_shows_path(const sip_registration *registration);

#endif
