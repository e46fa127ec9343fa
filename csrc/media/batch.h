/* SPDX-License-Identifier: MIT
 *
 * Packets of many sockets in one system call, through io_uring: of what a packet costs, a
 * sixth is the way into the kernel and back. Nothing waits: whatever was added is done, or
 * has failed, when submit returns. Only where liburing was found when building
 * (HAVE_LIBURING) and the kernel lets us.
 */
#ifndef MOONSIP_MEDIA_BATCH_H
#define MOONSIP_MEDIA_BATCH_H

#include "base/alloc.h"
#include "media/socket.h"

enum {
  MEDIA_BATCH_SENDS = 64,    /* that wait at most */
  MEDIA_BATCH_RECEIVES = 32, /* of one submit; their bytes stay until the next one's */
};

typedef struct media_batch media_batch;

typedef struct media_batch_packet {
  media_socket *socket; /* the connected one of it */
  uint8_t *bytes;
  uint16_t len; /* of one to send */
  bool is_sent; /* rather than received */
  int result;   /* bytes, or a negative system error */
} media_batch_packet;

/* NULL where there is no io_uring. */
media_batch *media_batch_new(sip_alloc *alloc);
void media_batch_free(sip_alloc *alloc, media_batch *batch); /* NULL is fine */

/* False when there is no room before the next submit, or the kernel lets us no more. The
 * bytes are copied. */
bool media_batch_send(media_batch *batch, media_socket *socket, const uint8_t *bytes, size_t len);
bool media_batch_receive(media_batch *batch, media_socket *socket);

/* Does what was added: `count` of them, with what became of each. */
const media_batch_packet *media_batch_submit(media_batch *batch, uint32_t *count);

#endif
