/* SPDX-License-Identifier: MIT
 *
 * A RIFF header, then chunks: fmt first, data at some time, and others around them. Each
 * state collects the bytes it needs and says which comes next.
 */
#include "audio/wav_reader.h"

#include <string.h>

#include "audio/wav_samples.h"
#include "base/error.h"

enum state { RIFF, CHUNK, FORMAT, SKIP, DATA, BEHIND };

enum {
  RIFF_SIZE = 12,
  CHUNK_SIZE = 8,
  FORMAT_MIN = 16,
  FORMAT_EXTENSIBLE = 40,
  FORMAT_MAX = 1024,        /* bytes that a fmt chunk may claim */
  STREAMED_MIN = 0x7ffff000 /* lengths of those who do not know; sox and espeak write this */
};

enum tag { TAG_PCM = 1, TAG_FLOAT = 3, TAG_ALAW = 6, TAG_ULAW = 7, TAG_EXTENSIBLE = 0xfffe };

/* Offsets in a fmt chunk. */
enum { TAG = 0, CHANNELS = 2, RATE = 4, BLOCK_ALIGN = 12, BITS = 14, SUBFORMAT = 24 };

void audio_wav_reader_init(audio_wav_reader *reader, uint16_t channel) {
  *reader = (audio_wav_reader){.channel = channel};
}

static uint32_t number(const uint8_t *in, size_t size) {
  uint32_t value = 0;
  while (size-- > 0) value = value << 8 | in[size];
  return value;
}

/* `back`: how far before the byte that is read next. False. */
static bool fail(audio_wav_reader *r, uint64_t back, const char *what) {
  r->error = SIP_E_AUDIO;
  r->error_at = r->at - back;
  r->error_what = what;
  return false;
}

static bool enter(audio_wav_reader *r, enum state state, uint64_t left) {
  r->state = (uint8_t)state;
  r->left = left;
  r->held = 0;
  return true;
}

static bool has_id(const audio_wav_reader *r, size_t at, const char *id) {
  return memcmp(r->hold + at, id, 4) == 0;
}

static bool read_riff(audio_wav_reader *r) {
  if (has_id(r, 0, "RIFX")) return fail(r, RIFF_SIZE, "a big-endian WAV file (RIFX)");
  if (!has_id(r, 0, "RIFF") && !has_id(r, 0, "RF64")) return fail(r, RIFF_SIZE, "no RIFF header");
  if (!has_id(r, 8, "WAVE")) return fail(r, 4, "a RIFF file of another kind than WAVE");
  uint32_t len = number(r->hold + 4, 4);
  r->end = len > 0 && len < STREAMED_MIN ? (uint64_t)len + 8 : 0;
  return enter(r, CHUNK, CHUNK_SIZE);
}

static bool is_id(const uint8_t *id) {
  for (int i = 0; i < 4; i++) {
    if (id[i] < 0x20 || id[i] > 0x7e) return false;
  }
  return true;
}

static bool read_chunk(audio_wav_reader *r) {
  uint32_t len = number(r->hold + 4, 4);
  r->odd = len % 2;
  if (!is_id(r->hold)) return fail(r, CHUNK_SIZE, "no chunk where one should begin");
  if (has_id(r, 0, "fmt ")) {
    if (len < FORMAT_MIN || len > FORMAT_MAX) return fail(r, 4, "a fmt chunk of that length");
    return enter(r, FORMAT, len);
  }
  if (!has_id(r, 0, "data")) return enter(r, SKIP, len);
  if (!r->has_format) return fail(r, CHUNK_SIZE, "no fmt chunk before the data");
  /* No data, with more chunks behind them, are no data. */
  r->endless = len >= STREAMED_MIN || (len == 0 && (r->end == 0 || r->at >= r->end));
  if (len < r->frame && !r->endless) return enter(r, SKIP, len);
  return enter(r, DATA, len);
}

/* Sizes up to the next whole byte: 12 of 16 bits, 20 of 24. */
static bool encoding_of(uint32_t tag, uint32_t bits, audio_wav_encoding *out) {
  static const audio_wav_encoding pcm[] = {AUDIO_WAV_PCM8, AUDIO_WAV_PCM16, AUDIO_WAV_PCM24,
                                           AUDIO_WAV_PCM32};
  if (tag == TAG_PCM && bits >= 1 && bits <= 32) {
    *out = pcm[(bits - 1) / 8];
  } else if (tag == TAG_FLOAT && (bits == 32 || bits == 64)) {
    *out = bits == 32 ? AUDIO_WAV_FLOAT32 : AUDIO_WAV_FLOAT64;
  } else if (tag == TAG_ALAW && bits == 8) {
    *out = AUDIO_WAV_ALAW;
  } else if (tag == TAG_ULAW && bits == 8) {
    *out = AUDIO_WAV_ULAW;
  } else {
    return false;
  }
  return true;
}

/* The rest of the GUID behind the two bytes of a tag. */
static bool is_media_guid(const uint8_t *in) {
  static const uint8_t tail[] = {0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71};
  return memcmp(in, tail, sizeof tail) == 0;
}

/* `collected` bytes of the chunk are held. */
static bool read_format(audio_wav_reader *r, uint32_t collected) {
  const uint8_t *in = r->hold;
  audio_wav_format *format = &r->format;
  uint32_t tag = number(in + TAG, 2), bits = number(in + BITS, 2);
  uint32_t align = number(in + BLOCK_ALIGN, 2);
  if (tag == TAG_EXTENSIBLE) {
    if (collected < FORMAT_EXTENSIBLE || !is_media_guid(in + SUBFORMAT + 2)) {
      return fail(r, collected, "an extended format that is not known");
    }
    tag = number(in + SUBFORMAT, 2);
  }
  format->channels = (uint16_t)number(in + CHANNELS, 2);
  format->rate = number(in + RATE, 4);
  if (!encoding_of(tag, bits, &format->encoding)) {
    return fail(r, collected, "neither PCM of up to 32 bits nor float nor A-law nor mu-law");
  }
  if (format->channels == 0 || format->channels > AUDIO_WAV_CHANNELS_MAX) {
    return fail(r, collected - CHANNELS, "no channel, or more than 32");
  }
  if (format->rate < AUDIO_RATE_MIN || format->rate > AUDIO_RATE_MAX) {
    return fail(r, collected - RATE, "a rate that is not 1000 to 384000 Hz");
  }
  r->frame = format->channels * audio_wav_sample_size(format->encoding);
  if (align != r->frame && align != 0) {
    return fail(r, collected - BLOCK_ALIGN, "a block length that does not fit the format");
  }
  if (r->channel > format->channels) {
    return fail(r, collected - CHANNELS, "fewer channels than the one that is wanted");
  }
  r->has_format = true;
  return enter(r, SKIP, r->left);
}

/* Moves bytes into `hold` until it has `size`; true when it has. */
static bool collect(audio_wav_reader *r, sip_str *bytes, uint32_t size) {
  size_t count = size - r->held < bytes->len ? size - r->held : bytes->len;
  if (count > 0) memcpy(r->hold + r->held, bytes->ptr, count);
  bytes->ptr += count;
  bytes->len -= count;
  r->at += count;
  r->held += (uint32_t)count;
  return r->held == size;
}

static void skip(audio_wav_reader *r, sip_str *bytes) {
  size_t count = r->left < bytes->len ? (size_t)r->left : bytes->len;
  bytes->ptr += count;
  bytes->len -= count;
  r->at += count;
  r->left -= count;
  if (r->left == 0) enter(r, CHUNK, CHUNK_SIZE);
}

/* The byte after an odd chunk is 0, but some writers forget it: names do not begin so. */
static void skip_padding(audio_wav_reader *r, sip_str *bytes) {
  if (!r->odd || bytes->len == 0) return;
  r->odd = false;
  if (bytes->ptr[0] != 0) return;
  bytes->ptr++;
  bytes->len--;
  r->at++;
}

/* One step of whatever comes before the data. */
static void advance(audio_wav_reader *r, sip_str *bytes) {
  switch ((enum state)r->state) {
  case RIFF:
    if (collect(r, bytes, RIFF_SIZE)) read_riff(r);
    return;
  case CHUNK:
    skip_padding(r, bytes);
    if (collect(r, bytes, CHUNK_SIZE)) read_chunk(r);
    return;
  case FORMAT: {
    uint32_t wanted = r->left < FORMAT_EXTENSIBLE ? (uint32_t)r->left : FORMAT_EXTENSIBLE;
    if (!collect(r, bytes, wanted)) return;
    r->left -= wanted;
    read_format(r, wanted);
    return;
  }
  case SKIP:
    skip(r, bytes);
    return;
  case DATA:
  case BEHIND:
    return;
  }
}

static void spend(audio_wav_reader *r, uint64_t bytes) {
  if (r->endless) return;
  r->left -= bytes;
  if (r->left < r->frame) r->state = BEHIND;
}

/* Whole samples straight from the input, or one that is put together from two pieces. */
static size_t read_data(audio_wav_reader *r, sip_str *bytes, int16_t *out, size_t room) {
  size_t count = bytes->len / r->frame;
  if (r->held > 0 || count == 0) {
    if (!collect(r, bytes, r->frame)) return 0;
    audio_wav_decode(&r->format, r->channel, r->hold, 1, out);
    r->held = 0;
    spend(r, r->frame);
    return 1;
  }
  if (count > room) count = room;
  if (!r->endless && count > r->left / r->frame) count = (size_t)(r->left / r->frame);
  audio_wav_decode(&r->format, r->channel, (const uint8_t *)bytes->ptr, count, out);
  bytes->ptr += count * r->frame;
  bytes->len -= count * r->frame;
  r->at += count * r->frame;
  spend(r, count * r->frame);
  return count;
}

size_t audio_wav_reader_feed(audio_wav_reader *reader, sip_str *bytes, int16_t *out, size_t room) {
  audio_wav_reader *r = reader;
  size_t made = 0;
  while (bytes->len > 0 && !r->error) {
    if (r->state == BEHIND) {
      r->at += bytes->len;
      *bytes = sip_str_make(bytes->ptr + bytes->len, 0);
    } else if (r->state != DATA) {
      advance(r, bytes);
    } else if (made < room) {
      made += read_data(r, bytes, out + made, room - made);
    } else {
      break;
    }
  }
  return made;
}

int audio_wav_reader_finish(audio_wav_reader *reader) {
  audio_wav_reader *r = reader;
  if (r->error) return r->error;
  if (r->state != DATA && r->state != BEHIND) {
    fail(r, 0, r->at == 0 ? "an empty file" : "the end before any data");
  }
  r->truncated = r->state == DATA && !r->endless && r->left >= r->frame;
  return r->error;
}
