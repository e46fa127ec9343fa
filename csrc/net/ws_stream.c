/* SPDX-License-Identifier: MIT
 *
 * One message is taken at a time: until the stream below has taken all of it, no other
 * is, so that a peer that does not read holds no more than that.
 */
#include "net/ws_stream.h"

#include "base/error.h"
#include "net/door.h"
#include "net/random.h"
#include "web/utf8.h"

static const net_stream_user below_user;

static const sip_str sip_protocol = {"sip", 3}; /* RFC 7118 4.1 */

static net_ws_stream *ws_of(net_stream *stream) {
  return SIP_CONTAINER(stream, net_ws_stream, stream);
}

static net_ws_stream *ws_of_below(const net_stream *below) {
  return below->context;
}

static void fail(net_ws_stream *ws, int error) {
  ws->stream.user->failed(&ws->stream, error);
}

/* --- Writing ---------------------------------------------------------------- */

static bool is_blocked(const net_ws_stream *ws) {
  return ws->out.len > 0;
}

/* Gives the stream below what waits, as far as it takes it: 0 or an error. */
static int flush(net_ws_stream *ws) {
  while (ws->out.len > 0) {
    struct iovec part = {ws->out.ptr, ws->out.len};
    ssize_t sent = net_stream_write(ws->below, &part, 1);
    if (sent < 0) return (int)sent;
    if (sent == 0) return 0;
    sip_buffer_consume(&ws->out, (size_t)sent);
  }
  sip_buffer_deinit(&ws->out); /* an idle one holds no memory */
  return ws->out.failed ? SIP_E_MEMORY : 0;
}

/* The same; false when the stream has failed by it. */
static bool push(net_ws_stream *ws) {
  int error = ws->out.failed ? SIP_E_MEMORY : flush(ws);
  if (error) fail(ws, error);
  return error == 0;
}

/* Adds a frame, with its mask when we are the client (RFC 6455 5.1). */
static void add_frame(net_ws_stream *ws, web_opcode opcode, const struct iovec *parts, int count) {
  unsigned char head[WEB_FRAME_HEAD_MAX];
  web_frame frame = {.opcode = opcode, .is_final = true, .is_masked = ws->is_client};
  for (int i = 0; i < count; i++) frame.len += parts[i].iov_len;
  if (ws->is_client) net_random(NULL, frame.mask, sizeof frame.mask);
  size_t size = web_frame_write(&frame, head);
  char *at = sip_buffer_reserve(&ws->out, size + (size_t)frame.len);
  if (!at) return;
  memcpy(at, head, size);
  char *data = at + size;
  for (int i = 0; i < count; i++) {
    memcpy(data, parts[i].iov_base, parts[i].iov_len);
    data += parts[i].iov_len;
  }
  if (ws->is_client) web_mask(at + size, (size_t)frame.len, frame.mask, 0);
  ws->out.len += size + (size_t)frame.len;
}

static void add_control(net_ws_stream *ws, web_opcode opcode, sip_str data) {
  struct iovec part = {(void *)data.ptr, data.len};
  add_frame(ws, opcode, &part, data.len ? 1 : 0);
}

/* RFC 7118 4.2: what is no UTF-8 goes in a binary frame. */
static web_opcode opcode_for(const struct iovec *parts, int count) {
  for (int i = 0; i < count; i++) {
    if (!web_is_utf8(sip_str_make(parts[i].iov_base, parts[i].iov_len))) return WEB_BINARY;
  }
  return WEB_TEXT;
}

/* The parts are one message. */
static ssize_t ws_write(net_stream *stream, struct iovec *parts, int count) {
  net_ws_stream *ws = ws_of(stream);
  ws->is_short = is_blocked(ws);
  if (ws->is_short) return 0;
  if (ws->is_ending) return UV_EPIPE;
  add_frame(ws, opcode_for(parts, count), parts, count);
  if (ws->out.failed) return SIP_E_MEMORY;
  int error = flush(ws);
  if (error) return error;
  ssize_t taken = 0;
  for (int i = 0; i < count; i++) taken += (ssize_t)parts[i].iov_len;
  return taken;
}

/* --- Ending --------------------------------------------------------------------- */

static void add_close(net_ws_stream *ws, uint16_t code) {
  if (ws->is_ending) return;
  ws->is_ending = true;
  char data[] = {(char)(code >> 8), (char)code};
  add_control(ws, WEB_CLOSE, sip_str_make(data, code ? sizeof data : 0));
}

static void ws_finish(net_stream *stream) {
  net_ws_stream *ws = ws_of(stream);
  if (ws->is_open) add_close(ws, WEB_CLOSE_NORMAL);
  ws->is_ending = true;
  if (push(ws) && !is_blocked(ws)) net_stream_finish(ws->below);
}

/* Tells the peer why, and the user that it is broken. */
static void break_off(net_ws_stream *ws, uint16_t code) {
  add_close(ws, code);
  if (push(ws)) fail(ws, SIP_E_WEBSOCKET);
}

/* --- The handshake ---------------------------------------------------------------- */

static void refuse(net_ws_stream *ws, const char *why) {
  ws->stream.user->refused(&ws->stream, why);
  if (push(ws)) fail(ws, SIP_E_WEBSOCKET);
}

static void open_now(net_ws_stream *ws) {
  if (!push(ws)) return;
  ws->is_open = true;
  ws->stream.user->opened(&ws->stream);
}

static void judge_head(net_ws_stream *ws, sip_str head) {
  const char *why;
  bool is_granted =
      ws->is_client
          ? web_upgrade_is_granted(head, &(web_wish){.protocol = sip_protocol}, ws->key, &why)
          : web_upgrade_answer(head, &ws->door->door, &ws->out, &why) == WEB_SWITCHING;
  if (is_granted) {
    open_now(ws);
  } else {
    refuse(ws, why);
  }
}

static void read_frames(net_ws_stream *ws, sip_str bytes);

/* --- Requests that ask for no WebSocket ------------------------------------------------ */

static void on_http_ended(void *context, int error) {
  net_ws_stream *ws = context;
  fail(ws, error ? error : SIP_E_WEBSOCKET);
}

static bool is_for_http(const net_ws_stream *ws, sip_str head) {
  return !ws->is_client && ws->door->http.asked && !web_upgrade_is_wanted(head);
}

/* From now on the stream below is that of HTTP, for one request. */
static void serve_http(net_ws_stream *ws, sip_str rest) {
  net_http_opening opening = {.stream = ws->below,
                              .host = &ws->door->http,
                              .remote = ws->remote,
                              .is_single = true,
                              .ended = on_http_ended,
                              .context = ws};
  ws->http = net_http_open(ws->stream.loop, &opening);
  if (!ws->http) {
    fail(ws, SIP_E_MEMORY);
    return;
  }
  net_http_received(ws->http, sip_buffer_str(&ws->head));
  if (ws->http && rest.len) net_http_received(ws->http, rest);
}

/* --- The head -------------------------------------------------------------------------- */

/* Gathers the head; what comes behind it are frames already. */
static void read_head(net_ws_stream *ws, sip_str bytes) {
  size_t before = ws->head.len, room = WEB_HEAD_MAX - before;
  sip_buffer_add(&ws->head, sip_str_make(bytes.ptr, bytes.len < room ? bytes.len : room));
  if (ws->head.failed) {
    fail(ws, SIP_E_MEMORY);
    return;
  }
  size_t len = web_head_len(sip_buffer_str(&ws->head));
  if (len > 0 && is_for_http(ws, sip_str_make(ws->head.ptr, len))) {
    size_t taken = ws->head.len - before;
    serve_http(ws, sip_str_make(bytes.ptr + taken, bytes.len - taken));
  } else if (len > 0) {
    judge_head(ws, sip_str_make(ws->head.ptr, len));
    if (ws->has_closed) return;
    sip_buffer_deinit(&ws->head);
    size_t used = len - before;
    read_frames(ws, sip_str_make(bytes.ptr + used, bytes.len - used));
  } else if (ws->head.len == WEB_HEAD_MAX) {
    if (!ws->is_client) web_upgrade_refuse(431, &ws->out);
    refuse(ws, "a handshake that does not end");
  }
}

/* --- Reading ---------------------------------------------------------------- */

static void take_event(net_ws_stream *ws, const web_event *event) {
  switch (event->kind) {
  case WEB_EVENT_MESSAGE:
    ws->stream.user->received(&ws->stream, event->data);
    break;
  case WEB_EVENT_PING:
    if (!ws->is_ending && !is_blocked(ws)) add_control(ws, WEB_PONG, event->data);
    push(ws);
    break;
  case WEB_EVENT_CLOSE:
    add_close(ws, event->code);
    if (push(ws)) ws->stream.user->finished(&ws->stream);
    break;
  case WEB_EVENT_BROKEN:
    break_off(ws, event->code);
    break;
  case WEB_EVENT_MEMORY:
    fail(ws, SIP_E_MEMORY);
    break;
  case WEB_EVENT_PONG:
  case WEB_EVENT_MORE:
    break;
  }
}

static void read_frames(net_ws_stream *ws, sip_str bytes) {
  web_event event = {.kind = WEB_EVENT_PONG};
  bool goes_on = true;
  while (goes_on && !ws->has_closed) {
    event = web_reader_next(&ws->reader, &bytes);
    take_event(ws, &event);
    goes_on = event.kind == WEB_EVENT_MESSAGE || event.kind == WEB_EVENT_PING ||
              event.kind == WEB_EVENT_PONG;
  }
  if (!ws->has_closed) net_stream_stir(&ws->stream, web_reader_is_idle(&ws->reader));
}

static size_t below_room(const net_stream *below) {
  (void)below;
  return NET_SCRATCH_SIZE;
}

static void below_received(net_stream *below, sip_str bytes) {
  net_ws_stream *ws = ws_of_below(below);
  if (ws->http) {
    net_http_received(ws->http, bytes);
  } else if (ws->is_open) {
    read_frames(ws, bytes);
  } else {
    read_head(ws, bytes);
  }
}

static void below_stirred(net_stream *below, bool is_whole) {
  net_ws_stream *ws = ws_of_below(below);
  if (ws->is_open) net_stream_stir(&ws->stream, is_whole && web_reader_is_idle(&ws->reader));
}

/* Over TLS a server's turn has come too, but it waits for the request. */
static void below_opened(net_stream *below) {
  net_ws_stream *ws = ws_of_below(below);
  if (!ws->is_client) return;
  web_wish wish = {.host = ws->host, .path = SIP_STR("/"), .protocol = sip_protocol};
  web_upgrade_ask(&wish, ws->key, &ws->out);
  push(ws);
}

static void below_writable(net_stream *below) {
  net_ws_stream *ws = ws_of_below(below);
  if (ws->http) {
    net_http_writable(ws->http);
    return;
  }
  if (!push(ws) || is_blocked(ws)) return;
  if (ws->is_ending) {
    net_stream_finish(ws->below);
  } else if (ws->is_short) {
    ws->is_short = false;
    ws->stream.user->writable(&ws->stream);
  }
}

static void below_finished(net_stream *below) {
  net_ws_stream *ws = ws_of_below(below);
  if (ws->http) {
    net_http_finished(ws->http);
  } else if (ws->is_open) {
    ws->stream.user->finished(&ws->stream);
  } else {
    fail(ws, SIP_E_WEBSOCKET);
  }
}

static void below_refused(net_stream *below, const char *why) {
  net_ws_stream *ws = ws_of_below(below);
  ws->stream.user->refused(&ws->stream, why);
}

static void below_failed(net_stream *below, int error) {
  fail(ws_of_below(below), error);
}

static void below_closed(net_stream *below) {
  net_ws_stream *ws = ws_of_below(below);
  sip_buffer_deinit(&ws->head);
  sip_buffer_deinit(&ws->out);
  web_reader_deinit(&ws->reader);
  ws->stream.user->closed(&ws->stream);
}

static const net_stream_user below_user = {.opened = below_opened,
                                           .room = below_room,
                                           .received = below_received,
                                           .stirred = below_stirred,
                                           .writable = below_writable,
                                           .finished = below_finished,
                                           .refused = below_refused,
                                           .failed = below_failed,
                                           .closed = below_closed};

/* --- Life --------------------------------------------------------------------- */

static void init(net_ws_stream *ws, net_loop *loop, const net_ws_opening *opening) {
  ws->stream.kind = &net_ws_stream_kind;
  ws->stream.loop = loop;
  ws->below = opening->tls.tls ? &ws->tls.stream : &ws->tcp.stream;
  ws->below->user = &below_user;
  ws->below->context = ws;
  ws->is_client = opening->tls.is_connecting;
  ws->door = opening->door;
  ws->remote = opening->remote;
  ws->host = opening->host;
  if (ws->is_client) net_random(NULL, ws->key, sizeof ws->key);
  sip_buffer_init(&ws->head, &loop->alloc, WEB_HEAD_MAX);
  sip_buffer_init(&ws->out, &loop->alloc, 0);
  web_reader_init(&ws->reader, &loop->alloc, loop->config.limits.message_size, !ws->is_client);
}

int net_ws_stream_open(net_ws_stream *ws, net_loop *loop, const net_ws_opening *opening) {
  init(ws, loop, opening);
  const net_tls_opening *below = &opening->tls;
  if (below->tls) return net_tls_stream_open(&ws->tls, loop, below);
  return net_tcp_stream_open(&ws->tcp, loop, below->fd, below->is_connecting);
}

static void ws_close(net_stream *stream) {
  net_ws_stream *ws = ws_of(stream);
  ws->has_closed = true;
  if (ws->http) net_http_close(ws->http);
  ws->http = NULL;
  net_stream_close(ws->below);
}

static void ws_get_local(const net_stream *stream, sip_sockaddr *out) {
  net_stream_get_local(SIP_CONTAINER(stream, net_ws_stream, stream)->below, out);
}

const net_stream_kind net_ws_stream_kind = {.size = sizeof(net_ws_stream),
                                            .write = ws_write,
                                            .finish = ws_finish,
                                            .close = ws_close,
                                            .get_local = ws_get_local};
