/* SPDX-License-Identifier: MIT
 *
 * A limit is one instant per source (the generic cell rate algorithm, ITU-T I.371): each
 * request moves it by the span's share, time brings it back, and a source is over the limit
 * while it lies more than the span ahead.
 */
#include "guard/sources.h"

#include <string.h>

enum { US = 1000 };

void guard_sources_init(guard_sources *sources, sip_alloc *alloc, guard_limit limit,
                        size_t capacity) {
  *sources = (guard_sources){.alloc = alloc, .set_count = 1};
  while (sources->set_count * GUARD_WAYS < capacity) sources->set_count *= 2;
  if (limit.count == 0) return;
  sources->span_us = (int64_t)limit.span_ms * US;
  sources->interval_us = sources->span_us / limit.count;
  if (sources->interval_us == 0) sources->interval_us = 1;
}

void guard_sources_deinit(guard_sources *sources) {
  sip_alloc_free(sources->alloc, sources->sets, sources->set_count * sizeof *sources->sets);
  sources->sets = NULL;
}

static guard_set *set_of(const guard_sources *sources, uint64_t tag) {
  return &sources->sets[tag >> 32 & (sources->set_count - 1)];
}

guard_source *guard_sources_find(const guard_sources *sources, uint64_t tag) {
  if (!sources->sets) return NULL;
  guard_set *set = set_of(sources, tag);
  for (int i = 0; i < GUARD_WAYS; i++) {
    if (set->tags[i] == tag) return &set->sources[i];
  }
  return NULL;
}

/* --- Making room ---------------------------------------------------------------- */

typedef enum rank { IDLE, ACTIVE, BANNED, KNOWN } rank;

static rank rank_of(const guard_source *source, sip_time now) {
  if (source->known_until > now) return KNOWN;
  if (source->banned_until > now) return BANNED;
  return source->used_us > now * US ? ACTIVE : IDLE;
}

/* How little the place of a source would be missed: by its rank, then by what it has
 * used, or how long it stays known. */
static bool matters_less(const guard_source *a, const guard_source *b, sip_time now) {
  rank left = rank_of(a, now), right = rank_of(b, now);
  if (left != right) return left < right;
  if (left == KNOWN) return a->known_until < b->known_until;
  if (left == BANNED) return a->banned_until < b->banned_until;
  return a->used_us < b->used_us;
}

/* The place for a new source. One that is to stay takes a place of those that stay when
 * they have all of theirs, and one that is not never does. */
static int choose(const guard_set *set, sip_time now, bool is_to_stay) {
  rank ranks[GUARD_WAYS];
  int stay = 0, worst = -1;
  for (int i = 0; i < GUARD_WAYS; i++) {
    if (!set->tags[i]) return i;
    ranks[i] = rank_of(&set->sources[i], now);
    stay += ranks[i] >= BANNED;
  }
  bool is_among_stayers = is_to_stay && stay >= GUARD_KNOWN_WAYS;
  for (int i = 0; i < GUARD_WAYS; i++) {
    if ((ranks[i] >= BANNED) != is_among_stayers) continue;
    if (worst < 0 || matters_less(&set->sources[i], &set->sources[worst], now)) worst = i;
  }
  return worst;
}

/* The source, remembered from now on; NULL without memory. */
static guard_source *remember(guard_sources *sources, uint64_t tag, sip_time now, bool is_to_stay) {
  guard_source *known = guard_sources_find(sources, tag);
  if (known) return known;
  if (!sources->sets) {
    sources->sets = sip_alloc_zero(sources->alloc, sources->set_count * sizeof *sources->sets);
    if (!sources->sets) return NULL;
  }
  guard_set *set = set_of(sources, tag);
  int place = choose(set, now, is_to_stay);
  if (place < 0) return NULL;
  set->tags[place] = tag;
  set->sources[place] = (guard_source){0};
  return &set->sources[place];
}

/* One that was there already has joined those that stay: the least of them leaves, so that
 * strangers keep their places. */
static void leave_room(guard_sources *sources, uint64_t tag, sip_time now) {
  guard_set *set = set_of(sources, tag);
  int stay = 0, least = -1;
  for (int i = 0; i < GUARD_WAYS; i++) {
    if (!set->tags[i] || rank_of(&set->sources[i], now) < BANNED) continue;
    stay++;
    if (set->tags[i] == tag) continue;
    if (least < 0 || matters_less(&set->sources[i], &set->sources[least], now)) least = i;
  }
  if (stay > GUARD_KNOWN_WAYS) set->tags[least] = 0;
}

/* --- Limits ----------------------------------------------------------------------- */

static int64_t cost_of(const guard_sources *sources, const guard_source *source, sip_time now) {
  bool is_known = source->known_until > now;
  return is_known ? sources->interval_us / GUARD_KNOWN_SHARE : sources->interval_us;
}

static bool is_over(const guard_sources *sources, const guard_source *source, sip_time now) {
  if (sources->interval_us == 0) return false;
  return source->used_us - now * US + cost_of(sources, source, now) > sources->span_us;
}

bool guard_sources_admit(const guard_sources *sources, const guard_source *source, sip_time now) {
  return source->banned_until <= now && !is_over(sources, source, now);
}

void guard_sources_charge(guard_sources *sources, uint64_t tag, sip_time now) {
  if (sources->interval_us == 0) return;
  guard_source *source = remember(sources, tag, now, false);
  if (!source) return;
  if (source->used_us < now * US) source->used_us = now * US;
  source->used_us += cost_of(sources, source, now);
  bool bans = sources->ban_ms > 0 && source->known_until <= now;
  if (!bans || !is_over(sources, source, now)) return;
  source->banned_until = now + sources->ban_ms;
  leave_room(sources, tag, now);
}

void guard_sources_refund(guard_sources *sources, uint64_t tag) {
  guard_source *source = guard_sources_find(sources, tag);
  if (source) source->used_us -= sources->interval_us;
}

void guard_sources_know(guard_sources *sources, uint64_t tag, sip_time now, sip_time until) {
  guard_source *source = remember(sources, tag, now, true);
  if (!source) return;
  if (until > source->known_until) source->known_until = until;
  leave_room(sources, tag, now);
}

void guard_sources_ban(guard_sources *sources, uint64_t tag, sip_time now, sip_time until) {
  guard_source *source = remember(sources, tag, now, true);
  if (!source) return;
  source->banned_until = until;
  leave_room(sources, tag, now);
}
