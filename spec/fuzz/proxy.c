/* SPDX-License-Identifier: MIT
 *
 * Programs of events against an engine that proxies: callers ask, a script forks, callees
 * answer, names fail, connections break, memory runs out at any allocation. Whatever
 * happens, what is sent on can be read by whoever it goes to, and a quiet hour later
 * nothing is left (RFC 3261 16).
 */
#include "base/error.h"
#include "peers.h"
#include "steps.h"

enum { IDS = 8, SENT = 4, STEPS_MAX = 64, QUIET_MS = 3600000, TRANSACTIONS = 64 };

typedef struct memory {
  unsigned left; /* allocations until one fails; 0: none does */
} memory;

typedef struct world {
  sip_engine *engine;
  sip_time now;
  memory memory;
  uint32_t udp, tcp; /* listeners */
  sip_sockaddr own;
  sip_id requests[IDS]; /* that wait for the script */
  unsigned request_count;
  struct {
    char text[PEER_TEXT];
    sip_flow flow;
  } sent[SENT]; /* the last requests of ours */
  unsigned sent_count;
  char came[PEER_TEXT]; /* the last request of theirs */
  sip_flow came_by;
  sip_alloc alloc;
  sip_message *message;
} world;

static void *allocate(void *context, void *ptr, size_t old_size, size_t size) {
  memory *m = context;
  if (size == 0) {
    free(ptr);
    return NULL;
  }
  if (size > old_size && m->left > 0 && --m->left == 0) return NULL;
  return realloc(ptr, size);
}

/* --- What a script does at the end ------------------------------------------------------ */

/* It always answers: when there is no memory for that, once there is. */
static void answer(world *w, sip_id request, int status) {
  const sip_reply reply = {.status = status};
  sip_replied replied;
  if (sip_engine_reply(w->engine, w->now, request, &reply, &replied) == SIP_E_MEMORY) {
    w->memory.left = 0;
    HOLDS(sip_engine_reply(w->engine, w->now, request, &reply, &replied) != SIP_E_MEMORY);
  }
}

static void keep(world *w, sip_id request) {
  sip_id *place = &w->requests[w->request_count++ % IDS];
  if (*place && *place != request) answer(w, *place, 500);
  *place = request;
}

/* --- What comes out ----------------------------------------------------------------------- */

/* More than a message may have that comes in: what goes on has a Via more, and routes. */
static const sip_limits wide = {.message_size = 1 << 20,
                                .header_count = 1024,
                                .header_size = 1 << 16,
                                .uri_params = 64,
                                .multipart_depth = 8,
                                .multipart_parts = 128};

static bool is_message(const sip_packet *packet) {
  return packet->len > 0 && packet->bytes[0] >= 'A';
}

/* A malformed request is answered with the lines that it had (8.2.6.2); all else is whole. */
static void check(world *w, const sip_packet *packet) {
  int error = sip_message_parse(w->message, sip_packet_str(packet), &wide);
  HOLDS(error == 0 || w->message->status >= 400);
  HOLDS(sip_message_answerable(w->message) || w->message->status == 0);
}

static void drain_packets(world *w) {
  sip_outgoing out;
  while (sip_engine_next_packet(w->engine, &out)) {
    if (is_message(out.packet)) check(w, out.packet);
    bool is_request = is_message(out.packet) && w->message->status == 0;
    if (!out.flow.connection && sip_transport_is_reliable(out.flow.transport)) {
      out.flow.connection = 1 + out.owner % 3;
    }
    if (is_request && out.packet->len < PEER_TEXT) {
      unsigned place = w->sent_count++ % SENT;
      memcpy(w->sent[place].text, out.packet->bytes, out.packet->len);
      w->sent[place].text[out.packet->len] = '\0';
      w->sent[place].flow = out.flow;
    }
    sip_engine_sent_by(w->engine, out.owner, out.flow.connection, out.owner & 4);
    sip_packet_release(out.packet);
  }
}

static void drain_events(world *w) {
  sip_event event;
  while (sip_engine_next_event(w->engine, &event)) {
    switch (event.kind) {
    case SIP_EVENT_REQUEST:
    case SIP_EVENT_PROXIED:
      keep(w, event.transaction);
      break;
    case SIP_EVENT_ROUTED:
      if (event.transaction) keep(w, event.transaction);
      break;
    case SIP_EVENT_STRAY: {
      const sip_proxy_wish wish = {.message = event.message, .flow = &event.flow};
      const sip_proxy_target target = {.uri = SIP_STR("sip:bob@10.0.0.21")};
      sip_engine_proxy_stateless(w->engine, w->now, 0, &target, &wish);
      break;
    }
    default:
      break;
    }
  }
}

/* A name has two servers, or none. */
static void drain_queries(world *w) {
  sip_query query;
  while (sip_engine_next_query(w->engine, &query)) {
    sip_target targets[2] = {{.transport = SIP_TRANSPORT_UDP}, {.transport = SIP_TRANSPORT_TCP}};
    sip_sockaddr_parse(SIP_STR("10.0.0.21"), 5060, &targets[0].address);
    sip_sockaddr_parse(SIP_STR("10.0.0.22"), 5060, &targets[1].address);
    bool found = query.host.len % 2 == 0;
    sip_engine_resolved(w->engine, w->now, query.id, targets, found ? 2 : 0, found ? 0 : SIP_E_DNS);
  }
}

static void drain(world *w) {
  drain_packets(w);
  drain_events(w);
  drain_queries(w);
  drain_packets(w);
  sip_engine_counts counts;
  sip_engine_get_counts(w->engine, &counts);
  HOLDS(counts.server_transactions + counts.client_transactions <= TRANSACTIONS);
}

/* --- What comes in ------------------------------------------------------------------------- */

static sip_flow flow_from(const world *w, const char *ip, uint8_t byte) {
  sip_flow flow = {.transport = (byte & 1) ? SIP_TRANSPORT_TCP : SIP_TRANSPORT_UDP,
                   .local = w->own,
                   .listener = (byte & 1) ? w->tcp : w->udp,
                   .connection = (byte & 1) ? 1 + byte % 3 : 0};
  sip_sockaddr_parse(sip_str_make(ip, strlen(ip)), (byte & 1) ? 40000 : 5060, &flow.remote);
  return flow;
}

/* Where the last request that we sent would have later ones go. */
static void route_line(world *w, uint8_t byte, char *out, size_t room) {
  char lines[1024];
  out[0] = '\0';
  if ((byte & 3) == 1) {
    copy_lines(w->sent[(w->sent_count + SENT - 1) % SENT].text, "Record-Route:", lines,
               sizeof lines);
    if (lines[0]) snprintf(out, room, "%s", lines + strlen("Record-"));
  } else if ((byte & 3) == 2) {
    written token;
    written_init(&token);
    sip_flow flow = flow_from(w, "10.0.0.21", byte >> 2);
    sip_engine_write_flow_token(w->engine, &flow, &token.buffer);
    sip_str user = written_str(&token);
    snprintf(out, room, "Route: <sip:%.*s@10.0.0.1;lr>\r\n", (int)user.len, user.ptr);
    written_deinit(&token);
  } else if ((byte & 3) == 3) {
    snprintf(out, room, "Route: <sip:10.0.0.1;lr>, <sip:next.example%s>\r\n",
             (byte & 4) ? "" : ";lr");
  }
}

static void receive_request(world *w, input *in) {
  char route[1200], vias[256] = "";
  asking a = {.shape = next_byte(in)};
  a.ids = next_byte(in);
  a.where = next_byte(in);
  route_line(w, a.where >> 3, route, sizeof route);
  /* One that has been here before: a loop, or a spiral (RFC 5393 4.2). */
  if (a.ids & 64) copy_lines(w->sent[a.ids % SENT].text, "Via:", vias, sizeof vias);
  a.vias = vias;
  a.route = route;
  a.piece = next_text(in);
  if (!write_request(&a, w->came)) {
    w->came[0] = '\0';
    return;
  }
  w->came_by = flow_from(w, "10.0.0.9", (uint8_t)((a.shape >> 7) | (a.ids & 6)));
  receive_exact(w->engine, w->now, &w->came_by, sip_str_make(w->came, strlen(w->came)));
}

static void receive_response(world *w, input *in) {
  char text[PEER_TEXT];
  answering a = {.shape = next_byte(in)};
  uint8_t which = next_byte(in);
  a.lines = which >> 2;
  a.request = w->sent[which % SENT].text;
  a.piece = next_text(in);
  if (!write_response(&a, text)) return;
  sip_flow flow = w->sent[which % SENT].flow;
  receive_exact(w->engine, w->now, &flow, sip_str_make(text, strlen(text)));
}

/* --- What a script does ---------------------------------------------------------------------- */

static void fill_target(world *w, input *in, sip_flow *flow, sip_proxy_target *out) {
  static const char *const uris[] = {"",
                                     "sip:bob@10.0.0.21",
                                     "sip:bob@10.0.0.22;transport=tcp",
                                     "sip:bob@next.example",
                                     "sip:bob@none.example",
                                     "sips:bob@10.0.0.21",
                                     "sip:example.com",
                                     "sip:bob@10.0.0.23;lr"};
  uint8_t shape = next_byte(in), more = next_byte(in);
  const char *uri = uris[shape & 7];
  *flow = flow_from(w, "10.0.0.25", more);
  *out = (sip_proxy_target){.uri = sip_str_make(uri, strlen(uri)),
                            .group = shape >> 6,
                            .timeout_ms = (more & 8) ? 3000 : 0,
                            .transport = (more & 16) ? SIP_TRANSPORT_TCP : SIP_TRANSPORT_NONE};
  if (shape & 8) out->via = SIP_STR("sip:10.0.0.26");
  if (shape & 16) out->routes = SIP_STR("<sip:10.0.0.27;lr>, <sip:strict.example>");
  if (shape & 32) out->headers = SIP_STR("X-Set: 1\r\n");
  if (more & 32) out->drop = SIP_STR("X-Piece:\n");
  if (more & 64) out->flow = flow;
  if (more & 128) out->uri = next_text(in);
}

static void forward(world *w, input *in, sip_id request) {
  uint8_t shape = next_byte(in);
  sip_flow flow;
  sip_proxy_target target;
  for (int count = 1 + (shape & 3); count > 0; count--) {
    fill_target(w, in, &flow, &target);
    sip_engine_proxy_add(w->engine, request, &target, NULL);
  }
  sip_proxy_wish wish = {.stay = (uint8_t)((shape >> 2) % 3),
                         .finish = (shape & 16) != 0,
                         .watch = (shape & 32) != 0,
                         .recursions = (shape & 64) ? 3 : 0};
  /* What the script changed: the message that came last, which need not be this one. */
  sip_str changed = sip_str_make(w->came, strlen(w->came));
  if (shape & 128 && sip_message_parse(w->message, changed, &wide) == 0) {
    wish.message = w->message;
  }
  sip_engine_proxy(w->engine, w->now, request, &wish);
}

static void forward_once(world *w, input *in, sip_id request) {
  sip_flow flow;
  sip_proxy_target target;
  fill_target(w, in, &flow, &target);
  sip_engine_proxy_stateless(w->engine, w->now, request, &target, &(sip_proxy_wish){0});
}

/* No 2xx: who accepts is a user agent. */
static int own_status(uint8_t byte) {
  static const int statuses[] = {100, 180, 302, 404, 480, 486, 503, 603};
  return statuses[byte & 7];
}

/* What it asks before it decides. */
static void look(world *w, sip_id request, bool aimed) {
  written lines;
  written_init(&lines);
  int status = sip_engine_proxy_check(w->engine, request, aimed, &lines.buffer);
  HOLDS(status <= 0 || (status >= 400 && status < 500));
  sip_engine_proxy_is_routed(w->engine, request);
  HOLDS(sip_engine_proxy_uri(w->engine, request, 1).len < PEER_TEXT);
  written_deinit(&lines);
}

static void step(world *w, input *in) {
  uint8_t which = next_byte(in);
  sip_id request = w->requests[(which >> 4) % IDS];
  switch (which & 15) {
  case 0:
    w->now += (sip_time)next_byte(in) * 100;
    sip_engine_advance(w->engine, w->now);
    break;
  case 1:
    w->came_by = flow_from(w, "10.0.0.9", which >> 4);
    receive_exact(w->engine, w->now, &w->came_by, next_text(in));
    break;
  case 2:
  case 3:
    receive_request(w, in);
    break;
  case 4:
  case 5:
    receive_response(w, in);
    break;
  case 6:
  case 7:
    forward(w, in, request);
    break;
  case 8:
    forward_once(w, in, request);
    break;
  case 9:
    sip_engine_proxy_finish(w->engine, w->now, request, NULL);
    break;
  case 10:
    sip_engine_proxy_cancel(w->engine, w->now, request, next_byte(in) & 3, (sip_str){0});
    break;
  case 11:
    answer(w, request, own_status(next_byte(in)));
    break;
  case 12:
    sip_engine_connection_lost(w->engine, w->now, 1 + which % 3, -1);
    break;
  case 13:
    sip_engine_set_node(w->engine, w->now, SIP_STR("b"), SIP_STR("10.0.0.2:5060"), which & 16);
    sip_engine_handle_strays(w->engine, which & 32);
    break;
  case 14:
    sip_engine_proxy_watch(w->engine, request);
    look(w, request, which & 16);
    break;
  default:
    w->memory.left = next_byte(in);
    break;
  }
  drain(w);
}

/* --- A world ------------------------------------------------------------------------------- */

static void settle(world *w) {
  w->memory.left = 0;
  for (int i = 0; i < IDS; i++) keep(w, 0);
  drain(w);
  sip_time until = w->now + QUIET_MS, next;
  while ((next = sip_engine_deadline(w->engine)) <= until) {
    w->now = next;
    sip_engine_advance(w->engine, next);
    drain(w);
    for (int i = 0; i < IDS; i++) keep(w, 0);
    drain(w);
  }
  sip_engine_counts counts;
  sip_engine_get_counts(w->engine, &counts);
  HOLDS(counts.client_transactions == 0 && counts.server_transactions == 0);
  HOLDS(counts.timers == 0 && counts.dialogs == 0);
}

static bool begin(world *w) {
  const sip_engine_config config = {.alloc = allocate,
                                    .alloc_context = &w->memory,
                                    .seed = 1,
                                    .max_transactions = TRANSACTIONS,
                                    .owner = SIP_STR("a"),
                                    .secret = SIP_STR("sixteen characters")};
  w->engine = sip_engine_new(&config);
  sip_alloc_init(&w->alloc, NULL, NULL);
  w->message = sip_message_new(&w->alloc, &wide);
  if (!w->engine || !w->message) return false;
  sip_listener udp = {.transport = SIP_TRANSPORT_UDP}, tcp = {.transport = SIP_TRANSPORT_TCP};
  sip_sockaddr_parse(SIP_STR("10.0.0.1"), 5060, &w->own);
  udp.local = tcp.local = w->own;
  const sip_str domains[] = {SIP_STR("example.com")};
  return sip_engine_add_listener(w->engine, &udp, &w->udp) == 0 &&
         sip_engine_add_listener(w->engine, &tcp, &w->tcp) == 0 &&
         sip_engine_set_domains(w->engine, domains, 1) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input in = {data, size};
  world w = {0};
  if (begin(&w)) {
    uint8_t shape = next_byte(&in);
    sip_engine_handle_all(w.engine, true);
    sip_engine_handle_routed(w.engine, SIP_METHOD_BYE, shape & 1);
    for (int i = 0; i < STEPS_MAX && in.left > 0; i++) step(&w, &in);
    settle(&w);
  }
  sip_engine_free(w.engine);
  sip_message_free(&w.alloc, w.message);
  HOLDS(w.alloc.live_bytes == 0);
  return 0;
}
