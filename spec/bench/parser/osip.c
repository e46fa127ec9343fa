/* SPDX-License-Identifier: MIT
 *
 * libosip2: parses the headers it knows at once and copies every string. There is
 * no lesser depth.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <osipparser2/osip_parser.h>

#include "parser.h"

const char *const bench_name = "libosip2";

static osip_message_t *message;
static char call_id[512];

bool bench_init(void) {
  return parser_init() == 0;
}

static slice slice_of(const char *text) {
  return (slice){text, text ? strlen(text) : 0};
}

/* It keeps the two words of a Call-ID apart. */
static slice whole_call_id(void) {
  const char *number = message->call_id->number, *host = message->call_id->host;
  if (!host) return slice_of(number);
  size_t len = strlen(number), host_len = strlen(host);
  if (len + host_len + 1 > sizeof call_id) return (slice){0};
  memcpy(call_id, number, len);
  call_id[len] = '@';
  memcpy(call_id + len + 1, host, host_len);
  return (slice){call_id, len + 1 + host_len};
}

bool bench_parse(int depth, char *bytes, size_t len, fields *out) {
  (void)depth;
  if (osip_message_init(&message) || osip_message_parse(message, bytes, len)) return false;
  osip_via_t *via = NULL;
  osip_generic_param_t *branch = NULL, *from_tag = NULL, *to_tag = NULL;
  osip_message_get_via(message, 0, &via);
  if (!via) return false;
  osip_via_param_get_byname(via, (char *)"branch", &branch);
  osip_from_get_tag(message->from, &from_tag);
  osip_to_get_tag(message->to, &to_tag);
  *out = (fields){.branch = slice_of(branch ? branch->gvalue : NULL),
                  .call_id = whole_call_id(),
                  .from_tag = slice_of(from_tag ? from_tag->gvalue : NULL),
                  .to_tag = slice_of(to_tag ? to_tag->gvalue : NULL),
                  .cseq = (unsigned)strtoul(message->cseq->number, NULL, 10),
                  .status = osip_message_get_status_code(message)};
  if (message->content_length) {
    out->content_length = strtol(message->content_length->value, NULL, 10);
  }
  return true;
}

void bench_release(void) {
  osip_message_free(message);
  message = NULL;
}
