/* SPDX-License-Identifier: MIT
 *
 * A dialog's identity, its birth on either side (RFC 3261 12.1), and its end.
 */
#include "sip/dialog.h"

#include <string.h>

#include "base/error.h"
#include "sip/client.h"
#include "sip/forward.h"
#include "sip/name_addr.h"
#include "sip/reliable.h"
#include "sip/session_timer.h"
#include "sip/subscription_usage.h"

#define REASON_EXPIRED "Reason: SIP;cause=408;text=\"Session expired\"\r\n"

static uint64_t key_hash(const sip_engine *engine, sip_str call_id, sip_str local, sip_str remote) {
  return sip_hash(engine->key, call_id) + 31 * sip_hash(engine->key, local) +
         1023 * sip_hash(engine->key, remote);
}

static sip_dialog *match(sip_engine *engine, sip_str call_id, sip_str local, sip_str remote) {
  sip_map_node *node = sip_map_find(&engine->by_dialog, key_hash(engine, call_id, local, remote));
  for (; node; node = sip_map_find_next(node)) {
    sip_dialog *dialog = SIP_CONTAINER(node, sip_dialog, by_key);
    if (sip_str_equal(dialog->call_id, call_id) && sip_str_equal(dialog->local_tag, local) &&
        sip_str_equal(dialog->remote_tag, remote)) {
      return dialog;
    }
  }
  return NULL;
}

sip_dialog *sip_dialog_find(sip_engine *engine, sip_id id) {
  return sip_slots_find(&engine->dialogs, id);
}

sip_dialog *sip_dialog_match_request(sip_engine *engine, const sip_message *request) {
  return match(engine, sip_message_span(request, request->call_id),
               sip_message_span(request, request->to_tag),
               sip_message_span(request, request->from_tag));
}

sip_dialog *sip_dialog_match_response(sip_engine *engine, const sip_message *response) {
  return match(engine, sip_message_span(response, response->call_id),
               sip_message_span(response, response->from_tag),
               sip_message_span(response, response->to_tag));
}

/* Headers that are not there change nothing: not every message has them. */
void sip_dialog_learn(sip_dialog *dialog, const sip_message *message) {
  if (sip_message_find(message, SIP_HEADER_ALLOW, 0)) {
    dialog->peer_updates = sip_message_has_token(message, SIP_HEADER_ALLOW, SIP_STR("UPDATE"));
  }
  if (sip_message_find(message, SIP_HEADER_SUPPORTED, 0)) {
    dialog->peer_renames =
        sip_message_has_token(message, SIP_HEADER_SUPPORTED, SIP_STR("from-change"));
    dialog->peer_tdialog = sip_message_has_token(message, SIP_HEADER_SUPPORTED, SIP_STR("tdialog"));
  }
}

/* What a new dialog is made from, either side. */
typedef struct birth {
  const sip_message *message;
  sip_str local_tag, remote_tag;
  sip_str local_value, remote_value; /* of From and To */
  bool reverse_routes;               /* 12.1.2 */
  sip_method method;
} birth;

/* A From or To value without its parameters. */
static sip_str without_params(sip_str value) {
  sip_name_addr address;
  if (sip_name_addr_parse(value, &address) != 0 || address.params.len == 0) return value;
  return sip_str_trim(sip_str_between(value.ptr, address.params.ptr));
}

static sip_str put(char **at, sip_str text) {
  if (text.len) memcpy(*at, text.ptr, text.len);
  sip_str kept = {*at, text.len};
  *at += text.len;
  return kept;
}

/* A fold means a space (25.1); what we send from this text goes out on one line,
 * since not every peer knows folds. */
static void flatten(char *text, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (text[i] == '\r' || text[i] == '\n') text[i] = ' ';
  }
}

typedef struct identity {
  sip_str call_id, local_tag, remote_tag, local_uri, remote_uri;
} identity;

/* In place of the block that was there, from which the strings may be. */
static bool copy_strings(sip_engine *engine, sip_dialog *dialog, const identity *from) {
  size_t size = from->call_id.len + from->local_tag.len + from->remote_tag.len +
                from->local_uri.len + from->remote_uri.len + 1;
  char *text = sip_alloc_new(&engine->alloc, size), *at = text;
  if (!text) return false;
  dialog->call_id = put(&at, from->call_id);
  dialog->local_tag = put(&at, from->local_tag);
  dialog->remote_tag = put(&at, from->remote_tag);
  dialog->local_uri = put(&at, from->local_uri);
  dialog->remote_uri = put(&at, from->remote_uri);
  flatten(text, size - 1);
  sip_alloc_free(&engine->alloc, dialog->text, dialog->text_size);
  dialog->text = text;
  dialog->text_size = size;
  return true;
}

static bool copy_identity(sip_engine *engine, sip_dialog *dialog, const birth *b) {
  identity from = {.call_id = sip_message_span(b->message, b->message->call_id),
                   .local_tag = b->local_tag,
                   .remote_tag = b->remote_tag,
                   .local_uri = without_params(b->local_value),
                   .remote_uri = without_params(b->remote_value)};
  return copy_strings(engine, dialog, &from);
}

/* The URI of a From or To value, or the text where that cannot be read. */
static sip_str uri_of(sip_str value) {
  sip_name_addr address;
  return sip_name_addr_parse(value, &address) == 0 ? address.uri.text : value;
}

static bool rename_to(sip_engine *engine, sip_dialog *dialog, sip_str value, bool is_local) {
  identity changed = {dialog->call_id, dialog->local_tag, dialog->remote_tag, dialog->local_uri,
                      dialog->remote_uri};
  sip_str *which = is_local ? &changed.local_uri : &changed.remote_uri;
  if (sip_str_equal(uri_of(*which), uri_of(value))) return false;
  *which = without_params(value);
  /* by_key's hash is of the tags and the Call-ID, which stay. */
  return copy_strings(engine, dialog, &changed);
}

static sip_str from_of(const sip_message *request) {
  return sip_message_value(request, &request->headers[request->from]);
}

bool sip_dialog_rename_remote(sip_engine *engine, sip_dialog *dialog, const sip_message *request) {
  return rename_to(engine, dialog, from_of(request), false);
}

bool sip_dialog_rename_local(sip_engine *engine, sip_dialog *dialog, const sip_message *request) {
  return rename_to(engine, dialog, from_of(request), true);
}

/* Record-Route as a Route value: in order for a UAS, reversed for a UAC (12.1). */
static bool copy_routes(sip_engine *engine, sip_dialog *dialog, const sip_message *m,
                        bool reverse) {
  sip_packet_release(dialog->routes);
  dialog->routes = NULL;
  sip_value_cursor cursor = {0};
  sip_str value;
  size_t len = 0;
  while (sip_message_next_value(m, SIP_HEADER_RECORD_ROUTE, &cursor, &value)) len += value.len + 2;
  if (len == 0) return true;
  len -= 2;
  dialog->routes = sip_packet_new(&engine->alloc, len);
  if (!dialog->routes) return false;
  char *start = dialog->routes->bytes, *front = start, *back = start + len;
  cursor = (sip_value_cursor){0};
  while (sip_message_next_value(m, SIP_HEADER_RECORD_ROUTE, &cursor, &value)) {
    char *at = reverse ? (back -= value.len) : front;
    memcpy(at, value.ptr, value.len);
    front += value.len;
    if (reverse && back > start) memcpy(back -= 2, ", ", 2);
    if (!reverse && front < start + len) front = (char *)memcpy(front, ", ", 2) + 2;
  }
  flatten(start, len);
  return true;
}

static sip_str contact_uri(const sip_message *m) {
  sip_value_cursor cursor = {0};
  sip_str value;
  sip_name_addr address;
  if (!sip_message_next_value(m, SIP_HEADER_CONTACT, &cursor, &value) ||
      sip_name_addr_parse(value, &address) != 0 || address.star) {
    return (sip_str){0};
  }
  return address.uri.text;
}

/* A peer of RFC 2543, whose From has no tag, may leave Contact out and mean From. */
sip_str sip_dialog_target_of(const sip_message *request) {
  sip_str uri = contact_uri(request);
  if (uri.len > 0 || request->from_tag.len > 0) return uri;
  sip_name_addr from;
  sip_str value = sip_message_value(request, &request->headers[request->from]);
  return sip_name_addr_parse(value, &from) == 0 ? from.uri.text : (sip_str){0};
}

void sip_dialog_refresh_target(sip_engine *engine, sip_dialog *dialog, const sip_message *message) {
  sip_str uri = contact_uri(message);
  if (uri.len == 0 || sip_str_equal(uri, sip_packet_str(dialog->target))) return;
  sip_packet *target = sip_packet_copy(&engine->alloc, uri);
  if (!target) return;
  sip_packet_release(dialog->target);
  dialog->target = target;
}

/* Later requests go to the Contact, and not back to a proxy that left no Record-Route (12.2.1.1).
 * Only when nobody stands between is the connection that was used a way to it. */
void sip_dialog_heard_by(sip_dialog *dialog, const sip_message *request, const sip_flow *flow) {
  bool is_direct = flow->connection != 0 && !sip_forward_has_more_vias(request);
  dialog->flow = is_direct ? *flow : (sip_flow){0};
}

/* The same of who answered: the user said which connection leads there, or it leads to where
 * the Contact says. */
static bool is_adjacent(const sip_message *invite, const sip_transaction *t, sip_str target,
                        const sip_flow *flow) {
  if (flow->connection == 0 || sip_message_find(invite, SIP_HEADER_ROUTE, 0)) return false;
  if (t->flags & SIP_TRANSACTION_BY_FLOW) return true;
  sip_uri uri;
  sip_sockaddr address;
  return sip_uri_parse(target, &uri, NULL) == 0 &&
         sip_sockaddr_parse(uri.host, sip_uri_port(&uri), &address) &&
         sip_sockaddr_equal(&address, &flow->remote);
}

static sip_dialog *dialog_new(sip_engine *engine, const birth *b, sip_str target) {
  if (engine->dialogs.count >= engine->config.max_dialogs) return NULL;
  sip_dialog *dialog = sip_alloc_zero(&engine->alloc, sizeof *dialog);
  if (!dialog) return NULL;
  sip_timer_init(&dialog->retransmit);
  sip_timer_init(&dialog->timeout);
  dialog->retransmit.tag = SIP_TIMER_OF_DIALOG_1;
  dialog->timeout.tag = SIP_TIMER_OF_DIALOG_2;
  sip_timer_init(&dialog->session.timer);
  dialog->session.timer.tag = SIP_TIMER_OF_SESSION;
  sip_link_init(&dialog->siblings);
  sip_link_init(&dialog->subscriptions);
  dialog->by_invite = b->method == SIP_METHOD_INVITE;
  dialog->target = sip_packet_copy(&engine->alloc, target);
  bool made = dialog->target && copy_identity(engine, dialog, b) &&
              copy_routes(engine, dialog, b->message, b->reverse_routes);
  if (made) dialog->id = sip_slots_add(&engine->dialogs, dialog);
  if (dialog->id == 0) {
    sip_dialog_free(engine, dialog);
    return NULL;
  }
  sip_map_add(&engine->by_dialog, &dialog->by_key,
              key_hash(engine, dialog->call_id, dialog->local_tag, dialog->remote_tag));
  return dialog;
}

int sip_dialog_open_uas(sip_engine *engine, sip_transaction *t, const sip_message *request,
                        sip_str local_tag) {
  sip_str target = sip_dialog_target_of(request);
  if (target.len == 0) return SIP_E_HEADER;
  birth b = {
      .message = request,
      .local_tag = local_tag,
      .remote_tag = sip_message_span(request, request->from_tag),
      .local_value = sip_message_value(request, &request->headers[request->to]),
      .remote_value = sip_message_value(request, &request->headers[request->from]),
      .method = (sip_method)t->method,
  };
  if (engine->dialogs.count >= engine->config.max_dialogs) return SIP_E_LIMIT;
  sip_dialog *dialog = dialog_new(engine, &b, target);
  if (!dialog) return SIP_E_MEMORY;
  dialog->is_uas = true;
  sip_dialog_heard_by(dialog, request, &t->server.request->flow);
  dialog->remote_cseq = request->cseq;
  dialog->has_remote_cseq = true;
  dialog->local_cseq = 0; /* empty until our first request (12.1.1) */
  sip_uri uri;
  dialog->secure = sip_message_request_uri(request, &uri) == 0 && uri.scheme == SIP_SCHEME_SIPS;
  if (dialog->by_invite) dialog->invite_server = dialog->last_invite = t->id;
  dialog->last_invite_cseq = request->cseq;
  sip_dialog_learn(dialog, request);
  t->dialog = dialog->id;
  return 0;
}

static void take_contact(sip_engine *engine, sip_dialog *dialog, const sip_message *m) {
  sip_str uri = contact_uri(m);
  sip_packet *kept = uri.len ? sip_packet_copy(&engine->alloc, uri) : NULL;
  if (!kept) return;
  sip_packet_release(dialog->contact);
  dialog->contact = kept;
}

void sip_dialog_keep_contact(sip_engine *engine, sip_dialog *dialog, const sip_packet *packet) {
  sip_message *m = engine->own;
  if (sip_message_parse(m, sip_packet_str(packet), &engine->config.limits) == 0) {
    take_contact(engine, dialog, m);
  }
}

sip_dialog *sip_dialog_open_uac(sip_engine *engine, sip_transaction *t, const sip_message *response,
                                const sip_flow *flow) {
  sip_str target = contact_uri(response);
  if (sip_message_parse(engine->own, sip_packet_str(t->packet), &engine->config.limits) != 0) {
    return NULL;
  }
  if (target.len == 0) target = sip_message_span(engine->own, engine->own->uri_text);
  birth b = {
      .message = response,
      .local_tag = sip_message_span(response, response->from_tag),
      .remote_tag = sip_message_span(response, response->to_tag),
      .local_value = sip_message_value(response, &response->headers[response->from]),
      .remote_value = sip_message_value(response, &response->headers[response->to]),
      .reverse_routes = true,
      .method = (sip_method)t->method,
  };
  sip_dialog *dialog = dialog_new(engine, &b, target);
  if (!dialog) return NULL;
  if (is_adjacent(engine->own, t, target, flow)) dialog->flow = *flow;
  dialog->local_cseq = response->cseq;
  sip_dialog_learn(dialog, response);
  sip_uri uri;
  dialog->secure = sip_message_request_uri(engine->own, &uri) == 0 && uri.scheme == SIP_SCHEME_SIPS;
  if (!(t->flags & SIP_TRANSACTION_CONTACT)) take_contact(engine, dialog, engine->own);
  if (dialog->by_invite) {
    dialog->invite_client = t->id;
    dialog->made_by = t->id;
    sip_link_append(&t->client.dialogs, &dialog->siblings);
  }
  return dialog;
}

void sip_dialog_confirm_uac(sip_engine *engine, sip_dialog *dialog, const sip_message *response) {
  bool was_early = dialog->state == SIP_DIALOG_EARLY;
  dialog->invite_client = 0;
  dialog->accepted_cseq = response->cseq;
  sip_packet_release(dialog->ack);
  dialog->ack = NULL;
  sip_dialog_refresh_target(engine, dialog, response);
  if (!was_early) return;
  dialog->state = SIP_DIALOG_CONFIRMED;
  copy_routes(engine, dialog, response, true); /* recomputed from the 2xx (13.2.2.4) */
}

/* A copy of the 2xx that comes later must not make the dialog again. */
static void leave_mark(sip_engine *engine, const sip_dialog *dialog) {
  sip_transaction *t = sip_slots_find(&engine->transactions, dialog->made_by);
  if (t) t->client.ended = sip_hash(engine->key, dialog->remote_tag);
}

/* Who comes to replace it hears that it is over, and nobody's phone rings (RFC 3891 3). */
static void remember(sip_engine *engine, const sip_dialog *dialog) {
  if (!dialog->by_invite || !dialog->id) return;
  engine->ended_dialogs[engine->ended_next] =
      key_hash(engine, dialog->call_id, dialog->local_tag, dialog->remote_tag);
  engine->ended_next = (engine->ended_next + 1) % SIP_ENDED_DIALOGS;
}

void sip_dialog_free(sip_engine *engine, sip_dialog *dialog) {
  if (dialog->made_by) leave_mark(engine, dialog);
  remember(engine, dialog);
  sip_timer_stop(&engine->wheel, &dialog->retransmit);
  sip_timer_stop(&engine->wheel, &dialog->timeout);
  sip_session_stop(engine, dialog);
  sip_link_remove(&dialog->siblings);
  sip_subscription_end_all(engine, dialog, SIP_E_GONE);
  if (dialog->id) {
    sip_map_remove(&engine->by_dialog, &dialog->by_key);
    sip_slots_remove(&engine->dialogs, dialog->id);
  }
  sip_packet_release(dialog->ok);
  sip_packet_release(dialog->ack);
  sip_packet_release(dialog->target);
  sip_packet_release(dialog->contact);
  sip_packet_release(dialog->routes);
  sip_alloc_free(&engine->alloc, dialog->text, dialog->text_size);
  sip_alloc_free(&engine->alloc, dialog, sizeof *dialog);
}

/* The INVITE's usage is over. True when the dialog goes on for its subscriptions: a BYE ends
 * none of them (RFC 5057 2, RFC 6665 4.5.2). */
static bool goes_on(sip_engine *engine, sip_dialog *dialog) {
  bool confirmed = dialog->by_invite && dialog->state != SIP_DIALOG_EARLY;
  if (!confirmed || sip_link_alone(&dialog->subscriptions)) return false;
  sip_timer_stop(&engine->wheel, &dialog->retransmit);
  sip_timer_stop(&engine->wheel, &dialog->timeout);
  sip_session_stop(engine, dialog);
  sip_packet_release(dialog->ok);
  dialog->ok = NULL;
  remember(engine, dialog);
  dialog->by_invite = false;
  dialog->by_usages = true;
  dialog->state = SIP_DIALOG_CONFIRMED;
  return true;
}

void sip_dialog_end(sip_engine *engine, sip_dialog *dialog, int code, sip_kept *kept) {
  if (kept) kept->references++;
  sip_event event = {.kind = SIP_EVENT_DIALOG_END, .dialog = dialog->id, .code = code};
  if (kept) event.flow = kept->flow;
  if (!goes_on(engine, dialog)) sip_dialog_free(engine, dialog);
  sip_engine_push_event(engine, &event, kept);
}

void sip_dialog_end_all(sip_engine *engine, sip_dialog *dialog, int code) {
  sip_subscription_end_all(engine, dialog, code);
  sip_dialog_end(engine, dialog, code, NULL);
}

void sip_dialog_end_with_bye(sip_engine *engine, sip_dialog *dialog, int code) {
  if (dialog->by_invite && dialog->state == SIP_DIALOG_CONFIRMED) {
    sip_request bye = {.method = SIP_STR("BYE"), .orphan = true};
    if (code == SIP_E_EXPIRED) bye.headers = SIP_STR(REASON_EXPIRED);
    sip_id ignored;
    sip_client_open(engine, &bye, dialog, &ignored);
  }
  sip_dialog_end(engine, dialog, code, NULL);
}

bool sip_method_refreshes_target(sip_method method) {
  return method == SIP_METHOD_INVITE || method == SIP_METHOD_UPDATE ||
         method == SIP_METHOD_SUBSCRIBE || method == SIP_METHOD_NOTIFY ||
         method == SIP_METHOD_REFER;
}

bool sip_dialog_is_fatal(int status) {
  switch (status) {
  case 404:
  case 408:
  case 410:
  case 416:
  case 480:
  case 481:
  case 482:
  case 483:
  case 484:
  case 485:
  case 502:
  case 604:
    return true;
  default:
    return false;
  }
}

int sip_engine_dialog_info(const sip_engine *engine, sip_id id, sip_dialog_info *out) {
  const sip_dialog *dialog = sip_slots_find(&engine->dialogs, id);
  if (!dialog) return SIP_E_GONE;
  *out = (sip_dialog_info){
      .state = (sip_dialog_state)dialog->state,
      .is_uas = dialog->is_uas,
      .secure = dialog->secure,
      .by_usages = dialog->by_usages,
      .owes_ack = dialog->accepted_cseq != 0 && !dialog->ack,
      .peer_updates = dialog->peer_updates,
      .peer_renames = dialog->peer_renames,
      .peer_tdialog = dialog->peer_tdialog,
      .session_s = sip_timer_started(&dialog->session.timer) ? dialog->session.interval_s : 0,
      .session_is_ours = dialog->session.is_ours,
      .session_ends_at = dialog->session.ends_at,
      .call_id = dialog->call_id,
      .local_tag = dialog->local_tag,
      .remote_tag = dialog->remote_tag,
      .local_uri = dialog->local_uri,
      .remote_uri = dialog->remote_uri,
      .target = sip_packet_str(dialog->target),
      .routes = dialog->routes ? sip_packet_str(dialog->routes) : (sip_str){0},
      .local_cseq = dialog->local_cseq,
      .remote_cseq = dialog->remote_cseq,
  };
  return 0;
}

sip_id sip_engine_dialog_find(sip_engine *engine, sip_str call_id, sip_str local_tag,
                              sip_str remote_tag) {
  const sip_dialog *dialog = match(engine, call_id, local_tag, remote_tag);
  return dialog ? dialog->id : 0;
}

bool sip_engine_dialog_ended(const sip_engine *engine, sip_str call_id, sip_str local_tag,
                             sip_str remote_tag) {
  uint64_t hash = key_hash(engine, call_id, local_tag, remote_tag);
  for (size_t i = 0; i < SIP_ENDED_DIALOGS; i++) {
    if (engine->ended_dialogs[i] == hash) return true;
  }
  return false;
}

bool sip_engine_awaits_ack(const sip_engine *engine, sip_id id) {
  const sip_dialog *dialog = sip_slots_find(&engine->dialogs, id);
  if (!dialog) return false;
  const sip_transaction *invite = sip_slots_find(&engine->transactions, dialog->invite_server);
  return dialog->ok || (invite && sip_reliable_holds_success(invite));
}

void sip_engine_dialog_drop(sip_engine *engine, sip_time now, sip_id id) {
  engine->now = now;
  sip_dialog *dialog = sip_dialog_find(engine, id);
  if (dialog && !goes_on(engine, dialog)) sip_dialog_free(engine, dialog);
}
