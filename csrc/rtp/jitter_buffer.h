/* SPDX-License-Identifier: MIT
 *
 * Packets of audio as they come, frames as they are due. The buffer holds back so
 * much as the network's jitter needs, between a minimum and a maximum, on the timeline
 * of RTP timestamps; it has no clock, and the same input gives the same output.
 *
 *   delay of a packet   = arrival - timestamp, in ticks
 *   base                = the least of the last seconds: a packet that nothing delayed
 *   target              = the greatest of them above base, within minimum and maximum
 *   playout             = a frame is due when it is `target` older than base
 *
 * Base and target are kept over windows, so a sender's clock that runs fast or slow
 * moves them along: the playout then skips a frame, or waits for one, now and then.
 * It grows when a packet that is missing may still come; it shrinks in pauses, in
 * quiet passages, and where much more waits than is needed.
 */
#ifndef MOONSIP_RTP_JITTER_BUFFER_H
#define MOONSIP_RTP_JITTER_BUFFER_H

#include "rtp/jitter_slots.h"
#include "rtp/jitter_timeline.h"
#include "rtp/packet.h"
#include "rtp/time.h"

enum {
  RTP_JITTER_MIN_MS = 20,
  RTP_JITTER_MAX_MS = 200,
  RTP_JITTER_START_MS = 40, /* until the first window has measured */
  RTP_JITTER_WINDOW_MS = 4000,
  RTP_JITTER_NO_NOISE = 0xff,
};

typedef struct rtp_jitter_config {
  uint32_t clock_rate; /* Hz, of all payload types that are put */
  uint16_t min_ms;     /* 0: RTP_JITTER_MIN_MS */
  uint16_t max_ms;     /* 0: RTP_JITTER_MAX_MS */
  uint16_t start_ms;   /* 0: RTP_JITTER_START_MS, within the two */
  uint8_t noise_type;  /* payload type of comfort noise, or RTP_JITTER_NO_NOISE */
  void *memory;        /* the caller's, for payloads: rtp_jitter_memory tells how much */
  size_t memory_size;
} rtp_jitter_config;

/* What the payloads of max_ms take, at so many bytes per second, and as much again for
 * what comes in bursts. */
size_t rtp_jitter_memory(uint32_t bytes_per_second, uint16_t max_ms);

typedef struct rtp_jitter_stats {
  uint64_t received; /* packets put, whatever became of them */
  uint64_t played;   /* frames handed out */
  uint64_t late;     /* came when their time was over */
  uint64_t early;    /* came when more waited than may: of a burst */
  uint64_t duplicate;
  uint64_t reordered; /* came behind a later one, but in time */
  uint64_t overflow;  /* given up, or not taken, for want of room */
  uint64_t concealed; /* ticks that were asked to be concealed */
  uint64_t skipped;   /* packets left out to shorten the delay */
  uint64_t stretched; /* ticks of waiting that lengthened it */
} rtp_jitter_stats;

typedef struct rtp_jitter_buffer {
  uint32_t clock_rate;
  uint8_t noise_type;
  bool fresh;              /* no frame was played yet */
  bool playing;            /* a talk spurt is being played */
  bool discontinuity;      /* before the packet that is due */
  uint32_t frame_ticks;    /* of the last frame */
  int64_t min, max, start; /* ticks */
  int64_t next_timestamp;  /* what is due next */
  int64_t stalled;         /* ticks that the playout has waited for it */
  int64_t skipped_at;      /* tick of the last skip */
  int64_t lag;             /* of the last frame, in ticks */
  rtp_jitter_stats stats;
  rtp_timeline timeline;
  rtp_slots slots;
} rtp_jitter_buffer;

/* False when the configuration makes no sense: a clock rate below RTP_CLOCK_RATE_MIN or
 * above RTP_CLOCK_RATE_MAX, a minimum above the maximum, no memory for one cell. For another
 * clock rate a buffer is initialised again. */
bool rtp_jitter_buffer_init(rtp_jitter_buffer *buffer, const rtp_jitter_config *config);

/* A packet of audio or comfort noise that lasts `ticks` (0 for comfort noise). Another
 * SSRC, or a jump of timestamps, begins a new timeline behind what is still queued. */
void rtp_jitter_buffer_put(rtp_jitter_buffer *buffer, const rtp_packet *packet, uint32_t ticks,
                           rtp_time now);

/* A packet of the same source that is no audio (an event, an unknown payload type): its
 * sequence number is accounted for, so that nothing seems lost. */
void rtp_jitter_buffer_pass(rtp_jitter_buffer *buffer, const rtp_packet *packet);

/* The source restarted its sequence numbers: the next packet begins a new timeline. */
void rtp_jitter_buffer_restart(rtp_jitter_buffer *buffer);

typedef enum rtp_jitter_result {
  RTP_JITTER_NOTHING, /* silence: before the first packet, in a pause, under comfort noise */
  RTP_JITTER_FRAME,   /* decode this */
  RTP_JITTER_LOST,    /* conceal `ticks`: a packet is lost, or not there yet */
} rtp_jitter_result;

typedef struct rtp_jitter_frame {
  uint32_t ticks;     /* of the frame, to conceal, or to be silent, until asking again */
  uint32_t len;       /* bytes of payload */
  uint32_t timestamp; /* of the packet */
  uint8_t payload_type;
  bool discontinuity; /* it does not continue what was before: reset the decoder */
  bool spurt;         /* it begins a talk spurt */
  bool mendable;      /* with LOST: the packet behind the gap is there, see _peek */
  uint32_t skipped;   /* ticks left out right before it, to shorten the delay */
} rtp_jitter_frame;

typedef struct rtp_jitter_request {
  rtp_time now;
  bool quiet;    /* the last frame was quiet: a good place to shorten the delay */
  uint8_t *room; /* for the payload */
  size_t size;   /* a longer payload counts as overflow and LOST */
} rtp_jitter_request;

/* The playout wants audio: to be asked whenever the decoded audio is used up, several
 * times in one tick when packets are shorter than ticks. */
rtp_jitter_result rtp_jitter_buffer_get(rtp_jitter_buffer *buffer,
                                        const rtp_jitter_request *request, rtp_jitter_frame *out);

/* Copies the packet that follows a gap, without taking it: it may hold what was lost
 * (the FEC of Opus, RFC 6716 2.1.7). How many bytes; 0 when it is not there. */
size_t rtp_jitter_buffer_peek(rtp_jitter_buffer *buffer, uint8_t *room, size_t size);

/* Packets that did not come, or not in time. */
uint64_t rtp_jitter_buffer_lost(const rtp_jitter_buffer *buffer);

/* Times that a source, or its timestamps, began anew. */
uint32_t rtp_jitter_buffer_restarts(const rtp_jitter_buffer *buffer);

/* How long the last frame lagged behind a packet that nothing delayed, and how long it
 * should, in ticks. */
int64_t rtp_jitter_buffer_delay(const rtp_jitter_buffer *buffer);
int64_t rtp_jitter_buffer_target(const rtp_jitter_buffer *buffer);

#endif
