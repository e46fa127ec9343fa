/* SPDX-License-Identifier: MIT
 *
 * One block per packet; the last release frees it.
 */
#include "sip/packet.h"

#include <string.h>

sip_packet *sip_packet_new(sip_alloc *alloc, size_t len) {
  sip_packet *packet = sip_alloc_new(alloc, sizeof *packet + len);
  if (!packet) return NULL;
  *packet =
      (sip_packet){.alloc = alloc, .references = 1, .len = (uint32_t)len, .room = (uint32_t)len};
  return packet;
}

sip_packet *sip_packet_copy(sip_alloc *alloc, sip_str bytes) {
  sip_packet *packet = sip_packet_new(alloc, bytes.len);
  if (packet && bytes.len) memcpy(packet->bytes, bytes.ptr, bytes.len);
  return packet;
}

sip_packet *sip_packet_keep(sip_packet *packet) {
  packet->references++;
  return packet;
}

void sip_packet_release(sip_packet *packet) {
  if (!packet || --packet->references > 0) return;
  sip_alloc_free(packet->alloc, packet, sizeof *packet + packet->room);
}
