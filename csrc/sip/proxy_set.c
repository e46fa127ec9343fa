/* SPDX-License-Identifier: MIT
 *
 * The target set (RFC 3261 16.5, 16.6): groups in the order they were added, the members
 * of one at once, as far as Max-Breadth allows (RFC 5393 5.3.3).
 */
#include <string.h>

#include "base/error.h"
#include "sip/name_addr.h"
#include "sip/proxy.h"
#include "sip/values.h"

static sip_branch *branch_at(sip_link *link) {
  return SIP_CONTAINER(link, sip_branch, link);
}

sip_branch *sip_proxy_branch(const sip_proxy *proxy, uint32_t number) {
  const sip_link *head = &proxy->branches;
  for (sip_link *link = head->next; link != head; link = link->next) {
    if (branch_at(link)->number == number) return branch_at(link);
  }
  return NULL;
}

/* --- Adding ------------------------------------------------------------------------------ */

/* Lines of a script: not those that a proxy writes itself. */
static int check_lines(sip_str text) {
  static const sip_header_id own[] = {SIP_HEADER_ROUTE, SIP_HEADER_RECORD_ROUTE,
                                      SIP_HEADER_MAX_FORWARDS, SIP_HEADER_MAX_BREADTH};
  sip_lines lines;
  int error = sip_lines_scan(text, &lines);
  for (size_t i = 0; i < sizeof own / sizeof *own && !error; i++) {
    if (sip_lines_have(&lines, own[i])) error = SIP_E_RESERVED;
  }
  return error;
}

static int check_routes(sip_str routes) {
  sip_str value;
  for (bool first = true; sip_values_next(&routes, SIP_HEADER_ROUTE, first, &value);
       first = false) {
    sip_name_addr route;
    if (sip_name_addr_parse(value, &route) != 0 || !route.bracketed) return SIP_E_HEADER;
  }
  return 0;
}

int sip_proxy_check_target(const sip_proxy_target *target) {
  const sip_str values[] = {target->uri, target->via, target->routes};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    if (sip_str_has_line_break(values[i])) return SIP_E_INJECTION;
  }
  sip_uri uri;
  if (target->uri.len && sip_uri_parse(target->uri, &uri, NULL) != 0) return SIP_E_URI;
  if (target->via.len && sip_uri_parse(target->via, &uri, NULL) != 0) return SIP_E_URI;
  int error = check_routes(target->routes);
  if (!error) error = check_lines(target->headers);
  return error ? error : check_lines(target->drop);
}

static bool is_same_way(const sip_branch *branch, const sip_proxy_target *target) {
  if (!sip_str_equal(sip_branch_text(branch, branch->via), target->via)) return false;
  if (!sip_str_equal(sip_branch_text(branch, branch->routes), target->routes)) return false;
  if (branch->by_flow != (target->flow != NULL)) return false;
  return !target->flow || (branch->flow.connection == target->flow->connection &&
                           sip_sockaddr_equal(&branch->flow.remote, &target->flow->remote));
}

/* 16.5: by the definition of equality of its scheme. Two phones behind two NATs may say the
 * same of themselves: then their flows differ, or their Paths, as those of one phone do that
 * registers by way of two edges (RFC 5626). */
static bool is_known(const sip_proxy *proxy, const sip_proxy_target *target) {
  if (sip_link_alone(&proxy->branches)) return false;
  sip_uri uri, other;
  sip_str text = target->uri.len ? target->uri : proxy->routing.uri;
  if (sip_uri_parse(text, &uri, NULL) != 0) return false;
  const sip_link *head = &proxy->branches;
  for (sip_link *link = head->next; link != head; link = link->next) {
    const sip_branch *branch = branch_at(link);
    sip_str its = branch->uri.len ? sip_branch_text(branch, branch->uri) : proxy->routing.uri;
    if (sip_uri_parse(its, &other, NULL) == 0 && sip_uri_equal(&uri, &other) &&
        is_same_way(branch, target)) {
      return true;
    }
  }
  return false;
}

static sip_span put(sip_branch *branch, sip_str text) {
  sip_span span = {branch->text_len, (uint32_t)text.len};
  if (text.len) memcpy(branch->text + branch->text_len, text.ptr, text.len);
  branch->text_len += span.len;
  return span;
}

/* As a Request-URI: without what does not belong into one (16.6 item 2). */
static sip_span put_uri(sip_branch *branch, sip_str text) {
  sip_uri uri;
  if (text.len == 0 || sip_uri_parse(text, &uri, NULL) != 0) return (sip_span){0};
  sip_buffer out = {.ptr = branch->text, .size = text.len, .max = text.len};
  sip_uri_write_request(&uri, &out);
  branch->text_len = (uint32_t)out.len;
  return (sip_span){0, (uint32_t)out.len};
}

int sip_proxy_add(sip_engine *engine, sip_proxy *proxy, const sip_proxy_target *target,
                  uint32_t *number) {
  int error = sip_proxy_check_target(target);
  if (error) return error;
  if (is_known(proxy, target)) return 0;
  if (proxy->branch_count >= SIP_PROXY_BRANCHES_MAX) return SIP_E_LIMIT;
  size_t len = target->uri.len + target->via.len + target->routes.len + target->headers.len +
               target->drop.len;
  sip_branch *branch = sip_alloc_new(&engine->alloc, sizeof *branch + len);
  if (!branch) return SIP_E_MEMORY;
  *branch = (sip_branch){.proxy = proxy,
                         .timeout_ms = target->timeout_ms,
                         .group = target->group,
                         .spare_of = (uint16_t)target->spare_of,
                         .transport = (uint8_t)target->transport,
                         .by_flow = target->flow != NULL};
  if (target->flow) branch->flow = *target->flow;
  branch->uri = put_uri(branch, target->uri);
  branch->via = put(branch, target->via);
  branch->routes = put(branch, target->routes);
  branch->headers = put(branch, target->headers);
  branch->drop = put(branch, target->drop);
  branch->text_room = (uint32_t)len;
  sip_timer_init(&branch->timeout);
  branch->timeout.tag = SIP_TIMER_OF_BRANCH;
  branch->number = ++proxy->branch_count;
  sip_link_append(&proxy->branches, &branch->link);
  if (number) *number = branch->number;
  return 0;
}

/* --- Forking ----------------------------------------------------------------------------- */

void sip_proxy_use_spare(sip_proxy *proxy, const sip_branch *failed) {
  const sip_link *head = &proxy->branches;
  for (sip_link *link = head->next; link != head; link = link->next) {
    sip_branch *branch = branch_at(link);
    if (branch->spare_of != failed->number) continue;
    branch->spare_of = 0;
    branch->group = failed->group;
    return;
  }
}

/* In the set, and no spare. */
static bool is_waiting(const sip_branch *branch) {
  return branch->state == SIP_BRANCH_WAITING && branch->spare_of == 0;
}

static sip_branch *first_waiting(const sip_proxy *proxy) {
  const sip_link *head = &proxy->branches;
  for (sip_link *link = head->next; link != head; link = link->next) {
    if (is_waiting(branch_at(link))) return branch_at(link);
  }
  return NULL;
}

static uint16_t waiting_in_group(const sip_proxy *proxy) {
  uint16_t count = 0;
  const sip_link *head = &proxy->branches;
  for (sip_link *link = head->next; link != head; link = link->next) {
    const sip_branch *branch = branch_at(link);
    if (is_waiting(branch) && branch->group == proxy->group) count++;
  }
  return count;
}

static sip_branch *next_in_group(const sip_proxy *proxy) {
  const sip_link *head = &proxy->branches;
  for (sip_link *link = head->next; link != head; link = link->next) {
    sip_branch *branch = branch_at(link);
    if (is_waiting(branch) && branch->group == proxy->group) return branch;
  }
  return NULL;
}

/* Begins as many of the group as there is breadth for, which they share (5.3.3); the
 * others wait until some is free again (5.3.3.1). */
static void begin_group(sip_engine *engine, sip_proxy *proxy) {
  uint16_t waiting = waiting_in_group(proxy);
  uint16_t free = (uint16_t)(proxy->breadth_in - proxy->breadth_out);
  uint16_t count = waiting < free ? waiting : free;
  for (uint16_t left = count; left > 0; left--) {
    sip_branch *branch = next_in_group(proxy);
    if (!branch) return;
    branch->breadth = (uint16_t)(free / left);
    free = (uint16_t)(free - branch->breadth);
    sip_branch_drive(engine, branch, &(sip_branch_cause){.input = SIP_BRANCH_IN_BEGIN});
  }
}

void sip_proxy_fork(sip_engine *engine, sip_proxy *proxy) {
  while (proxy->started && !proxy->answered && !proxy->cancelled && !proxy->closed) {
    sip_branch *first = first_waiting(proxy);
    if (!first) return;
    if (proxy->pending == 0) proxy->group = first->group;
    uint16_t before = waiting_in_group(proxy);
    begin_group(engine, proxy);
    /* One that failed at once makes room for the next. */
    if (waiting_in_group(proxy) == before || proxy->pending > 0) return;
  }
}
