/* SPDX-License-Identifier: MIT
 *
 * Following a 3xx (RFC 3261 16.7 item 4): its contacts join the set. Those of the highest
 * q are tried with what is under way, the others one q after the other behind it.
 */
#include "sip/name_addr.h"
#include "sip/proxy.h"

/* 305 and 380 name no address of the one who is called (21.3.4, 21.3.5). */
static bool is_followed(int status) {
  return status == 300 || status == 301 || status == 302;
}

/* 16.5: who is not responsible for a URI must not change it. */
static bool is_responsible(sip_engine *engine, const sip_proxy *proxy) {
  sip_uri uri;
  return sip_uri_parse(proxy->routing.uri, &uri, NULL) == 0 &&
         sip_engine_is_own(engine, &uri, &proxy->request->flow);
}

static int q_of(const sip_name_addr *address) {
  int q = sip_name_addr_q(address);
  return q < 0 ? 0 : q;
}

static bool next_contact(const sip_message *m, sip_value_cursor *cursor, sip_name_addr *out) {
  sip_str value;
  while (sip_message_next_value(m, SIP_HEADER_CONTACT, cursor, &value)) {
    bool usable = sip_name_addr_parse(value, out) == 0 && !out->star;
    if (usable && (out->uri.scheme == SIP_SCHEME_SIP || out->uri.scheme == SIP_SCHEME_SIPS)) {
      return true;
    }
  }
  return false;
}

/* The highest q below `limit`; -1 when there is none. */
static int next_q(const sip_message *m, int limit) {
  sip_value_cursor cursor = {0};
  sip_name_addr contact;
  int best = -1;
  while (next_contact(m, &cursor, &contact)) {
    int q = q_of(&contact);
    if (q < limit && q > best) best = q;
  }
  return best;
}

/* Adds the contacts of one q behind `place`; how many. */
static unsigned add_contacts(sip_engine *engine, sip_proxy *proxy, const sip_message *m, int q,
                             const sip_proxy_target *like, sip_link **place) {
  sip_value_cursor cursor = {0};
  sip_name_addr contact;
  unsigned count = 0;
  while (next_contact(m, &cursor, &contact)) {
    if (q_of(&contact) != q) continue;
    sip_proxy_target target = *like;
    uint32_t number = 0;
    target.uri = contact.uri.text;
    if (sip_proxy_add(engine, proxy, &target, &number) != 0 || !number) continue;
    sip_link *link = proxy->branches.prev;
    sip_link_remove(link);
    sip_link_insert_behind(*place, link);
    *place = link;
    count++;
  }
  return count;
}

bool sip_proxy_recurse(sip_engine *engine, sip_proxy *proxy, sip_branch *branch,
                       const sip_message *response) {
  bool waits = branch->state == SIP_BRANCH_TRYING || branch->state == SIP_BRANCH_RINGING;
  if (!waits || proxy->recursions == 0 || proxy->answered || proxy->closed) return false;
  if (!is_followed(response->status) || !is_responsible(engine, proxy)) return false;
  sip_proxy_target like = {.headers = sip_branch_text(branch, branch->headers),
                           .drop = sip_branch_text(branch, branch->drop),
                           .timeout_ms = branch->timeout_ms,
                           .group = branch->group};
  sip_link *place = &branch->link;
  unsigned count = 0;
  for (int q = next_q(response, 1001); q >= 0; q = next_q(response, q)) {
    unsigned added = add_contacts(engine, proxy, response, q, &like, &place);
    count += added;
    if (added) like.group = ++proxy->groups_of_ours;
  }
  if (count > 0) proxy->recursions--;
  return count > 0;
}
