/* SPDX-License-Identifier: MIT
 *
 * Early dialogs of a branch that has failed while others go on: the caller hears of their
 * end by a 199 (RFC 6228 6).
 */
#include <stdio.h>

#include "base/error.h"
#include "sip/proxy.h"
#include "sip/response_writer.h"
#include "sip/server.h"

enum { DIALOG_TERMINATED = 199, REASON_MAX = 32 };

/* Its best response does not go back at once. */
static bool goes_on(const sip_proxy *proxy) {
  if (proxy->pending > 0) return true;
  for (const sip_link *link = proxy->branches.next; link != &proxy->branches; link = link->next) {
    if (SIP_CONTAINER(link, const sip_branch, link)->state == SIP_BRANCH_WAITING) return true;
  }
  return false;
}

/* Who insists on responses that are reliable gets none of ours, which has no RSeq of the
 * early dialog's (4, 6). */
static bool is_wanted(const sip_message *request) {
  return request->method == SIP_METHOD_INVITE && request->to_tag.len == 0 &&
         sip_message_has_token(request, SIP_HEADER_SUPPORTED, SIP_STR("199")) &&
         !sip_message_has_token(request, SIP_HEADER_REQUIRE, SIP_STR("100rel"));
}

void sip_proxy_end_early(sip_engine *engine, sip_proxy *proxy, const sip_branch_cause *cause) {
  sip_transaction *server = proxy->server;
  const sip_message *failure = cause->response;
  if (!server || !failure || failure->to_tag.len == 0 || proxy->answered || proxy->cancelled ||
      server->state != SIP_STATE_PROCEEDING || !is_wanted(proxy->request->message) ||
      !goes_on(proxy)) {
    return;
  }
  char line[REASON_MAX];
  int len = snprintf(line, sizeof line, "Reason: SIP;cause=%d\r\n", cause->status);
  sip_reply reply = {.status = DIALOG_TERMINATED, .headers = sip_str_make(line, (size_t)len)};
  sip_lines lines;
  if (sip_lines_scan(reply.headers, &lines) != 0) return;
  sip_response_parts parts = {.request = proxy->request->message,
                              .flow = &proxy->request->flow,
                              .reply = &reply,
                              .lines = &lines,
                              .to_tag = sip_message_span(failure, failure->to_tag)};
  sip_packet *packet = sip_response_write(engine, &parts);
  if (packet) sip_server_send(engine, server, packet, DIALOG_TERMINATED);
}
