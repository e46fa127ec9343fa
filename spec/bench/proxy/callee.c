/* SPDX-License-Identifier: MIT
 *
 * callee PORT [sdp]: answers on 127.0.0.1 over UDP whatever a proxy forwards: INVITE with
 * 180 and 200, that one with a session description when asked to, BYE with 200. It keeps
 * nothing, so that it costs next to nothing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { BATCH = 64, DATAGRAM_MAX = 4096, BUFFER_SIZE = 8 << 20 };

typedef struct batch {
  struct mmsghdr messages[2 * BATCH];
  struct iovec parts[2 * BATCH];
  struct sockaddr_in peers[2 * BATCH];
  char bytes[2 * BATCH][DATAGRAM_MAX];
} batch;

static batch in, out;

static void init(batch *b) {
  for (size_t i = 0; i < 2 * BATCH; i++) {
    b->parts[i] = (struct iovec){b->bytes[i], DATAGRAM_MAX - 1};
    b->messages[i].msg_hdr = (struct msghdr){.msg_iov = &b->parts[i],
                                             .msg_iovlen = 1,
                                             .msg_name = &b->peers[i],
                                             .msg_namelen = sizeof b->peers[i]};
  }
}

static int is_copied(const char *line) {
  static const char *const names[] = {"Via:", "Record-Route:", "From:", "To:", "Call-ID:", "CSeq:"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strncasecmp(line, names[i], strlen(names[i])) == 0) return 1;
  }
  return 0;
}

/* The lines that a response has of its request (RFC 3261 8.2.6.2), with a tag in To. */
static size_t copy_lines(const char *request, char *at) {
  char *from = at;
  const char *line = strchr(request, '\n');
  while (line && *++line != '\r' && *line) {
    const char *end = strchr(line, '\n');
    if (!end) break;
    size_t len = (size_t)(end - line) - 1;
    if (is_copied(line)) {
      memcpy(at, line, len);
      at += len;
      int lacks_tag = strncasecmp(line, "To:", 3) == 0 && !memmem(line, len, ";tag=", 5);
      if (lacks_tag) at += sprintf(at, ";tag=callee");
      at += sprintf(at, "\r\n");
    }
    line = end;
  }
  return (size_t)(at - from);
}

static unsigned queued;

static const char *description = ""; /* of a 200 to an INVITE */

static void answer(size_t index, const char *status, const char *body, int port) {
  char *text = out.bytes[queued], *at = text;
  at += sprintf(at, "SIP/2.0 %s\r\n", status);
  at += copy_lines(in.bytes[index], at);
  at += sprintf(at, "Contact: <sip:callee@127.0.0.1:%d>\r\n", port);
  if (*body) at += sprintf(at, "Content-Type: application/sdp\r\n");
  at += sprintf(at, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
  out.parts[queued].iov_len = (size_t)(at - text);
  out.peers[queued++] = in.peers[index];
}

int main(int count, char **words) {
  int port = count > 1 ? atoi(words[1]) : 0, size = BUFFER_SIZE;
  if (count > 2) {
    description =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=audio 40002 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\n";
  }
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
    perror("callee");
    return EXIT_FAILURE;
  }
  init(&in);
  init(&out);
  for (;;) {
    int got = recvmmsg(fd, in.messages, BATCH, MSG_WAITFORONE, NULL);
    queued = 0;
    for (int i = 0; i < got; i++) {
      in.bytes[i][in.messages[i].msg_len] = 0;
      if (strncmp(in.bytes[i], "INVITE ", 7) == 0) {
        answer((size_t)i, "180 Ringing", "", port);
        answer((size_t)i, "200 OK", description, port);
      } else if (strncmp(in.bytes[i], "BYE ", 4) == 0) {
        answer((size_t)i, "200 OK", "", port);
      }
    }
    for (unsigned sent = 0; sent < queued;) {
      int more = sendmmsg(fd, out.messages + sent, queued - sent, 0);
      sent += more > 0 ? (unsigned)more : 1;
    }
  }
}
