/* SPDX-License-Identifier: MIT
 *
 * The few system calls that UDP and TCP sockets have in common.
 */
#include "net/socket.h"

#include <errno.h>
#include <unistd.h>

int net_socket_open(uint8_t family, int type) {
  int domain = family == 6 ? AF_INET6 : AF_INET;
  int fd = socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (family == 6) net_socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  return fd;
}

void net_socket_close(int fd) {
  close(fd); /* not again on EINTR: Linux has closed it all the same */
}

int net_socket_bind(int fd, const sip_sockaddr *local) {
  net_address address;
  socklen_t len = net_address_from(&address, local);
  return bind(fd, &address.any, len) == 0 ? 0 : -errno;
}

void net_socket_get_local(int fd, sip_sockaddr *out) {
  net_address address = {0};
  socklen_t len = sizeof address;
  getsockname(fd, &address.any, &len);
  net_address_to(out, &address);
}

void net_socket_find_source(const sip_sockaddr *remote, sip_sockaddr *out) {
  *out = (sip_sockaddr){0};
  int fd = net_socket_open(remote->family, SOCK_DGRAM);
  if (fd < 0) return;
  net_address address;
  socklen_t len = net_address_from(&address, remote);
  if (connect(fd, &address.any, len) == 0) net_socket_get_local(fd, out);
  net_socket_close(fd);
}

void net_socket_set(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

int net_socket_take_error(int fd) {
  int error = 0;
  socklen_t len = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) error = errno;
  return -error;
}
