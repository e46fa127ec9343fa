/* SPDX-License-Identifier: MIT
 *
 * guard CASE COUNT: an engine with a guard, or without one, receives COUNT packets. Prints
 * bytes that the guard's tables take. What is to be counted happens in measured_receive.
 *
 *   bare      no guard: MESSAGE, each from another source, which the user answers with 200
 *   passed    the same with a guard: limits, 20 patterns, the list of one host
 *   limited   from one source that has used up its limit
 *   denied    from a network of a list of 100 000
 *   forged    REGISTER without credentials, each from another source: 405, which counts
 *   scanner   MESSAGE of a scanner
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sip/engine.h"
#include "sip/engine_guard.h"

enum { NETWORKS = 100000, TEXT = 1024 };

static const char *const request =
    "%s sip:service@192.0.2.1 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bK%08zx;rport\r\n"
    "Max-Forwards: 70\r\n"
    "From: \"caller\" <sip:caller@192.0.2.2>;tag=%08zx\r\n"
    "To: <sip:service@192.0.2.1>\r\n"
    "Call-ID: %08zx@192.0.2.2\r\n"
    "CSeq: 1 %s\r\n"
    "Contact: <sip:caller@192.0.2.2:5060>\r\n"
    "User-Agent: %s\r\n"
    "Content-Length: 0\r\n\r\n";

typedef struct bench {
  sip_engine *engine;
  uint32_t listener;
  const char *method;
  const char *agent;
  bool is_one_source;
  size_t count;
  char (*texts)[TEXT];
  size_t *lens;
  sip_flow *flows;
} bench;

static sip_sockaddr address_of(size_t n) {
  return (sip_sockaddr){
      .family = 4, .ip = {11, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}, .port = 5060};
}

static void drain(sip_engine *engine) {
  sip_event event;
  while (sip_engine_next_event(engine, &event)) {
    sip_engine_reply(engine, 1000, event.transaction, &(sip_reply){.status = 200}, NULL);
  }
  sip_outgoing packet;
  while (sip_engine_next_packet(engine, &packet)) sip_packet_release(packet.packet);
}

static void prepare(bench *b) {
  b->texts = calloc(b->count, sizeof *b->texts);
  b->flows = calloc(b->count, sizeof *b->flows);
  b->lens = calloc(b->count, sizeof *b->lens);
  if (!b->texts || !b->flows || !b->lens) exit(EXIT_FAILURE);
  for (size_t i = 0; i < b->count; i++) {
    b->lens[i] =
        (size_t)snprintf(b->texts[i], TEXT, request, b->method, i, i, i, b->method, b->agent);
    b->flows[i] = (sip_flow){.listener = b->listener,
                             .transport = SIP_TRANSPORT_UDP,
                             .local = {.family = 4, .ip = {192, 0, 2, 1}, .port = 5060},
                             .remote = address_of(b->is_one_source ? 0 : i)};
  }
}

__attribute__((noinline)) static void measured_receive(bench *b) {
  for (size_t i = 0; i < b->count; i++) {
    sip_engine_receive(b->engine, 1000, &b->flows[i], sip_str_make(b->texts[i], b->lens[i]));
    drain(b->engine);
  }
}

static void add_networks(guard *g, size_t count, uint8_t first, uint8_t verdict) {
  guard_network *networks = calloc(count, sizeof *networks);
  if (!networks) exit(EXIT_FAILURE);
  for (size_t i = 0; i < count; i++) {
    networks[i] = (guard_network){
        .family = 4, .bits = 32, .first = {0, (uint64_t)first << 24 | (uint64_t)i * 2}};
  }
  if (guard_addresses_add(&g->rules, networks, count, verdict)) exit(EXIT_FAILURE);
  free(networks);
}

static void set_guard(bench *b, const char *what) {
  guard_config config = {
      .per_source = {30, 2000}, .per_user = {10, 60000}, .late_ms = 100, .calm_ms = 20};
  if (sip_engine_set_guard(b->engine, &config)) exit(EXIT_FAILURE);
  guard *g = sip_engine_guard(b->engine);
  sip_str patterns[20];
  static char text[20][32];
  for (int i = 0; i < 20; i++) {
    int len = snprintf(text[i], sizeof text[i], "%s-%d", i % 2 ? "scanner" : "vicious", i);
    patterns[i] = sip_str_make(text[i], (size_t)len);
  }
  patterns[0] = SIP_STR("friendly-scanner");
  guard_set_scanners(g, patterns, 20);
  bool is_denied = strcmp(what, "denied") == 0;
  add_networks(g, is_denied ? NETWORKS : 1, is_denied ? 11 : 127, GUARD_DENY);
}

int main(int argc, char **words) {
  if (argc != 3) return EXIT_FAILURE;
  const char *what = words[1];
  bench b = {.count = strtoul(words[2], NULL, 10), .method = "MESSAGE", .agent = "Phone/1.0"};
  b.is_one_source = strcmp(what, "limited") == 0 || strcmp(what, "denied") == 0;
  if (strcmp(what, "forged") == 0) b.method = "REGISTER";
  if (strcmp(what, "scanner") == 0) b.agent = "friendly-scanner";
  b.engine = sip_engine_new(&(sip_engine_config){.seed = 1, .now = 1000});
  sip_listener listener = {.transport = SIP_TRANSPORT_UDP,
                           .local = {.family = 4, .ip = {192, 0, 2, 1}, .port = 5060}};
  if (!b.engine || sip_engine_add_listener(b.engine, &listener, &b.listener)) return EXIT_FAILURE;
  sip_engine_handle_method(b.engine, SIP_METHOD_MESSAGE, strcmp(what, "limited") != 0);
  if (strcmp(what, "bare") != 0) set_guard(&b, what);
  prepare(&b);
  if (strcmp(what, "limited") == 0) {
    for (int i = 0; i < 40; i++) { /* its limit is used up before anything is counted */
      sip_engine_receive(b.engine, 1000, &b.flows[0], sip_str_make(b.texts[0], b.lens[0]));
      drain(b.engine);
    }
  }
  sip_engine_counts before, after;
  sip_engine_get_counts(b.engine, &before);
  measured_receive(&b);
  sip_engine_get_counts(b.engine, &after);
  printf("%zu %zu\n", b.count, after.live_bytes - before.live_bytes);
  return EXIT_SUCCESS;
}
