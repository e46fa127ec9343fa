/* SPDX-License-Identifier: MIT
 *
 * Requests inside dialogs that went through here: they follow their routes without a
 * script (RFC 3261 16.4, 16.12), unless it asked for them.
 */
#include "base/error.h"
#include "sip/dialog.h"
#include "sip/proxy.h"
#include "sip/server.h"

void sip_engine_handle_routed(sip_engine *engine, sip_method method, bool handled) {
  uint32_t bit = (uint32_t)1 << method;
  engine->routed = handled ? engine->routed | bit : engine->routed & ~bit;
}

static bool is_wanted(const sip_engine *engine, const sip_message *m) {
  return engine->routed >> m->method & 1;
}

/* An ACK has no transaction: it goes on at once, and who asked is told. */
static void pass_ack(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  if (m->max_forwards == 0) return; /* never answered (17) */
  sip_proxy_send_once(engine, m, flow, &(sip_proxy_target){0}, SIP_STAY_NONE);
  if (!is_wanted(engine, m)) return;
  sip_kept *kept = sip_kept_new(engine, m, flow);
  if (!kept) return;
  sip_event event = {.kind = SIP_EVENT_ROUTED, .flow = *flow};
  sip_engine_push_event(engine, &event, kept);
}

/* A target refresh request takes a Record-Route along, for an end that has lost its dialog
 * (16.6 item 4). */
static sip_stay stay_of(const sip_message *m) {
  bool refreshes = sip_method_refreshes_target((sip_method)m->method);
  return refreshes ? SIP_STAY_RECORD_ROUTE : SIP_STAY_NONE;
}

typedef struct passing {
  const sip_proxy_target *target;
  sip_stay stay;
} passing;

static int start(sip_engine *engine, sip_transaction *server, sip_kept *kept, const passing *p) {
  sip_proxy *proxy;
  int error = sip_proxy_open(engine, server, kept, &proxy);
  if (error) return error;
  proxy->stay = (uint8_t)p->stay;
  error = sip_proxy_add(engine, proxy, p->target, NULL);
  if (error) return error;
  sip_proxy_enter(proxy);
  proxy->started = true;
  sip_proxy_leave(engine, proxy);
  return 0;
}

/* Without memory for it the next copy of the request may have more luck. */
static void open(sip_engine *engine, const sip_message *m, const sip_flow *flow, const passing *p) {
  sip_transaction *server;
  sip_kept *kept = sip_kept_new(engine, m, flow);
  if (!kept) return;
  int error = sip_server_open(engine, kept, flow, &server);
  if (!error && start(engine, server, kept, p) != 0) sip_transaction_free(engine, server);
  if (error == SIP_E_LIMIT) {
    sip_server_reject(engine, m, flow, 503, (sip_str){0}, SIP_STR("Retry-After: 1\r\n"));
  }
  sip_kept_release(engine, kept);
}

static bool is_refused(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  sip_buffer *lines = &engine->lines;
  sip_buffer_clear(lines);
  int status = sip_proxy_check(engine, m, lines);
  if (status) sip_server_reject(engine, m, flow, status, (sip_str){0}, sip_buffer_str(lines));
  return status != 0;
}

void sip_proxy_pass(sip_engine *engine, const sip_message *m, const sip_flow *flow,
                    const sip_proxy_target *target, sip_stay stay) {
  if (is_refused(engine, m, flow)) return;
  open(engine, m, flow, &(passing){.target = target, .stay = stay});
}

void sip_engine_handle_gruus(sip_engine *engine, bool handled) {
  engine->handle_gruus = handled;
}

/* No Route is left, nor a flow that would lead there, and a domain of ours knows who it is. */
static bool is_for_gruu(const sip_engine *engine, const sip_routing *routing,
                        const sip_flow *flow) {
  sip_uri uri;
  sip_str gr;
  return engine->handle_gruus && sip_routing_left(routing) == 0 &&
         routing->token.flow.transport == SIP_TRANSPORT_NONE &&
         sip_uri_parse(routing->uri, &uri, NULL) == 0 && sip_uri_param(&uri, SIP_STR("gr"), &gr) &&
         sip_engine_is_own(engine, &uri, flow);
}

static void hand_up_gruu(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  if (engine->events.count >= engine->config.max_events)
    return; /* the next copy may come through */
  sip_event event = {.kind = SIP_EVENT_ROUTED, .flow = *flow, .code = 1};
  sip_kept *kept = sip_kept_new(engine, m, flow);
  if (!kept) return;
  if (m->method != SIP_METHOD_ACK) {
    sip_transaction *server;
    if (sip_server_open(engine, kept, flow, &server) != 0) {
      sip_kept_release(engine, kept);
      return;
    }
    event.transaction = server->id;
  }
  sip_engine_push_event(engine, &event, kept);
}

bool sip_proxy_route_gruu(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  if (!engine->handle_gruus) return false;
  sip_routing routing;
  sip_routing_read(engine, m, flow, &routing);
  if (!is_for_gruu(engine, &routing, flow)) return false;
  if (m->method == SIP_METHOD_ACK || !is_refused(engine, m, flow)) hand_up_gruu(engine, m, flow);
  return true;
}

bool sip_proxy_route(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  sip_routing routing;
  sip_routing_read(engine, m, flow, &routing);
  /* A flow that was registered through here takes all that is for it (RFC 5626 5.3); another
   * Path opens no dialog's door. */
  if (routing.token.kind != SIP_ROUTE_DIALOG && !routing.token.has_ob) return false;
  if (is_for_gruu(engine, &routing, flow)) return sip_proxy_route_gruu(engine, m, flow);
  if (m->method == SIP_METHOD_ACK) {
    pass_ack(engine, m, flow);
    return true;
  }
  if (is_refused(engine, m, flow)) return true;
  if (is_wanted(engine, m)) {
    sip_engine_deliver(engine, flow, NULL);
  } else {
    sip_proxy_target none = {0};
    open(engine, m, flow, &(passing){.target = &none, .stay = stay_of(m)});
  }
  return true;
}
