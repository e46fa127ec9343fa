/* SPDX-License-Identifier: MIT
 *
 * A contact: one binding of an address of record (RFC 3261 10), with its path (RFC 3327)
 * and the flow that leads to a phone behind a NAT or at the end of a connection.
 */
#ifndef MOONSIP_LOCATION_CONTACT_H
#define MOONSIP_LOCATION_CONTACT_H

#include "base/buffer.h"
#include "base/time.h"
#include "sip/name_addr.h"
#include "sip/transport.h"

/* More contacts of one address of record, or in one REGISTER, are not taken. */
enum { SIP_CONTACTS_MAX = 64 };

/* Bytes of a contact's texts. */
enum { SIP_CONTACT_TEXT_MAX = 4096 };

typedef struct sip_contact {
  sip_str uri;
  sip_str params; /* of the Contact but q and expires: ";a=b;c", or empty */
  sip_str path;   /* Path values, the first to visit first, with commas between; or empty */
  sip_str call_id;
  sip_time expires_at;
  sip_time gruu_at; /* temporary GRUUs of its device that are older are void (gruu.h) */
  uint32_t cseq;
  uint32_t reg_id; /* with +sip.instance it names the binding (RFC 5626); 0: the URI does */
  uint16_t q;      /* thousandths */
  sip_flow flow;   /* transport NONE: the URI says how to get there */
} sip_contact;

/* Slices of the value; flow, path and what the request says are left as they are. */
void sip_contact_read(sip_contact *contact, const sip_name_addr *value, sip_buffer *params);

/* Of +sip.instance, with its quotes; empty when there is none. */
sip_str sip_contact_instance(const sip_contact *contact);

/* Whether the two are one binding: by instance and reg-id where both have them (RFC 5626
 * 6), else by their URIs (10.3 step 7, 19.1.4). parsed: of a's URI. */
bool sip_contact_same(const sip_contact *a, const sip_uri *parsed, const sip_contact *b);

/* As a Contact of the 200: "<uri>;q=0.5;expires=60;..." (10.3 step 8). */
void sip_contact_write(const sip_contact *contact, sip_time now, sip_buffer *out);

/* Seconds that are left, rounded up. */
uint32_t sip_contact_seconds(const sip_contact *contact, sip_time now);

size_t sip_contact_text_len(const sip_contact *contact);

#endif
