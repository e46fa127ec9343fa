/* SPDX-License-Identifier: MIT
 *
 * A client transaction's way to the wire: draft, next hop, target, listener,
 * branch, first transmission (RFC 3261 8.1.2, 17.1, 18.1.1).
 */
#include "sip/client.h"

#include <string.h>

#include "base/error.h"
#include "sip/dead_target.h"
#include "sip/failover.h"
#include "sip/proxy.h"
#include "sip/query.h"
#include "sip/request_writer.h"
#include "sip/subscription_usage.h"

enum {
  MTU_MARGIN = 200, /* 18.1.1 */
  HEAD_ESTIMATE = 160
};

static sip_str branch_of(const sip_transaction *t) {
  return sip_str_make(t->key, t->key_len);
}

static uint64_t client_hash(const sip_engine *engine, sip_str branch, bool cancel) {
  return sip_hash(engine->key, branch) + (cancel ? 1 : 0);
}

void sip_client_register(sip_engine *engine, sip_transaction *t) {
  bool cancel = t->method == SIP_METHOD_CANCEL;
  sip_map_add(&engine->by_client_key, &t->by_key, client_hash(engine, branch_of(t), cancel));
}

void sip_client_mint_branch(sip_engine *engine, sip_transaction *t) {
  char *branch = t->key;
  size_t cookie = sizeof SIP_BRANCH_COOKIE - 1, owner = engine->config.owner.len;
  memcpy(branch, SIP_BRANCH_COOKIE, cookie);
  if (owner) memcpy(branch + cookie, engine->config.owner.ptr, owner);
  sip_random_token(&engine->random, branch + cookie + owner, SIP_TOKEN_LEN);
}

void sip_client_renew_branch(sip_engine *engine, sip_transaction *t) {
  sip_map_remove(&engine->by_client_key, &t->by_key);
  sip_client_mint_branch(engine, t);
  sip_client_register(engine, t);
}

size_t sip_client_branch_len(const sip_engine *engine) {
  return sizeof SIP_BRANCH_COOKIE - 1 + engine->config.owner.len + SIP_TOKEN_LEN;
}

/* The sent-by we wrote: what stands between "Via: SIP/2.0/UDP " and ";". */
static sip_str own_sent_by(const sip_transaction *t) {
  size_t at = t->client.head_at + sizeof "Via: SIP/2.0/" - 1 +
              sip_transport_name(t->flow.transport).len + 1;
  sip_str rest = sip_str_make(t->packet->bytes + at, t->packet->len - at);
  return sip_str_make(rest.ptr, sip_str_index(rest, ';'));
}

sip_transaction *sip_client_find(sip_engine *engine, const sip_message *response) {
  sip_str branch = sip_message_span(response, response->branch);
  bool cancel = response->method == SIP_METHOD_CANCEL;
  sip_map_node *node = sip_map_find(&engine->by_client_key, client_hash(engine, branch, cancel));
  for (; node; node = sip_map_find_next(node)) {
    sip_transaction *t = SIP_CONTAINER(node, sip_transaction, by_key);
    if (t->method != response->method || !sip_str_equal(branch_of(t), branch)) continue;
    if (t->client.head_len == 0) continue;
    /* 18.1.2: a response that is not for our sent-by is dropped. A branch that was
     * answered has forgotten what it sent. */
    if (t->packet &&
        !sip_str_equal_nocase(own_sent_by(t), sip_message_span(response, response->sent_by))) {
      continue;
    }
    return t;
  }
  return NULL;
}

void sip_client_deinit(sip_engine *engine, sip_transaction *t) {
  if (t->by_key.hash) sip_map_remove(&engine->by_client_key, &t->by_key);
  sip_query_close(engine, t);
  sip_failover_forget(engine, t);
  sip_alloc_free(&engine->alloc, t->client.targets, t->client.target_count * sizeof(sip_target));
  sip_packet_release(t->client.cancel_headers);
  if (t->flags & SIP_TRANSACTION_PROXIED) {
    sip_branch_released(engine, t);
    return;
  }
  while (!sip_link_alone(&t->client.dialogs)) {
    sip_dialog *dialog = SIP_CONTAINER(t->client.dialogs.next, sip_dialog, siblings);
    sip_link_remove(&dialog->siblings);
    dialog->invite_client = 0;
    sip_dialog_invite_over(engine, dialog);
    if (dialog->state == SIP_DIALOG_EARLY) { /* 13.2.2.4: no 2xx came for it */
      sip_dialog_end(engine, dialog, t->status, NULL);
    }
  }
}

static bool fits_udp(const sip_engine *engine, const sip_transaction *t) {
  size_t len = (t->flags & SIP_TRANSACTION_PROXIED) ? sip_branch_size(t->client.branch)
                                                    : t->packet->len - t->client.head_len;
  return len + HEAD_ESTIMATE + MTU_MARGIN <= engine->config.mtu;
}

bool sip_client_is_pager(const sip_transaction *t) {
  return t->method == SIP_METHOD_MESSAGE && !t->dialog && !(t->flags & SIP_TRANSACTION_PROXIED);
}

/* RFC 3428 8. */
static bool is_too_large(const sip_engine *engine, const sip_transaction *t) {
  return t->flow.transport == SIP_TRANSPORT_UDP && sip_client_is_pager(t) &&
         t->packet->len + MTU_MARGIN > engine->config.mtu;
}

/* UDP unless the request is too large for it and TCP is there (18.1.1). */
static sip_transport choose_transport(sip_engine *engine, sip_transaction *t,
                                      const sip_target *target) {
  sip_transport transport = target->transport ? target->transport : SIP_TRANSPORT_UDP;
  bool stay = (t->flags & SIP_TRANSACTION_STAY_UDP) != 0;
  if (transport != SIP_TRANSPORT_UDP || stay || fits_udp(engine, t)) return transport;
  if (!sip_engine_find_listener(engine, SIP_TRANSPORT_TCP, target->address.family)) {
    return transport;
  }
  t->flags |= SIP_TRANSACTION_UDP_AFTER;
  return SIP_TRANSPORT_TCP;
}

static int write_branch(sip_engine *engine, sip_transaction *t) {
  uint32_t at = 0;
  sip_packet *packet = sip_branch_write(engine, t, &at);
  if (!packet) return SIP_E_MEMORY;
  sip_packet_release(t->packet);
  t->packet = packet;
  t->client.head_at = at;
  t->client.head_len = 1; /* the whole of it is written anew for another flow */
  return 0;
}

/* Writes the request of a branch for the flow chosen; of another, its Via and Contact. */
static int write_head(sip_engine *engine, sip_transaction *t) {
  if (t->flags & SIP_TRANSACTION_PROXIED) return write_branch(engine, t);
  sip_head head = {.at = t->client.head_at,
                   .len = &t->client.head_len,
                   .flow = &t->flow,
                   .branch = branch_of(t),
                   .contact = (t->flags & SIP_TRANSACTION_CONTACT) != 0,
                   .keep = (t->flags & SIP_TRANSACTION_KEEP) != 0,
                   .user = t->client.user,
                   .secure = (t->flags & SIP_TRANSACTION_SECURE) != 0};
  sip_packet *packet = sip_request_with_head(engine, t->packet, &head);
  if (!packet) return SIP_E_MEMORY;
  sip_packet_release(t->packet);
  t->packet = packet;
  return 0;
}

static void hand_over_ack(sip_engine *engine, sip_transaction *t) {
  sip_dialog *dialog = sip_dialog_find(engine, t->dialog);
  if (dialog) sip_dialog_keep_ack(dialog, t->packet, &t->flow);
}

/* The one asked for, when it speaks the transport; else the first that does. */
static uint32_t pick_listener(sip_engine *engine, const sip_transaction *t, uint8_t family) {
  const sip_listener_entry *wanted = sip_engine_listener(engine, t->listener);
  if (wanted && wanted->transport == t->flow.transport && wanted->local.family == family) {
    return t->listener;
  }
  return sip_engine_find_listener(engine, t->flow.transport, family);
}

/* Asks which of our addresses leads to the target chosen (sip/listener.c). */
static int ask_for_local(sip_engine *engine, sip_transaction *t) {
  sip_buffer_clear(&engine->lines);
  sip_sockaddr_write_host(&t->flow.remote, &engine->lines);
  return sip_query_ask(engine, t,
                       &(sip_query){.host = sip_buffer_str(&engine->lines),
                                    .port = t->flow.remote.port,
                                    .transport = t->flow.transport,
                                    .wants_local = true});
}

int sip_client_send_to(sip_engine *engine, sip_transaction *t, const sip_target *target) {
  t->flow.transport = choose_transport(engine, t, target);
  t->flow.remote = target->address;
  uint32_t listener = pick_listener(engine, t, target->address.family);
  if (!listener) return SIP_E_NO_ROUTE;
  t->flow.listener = listener;
  sip_engine_learn_local(engine, &target->address, &target->local);
  if (!sip_engine_local_for(engine, listener, &target->address, &t->flow.local)) {
    return ask_for_local(engine, t);
  }
  int error = write_head(engine, t);
  if (!error && is_too_large(engine, t)) error = SIP_E_NEEDS_TCP;
  if (error) return error;
  bool reliable = sip_transport_is_reliable(t->flow.transport);
  t->flags &= ~(uint32_t)SIP_TRANSACTION_RELIABLE;
  if (reliable) t->flags |= SIP_TRANSACTION_RELIABLE;
  sip_transaction_send(engine, t);
  if (!sip_client_is_sent_once(t) && !reliable) sip_transaction_start_retransmit(engine, t);
  return 0;
}

static bool is_once(const sip_transaction *t) {
  return t->method == SIP_METHOD_ACK || (t->flags & SIP_TRANSACTION_ONCE);
}

bool sip_client_is_sent_once(const sip_transaction *t) {
  return is_once(t) && t->client.head_len > 0;
}

/* A sips URI leads over TLS or nowhere, whatever a resolver says (26.2.2). */
static bool is_secure_enough(const sip_transaction *t, const sip_target *target) {
  return !(t->flags & SIP_TRANSACTION_SECURE) || sip_transport_is_secure(target->transport);
}

int sip_client_send_to_next(sip_engine *engine, sip_transaction *t, int error) {
  while (t->client.target_next < t->client.target_count) {
    const sip_target *target = &t->client.targets[t->client.target_next++];
    error = is_secure_enough(t, target) ? sip_client_send_to(engine, t, target) : SIP_E_NO_ROUTE;
    if (error == 0) break;
  }
  return error;
}

/* What a URI says of its server (RFC 3263 4): a target when its host is an address, else
 * what is to be asked. query->secure: it is on the way to a sips URI. */
static int read_hop(sip_str next_hop, sip_transport wanted, sip_query *query, sip_target *target) {
  sip_uri uri;
  if (sip_uri_parse(next_hop, &uri, NULL) != 0) return SIP_E_URI;
  if (uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS) return SIP_E_URI;
  bool secure = query->secure || uri.scheme == SIP_SCHEME_SIPS;
  if (!wanted) wanted = sip_uri_transport(&uri);
  if (secure && wanted == SIP_TRANSPORT_TCP) wanted = SIP_TRANSPORT_TLS; /* 26.2.2 */
  if (secure && wanted == SIP_TRANSPORT_WS) wanted = SIP_TRANSPORT_WSS;  /* RFC 7118 5 */
  if (secure && wanted && !sip_transport_is_secure(wanted)) return SIP_E_NO_ROUTE;
  sip_str host = uri.host, maddr;
  if (sip_uri_param(&uri, SIP_STR("maddr"), &maddr) && maddr.len) host = maddr;
  *query = (sip_query){.host = host, .port = uri.port, .transport = wanted, .secure = secure};
  sip_transport spoken = secure ? SIP_TRANSPORT_TLS : SIP_TRANSPORT_UDP;
  if (wanted) spoken = wanted;
  *target = (sip_target){.transport = spoken};
  uint16_t port = uri.port ? uri.port : sip_transport_default_port(spoken);
  sip_sockaddr_parse(host, port, &target->address);
  return 0;
}

int sip_client_ask_or_send(sip_engine *engine, sip_transaction *t, sip_str next_hop,
                           sip_transport wanted) {
  sip_query query = {.secure = (t->flags & SIP_TRANSACTION_SECURE) != 0};
  sip_target target;
  int error = read_hop(next_hop, wanted, &query, &target);
  if (error) return error;
  if (target.address.family) return sip_client_send_to(engine, t, &target);
  query.steady = (t->flags & SIP_TRANSACTION_ONCE) != 0;
  return sip_query_ask(engine, t, &query);
}

bool sip_client_way(sip_engine *engine, sip_str next_hop, sip_transport wanted, sip_flow *out) {
  sip_query query = {0};
  sip_target target;
  if (read_hop(next_hop, wanted, &query, &target) != 0 || !target.address.family) return false;
  out->transport = target.transport;
  out->remote = target.address;
  const sip_listener_entry *given = sip_engine_listener(engine, out->listener);
  if (!given || given->transport != out->transport || given->local.family != out->remote.family) {
    out->listener = sip_engine_find_listener(engine, out->transport, out->remote.family);
  }
  return out->listener && sip_engine_local_for(engine, out->listener, &out->remote, &out->local);
}

/* Where the request goes without asking anybody: what the caller said, or the
 * connection that an adjacent peer of the dialog holds open. */
static bool known_target(const sip_request *r, const sip_dialog *dialog, sip_transaction *t,
                         sip_target *target) {
  if (r->destination.family) {
    *target = (sip_target){.transport = r->transport, .address = r->destination};
    t->flow.connection = r->connection;
    if (r->connection) t->flags |= SIP_TRANSACTION_BY_FLOW;
    return true;
  }
  if (!dialog || dialog->routes || r->routes.len || dialog->flow.connection == 0) return false;
  *target = (sip_target){.transport = dialog->flow.transport, .address = dialog->flow.remote};
  t->flow.connection = dialog->flow.connection;
  sip_uri uri;
  if (sip_uri_parse(sip_packet_str(dialog->target), &uri, NULL) == 0 &&
      !sip_sockaddr_parse(uri.host, sip_uri_port(&uri), &t->fallback)) {
    t->fallback = (sip_sockaddr){0};
  }
  return true;
}

static sip_transaction *client_new(sip_engine *engine, const sip_draft *draft,
                                   const sip_request *r) {
  bool invite = draft->method == SIP_METHOD_INVITE;
  sip_transaction *t = sip_transaction_new(engine, invite ? SIP_CLIENT_INVITE : SIP_CLIENT_OTHER,
                                           sip_client_branch_len(engine));
  if (!t) return NULL;
  t->state = invite ? SIP_STATE_CALLING : SIP_STATE_TRYING;
  t->method = (uint8_t)draft->method;
  t->packet = draft->packet;
  t->client.head_at = draft->head_at;
  t->client.user = draft->user;
  t->client.next_hop = (sip_span){(uint32_t)(draft->next_hop.ptr - draft->packet->bytes),
                                  (uint32_t)draft->next_hop.len};
  t->client.subscription = r->subscription;
  t->timeout_ms = r->timeout_ms;
  t->listener = r->listener;
  if (r->own_ack) t->flags |= SIP_TRANSACTION_OWN_ACK;
  if (r->no_tcp) t->flags |= SIP_TRANSACTION_STAY_UDP;
  if (r->keep) t->flags |= SIP_TRANSACTION_KEEP;
  if (r->orphan) t->flags |= SIP_TRANSACTION_ORPHAN;
  if (r->own_prack) t->flags |= SIP_TRANSACTION_OWN_PRACK;
  if (r->is_told) t->flags |= SIP_TRANSACTION_TOLD;
  if (r->is_refresh) t->flags |= SIP_TRANSACTION_REFRESH;
  if (r->session.interval_s == SIP_SESSION_NEVER) t->flags |= SIP_TRANSACTION_UNTIMED;
  if (draft->contact) t->flags |= SIP_TRANSACTION_CONTACT;
  if (draft->secure) t->flags |= SIP_TRANSACTION_SECURE;
  sip_client_mint_branch(engine, t);
  sip_client_register(engine, t);
  sip_transaction_start_limit(engine, t);
  return t;
}

sip_str sip_engine_peer_name(const sip_engine *engine, sip_id owner) {
  const sip_transaction *t = sip_slots_find(&engine->transactions, owner);
  if (!t || !sip_transaction_is_client(t) || t->client.next_hop.len == 0) {
    return sip_str_make(NULL, 0);
  }
  sip_span hop = t->client.next_hop;
  if (hop.at >= t->client.head_at) hop.at += t->client.head_len;
  sip_uri uri;
  sip_str text = sip_str_make(t->packet->bytes + hop.at, hop.len);
  return sip_uri_parse(text, &uri, NULL) == 0 ? uri.host : sip_str_make(NULL, 0);
}

/* The side effects of a request on its dialog (12.2.1.1, 15.1.1). */
static void note_in_dialog(sip_dialog *dialog, const sip_transaction *t, const sip_draft *draft) {
  if (t->method == SIP_METHOD_ACK) return;
  if (draft->cseq > dialog->local_cseq) dialog->local_cseq = draft->cseq;
  if (t->method == SIP_METHOD_INVITE) {
    dialog->invite_client = t->id;
    dialog->seen_rseq = 0;
  }
  if (t->method == SIP_METHOD_BYE) dialog->state = SIP_DIALOG_TERMINATED;
}

/* The Contact that its user gave a dialog goes into what may change the target (12.2.1.1). */
static sip_str contact_of(const sip_request *r, const sip_dialog *dialog) {
  sip_lines lines;
  bool is_given = r->contact.len || sip_lines_scan(r->headers, &lines) != 0 ||
                  sip_lines_have(&lines, SIP_HEADER_CONTACT);
  bool is_wanted = !is_given && sip_method_refreshes_target(sip_method_parse(r->method));
  return is_wanted ? sip_packet_str(dialog->contact) : r->contact;
}

static int draft_of(sip_engine *engine, const sip_request *r, const sip_dialog *dialog,
                    sip_draft *draft) {
  if (!dialog || !dialog->contact) return sip_request_draft(engine, r, dialog, draft);
  sip_request own = *r;
  own.contact = contact_of(r, dialog);
  return sip_request_draft(engine, &own, dialog, draft);
}

int sip_client_open(sip_engine *engine, const sip_request *r, sip_dialog *dialog, sip_id *id) {
  if (!sip_engine_reserve(engine)) return SIP_E_MEMORY;
  sip_draft draft;
  int error = draft_of(engine, r, dialog, &draft);
  if (error) return error;
  sip_transaction *t = client_new(engine, &draft, r);
  if (!t) {
    sip_packet_release(draft.packet);
    return SIP_E_LIMIT;
  }
  if (dialog) t->dialog = dialog->id;
  if (dialog && r->from.len) t->flags |= SIP_TRANSACTION_RENAMES;
  sip_target target;
  if (known_target(r, dialog, t, &target)) {
    error = sip_client_send_to(engine, t, &target);
  } else {
    error = sip_client_ask_or_send(engine, t, draft.next_hop, r->transport);
  }
  if (error) {
    sip_transaction_free(engine, t);
    return error;
  }
  if (dialog) note_in_dialog(dialog, t, &draft);
  if (r->subscription) sip_subscriber_sent(engine, t, draft.cseq);
  *id = t->id;
  if (sip_client_is_sent_once(t)) {
    hand_over_ack(engine, t);
    sip_transaction_free(engine, t);
  }
  return 0;
}

void sip_client_open_cancel(sip_engine *engine, sip_transaction *invite, sip_packet *packet) {
  sip_transaction *t = sip_transaction_new(engine, SIP_CLIENT_OTHER, invite->key_len);
  if (!t) {
    sip_packet_release(packet);
    return;
  }
  memcpy(t->key, invite->key, invite->key_len);
  t->state = SIP_STATE_TRYING;
  t->method = SIP_METHOD_CANCEL;
  t->flags = SIP_TRANSACTION_ORPHAN | (invite->flags & SIP_TRANSACTION_RELIABLE);
  t->packet = packet;
  t->flow = invite->flow;
  t->client.head_at = (uint32_t)sip_str_index(sip_packet_str(packet), '\n') + 1;
  t->client.head_len = 1; /* its Via stands */
  sip_client_register(engine, t);
  sip_transaction_send(engine, t);
  sip_transaction_start_retransmit(engine, t);
  sip_transaction_start_limit(engine, t);
}

/* The targets of a name, in order of preference. */
static int take_targets(sip_engine *engine, sip_transaction *t, const sip_target *targets,
                        size_t count) {
  sip_target *copy = sip_alloc_new(&engine->alloc, count * sizeof *copy);
  if (!copy) return SIP_E_MEMORY;
  sip_dead_target_sort(engine, targets, count, copy);
  t->client.targets = copy;
  t->client.target_count = (uint32_t)count;
  if (!is_once(t)) sip_transaction_start_limit(engine, t);
  return sip_client_send_to_next(engine, t, SIP_E_DNS);
}

/* Our address that leads to the target chosen, with which it is sent; else the next
 * target has its turn. */
static int take_local(sip_engine *engine, sip_transaction *t, const sip_sockaddr *local) {
  sip_sockaddr known;
  int error = SIP_E_NO_ROUTE;
  sip_engine_learn_local(engine, &t->flow.remote, local);
  if (sip_engine_local_for(engine, t->flow.listener, &t->flow.remote, &known)) {
    error = sip_client_send_to(
        engine, t, &(sip_target){.transport = t->flow.transport, .address = t->flow.remote});
  }
  return error ? sip_client_send_to_next(engine, t, error) : 0;
}

void sip_engine_resolved(sip_engine *engine, sip_time now, sip_id query, const sip_target *targets,
                         size_t count, int error) {
  engine->now = now;
  sip_transaction *t = sip_slots_find(&engine->transactions, query);
  if (!t || !sip_transaction_is_client(t) || !t->client.query) return;
  bool wants_local = t->client.query->query.wants_local;
  sip_query_close(engine, t);
  if (!error && count == 0) error = SIP_E_DNS;
  if (!sip_engine_reserve(engine)) {
    error = SIP_E_MEMORY;
  } else if (wants_local) {
    error = take_local(engine, t, error ? &(sip_sockaddr){0} : &targets[0].local);
  } else if (!error) {
    error = take_targets(engine, t, targets, count);
  }
  if (error) {
    sip_transaction_fail(engine, t, error);
  } else if (sip_client_is_sent_once(t)) {
    hand_over_ack(engine, t);
    sip_transaction_free(engine, t);
  }
}
