/* SPDX-License-Identifier: MIT
 *
 * Programs of events against the engine: the input is a list of steps, each a byte
 * that says what happens and bytes that say how. Messages are made of parts that fit
 * each other, so that transactions and dialogs are met and not only missed, with a
 * piece of the input dropped in. Whatever happens, a quiet hour later nothing may live
 * but confirmed dialogs, and freeing the engine leaves nothing (the leak sanitizer).
 */
#include <stdio.h>

#include "sip/engine_guard.h"
#include "steps.h"

enum { IDS = 8, CONNECTIONS = 3, TEXT = 4096, QUIET_MS = 3600000, STEPS_MAX = 64 };

typedef struct world {
  sip_engine *engine;
  sip_time now;
  sip_flow flow;
  sip_id transactions[IDS], dialogs[IDS];
  unsigned transaction_count, dialog_count;
  unsigned long last_rseq;
  char last_sent[TEXT]; /* the last request the engine sent */
} world;

static void keep(sip_id *list, unsigned *count, sip_id id) {
  if (id) list[(*count)++ % IDS] = id;
}

/* Some share one, as over TCP. */
static sip_id connection_of(sip_id owner) {
  return 1 + owner % CONNECTIONS;
}

static void drain(world *w) {
  sip_outgoing packet;
  while (sip_engine_next_packet(w->engine, &packet)) {
    bool request = packet.packet->len > 7 && memcmp(packet.packet->bytes, "SIP/2.0", 7) != 0;
    if (request && packet.packet->len < TEXT) {
      memcpy(w->last_sent, packet.packet->bytes, packet.packet->len);
      w->last_sent[packet.packet->len] = '\0';
    }
    sip_engine_sent_by(w->engine, packet.owner, connection_of(packet.owner), packet.owner & 4);
    sip_packet_release(packet.packet);
  }
  sip_event event;
  while (sip_engine_next_event(w->engine, &event)) {
    keep(w->transactions, &w->transaction_count, event.transaction);
    keep(w->dialogs, &w->dialog_count, event.dialog);
  }
  sip_query query;
  while (sip_engine_next_query(w->engine, &query)) {
    sip_target target = {.transport = SIP_TRANSPORT_UDP, .address = w->flow.remote};
    sip_engine_resolved(w->engine, w->now, query.id, &target, 1, 0);
  }
}

static void receive(world *w, const char *text, size_t len) {
  receive_exact(w->engine, w->now, &w->flow, sip_str_make(text, len));
}

/* No time between half an hour and for ever: settle() looks after an hour. */
static const char *expires_line(uint8_t byte) {
  static const char *const lines[] = {"",
                                      "Session-Expires: 90\r\nAllow: UPDATE\r\n",
                                      "Session-Expires: 1800;refresher=uac\r\nAllow: UPDATE\r\n",
                                      "Session-Expires: 4294967295;refresher=uas\r\n",
                                      "Session-Expires: 0\r\n",
                                      "Session-Expires: 90;refresher=uac\r\nMin-SE: 1800\r\n",
                                      "Min-SE: 90\r\n",
                                      "Retry-After: 3\r\n"};
  return lines[byte & 7];
}

static void receive_request(world *w, input *in) {
  static const char *const methods[] = {"INVITE", "ACK",    "BYE",       "CANCEL",
                                        "PRACK",  "UPDATE", "SUBSCRIBE", "REFER"};
  uint8_t shape = next_byte(in);
  const char *method = methods[shape & 7];
  char to_tag[128] = "";
  sip_dialog_info info;
  sip_id dialog = w->dialogs[next_byte(in) % IDS];
  if ((shape & 8) && sip_engine_dialog_info(w->engine, dialog, &info) == 0) {
    snprintf(to_tag, sizeof to_tag, ";tag=%.*s", (int)info.local_tag.len, info.local_tag.ptr);
  }
  sip_str piece = next_text(in);
  char text[TEXT];
  int len =
      snprintf(text, sizeof text,
               "%s sip:a@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK%u;rport\r\n"
               "From: <sip:p@10.0.0.9>;tag=p\r\nTo: <sip:a@10.0.0.1>%s\r\nCall-ID: %u\r\n"
               "CSeq: %u %s\r\nContact: <sip:p@10.0.0.9>\r\n%s%sRAck: %lu %u INVITE\r\n"
               "X-Piece: %.*s\r\nContent-Length: 0\r\n\r\n",
               method, next_byte(in) & 3, to_tag, shape >> 6, next_byte(in) & 15, method,
               (shape & 16) ? "Supported: 100rel, timer\r\n" : "", expires_line(next_byte(in)),
               w->last_rseq + (next_byte(in) & 1), next_byte(in) & 15, (int)piece.len, piece.ptr);
  if (len > 0 && len < TEXT) receive(w, text, (size_t)len);
}

/* A line of the last request sent, with its name and CRLF. */
static int copy_line(const world *w, const char *name, char *out, size_t room) {
  const char *line = strstr(w->last_sent, name);
  const char *end = line ? strstr(line, "\r\n") : NULL;
  if (!end) return 0;
  return snprintf(out, room, "%.*s\r\n", (int)(end - line), line);
}

static void receive_response(world *w, input *in) {
  static const int statuses[] = {100, 180, 183, 200, 199, 422, 401, 405,
                                 408, 481, 486, 491, 500, 503, 600, 699};
  uint8_t shape = next_byte(in);
  char via[512] = "", from[512] = "", to[512] = "", call_id[512] = "", cseq[512] = "";
  copy_line(w, "Via:", via, sizeof via);
  copy_line(w, "From:", from, sizeof from);
  copy_line(w, "To:", to, sizeof to);
  copy_line(w, "Call-ID:", call_id, sizeof call_id);
  copy_line(w, "CSeq:", cseq, sizeof cseq);
  size_t to_len = strlen(to);
  if (to_len > 2 && !strstr(to, ";tag=") && (shape & 15)) {
    snprintf(to + to_len - 2, sizeof to - to_len + 2, ";tag=%u\r\n", shape >> 6);
  }
  char text[TEXT];
  int len = snprintf(text, sizeof text,
                     "SIP/2.0 %d X\r\n%s%s%s%s%s%sRequire: 100rel\r\nRSeq: %u\r\n"
                     "Contact: <sip:p@10.0.0.9>\r\n\r\n",
                     statuses[shape & 15], via, from, to, call_id, cseq,
                     expires_line(next_byte(in)), next_byte(in) & 3);
  if (len > 0 && len < TEXT) receive(w, text, (size_t)len);
}

static void reply(world *w, input *in) {
  uint8_t shape = next_byte(in);
  sip_reply parts = {.status = 100 + (shape % 6) * 100 + (shape >> 6) * 3,
                     .stateless = (shape & 32) != 0,
                     .reliable = (shape & 16) != 0,
                     .body = (shape & 8) ? SIP_STR("v=0") : (sip_str){0}};
  sip_replied replied = {0};
  sip_engine_reply(w->engine, w->now, w->transactions[next_byte(in) % IDS], &parts, &replied);
  keep(w->dialogs, &w->dialog_count, replied.dialog);
  if (replied.rseq) w->last_rseq = replied.rseq;
}

static void request(world *w, input *in) {
  static const char *const methods[] = {"INVITE", "BYE", "UPDATE", "SUBSCRIBE"};
  uint8_t shape = next_byte(in);
  const char *method = methods[shape & 3];
  sip_request wish = {.method = sip_str_make(method, strlen(method)),
                      .uri = (shape & 4) ? SIP_STR("sip:x.example") : SIP_STR("sip:p@10.0.0.9"),
                      .from = SIP_STR("<sip:a@10.0.0.1>"),
                      .own_ack = (shape & 8) != 0,
                      .orphan = (shape & 16) != 0};
  if (shape & 64) wish.uri = next_text(in);
  if (shape & 128) wish.routes = next_text(in);
  sip_id id = 0;
  if (shape & 32) {
    wish.uri = (sip_str){0};
    sip_engine_dialog_request(w->engine, w->now, w->dialogs[next_byte(in) % IDS], &wish, &id);
  } else {
    sip_engine_request(w->engine, w->now, &wish, &id);
  }
  keep(w->transactions, &w->transaction_count, id);
}

static void step(world *w, input *in) {
  sip_id transaction = w->transactions[next_byte(in) % IDS];
  sip_id dialog = w->dialogs[next_byte(in) % IDS];
  switch (next_byte(in) % 13) {
  case 0:
    w->now += (sip_time)next_byte(in) * 100;
    sip_engine_advance(w->engine, w->now);
    break;
  case 1: {
    sip_str text = next_text(in);
    receive(w, text.ptr, text.len);
    break;
  }
  case 2:
    receive_request(w, in);
    break;
  case 3:
    receive_response(w, in);
    break;
  case 4:
    reply(w, in);
    break;
  case 5:
    request(w, in);
    break;
  case 6:
    sip_engine_cancel(w->engine, w->now, transaction, (sip_str){0});
    break;
  case 7:
    sip_engine_ack(w->engine, w->now, dialog, &(sip_request){0});
    break;
  case 8:
    sip_engine_dialog_drop(w->engine, w->now, dialog);
    break;
  case 9:
    sip_engine_connection_lost(w->engine, w->now, connection_of(next_byte(in)), -1);
    break;
  case 10:
    sip_engine_vouch(w->engine, w->now, transaction);
    break;
  case 11:
    sip_engine_distrust(w->engine, w->now, transaction);
    sip_engine_note_lateness(w->engine, w->now, next_byte(in));
    break;
  default:
    sip_engine_send_failed(w->engine, w->now, transaction, -1);
    break;
  }
  drain(w);
}

/* What is left after an hour in which nothing comes and nobody asks. */
static void settle(world *w) {
  sip_time until = w->now + QUIET_MS, next;
  while ((next = sip_engine_deadline(w->engine)) <= until) {
    w->now = next;
    sip_engine_advance(w->engine, next);
    drain(w);
  }
  sip_engine_counts counts;
  sip_engine_get_counts(w->engine, &counts);
  /* Every one has an end (17), but for sessions that do not expire in our days. */
  if (counts.client_transactions || counts.timers > counts.session_timers) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input in = {data, size};
  sip_engine_config config = {.seed = 1, .max_transactions = 64, .max_dialogs = 16};
  world w = {.engine = sip_engine_new(&config)};
  if (!w.engine) return 0;
  sip_listener listener = {.transport = SIP_TRANSPORT_UDP};
  sip_sockaddr_parse(SIP_STR("10.0.0.1"), 5060, &listener.local);
  w.flow = (sip_flow){.transport = SIP_TRANSPORT_UDP, .local = listener.local};
  sip_sockaddr_parse(SIP_STR("10.0.0.9"), 5060, &w.flow.remote);
  sip_engine_add_listener(w.engine, &listener, &w.flow.listener);
  sip_engine_handle_all(w.engine, (size & 2) != 0);
  sip_engine_handle_method(w.engine, SIP_METHOD_INVITE, true);
  sip_engine_set_session_timer(w.engine, &(sip_session_wish){.interval_s = 1800});
  sip_engine_set_identity(w.engine, &(sip_engine_identity){.supported = SIP_STR("100rel, timer")});
  guard_config limits = {
      .per_source = {40, 1000}, .per_user = {2, 1000}, .capacity = 8, .late_ms = 100, .calm_ms = 9};
  if (size & 1) sip_engine_set_guard(w.engine, &limits);
  sip_engine_want_report(w.engine, true);
  for (int i = 0; i < STEPS_MAX && in.left > 0; i++) step(&w, &in);
  settle(&w);
  sip_engine_free(w.engine);
  return 0;
}
