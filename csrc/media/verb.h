/* SPDX-License-Identifier: MIT
 *
 * Verbs: what a script asked a call (or a conference) to do. They run in the world, frame
 * by frame, so they are exact while Lua sleeps. The speaking ones of a party wait for each
 * other in a queue; the listening ones run beside them.
 */
#ifndef MOONSIP_MEDIA_VERB_H
#define MOONSIP_MEDIA_VERB_H

#include "audio/answering.h"
#include "audio/progress_detector.h"
#include "audio/silence.h"
#include "audio/tone_detector.h"
#include "media/converter.h"
#include "media/digits.h"
#include "media/parcel.h"
#include "media/program.h"

enum {
  MEDIA_SPEAKING_MAX = 32, /* verbs of a party that wait for each other */
  MEDIA_LISTENING_MAX = 8, /* beside them */
  MEDIA_DIGITS_MAX = 32    /* of one gather */
};

typedef enum media_verb_kind {
  MEDIA_PLAY,
  MEDIA_GATHER,
  MEDIA_DTMF,
  MEDIA_RECORD,  /* in the queue */
  MEDIA_MONITOR, /* a recording beside it; from here on they listen */
  MEDIA_DETECT,
  MEDIA_STREAM,
  MEDIA_BACKGROUND, /* neither: what a party sends when nothing else is */
  MEDIA_VERB_KINDS
} media_verb_kind;

/* Why a verb ended. */
#define MEDIA_WHYS(X)         \
  X(NONE, "")                 \
  X(DONE, "done")             \
  X(DIGIT, "digit")           \
  X(MAX, "max")               \
  X(STOP, "stop")             \
  X(INTERDIGIT, "interdigit") \
  X(TIMEOUT, "timeout")       \
  X(NOMATCH, "nomatch")       \
  X(SILENCE, "silence")       \
  X(IO, "io")                 \
  X(HUMAN, "human")           \
  X(MACHINE, "machine")       \
  X(NOTSURE, "notsure")       \
  X(BEEP, "beep")             \
  X(FAX, "fax")               \
  X(SPEECH, "speech")         \
  X(DIAL, "dial")             \
  X(RINGBACK, "ringback")     \
  X(BUSY, "busy")             \
  X(CONGESTION, "congestion") \
  X(FAILED, "failed")         \
  X(STOPPED, "stopped")       \
  X(CLOSED, "closed")

typedef enum media_why {
#define X(name, text) MEDIA_WHY_##name,
  MEDIA_WHYS(X)
#undef X
} media_why;

const char *media_why_name(media_why why);

typedef struct media_play {
  media_program program;
  media_digit_set stop;
  bool mix; /* over what is sent anyhow */
} media_play;

typedef enum media_gather_state {
  MEDIA_GATHER_PROMPT,
  MEDIA_GATHER_FIRST,
  MEDIA_GATHER_NEXT
} media_gather_state;

typedef struct media_gather {
  media_program program; /* the prompt */
  uint8_t min, max;
  uint8_t places; /* of `allowed`; 0: anything goes */
  bool barge;
  bool flush;
  media_digit_set stop;
  uint32_t timeout_ms, interdigit_ms;
  media_gather_state state;
  rtp_time deadline_at;
  media_digit_set allowed[MEDIA_DIGITS_MAX];
} media_gather;

typedef enum media_dtmf_how {
  MEDIA_DTMF_AUTO,
  MEDIA_DTMF_EVENTS,
  MEDIA_DTMF_INBAND
} media_dtmf_how;

enum { MEDIA_DTMF_MAX = 64 };

typedef struct media_dtmf {
  char digits[MEDIA_DTMF_MAX + 1]; /* and w , W for pauses */
  uint8_t at;                      /* the next one */
  uint8_t volume;                  /* -dBm0 */
  media_dtmf_how how;
  bool as_events; /* what `how` came to */
  uint32_t on_ms, gap_ms;
  audio_tone_generator generator; /* of the digit that goes on, in the audio */
  bool has_tone;
} media_dtmf;

/* Its digits as tones; false when there are no more. */
bool media_dtmf_fill(media_dtmf *dtmf, media_frame *frame);

/* What of a party goes into a file or a stream. */
typedef enum media_what {
  MEDIA_WHAT_IN,     /* what they say */
  MEDIA_WHAT_OUT,    /* what they hear */
  MEDIA_WHAT_BOTH,   /* mixed */
  MEDIA_WHAT_STEREO, /* in on the left, out on the right */
  MEDIA_WHAT_NONE
} media_what;

typedef struct media_recorder media_recorder;

typedef struct media_recording {
  media_recorder *recorder; /* the file's side */
  media_program beep;       /* record: before it begins */
  media_what what;
  media_digit_set stop;
  uint64_t max_ms, silence_ms;
  uint32_t threshold; /* mean amplitude that is no silence */
  bool trim;
  bool is_paused;
  bool has_begun;
  uint64_t samples; /* of the file's rate, so far */
  audio_silence detector;
  media_converter *converters; /* two, to the file's rate */
} media_recording;

typedef struct media_detect {
  bool amd, beep, fax, tone, report;
  uint64_t silence_ms, speech_ms, max_ms;
  audio_answering_settings answering_settings;
  uint32_t rate; /* that the detectors were made for; 0: not yet */
  uint64_t heard_ms;
  media_why heard; /* with report: what the next event says */
  uint64_t heard_at_ms;
  uint32_t threshold; /* mean amplitude that is no silence */
  bool told_silence, told_speech, told_answer;
  audio_answering answering;
  audio_tone_detector tones;
  audio_progress_detector progress;
  audio_silence silence;
} media_detect;

typedef struct media_stream media_stream;

typedef struct media_result {
  uint64_t ms;
  char digits[MEDIA_DIGITS_MAX + 1];
  uint8_t count;
  char key;
  bool barged;
  uint64_t trim_ms; /* recording: silence at the end that is not kept */
} media_result;

/* What there is to report of a verb: bits. */
enum {
  MEDIA_VERB_HEARD = 1,
  MEDIA_VERB_FRAMES = 2,
  MEDIA_VERB_MARK = 4,
  MEDIA_VERB_XON = 8,
  MEDIA_VERB_END = 16 /* the last */
};

struct media_party;

typedef struct media_verb {
  media_parcel parcel; /* first */
  sip_link link;       /* of its party's */
  sip_link held;       /* the main thread's: of what it gave away and has not back */
  struct media_party *party;
  uint32_t number;
  media_verb_kind kind;
  media_why why; /* once it has ended */
  uint8_t news;
  bool is_started;
  rtp_time started_at;
  media_result result;
  union {
    media_play play;
    media_gather gather;
    media_dtmf dtmf;
    media_recording recording;
    media_detect detect;
    media_stream *stream;
  };
} media_verb;

static inline bool media_verb_speaks(media_verb_kind kind) {
  return kind <= MEDIA_RECORD;
}

/* What a kind of verb does; all in the world. Any may be NULL. */
typedef struct media_verb_ops {
  void (*start)(media_verb *verb);
  /* Its turn to fill the frame; false when it has nothing to say. */
  bool (*speak)(media_verb *verb, media_frame *frame);
  /* Each frame, after it was sent: heard and said. */
  void (*listen)(media_verb *verb, const media_frame *in, const media_frame *out);
  /* True when the digit is used up. */
  bool (*digit)(media_verb *verb, char digit);
  void (*digit_ended)(media_verb *verb);
  /* Before it is reported. */
  void (*ended)(media_verb *verb);
  /* Whether it wants `in`, or `out`, of its party. */
  bool (*wants_in)(const media_verb *verb);
  bool (*wants_out)(const media_verb *verb);
} media_verb_ops;

extern const media_verb_ops media_play_ops, media_gather_ops, media_dtmf_ops, media_record_ops,
    media_monitor_ops, media_detect_ops, media_stream_ops, media_background_ops;
const media_verb_ops *media_verb_get_ops(media_verb_kind kind);

/* Ends it: it is reported, and is the main thread's again after that. Twice is fine. */
void media_verb_end(media_verb *verb, media_why why);
/* There is something to report of it. */
void media_verb_tell(media_verb *verb, uint8_t news);
/* Milliseconds since it started. */
uint64_t media_verb_ms(const media_verb *verb);

#endif
