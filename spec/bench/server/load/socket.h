/* SPDX-License-Identifier: MIT
 *
 * A datagram socket on 127.0.0.1, connected to the server's port, that sends and
 * receives in batches.
 */
#ifndef LOAD_SOCKET_H
#define LOAD_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOCKET_BATCH = 64, SOCKET_DATAGRAM_MAX = 4096 };

typedef struct load_socket load_socket;

/* Ends the program when it cannot be had. */
load_socket *socket_open(uint16_t server_port);
uint16_t socket_port(const load_socket *s); /* ours */

/* Room for the next datagram, to be written and then queued. */
char *socket_room(load_socket *s);
void socket_queue(load_socket *s, size_t len);
void socket_flush(load_socket *s);

/* Receives up to a batch; the texts end with a zero and stay until the next call. */
size_t socket_receive(load_socket *s);
char *socket_text(load_socket *s, size_t index);

void socket_wait(load_socket *s, int timeout_ms);

#endif
