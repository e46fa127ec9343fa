/* SPDX-License-Identifier: MIT
 *
 * The life of a subscription, whichever role: in its dialog, its requests and their outcomes,
 * its timers, its end (RFC 6665 4.1, 4.2, 4.4.1).
 */
#include "sip/subscription_usage.h"

#include "base/error.h"
#include "sip/client.h"
#include "sip/seconds.h"
#include "sip/server.h"

static const sip_str reasons[] = {
#define X(name, text) {text, sizeof text - 1},
    SIP_SUBSCRIPTION_REASONS(X)
#undef X
};

sip_str sip_subscription_reason_text(sip_subscription_reason reason) {
  return reasons[reason];
}

sip_subscription_reason sip_subscription_reason_parse(sip_str text) {
  if (text.len == 0) return SIP_SUBSCRIPTION_NONE;
  for (int i = SIP_SUBSCRIPTION_DEACTIVATED; i < SIP_SUBSCRIPTION_OTHER; i++) {
    if (sip_str_equal_nocase(text, reasons[i])) return (sip_subscription_reason)i;
  }
  return SIP_SUBSCRIPTION_OTHER;
}

/* --- Life ------------------------------------------------------------------------ */

sip_subscription *sip_subscription_new(sip_engine *engine, sip_subscription_role role,
                                       sip_packet *event) {
  sip_subscription *s = NULL;
  if (event && engine->subscriptions.count < engine->config.max_subscriptions) {
    s = sip_alloc_zero(&engine->alloc, sizeof *s);
  }
  if (s) s->id = sip_slots_add(&engine->subscriptions, s);
  if (!s || !s->id) {
    sip_alloc_free(&engine->alloc, s, sizeof *s);
    sip_packet_release(event);
    return NULL;
  }
  s->role = (uint8_t)role;
  s->state = role == SIP_NOTIFIER ? SIP_USAGE_ACTIVE : SIP_USAGE_NOTIFY_WAIT;
  s->event = event;
  sip_link_init(&s->in_dialog);
  sip_timer_init(&s->expiry);
  sip_timer_init(&s->pace);
  s->expiry.tag = SIP_TIMER_OF_SUBSCRIPTION_1;
  s->pace.tag = SIP_TIMER_OF_SUBSCRIPTION_2;
  return s;
}

sip_subscription *sip_subscription_find(const sip_engine *engine, sip_id id) {
  return sip_slots_find(&engine->subscriptions, id);
}

void sip_subscription_join(sip_subscription *s, sip_dialog *dialog) {
  s->dialog = dialog->id;
  sip_link_append(&dialog->subscriptions, &s->in_dialog);
}

bool sip_subscription_is_full(const sip_dialog *dialog) {
  if (!dialog) return false;
  int count = 0;
  const sip_link *head = &dialog->subscriptions;
  for (const sip_link *link = head->next; link != head; link = link->next) count++;
  return count >= SIP_SUBSCRIPTIONS_PER_DIALOG;
}

static void forget(sip_engine *engine, sip_subscription *s) {
  sip_timer_stop(&engine->wheel, &s->expiry);
  sip_timer_stop(&engine->wheel, &s->pace);
  sip_link_remove(&s->in_dialog);
  sip_slots_remove(&engine->subscriptions, s->id);
  sip_packet_release(s->event);
  if (s->role == SIP_NOTIFIER) {
    sip_document_release(&s->notifier.document);
  } else {
    if (s->subscriber.by_request.hash) {
      sip_map_remove(&engine->by_subscribe, &s->subscriber.by_request);
    }
    sip_packet_release(s->subscriber.call_id);
    sip_packet_release(s->subscriber.from_tag);
    sip_packet_release(s->subscriber.headers);
  }
  sip_alloc_free(&engine->alloc, s, sizeof *s);
}

void sip_subscription_free(sip_engine *engine, sip_subscription *s) {
  sip_dialog *dialog = sip_dialog_find(engine, s->dialog);
  forget(engine, s);
  if (dialog && dialog->by_usages && sip_link_alone(&dialog->subscriptions)) {
    sip_dialog_free(engine, dialog);
  }
}

static void push_end(sip_engine *engine, const sip_subscription *s, int code, sip_kept *kept) {
  if (kept) kept->references++;
  sip_event event = {.kind = SIP_EVENT_SUBSCRIPTION_END, .subscription = s->id, .code = code};
  if (s->role == SIP_SUBSCRIBER) event.origin = s->subscriber.origin;
  if (kept) event.flow = kept->flow;
  sip_engine_push_event(engine, &event, kept);
}

void sip_subscription_end(sip_engine *engine, sip_subscription *s, int code, sip_kept *kept) {
  push_end(engine, s, code, kept);
  sip_subscription_free(engine, s);
}

void sip_subscription_end_all(sip_engine *engine, sip_dialog *dialog, int code) {
  while (!sip_link_alone(&dialog->subscriptions)) {
    sip_subscription *s = SIP_CONTAINER(dialog->subscriptions.next, sip_subscription, in_dialog);
    push_end(engine, s, code, NULL);
    forget(engine, s);
  }
}

void sip_engine_subscription_drop(sip_engine *engine, sip_time now, sip_id id) {
  engine->now = now;
  sip_subscription *s = sip_subscription_find(engine, id);
  if (s) sip_subscription_free(engine, s);
}

/* --- What happens to it ------------------------------------------------------------ */

/* What had to wait for the request before it; a notifier's last NOTIFY was answered. */
static void next(sip_engine *engine, sip_subscription *s) {
  if (!s->owes) {
    if (s->role == SIP_NOTIFIER && s->state == SIP_USAGE_ENDING) {
      sip_subscription_end(engine, s, s->reason, NULL);
    }
    return;
  }
  if (s->role == SIP_NOTIFIER) {
    sip_notifier_send(engine, s);
  } else {
    sip_subscriber_send(engine, s);
  }
}

void sip_subscription_drive(sip_engine *engine, sip_subscription *s, sip_usage_input input,
                            int code) {
  sip_usage_arrow arrow =
      sip_subscription_arrow((sip_subscription_role)s->role, (sip_usage_state)s->state, input);
  if (arrow.next == SIP_USAGE_NONE) return;
  s->state = arrow.next;
  if (arrow.actions & SIP_USAGE_DOES_END) {
    sip_subscription_end(engine, s, code, NULL);
  } else if (arrow.actions & SIP_USAGE_DOES_NOTIFY) {
    sip_notifier_send(engine, s);
  } else if (arrow.actions & SIP_USAGE_DOES_SUBSCRIBE) {
    sip_subscriber_send(engine, s);
  } else if (arrow.actions & SIP_USAGE_DOES_NEXT) {
    next(engine, s);
  }
}

void sip_subscription_request(sip_engine *engine, sip_subscription *s, sip_request *request) {
  sip_dialog *dialog = sip_dialog_find(engine, s->dialog);
  request->orphan = true;
  request->subscription = s->id;
  s->owes = false;
  int error = dialog ? sip_client_open(engine, request, dialog, &s->in_flight) : SIP_E_GONE;
  if (error) {
    s->in_flight = 0;
    sip_subscription_drive(engine, s, SIP_USAGE_ON_FAILED, error);
  }
}

/* --- Outcomes ------------------------------------------------------------------------ */

/* RFC 5057 5.1: what destroys this usage, and what the dialog with all of them. */
static bool destroys_usage(int status) {
  return status == 405 || status == 480 || status == 481 || status == 489 || status == 501;
}

static bool destroys_dialog(int status) {
  return sip_dialog_is_fatal(status) && status != 408 && !destroys_usage(status);
}

static bool push_challenge(sip_engine *engine, sip_subscription *s, const sip_message *response,
                           const sip_flow *flow) {
  enum { CHALLENGES_MAX = 2 }; /* the second is of a nonce that was stale */
  sip_kept *kept = NULL;
  if (s->challenges++ < CHALLENGES_MAX) kept = sip_kept_new(engine, response, flow);
  if (!kept) return false;
  sip_event event = {
      .kind = SIP_EVENT_CHALLENGED, .subscription = s->id, .code = response->status, .flow = *flow};
  if (s->role == SIP_SUBSCRIBER) event.origin = s->subscriber.origin;
  sip_engine_push_event(engine, &event, kept);
  return true;
}

/* Retry-After of a failure that will pass: what was to be said is said then. */
static void wait_for_retry(sip_engine *engine, sip_subscription *s, const sip_message *response) {
  const sip_header *header = sip_message_find(response, SIP_HEADER_RETRY_AFTER, 0);
  uint32_t seconds;
  sip_str value = header ? sip_message_value(response, header) : (sip_str){0};
  value.len = sip_str_index(value, ';');
  if (!header || s->role != SIP_NOTIFIER || s->state == SIP_USAGE_ENDING) return;
  if (sip_seconds_parse(sip_str_trim(value), &seconds) != 0) return;
  s->owes = true;
  sip_timer_start(&engine->wheel, &s->pace, engine->now + (sip_time)seconds * 1000);
}

/* RFC 6665 4.1.2.2: an interval too brief is asked for again as long as it says. */
static bool ask_for_longer(sip_engine *engine, sip_subscription *s, const sip_message *response) {
  const sip_header *header = sip_message_find(response, SIP_HEADER_MIN_EXPIRES, 0);
  uint32_t least;
  if (response->status != 423 || s->role != SIP_SUBSCRIBER || !header ||
      s->state == SIP_USAGE_ENDING ||
      sip_seconds_parse(sip_message_value(response, header), &least) != 0 ||
      least <= s->subscriber.expires_s) {
    return false;
  }
  s->subscriber.expires_s = least;
  sip_subscriber_send(engine, s);
  return true;
}

static void refused(sip_engine *engine, sip_subscription *s, const sip_message *response) {
  int status = response->status;
  if (destroys_dialog(status)) {
    sip_dialog *dialog = sip_dialog_find(engine, s->dialog);
    sip_dialog_end_all(engine, dialog, status);
  } else if (destroys_usage(status)) {
    sip_subscription_drive(engine, s, SIP_USAGE_ON_FAILED, status);
  } else if (!ask_for_longer(engine, s, response)) {
    wait_for_retry(engine, s, response);
    sip_subscription_drive(engine, s, SIP_USAGE_ON_REFUSED, status);
  }
}

static void answered(sip_engine *engine, sip_subscription *s, const sip_message *response,
                     const sip_flow *flow) {
  int status = response->status;
  sip_dialog *dialog = sip_dialog_find(engine, s->dialog);
  s->in_flight = 0;
  if (status < 300) {
    s->challenges = 0;
    if (dialog) sip_dialog_refresh_target(engine, dialog, response);
    if (s->role == SIP_SUBSCRIBER) sip_subscriber_accepted(engine, s, response);
    sip_subscription_drive(engine, s, SIP_USAGE_ON_DELIVERED, status);
  } else if ((status != 401 && status != 407) || !push_challenge(engine, s, response, flow)) {
    refused(engine, s, response);
  }
}

bool sip_subscription_response(sip_engine *engine, sip_transaction *t, const sip_message *response,
                               const sip_flow *flow) {
  sip_subscription *s = sip_subscription_find(engine, t->client.subscription);
  bool ours = t->flags & SIP_TRANSACTION_ORPHAN;
  if (s && ours && s->in_flight == t->id && response->status >= 200) {
    answered(engine, s, response, flow);
  } else if (s && !ours && response->status / 100 == 2) {
    sip_subscriber_accepted(engine, s, response);
  }
  return ours;
}

bool sip_subscription_failed(sip_engine *engine, const sip_transaction *t, int error) {
  if (!(t->flags & SIP_TRANSACTION_ORPHAN)) return false;
  sip_subscription *s = sip_subscription_find(engine, t->client.subscription);
  if (s && s->in_flight == t->id) {
    s->in_flight = 0;
    sip_subscription_drive(engine, s, SIP_USAGE_ON_FAILED, error);
  }
  return true;
}

/* --- Time ------------------------------------------------------------------------------ */

void sip_subscription_set_end(sip_engine *engine, sip_subscription *s, uint32_t seconds) {
  s->ends_at = engine->now + (sip_time)seconds * 1000;
}

uint32_t sip_subscription_left(const sip_engine *engine, const sip_subscription *s) {
  sip_time left = (s->ends_at - engine->now + 999) / 1000;
  return left < 0 ? 0 : (uint32_t)left;
}

void sip_subscription_expire(sip_engine *engine, sip_subscription *s) {
  if (s->role == SIP_SUBSCRIBER && s->subscriber.is_refreshing) {
    s->subscriber.is_refreshing = false;
    sip_timer_start(&engine->wheel, &s->expiry, s->ends_at);
    sip_subscription_drive(engine, s, SIP_USAGE_ON_REFRESH, 0);
    return;
  }
  s->reason = SIP_SUBSCRIPTION_TIMEOUT;
  sip_subscription_drive(engine, s, SIP_USAGE_ON_EXPIRED, SIP_SUBSCRIPTION_TIMEOUT);
}

void sip_subscription_paced(sip_engine *engine, sip_subscription *s) {
  if (s->role == SIP_NOTIFIER) {
    sip_notifier_paced(engine, s);
    return;
  }
  if (s->subscriber.by_request.hash) { /* no further fork can join (4.1.2.4) */
    sip_map_remove(&engine->by_subscribe, &s->subscriber.by_request);
    s->subscriber.by_request.hash = 0;
  }
  if (s->subscriber.awaits_notify) {
    sip_subscription_drive(engine, s, SIP_USAGE_ON_TIMER_N, SIP_E_TIMEOUT);
  }
}

/* --- Messages ----------------------------------------------------------------------------- */

bool sip_subscription_event(const sip_message *message, sip_event_package *out) {
  const sip_header *header = sip_message_find(message, SIP_HEADER_EVENT, 0);
  return header && sip_event_package_parse(sip_message_value(message, header), out) == 0;
}

bool sip_subscription_expires(const sip_message *message, uint32_t *out) {
  const sip_header *header = sip_message_find(message, SIP_HEADER_EXPIRES, 0);
  if (!header) return false;
  int error = sip_seconds_parse(sip_message_value(message, header), out);
  return error == 0 || error == SIP_E_NUMBER;
}

/* RFC 3515 2.4.6: NOTIFYs say the CSeq of their REFER as id; those of the first one of a
 * dialog need not. */
static bool is_of_refer(const sip_subscription *s, const sip_event_package *own,
                        const sip_event_package *event) {
  if (event->id.len == 0) return true;
  if (s->role == SIP_NOTIFIER) return own->id.len == 0 || sip_str_equal(own->id, event->id);
  uint32_t number;
  return sip_seconds_parse(event->id, &number) == 0 && number == s->subscriber.cseq;
}

static bool is_about(const sip_subscription *s, const sip_event_package *event) {
  sip_event_package own;
  if (sip_event_package_parse(sip_packet_str(s->event), &own) != 0) return false;
  bool refer = sip_str_equal(own.type, SIP_STR("refer")) && sip_str_equal(own.type, event->type);
  return refer ? is_of_refer(s, &own, event) : sip_event_package_equal(&own, event);
}

sip_subscription *sip_subscription_match(const sip_dialog *dialog, sip_subscription_role role,
                                         const sip_event_package *event) {
  const sip_link *head = &dialog->subscriptions;
  for (sip_link *link = head->next; link != head; link = link->next) {
    sip_subscription *s = SIP_CONTAINER(link, sip_subscription, in_dialog);
    if (s->role == role && is_about(s, event)) return s;
  }
  return NULL;
}

bool sip_subscription_receive(sip_engine *engine, const sip_flow *flow, sip_dialog *dialog) {
  const sip_message *m = engine->parsed;
  sip_event_package event;
  if (m->method != SIP_METHOD_NOTIFY && m->method != SIP_METHOD_SUBSCRIBE) return false;
  if (!sip_subscription_event(m, &event)) {
    if (!dialog->by_usages) return false;
    sip_server_reject(engine, m, flow, 489, (sip_str){0}, (sip_str){0}); /* 4.2.3 */
    return true;
  }
  if (m->method == SIP_METHOD_NOTIFY) return sip_subscriber_receive(engine, flow, dialog, &event);
  return sip_notifier_receive(engine, flow, dialog, &event);
}

/* --- For its user ------------------------------------------------------------------------------
 */

int sip_engine_prove(sip_engine *engine, sip_time now, sip_id id, sip_str headers) {
  engine->now = now;
  sip_subscription *s = sip_subscription_find(engine, id);
  if (!s) return SIP_E_GONE;
  if (s->in_flight) return SIP_E_STATE;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  if (headers.len == 0) {
    sip_subscription_drive(engine, s, SIP_USAGE_ON_REFUSED, 401);
    return 0;
  }
  sip_buffer_clear(&engine->proof);
  sip_buffer_add(&engine->proof, headers);
  if (engine->proof.failed) return SIP_E_MEMORY;
  if (s->role == SIP_NOTIFIER) {
    sip_notifier_send(engine, s);
  } else {
    sip_subscriber_send(engine, s);
  }
  sip_buffer_clear(&engine->proof);
  return 0;
}

int sip_engine_hear_refreshes(sip_engine *engine, sip_id id, bool wanted) {
  sip_subscription *s = sip_subscription_find(engine, id);
  if (!s) return SIP_E_GONE;
  s->hears_refreshes = wanted;
  return 0;
}

int sip_engine_subscription_info(const sip_engine *engine, sip_id id, sip_subscription_info *out) {
  static const char *const names[] = {
#define X(name, text) text,
      SIP_USAGE_STATES(X)
#undef X
  };
  const sip_subscription *s = sip_subscription_find(engine, id);
  if (!s) return SIP_E_GONE;
  *out = (sip_subscription_info){.is_notifier = s->role == SIP_NOTIFIER,
                                 .state = names[s->state],
                                 .event = sip_packet_str(s->event),
                                 .left_s = sip_subscription_left(engine, s),
                                 .dialog = s->dialog};
  return 0;
}
