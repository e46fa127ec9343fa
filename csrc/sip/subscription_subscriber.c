/* SPDX-License-Identifier: MIT
 *
 * The subscriber's role (RFC 6665 4.1): NOTIFYs find whoever asked for them, make its dialog
 * (4.4.1) or those of its forks (4.1.4), and are answered; refreshes go out in time.
 */
#include "base/error.h"
#include "sip/server.h"
#include "sip/subscription_state.h"
#include "sip/subscription_usage.h"

/* A refresh goes out while there is still time for its transaction to fail and be told of. */
enum { REFRESH_MARGIN_MS = 40000 };

static uint64_t request_hash(const sip_engine *engine, sip_str call_id, sip_str tag) {
  return sip_hash(engine->key, call_id) + 31 * sip_hash(engine->key, tag);
}

/* --- Asking ----------------------------------------------------------------------------- */

static sip_packet *copy(sip_engine *engine, sip_str text) {
  return sip_packet_copy(&engine->alloc, text);
}

static void start_timer_n(sip_engine *engine, sip_subscription *s) {
  s->subscriber.awaits_notify = true;
  sip_timer_start(&engine->wheel, &s->pace, engine->now + sip_engine_timer_64t1(engine));
}

int sip_engine_watch(sip_engine *engine, sip_time now, const sip_watch *watch, sip_id *out) {
  engine->now = now;
  sip_event_package event;
  if (sip_str_has_line_break(watch->event) || sip_event_package_parse(watch->event, &event) != 0) {
    return SIP_E_HEADER;
  }
  sip_dialog *dialog = sip_dialog_find(engine, watch->dialog);
  if (watch->dialog && !dialog) return SIP_E_GONE;
  if (engine->subscriptions.count >= engine->config.max_subscriptions ||
      sip_subscription_is_full(dialog)) {
    return SIP_E_LIMIT;
  }
  sip_subscription *s = sip_subscription_new(engine, SIP_SUBSCRIBER, copy(engine, watch->event));
  if (!s) return SIP_E_MEMORY;
  s->subscriber.call_id = copy(engine, watch->call_id);
  s->subscriber.from_tag = copy(engine, watch->from_tag);
  s->subscriber.headers = copy(engine, watch->headers);
  s->subscriber.origin = s->id;
  s->subscriber.expires_s = watch->expires_s;
  s->subscriber.is_refer = sip_str_equal(event.type, SIP_STR("refer"));
  if (!s->subscriber.call_id || !s->subscriber.from_tag || !s->subscriber.headers) {
    sip_subscription_free(engine, s);
    return SIP_E_MEMORY;
  }
  if (dialog) {
    sip_subscription_join(s, dialog);
  } else {
    sip_map_add(&engine->by_subscribe, &s->subscriber.by_request,
                request_hash(engine, watch->call_id, watch->from_tag));
  }
  start_timer_n(engine, s);
  *out = s->id;
  return 0;
}

void sip_subscriber_sent(sip_engine *engine, const sip_transaction *t, uint32_t cseq) {
  sip_subscription *s = sip_subscription_find(engine, t->client.subscription);
  if (!s || s->role != SIP_SUBSCRIBER || t->flags & SIP_TRANSACTION_ORPHAN) return;
  s->subscriber.cseq = cseq;
  if (s->state == SIP_USAGE_NOTIFY_WAIT) start_timer_n(engine, s);
}

static sip_str subscribe_lines(sip_engine *engine, const sip_subscription *s, uint32_t expires) {
  sip_buffer *out = &engine->usage_lines;
  sip_buffer_clear(out);
  SIP_BUFFER_ADD(out, "Event: ");
  sip_buffer_add(out, sip_packet_str(s->event));
  SIP_BUFFER_ADD(out, "\r\nExpires: ");
  sip_buffer_add_number(out, expires);
  SIP_BUFFER_ADD(out, "\r\n");
  sip_buffer_add(out, sip_packet_str(s->subscriber.headers));
  sip_buffer_add(out, sip_buffer_str(&engine->proof));
  return sip_buffer_str(out);
}

void sip_subscriber_send(sip_engine *engine, sip_subscription *s) {
  if (s->in_flight) {
    s->owes = true;
    return;
  }
  sip_dialog *dialog = sip_dialog_find(engine, s->dialog);
  if (dialog && s->subscriber.cseq > dialog->local_cseq) dialog->local_cseq = s->subscriber.cseq;
  uint32_t expires = s->state == SIP_USAGE_ENDING ? 0 : s->subscriber.expires_s;
  sip_request subscribe = {.method = SIP_STR("SUBSCRIBE"),
                           .headers = subscribe_lines(engine, s, expires)};
  start_timer_n(engine, s); /* 4.1.2.2 */
  sip_subscription_request(engine, s, &subscribe);
}

/* It lasts so long from now; the next refresh is well before that. A REFER's is its
 * notifier's affair (RFC 3515 2.4.4). */
static void set_life(sip_engine *engine, sip_subscription *s, uint32_t seconds) {
  sip_subscription_set_end(engine, s, seconds);
  sip_time left = s->ends_at - engine->now;
  sip_time early = left / 2 < REFRESH_MARGIN_MS ? left / 2 : REFRESH_MARGIN_MS;
  s->subscriber.is_refreshing = !s->subscriber.is_refer && s->state != SIP_USAGE_ENDING;
  sip_timer_start(&engine->wheel, &s->expiry,
                  s->subscriber.is_refreshing ? s->ends_at - early : s->ends_at);
}

void sip_subscriber_accepted(sip_engine *engine, sip_subscription *s, const sip_message *response) {
  uint32_t seconds;
  if (s->role != SIP_SUBSCRIBER || s->state == SIP_USAGE_ENDING) return;
  if (response->status == 204) s->subscriber.awaits_notify = false; /* RFC 5839 */
  if (s->subscriber.is_refer) return;
  if (!sip_subscription_expires(response, &seconds)) seconds = s->subscriber.expires_s;
  if (seconds) set_life(engine, s, seconds);
}

int sip_engine_unsubscribe(sip_engine *engine, sip_time now, sip_id id) {
  engine->now = now;
  sip_subscription *s = sip_subscription_find(engine, id);
  if (!s || s->role != SIP_SUBSCRIBER) return SIP_E_GONE;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  if (s->state == SIP_USAGE_NOTIFY_WAIT) {
    sip_subscription_free(engine, s);
    return 0;
  }
  sip_timer_stop(&engine->wheel, &s->expiry);
  sip_subscription_drive(engine, s, SIP_USAGE_ON_LEAVE, 0);
  return 0;
}

int sip_engine_resubscribe(sip_engine *engine, sip_time now, sip_id id, uint32_t expires_s) {
  engine->now = now;
  sip_subscription *s = sip_subscription_find(engine, id);
  if (!s || s->role != SIP_SUBSCRIBER) return SIP_E_GONE;
  if (s->state != SIP_USAGE_PENDING && s->state != SIP_USAGE_ACTIVE) return SIP_E_STATE;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  if (expires_s) s->subscriber.expires_s = expires_s;
  sip_subscription_drive(engine, s, SIP_USAGE_ON_REFRESH, 0);
  return 0;
}

/* --- NOTIFY ----------------------------------------------------------------------------- */

/* What a NOTIFY says of the subscription. */
typedef struct notice {
  sip_subscription_state value;
  sip_usage_input input;
} notice;

static bool read_notice(const sip_message *m, notice *out) {
  const sip_header *header = sip_message_find(m, SIP_HEADER_SUBSCRIPTION_STATE, 0);
  if (!header || sip_subscription_state_parse(sip_message_value(m, header), &out->value) != 0) {
    return false;
  }
  out->input = SIP_USAGE_ON_ACTIVE; /* also what an extension's word counts as */
  if (out->value.state == SIP_SUBSTATE_PENDING) out->input = SIP_USAGE_ON_PENDING;
  if (out->value.state == SIP_SUBSTATE_TERMINATED) out->input = SIP_USAGE_ON_TERMINATED;
  return true;
}

/* Its user hears of it, and of the end where it is one. */
static void tell(sip_engine *engine, sip_subscription *s, const notice *n, sip_kept *kept) {
  s->subscriber.awaits_notify = false;
  if (n->input == SIP_USAGE_ON_TERMINATED) {
    sip_subscription_end(engine, s, (int)sip_subscription_reason_parse(n->value.reason), kept);
    return;
  }
  bool is_told = s->state != SIP_USAGE_ENDING;
  sip_subscription_drive(engine, s, n->input, 0);
  if (n->value.has_expires) {
    set_life(engine, s, n->value.expires);
  } else if (!s->ends_at) { /* an answer to the SUBSCRIBE may say better */
    set_life(engine, s, s->subscriber.expires_s);
  }
  if (!is_told) return;
  sip_event event = {.kind = SIP_EVENT_NOTIFIED,
                     .subscription = s->id,
                     .origin = s->subscriber.origin,
                     .flow = kept->flow};
  kept->references++;
  sip_engine_push_event(engine, &event, kept);
}

/* The transaction of a NOTIFY that was parsed last. */
static sip_transaction *open(sip_engine *engine, const sip_flow *flow, sip_kept **kept) {
  sip_transaction *t = NULL;
  *kept = sip_kept_new(engine, engine->parsed, flow);
  if (*kept && sip_server_open(engine, *kept, flow, &t) == 0) return t;
  sip_kept_release(engine, *kept); /* a copy comes */
  return NULL;
}

bool sip_subscriber_receive(sip_engine *engine, const sip_flow *flow, sip_dialog *dialog,
                            const sip_event_package *event) {
  notice n;
  sip_subscription *s = sip_subscription_match(dialog, SIP_SUBSCRIBER, event);
  if (!s && !dialog->by_usages) return false;
  if (!s || !read_notice(engine->parsed, &n)) {
    sip_server_reject(engine, engine->parsed, flow, s ? 400 : 481, (sip_str){0}, (sip_str){0});
    return true;
  }
  sip_kept *kept;
  sip_transaction *t = open(engine, flow, &kept);
  if (!t) return true;
  sip_dialog_take(engine, dialog, t, flow);
  sip_server_answer(engine, t, 200);
  if (read_notice(kept->message, &n)) tell(engine, s, &n, kept);
  sip_kept_release(engine, kept);
  return true;
}

/* Who asked with this Call-ID and From tag for such an Event (4.4.1). */
static sip_subscription *find_asker(const sip_engine *engine, const sip_message *m,
                                    const sip_event_package *event) {
  sip_str call_id = sip_message_span(m, m->call_id), tag = sip_message_span(m, m->to_tag);
  sip_map_node *node = sip_map_find(&engine->by_subscribe, request_hash(engine, call_id, tag));
  for (; node; node = sip_map_find_next(node)) {
    sip_subscription *s = SIP_CONTAINER(node, sip_subscription, subscriber.by_request);
    sip_event_package own;
    if (sip_str_equal(sip_packet_str(s->subscriber.call_id), call_id) &&
        sip_str_equal(sip_packet_str(s->subscriber.from_tag), tag) &&
        sip_event_package_parse(sip_packet_str(s->event), &own) == 0 &&
        sip_str_equal(own.type, event->type) &&
        (s->subscriber.is_refer || sip_str_equal(own.id, event->id))) {
      return s;
    }
  }
  return NULL;
}

/* The one that a NOTIFY of a further fork is for. */
static sip_subscription *add_fork(sip_engine *engine, sip_subscription *first) {
  if (first->subscriber.forks >= SIP_SUBSCRIPTION_FORKS) return NULL;
  sip_subscription *s = sip_subscription_new(engine, SIP_SUBSCRIBER, sip_packet_keep(first->event));
  if (!s) return NULL;
  first->subscriber.forks++;
  s->subscriber.call_id = sip_packet_keep(first->subscriber.call_id);
  s->subscriber.from_tag = sip_packet_keep(first->subscriber.from_tag);
  s->subscriber.headers = sip_packet_keep(first->subscriber.headers);
  s->subscriber.origin = first->subscriber.origin;
  s->subscriber.expires_s = first->subscriber.expires_s;
  s->subscriber.cseq = first->subscriber.cseq;
  s->subscriber.is_refer = first->subscriber.is_refer;
  return s;
}

/* Puts it into the dialog that the NOTIFY makes; 0, or the status that refuses it. */
static int bind(sip_engine *engine, sip_subscription *s, sip_transaction *t, const sip_message *m) {
  if (sip_dialog_open_uas(engine, t, m, sip_message_span(m, m->to_tag)) != 0) return 400;
  sip_dialog *dialog = sip_dialog_find(engine, t->dialog);
  dialog->state = SIP_DIALOG_CONFIRMED;
  dialog->by_usages = true;
  dialog->local_cseq = s->subscriber.cseq;
  sip_subscription_join(s, dialog);
  return 0;
}

/* A fork that said no more than that it is over, or that cannot be: no trace of it stays. */
static void answer_and_tell(sip_engine *engine, sip_subscription *s, sip_transaction *t,
                            sip_kept *kept) {
  notice n;
  if (!read_notice(kept->message, &n)) return;
  int status = 0;
  if (n.input != SIP_USAGE_ON_TERMINATED) status = bind(engine, s, t, kept->message);
  sip_server_answer(engine, t, status ? status : 200);
  if (status && s->subscriber.origin == s->id) return; /* another NOTIFY may do better */
  if (status) {
    sip_subscription_free(engine, s);
    return;
  }
  tell(engine, s, &n, kept);
}

bool sip_subscriber_receive_first(sip_engine *engine, const sip_flow *flow) {
  const sip_message *m = engine->parsed;
  sip_event_package event;
  notice n;
  if (m->method != SIP_METHOD_NOTIFY || !sip_subscription_event(m, &event)) return false;
  sip_subscription *first = find_asker(engine, m, &event);
  if (!first) return false;
  if (!read_notice(m, &n)) {
    sip_server_reject(engine, m, flow, 400, (sip_str){0}, (sip_str){0});
    return true;
  }
  sip_subscription *s = first;
  if (first->state != SIP_USAGE_NOTIFY_WAIT) s = add_fork(engine, first);
  sip_kept *kept = NULL;
  sip_transaction *t = s ? open(engine, flow, &kept) : NULL;
  if (!t) {
    if (s && s != first) sip_subscription_free(engine, s);
    if (!s) sip_server_reject(engine, m, flow, 481, (sip_str){0}, (sip_str){0});
    return true;
  }
  answer_and_tell(engine, s, t, kept);
  sip_kept_release(engine, kept);
  return true;
}
