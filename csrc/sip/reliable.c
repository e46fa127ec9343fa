/* SPDX-License-Identifier: MIT
 *
 * The side that answers: one response at a time is on its way (RFC 3262 3 has that for
 * the first and recommends it for the others), and what comes behind it is kept, written.
 */
#include "sip/reliable.h"

#include "base/error.h"
#include "sip/server.h"

enum { RSEQ_FIRST_MAX = INT32_MAX }; /* 3: between 1 and 2**31 - 1 */

#define OPTION_TAG SIP_STR("100rel")

bool sip_reliable_is_due(const sip_transaction *t, const sip_reply *reply) {
  if (t->method != SIP_METHOD_INVITE || reply->status <= 100 || reply->status >= 200) return false;
  const sip_message *invite = t->server.request->message;
  if (sip_message_has_token(invite, SIP_HEADER_REQUIRE, OPTION_TAG)) return true;
  return reply->reliable && sip_message_has_token(invite, SIP_HEADER_SUPPORTED, OPTION_TAG);
}

static sip_reliable *make(sip_engine *engine, sip_transaction *t) {
  sip_reliable *reliable = sip_alloc_zero(&engine->alloc, sizeof *reliable);
  if (!reliable) return NULL;
  sip_timer_init(&reliable->retransmit);
  sip_timer_init(&reliable->timeout);
  reliable->retransmit.tag = SIP_TIMER_OF_RELIABLE_1;
  reliable->timeout.tag = SIP_TIMER_OF_RELIABLE_2;
  reliable->invite = t;
  t->server.reliable = reliable;
  return reliable;
}

int sip_reliable_prepare(sip_engine *engine, sip_transaction *t, const sip_reply *reply,
                         uint32_t *rseq) {
  *rseq = 0;
  sip_reliable *reliable = t->server.reliable;
  if (reply->status < 300 && sip_reliable_holds_success(t)) return SIP_E_STATE;
  if (reliable && reply->status < 300 && reliable->held_count == SIP_RELIABLE_HELD_MAX) {
    return SIP_E_LIMIT;
  }
  if (!sip_reliable_is_due(t, reply)) return 0;
  if (!reliable) reliable = make(engine, t);
  if (!reliable) return SIP_E_MEMORY;
  *rseq = reliable->last_rseq + 1;
  if (*rseq == 1) *rseq += (uint32_t)(sip_random_number(&engine->random) % RSEQ_FIRST_MAX);
  return 0;
}

static void stop(sip_engine *engine, sip_reliable *reliable) {
  sip_timer_stop(&engine->wheel, &reliable->retransmit);
  sip_timer_stop(&engine->wheel, &reliable->timeout);
}

static void start_retransmit(sip_engine *engine, sip_reliable *reliable) {
  reliable->interval_ms = engine->config.t1_ms;
  sip_timer_start(&engine->wheel, &reliable->retransmit, engine->now + reliable->interval_ms);
}

/* It is on its way, until its PRACK. */
static void begin(sip_engine *engine, sip_reliable *reliable, const sip_held *response) {
  reliable->sent = *response;
  reliable->rseq++;
  start_retransmit(engine, reliable);
  sip_timer_start(&engine->wheel, &reliable->timeout, engine->now + sip_engine_timer_64t1(engine));
  sip_server_pass(engine, reliable->invite, sip_packet_keep(response->packet), response->status);
}

static void forget_held(sip_reliable *reliable) {
  for (size_t i = 0; i < reliable->held_count; i++) sip_packet_release(reliable->held[i].packet);
  reliable->held_count = 0;
}

/* What keeps a 2xx back: a description that may not have arrived (3). */
static bool has_description_under_way(const sip_reliable *reliable) {
  if (reliable->sent.packet && reliable->sent.has_body) return true;
  for (size_t i = 0; i < reliable->held_count; i++) {
    if (reliable->held[i].has_body) return true;
  }
  return false;
}

bool sip_reliable_holds_success(const sip_transaction *t) {
  const sip_reliable *r = t->server.reliable;
  return r && r->held_count > 0 && r->held[r->held_count - 1].status >= 200;
}

/* A final response goes out: nothing is sent again, and only a PRACK of what was may come. */
static void end(sip_engine *engine, sip_reliable *reliable) {
  stop(engine, reliable);
  forget_held(reliable);
}

bool sip_reliable_pass(sip_engine *engine, sip_transaction *t, const sip_held *response,
                       uint32_t rseq) {
  sip_reliable *reliable = t->server.reliable;
  bool is_success = response->status >= 200 && response->status < 300;
  bool is_kept = reliable && ((rseq && reliable->sent.packet) ||
                              (is_success && has_description_under_way(reliable)));
  if (rseq) {
    if (reliable->last_rseq == 0) reliable->rseq = rseq - 1;
    reliable->last_rseq = rseq;
  }
  if (is_kept) {
    reliable->held[reliable->held_count++] = *response;
  } else if (rseq) {
    begin(engine, reliable, response);
  } else {
    if (reliable && response->status >= 200) end(engine, reliable);
    sip_server_pass(engine, t, response->packet, response->status);
  }
  return is_kept;
}

/* A PRACK that says RAck and is of the INVITE with this CSeq acknowledges what is under way. */
static bool acknowledges(const sip_reliable *reliable, const sip_rack *rack, uint32_t cseq) {
  return reliable && reliable->sent.packet && rack->rseq == reliable->rseq &&
         rack->cseq.number == cseq && rack->cseq.method == SIP_METHOD_INVITE;
}

static bool read_rack(const sip_message *prack, sip_rack *rack) {
  const sip_header *header = sip_message_find(prack, SIP_HEADER_RACK, 0);
  return header && sip_rack_parse(sip_message_value(prack, header), rack) == 0;
}

sip_transaction *sip_reliable_match(sip_engine *engine, const sip_dialog *dialog,
                                    const sip_message *prack) {
  sip_transaction *invite = sip_slots_find(&engine->transactions, dialog->last_invite);
  sip_rack rack;
  if (!invite || !read_rack(prack, &rack)) return NULL;
  return acknowledges(invite->server.reliable, &rack, dialog->last_invite_cseq) ? invite : NULL;
}

/* The dialog is gone, and the request with it; what is left of it are the hash that tells
 * merged copies, and our tag. */
sip_transaction *sip_reliable_match_rejected(sip_engine *engine, const sip_message *prack) {
  sip_rack rack;
  if (!read_rack(prack, &rack)) return NULL;
  uint64_t hash = sip_server_invite_hash(engine, prack, rack.cseq.number);
  sip_map_node *node = sip_map_find(&engine->by_merge, hash);
  for (; node; node = sip_map_find_next(node)) {
    sip_transaction *t = SIP_CONTAINER(node, sip_transaction, server.by_merge);
    sip_str tag = {t->server.to_tag, t->server.to_tag_len};
    if (t->method == SIP_METHOD_INVITE && t->status >= 300 &&
        sip_str_equal(tag, sip_message_span(prack, prack->to_tag)) &&
        acknowledges(t->server.reliable, &rack, rack.cseq.number)) {
      return t;
    }
  }
  return NULL;
}

void sip_reliable_heard(sip_engine *engine, sip_transaction *invite) {
  sip_timer_stop(&engine->wheel, &invite->server.reliable->retransmit);
}

/* The next one that waits has its turn. */
static void go_on(sip_engine *engine, sip_reliable *reliable) {
  sip_held next = reliable->held[0];
  reliable->held_count--;
  memmove(reliable->held, reliable->held + 1, reliable->held_count * sizeof next);
  if (next.status < 200) {
    begin(engine, reliable, &next);
  } else {
    sip_server_pass(engine, reliable->invite, next.packet, next.status);
  }
}

void sip_reliable_acknowledged(sip_engine *engine, sip_transaction *invite, int status) {
  sip_reliable *reliable = invite->server.reliable;
  if (!reliable || !reliable->sent.packet) return;
  bool is_over = invite->state != SIP_STATE_PROCEEDING;
  if (status >= 300) { /* its offer was refused: the response is not acknowledged */
    if (!is_over) start_retransmit(engine, reliable);
    return;
  }
  stop(engine, reliable);
  sip_packet_release(reliable->sent.packet);
  reliable->sent = (sip_held){0};
  if (reliable->held_count > 0) go_on(engine, reliable);
}

/* 64*T1 without a PRACK: the INVITE is refused (3), and its user hears of it. */
static void give_up(sip_engine *engine, sip_reliable *reliable) {
  sip_transaction *invite = reliable->invite;
  sip_event event = {.kind = SIP_EVENT_NO_PRACK,
                     .transaction = invite->id,
                     .dialog = invite->dialog,
                     .code = SIP_E_TIMEOUT,
                     .flow = invite->flow};
  sip_engine_push_event(engine, &event, NULL);
  sip_server_answer(engine, invite, 504);
}

void sip_reliable_timer(sip_engine *engine, sip_reliable *reliable, sip_timer *timer) {
  if (timer == &reliable->timeout) {
    give_up(engine, reliable);
    return;
  }
  const sip_transaction *t = reliable->invite;
  sip_outgoing out = {.packet = sip_packet_keep(reliable->sent.packet),
                      .flow = t->flow,
                      .fallback = t->fallback,
                      .owner = t->id};
  sip_engine_push_packet(engine, &out);
  reliable->interval_ms *= 2; /* the time-out comes long before this overflows */
  sip_timer_start(&engine->wheel, timer, engine->now + reliable->interval_ms);
}

void sip_reliable_free(sip_engine *engine, sip_reliable *reliable) {
  if (!reliable) return;
  end(engine, reliable);
  sip_packet_release(reliable->sent.packet);
  sip_alloc_free(&engine->alloc, reliable, sizeof *reliable);
}
