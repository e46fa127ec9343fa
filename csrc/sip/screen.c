/* SPDX-License-Identifier: MIT
 *
 * The engine and its guard.
 */
#include "sip/screen.h"

#include "base/error.h"
#include "guard/guard.h"
#include "sip/auth.h"
#include "sip/engine_guard.h"

enum { REPORT_MS = 1000 };

int sip_engine_set_guard(sip_engine *engine, const guard_config *config) {
  guard *fresh = NULL;
  if (config) {
    fresh = sip_alloc_new(&engine->alloc, sizeof *fresh);
    if (!fresh) return SIP_E_MEMORY;
    guard_config keyed = *config;
    keyed.key = engine->key;
    guard_init(fresh, &engine->alloc, &keyed);
  }
  if (engine->guard) {
    guard_deinit(engine->guard);
    sip_alloc_free(&engine->alloc, engine->guard, sizeof *engine->guard);
  }
  engine->guard = fresh;
  return 0;
}

guard *sip_engine_guard(sip_engine *engine) {
  return engine->guard;
}

/* --- The report ----------------------------------------------------------------- */

void sip_engine_want_report(sip_engine *engine, bool wanted) {
  engine->wants_report = wanted;
}

/* Somebody was refused: whoever wants to know it does in a second. */
static void note_refusal(sip_engine *engine) {
  sip_timer *timer = &engine->report_timer;
  if (!engine->wants_report || sip_timer_started(timer)) return;
  timer->tag = SIP_TIMER_OF_GUARD;
  sip_timer_start(&engine->wheel, timer, engine->now + REPORT_MS);
}

void sip_screen_report(sip_engine *engine) {
  if (!engine->guard || !engine->guard->has_news) return;
  sip_engine_push_event(engine, &(sip_event){.kind = SIP_EVENT_GUARD}, NULL);
}

/* --- What came ------------------------------------------------------------------ */

bool sip_screen_arrival(sip_engine *engine, const sip_flow *flow) {
  engine->standing = GUARD_EXEMPT;
  if (!engine->guard) return true;
  engine->standing = (uint8_t)guard_arrival(engine->guard, engine->now, &flow->remote);
  if (engine->standing != GUARD_REFUSED) return true;
  note_refusal(engine);
  return false;
}

/* The user that credentials name, true or false ones; empty without any. */
static sip_str user_of(const sip_message *m) {
  static const uint8_t headers[] = {SIP_HEADER_AUTHORIZATION, SIP_HEADER_PROXY_AUTHORIZATION};
  sip_auth auth;
  sip_param param;
  for (size_t i = 0; i < sizeof headers; i++) {
    const sip_header *header = sip_message_find(m, headers[i], 0);
    if (!header || sip_auth_parse(sip_message_value(m, header), &auth) != 0) continue;
    if (sip_auth_find(&auth, SIP_STR("username"), &param)) return param.value;
  }
  return (sip_str){0};
}

static bool admits_agent(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  const sip_header *header = sip_message_find(m, SIP_HEADER_USER_AGENT, 0);
  return !header || guard_admits_agent(engine->guard, &flow->remote, sip_message_value(m, header));
}

static bool admits_user(sip_engine *engine, const sip_message *m, const sip_flow *flow) {
  if (!engine->guard->users.sets) return true; /* no user has failed yet */
  sip_str user = user_of(m);
  return !user.len || guard_admits_user(engine->guard, engine->now, &flow->remote, user);
}

/* Long queues are lateness too: what is in them has yet to be seen to. */
static void note_queues(sip_engine *engine) {
  const sip_engine_config *config = &engine->config;
  size_t transactions = engine->server_count + engine->client_count;
  bool is_full = engine->events.count > config->max_events / 8 ||
                 transactions > config->max_transactions / 10 * 9;
  guard_overload *overload = &engine->guard->overload;
  if (is_full) guard_overload_note(overload, engine->now, 2 * overload->late_ms);
}

sip_screening sip_screen_request(sip_engine *engine, const sip_flow *flow) {
  if (engine->standing != GUARD_STRANGER) return SIP_SCREEN_LET_IN;
  const sip_message *m = engine->parsed;
  sip_screening result = SIP_SCREEN_LET_IN;
  note_queues(engine);
  if (!admits_agent(engine, m, flow) || !admits_user(engine, m, flow)) {
    result = SIP_SCREEN_DROP;
  } else if (!guard_admits_new(engine->guard, engine->now, &flow->remote)) {
    result = SIP_SCREEN_BUSY;
  }
  if (result != SIP_SCREEN_LET_IN) note_refusal(engine);
  return result;
}

uint32_t sip_screen_retry_after(sip_engine *engine) {
  return guard_overload_retry_after(&engine->guard->overload, sip_random_number(&engine->random));
}

/* --- What became of it ------------------------------------------------------------ */

/* Answers that cost the asker one of his limit: he has to prove who he is, may not, asks
 * for what is not there, or what nobody understands; and OPTIONS that was not asked for.
 * How a call ended (486, 480, 603 ...) is none. */
static bool is_refusal(int status) {
  switch (status) {
  case 200: /* of OPTIONS that nobody handles */
  case 400:
  case 401:
  case 403:
  case 404:
  case 405:
  case 407:
  case 413:
  case 414:
  case 415:
  case 416:
  case 420:
  case 481:
  case 482:
  case 483:
  case 484:
  case 489:
  case 501:
  case 505:
  case 513:
  case 604:
    return true;
  default:
    return false;
  }
}

void sip_screen_answered(sip_engine *engine, const sip_flow *flow, int status) {
  if (engine->guard && is_refusal(status)) {
    guard_charge(engine->guard, engine->now, &flow->remote);
  }
}

void sip_screen_junk(sip_engine *engine, const sip_flow *flow) {
  if (engine->guard) guard_charge(engine->guard, engine->now, &flow->remote);
}

void sip_screen_acknowledged(sip_engine *engine, const sip_flow *flow) {
  if (engine->standing == GUARD_STRANGER) guard_know(engine->guard, engine->now, &flow->remote);
}

void sip_engine_vouch(sip_engine *engine, sip_time now, sip_id transaction) {
  sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!engine->guard || !t || sip_transaction_is_client(t)) return;
  engine->now = now;
  t->flags |= SIP_TRANSACTION_VOUCHED;
  guard_vouch(engine->guard, now, &t->flow.remote);
}

void sip_engine_distrust(sip_engine *engine, sip_time now, sip_id transaction) {
  const sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!engine->guard || !t || sip_transaction_is_client(t) || !t->server.request) return;
  engine->now = now;
  sip_str user = user_of(t->server.request->message);
  if (user.len) guard_charge_user(engine->guard, now, user);
}

bool sip_engine_refuses(const sip_engine *engine, sip_time now, const sip_sockaddr *remote) {
  return engine->guard && guard_is_refused(engine->guard, now, remote);
}

void sip_engine_note_lateness(sip_engine *engine, sip_time now, uint32_t late_ms) {
  if (engine->guard) guard_overload_note(&engine->guard->overload, now, late_ms);
}
