/* SPDX-License-Identifier: MIT
 *
 * The notifier's role (RFC 6665 4.2): a SUBSCRIBE is accepted, refreshed, ended; NOTIFYs go one
 * at a time, and what one that waits was to say is replaced by what is newer.
 */
#include <string.h>

#include "base/error.h"
#include "sip/server.h"
#include "sip/subscription_usage.h"

enum { BRIEF_S = 3600 }; /* only shorter intervals may be refused as too brief (4.2.1.1) */

/* --- Documents --------------------------------------------------------------------- */

sip_document sip_document_make(sip_engine *engine, sip_str content_type, sip_str body) {
  sip_document made = {.packet = sip_packet_new(&engine->alloc, content_type.len + body.len),
                       .type_len = (uint32_t)content_type.len};
  if (!made.packet) return made;
  if (content_type.len) memcpy(made.packet->bytes, content_type.ptr, content_type.len);
  if (body.len) memcpy(made.packet->bytes + content_type.len, body.ptr, body.len);
  return made;
}

void sip_document_release(sip_document *document) {
  sip_packet_release(document->packet);
  document->packet = NULL;
}

static void take_document(sip_subscription *s, const sip_document *document) {
  if (!document || !document->packet) return;
  sip_document_release(&s->notifier.document);
  s->notifier.document = *document;
  sip_packet_keep(document->packet);
}

/* The body as this NOTIFY carries it: with its number where the package counts them. */
static sip_str body_of(sip_engine *engine, sip_subscription *s) {
  const sip_document *d = &s->notifier.document;
  sip_str all = sip_packet_str(d->packet);
  sip_str body = sip_str_make(all.ptr + d->type_len, all.len - d->type_len);
  if (!d->is_numbered) return body;
  sip_buffer *out = &engine->usage_body;
  sip_buffer_clear(out);
  sip_buffer_add(out, sip_str_make(body.ptr, d->number_at));
  sip_buffer_add_number(out, s->notifier.number++);
  sip_buffer_add(out, sip_str_make(body.ptr + d->number_at, body.len - d->number_at));
  return out->failed ? (sip_str){0} : sip_buffer_str(out);
}

/* --- NOTIFY ------------------------------------------------------------------------ */

static void add_state(sip_engine *engine, const sip_subscription *s, sip_buffer *out) {
  if (s->state != SIP_USAGE_ENDING) {
    sip_buffer_add(out, s->state == SIP_USAGE_PENDING ? SIP_STR("pending") : SIP_STR("active"));
    SIP_BUFFER_ADD(out, ";expires=");
    sip_buffer_add_number(out, sip_subscription_left(engine, s));
    return;
  }
  SIP_BUFFER_ADD(out, "terminated");
  if (s->reason) {
    SIP_BUFFER_ADD(out, ";reason=");
    sip_buffer_add(out, sip_subscription_reason_text((sip_subscription_reason)s->reason));
  }
  if (s->notifier.retry_after_s) {
    SIP_BUFFER_ADD(out, ";retry-after=");
    sip_buffer_add_number(out, s->notifier.retry_after_s);
  }
}

static sip_str notify_lines(sip_engine *engine, const sip_subscription *s) {
  sip_buffer *out = &engine->usage_lines;
  sip_buffer_clear(out);
  SIP_BUFFER_ADD(out, "Event: ");
  sip_buffer_add(out, sip_packet_str(s->event));
  SIP_BUFFER_ADD(out, "\r\nSubscription-State: ");
  add_state(engine, s, out);
  SIP_BUFFER_ADD(out, "\r\n");
  sip_buffer_add(out, sip_buffer_str(&engine->proof));
  return sip_buffer_str(out);
}

void sip_notifier_send(sip_engine *engine, sip_subscription *s) {
  bool last = s->state == SIP_USAGE_ENDING;
  if (s->in_flight || (sip_timer_started(&s->pace) && !last)) {
    s->owes = true;
    return;
  }
  sip_request notify = {.method = SIP_STR("NOTIFY"), .headers = notify_lines(engine, s)};
  const sip_document *d = &s->notifier.document;
  if (d->packet && s->state != SIP_USAGE_PENDING) { /* nobody has said that he may know */
    notify.body = body_of(engine, s);
    if (notify.body.len) notify.content_type = sip_str_make(d->packet->bytes, d->type_len);
  }
  sip_timer_stop(&engine->wheel, &s->pace);
  if (s->notifier.interval_ms && !last) {
    sip_timer_start(&engine->wheel, &s->pace, engine->now + s->notifier.interval_ms);
  }
  sip_subscription_request(engine, s, &notify);
}

/* --- SUBSCRIBE --------------------------------------------------------------------- */

/* 4.2.1.1, 4.2.1.4: how long it may last; 0 and no status where it asks for its end. */
static int grant(const sip_subscription *s, const sip_message *request, uint32_t *seconds) {
  uint32_t least = s->notifier.least_s, most = s->notifier.most_s;
  if (!sip_subscription_expires(request, seconds)) *seconds = s->notifier.default_s;
  if (*seconds && *seconds < least && *seconds < BRIEF_S) return 423;
  if (most && *seconds > most) *seconds = most;
  return 0;
}

static void set_life(sip_engine *engine, sip_subscription *s, uint32_t seconds) {
  sip_subscription_set_end(engine, s, seconds);
  if (seconds) {
    sip_timer_start(&engine->wheel, &s->expiry, s->ends_at);
  } else {
    sip_timer_stop(&engine->wheel, &s->expiry);
  }
}

/* "Expires: n" or "Min-Expires: n", and further lines; into engine->usage_lines. */
static sip_str answer_lines(sip_engine *engine, sip_str name, uint32_t seconds, sip_str more) {
  sip_buffer *out = &engine->usage_lines;
  sip_buffer_clear(out);
  sip_buffer_add(out, name);
  SIP_BUFFER_ADD(out, ": ");
  sip_buffer_add_number(out, seconds);
  SIP_BUFFER_ADD(out, "\r\n");
  sip_buffer_add(out, more);
  return sip_buffer_str(out);
}

static int answer(sip_engine *engine, sip_id transaction, int status, sip_str lines,
                  sip_id *dialog) {
  sip_reply reply = {.status = status, .headers = lines};
  sip_replied replied;
  int error = sip_engine_reply(engine, engine->now, transaction, &reply, &replied);
  if (!error && dialog) *dialog = replied.dialog;
  return error;
}

static int refuse_brief(sip_engine *engine, const sip_subscription *s, sip_id transaction) {
  sip_str lines = answer_lines(engine, SIP_STR("Min-Expires"), s->notifier.least_s, (sip_str){0});
  int error = answer(engine, transaction, 423, lines, NULL);
  return error ? error : 423;
}

/* Expires was 0: its first NOTIFY is its last (4.4.3). */
static bool is_fetch(const sip_subscription *s) {
  return s->state != SIP_USAGE_ENDING && !sip_timer_started(&s->expiry);
}

/* The last NOTIFY of a fetch or of one that is left (4.4.3, 4.2.1.4). */
static void leave(sip_engine *engine, sip_subscription *s) {
  s->reason = SIP_SUBSCRIPTION_TIMEOUT;
  sip_subscription_drive(engine, s, SIP_USAGE_ON_LEAVE, SIP_SUBSCRIPTION_TIMEOUT);
}

void sip_notifier_paced(sip_engine *engine, sip_subscription *s) {
  if (!s->owes || s->in_flight) return;
  if (is_fetch(s)) {
    leave(engine, s);
  } else {
    sip_notifier_send(engine, s);
  }
}

static void refresh(sip_engine *engine, sip_subscription *s, sip_transaction *t) {
  uint32_t seconds;
  sip_id transaction = t->id;
  if (grant(s, t->server.request->message, &seconds)) {
    refuse_brief(engine, s, transaction);
    return;
  }
  if (s->state == SIP_USAGE_ENDING) { /* our last NOTIFY is on its way */
    sip_server_answer(engine, t, 481);
    return;
  }
  sip_str lines = answer_lines(engine, SIP_STR("Expires"), seconds, (sip_str){0});
  if (answer(engine, transaction, 200, lines, NULL) != 0) return;
  set_life(engine, s, seconds);
  if (s->hears_refreshes) {
    sip_event event = {.kind = SIP_EVENT_REFRESHED, .subscription = s->id};
    event.code = seconds > INT32_MAX ? INT32_MAX : (int)seconds;
    sip_engine_push_event(engine, &event, NULL);
  }
  if (seconds) {
    if (s->notifier.interval_ms) sip_timer_stop(&engine->wheel, &s->pace); /* 4.2.1.2: at once */
    sip_subscription_drive(engine, s, SIP_USAGE_ON_REFRESH, 0);
  } else {
    leave(engine, s);
  }
}

bool sip_notifier_receive(sip_engine *engine, const sip_flow *flow, sip_dialog *dialog,
                          const sip_event_package *event) {
  sip_subscription *s = sip_subscription_match(dialog, SIP_NOTIFIER, event);
  if (!s) {
    if (!dialog->by_usages) return false;
    sip_server_reject(engine, engine->parsed, flow, 403, SIP_STR("Dialog Sharing Not Supported"),
                      (sip_str){0}); /* 4.5.2 */
    return true;
  }
  sip_kept *kept = sip_kept_new(engine, engine->parsed, flow);
  sip_transaction *t = NULL;
  if (!kept) return true; /* a copy comes */
  if (sip_server_open(engine, kept, flow, &t) == 0) {
    sip_dialog_take(engine, dialog, t, flow);
    refresh(engine, s, t);
  }
  sip_kept_release(engine, kept);
  return true;
}

/* Event of the NOTIFYs: the package of the SUBSCRIBE with its id, and nothing else (8.2.1). */
static sip_packet *event_of(sip_engine *engine, const sip_message *request, sip_str given) {
  if (given.len) return sip_packet_copy(&engine->alloc, given);
  sip_event_package event;
  if (!sip_subscription_event(request, &event)) return NULL;
  sip_buffer *out = &engine->usage_lines;
  sip_buffer_clear(out);
  sip_buffer_add(out, event.type);
  if (event.id.len) {
    SIP_BUFFER_ADD(out, ";id=");
    sip_buffer_add(out, event.id);
  }
  return out->failed ? NULL : sip_packet_copy(&engine->alloc, sip_buffer_str(out));
}

/* 200, the dialog, the first NOTIFY. */
static int accept(sip_engine *engine, sip_transaction *t, sip_subscription *s,
                  const sip_acceptance *wish) {
  uint32_t seconds;
  bool makes_dialog = t->dialog == 0;
  if (grant(s, t->server.request->message, &seconds)) return refuse_brief(engine, s, t->id);
  sip_str lines = answer_lines(engine, SIP_STR("Expires"), seconds, wish->headers);
  sip_id number;
  int error = answer(engine, t->id, 200, lines, &number);
  if (error) return error;
  sip_dialog *dialog = sip_dialog_find(engine, number);
  if (makes_dialog) dialog->by_usages = true;
  sip_subscription_join(s, dialog);
  set_life(engine, s, seconds);
  take_document(s, &wish->document);
  if (seconds == 0) s->reason = SIP_SUBSCRIPTION_TIMEOUT;
  if (wish->document.packet || s->state == SIP_USAGE_PENDING) {
    sip_subscription_drive(engine, s, seconds ? SIP_USAGE_ON_NEWS : SIP_USAGE_ON_LEAVE, 0);
  } else { /* its user may say more in this turn */
    s->owes = true;
    sip_timer_start(&engine->wheel, &s->pace, engine->now);
  }
  return 0;
}

int sip_engine_accept(sip_engine *engine, sip_time now, sip_id transaction,
                      const sip_acceptance *wish, sip_id *subscription) {
  engine->now = now;
  sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!t || sip_transaction_is_client(t)) return SIP_E_GONE;
  if (!t->server.request) return SIP_E_STATE;
  if (t->method != SIP_METHOD_SUBSCRIBE && t->method != SIP_METHOD_REFER) return SIP_E_STATE;
  if (engine->subscriptions.count >= engine->config.max_subscriptions ||
      sip_subscription_is_full(sip_dialog_find(engine, t->dialog))) {
    return SIP_E_LIMIT;
  }
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  sip_packet *event = event_of(engine, t->server.request->message, wish->event);
  if (!event) return SIP_E_HEADER;
  sip_subscription *s = sip_subscription_new(engine, SIP_NOTIFIER, event);
  if (!s) return SIP_E_MEMORY;
  s->notifier.least_s = wish->least_s;
  s->notifier.most_s = wish->most_s;
  s->notifier.default_s = wish->default_s;
  s->notifier.interval_ms = wish->interval_ms;
  if (wish->is_pending) s->state = SIP_USAGE_PENDING;
  sip_id id = s->id;
  int error = accept(engine, t, s, wish);
  if (error) {
    sip_subscription_free(engine, s);
    return error;
  }
  *subscription = id;
  return 0;
}

/* --- What its user does ---------------------------------------------------------------- */

int sip_engine_notify(sip_engine *engine, sip_time now, sip_id id, const sip_document *document) {
  engine->now = now;
  sip_subscription *s = sip_subscription_find(engine, id);
  if (!s || s->role != SIP_NOTIFIER) return SIP_E_GONE;
  if (s->state == SIP_USAGE_ENDING) return SIP_E_STATE;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  take_document(s, document);
  if (s->pace.at <= now)
    sip_timer_stop(&engine->wheel, &s->pace); /* the first has waited for this */
  if (is_fetch(s)) {
    leave(engine, s);
  } else {
    sip_subscription_drive(engine, s, SIP_USAGE_ON_NEWS, 0);
  }
  return 0;
}

int sip_engine_grant(sip_engine *engine, sip_time now, sip_id id) {
  engine->now = now;
  sip_subscription *s = sip_subscription_find(engine, id);
  if (!s || s->role != SIP_NOTIFIER) return SIP_E_GONE;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  sip_subscription_drive(engine, s, SIP_USAGE_ON_GRANTED, 0);
  return 0;
}

int sip_engine_terminate(sip_engine *engine, sip_time now, sip_id id, const sip_termination *how) {
  engine->now = now;
  sip_subscription *s = sip_subscription_find(engine, id);
  if (!s || s->role != SIP_NOTIFIER) return SIP_E_GONE;
  if (s->state == SIP_USAGE_ENDING) return 0;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  s->reason = (uint8_t)how->reason;
  s->notifier.retry_after_s = how->retry_after_s;
  take_document(s, &how->document);
  sip_timer_stop(&engine->wheel, &s->expiry);
  sip_subscription_drive(engine, s, SIP_USAGE_ON_TERMINATE, s->reason);
  return 0;
}
