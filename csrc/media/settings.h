/* SPDX-License-Identifier: MIT
 *
 * What offer and answer amount to for a session's audio: where it goes, in which
 * direction, in which formats. New settings replace the old ones as a whole.
 */
#ifndef MOONSIP_MEDIA_SETTINGS_H
#define MOONSIP_MEDIA_SETTINGS_H

#include "base/sockaddr.h"
#include "media/parcel.h"
#include "media/voice.h"
#include "rtp/latch.h"

enum { MEDIA_PACKET_FRAMES_MAX = 3 /* 60 ms in one packet */ };

typedef struct media_settings {
  media_parcel parcel; /* first */
  media_voice *voice;
  sip_sockaddr remote;      /* family 0: whoever is latched */
  sip_sockaddr remote_rtcp; /* family 0: the port above */
  bool rtcp_mux;
  bool send, receive;
  bool inband;         /* digits are looked for in the audio */
  uint8_t frames;      /* in one packet that is sent */
  uint8_t events_send; /* payload types, MEDIA_NO_TYPE: not agreed on */
  uint8_t events_receive;
  uint32_t events_rate; /* Hz */
  uint8_t noise_send;
  rtp_latch_mode latch;
  uint32_t inactivity_ms; /* 0: not watched */
} media_settings;

#endif
