/* SPDX-License-Identifier: MIT
 *
 * Bindings in memory: a hash table of addresses of record, each with the list of its
 * contacts, and a timing wheel that they expire by. A contact is one block of its texts
 * and some 80 bytes.
 *
 * An address of record whose last contact has gone is remembered for a while, so that
 * who is away can be told from who does not exist (RFC 3261 21.4.18, 21.4.5).
 */
#ifndef MOONSIP_LOCATION_TABLE_H
#define MOONSIP_LOCATION_TABLE_H

#include "base/list.h"
#include "base/map.h"
#include "base/timer.h"
#include "location/aor.h"
#include "location/update.h"

typedef struct sip_location {
  sip_alloc alloc;
  sip_map records; /* by the hash of their address of record */
  sip_wheel wheel;
  sip_hash_key key;
  sip_link away; /* records without a contact, the one that left first in front */
  size_t away_count;
  size_t away_max;
  size_t contacts;
  struct sip_entry *gone; /* what a call took out, until the next one */
  char aor[SIP_AOR_MAX];  /* whose contact has expired */
} sip_location;

typedef struct sip_location_config {
  sip_alloc_fn alloc; /* NULL: the C library's */
  void *alloc_context;
  sip_hash_key key; /* random */
  sip_time now;
  size_t away_max; /* how many of those without contacts are remembered */
} sip_location_config;

/* 0 or SIP_E_MEMORY. */
int sip_location_init(sip_location *location, const sip_location_config *config);
void sip_location_deinit(sip_location *location);

/* Does what a REGISTER asks for. 0, or the status of a refusal, which changes nothing:
 * those of sip_update_make, and 500 without memory. What the update names is valid until
 * the next call. */
int sip_location_save(sip_location *location, sip_str aor, sip_registration *registration,
                      const sip_registrar *registrar, sip_time now, sip_update *update);

/* The contacts of an address of record that did not expire, the latest first, into a
 * list of SIP_CONTACTS_MAX; valid until the next call. *known: it is, or was, registered. */
size_t sip_location_find(sip_location *location, sip_str aor, sip_time now, sip_contact *contacts,
                         bool *known);

/* Takes out all contacts, or the one with this URI (19.1.4), as `*gone`, likewise. */
size_t sip_location_remove(sip_location *location, sip_str aor, const sip_uri *uri,
                           sip_contact *gone);

/* Takes out the next contact that has expired. False when there is none. */
bool sip_location_expire(sip_location *location, sip_time now, sip_contact *contact, sip_str *aor);
/* As sip_wheel_deadline. */
sip_time sip_location_deadline(const sip_location *location);

#endif
