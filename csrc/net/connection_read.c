/* SPDX-License-Identifier: MIT
 *
 * What is incomplete is kept as it came, and not for long: a message, a frame of a
 * WebSocket, a record of TLS.
 */
#include "net/connection_read.h"

#include "base/error.h"
#include "net/connection.h"
#include "sip/keep_alive.h"

static net_connection *of_stream(const net_stream *stream) {
  return stream->context;
}

static net_loop *loop_of(const net_connection *connection) {
  return connection->stream->loop;
}

/* A keep-alive of RFC 5626 3.5.1, or the answer to one of ours. */
static void take_keep_alive(net_connection *connection, bool is_ping) {
  net_loop *loop = loop_of(connection);
  if (is_ping) {
    net_connection_send(connection, &(sip_outgoing){.packet = sip_packet_keep(loop->pong)});
  } else {
    sip_engine_ponged(connection->owner->engine, net_loop_now(loop), connection->id);
  }
}

/* Whoever is not let in has no use for a connection. */
static void receive(net_connection *connection, sip_str bytes) {
  net_loop *loop = loop_of(connection);
  loop->counts.messages_in++;
  connection->is_proven = true;
  net_turn_began(loop);
  int error =
      sip_engine_receive(connection->owner->engine, net_loop_now(loop), &connection->flow, bytes);
  if (error == SIP_E_REFUSED) net_connection_close(connection, 0);
}

/* What the front of `bytes` is, done. Returns how many are used up; 0 waits. */
static size_t take_frame(net_connection *connection, sip_str bytes) {
  net_loop *loop = loop_of(connection);
  sip_frame frame = sip_framer_next(&connection->framer, bytes, &loop->config.limits);
  switch (frame.kind) {
  case SIP_FRAME_MORE:
    return 0;
  case SIP_FRAME_PING:
  case SIP_FRAME_PONG:
    take_keep_alive(connection, frame.kind == SIP_FRAME_PING);
    break;
  case SIP_FRAME_MESSAGE:
    connection->partial_at = SIP_TIME_NEVER;
    receive(connection, sip_str_make(bytes.ptr, frame.len));
    break;
  case SIP_FRAME_ERROR:
    loop->counts.broken++;
    sip_engine_receive(connection->owner->engine, net_loop_now(loop), &connection->flow,
                       sip_str_make(bytes.ptr, frame.len));
    if (connection->state == NET_CONNECTION_OPEN) net_connection_end(connection, SIP_E_TRANSPORT);
    break;
  }
  return frame.len;
}

/* Of a message; a CR alone is the beginning of a ping. */
static bool has_partial(const net_connection *connection) {
  return sip_str_trim(sip_buffer_str(&connection->partial)).len > 0;
}

/* Whether something is incomplete, which it may not be for long. */
static void note_partial(net_connection *connection, bool is_partial) {
  if (!is_partial) {
    connection->partial_at = SIP_TIME_NEVER;
  } else if (connection->partial_at == SIP_TIME_NEVER) {
    connection->partial_at = net_loop_now(loop_of(connection));
    net_connection_arm(connection);
  }
}

/* The rest of a read waits for more, in memory that only what came makes grow. */
static void keep_rest(net_connection *connection, sip_str rest, bool is_kept_already) {
  if (is_kept_already) {
    sip_buffer_consume(&connection->partial, connection->partial.len - rest.len);
  } else {
    sip_buffer_add(&connection->partial, rest);
  }
  if (connection->partial.failed) {
    net_connection_close(connection, SIP_E_MEMORY);
    return;
  }
  if (rest.len == 0 && connection->partial.size) sip_buffer_deinit(&connection->partial);
  note_partial(connection, has_partial(connection));
}

size_t net_connection_room(const net_stream *stream) {
  const net_connection *connection = of_stream(stream);
  if (connection->state != NET_CONNECTION_OPEN) return NET_SCRATCH_SIZE;
  return connection->partial.max - connection->partial.len;
}

/* A whole message, or a keep-alive, which is one of its own here (RFC 7118 6). */
static void take_message(net_connection *connection, sip_str bytes) {
  note_partial(connection, false);
  if (sip_str_trim(bytes).len > 0) {
    receive(connection, bytes);
  } else {
    take_keep_alive(connection, bytes.len > 2);
  }
}

void net_connection_received(net_stream *stream, sip_str bytes) {
  net_connection *connection = of_stream(stream);
  if (connection->state != NET_CONNECTION_OPEN) return;
  connection->used_at = net_loop_now(loop_of(connection));
  if (connection->keeps_messages) {
    take_message(connection, bytes);
    return;
  }
  bool is_kept = connection->partial.len > 0;
  if (is_kept) {
    sip_buffer_add(&connection->partial, bytes);
    if (connection->partial.failed) {
      net_connection_close(connection, SIP_E_MEMORY);
      return;
    }
    bytes = sip_buffer_str(&connection->partial);
  }
  size_t used = 1;
  while (used > 0 && bytes.len > 0 && connection->state == NET_CONNECTION_OPEN) {
    used = take_frame(connection, bytes);
    bytes = sip_str_make(bytes.ptr + used, bytes.len - used);
  }
  if (connection->state == NET_CONNECTION_OPEN) keep_rest(connection, bytes, is_kept);
}

void net_connection_stirred(net_stream *stream, bool is_whole) {
  net_connection *connection = of_stream(stream);
  if (connection->state != NET_CONNECTION_OPEN) return;
  connection->used_at = net_loop_now(loop_of(connection));
  note_partial(connection, !is_whole || has_partial(connection));
}
