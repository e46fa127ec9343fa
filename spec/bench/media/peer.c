/* SPDX-License-Identifier: MIT
 *
 * A peer that measures: peer PORT SERVER_PORT SECONDS DIGIT_MS. Sends silence every 20 ms
 * from PORT; after DIGIT_MS a digit (0: none). Prints what it received in the end:
 * packets that were no silence, milliseconds from the first to the last of them, the
 * greatest gap between two packets, and milliseconds from the digit's first packet to the
 * last that was no silence.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { HEADER = 12, FRAME = 160, SILENCE = 0xff, EVENT_TYPE = 101, DIGIT_PACKETS = 5 };

typedef struct peer {
  int fd;
  struct sockaddr_in server;
  uint16_t sequence;
  uint32_t timestamp;
  double digit_at, first_at, last_at, heard_at, gap;
  long loud;
} peer;

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void send_packet(peer *p, uint8_t type, const uint8_t *payload, size_t len) {
  uint8_t bytes[HEADER + FRAME] = {0x80, type};
  uint16_t sequence = htons(p->sequence++);
  uint32_t timestamp = htonl(p->timestamp), ssrc = htonl(7);
  memcpy(bytes + 2, &sequence, 2);
  memcpy(bytes + 4, &timestamp, 4);
  memcpy(bytes + 8, &ssrc, 4);
  memcpy(bytes + HEADER, payload, len);
  sendto(p->fd, bytes, HEADER + len, 0, (struct sockaddr *)&p->server, sizeof p->server);
}

static void send_frame(peer *p, double at, double digit_ms) {
  uint8_t silence[FRAME];
  memset(silence, SILENCE, sizeof silence);
  int packet = (int)((at - digit_ms) / 20);
  if (digit_ms > 0 && at >= digit_ms && packet < DIGIT_PACKETS) {
    uint16_t duration = (uint16_t)(FRAME * (packet + 1));
    uint8_t event[4] = {5, packet == DIGIT_PACKETS - 1 ? 0x8a : 0x0a, (uint8_t)(duration >> 8),
                        (uint8_t)duration};
    if (p->digit_at == 0) p->digit_at = now_ms();
    send_packet(p, EVENT_TYPE, event, sizeof event);
    return; /* the timestamp of an event stays its first packet's */
  }
  send_packet(p, 0, silence, sizeof silence);
  p->timestamp += FRAME;
}

static int is_loud(const uint8_t *bytes, ssize_t len) {
  for (ssize_t i = HEADER; i < len; i++) {
    if (bytes[i] != SILENCE) return 1;
  }
  return 0;
}

static void receive(peer *p) {
  uint8_t bytes[2048];
  ssize_t len;
  while ((len = recv(p->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
    double at = now_ms();
    if (p->heard_at > 0 && at - p->heard_at > p->gap) p->gap = at - p->heard_at;
    p->heard_at = at;
    if (bytes[1] % 128 != 0 || !is_loud(bytes, len)) continue;
    if (p->loud++ == 0) p->first_at = at;
    p->last_at = at;
  }
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  peer p = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .timestamp = 1000};
  struct sockaddr_in local = {.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)strtol(argv[1], NULL, 10)),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  p.server = local;
  p.server.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
  if (bind(p.fd, (struct sockaddr *)&local, sizeof local) < 0) return 1;
  double seconds = strtod(argv[3], NULL), digit_ms = strtod(argv[4], NULL);
  double start = now_ms(), next = start;
  while (now_ms() < start + seconds * 1000) {
    struct pollfd ready = {.fd = p.fd, .events = POLLIN};
    double left = next - now_ms();
    if (left > 0) poll(&ready, 1, (int)left + (left > 1 ? 0 : 1));
    receive(&p);
    if (now_ms() < next) continue;
    send_frame(&p, next - start, digit_ms);
    next += 20;
  }
  double barge = p.digit_at > 0 && p.last_at > p.digit_at ? p.last_at - p.digit_at : 0;
  printf("%ld %.2f %.2f %.2f\n", p.loud, p.last_at - p.first_at, p.gap, barge);
  return 0;
}
