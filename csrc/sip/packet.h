/* SPDX-License-Identifier: MIT
 *
 * Bytes on their way out: written once, never changed, counted by those who
 * may send them again.
 */
#ifndef MOONSIP_SIP_PACKET_H
#define MOONSIP_SIP_PACKET_H

#include "base/alloc.h"
#include "base/str.h"

typedef struct sip_packet {
  sip_alloc *alloc;
  uint32_t references;
  uint32_t len;
  uint32_t room; /* for bytes: what was asked for */
  char bytes[];
} sip_packet;

/* One reference, the caller's; content undefined. NULL without memory. */
sip_packet *sip_packet_new(sip_alloc *alloc, size_t len);
sip_packet *sip_packet_copy(sip_alloc *alloc, sip_str bytes);
/* Written with fewer bytes than there is room for. */
static inline void sip_packet_trim(sip_packet *packet, size_t len) {
  packet->len = (uint32_t)len;
}
sip_packet *sip_packet_keep(sip_packet *packet);
void sip_packet_release(sip_packet *packet); /* NULL is fine */

static inline sip_str sip_packet_str(const sip_packet *packet) {
  return (sip_str){packet->bytes, packet->len};
}

#endif
