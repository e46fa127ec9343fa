/* SPDX-License-Identifier: MIT
 *
 * Sockets as all of net wants them: non-blocking, closed on exec, IPv6 ones
 * for IPv6 alone.
 */
#ifndef MOONSIP_NET_SOCKET_H
#define MOONSIP_NET_SOCKET_H

#include "net/address.h"

/* A descriptor, or a negative system error. `type` is SOCK_DGRAM or SOCK_STREAM. */
int net_socket_open(uint8_t family, int type);
void net_socket_close(int fd);

/* 0 or a negative system error. */
int net_socket_bind(int fd, const sip_sockaddr *local);
void net_socket_get_local(int fd, sip_sockaddr *out);

/* The address of ours that the system would reach `remote` from; family 0 when
 * it would not. Nothing is sent. */
void net_socket_find_source(const sip_sockaddr *remote, sip_sockaddr *out);

/* Sets an option that nothing depends on: failure is fine. */
void net_socket_set(int fd, int level, int option, int value);

/* What went wrong on the socket, negative; 0 when nothing did. Reading clears it. */
int net_socket_take_error(int fd);

#endif
