/* SPDX-License-Identifier: MIT
 *
 * Requests are patterns: a letter after % stands for a part that differs between
 * calls. Writing one costs a fraction of a microsecond, so that the server and not
 * this program is what limits the rate.
 */
#include "message.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "digest.h"

/* %u user  %s server's port  %p our port  %i index  %g generation  %r run
 * %t their tag  %c their contact  %R Route, if any  %l length of the body  %b body
 * %n who registers  %a credentials */
#define FIELDS(branch, tag, cseq)                             \
  " SIP/2.0\r\n"                                              \
  "Via: SIP/2.0/UDP 127.0.0.1:%p;branch=z9hG4bK%r%i%g" branch \
  ";rport\r\n"                                                \
  "Max-Forwards: 70\r\n"                                      \
  "From: \"caller\" <sip:caller@127.0.0.1>;tag=%i%g\r\n"      \
  "To: <sip:%u@127.0.0.1>" tag                                \
  "\r\n"                                                      \
  "Call-ID: %i-%g-%r@127.0.0.1\r\n"                           \
  "CSeq: " cseq "\r\n"

#define REGISTER_FIELDS                                   \
  "Via: SIP/2.0/UDP 127.0.0.1:%p;branch=z9hG4bK%r%i%gr"   \
  ";rport\r\n"                                            \
  "Max-Forwards: 70\r\n"                                  \
  "From: <sip:u%n@127.0.0.1>;tag=%i%g\r\n"                \
  "To: <sip:u%n@127.0.0.1>\r\n"                           \
  "Call-ID: %i-%g-%r@127.0.0.1\r\n"                       \
  "CSeq: 1 REGISTER\r\n"                                  \
  "Contact: <sip:u%n@127.0.0.1:%p;transport=udp>\r\n"     \
  "Expires: 3600\r\n"                                     \
  "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE\r\n" \
  "User-Agent: load/1.0\r\n"                              \
  "Content-Length: 0\r\n\r\n"

static const char *const patterns[] = {
    [MESSAGE_OPTIONS] = "OPTIONS sip:%u@127.0.0.1:%s" FIELDS("o", "", "1 OPTIONS")
                        "Contact: <sip:caller@127.0.0.1:%p>\r\n"
                        "Accept: application/sdp\r\n"
                        "User-Agent: load/1.0\r\n"
                        "Content-Length: 0\r\n\r\n",
    [MESSAGE_INVITE] = "INVITE sip:%u@127.0.0.1:%s" FIELDS("i", "", "1 INVITE")
                       "Contact: <sip:caller@127.0.0.1:%p>\r\n"
                       "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO, PRACK, OPTIONS\r\n"
                       "Supported: replaces, timer\r\n"
                       "User-Agent: load/1.0\r\n"
                       "Content-Type: application/sdp\r\n"
                       "Content-Length: %l\r\n\r\n%b",
    [MESSAGE_REGISTER] = "REGISTER sip:127.0.0.1:%s SIP/2.0\r\n" REGISTER_FIELDS,
    [MESSAGE_PROVEN_REGISTER] = "REGISTER sip:127.0.0.1:%s SIP/2.0\r\n%a" REGISTER_FIELDS,
    [MESSAGE_ACK] = "ACK %c" FIELDS("a", ";tag=%t", "1 ACK") "%RContent-Length: 0\r\n\r\n",
    [MESSAGE_BYE] = "BYE %c" FIELDS("b", ";tag=%t", "2 BYE") "%RContent-Length: 0\r\n\r\n",
};

static const char body[] =
    "v=0\r\n"
    "o=- 3915 3915 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "c=IN IP4 127.0.0.1\r\n"
    "t=0 0\r\n"
    "m=audio 40000 RTP/AVP 8 0 9 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:9 G722/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-16\r\n"
    "a=ptime:20\r\n"
    "a=sendrecv\r\n";

/* --- Writing ------------------------------------------------------------------- */

static char *put_text(char *at, const char *text) {
  size_t len = strlen(text);
  memcpy(at, text, len);
  return at + len;
}

static char *put_hex(char *at, uint32_t value) {
  for (int shift = 28; shift >= 0; shift -= 4) *at++ = "0123456789abcdef"[value >> shift & 15];
  return at;
}

static char *put_number(char *at, unsigned value) {
  char digits[12];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  while (count > 0) *at++ = digits[--count];
  return at;
}

static char *put_credentials(char *at, message_peers *peers, const message_dialog *dialog) {
  if (!*peers->nonce) return at;
  return at + digest_write(at, peers->nonce, ++peers->nonce_count,
                           &(digest_wish){.user = dialog->user, .port = peers->server_port});
}

static char *put_route(char *at, const char *value) {
  if (!*value) return at;
  return put_text(put_text(put_text(at, "Route: "), value), "\r\n");
}

static char *put_part(char *at, char part, message_peers *peers, const message_dialog *dialog) {
  switch (part) {
  case 'n':
    return put_number(at, dialog->user);
  case 'a':
    return put_credentials(at, peers, dialog);
  case 'u':
    return put_text(at, peers->user);
  case 's':
    return put_number(at, peers->server_port);
  case 'p':
    return put_number(at, peers->port);
  case 'i':
    return put_hex(at, dialog->index);
  case 'g':
    return put_hex(at, dialog->generation);
  case 'r':
    return put_hex(at, peers->run);
  case 't':
    return put_text(at, dialog->tag);
  case 'c':
    return put_text(at, dialog->target);
  case 'R':
    return put_route(at, dialog->route);
  case 'l':
    return put_number(at, sizeof body - 1);
  default:
    return put_text(at, body);
  }
}

size_t message_write(char *out, message_kind kind, message_peers *peers,
                     const message_dialog *dialog) {
  char *at = out;
  const char *from = patterns[kind], *part;
  while ((part = strchr(from, '%')) != NULL) {
    memcpy(at, from, (size_t)(part - from));
    at = put_part(at + (part - from), part[1], peers, dialog);
    from = part + 2;
  }
  return (size_t)(put_text(at, from) - out);
}

/* --- Reading --------------------------------------------------------------------- */

static bool is_header(const char *line, const char *name) {
  return strncasecmp(line, name, strlen(name)) == 0;
}

/* Up to one of the characters that end it; empty when it does not fit. */
static void copy_until(char *out, size_t size, const char *from, const char *ends) {
  size_t len = strcspn(from, ends);
  if (len >= size) len = 0;
  memcpy(out, from, len);
  out[len] = 0;
}

static bool read_call_id(const char *value, message_reply *out) {
  return sscanf(value, " %8x-%8x-%8x@", &out->index, &out->generation, &out->run) == 3;
}

static void read_tag(const char *value, message_reply *out) {
  const char *end = value + strcspn(value, "\r\n");
  const char *tag = strstr(value, ";tag=");
  if (tag && tag < end) copy_until(out->tag, sizeof out->tag, tag + 5, ";\r\n");
}

bool message_read(const char *text, message_reply *out) {
  *out = (message_reply){0};
  if (sscanf(text, "SIP/2.0 %3d", &out->status) != 1) return false;
  bool is_ours = false;
  const char *line = text;
  while ((line = strchr(line, '\n')) != NULL && *++line != '\r') {
    if (is_header(line, "Call-ID:")) {
      is_ours = read_call_id(line + 8, out);
    } else if (is_header(line, "CSeq:")) {
      const char *method = line + strcspn(line, "\r\n") - 3;
      out->is_of_bye = strncmp(method, "BYE", 3) == 0;
    } else if (is_header(line, "To:")) {
      read_tag(line + 3, out);
    } else if (is_header(line, "Record-Route:")) {
      copy_until(out->route, sizeof out->route, line + 13 + strspn(line + 13, " "), "\r\n");
    } else if (is_header(line, "Contact:")) {
      const char *uri = line + strcspn(line, "<\r\n");
      if (*uri == '<') copy_until(out->target, sizeof out->target, uri + 1, ">\r\n");
    } else if (is_header(line, "WWW-Authenticate:")) {
      const char *nonce = strstr(line, "nonce=\"");
      if (nonce) copy_until(out->nonce, sizeof out->nonce, nonce + 7, "\"");
    }
  }
  return is_ours;
}
