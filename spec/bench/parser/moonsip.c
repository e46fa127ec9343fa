/* SPDX-License-Identifier: MIT */
#include "parser.h"

#include "sip/value.h"

const char *const bench_name = "moonsip";

static sip_alloc alloc;
static sip_message *message;

bool bench_init(void) {
  sip_alloc_init(&alloc, NULL, NULL);
  message = sip_message_new(&alloc, &sip_limits_default);
  return message != NULL;
}

static slice slice_of(sip_span span) {
  return (slice){message->bytes + span.at, span.len};
}

/* Depth 1 is sip_message_parse, which the engine calls for every packet. */
bool bench_parse(int depth, char *bytes, size_t len, fields *out) {
  if (sip_message_parse(message, sip_str_make(bytes, len), &sip_limits_default)) return false;
  *out = (fields){.branch = slice_of(message->branch),
                  .call_id = slice_of(message->call_id),
                  .from_tag = slice_of(message->from_tag),
                  .to_tag = slice_of(message->to_tag),
                  .cseq = message->cseq,
                  .content_length = message->body_len,
                  .status = message->status};
  if (depth < DEPTH_ALL) return true;
  /* The headers that depth 1 has not parsed; none is parsed twice. */
  size_t header;
  return sip_value_check_message(message, &header) == 0;
}

void bench_release(void) {
}
