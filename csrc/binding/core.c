/* SPDX-License-Identifier: MIT
 *
 * luaopen_moonsip_core: the one exported symbol. Opening twice is fine (test
 * runners load the library again for each file).
 */
#include "binding/binding.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int luaopen_moonsip_core(lua_State *L);

int luaopen_moonsip_core(lua_State *L) {
  lua_newtable(L);
  bind_error_open(L);
  bind_lookup_open(L);
  bind_uri_open(L);
  bind_message_open(L);
  bind_engine_open(L);
  bind_framer_open(L);
  bind_clock_open(L);
  bind_hash_open(L);
  bind_timers_open(L);
  bind_digest_open(L);
  bind_nonces_open(L);
  bind_verifier_open(L);
  bind_loop_open(L);
  bind_locator_open(L);
  bind_json_open(L);
  bind_websocket_open(L);
  bind_g711_open(L);
  bind_tls_open(L);
  bind_watch_open(L);
  bind_sdp_open(L);
  bind_rates_open(L);
  bind_media_open(L);
  bind_likeness_open(L);
  bind_workers_open(L);
  bind_sqlite_open(L);
  bind_redis_open(L);
  bind_xml_open(L);
  bind_registrar_open(L);
  bind_location_open(L);
  bind_addresses_open(L);
  bind_crossing_open(L);
  return 1;
}
