/* SPDX-License-Identifier: MIT
 *
 * Memory for payloads of any length: cells of one size, chained. So many bytes hold
 * so much audio, however it is cut into packets.
 */
#ifndef MOONSIP_RTP_JITTER_CELLS_H
#define MOONSIP_RTP_JITTER_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  RTP_CELL_SIZE = 80, /* bytes: 10 ms of G.711 */
  RTP_CELLS_MAX = 0xfffe,
  RTP_NO_CELL = 0xffff,
};

typedef struct rtp_cells {
  uint8_t *bytes;  /* RTP_CELL_SIZE for each */
  uint16_t *links; /* the next of each */
  uint16_t first_free;
  uint16_t free;
  uint16_t count;
} rtp_cells;

/* How much memory for that many cells. */
size_t rtp_cells_memory(size_t count);

/* Cells in the caller's memory, aligned for uint16_t; as many as fit. */
void rtp_cells_init(rtp_cells *cells, void *memory, size_t size);

static inline size_t rtp_cells_for(size_t len) {
  return (len + RTP_CELL_SIZE - 1) / RTP_CELL_SIZE;
}

/* The first cell of a copy of the bytes, RTP_NO_CELL for none; there must be room. */
uint16_t rtp_cells_store(rtp_cells *cells, const uint8_t *bytes, size_t len);
void rtp_cells_load(const rtp_cells *cells, uint16_t first, uint8_t *out, size_t len);
void rtp_cells_release(rtp_cells *cells, uint16_t first, size_t len);

#endif
