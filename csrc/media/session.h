/* SPDX-License-Identifier: MIT
 *
 * A session: the audio of one call. What is received goes from the latch through events
 * and the jitter buffer to whoever listens; what is sent is a frame every 20 ms from the
 * verb whose turn it is, the bridge, the conference or the background, and else silence.
 */
#ifndef MOONSIP_MEDIA_SESSION_H
#define MOONSIP_MEDIA_SESSION_H

#include "audio/dtmf_detector.h"
#include "audio/resampler.h"
#include "media/command.h"
#include "media/relay.h"
#include "media/settings.h"
#include "media/snapshot.h"
#include "rtp/event_receiver.h"
#include "rtp/event_sender.h"
#include "rtp/latch.h"
#include "rtp/rtcp_schedule.h"
#include "rtp/sender.h"
#include "rtp/source.h"

typedef struct media_datagram media_datagram;

enum {
  MEDIA_PACKET_MAX = 1500 - 48, /* of Ethernet, less the headers of IPv6 and UDP */
  MEDIA_CNAME_LEN = 20,         /* 100 bits (RFC 7022 4.2: 96 at least) */
};

/* Datagrams that were only counted. */
typedef struct media_refused {
  uint64_t strangers;  /* not of the peer's address */
  uint64_t wrong_type; /* a payload type that was not negotiated */
  uint64_t malformed;  /* neither RTP nor RTCP, or broken */
  uint64_t wrong_ssrc; /* a source that has yet to prove itself, or off its sequence */
} media_refused;

struct media_session {
  media_party party;        /* first */
  media_settings *settings; /* NULL before the first */
  void *socket;             /* the output's */
  void *ear;                /* the output's too: not NULL, it wants what is heard */
  rtp_time opened_at;
  sip_sockaddr local;
  char cname[MEDIA_CNAME_LEN];
  uint8_t mute; /* bits of media_mute */

  /* in */
  uint8_t receiving; /* payload type of the last audio packet, or MEDIA_NO_TYPE */
  bool is_inactive;
  bool is_listening; /* somebody wanted the last frame */
  bool has_left;     /* RTCP BYE came */
  rtp_latch latch;
  rtp_source source;
  rtp_event_receiver events_in;
  media_frame in; /* heard last; no samples: nobody wanted it */
  media_refused refused;
  rtp_time heard_at; /* the last packet that counts, or when we began to wait */
  uint64_t bytes_in, digits_count;
  audio_dtmf_detector digits_in;
  uint32_t digits_rate; /* that it was made for; 0: it was not */

  /* out */
  rtp_sender sender;
  rtcp_schedule schedule;
  rtp_time noise_at;
  rtp_time reported_at; /* the last snapshot */
  uint64_t bytes_out, events_count, errors, reports_in, reports_out;
  rtp_event_sender events_out;
  bool has_sender;
  bool is_noisy;     /* comfort noise stands for the silence that is sent */
  uint8_t packed;    /* frames in `packet` that wait for others */
  bool relays_digit; /* an event is the peer's, for as long as its key is down */
  uint16_t packet_len;
  uint8_t packet[MEDIA_PACKET_MAX];

  /* together */
  uint32_t bridge_flags;
  media_relay relay;         /* of the peer's packets to our remote */
  media_session *peer;       /* of the bridge, or NULL */
  media_member *member;      /* of a conference, or NULL */
  media_dtmf tones;          /* the peer's digits for who takes no events */
  media_converter converter; /* of what the peer says */

  media_snapshot snapshot; /* for the main thread */
};

void media_session_init(media_session *session, sip_id id, const sip_sockaddr *local);

/* The session that a party is, or NULL. */
static inline media_session *media_session_of(media_party *party) {
  return party->kind == MEDIA_SESSION ? (media_session *)(void *)party : NULL;
}

bool media_session_sends_events(const media_session *session);

/* In the world. */
void media_session_open(media_session *session);
void media_session_apply(media_session *session, media_settings *settings);
void media_session_close(media_session *session);
void media_session_receive(media_session *session, const media_datagram *datagram);
void media_session_tick(media_session *session);
/* A key by any way, and through the bridge. */
void media_session_digit(media_session *session, char digit, media_digit_way way);
void media_session_digit_end(media_session *session, media_digit_way way);
/* The figures of now. */
void media_session_stats(const media_session *session, media_stats *stats);

/* Parts of a tick, of the files session_*.c. */
void media_session_take_events(media_session *session);
void media_session_hear(media_session *session);
void media_session_say(media_session *session, media_frame *frame);
void media_session_report(media_session *session, bool bye);
void media_session_receive_rtcp(media_session *session, const media_datagram *datagram);

#endif
