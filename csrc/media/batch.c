/* SPDX-License-Identifier: MIT
 *
 * MSG_DONTWAIT keeps the kernel from parking an operation: submit finds all of them done.
 */
#include "media/batch.h"

#ifdef HAVE_LIBURING
#include <errno.h>
#include <liburing.h>
#include <string.h>

enum { ENTRIES = MEDIA_BATCH_SENDS + MEDIA_BATCH_RECEIVES, RING_SIZE = 128 };

struct media_batch {
  struct io_uring ring;
  bool works;
  uint32_t count, sends, receives;
  media_batch_packet packets[ENTRIES];
  uint8_t outgoing[MEDIA_BATCH_SENDS][MEDIA_DATAGRAM_MAX];
  uint8_t incoming[MEDIA_BATCH_RECEIVES][MEDIA_DATAGRAM_MAX];
};

media_batch *media_batch_new(sip_alloc *alloc) {
  media_batch *batch = sip_alloc_zero(alloc, sizeof *batch);
  if (!batch) return NULL;
  batch->works = io_uring_queue_init(RING_SIZE, &batch->ring, 0) == 0;
  if (batch->works) return batch;
  sip_alloc_free(alloc, batch, sizeof *batch);
  return NULL;
}

void media_batch_free(sip_alloc *alloc, media_batch *batch) {
  if (!batch) return;
  if (batch->works) io_uring_queue_exit(&batch->ring);
  sip_alloc_free(alloc, batch, sizeof *batch);
}

/* The ring holds more than there are packets. */
static struct io_uring_sqe *add(media_batch *batch, const media_batch_packet *packet) {
  struct io_uring_sqe *sqe = batch->works ? io_uring_get_sqe(&batch->ring) : NULL;
  if (!sqe) return NULL;
  batch->packets[batch->count] = *packet;
  return sqe;
}

bool media_batch_send(media_batch *batch, media_socket *socket, const uint8_t *bytes, size_t len) {
  if (batch->sends == MEDIA_BATCH_SENDS || len > MEDIA_DATAGRAM_MAX) return false;
  uint8_t *room = batch->outgoing[batch->sends];
  struct io_uring_sqe *sqe =
      add(batch, &(media_batch_packet){
                     .socket = socket, .bytes = room, .len = (uint16_t)len, .is_sent = true});
  if (!sqe) return false;
  memcpy(room, bytes, len);
  io_uring_prep_send(sqe, socket->fds[MEDIA_SOCKET_PEER], room, len, MSG_NOSIGNAL | MSG_DONTWAIT);
  io_uring_sqe_set_data64(sqe, batch->count++);
  batch->sends++;
  return true;
}

bool media_batch_receive(media_batch *batch, media_socket *socket) {
  if (batch->receives == MEDIA_BATCH_RECEIVES) return false;
  uint8_t *room = batch->incoming[batch->receives];
  struct io_uring_sqe *sqe = add(batch, &(media_batch_packet){.socket = socket, .bytes = room});
  if (!sqe) return false;
  io_uring_prep_recv(sqe, socket->fds[MEDIA_SOCKET_PEER], room, MEDIA_DATAGRAM_MAX, MSG_DONTWAIT);
  io_uring_sqe_set_data64(sqe, batch->count++);
  batch->receives++;
  return true;
}

/* --- Doing them -------------------------------------------------------------------- */

static void enter(media_batch *batch) {
  int entered;
  do {
    entered = io_uring_submit_and_wait(&batch->ring, batch->count);
  } while (entered == -EINTR);
  batch->works = entered == (int)batch->count;
}

static void collect(media_batch *batch) {
  struct io_uring_cqe *cqe;
  unsigned head, count = 0;
  io_uring_for_each_cqe(&batch->ring, head, cqe) {
    batch->packets[io_uring_cqe_get_data64(cqe)].result = cqe->res;
    count++;
  }
  io_uring_cq_advance(&batch->ring, count);
}

const media_batch_packet *media_batch_submit(media_batch *batch, uint32_t *count) {
  *count = batch->count;
  if (batch->count == 0) return batch->packets;
  for (uint32_t i = 0; i < batch->count; i++) batch->packets[i].result = -ECANCELED;
  enter(batch);
  collect(batch);
  if (!batch->works) io_uring_queue_exit(&batch->ring);
  batch->count = batch->sends = batch->receives = 0;
  return batch->packets;
}

#else

media_batch *media_batch_new(sip_alloc *alloc) {
  (void)alloc;
  return NULL;
}

void media_batch_free(sip_alloc *alloc, media_batch *batch) {
  (void)alloc, (void)batch;
}

bool media_batch_send(media_batch *batch, media_socket *socket, const uint8_t *bytes, size_t len) {
  (void)batch, (void)socket, (void)bytes, (void)len;
  return false;
}

bool media_batch_receive(media_batch *batch, media_socket *socket) {
  (void)batch, (void)socket;
  return false;
}

const media_batch_packet *media_batch_submit(media_batch *batch, uint32_t *count) {
  (void)batch;
  *count = 0;
  return NULL;
}
#endif
