/* SPDX-License-Identifier: MIT
 *
 * Programs against the parts of the guard: lists of networks agree with a look at each
 * rule, patterns with a look for each, in memory of exact size; whatever happens to
 * sources, their table does not grow, and no set of it is without a place for strangers.
 */
#include "fuzz.h"

#include "guard/guard.h"

enum { LINES_MAX = 24, SOURCES = 64 };

static sip_alloc memory;

/* The next line of the input, in a block of its own. */
static bool next_line(sip_str *rest, sip_str *line) {
  if (rest->len == 0) return false;
  size_t end = sip_str_index(*rest, '\n');
  *line = sip_str_make(rest->ptr, end);
  size_t used = end < rest->len ? end + 1 : end;
  *rest = sip_str_make(rest->ptr + used, rest->len - used);
  return true;
}

static bool is_in(const guard_network *network, const sip_sockaddr *address) {
  guard_number number;
  if (guard_canonical(address, &number) != network->family) return false;
  return guard_number_compare(network->first, number) <= 0 &&
         guard_number_compare(number, guard_network_last(network)) <= 0;
}

/* The verdict of the smallest network that has the address; of equal ones the last. */
static uint8_t expected(const guard_network *networks, size_t count, const sip_sockaddr *address) {
  uint8_t verdict = 0;
  int bits = -1;
  for (size_t i = 0; i < count; i++) {
    if (!is_in(&networks[i], address) || networks[i].bits < bits) continue;
    bits = networks[i].bits;
    verdict = (uint8_t)(1 + i % 2);
  }
  return verdict;
}

static void check_addresses(sip_str text) {
  guard_addresses list;
  guard_addresses_init(&list, &memory);
  guard_network networks[LINES_MAX];
  sip_sockaddr asked[LINES_MAX];
  size_t count = 0, asked_count = 0;
  sip_str line;
  for (int i = 0; i < LINES_MAX && next_line(&text, &line); i++) {
    sip_str copy = exact_copy(line);
    if (guard_network_parse(copy, &networks[count])) {
      HOLDS(guard_addresses_add(&list, &networks[count], 1, (uint8_t)(1 + count % 2)) == 0);
      count++;
    }
    if (sip_sockaddr_parse(copy, 0, &asked[asked_count])) asked_count++;
    free_copy(copy);
  }
  for (size_t i = 0; i < asked_count; i++) {
    uint8_t verdict = guard_addresses_find(&list, &asked[i]);
    HOLDS(verdict == expected(networks, count, &asked[i]));
  }
  for (size_t i = 0; i < count; i++) guard_addresses_remove(&list, &networks[i]);
  HOLDS(list.rules.count == 0);
  for (size_t i = 0; i < asked_count; i++) HOLDS(guard_addresses_find(&list, &asked[i]) == 0);
  guard_addresses_deinit(&list);
}

static bool has(sip_str text, sip_str pattern) {
  for (size_t i = 0; i + pattern.len <= text.len; i++) {
    if (sip_str_equal_nocase(sip_str_make(text.ptr + i, pattern.len), pattern)) return true;
  }
  return false;
}

static void check_patterns(sip_str text) {
  sip_str texts[LINES_MAX], subject;
  size_t count = 0;
  if (!next_line(&text, &subject)) return;
  while (count < LINES_MAX && next_line(&text, &texts[count])) count++;
  guard_patterns patterns;
  if (guard_patterns_init(&patterns, &memory, texts, count) != 0) return;
  bool is_there = false;
  for (size_t i = 0; i < count; i++) is_there = is_there || has(subject, texts[i]);
  sip_str copy = exact_copy(subject);
  HOLDS(guard_patterns_find(&patterns, copy) == is_there);
  free_copy(copy);
  guard_patterns_deinit(&patterns);
}

/* Each byte is one of a few sources and what happens to it. */
static void check_sources(sip_str text) {
  guard_sources sources;
  guard_sources_init(&sources, &memory, (guard_limit){4, 1000}, SOURCES / 4);
  sip_time now = 0;
  for (size_t i = 0; i < text.len; i++) {
    uint8_t byte = (uint8_t)text.ptr[i];
    uint64_t tag = 1 + byte % SOURCES;
    const guard_source *source = guard_sources_find(&sources, tag << 32 | tag);
    switch (byte / SOURCES) {
    case 0:
      now += byte % 16;
      break;
    case 1:
      guard_sources_know(&sources, tag << 32 | tag, now, now + 50);
      break;
    case 2:
      guard_sources_ban(&sources, tag << 32 | tag, now, now + 20);
      break;
    default:
      if (source && !guard_sources_admit(&sources, source, now)) break;
      guard_sources_charge(&sources, tag << 32 | tag, now);
      break;
    }
  }
  HOLDS(memory.live_blocks <= 1);
  for (size_t i = 0; sources.sets && i < sources.set_count; i++) {
    int stay = 0;
    for (int at = 0; at < GUARD_WAYS; at++) {
      const guard_source *source = &sources.sets[i].sources[at];
      bool stays = source->known_until > now || source->banned_until > now;
      stay += sources.sets[i].tags[at] && stays;
    }
    HOLDS(stay <= GUARD_KNOWN_WAYS);
  }
  guard_sources_deinit(&sources);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!memory.fn) sip_alloc_init(&memory, NULL, NULL);
  if (size == 0) return 0;
  sip_str text = sip_str_make((const char *)data + 1, size - 1);
  if (data[0] % 3 == 0) check_addresses(text);
  if (data[0] % 3 == 1) check_patterns(text);
  if (data[0] % 3 == 2) check_sources(text);
  HOLDS(memory.live_bytes == 0);
  return 0;
}
