/* SPDX-License-Identifier: MIT
 *
 * The world under a clock that is moved, with a network of memory: every host of a
 * simulation has its sessions in one world, packets go from address to address here, and
 * not one of them is seen by anybody else. The same seed and acts give the same run.
 */
#ifndef MOONSIP_MEDIA_FABRIC_H
#define MOONSIP_MEDIA_FABRIC_H

#include "media/control.h"
#include "media/ear.h"
#include "media/wire.h"

typedef struct media_fabric {
  media_wire wire;
  media_world world;
  media_control control;
  rtp_time now;
  rtp_time busy_until; /* what was done may still show until then */
  rtp_time written_at; /* by the recorders, last */
  sip_link recorders;
  sip_link finished;
  sip_link ears;
} media_fabric;

/* 0 or SIP_E_MEMORY. */
int media_fabric_init(media_fabric *fabric, sip_alloc *alloc, uint64_t seed, int64_t now_ms);
/* Closes everything. */
void media_fabric_deinit(media_fabric *fabric);

/* Runs until `to_ms`, or until an event waits in the control. */
void media_fabric_advance(media_fabric *fabric, int64_t to_ms);
/* So long the clock does not come, as when the machine has no time for its thread; then once. */
void media_fabric_stall(media_fabric *fabric, int64_t ms);
int64_t media_fabric_now(const media_fabric *fabric);
/* When something may happen that makes an event, ms; -1: never. */
int64_t media_fabric_deadline(media_fabric *fabric);

/* Keeps the last `ms` of what a session hears from now on, until it is forgotten. 0,
 * SIP_E_GONE, SIP_E_STATE when it does so already, SIP_E_MEMORY. */
int media_fabric_listen(media_fabric *fabric, sip_id id, uint32_t ms);
/* NULL for none. */
media_ear *media_fabric_find_ear(const media_fabric *fabric, sip_id id);
void media_fabric_forget(media_fabric *fabric, media_ear *ear);

/* A datagram by hand; SIP_E_NO_ROUTE when nobody is there, SIP_E_MEMORY. */
int media_fabric_inject(media_fabric *fabric, const sip_sockaddr *from, const sip_sockaddr *to,
                        sip_str bytes);

#endif
