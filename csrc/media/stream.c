/* SPDX-License-Identifier: MIT
 *
 * The world's half of a stream.
 */
#include "media/stream.h"

#include "audio/mixer.h"
#include "media/world.h"

/* --- Heard --------------------------------------------------------------------------------------
 */

static void convert_in(media_converter *converter, const media_frame *from, uint32_t rate,
                       int16_t *out) {
  media_frame to = {.rate = rate, .count = media_frame_samples(rate), .samples = out};
  if (from) {
    media_convert(converter, from, &to);
  } else {
    memset(out, 0, to.count * sizeof *out);
  }
}

/* One frame of what the stream is of; samples written, of all channels. */
static size_t gather_frame(media_stream *stream, const media_frame *in, const media_frame *out,
                           int16_t *to) {
  int16_t other[MEDIA_FRAME_MAX];
  size_t count = media_frame_samples(stream->rate);
  if (stream->what == MEDIA_WHAT_OUT) {
    convert_in(&stream->out, out, stream->rate, to);
    return count;
  }
  convert_in(&stream->in, in, stream->rate, to);
  if (stream->what == MEDIA_WHAT_IN) return count;
  convert_in(&stream->out, out, stream->rate, other);
  if (stream->what == MEDIA_WHAT_BOTH) {
    audio_mix(to, other, count);
    return count;
  }
  for (size_t i = count; i-- > 0;) {
    to[2 * i + 1] = other[i];
    to[2 * i] = to[i];
  }
  return 2 * count;
}

static void hear(media_verb *verb, const media_frame *in, const media_frame *out) {
  media_stream *stream = verb->stream;
  int16_t samples[2 * MEDIA_FRAME_MAX];
  size_t count = gather_frame(stream, in, out, samples);
  if (media_ring_space(&stream->heard) < count) {
    stream->dropped += count / stream->channels;
  } else {
    media_ring_put(&stream->heard, samples, count);
  }
  if (!atomic_exchange_explicit(&stream->is_told, true, memory_order_acq_rel)) {
    media_verb_tell(verb, MEDIA_VERB_FRAMES);
  }
}

/* --- Spoken ----------------------------------------------------------------------- */

static bool find_mark(media_stream *stream) {
  if (!stream->has_next) stream->has_next = media_ring_take(&stream->marks, &stream->next, 1) == 1;
  return stream->has_next;
}

/* Marks up to where we are. A full ring back keeps them for the next frame. */
static void pass_marks(media_verb *verb) {
  media_stream *stream = verb->stream;
  uint64_t played = atomic_load_explicit(&stream->played, memory_order_relaxed);
  bool is_any = false;
  while (find_mark(stream) && stream->next.at <= played) {
    stream->next.is_cleared = stream->next.at <= stream->cleared && stream->next.at > 0;
    if (media_ring_put(&stream->passed, &stream->next, 1) == 0) break;
    stream->has_next = false;
    is_any = true;
  }
  if (is_any) media_verb_tell(verb, MEDIA_VERB_MARK);
}

static void note_played(media_stream *stream, size_t count) {
  atomic_fetch_add_explicit(&stream->played, count, memory_order_release);
}

static void tell_room(media_verb *verb) {
  media_stream *stream = verb->stream;
  if (media_ring_count(&stream->spoken) > stream->spoken.room / 2) return;
  if (atomic_exchange_explicit(&stream->waits, false, memory_order_acq_rel)) {
    media_verb_tell(verb, MEDIA_VERB_XON);
  }
}

void media_stream_clear(media_verb *verb, uint64_t written) {
  media_stream *stream = verb->stream;
  pass_marks(verb);
  uint64_t played = atomic_load_explicit(&stream->played, memory_order_relaxed);
  size_t there = media_ring_count(&stream->spoken);
  uint64_t count = written > played ? written - played : 0;
  if (count > there) count = there;
  media_ring_drop(&stream->spoken, (size_t)count);
  note_played(stream, (size_t)count);
  if (count > 0) stream->cleared = written;
  pass_marks(verb);
  tell_room(verb);
}

static bool speak(media_verb *verb, media_frame *frame) {
  media_stream *stream = verb->stream;
  int16_t samples[MEDIA_FRAME_MAX];
  size_t wanted = media_frame_samples(stream->rate);
  size_t got = media_ring_take(&stream->spoken, samples, wanted);
  if (got == 0) return false;
  memset(samples + got, 0, (wanted - got) * sizeof *samples);
  media_frame from = {.rate = stream->rate, .count = wanted, .samples = samples};
  media_convert(&stream->back, &from, frame);
  note_played(stream, got);
  return true;
}

bool media_stream_speak(media_party *party, media_frame *frame) {
  sip_link *head = &party->listening;
  for (sip_link *link = head->next; link != head; link = link->next) {
    media_verb *verb = SIP_CONTAINER(link, media_verb, link);
    if (verb->kind == MEDIA_STREAM && verb->stream->speaks && speak(verb, frame)) return true;
  }
  return false;
}

/* --- The verb --------------------------------------------------------------------- */

static void listen(media_verb *verb, const media_frame *in, const media_frame *out) {
  media_stream *stream = verb->stream;
  if (stream->what != MEDIA_WHAT_NONE) hear(verb, in, out);
  if (!stream->speaks) return;
  pass_marks(verb);
  tell_room(verb);
  if (!atomic_load_explicit(&stream->is_finished, memory_order_acquire)) return;
  if (media_ring_count(&stream->spoken) == 0) media_verb_end(verb, MEDIA_WHY_DONE);
}

static void ended(media_verb *verb) {
  verb->result.ms = media_verb_ms(verb);
  verb->result.trim_ms = verb->stream->dropped * 1000 / verb->stream->rate;
}

static bool wants_in(const media_verb *verb) {
  return verb->stream->what != MEDIA_WHAT_OUT && verb->stream->what != MEDIA_WHAT_NONE;
}

static bool wants_out(const media_verb *verb) {
  return verb->stream->what != MEDIA_WHAT_IN && verb->stream->what != MEDIA_WHAT_NONE;
}

const media_verb_ops media_stream_ops = {
    .listen = listen, .ended = ended, .wants_in = wants_in, .wants_out = wants_out};
