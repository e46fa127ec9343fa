/* SPDX-License-Identifier: MIT
 *
 * Nothing of this runs in the world.
 */
#include "media/order.h"

#include "base/error.h"

/* --- Programs --------------------------------------------------------------------- */

int media_program_init(sip_alloc *alloc, media_program *program, uint32_t count) {
  *program = (media_program){.rounds = 1, .gain = AUDIO_GAIN_UNITY};
  if (count == 0) return 0;
  media_item *items = sip_alloc_zero(alloc, count * sizeof *items);
  if (!items) return SIP_E_MEMORY;
  program->items = items;
  program->count = count;
  return 0;
}

media_item *media_program_item(media_program *program, uint32_t index) {
  return &program->items[index];
}

int media_item_set_tone(sip_alloc *alloc, media_item *item, const audio_tone *tone) {
  item->tone = sip_alloc_new(alloc, sizeof *tone);
  if (!item->tone) return SIP_E_MEMORY;
  item->kind = MEDIA_ITEM_TONE;
  *item->tone = *tone;
  return 0;
}

void media_program_free(sip_alloc *alloc, media_program *program) {
  for (uint32_t i = 0; i < program->count; i++) {
    media_item *item = &program->items[i];
    audio_clip_unref(item->clip);
    if (item->tone) sip_alloc_free(alloc, item->tone, sizeof *item->tone);
  }
  if (program->items)
    sip_alloc_free(alloc, program->items, program->count * sizeof *program->items);
  program->items = NULL;
  program->count = 0;
}

/* --- Verbs ---------------------------------------------------------------------------------------
 */

media_verb *media_verb_new(sip_alloc *alloc, media_verb_kind kind) {
  media_verb *verb = sip_alloc_zero(alloc, sizeof *verb);
  if (!verb) return NULL;
  media_parcel_init(&verb->parcel, MEDIA_PARCEL_VERB);
  sip_link_init(&verb->link);
  sip_link_init(&verb->held);
  verb->kind = kind;
  return verb;
}

static void free_recording(sip_alloc *alloc, media_recording *recording) {
  media_program_free(alloc, &recording->beep);
  media_recorder_free(alloc, recording->recorder);
  if (recording->converters) {
    sip_alloc_free(alloc, recording->converters, 2 * sizeof *recording->converters);
  }
}

void media_verb_free(sip_alloc *alloc, media_verb *verb) {
  if (!verb) return;
  switch (verb->kind) {
  case MEDIA_PLAY:
  case MEDIA_BACKGROUND:
    media_program_free(alloc, &verb->play.program);
    break;
  case MEDIA_GATHER:
    media_program_free(alloc, &verb->gather.program);
    break;
  case MEDIA_RECORD:
  case MEDIA_MONITOR:
    free_recording(alloc, &verb->recording);
    break;
  case MEDIA_STREAM:
    if (verb->stream) sip_alloc_free(alloc, verb->stream, verb->stream->size);
    break;
  default:
    break;
  }
  sip_alloc_free(alloc, verb, sizeof *verb);
}

/* --- Streams ---------------------------------------------------------------------- */

static size_t ring_room(size_t samples) {
  size_t room = 1;
  while (room < samples) room *= 2;
  return room;
}

int media_stream_new(sip_alloc *alloc, const media_stream_config *config, media_stream **out) {
  size_t head = (sizeof(media_stream) + 15) / 16 * 16;
  size_t channels = config->what == MEDIA_WHAT_STEREO ? 2 : 1;
  size_t samples = audio_samples(config->rate, config->buffer_ms);
  size_t heard = config->what == MEDIA_WHAT_NONE ? 1 : ring_room(samples * channels);
  size_t spoken = config->speaks ? ring_room(samples) : 1;
  size_t size = head + (heard + spoken) * sizeof(int16_t);
  char *block = sip_alloc_zero(alloc, size);
  if (!block) return SIP_E_MEMORY;
  media_stream *stream = (media_stream *)(void *)block;
  stream->size = size;
  stream->rate = config->rate;
  stream->what = config->what;
  stream->speaks = config->speaks;
  stream->channels = (uint8_t)channels;
  stream->limit = samples;
  media_ring_init(&stream->heard, block + head, sizeof(int16_t), heard);
  media_ring_init(&stream->spoken, block + head + heard * sizeof(int16_t), sizeof(int16_t), spoken);
  media_ring_init(&stream->marks, stream->marks_memory, sizeof(media_mark), MEDIA_STREAM_MARKS);
  media_ring_init(&stream->passed, stream->passed_memory, sizeof(media_mark), MEDIA_STREAM_MARKS);
  *out = stream;
  return 0;
}

/* --- Settings --------------------------------------------------------------------- */

media_settings *media_settings_new(sip_alloc *alloc) {
  media_settings *settings = sip_alloc_zero(alloc, sizeof *settings);
  if (!settings) return NULL;
  media_parcel_init(&settings->parcel, MEDIA_PARCEL_SETTINGS);
  settings->events_send = settings->events_receive = settings->noise_send = MEDIA_NO_TYPE;
  settings->frames = 1;
  return settings;
}

void media_settings_free(sip_alloc *alloc, media_settings *settings) {
  if (!settings) return;
  media_voice_free(alloc, settings->voice);
  sip_alloc_free(alloc, settings, sizeof *settings);
}
