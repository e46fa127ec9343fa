/* SPDX-License-Identifier: MIT
 *
 * What a REGISTER does to the bindings of its address of record (RFC 3261 10.3 steps 6
 * and 7): all of it, or nothing.
 */
#ifndef MOONSIP_LOCATION_UPDATE_H
#define MOONSIP_LOCATION_UPDATE_H

#include "location/registration.h"

typedef enum sip_change_kind {
  SIP_CONTACT_KEPT,
  SIP_CONTACT_REGISTERED,
  SIP_CONTACT_REFRESHED,
  SIP_CONTACT_REMOVED,
  SIP_CONTACT_EXPIRED
} sip_change_kind;

typedef struct sip_change {
  sip_change_kind kind;
  const sip_contact *before; /* NULL: there was none */
  const sip_contact *after;  /* NULL: there is none any more */
} sip_change;

typedef struct sip_update {
  size_t had; /* the bindings there were, the latest first: set by the caller */
  sip_contact current[SIP_CONTACTS_MAX];
  bool changes; /* not all are KEPT */
  size_t count; /* registered and refreshed ones come first, then the others in their order */
  sip_change of[2 * SIP_CONTACTS_MAX];
} sip_update;

/* Names contacts of the registration, whose expires_at it sets, and of `current`. 0, or
 * the status of a refusal: 500 for a request that comes after a later one, 403 for too
 * many contacts; the reason is in the registration. */
int sip_update_make(sip_update *update, sip_registration *registration,
                    const sip_registrar *registrar, sip_time now);

#endif
