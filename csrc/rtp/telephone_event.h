/* SPDX-License-Identifier: MIT
 *
 * The payload of telephone-event (RFC 4733 2.3), and what the event codes are called.
 */
#ifndef MOONSIP_RTP_TELEPHONE_EVENT_H
#define MOONSIP_RTP_TELEPHONE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/str.h"

enum {
  RTP_EVENT_SIZE = 4,              /* bytes of one event in a payload */
  RTP_EVENT_DURATION_MAX = 0xffff, /* ticks: a longer event is sent in segments (2.5.1.3) */
  RTP_EVENT_VOLUME_MAX = 63,       /* -dBm0 */
  RTP_EVENT_DIGITS = 16,           /* codes 0 to 15 are DTMF digits (3.2) */
  RTP_EVENT_FLASH = 16,            /* hook flash (RFC 2833 3.10) */
  RTP_EVENT_ANS = 32,              /* answer tone, CED of a fax: 2100 Hz (RFC 4734 2.5, 2.6) */
  RTP_EVENT_CNG = 36,              /* calling tone of a fax: 1100 Hz (RFC 4734 2.6) */
};

typedef struct rtp_event {
  uint8_t code;
  bool end;          /* E */
  uint8_t volume;    /* power level in -dBm0; 0 may mean that it is not known */
  uint16_t duration; /* ticks since the timestamp of its packet */
} rtp_event;

/* The event at `bytes`, false when there are fewer than RTP_EVENT_SIZE. The reserved
 * bit is ignored (2.3.4). */
bool rtp_event_parse(const uint8_t *bytes, size_t len, rtp_event *out);
void rtp_event_write(const rtp_event *event, uint8_t out[RTP_EVENT_SIZE]);

/* '0' to '9', '*', '#', 'A' to 'D' for codes 0 to 15, otherwise 0; and back, in either
 * case, -1 for other characters. */
char rtp_event_digit(uint8_t code);
int rtp_event_of_digit(char digit);

/* "5", "#", "flash", "CNG" ...; empty for a code without a name here. */
sip_str rtp_event_name(uint8_t code);

/* A set of events: the value of the parameter "events" in fmtp, "0-15,66,70" (2.4.1). */
typedef struct rtp_event_set {
  uint64_t bits[4];
} rtp_event_set;

/* False, and the set is DTMF alone, when the text is no such list. An empty text is
 * DTMF alone too, which is the default (2.5.1.1). */
bool rtp_event_set_parse(sip_str text, rtp_event_set *out);

static inline bool rtp_event_set_has(const rtp_event_set *set, uint8_t code) {
  return set->bits[code / 64] >> code % 64 & 1;
}

#endif
