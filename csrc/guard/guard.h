/* SPDX-License-Identifier: MIT
 *
 * Who is let in: address lists, limits for sources and users, scanners, and what has to be
 * refused when there is too much to do. It is asked before anything is kept of a message,
 * in steps as more of it is known; each costs the same however many sources there are.
 *
 * What counts against a limit are requests that were refused: by their author's lack of
 * credentials, or because they ask for what is not there. Whoever has proven to be
 * somebody is known from then on.
 */
#ifndef MOONSIP_GUARD_GUARD_H
#define MOONSIP_GUARD_GUARD_H

#include "base/hash.h"
#include "guard/addresses.h"
#include "guard/overload.h"
#include "guard/patterns.h"
#include "guard/report.h"
#include "guard/sources.h"

typedef struct guard_config {
  sip_hash_key key;
  guard_limit per_source; /* count 0: none */
  guard_limit per_user;
  size_t capacity;   /* sources, and users, remembered at once; 0: 32768 */
  uint32_t known_ms; /* how long somebody stays known; 0: 2 h */
  uint32_t ban_ms;   /* of a source that passes its limit; 0: it is not banned */
  uint32_t late_ms;  /* of the loop, from which on new requests are refused; 0: never */
  uint32_t calm_ms;  /* below which fewer are */
} guard_config;

/* Verdicts of the address list. */
enum { GUARD_ALLOW = 1, GUARD_DENY };

typedef struct guard {
  sip_alloc *alloc;
  guard_config config;
  guard_addresses rules;
  guard_addresses peers; /* gateways: as allowed, where the rules say nothing */
  guard_patterns scanners;
  guard_sources sources;
  guard_sources users;
  guard_overload overload;
  uint64_t refused[GUARD_REASONS];
  guard_report report;
  bool has_news; /* since the report was taken */
} guard;

void guard_init(guard *g, sip_alloc *alloc, const guard_config *config);
void guard_deinit(guard *g);

/* Patterns of User-Agent that are refused, in place of those before. As
 * guard_patterns_init; after an error they are what they were. */
int guard_set_scanners(guard *g, const sip_str *texts, size_t count);

/* What the guard makes of an address. */
typedef enum guard_standing {
  GUARD_REFUSED,
  GUARD_STRANGER,
  GUARD_KNOWN, /* it has proven to be somebody's, not long ago */
  GUARD_EXEMPT /* allowed, or a gateway: nothing of it is counted */
} guard_standing;

/* A message came from this address: whether it is looked at at all. One that is refused is
 * counted. */
guard_standing guard_arrival(guard *g, sip_time now, const sip_sockaddr *remote);

/* The same without counting, for connections. */
bool guard_is_refused(const guard *g, sip_time now, const sip_sockaddr *remote);

/* A new request of that User-Agent from a stranger. */
bool guard_admits_agent(guard *g, const sip_sockaddr *remote, sip_str user_agent);

/* A request of a stranger with that user's credentials, true or false ones. */
bool guard_admits_user(guard *g, sip_time now, const sip_sockaddr *remote, sip_str user);

/* A new request of a stranger: false when it is to be answered 503, because of the load. */
bool guard_admits_new(guard *g, sip_time now, const sip_sockaddr *remote);

/* A request from there was refused: it counts. */
void guard_charge(guard *g, sip_time now, const sip_sockaddr *remote);
/* The credentials of a request were wrong: that counts against the user. */
void guard_charge_user(guard *g, sip_time now, sip_str user);
/* A request from there has proven whose it is: the challenge before it is not counted. */
void guard_vouch(guard *g, sip_time now, const sip_sockaddr *remote);
/* Somebody is there whom what we send reaches, and whom we speak with. */
void guard_know(guard *g, sip_time now, const sip_sockaddr *remote);

/* Nothing from there is looked at until then; an instant that is past ends that. */
void guard_ban(guard *g, sip_time now, const sip_sockaddr *remote, sip_time until);

#endif
