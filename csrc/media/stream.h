/* SPDX-License-Identifier: MIT
 *
 * stream: audio to and from another program, as 16-bit samples in two rings between the
 * world and the main thread. Marks tell how far it was played; clearing drops what was
 * not; the rings are bounded, and say so in time.
 */
#ifndef MOONSIP_MEDIA_STREAM_H
#define MOONSIP_MEDIA_STREAM_H

#include "media/converter.h"
#include "media/party.h"
#include "media/ring.h"

enum { MEDIA_STREAM_MARKS = 64 /* that wait to be reached */ };

typedef struct media_mark {
  uint64_t at; /* samples ever written before it */
  uint32_t number;
  bool is_cleared; /* on the way back: what was before it was dropped */
} media_mark;

/* Half of it belongs to the main thread (`written` and the waits), half to the world; the
 * rings are between the two. */
struct media_stream {
  size_t size;  /* of the block */
  size_t limit; /* samples that may wait, each way */
  uint32_t rate;
  media_what what;
  uint64_t written;        /* main: samples ever */
  _Atomic uint64_t played; /* world: samples ever taken, or cleared */
  uint64_t dropped;        /* world: samples that found no room */
  uint64_t cleared;        /* world: what was written before it is dropped */
  media_mark next;         /* world: the next mark to be reached */
  bool has_next;
  bool speaks;
  uint8_t channels;         /* 2: stereo */
  _Atomic bool waits;       /* main to world: tell when there is room again */
  _Atomic bool is_finished; /* main to world: no more will be written */
  _Atomic bool is_told;     /* world to main: "frames" was told, and not all was read */
  media_ring heard;         /* to the main thread */
  media_ring spoken;        /* from it */
  media_ring marks;         /* from it */
  media_ring passed;        /* marks, to it */
  media_mark marks_memory[MEDIA_STREAM_MARKS], passed_memory[MEDIA_STREAM_MARKS];
  media_converter in, out, back;
};

/* In the world. */
bool media_stream_speak(media_party *party, media_frame *frame);
void media_stream_clear(media_verb *verb, uint64_t written);

#endif
