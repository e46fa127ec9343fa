/* SPDX-License-Identifier: MIT
 *
 * The payload of comfort noise (RFC 3389 3): a level, and maybe the reflection
 * coefficients of an all-pole model of its spectrum.
 */
#ifndef MOONSIP_RTP_COMFORT_NOISE_H
#define MOONSIP_RTP_COMFORT_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  RTP_NOISE_PAYLOAD_TYPE = 13, /* at 8000 Hz (4); dynamic at other rates */
  RTP_NOISE_ORDER_MAX = 12,    /* coefficients kept: higher ones may be taken as zero (3) */
  RTP_NOISE_LEVEL_MAX = 127,   /* -dBov */
  RTP_NOISE_SIZE_MAX = 1 + RTP_NOISE_ORDER_MAX,
};

typedef struct rtp_noise {
  uint8_t level;                             /* -dBov */
  uint8_t order;                             /* of the model; 0: white noise */
  int16_t coefficients[RTP_NOISE_ORDER_MAX]; /* k_i in 1/32768: 258 times -127 to 127 (3.2) */
} rtp_noise;

/* False for an empty payload. */
bool rtp_noise_parse(const uint8_t *payload, size_t len, rtp_noise *out);

/* How many bytes of `out` it takes. Coefficients are rounded to the nearest index;
 * level and order are kept within their limits. */
size_t rtp_noise_write(const rtp_noise *noise, uint8_t out[RTP_NOISE_SIZE_MAX]);

#endif
