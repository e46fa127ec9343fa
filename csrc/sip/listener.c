/* SPDX-License-Identifier: MIT
 *
 * The listeners of an engine: which one a request leaves by, and what Via and
 * Contact say of us. They never say 0.0.0.0: on a wildcard listener the address
 * is the one the peer reached, or the one the resolver says leads to it.
 */
#include <string.h>

#include "base/error.h"
#include "sip/state.h"

/* A name at its default port says none: its SRV records count then (RFC 3263 4.2), by which
 * several of us have one name. */
static bool says_port(const sip_listener *listener) {
  sip_sockaddr address;
  uint16_t port = listener->advertise_port ? listener->advertise_port : listener->local.port;
  bool is_name = listener->advertise_host.len > 0 &&
                 !sip_sockaddr_parse(listener->advertise_host, 0, &address);
  return !is_name || listener->advertise_port != 0 ||
         port != sip_transport_default_port(listener->transport);
}

int sip_engine_add_listener(sip_engine *engine, const sip_listener *listener, uint32_t *number) {
  if (listener->transport == SIP_TRANSPORT_NONE || listener->transport >= SIP_TRANSPORT_OTHER ||
      listener->local.family == 0 || listener->advertise_host.len > SIP_ADVERTISE_MAX) {
    return SIP_E_INVALID;
  }
  for (uint32_t i = 0; i < SIP_LISTENERS_MAX; i++) {
    sip_listener_entry *entry = &engine->listeners[i];
    if (entry->used) continue;
    *entry = (sip_listener_entry){.used = true,
                                  .says_port = says_port(listener),
                                  .transport = listener->transport,
                                  .local = listener->local,
                                  .advertise_port = listener->advertise_port,
                                  .advertise_len = (uint8_t)listener->advertise_host.len};
    if (listener->advertise_host.len) {
      memcpy(entry->advertise, listener->advertise_host.ptr, listener->advertise_host.len);
    }
    if (i >= engine->listener_end) engine->listener_end = i + 1;
    *number = i + 1;
    return 0;
  }
  return SIP_E_LIMIT;
}

void sip_engine_remove_listener(sip_engine *engine, uint32_t number) {
  sip_listener_entry *entry = sip_engine_listener(engine, number);
  if (entry) entry->used = false;
}

sip_listener_entry *sip_engine_listener(sip_engine *engine, uint32_t number) {
  if (number == 0 || number > engine->listener_end) return NULL;
  sip_listener_entry *entry = &engine->listeners[number - 1];
  return entry->used ? entry : NULL;
}

uint32_t sip_engine_find_listener(sip_engine *engine, sip_transport transport, uint8_t family) {
  for (uint32_t i = 0; i < engine->listener_end; i++) {
    const sip_listener_entry *entry = &engine->listeners[i];
    if (!entry->used || entry->transport != transport) continue;
    if (family == 0 || entry->local.family == family) return i + 1;
  }
  return 0;
}

void sip_engine_write_own_host(sip_engine *engine, uint32_t listener, const sip_sockaddr *local,
                               sip_buffer *out) {
  const sip_listener_entry *entry = sip_engine_listener(engine, listener);
  if (!entry) return;
  if (entry->advertise_len) {
    sip_buffer_add(out, sip_str_make(entry->advertise, entry->advertise_len));
  } else {
    bool any = sip_sockaddr_is_any(&entry->local);
    sip_sockaddr_write_host(any ? local : &entry->local, out);
  }
  if (!entry->says_port) return;
  sip_buffer_add_char(out, ':');
  sip_buffer_add_number(out, entry->advertise_port ? entry->advertise_port : entry->local.port);
}

static sip_local_address *local_slot(const sip_engine *engine, const sip_sockaddr *remote) {
  sip_sockaddr ip = *remote;
  ip.port = 0;
  return &engine->locals[sip_sockaddr_hash(engine->key, &ip) % SIP_LOCAL_ADDRESSES];
}

bool sip_engine_local_for(sip_engine *engine, uint32_t listener, const sip_sockaddr *remote,
                          sip_sockaddr *out) {
  const sip_listener_entry *entry = sip_engine_listener(engine, listener);
  if (!entry) return false;
  *out = entry->local;
  if (!sip_sockaddr_is_any(&entry->local)) return true;
  const sip_local_address *known = local_slot(engine, remote);
  if (known->until < engine->now || !sip_sockaddr_equal_ip(&known->remote, remote)) {
    return entry->advertise_len > 0;
  }
  *out = known->local;
  out->port = entry->local.port;
  return true;
}

void sip_engine_learn_local(sip_engine *engine, const sip_sockaddr *remote,
                            const sip_sockaddr *local) {
  if (local->family == 0 || sip_sockaddr_is_any(local)) return;
  *local_slot(engine, remote) = (sip_local_address){
      .remote = *remote, .local = *local, .until = engine->now + SIP_LOCAL_ADDRESS_MS};
}
