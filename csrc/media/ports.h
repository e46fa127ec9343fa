/* SPDX-License-Identifier: MIT
 *
 * Which ports sessions get: even ones for RTP, the odd one above for RTCP (RFC 3550 11),
 * each in its turn, so that a port that was freed rests before it is used again and a
 * late packet of the call before meets nobody.
 */
#ifndef MOONSIP_MEDIA_PORTS_H
#define MOONSIP_MEDIA_PORTS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct media_ports {
  uint16_t first, last; /* of the RTP ports; even */
  uint16_t next;
} media_ports;

/* False when there is no even port with an odd one above it in the range. */
static inline bool media_ports_init(media_ports *ports, uint32_t first, uint32_t last) {
  if (first == 0 || last > UINT16_MAX) return false;
  first += first % 2;
  last = last % 2 ? last - 1 : last - 2;
  if (last < first || last > UINT16_MAX) return false;
  *ports = (media_ports){.first = (uint16_t)first, .last = (uint16_t)last, .next = (uint16_t)first};
  return true;
}

static inline uint32_t media_ports_count(const media_ports *ports) {
  return (uint32_t)(ports->last - ports->first) / 2 + 1;
}

/* The one whose turn it is. */
static inline uint16_t media_ports_take(media_ports *ports) {
  uint16_t port = ports->next;
  ports->next = port == ports->last ? ports->first : (uint16_t)(port + 2);
  return port;
}

#endif
