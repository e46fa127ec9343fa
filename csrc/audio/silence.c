/* SPDX-License-Identifier: MIT
 *
 * Blocks of 10 ms, loud or not; enough of the other kind in a row turn it over.
 */
#include "audio/silence.h"

#include "audio/level.h"

enum { BLOCK_MS = 10 };

static uint32_t blocks(uint32_t ms, uint32_t otherwise) {
  uint32_t count = (ms ? ms : otherwise) / BLOCK_MS;
  return count ? count : 1;
}

void audio_silence_init(audio_silence *silence, uint32_t rate,
                        const audio_silence_settings *settings) {
  audio_silence_settings s = settings ? *settings : (audio_silence_settings){0};
  *silence = (audio_silence){
      .threshold = s.threshold ? s.threshold : AUDIO_SILENCE_THRESHOLD,
      .attack = blocks(s.attack_ms, AUDIO_SILENCE_ATTACK_MS),
      .hang = blocks(s.hang_ms, AUDIO_SILENCE_HANG_MS),
      .block.size = (uint32_t)audio_samples(rate, BLOCK_MS),
  };
}

static bool step(audio_silence *s, bool loud, audio_silence_event *event) {
  s->run++;
  s->other = loud == s->speech ? 0 : s->other + 1;
  if (s->other < (s->speech ? s->hang : s->attack)) return false;
  *event = (audio_silence_event){.speech = loud, .before_ms = (s->run - s->other) * BLOCK_MS};
  s->speech = loud;
  s->run = s->other;
  s->other = 0;
  return true;
}

bool audio_silence_feed(audio_silence *silence, audio_span *in, audio_silence_event *event) {
  while (in->len > 0) {
    silence->sum += audio_magnitude(audio_block_take(&silence->block, in));
    if (!audio_block_finish(&silence->block)) continue;
    bool loud = silence->sum >= (uint64_t)silence->threshold * silence->block.size;
    silence->sum = 0;
    if (step(silence, loud, event)) return true;
  }
  return false;
}

uint32_t audio_silence_ms(const audio_silence *silence) {
  return (silence->speech ? silence->other : silence->run) * BLOCK_MS;
}

uint32_t audio_speech_ms(const audio_silence *silence) {
  return silence->speech ? (silence->run - silence->other) * BLOCK_MS : 0;
}
