/* SPDX-License-Identifier: MIT
 *
 * The side that asked: reliable provisional responses in their order, and the PRACK of each
 * (RFC 3262 4, 7.2).
 */
#include <stdio.h>

#include "sip/client.h"
#include "sip/reliable.h"
#include "sip/seconds.h"

enum { RACK_LINE_MAX = 48 }; /* "RAck: 4294967295 2147483647 INVITE\r\n" */

bool sip_reliable_is_one(const sip_message *response, uint32_t *rseq) {
  if (response->status <= 100 || response->status >= 200) return false;
  const sip_header *header = sip_message_find(response, SIP_HEADER_RSEQ, 0);
  if (!header || sip_seconds_parse(sip_message_value(response, header), rseq) != 0) return false;
  return *rseq > 0 && sip_message_has_token(response, SIP_HEADER_REQUIRE, SIP_STR("100rel"));
}

bool sip_reliable_take(sip_dialog *dialog, uint32_t rseq) {
  if (dialog->seen_rseq != 0 && rseq != dialog->seen_rseq + 1) return false;
  dialog->seen_rseq = rseq;
  return true;
}

void sip_reliable_acknowledge(sip_engine *engine, sip_dialog *dialog, const sip_message *response,
                              bool is_told) {
  char line[RACK_LINE_MAX];
  int len = snprintf(line, sizeof line, "RAck: %lu %lu INVITE\r\n",
                     (unsigned long)dialog->seen_rseq, (unsigned long)response->cseq);
  sip_request prack = {.method = SIP_STR("PRACK"),
                       .headers = sip_str_make(line, (size_t)len),
                       .orphan = true,
                       .is_told = is_told};
  sip_id ignored;
  sip_client_open(engine, &prack, dialog, &ignored);
}
