/* SPDX-License-Identifier: MIT
 *
 * The steps. An IPv6 source is its /64, which is what one subscriber has (RFC 6177 2): it
 * could take another address for each packet.
 */
#include "guard/guard.h"

#include "base/error.h"

enum { CAPACITY = 32768, KNOWN_MS = 2 * 3600 * 1000, IPV6_SOURCE_BYTES = 8 };

void guard_init(guard *g, sip_alloc *alloc, const guard_config *config) {
  *g = (guard){.alloc = alloc, .config = *config};
  guard_config *c = &g->config;
  if (c->capacity == 0) c->capacity = CAPACITY;
  if (c->known_ms == 0) c->known_ms = KNOWN_MS;
  guard_addresses_init(&g->rules, alloc);
  guard_addresses_init(&g->peers, alloc);
  guard_sources_init(&g->sources, alloc, c->per_source, c->capacity);
  guard_sources_init(&g->users, alloc, c->per_user, c->capacity);
  g->sources.ban_ms = c->ban_ms;
  g->overload = (guard_overload){.late_ms = c->late_ms, .calm_ms = c->calm_ms};
  g->scanners.alloc = alloc;
}

void guard_deinit(guard *g) {
  guard_addresses_deinit(&g->rules);
  guard_addresses_deinit(&g->peers);
  guard_patterns_deinit(&g->scanners);
  guard_sources_deinit(&g->sources);
  guard_sources_deinit(&g->users);
}

int guard_set_scanners(guard *g, const sip_str *texts, size_t count) {
  guard_patterns fresh = {.alloc = g->alloc};
  int error = count ? guard_patterns_init(&fresh, g->alloc, texts, count) : 0;
  if (error) return error;
  guard_patterns_deinit(&g->scanners);
  g->scanners = fresh;
  return 0;
}

/* 0 is a free place of the table. */
static uint64_t not_zero(uint64_t hash) {
  return hash ? hash : 1;
}

static uint64_t source_tag(const guard *g, const sip_sockaddr *remote) {
  sip_sockaddr plain = *remote;
  sip_sockaddr_canonicalise(&plain);
  size_t len = plain.family == 4 ? 4 : IPV6_SOURCE_BYTES;
  return not_zero(sip_hash(g->config.key, sip_str_make((const char *)plain.ip, len)));
}

static uint64_t user_tag(const guard *g, sip_str user) {
  return not_zero(sip_hash(g->config.key, user));
}

static void refuse(guard *g, const sip_sockaddr *remote, uint64_t tag, guard_reason reason) {
  g->refused[reason]++;
  guard_report_add(&g->report, tag, remote, reason);
  g->has_news = true;
}

static uint8_t verdict_on(const guard *g, const sip_sockaddr *remote) {
  uint8_t verdict = g->rules.rules.count ? guard_addresses_find(&g->rules, remote) : 0;
  if (verdict || !g->peers.rules.count) return verdict;
  return guard_addresses_find(&g->peers, remote);
}

static guard_reason reason_of(const guard_source *source, sip_time now) {
  return source && source->banned_until > now ? GUARD_BANNED : GUARD_RATE;
}

guard_standing guard_arrival(guard *g, sip_time now, const sip_sockaddr *remote) {
  uint8_t verdict = verdict_on(g, remote);
  if (verdict == GUARD_ALLOW) return GUARD_EXEMPT;
  if (verdict == GUARD_DENY) {
    refuse(g, remote, source_tag(g, remote), GUARD_DENIED);
    return GUARD_REFUSED;
  }
  if (!g->sources.sets) return GUARD_STRANGER;
  uint64_t tag = source_tag(g, remote);
  const guard_source *source = guard_sources_find(&g->sources, tag);
  if (!source) return GUARD_STRANGER;
  if (!guard_sources_admit(&g->sources, source, now)) {
    refuse(g, remote, tag, reason_of(source, now));
    return GUARD_REFUSED;
  }
  return source->known_until > now ? GUARD_KNOWN : GUARD_STRANGER;
}

bool guard_is_refused(const guard *g, sip_time now, const sip_sockaddr *remote) {
  uint8_t verdict = verdict_on(g, remote);
  if (verdict) return verdict == GUARD_DENY;
  const guard_source *source = guard_sources_find(&g->sources, source_tag(g, remote));
  return source && !guard_sources_admit(&g->sources, source, now);
}

bool guard_admits_agent(guard *g, const sip_sockaddr *remote, sip_str user_agent) {
  if (!guard_patterns_find(&g->scanners, user_agent)) return true;
  refuse(g, remote, source_tag(g, remote), GUARD_SCANNER);
  return false;
}

bool guard_admits_user(guard *g, sip_time now, const sip_sockaddr *remote, sip_str user) {
  const guard_source *one = guard_sources_find(&g->users, user_tag(g, user));
  if (!one || guard_sources_admit(&g->users, one, now)) return true;
  refuse(g, remote, source_tag(g, remote), GUARD_USER);
  return false;
}

bool guard_admits_new(guard *g, sip_time now, const sip_sockaddr *remote) {
  if (!guard_overload_sheds(&g->overload, now)) return true;
  refuse(g, remote, source_tag(g, remote), GUARD_SHED);
  return false;
}

void guard_charge(guard *g, sip_time now, const sip_sockaddr *remote) {
  if (verdict_on(g, remote)) return;
  guard_sources_charge(&g->sources, source_tag(g, remote), now);
}

void guard_charge_user(guard *g, sip_time now, sip_str user) {
  guard_sources_charge(&g->users, user_tag(g, user), now);
}

void guard_know(guard *g, sip_time now, const sip_sockaddr *remote) {
  if (verdict_on(g, remote)) return;
  guard_sources_know(&g->sources, source_tag(g, remote), now, now + g->config.known_ms);
}

void guard_vouch(guard *g, sip_time now, const sip_sockaddr *remote) {
  guard_sources_refund(&g->sources, source_tag(g, remote));
  guard_know(g, now, remote);
}

void guard_ban(guard *g, sip_time now, const sip_sockaddr *remote, sip_time until) {
  guard_sources_ban(&g->sources, source_tag(g, remote), now, until);
}
