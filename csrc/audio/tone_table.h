/* SPDX-License-Identifier: MIT
 *
 * What exchanges sound like, country by country (ITU-T E.180 Supplement 2).
 */
#ifndef MOONSIP_AUDIO_TONE_TABLE_H
#define MOONSIP_AUDIO_TONE_TABLE_H

#include "base/str.h"

/* The text form (audio/tone) of a tone: "dial", "ringback", "busy", "congestion",
 * "waiting", "information" (the special information tone), "beep" (the same everywhere).
 * `country`: two letters of ISO 3166-1 in either case. Empty for an unknown name or country. */
sip_str audio_tone_text(sip_str country, sip_str name);

/* The countries, by number; NULL after the last. The names alike. */
const char *audio_tone_country(size_t index);
const char *audio_tone_name(size_t index);

#endif
