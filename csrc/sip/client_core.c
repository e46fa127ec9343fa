/* SPDX-License-Identifier: MIT
 *
 * The user agent client core around a transaction: what a response means for
 * dialogs (RFC 3261 12.1.2, 13.2.2), the ACK of a 2xx, CANCEL (9.1), and what a
 * failure ends (12.2.1.2).
 */
#include "base/error.h"
#include "sip/client.h"
#include "sip/failover.h"
#include "sip/proxy.h"
#include "sip/reliable.h"
#include "sip/request_writer.h"
#include "sip/session_timer.h"
#include "sip/subscription_usage.h"

enum { DIALOG_TERMINATED = 199 }; /* RFC 6228 */

static bool is_orphan(const sip_transaction *t) {
  return (t->flags & SIP_TRANSACTION_ORPHAN) != 0;
}

static void push_response(sip_engine *engine, const sip_transaction *t, sip_kept *kept,
                          sip_id dialog) {
  if (is_orphan(t)) return;
  sip_event event = {.kind = SIP_EVENT_RESPONSE,
                     .transaction = t->id,
                     .dialog = dialog,
                     .code = kept->message->status,
                     .flow = kept->flow};
  kept->references++;
  sip_engine_push_event(engine, &event, kept);
}

/* No memory for the response: its sender is told of a failure instead. */
static void push_lost_response(sip_engine *engine, const sip_transaction *t) {
  if (is_orphan(t)) return;
  sip_event event = {.kind = SIP_EVENT_FAILED, .transaction = t->id, .code = SIP_E_MEMORY};
  sip_engine_push_event(engine, &event, NULL);
}

/* Credentials of the INVITE, which its ACK repeats (22.1). Into engine->lines. */
static sip_str credential_lines(sip_engine *engine, const sip_transaction *t) {
  sip_buffer *out = &engine->lines;
  sip_buffer_clear(out);
  sip_message *m = engine->own;
  if (sip_message_parse(m, sip_packet_str(t->packet), &engine->config.limits) != 0) {
    return (sip_str){0};
  }
  for (size_t i = 0; i < m->header_count; i++) {
    const sip_header *header = &m->headers[i];
    if (header->id != SIP_HEADER_AUTHORIZATION && header->id != SIP_HEADER_PROXY_AUTHORIZATION) {
      continue;
    }
    sip_buffer_add(out, sip_header_name((sip_header_id)header->id));
    SIP_BUFFER_ADD(out, ": ");
    sip_buffer_add(out, sip_message_value(m, header));
    SIP_BUFFER_ADD(out, "\r\n");
  }
  return out->failed ? (sip_str){0} : sip_buffer_str(out);
}

static void acknowledge(sip_engine *engine, const sip_transaction *t, sip_dialog *dialog) {
  sip_packet *lines = sip_packet_copy(&engine->alloc, credential_lines(engine, t));
  if (!lines) return; /* the next copy of the 2xx finds no ACK and makes one */
  sip_request ack = {.method = SIP_STR("ACK"),
                     .cseq = dialog->accepted_cseq,
                     .headers = sip_packet_str(lines),
                     .orphan = true};
  sip_id ignored;
  sip_client_open(engine, &ack, dialog, &ignored);
  sip_packet_release(lines);
}

/* The dialog a response to an INVITE belongs to, made when there is none. */
static sip_dialog *dialog_of_invite(sip_engine *engine, sip_transaction *t,
                                    const sip_message *response, const sip_flow *flow) {
  if (t->dialog) return sip_dialog_find(engine, t->dialog);
  if (response->status == 100 || response->status >= 300 || response->to_tag.len == 0) return NULL;
  sip_dialog *dialog = sip_dialog_match_response(engine, response);
  if (dialog || response->status == DIALOG_TERMINATED) return dialog; /* that makes none */
  return sip_dialog_open_uac(engine, t, response, flow);
}

/* True when the 2xx was seen before: its ACK is sent again and nobody hears. */
static bool is_repeated(sip_engine *engine, const sip_transaction *t, sip_dialog *dialog,
                        const sip_message *response) {
  if (dialog->accepted_cseq != response->cseq) return false;
  if (dialog->ack) {
    sip_dialog_resend_ack(engine, dialog);
  } else if (!(t->flags & SIP_TRANSACTION_OWN_ACK)) {
    acknowledge(engine, t, dialog);
  }
  return true;
}

/* Every early dialog of an INVITE that failed (13.2.2.3). */
static void end_early_dialogs(sip_engine *engine, sip_transaction *t, int code) {
  sip_link *link = t->client.dialogs.next;
  while (link != &t->client.dialogs) {
    sip_dialog *dialog = SIP_CONTAINER(link, sip_dialog, siblings);
    link = link->next;
    if (dialog->state == SIP_DIALOG_EARLY) sip_dialog_end(engine, dialog, code, NULL);
  }
}

/* True for a copy of a 2xx, or a straggler before it, whose dialog has ended. */
static bool is_of_ended(sip_engine *engine, const sip_transaction *t, const sip_message *response) {
  if (!t->client.ended || response->status == 100 || response->status >= 300) return false;
  sip_str tag = sip_message_span(response, response->to_tag);
  return t->client.ended == sip_hash(engine->key, tag) &&
         !sip_dialog_match_response(engine, response);
}

/* A 2xx that may have changed the session, the target, or who we are. */
static void accepted_in_dialog(sip_engine *engine, sip_transaction *t, sip_dialog *dialog,
                               const sip_message *response) {
  sip_dialog_learn(dialog, response);
  if (!(t->flags & SIP_TRANSACTION_UNTIMED)) sip_session_accepted(engine, dialog, response);
  bool renames = (t->flags & SIP_TRANSACTION_RENAMES) != 0;
  if (!renames ||
      sip_message_parse(engine->own, sip_packet_str(t->packet), &engine->config.limits) != 0) {
    return;
  }
  sip_dialog_rename_local(engine, dialog, engine->own);
}

/* Acknowledged by us unless its user wants to, or its offer needs an answer of theirs. */
static void reliable_response(sip_engine *engine, sip_transaction *t, sip_dialog *dialog,
                              sip_kept *kept) {
  const sip_message *response = kept->message;
  bool has_body = response->body_len > 0;
  bool is_owed =
      (t->flags & SIP_TRANSACTION_OWN_PRACK) || (has_body && (t->flags & SIP_TRANSACTION_OWN_ACK));
  sip_dialog_learn(dialog, response);
  sip_dialog_refresh_target(engine, dialog, response); /* RFC 6141 4.3 */
  if (!is_orphan(t)) {
    kept->references++;
    sip_event event = {.kind = SIP_EVENT_RELIABLE,
                       .transaction = t->id,
                       .dialog = dialog->id,
                       .code = is_owed,
                       .flow = kept->flow};
    sip_engine_push_event(engine, &event, kept);
  }
  if (!is_owed) sip_reliable_acknowledge(engine, dialog, response, has_body && !is_orphan(t));
}

/* RFC 6228 4: the early dialog of a branch that failed is over, though the INVITE is not. */
static bool ends_branch(const sip_transaction *t, const sip_dialog *dialog, int status) {
  return status == DIALOG_TERMINATED && !t->dialog && dialog && dialog->state == SIP_DIALOG_EARLY;
}

static void invite_provisional(sip_engine *engine, sip_transaction *t, sip_dialog *dialog,
                               sip_kept *kept) {
  uint32_t rseq;
  bool is_reliable = dialog && sip_reliable_is_one(kept->message, &rseq);
  if (is_reliable && !sip_reliable_take(dialog, rseq)) {
    engine->absorbed++;
    return;
  }
  if (is_reliable) {
    reliable_response(engine, t, dialog, kept);
  } else {
    push_response(engine, t, kept, dialog ? dialog->id : 0);
  }
  int status = kept->message->status;
  if (ends_branch(t, dialog, status)) sip_dialog_end(engine, dialog, status, NULL);
}

static void invite_accepted(sip_engine *engine, sip_transaction *t, sip_dialog *dialog,
                            sip_kept *kept) {
  const sip_message *response = kept->message;
  if (is_repeated(engine, t, dialog, response)) return;
  sip_dialog_confirm_uac(engine, dialog, response);
  accepted_in_dialog(engine, t, dialog, response);
  push_response(engine, t, kept, dialog->id);
  if (!(t->flags & SIP_TRANSACTION_OWN_ACK)) acknowledge(engine, t, dialog);
  sip_dialog_invite_over(engine, dialog);
}

static void invite_response(sip_engine *engine, sip_transaction *t, const sip_message *response,
                            sip_kept *kept) {
  int status = response->status;
  if (is_of_ended(engine, t, response)) {
    engine->absorbed++;
    return;
  }
  sip_dialog *dialog = dialog_of_invite(engine, t, response, &kept->flow);
  if (status < 200) {
    invite_provisional(engine, t, dialog, kept);
    return;
  }
  if (status < 300 && dialog) {
    invite_accepted(engine, t, dialog, kept);
    return;
  }
  push_response(engine, t, kept, dialog ? dialog->id : 0);
  if (status < 300) return;
  if (dialog) {
    dialog->invite_client = 0;
    sip_dialog_invite_over(engine, dialog);
  }
  end_early_dialogs(engine, t, status);
}

static void bye_response(sip_engine *engine, sip_dialog *dialog, int status) {
  if (status < 200) return;
  if (status == 401 || status == 407) { /* may be sent again with credentials */
    sip_timer_start(&engine->wheel, &dialog->timeout, engine->now + sip_engine_timer_64t1(engine));
  } else {
    sip_dialog_end(engine, dialog, status, NULL);
  }
}

static void other_response(sip_engine *engine, sip_transaction *t, const sip_message *response,
                           sip_kept *kept) {
  int status = response->status;
  bool accepted = status >= 200 && status < 300;
  bool makes = t->method == SIP_METHOD_SUBSCRIBE || t->method == SIP_METHOD_REFER;
  if (t->client.subscription) makes = false; /* a NOTIFY does (RFC 6665 4.4.1) */
  sip_dialog *dialog = sip_dialog_find(engine, t->dialog);
  if (!dialog && !t->dialog && accepted && makes && response->to_tag.len) {
    dialog = sip_dialog_open_uac(engine, t, response, &kept->flow);
    if (dialog) dialog->state = SIP_DIALOG_CONFIRMED;
  } else if (dialog && accepted && sip_method_refreshes_target((sip_method)t->method)) {
    sip_dialog_refresh_target(engine, dialog, response);
  }
  bool is_update = dialog && t->method == SIP_METHOD_UPDATE;
  if (is_update && accepted) accepted_in_dialog(engine, t, dialog, response);
  push_response(engine, t, kept, dialog ? dialog->id : 0);
  if (!dialog) return;
  if (t->method == SIP_METHOD_BYE) bye_response(engine, dialog, status);
  if (t->flags & SIP_TRANSACTION_REFRESH && status >= 200) {
    sip_session_refreshed(engine, dialog, response);
  }
  if (t->flags & SIP_TRANSACTION_TOLD && accepted) {
    sip_engine_push_event(engine, &(sip_event){.kind = SIP_EVENT_PRACKED, .dialog = dialog->id},
                          NULL);
  }
}

/* 12.2.1.2 and RFC 5057 5.1: some failures end the dialog they came in. */
static void after_failure(sip_engine *engine, sip_transaction *t, int status) {
  sip_dialog *dialog = sip_dialog_find(engine, t->dialog);
  if (!dialog || dialog->state != SIP_DIALOG_CONFIRMED || !sip_dialog_is_fatal(status)) return;
  if (status == 408 || status == 481) {
    sip_dialog_end_with_bye(engine, dialog, status);
  } else if (status != 480) {
    sip_dialog_end_all(engine, dialog, status);
  } else {
    sip_dialog_end(engine, dialog, status, NULL);
  }
}

/* The next server of its name may do better (RFC 3263 4.3). */
static bool goes_on_elsewhere(sip_engine *engine, sip_transaction *t) {
  if (t->status != 503) return false;
  sip_id id = t->id;
  if (!sip_failover_after_503(engine, t)) return false;
  if (t->method == SIP_METHOD_INVITE) end_early_dialogs(engine, t, 503);
  return sip_slots_find(&engine->transactions, id) == t;
}

void sip_client_to_user(sip_engine *engine, sip_transaction *t, const sip_message *response,
                        const sip_flow *flow) {
  bool first = t->status == 0;
  t->status = response->status;
  sip_failover_hear(engine, t, response);
  if (goes_on_elsewhere(engine, t)) return;
  if (first && t->state == SIP_STATE_PROCEEDING && t->machine == SIP_CLIENT_OTHER) {
    sip_transaction_start_limit(engine, t); /* somebody is there: no hurry to go elsewhere */
  }
  if (t->client.cancel_headers && response->status < 200) sip_client_send_cancel(engine, t);
  if (t->flags & SIP_TRANSACTION_PROXIED) {
    sip_branch_response(engine, t, response, flow);
    return;
  }
  if (t->client.subscription && sip_subscription_response(engine, t, response, flow)) return;
  sip_kept *kept = sip_kept_new(engine, response, flow);
  if (!kept) {
    push_lost_response(engine, t);
    return;
  }
  if (t->method == SIP_METHOD_INVITE) {
    invite_response(engine, t, kept->message, kept);
  } else {
    other_response(engine, t, kept->message, kept);
  }
  after_failure(engine, t, kept->message->status);
  sip_kept_release(engine, kept);
}

void sip_client_failed(sip_engine *engine, sip_transaction *t, int error) {
  if (error == SIP_E_TIMEOUT && sip_failover_after_silence(engine, t)) return;
  if (t->flags & SIP_TRANSACTION_PROXIED) {
    sip_branch_lost(engine, t, error);
    return;
  }
  if (t->client.subscription && sip_subscription_failed(engine, t, error)) return;
  if (!is_orphan(t)) {
    sip_event event = {
        .kind = SIP_EVENT_FAILED, .transaction = t->id, .dialog = t->dialog, .code = error};
    sip_engine_push_event(engine, &event, NULL);
  }
  if (t->method == SIP_METHOD_INVITE) end_early_dialogs(engine, t, error);
  sip_dialog *dialog = sip_dialog_find(engine, t->dialog);
  if (!dialog || t->method == SIP_METHOD_ACK) return;
  if (t->method == SIP_METHOD_INVITE) dialog->invite_client = 0;
  if (t->method == SIP_METHOD_BYE) {
    sip_dialog_end(engine, dialog, error, NULL);
  } else if (dialog->state != SIP_DIALOG_EARLY || !dialog->by_invite) {
    /* No response at all (12.2.1.2). What becomes of an early dialog is the INVITE's matter:
     * its 2xx may still come. */
    sip_dialog_end_with_bye(engine, dialog, error);
  }
}

void sip_client_acknowledge_failure(sip_engine *engine, sip_transaction *t,
                                    const sip_message *response) {
  sip_str to = sip_message_value(response, &response->headers[response->to]);
  sip_packet *ack = sip_request_hop_by_hop(engine, t->packet, SIP_METHOD_ACK, to, (sip_str){0});
  if (!ack) return; /* the next copy of the response asks again */
  sip_engine_push_packet(engine, &(sip_outgoing){.packet = ack, .flow = t->flow});
}

void sip_client_guard_expired(sip_engine *engine, sip_transaction *t) {
  bool proxied = t->flags & SIP_TRANSACTION_PROXIED && t->client.branch;
  if (proxied) {
    sip_branch_expire(engine, t->client.branch);
  } else {
    sip_client_send_cancel(engine, t);
  }
}

/* A CANCEL is a transaction of its own with the INVITE's branch, and its outcome
 * is that of the INVITE (9.1). */
void sip_client_send_cancel(sip_engine *engine, sip_transaction *t) {
  sip_str headers = {0};
  if (t->client.cancel_headers) headers = sip_packet_str(t->client.cancel_headers);
  t->flags |= SIP_TRANSACTION_CANCELLED;
  sip_packet *packet =
      sip_request_hop_by_hop(engine, t->packet, SIP_METHOD_CANCEL, (sip_str){0}, headers);
  if (packet) sip_client_open_cancel(engine, t, packet);
  sip_packet_release(t->client.cancel_headers);
  t->client.cancel_headers = NULL;
  t->timeout.kind = SIP_INPUT_TIMER_CANCEL;
  sip_timer_start(&engine->wheel, &t->timeout, engine->now + sip_engine_timer_64t1(engine));
}

int sip_engine_cancel(sip_engine *engine, sip_time now, sip_id transaction, sip_str headers) {
  engine->now = now;
  sip_transaction *t = sip_slots_find(&engine->transactions, transaction);
  if (!t || !sip_transaction_is_client(t)) return SIP_E_GONE;
  bool waiting = t->state == SIP_STATE_CALLING || t->state == SIP_STATE_PROCEEDING;
  if (t->machine != SIP_CLIENT_INVITE || !waiting) return SIP_E_STATE;
  if (t->flags & SIP_TRANSACTION_CANCELLED || t->client.cancel_headers) return 0;
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  if (t->client.head_len == 0) { /* nothing was sent yet */
    sip_transaction_fail(engine, t, SIP_E_CANCELLED);
    return 0;
  }
  t->client.cancel_headers = sip_packet_copy(&engine->alloc, headers);
  if (!t->client.cancel_headers) return SIP_E_MEMORY;
  if (t->state == SIP_STATE_PROCEEDING) sip_client_send_cancel(engine, t);
  return 0;
}

int sip_engine_request(sip_engine *engine, sip_time now, const sip_request *request,
                       sip_id *transaction) {
  engine->now = now;
  if (sip_str_equal(request->method, SIP_STR("ACK")) ||
      sip_str_equal(request->method, SIP_STR("CANCEL"))) {
    return SIP_E_INVALID; /* they belong to an INVITE: sip_engine_ack, sip_engine_cancel */
  }
  return sip_client_open(engine, request, NULL, transaction);
}

int sip_engine_dialog_request(sip_engine *engine, sip_time now, sip_id id,
                              const sip_request *request, sip_id *transaction) {
  engine->now = now;
  sip_dialog *dialog = sip_dialog_find(engine, id);
  if (!dialog) return SIP_E_GONE;
  sip_method method = sip_method_parse(request->method);
  if (method == SIP_METHOD_ACK || method == SIP_METHOD_CANCEL) return SIP_E_INVALID;
  if (dialog->state == SIP_DIALOG_TERMINATED && method != SIP_METHOD_BYE) return SIP_E_STATE;
  if (method == SIP_METHOD_INVITE && sip_dialog_is_inviting(dialog)) {
    dialog->wants_invite = true;
    return SIP_E_PENDING;
  }
  return sip_client_open(engine, request, dialog, transaction);
}

int sip_engine_ack(sip_engine *engine, sip_time now, sip_id id, const sip_request *request) {
  engine->now = now;
  sip_dialog *dialog = sip_dialog_find(engine, id);
  if (!dialog) return SIP_E_GONE;
  if (dialog->accepted_cseq == 0) return SIP_E_STATE;
  sip_request ack = *request;
  ack.method = SIP_STR("ACK");
  ack.cseq = dialog->accepted_cseq;
  ack.orphan = true;
  sip_id ignored;
  return sip_client_open(engine, &ack, dialog, &ignored);
}
