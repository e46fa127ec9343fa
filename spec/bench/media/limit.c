/* SPDX-License-Identifier: MIT
 *
 * What this machine can do at most: microseconds of a core for a packet of 172 bytes to
 * be sent and received between two sockets of their own on the loopback, as a media server
 * must, with nothing else done. Prints two figures: for sockets that are not connected, and
 * for such that are.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 2000, ROUNDS = 60, PACKET = 172 };

static int fds[SOCKETS];
static struct sockaddr_in addresses[SOCKETS];

static double cpu_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int open_all(int poll) {
  for (int i = 0; i < SOCKETS; i++) {
    socklen_t len = sizeof addresses[i];
    addresses[i].sin_family = AF_INET;
    addresses[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fds[i] < 0 || bind(fds[i], (struct sockaddr *)&addresses[i], len) < 0) return -1;
    getsockname(fds[i], (struct sockaddr *)&addresses[i], &len);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};
    epoll_ctl(poll, EPOLL_CTL_ADD, fds[i], &event);
  }
  return 0;
}

static void receive(int poll) {
  struct epoll_event events[64];
  char bytes[2048];
  int count;
  while ((count = epoll_wait(poll, events, 64, 0)) > 0) {
    for (int i = 0; i < count; i++) {
      struct sockaddr_in from;
      socklen_t len = sizeof from;
      recvfrom(events[i].data.fd, bytes, sizeof bytes, 0, (struct sockaddr *)&from, &len);
    }
  }
}

/* A hundred at a time, as in a millisecond of 2000 sessions. */
static double measure(int poll, int connected) {
  static const char packet[PACKET];
  double from = cpu_us();
  for (int round = 0; round < ROUNDS; round++) {
    for (int i = 0; i < SOCKETS; i++) {
      if (connected) {
        send(fds[i], packet, PACKET, 0);
      } else {
        sendto(fds[i], packet, PACKET, 0, (struct sockaddr *)&addresses[i ^ 1],
               sizeof addresses[0]);
      }
      if (i % 100 == 99) receive(poll);
    }
  }
  return (cpu_us() - from) / ROUNDS / SOCKETS;
}

int main(void) {
  int poll = epoll_create1(0);
  if (open_all(poll) < 0) return 1;
  double unconnected = measure(poll, 0);
  for (int i = 0; i < SOCKETS; i++) {
    connect(fds[i], (struct sockaddr *)&addresses[i ^ 1], sizeof addresses[0]);
  }
  printf("%.3f %.3f\n", unconnected, measure(poll, 1));
  return 0;
}
