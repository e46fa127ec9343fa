/* SPDX-License-Identifier: MIT
 *
 * What is remembered of sources: how much of its limit each has used, until when it is
 * known to be somebody's, until when it is banned. The table has a fixed size; whoever
 * comes when it is full takes the place of one that matters less. A flood from forged
 * addresses passes through a part of it, and cannot drive out those that are known, nor
 * those that send most.
 *
 * A source is a 64-bit keyed hash: of an address, or of a user's name.
 */
#ifndef MOONSIP_GUARD_SOURCES_H
#define MOONSIP_GUARD_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/time.h"

enum {
  GUARD_WAYS = 8,        /* places that a source may take */
  GUARD_KNOWN_WAYS = 6,  /* of them, for sources that are known or banned */
  GUARD_KNOWN_SHARE = 10 /* times the limit that a known source has */
};

/* So many in a span, spread as they like. */
typedef struct guard_limit {
  uint32_t count; /* 0: no limit */
  uint32_t span_ms;
} guard_limit;

typedef struct guard_source {
  int64_t used_us;     /* when all that it has used is given back */
  int64_t known_until; /* ms */
  int64_t banned_until;
} guard_source;

typedef struct guard_set {
  uint64_t tags[GUARD_WAYS]; /* 0: free */
  guard_source sources[GUARD_WAYS];
} guard_set;

typedef struct guard_sources {
  sip_alloc *alloc;
  guard_set *sets;     /* NULL until the first source has to be remembered */
  size_t set_count;    /* a power of two */
  int64_t interval_us; /* that one costs of the span */
  int64_t span_us;
  int64_t ban_ms; /* how long a source is banned that passes its limit; 0: not */
} guard_sources;

/* capacity: sources remembered at once, rounded up. */
void guard_sources_init(guard_sources *sources, sip_alloc *alloc, guard_limit limit,
                        size_t capacity);
void guard_sources_deinit(guard_sources *sources);

/* What is known of a source; NULL: nothing. */
guard_source *guard_sources_find(const guard_sources *sources, uint64_t tag);

/* True when it may have another one: it is not banned and has not used up its limit. */
bool guard_sources_admit(const guard_sources *sources, const guard_source *source, sip_time now);

/* Counts one against its limit. */
void guard_sources_charge(guard_sources *sources, uint64_t tag, sip_time now);

/* One that was counted is given back. */
void guard_sources_refund(guard_sources *sources, uint64_t tag);

/* It has proven to be somebody's, and is known until then. */
void guard_sources_know(guard_sources *sources, uint64_t tag, sip_time now, sip_time until);

/* Nothing of it is admitted until then; a time that is past ends that. */
void guard_sources_ban(guard_sources *sources, uint64_t tag, sip_time now, sip_time until);

#endif
