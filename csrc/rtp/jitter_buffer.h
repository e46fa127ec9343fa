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

#include "rtp/packet.h"
#include "rtp/time.h"

enum {
  RTP_JITTER_SLOTS = 64, /* packets; a bit each in one word */
  RTP_JITTER_CELL = 64,  /* bytes; a payload takes as many as it needs */
  RTP_JITTER_CELLS_MAX = 0xfffe,
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

/* What a buffer needs for max_ms of audio of so many bytes per second, and as much again
 * for what comes early. */
size_t rtp_jitter_memory(uint32_t bytes_per_second, uint16_t max_ms);

typedef struct rtp_jitter_slot {
  int64_t timestamp; /* on the buffer's timeline */
  uint32_t wire_timestamp;
  uint16_t ticks; /* how long it lasts; 0 for comfort noise */
  uint16_t len;
  uint16_t cell; /* the first of its payload */
  uint8_t payload_type;
  uint8_t flags;
} rtp_jitter_slot;

/* The least and greatest delay in a stretch of time. */
typedef struct rtp_jitter_window {
  int64_t least;
  int64_t greatest;
  bool used;
} rtp_jitter_window;

typedef struct rtp_jitter_stats {
  uint64_t received; /* packets put, whatever became of them */
  uint64_t played;   /* frames handed out */
  uint64_t lost;     /* packets that never came, or came too late */
  uint64_t late;     /* came when their time was over */
  uint64_t early;    /* came earlier than any network could bring them: bursts */
  uint64_t duplicate;
  uint64_t reordered; /* came behind a later one, in time */
  uint64_t overflow;  /* given up, or not taken, for want of room */
  uint64_t concealed; /* ticks of audio that were asked to be concealed */
  uint64_t skipped;   /* packets left out to shorten the delay */
  uint64_t waits;     /* concealments that lengthened the delay */
  uint32_t restarts;  /* of source or timestamps */
} rtp_jitter_stats;

typedef struct rtp_jitter_buffer {
  uint32_t clock_rate;
  int64_t min, max, start; /* ticks */
  uint8_t noise_type;
  bool started;      /* a packet was put */
  bool playing;      /* a talk spurt is being played */
  bool restart;      /* the next packet begins a new timeline */
  bool resting;      /* comfort noise was played: no audio is due */
  uint8_t last_type; /* payload type of the last frame */
  uint32_t ssrc;
  int64_t timestamp_offset;     /* wire timestamp, extended, to the buffer's timeline */
  int64_t last_timestamp;       /* of the newest packet, on the timeline */
  int64_t end_timestamp;        /* where that one ends */
  int64_t next_timestamp;       /* what is due next */
  int64_t stalled;              /* ticks that the playout has waited for next_timestamp */
  int64_t adjusted_at;          /* tick of the last skip */
  uint32_t frame_ticks;         /* of the last frame */
  uint64_t newest;              /* sequence number on the buffer's own count */
  uint64_t next;                /* the one that is due next */
  uint16_t newest_number;       /* the one of the packet */
  uint64_t present;             /* bit n: slot (next + n) % RTP_JITTER_SLOTS holds a packet */
  uint64_t accounted;           /* bit n: next + n came, and is no audio */
  rtp_jitter_window windows[2]; /* this one, and the one before */
  int64_t window_end;           /* tick at which this one becomes the one before */
  bool measured;                /* one is complete */
  uint16_t free_cell;           /* list of them */
  uint16_t free_cells;
  uint16_t cell_count;
  uint8_t *cells;  /* RTP_JITTER_CELL bytes each */
  uint16_t *links; /* the next cell of each */
  rtp_jitter_slot slots[RTP_JITTER_SLOTS];
  rtp_jitter_stats stats;
} rtp_jitter_buffer;

/* False when the configuration makes no sense: a clock rate of 0 or above
 * RTP_CLOCK_RATE_MAX, a minimum above the maximum, no memory for one cell. For another
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
  uint32_t ticks;     /* of a frame, or to conceal; with NOTHING what to fill before asking again */
  uint32_t len;       /* bytes written to the caller's room */
  uint32_t timestamp; /* RTP timestamp of the packet */
  uint8_t payload_type;
  bool discontinuity; /* it does not continue what was before: reset the decoder */
  bool spurt;         /* it begins a talk spurt: after a pause */
  uint32_t skipped;   /* ticks left out right before it, to shorten the delay */
  bool next_lost;     /* with LOST: the packet behind the gap is there, see _peek */
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
size_t rtp_jitter_buffer_peek(const rtp_jitter_buffer *buffer, uint8_t *room, size_t size);

/* How long the playout lags behind a packet that nothing delayed, and how long it
 * should, in ticks. */
int64_t rtp_jitter_buffer_delay(const rtp_jitter_buffer *buffer, rtp_time now);
int64_t rtp_jitter_buffer_target(const rtp_jitter_buffer *buffer);

#endif
