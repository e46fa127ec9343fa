/* SPDX-License-Identifier: MIT
 *
 * GRUUs (RFC 5627): URIs that lead to one device of an address of record. A public one is
 * that with "gr" and the instance; a temporary one says nothing to anybody but us: who and
 * which device it is for, and when it was made, are sealed into its user part. So none is
 * kept, and any program that knows the key knows them all (appendix A.2 keeps a table).
 */
#ifndef MOONSIP_LOCATION_GRUU_H
#define MOONSIP_LOCATION_GRUU_H

#include "location/contact.h"

/* In front of what is sealed, in the user part. */
#define SIP_GRUU_MARK "tgruu."

typedef enum sip_gruu_kind { SIP_GRUU_NONE, SIP_GRUU_PUBLIC, SIP_GRUU_TEMPORARY } sip_gruu_kind;

typedef struct sip_gruu {
  sip_gruu_kind kind;
  sip_str instance; /* public: the value of gr, as it stands */
  sip_str sealed;   /* temporary: the rest of the user part */
} sip_gruu;

void sip_gruu_read(const sip_uri *uri, sip_gruu *out);

/* "sip:alice@example.com;gr=urn:uuid:..." for an address of record, which is a To. */
void sip_gruu_write_public(const sip_uri *aor, const sip_contact *contact, sip_buffer *out);
/* "sip:tgruu.<sealed>@example.com;gr" */
void sip_gruu_write_temporary(const sip_uri *aor, sip_str sealed, sip_buffer *out);

/* What is sealed. */
typedef struct sip_gruu_secret {
  sip_time made_at;
  uint64_t instance; /* sip_gruu_instance */
  sip_str aor;       /* as bindings are found by */
} sip_gruu_secret;

void sip_gruu_pack(const sip_gruu_secret *secret, sip_buffer *out);
bool sip_gruu_unpack(sip_str packed, sip_gruu_secret *out);

/* Which device, in 64 bits: of +sip.instance, with or without its quotes. */
uint64_t sip_gruu_instance(sip_str instance);

/* Whether a contact whose REGISTER says so may be one with a GRUU: 0, or 403 when it leads
 * back to its own address of record (5.1). */
int sip_gruu_check(const sip_contact *contact, const sip_uri *uri, const sip_uri *aor);

#endif
