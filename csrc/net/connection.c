/* SPDX-License-Identifier: MIT
 *
 * One timer serves all deadlines of a connection. It is not moved with every
 * message: when it fires too early it is started again for what is left.
 */
#include "net/connection.h"

#include "base/error.h"
#include "net/connection_read.h"
#include "net/send.h"
#include "net/socket.h"
#include "net/stream_open.h"

enum { LINGER_MS = 2000, WRITE_PARTS = 64 };

static const net_stream_user stream_user;

static net_connection *of_stream(const net_stream *stream) {
  return stream->context;
}

static net_loop *loop_of(const net_connection *connection) {
  return connection->stream->loop;
}

/* --- Finding ---------------------------------------------------------------- */

static uint64_t hash_of(const net_loop *loop, const sip_flow *flow) {
  return sip_sockaddr_hash(loop->key, &flow->remote) + flow->transport;
}

net_connection *net_connection_find(const net_engine *attached, sip_id id) {
  net_connection *connection = sip_slots_find(&attached->loop->connections, id);
  if (!connection || connection->owner != attached) return NULL;
  return connection->state < NET_CONNECTION_LINGERING ? connection : NULL;
}

static bool is_with(const net_connection *connection, sip_str peer) {
  if (peer.len == 0 || !sip_transport_is_secure(connection->flow.transport)) return true;
  return connection->peer && sip_str_equal_nocase(sip_packet_str(connection->peer), peer);
}

net_connection *net_connection_find_remote(const net_engine *attached, const sip_flow *flow,
                                           sip_str peer) {
  const sip_map *remotes = &attached->loop->remotes;
  sip_map_node *node = sip_map_find(remotes, hash_of(attached->loop, flow));
  for (; node; node = sip_map_find_next(node)) {
    net_connection *connection = SIP_CONTAINER(node, net_connection, by_remote);
    if (connection->owner == attached && connection->flow.transport == flow->transport &&
        sip_sockaddr_equal(&connection->flow.remote, &flow->remote) && is_with(connection, peer)) {
      return connection;
    }
  }
  return NULL;
}

static bool is_reusable(const net_connection *connection) {
  return connection->state <= NET_CONNECTION_OPEN;
}

static void set_state(net_connection *connection, net_connection_state state) {
  bool was_reusable = is_reusable(connection);
  connection->state = state;
  connection->since = net_loop_now(loop_of(connection));
  if (was_reusable && !is_reusable(connection)) {
    sip_map_remove(&loop_of(connection)->remotes, &connection->by_remote);
  }
}

/* --- Deadlines ---------------------------------------------------------------- */

static sip_time earlier(sip_time at, sip_time since, uint32_t span_ms) {
  if (since == SIP_TIME_NEVER || since + span_ms > at) return at;
  return since + span_ms;
}

static sip_time deadline_of(const net_connection *connection) {
  const net_config *config = &loop_of(connection)->config;
  if (connection->state == NET_CONNECTION_CONNECTING) {
    return connection->since + (connection->is_proven ? config->connect_ms : config->partial_ms);
  }
  if (connection->state == NET_CONNECTION_LINGERING) return connection->since + LINGER_MS;
  sip_time at = connection->used_at + config->idle_ms;
  if (!connection->is_proven) at = earlier(at, connection->since, config->partial_ms);
  at = earlier(at, connection->partial_at, config->partial_ms);
  return earlier(at, connection->stalled_at, config->partial_ms);
}

void net_connection_arm(net_connection *connection) {
  sip_time at = deadline_of(connection);
  if (sip_timer_started(&connection->timer) && connection->timer.at <= at) return;
  sip_timer_start(&loop_of(connection)->wheel, &connection->timer, at);
}

void net_connection_expire(sip_timer *timer, net_loop *loop) {
  net_connection *connection = SIP_CONTAINER(timer, net_connection, timer);
  if (deadline_of(connection) > net_loop_now(loop)) {
    net_connection_arm(connection);
    return;
  }
  if (connection->state != NET_CONNECTION_LINGERING) loop->counts.timed_out++;
  net_connection_close(connection, SIP_E_TIMEOUT);
}

/* --- Opening and closing -------------------------------------------------------- */

static void init(net_connection *connection, net_engine *attached, const sip_flow *flow) {
  net_loop *loop = attached->loop;
  connection->owner = attached;
  connection->flow = *flow;
  connection->flow.connection = connection->id;
  connection->used_at = connection->since = net_loop_now(loop);
  connection->partial_at = connection->stalled_at = SIP_TIME_NEVER;
  sip_timer_init(&connection->timer);
  connection->timer.kind = NET_TIMER_CONNECTION;
  sip_link_init(&connection->unwritten);
  sip_link_init(&connection->link);
  sip_framer_init(&connection->framer);
  /* One more than a message may have, so that the framer sees it is too many. */
  sip_buffer_init(&connection->partial, &loop->alloc, loop->config.limits.message_size + 1);
  net_queue_init(&connection->queue);
}

static size_t size_of(const net_stream_kind *kind) {
  return sizeof(net_connection) + kind->size;
}

static sip_str text_of(const sip_packet *packet) {
  return packet ? sip_packet_str(packet) : sip_str_make(NULL, 0);
}

/* Takes over the descriptor. */
static int open_stream(net_connection *connection, net_loop *loop, const net_opening *opening) {
  connection->stream->user = &stream_user;
  connection->stream->context = connection;
  return net_stream_open(connection->stream, loop,
                         &(net_stream_opening){.fd = opening->fd,
                                               .transport = opening->flow->transport,
                                               .is_connecting = opening->is_connecting,
                                               .tls = opening->tls,
                                               .door = opening->door,
                                               .remote = opening->flow->remote,
                                               .peer = text_of(connection->peer),
                                               .host = text_of(connection->host)});
}

static void free_connection(net_loop *loop, net_connection *connection,
                            const net_stream_kind *kind) {
  sip_packet_release(connection->peer);
  sip_packet_release(connection->host);
  sip_alloc_free(&loop->alloc, connection, size_of(kind));
}

/* "sip.example.net:8443" */
static sip_packet *write_host(net_loop *loop, const net_opening *opening) {
  sip_buffer text;
  sip_buffer_init(&text, &loop->alloc, 0);
  sip_buffer_add(&text, opening->peer);
  sip_buffer_add_char(&text, ':');
  sip_buffer_add_number(&text, opening->flow->remote.port);
  sip_packet *host = text.failed ? NULL : sip_packet_copy(&loop->alloc, sip_buffer_str(&text));
  sip_buffer_deinit(&text);
  return host;
}

/* What a connection of ours says of the peer. False without memory. */
static bool take_peer(net_connection *connection, net_loop *loop, const net_opening *opening) {
  if (opening->peer.len == 0) return true;
  connection->peer = sip_packet_copy(&loop->alloc, opening->peer);
  if (!net_stream_keeps_messages(opening->flow->transport)) return connection->peer != NULL;
  connection->host = write_host(loop, opening);
  return connection->peer && connection->host;
}

/* With all its memory, and an id; NULL without. */
static net_connection *new_connection(net_loop *loop, const net_opening *opening) {
  const net_stream_kind *kind = net_stream_kind_of(opening->flow->transport);
  net_connection *connection = sip_alloc_zero(&loop->alloc, size_of(kind));
  if (!connection) return NULL;
  connection->stream = (net_stream *)(void *)(connection + 1);
  connection->stream->loop = loop;
  if (take_peer(connection, loop, opening)) {
    connection->id = sip_slots_add(&loop->connections, connection);
    if (connection->id) return connection;
  }
  free_connection(loop, connection, kind);
  return NULL;
}

net_connection *net_connection_open(net_engine *attached, const net_opening *opening, int *error) {
  net_loop *loop = attached->loop;
  sip_transport transport = opening->flow->transport;
  net_connection *connection = new_connection(loop, opening);
  if (!connection) {
    net_socket_close(opening->fd);
    *error = SIP_E_MEMORY;
    return NULL;
  }
  init(connection, attached, opening->flow);
  bool is_open = !opening->is_connecting && transport == SIP_TRANSPORT_TCP;
  connection->is_proven = opening->is_connecting;
  connection->keeps_messages = net_stream_keeps_messages(transport);
  connection->state = is_open ? NET_CONNECTION_OPEN : NET_CONNECTION_CONNECTING;
  *error = open_stream(connection, loop, opening);
  if (*error) {
    sip_slots_remove(&loop->connections, connection->id);
    free_connection(loop, connection, net_stream_kind_of(transport));
    return NULL;
  }
  sip_map_add(&loop->remotes, &connection->by_remote, hash_of(loop, opening->flow));
  sip_link_append(&attached->connections, &connection->link);
  loop->counts.connections++;
  net_connection_arm(connection);
  return connection;
}

static void on_closed(net_stream *stream) {
  free_connection(stream->loop, of_stream(stream), stream->kind);
}

/* What a connection could not write any more. Only one that broke is made up for
 * by the fallback: a peer that we cut off ourselves gets no second connection. */
static void give_up(net_engine *attached, sip_outgoing *out, int error) {
  bool is_cut = error == 0 || error == SIP_E_LIMIT || error == SIP_E_TIMEOUT;
  if (!is_cut && out->fallback.family) {
    out->flow.connection = 0;
    out->flow.remote = out->fallback;
    out->fallback = (sip_sockaddr){0};
    net_send(attached, out);
    return;
  }
  if (error) net_report_failure(attached, out->owner, error);
  sip_packet_release(out->packet);
}

/* Requests of ours that wait on it learn that no response comes by it. */
static void tell_lost(const net_connection *connection, int error) {
  const net_loop *loop = loop_of(connection);
  sip_engine *engine = connection->owner->engine;
  sip_engine_connection_lost(engine, net_loop_now(loop), connection->id, error);
}

void net_connection_close(net_connection *connection, int error) {
  if (connection->state == NET_CONNECTION_CLOSED) return;
  net_loop *loop = loop_of(connection);
  set_state(connection, NET_CONNECTION_CLOSED);
  sip_timer_stop(&loop->wheel, &connection->timer);
  sip_slots_remove(&loop->connections, connection->id);
  sip_link_remove(&connection->link);
  sip_link_remove(&connection->unwritten);
  sip_buffer_deinit(&connection->partial);
  net_stream_close(connection->stream);
  loop->counts.connections--;
  loop->counts.queue_bytes -= connection->queue.charge;
  sip_outgoing out;
  while (net_queue_take(&connection->queue, &loop->pool, &out)) {
    give_up(connection->owner, &out, error);
  }
  if (error) tell_lost(connection, error);
}

void net_connection_end(net_connection *connection, int error) {
  set_state(connection, NET_CONNECTION_ENDING);
  sip_buffer_deinit(&connection->partial);
  connection->partial_at = SIP_TIME_NEVER;
  if (sip_link_alone(&connection->unwritten)) {
    sip_link_append(&loop_of(connection)->unwritten, &connection->unwritten);
  }
  tell_lost(connection, error);
}

/* --- Writing ---------------------------------------------------------------- */

static void write_some(net_connection *connection) {
  net_loop *loop = loop_of(connection);
  net_queue *queue = &connection->queue;
  struct iovec parts[WRITE_PARTS];
  size_t charge = queue->charge;
  ssize_t taken = 1;
  bool has_moved = false;
  while (!net_queue_is_empty(queue) && taken > 0) {
    int most = connection->keeps_messages ? 1 : WRITE_PARTS;
    taken = net_stream_write(connection->stream, parts, net_queue_gather(queue, parts, most));
    if (taken <= 0) break;
    loop->counts.messages_out += net_queue_consume(queue, &loop->pool, (size_t)taken);
    has_moved = true;
  }
  loop->counts.queue_bytes -= charge - queue->charge;
  if (taken < 0) {
    net_connection_close(connection, (int)taken);
    return;
  }
  if (has_moved) connection->used_at = net_loop_now(loop);
  if (net_queue_is_empty(queue)) {
    connection->stalled_at = SIP_TIME_NEVER;
  } else if (has_moved || connection->stalled_at == SIP_TIME_NEVER) {
    connection->stalled_at = net_loop_now(loop);
    net_connection_arm(connection);
  }
}

/* Nothing is left to write on a connection that ends. Closing a socket with
 * unread bytes resets it and takes our last words from the peer, so the reading
 * side stays open until the peer is through. */
static void leave(net_connection *connection) {
  if (connection->has_finished) {
    net_connection_close(connection, UV_EOF);
    return;
  }
  net_stream_finish(connection->stream);
  set_state(connection, NET_CONNECTION_LINGERING);
  net_connection_arm(connection);
}

void net_connection_flush(net_connection *connection) {
  sip_link_remove(&connection->unwritten);
  if (connection->state == NET_CONNECTION_CONNECTING) return; /* `opened` comes back to it */
  write_some(connection);
  if (connection->state == NET_CONNECTION_ENDING && net_queue_is_empty(&connection->queue)) {
    leave(connection);
  }
}

void net_connection_send(net_connection *connection, const sip_outgoing *out) {
  net_loop *loop = loop_of(connection);
  net_engine *attached = connection->owner;
  size_t charge = net_queue_charge_of(out->packet);
  if (connection->queue.charge + charge > loop->config.max_queue &&
      connection->state != NET_CONNECTION_CONNECTING) {
    write_some(connection); /* perhaps only this turn has not written yet */
  }
  sip_outgoing rest = *out;
  if (connection->state == NET_CONNECTION_CLOSED) {
    give_up(attached, &rest, SIP_E_TRANSPORT);
    return;
  }
  if (connection->queue.charge + charge > loop->config.max_queue) {
    loop->counts.overflowed++;
    net_connection_close(connection, SIP_E_LIMIT);
    give_up(attached, &rest, SIP_E_LIMIT);
    return;
  }
  if (net_queue_add(&connection->queue, &loop->pool, out) != 0) {
    give_up(attached, &rest, SIP_E_MEMORY);
    return;
  }
  loop->counts.queue_bytes += charge;
  bool is_used = connection->state != NET_CONNECTION_CONNECTING;
  if (out->owner) sip_engine_sent_by(attached->engine, out->owner, connection->id, is_used);
  if (sip_link_alone(&connection->unwritten)) {
    sip_link_append(&loop->unwritten, &connection->unwritten);
  }
}

/* --- What the stream tells ------------------------------------------------------- */

static void stream_opened(net_stream *stream) {
  net_connection *connection = of_stream(stream);
  net_stream_get_local(stream, &connection->flow.local);
  set_state(connection, NET_CONNECTION_OPEN);
  connection->used_at = connection->since;
  if (connection->is_proven) loop_of(connection)->counts.connected++;
  net_connection_flush(connection);
}

static void stream_writable(net_stream *stream) {
  net_connection_flush(of_stream(stream));
}

static void stream_finished(net_stream *stream) {
  net_connection *connection = of_stream(stream);
  connection->has_finished = true;
  if (connection->state == NET_CONNECTION_OPEN) net_connection_end(connection, UV_EOF);
  if (connection->state == NET_CONNECTION_LINGERING) {
    net_connection_close(connection, UV_EOF);
  }
}

static void stream_refused(net_stream *stream, const char *why) {
  const net_connection *connection = of_stream(stream);
  const net_config *config = &loop_of(connection)->config;
  config->callbacks->refused(config->context, connection->owner->tag, &connection->flow, why);
}

static void stream_failed(net_stream *stream, int error) {
  net_connection_close(of_stream(stream), error);
}

static const net_stream_user stream_user = {
    .opened = stream_opened,
    .room = net_connection_room,
    .received = net_connection_received,
    .stirred = net_connection_stirred,
    .writable = stream_writable,
    .finished = stream_finished,
    .refused = stream_refused,
    .failed = stream_failed,
    .closed = on_closed,
};
