/* SPDX-License-Identifier: MIT
 *
 * What is ours: the domains that were named, and the addresses that we listen on (RFC
 * 3261 16.4, 16.5).
 */
#include "base/error.h"
#include "sip/host.h"
#include "sip/state.h"

typedef struct sip_domain {
  sip_map_node by_name;
  struct sip_domain *next;
  size_t len;
  char name[];
} sip_domain;

static sip_str without_dot(sip_str name) {
  if (name.len > 1 && name.ptr[name.len - 1] == '.') name.len--;
  return name;
}

static bool add(sip_engine *engine, sip_domains *domains, sip_str name) {
  name = without_dot(name);
  sip_domain *one = sip_alloc_new(&engine->alloc, sizeof *one + name.len);
  if (!one) return false;
  one->next = domains->first;
  one->len = name.len;
  if (name.len) memcpy(one->name, name.ptr, name.len);
  domains->first = one;
  sip_map_add(&domains->by_name, &one->by_name, sip_hash_nocase(engine->key, name));
  return true;
}

static void deinit(sip_engine *engine, sip_domains *domains) {
  while (domains->first) {
    sip_domain *one = domains->first;
    domains->first = one->next;
    sip_alloc_free(&engine->alloc, one, sizeof *one + one->len);
  }
  if (domains->by_name.alloc) sip_map_deinit(&domains->by_name);
}

void sip_engine_forget_domains(sip_engine *engine) {
  deinit(engine, &engine->domains);
}

int sip_engine_set_domains(sip_engine *engine, const sip_str *names, size_t count) {
  sip_domains domains = {0};
  if (sip_map_init(&domains.by_name, &engine->alloc) != 0) return SIP_E_MEMORY;
  for (size_t i = 0; i < count; i++) {
    if (add(engine, &domains, names[i])) continue;
    deinit(engine, &domains);
    return SIP_E_MEMORY;
  }
  deinit(engine, &engine->domains);
  engine->domains = domains;
  return 0;
}

static bool is_domain(const sip_engine *engine, sip_str host) {
  if (!engine->domains.first) return false;
  host = without_dot(host);
  sip_map_node *node = sip_map_find(&engine->domains.by_name, sip_hash_nocase(engine->key, host));
  for (; node; node = sip_map_find_next(node)) {
    const sip_domain *one = SIP_CONTAINER(node, sip_domain, by_name);
    if (sip_str_equal_nocase(sip_str_make(one->name, one->len), host)) return true;
  }
  return false;
}

/* The address that a listener has for the peer of a flow. */
static bool is_bound_to(const sip_listener_entry *entry, const sip_sockaddr *address,
                        const sip_flow *flow, uint32_t number) {
  if (entry->local.port != address->port) return false;
  if (!sip_sockaddr_is_any(&entry->local)) return sip_sockaddr_equal_ip(&entry->local, address);
  return flow && flow->listener == number && sip_sockaddr_equal_ip(&flow->local, address);
}

static bool is_advertised(const sip_listener_entry *entry, sip_str host, uint16_t port) {
  if (entry->advertise_len == 0) return false;
  uint16_t own = entry->advertise_port ? entry->advertise_port : entry->local.port;
  return own == port && sip_host_equal(sip_str_make(entry->advertise, entry->advertise_len), host);
}

uint32_t sip_engine_listener_at(const sip_engine *engine, const sip_uri *uri,
                                const sip_flow *flow) {
  uint16_t port = sip_uri_port(uri);
  sip_transport transport = sip_uri_transport(uri);
  sip_sockaddr address;
  bool literal = sip_sockaddr_parse(uri->host, port, &address);
  for (uint32_t i = 0; i < engine->listener_end; i++) {
    const sip_listener_entry *entry = &engine->listeners[i];
    if (!entry->used || (transport && transport != entry->transport)) continue;
    if (literal && is_bound_to(entry, &address, flow, i + 1)) return i + 1;
    if (is_advertised(entry, uri->host, port)) return i + 1;
  }
  return 0;
}

bool sip_engine_is_own(const sip_engine *engine, const sip_uri *uri, const sip_flow *flow) {
  if (uri->scheme != SIP_SCHEME_SIP && uri->scheme != SIP_SCHEME_SIPS) return false;
  return is_domain(engine, uri->host) || sip_engine_listener_at(engine, uri, flow) != 0;
}
