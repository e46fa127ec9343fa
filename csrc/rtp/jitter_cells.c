/* SPDX-License-Identifier: MIT
 *
 * Free cells are a chain as well.
 */
#include "rtp/jitter_cells.h"

#include <string.h>

size_t rtp_cells_memory(size_t count) {
  return count * (RTP_CELL_SIZE + sizeof(uint16_t));
}

void rtp_cells_init(rtp_cells *cells, void *memory, size_t size) {
  size_t count = size / rtp_cells_memory(1);
  if (count > RTP_CELLS_MAX) count = RTP_CELLS_MAX;
  *cells = (rtp_cells){.links = memory,
                       .bytes = (uint8_t *)memory + count * sizeof(uint16_t),
                       .first_free = count > 0 ? 0 : RTP_NO_CELL,
                       .free = (uint16_t)count,
                       .count = (uint16_t)count};
  for (size_t i = 0; i < count; i++) {
    cells->links[i] = (uint16_t)(i + 1 < count ? i + 1 : RTP_NO_CELL);
  }
}

static size_t part_of(size_t len) {
  return len < RTP_CELL_SIZE ? len : RTP_CELL_SIZE;
}

uint16_t rtp_cells_store(rtp_cells *cells, const uint8_t *bytes, size_t len) {
  if (len == 0) return RTP_NO_CELL;
  uint16_t first = cells->first_free, at = first;
  for (size_t part;; at = cells->links[at], bytes += part, len -= part) {
    part = part_of(len);
    memcpy(cells->bytes + (size_t)at * RTP_CELL_SIZE, bytes, part);
    cells->free--;
    if (part == len) break;
  }
  cells->first_free = cells->links[at];
  return first;
}

void rtp_cells_load(const rtp_cells *cells, uint16_t first, uint8_t *out, size_t len) {
  for (uint16_t at = first; len > 0; at = cells->links[at]) {
    size_t part = part_of(len);
    memcpy(out, cells->bytes + (size_t)at * RTP_CELL_SIZE, part);
    out += part;
    len -= part;
  }
}

void rtp_cells_release(rtp_cells *cells, uint16_t first, size_t len) {
  if (len == 0) return;
  size_t count = rtp_cells_for(len);
  uint16_t last = first;
  for (size_t i = 1; i < count; i++) last = cells->links[last];
  cells->links[last] = cells->first_free;
  cells->first_free = first;
  cells->free = (uint16_t)(cells->free + count);
}
