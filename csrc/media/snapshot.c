/* SPDX-License-Identifier: MIT
 *
 * A version before and after; a reader that saw two, or an odd one, reads again.
 */
#include "media/snapshot.h"

#include <string.h>

void media_snapshot_write(media_snapshot *snapshot, const media_stats *stats) {
  uint64_t words[MEDIA_SNAPSHOT_WORDS] = {0};
  memcpy(words, stats, sizeof *stats);
  uint32_t version = atomic_load_explicit(&snapshot->version, memory_order_relaxed);
  atomic_store_explicit(&snapshot->version, version + 1, memory_order_relaxed);
  for (size_t i = 0; i < MEDIA_SNAPSHOT_WORDS; i++) {
    atomic_store_explicit(&snapshot->words[i], words[i], memory_order_release);
  }
  atomic_store_explicit(&snapshot->version, version + 2, memory_order_release);
}

void media_snapshot_read(media_snapshot *snapshot, media_stats *stats) {
  uint64_t words[MEDIA_SNAPSHOT_WORDS];
  uint32_t before, after;
  do {
    before = atomic_load_explicit(&snapshot->version, memory_order_acquire);
    for (size_t i = 0; i < MEDIA_SNAPSHOT_WORDS; i++) {
      words[i] = atomic_load_explicit(&snapshot->words[i], memory_order_acquire);
    }
    after = atomic_load_explicit(&snapshot->version, memory_order_relaxed);
  } while (before != after || before % 2 != 0);
  memcpy(stats, words, sizeof *stats);
}
