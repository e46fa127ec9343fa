/* SPDX-License-Identifier: MIT
 *
 * Networks are nested or apart, so in order of their first addresses (the larger one
 * first) a stack of those that are open gives the points.
 */
#include "guard/addresses.h"

#include <stdlib.h>

#include "base/error.h"

enum { DEPTH_MAX = 129 }; /* one network for each length of a prefix */

void guard_addresses_init(guard_addresses *list, sip_alloc *alloc) {
  *list = (guard_addresses){.alloc = alloc};
}

static void free_points(const guard_addresses *list, guard_points *points) {
  sip_alloc_free(list->alloc, points->list, points->room * sizeof *points->list);
  *points = (guard_points){0};
}

void guard_addresses_deinit(guard_addresses *list) {
  sip_alloc_free(list->alloc, list->rules.list, list->rules.room * sizeof *list->rules.list);
  free_points(list, &list->ipv4);
  free_points(list, &list->ipv6);
  guard_addresses_init(list, list->alloc);
}

static int compare(const void *a, const void *b) {
  const guard_network *left = &((const guard_rule *)a)->network;
  const guard_network *right = &((const guard_rule *)b)->network;
  if (left->family != right->family) return left->family - right->family;
  int order = guard_number_compare(left->first, right->first);
  return order ? order : left->bits - right->bits;
}

/* --- Points ------------------------------------------------------------------- */

typedef struct open_network {
  guard_number last;
  uint8_t verdict;
} open_network;

typedef struct sweep {
  guard_points *points;
  open_network open[DEPTH_MAX];
  size_t depth;
} sweep;

/* From here on the verdict is another one; there is room. */
static void put_point(guard_points *points, guard_number from, uint8_t verdict) {
  if (!points->list) return;
  guard_point *last = points->count ? &points->list[points->count - 1] : NULL;
  if (last && guard_number_compare(last->from, from) == 0) {
    last->verdict = verdict;
  } else if (!last || last->verdict != verdict) {
    points->list[points->count++] = (guard_point){from, verdict};
  }
}

static void close_network(sweep *s) {
  guard_number after = s->open[--s->depth].last;
  after.low++;
  after.high += after.low == 0;
  if (after.high == 0 && after.low == 0) return; /* the end of all addresses */
  put_point(s->points, after, s->depth ? s->open[s->depth - 1].verdict : 0);
}

static void open_rule(sweep *s, const guard_rule *rule) {
  while (s->depth > 0 &&
         guard_number_compare(s->open[s->depth - 1].last, rule->network.first) < 0) {
    close_network(s);
  }
  put_point(s->points, rule->network.first, rule->verdict);
  s->open[s->depth++] = (open_network){guard_network_last(&rule->network), rule->verdict};
}

/* The points of the rules of one family, which lie side by side. */
static bool make_points(const guard_addresses *list, const guard_rule *rules, size_t count,
                        guard_points *out) {
  *out = (guard_points){.room = 2 * count};
  if (count == 0) return true;
  out->list = sip_alloc_new(list->alloc, out->room * sizeof *out->list);
  if (!out->list) return false;
  sweep s = {.points = out};
  for (size_t i = 0; i < count; i++) open_rule(&s, &rules[i]);
  while (s.depth > 0) close_network(&s);
  return true;
}

/* Takes the rules, when there is memory for their points. */
static bool adopt(guard_addresses *list, guard_rules rules) {
  size_t ipv4_count = 0;
  while (ipv4_count < rules.count && rules.list[ipv4_count].network.family == 4) ipv4_count++;
  guard_points ipv4, ipv6 = {0};
  if (!make_points(list, rules.list, ipv4_count, &ipv4) ||
      !make_points(list, rules.list + ipv4_count, rules.count - ipv4_count, &ipv6)) {
    free_points(list, &ipv4);
    return false;
  }
  free_points(list, &list->ipv4);
  free_points(list, &list->ipv6);
  list->ipv4 = ipv4;
  list->ipv6 = ipv6;
  list->rules = rules;
  return true;
}

/* --- Rules -------------------------------------------------------------------- */

static int compare_added(const void *a, const void *b) {
  int order = compare(a, b);
  uint32_t left = ((const guard_rule *)a)->place, right = ((const guard_rule *)b)->place;
  return order ? order : (left > right) - (left < right);
}

/* A rule behind the last; of equal networks the one that comes later stays. */
static void append(guard_rules *rules, const guard_rule *rule) {
  bool is_same = rules->count > 0 && compare(&rules->list[rules->count - 1], rule) == 0;
  rules->list[is_same ? rules->count - 1 : rules->count++] = *rule;
}

/* Both in order, those that were added behind those they are equal to. */
static void merge(const guard_rules *old, const guard_rule *added, size_t count, guard_rules *out) {
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    while (at < old->count && compare(&old->list[at], &added[i]) <= 0) {
      append(out, &old->list[at++]);
    }
    append(out, &added[i]);
  }
  while (at < old->count) append(out, &old->list[at++]);
}

static void free_rules(const guard_addresses *list, guard_rules rules) {
  sip_alloc_free(list->alloc, rules.list, rules.room * sizeof *rules.list);
}

int guard_addresses_add(guard_addresses *list, const guard_network *networks, size_t count,
                        uint8_t verdict) {
  if (count > GUARD_NETWORKS_MAX - list->rules.count) return SIP_E_LIMIT;
  if (count == 0) return 0;
  guard_rules old = list->rules, rules = {.room = old.count + count};
  guard_rule *added = sip_alloc_new(list->alloc, count * sizeof *added);
  rules.list = sip_alloc_new(list->alloc, rules.room * sizeof *rules.list);
  bool done = added && rules.list;
  if (done) {
    for (size_t i = 0; i < count; i++) {
      added[i] = (guard_rule){networks[i], verdict, (uint32_t)i};
    }
    qsort(added, count, sizeof *added, compare_added);
    merge(&old, added, count, &rules);
    done = adopt(list, rules);
  }
  sip_alloc_free(list->alloc, added, count * sizeof *added);
  free_rules(list, done ? old : rules);
  return done ? 0 : SIP_E_MEMORY;
}

int guard_addresses_remove(guard_addresses *list, const guard_network *network) {
  guard_rule wanted = {.network = *network};
  guard_rules rules = list->rules;
  guard_rule *found =
      rules.count ? bsearch(&wanted, rules.list, rules.count, sizeof wanted, compare) : NULL;
  if (!found) return SIP_E_GONE;
  guard_rule taken = *found;
  size_t behind = rules.count - (size_t)(found - rules.list) - 1;
  memmove(found, found + 1, behind * sizeof *found);
  rules.count--;
  if (adopt(list, rules)) return 0;
  memmove(found + 1, found, behind * sizeof *found);
  *found = taken;
  return SIP_E_MEMORY;
}

uint8_t guard_addresses_find(const guard_addresses *list, const sip_sockaddr *address) {
  guard_number number;
  const guard_points *points = guard_canonical(address, &number) == 4 ? &list->ipv4 : &list->ipv6;
  size_t low = 0, high = points->count; /* the verdict is that of the point before `low` */
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (guard_number_at_most(points->list[middle].from, number)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low ? points->list[low - 1].verdict : 0;
}
