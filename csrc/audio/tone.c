/* SPDX-License-Identifier: MIT
 *
 * The text form of tones, read by a cursor that stops where something is wrong.
 */
#include "audio/tone.h"

#include "audio/tone_table.h"
#include "base/chars.h"

enum { LEVEL = -13, LEVEL_MIN = -60, LEVEL_MAX = 3 }; /* dBm0; E.180 3: -10 plus or minus 5 */

typedef struct reader {
  const char *from, *at, *end;
  const char *what; /* is wrong at `at`; NULL while nothing is */
} reader;

static bool fail(reader *r, const char *what) {
  if (!r->what) r->what = what;
  return false;
}

static bool take(reader *r, char c) {
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

/* Digits, up to max; stands at the first of them when it is more. */
static bool take_number(reader *r, uint32_t max, uint32_t *out, const char *what) {
  const char *at = r->at;
  while (at < r->end && sip_char_is(*at, SIP_CHAR_DIGIT)) at++;
  uint64_t value;
  if (!sip_str_to_number(sip_str_between(r->at, at), max, &value)) return fail(r, what);
  *out = (uint32_t)value;
  r->at = at;
  return true;
}

static bool take_hz(reader *r, uint16_t *out) {
  const char *from = r->at;
  uint32_t hz = 0;
  if (!take_number(r, AUDIO_TONE_HZ_MAX, &hz, "a frequency is 1 to 20000 Hz")) return false;
  if (hz == 0) {
    r->at = from;
    return fail(r, "a frequency is 1 to 20000 Hz");
  }
  *out = (uint16_t)hz;
  return true;
}

static bool take_pitch(reader *r, audio_tone_part *part) {
  if (r->at < r->end && *r->at == '0') { /* a pause */
    r->at++;
    return true;
  }
  if (!take_hz(r, &part->hz[0])) return false;
  if (take(r, '*')) {
    part->modulated = true;
    return take_hz(r, &part->hz[1]);
  }
  for (int i = 1; take(r, '+'); i++) {
    if (i == AUDIO_TONE_PITCHES) return fail(r, "more than four frequencies at once");
    if (!take_hz(r, &part->hz[i])) return false;
  }
  return true;
}

static bool take_part(reader *r, audio_tone_part *part) {
  *part = (audio_tone_part){.once = take(r, '!')};
  if (!take_pitch(r, part)) return false;
  if (!take(r, '/')) return true;
  const char *from = r->at;
  if (!take_number(r, AUDIO_TONE_MS_MAX, &part->ms, "a time is 1 to 3600000 ms")) return false;
  if (part->ms > 0) return true;
  r->at = from;
  return fail(r, "a time is 1 to 3600000 ms");
}

static bool take_parts(reader *r, audio_tone *tone) {
  do {
    if (tone->count == AUDIO_TONE_PARTS_MAX) return fail(r, "more than 24 parts");
    if (!take_part(r, &tone->parts[tone->count])) return false;
    tone->count++;
  } while (take(r, ','));
  return true;
}

static bool take_level(reader *r, audio_tone *tone) {
  bool negative = take(r, '-');
  uint32_t value = 0;
  if (!take_number(r, negative ? -LEVEL_MIN : LEVEL_MAX, &value, "a level is -60 to 3 dBm0")) {
    return false;
  }
  tone->level = (int8_t)(negative ? -(int)value : (int)value);
  return true;
}

static bool take_option(reader *r, audio_tone *tone) {
  sip_str rest = sip_str_between(r->at, r->end);
  if (sip_str_starts_nocase(rest, SIP_STR("level="))) {
    r->at += strlen("level=");
    return take_level(r, tone);
  }
  if (sip_str_starts_nocase(rest, SIP_STR("repeat="))) {
    r->at += strlen("repeat=");
    return take_number(r, AUDIO_TONE_REPEAT_MAX, &tone->repeat, "repeat is 0 to 1000000 times");
  }
  return fail(r, "an option is level or repeat");
}

/* A name of the table: its parts are read instead. */
static bool take_name(reader *r, audio_tone *tone) {
  const char *from = r->at;
  while (r->at < r->end && *r->at != ';') r->at++;
  sip_str name = sip_str_between(from, r->at);
  size_t slash = sip_str_index(name, '/');
  sip_str country =
      slash < name.len ? sip_str_make(name.ptr + slash + 1, name.len - slash - 1) : SIP_STR("us");
  name.len = slash;
  sip_str text = audio_tone_text(country, name);
  if (text.len == 0) {
    r->at = from;
    return fail(r, "no tone of that name or country");
  }
  reader parts = {.from = text.ptr, .at = text.ptr, .end = text.ptr + text.len};
  return take_parts(&parts, tone);
}

static bool read(reader *r, audio_tone *tone) {
  if (r->at == r->end) return fail(r, "empty");
  bool named = sip_char_is(*r->at, SIP_CHAR_ALPHA);
  if (!(named ? take_name(r, tone) : take_parts(r, tone))) return false;
  while (take(r, ';')) {
    if (!take_option(r, tone)) return false;
  }
  return r->at == r->end || fail(r, "neither \",\" nor \";\" nor the end");
}

bool audio_tone_parse(sip_str text, audio_tone *out, audio_tone_error *error) {
  const char *from = text.ptr ? text.ptr : "";
  reader r = {.from = from, .at = from, .end = from + text.len};
  *out = (audio_tone){.level = LEVEL};
  if (read(&r, out)) return true;
  if (error) *error = (audio_tone_error){.at = (size_t)(r.at - r.from), .what = r.what};
  return false;
}

bool audio_tone_of_digit(char digit, uint32_t on_ms, uint32_t off_ms, audio_tone *out) {
  /* ITU-T Q.23 */
  static const char keys[] = "123A456B789C*0#D";
  static const uint16_t low[] = {697, 770, 852, 941}, high[] = {1209, 1336, 1477, 1633};
  char upper = digit >= 'a' && digit <= 'd' ? (char)(digit - 'a' + 'A') : digit;
  const char *key = upper ? strchr(keys, upper) : NULL;
  if (!key) return false;
  size_t index = (size_t)(key - keys);
  *out = (audio_tone){.count = off_ms > 0 ? 2 : 1, .level = LEVEL};
  out->parts[0] =
      (audio_tone_part){.hz = {low[index / 4], high[index % 4]}, .once = true, .ms = on_ms};
  out->parts[1] = (audio_tone_part){.once = true, .ms = off_ms};
  return true;
}

uint64_t audio_tone_length(const audio_tone *tone) {
  uint64_t once = 0, again = 0;
  for (size_t i = 0; i < tone->count; i++) {
    const audio_tone_part *part = &tone->parts[i];
    if (part->ms == 0) return 0;
    *(part->once ? &once : &again) += part->ms;
  }
  if (again > 0 && tone->repeat == 0) return 0;
  return once + again * tone->repeat;
}
