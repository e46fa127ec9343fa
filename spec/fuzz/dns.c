/* SPDX-License-Identifier: MIT
 *
 * An answer of a name server (bug class 56): whatever it holds, what becomes of it is an error,
 * or records that are whole. The first byte chooses the type; the rest is the message.
 */
#define _GNU_SOURCE /* for ares.h */
#include "fuzz.h"
#include "net/dns_answer.h"

static void check_text(const net_dns_answer *answer, sip_str text) {
  const char *end = (const char *)answer + answer->size;
  HOLDS(text.len == 0 || (text.ptr > (const char *)answer && text.ptr + text.len <= end));
  HOLDS(text.len == 0 || memchr(text.ptr, 0, text.len) == NULL);
}

static void check(const net_dns_answer *answer, sip_dns_type type) {
  HOLDS(answer->references == 1);
  HOLDS(answer->answer.type == type);
  HOLDS(answer->answer.count <= NET_DNS_RECORDS);
  HOLDS(answer->ttl_s <= 86400);
  HOLDS(!answer->answer.error || answer->answer.count == 0);
  for (size_t i = 0; i < answer->answer.count; i++) {
    const sip_dns_record *record = &answer->answer.records[i];
    if (type == SIP_DNS_SRV) {
      check_text(answer, record->srv.target);
    } else {
      check_text(answer, record->naptr.flags);
      check_text(answer, record->naptr.service);
      check_text(answer, record->naptr.regexp);
      check_text(answer, record->naptr.replacement);
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) return 0;
  sip_dns_type type = data[0] & 1 ? SIP_DNS_SRV : SIP_DNS_NAPTR;
  sip_str reply = exact_copy(sip_str_make((const char *)data + 1, size - 1));
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  net_dns_answer *answer = net_dns_answer_of_reply(&alloc, type, ARES_SUCCESS, reply);
  HOLDS(answer);
  check(answer, type);
  net_dns_answer_release(answer);
  HOLDS(alloc.live_bytes == 0);
  free_copy(reply);
  return 0;
}
