/* SPDX-License-Identifier: MIT
 *
 * What came and was not looked at yet is kept, up to the length of a head and a body: while
 * a request waits for its answer, or the peer does not read ours. One that sends more is
 * cut off. Requests are taken in a loop and not from their answers, so that a thousand in
 * one packet need no deeper stack than one.
 */
#include "net/http.h"

#include "base/error.h"
#include "net/state.h"

enum {
  REQUEST_MS = 30000,
  BODY_MAX = 1 << 20,
  LINGER_MS = 2000,
  LEAST_PACE = 1 /* bytes in a millisecond: a peer that reads more slowly is cut off */
};

struct net_http {
  sip_link link; /* in loop->http_ready, or alone */
  sip_id id;
  net_loop *loop;
  net_http_opening opening;
  net_http_host host;
  web_request_reader reader;
  sip_buffer ahead; /* what came and was not looked at yet */
  sip_buffer out;
  sip_timer timer;
  bool is_asking; /* a request waits for its answer */
  bool is_head;   /* it is a HEAD: its answer has no body */
  bool is_last;   /* nothing is read after it */
  bool is_ending; /* all was written; the peer may read it before the end */
  bool is_pumping;
};

/* --- Life ------------------------------------------------------------------------------- */

static void start_timer(net_http *http, sip_time ms) {
  sip_timer_start(&http->loop->wheel, &http->timer, net_loop_now(http->loop) + ms);
}

static net_http_host with_defaults(const net_http_host *host) {
  net_http_host full = *host;
  if (!full.request_ms) full.request_ms = REQUEST_MS;
  if (!full.max_body) full.max_body = BODY_MAX;
  return full;
}

net_http *net_http_open(net_loop *loop, const net_http_opening *opening) {
  net_http *http = sip_alloc_zero(&loop->alloc, sizeof *http);
  if (!http) return NULL;
  http->id = sip_slots_add(&loop->web, http);
  if (!http->id) {
    sip_alloc_free(&loop->alloc, http, sizeof *http);
    return NULL;
  }
  sip_link_init(&http->link);
  http->loop = loop;
  http->opening = *opening;
  http->host = with_defaults(opening->host);
  web_request_init(&http->reader, &loop->alloc, http->host.max_body);
  sip_buffer_init(&http->ahead, &loop->alloc, WEB_HEAD_MAX + http->host.max_body);
  sip_buffer_init(&http->out, &loop->alloc, 0);
  sip_timer_init(&http->timer);
  http->timer.kind = NET_TIMER_HTTP;
  start_timer(http, http->host.request_ms);
  return http;
}

void net_http_close(net_http *http) {
  net_loop *loop = http->loop;
  sip_timer_stop(&loop->wheel, &http->timer);
  sip_link_remove(&http->link);
  sip_slots_remove(&loop->web, http->id);
  web_request_deinit(&http->reader);
  sip_buffer_deinit(&http->ahead);
  sip_buffer_deinit(&http->out);
  sip_alloc_free(&loop->alloc, http, sizeof *http);
}

/* The user closes it in this call. */
static void end(net_http *http, int error) {
  http->opening.ended(http->opening.context, error);
}

/* --- Writing ------------------------------------------------------------------------------ */

static const struct phrase {
  int status;
  const char *text;
} phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

static sip_str phrase_of(int status) {
  for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++) {
    if (phrases[i].status == status) {
      return sip_str_make(phrases[i].text, strlen(phrases[i].text));
    }
  }
  return SIP_STR("Status");
}

static void write_reply(net_http *http, const net_http_reply *reply) {
  sip_buffer *out = &http->out;
  SIP_BUFFER_ADD(out, "HTTP/1.1 ");
  sip_buffer_add_number(out, (uint64_t)reply->status);
  sip_buffer_add_char(out, ' ');
  sip_buffer_add(out, phrase_of(reply->status));
  SIP_BUFFER_ADD(out, "\r\n");
  sip_buffer_add(out, reply->fields);
  if (http->is_last) SIP_BUFFER_ADD(out, "Connection: close\r\n");
  if (reply->status != 204 && reply->status != 304) { /* RFC 9110 8.6 */
    SIP_BUFFER_ADD(out, "Content-Length: ");
    sip_buffer_add_number(out, reply->body.len);
    SIP_BUFFER_ADD(out, "\r\n");
  }
  SIP_BUFFER_ADD(out, "\r\n");
  if (!http->is_head) sip_buffer_add(out, reply->body);
}

/* Gives the stream what it takes. False when the session has ended by it. */
static bool flush(net_http *http) {
  size_t at = 0;
  int error = http->out.failed ? SIP_E_MEMORY : 0;
  while (!error && at < http->out.len) {
    struct iovec part = {http->out.ptr + at, http->out.len - at};
    ssize_t sent = net_stream_write(http->opening.stream, &part, 1);
    if (sent < 0) error = (int)sent;
    if (sent <= 0) break;
    at += (size_t)sent;
  }
  if (error) {
    end(http, error);
    return false;
  }
  if (at == http->out.len) {
    sip_buffer_deinit(&http->out);
  } else {
    sip_buffer_consume(&http->out, at);
  }
  return true;
}

/* --- One request after the other ---------------------------------------------------------- */

static bool is_alive(const net_loop *loop, sip_id id) {
  return sip_slots_find(&loop->web, id) != NULL;
}

static void refuse(net_http *http, int status) {
  const sip_str text = SIP_STR("This is a SIP server, and that was no request that it takes.\n");
  http->is_last = true;
  http->is_head = false;
  write_reply(
      http, &(net_http_reply){
                .status = status, .fields = SIP_STR("Content-Type: text/plain\r\n"), .body = text});
  start_timer(http, http->host.request_ms);
  flush(http);
}

static void ask(net_http *http) {
  const web_request *request = &http->reader.request;
  http->is_asking = true;
  http->is_last = http->opening.is_single || request->is_last;
  http->is_head = sip_str_equal(request->head.method, SIP_STR("HEAD"));
  sip_timer_stop(&http->loop->wheel, &http->timer);
  http->host.asked(http->host.context, http->id, request, &http->opening.remote);
}

static bool can_read(const net_http *http) {
  return !http->is_asking && http->out.len == 0 && !http->is_last && http->ahead.len > 0;
}

/* Takes what there is, up to the end of one request. */
static void read_some(net_http *http) {
  sip_str bytes = sip_buffer_str(&http->ahead);
  web_request_event event = web_request_feed(&http->reader, &bytes);
  sip_buffer_consume(&http->ahead, http->ahead.len - bytes.len);
  switch (event) {
  case WEB_REQUEST_MORE:
    break;
  case WEB_REQUEST_CONTINUE:
    SIP_BUFFER_ADD(&http->out, "HTTP/1.1 100 Continue\r\n\r\n");
    flush(http);
    break;
  case WEB_REQUEST_WHOLE:
    ask(http);
    break;
  case WEB_REQUEST_BROKEN:
    refuse(http, http->reader.status);
    break;
  }
}

/* All is written and nothing is left to read: the end, or the next request in its time. */
static void rest(net_http *http) {
  if (http->is_asking || http->out.len > 0 || http->is_ending) return;
  if (http->is_last) {
    http->is_ending = true;
    start_timer(http, LINGER_MS);
    net_stream_finish(http->opening.stream);
    return;
  }
  if (http->ahead.len == 0) sip_buffer_deinit(&http->ahead);
  if (!sip_timer_started(&http->timer)) start_timer(http, http->host.request_ms);
}

static void pump(net_http *http) {
  const net_loop *loop = http->loop;
  sip_id id = http->id;
  if (http->is_pumping) return;
  http->is_pumping = true;
  while (is_alive(loop, id) && can_read(http)) read_some(http);
  if (!is_alive(loop, id)) return;
  http->is_pumping = false;
  rest(http);
}

void net_http_received(net_http *http, sip_str bytes) {
  if (http->is_last) return; /* nobody will read it */
  sip_buffer_add(&http->ahead, bytes);
  if (http->ahead.failed) {
    end(http, SIP_E_LIMIT);
  } else {
    pump(http);
  }
}

void net_http_writable(net_http *http) {
  if (!flush(http) || http->out.len > 0) return;
  if (!http->is_asking) sip_timer_stop(&http->loop->wheel, &http->timer);
  pump(http);
}

/* A peer that has sent all it will may still read the answer. */
void net_http_finished(net_http *http) {
  bool is_done = !http->is_asking && http->out.len == 0;
  http->is_last = true;
  if (is_done) end(http, 0);
}

/* As long as it takes at the slowest pace that is borne. */
static sip_time writing_ms(const net_http *http) {
  return http->host.request_ms + (sip_time)(http->out.len / LEAST_PACE);
}

int net_http_answer(net_loop *loop, sip_id id, const net_http_reply *reply) {
  net_http *http = sip_slots_find(&loop->web, id);
  if (!http || !http->is_asking) return SIP_E_GONE;
  http->is_asking = false;
  web_request_next(&http->reader);
  write_reply(http, reply);
  if (!flush(http)) return SIP_E_GONE;
  if (http->out.len > 0) start_timer(http, writing_ms(http));
  if (http->is_pumping) return 0;
  sip_link_remove(&http->link);
  sip_link_append(&loop->http_ready, &http->link);
  loop->is_woken = true; /* the next request is told in a turn */
  return 0;
}

void net_http_tell(net_loop *loop) {
  while (!sip_link_alone(&loop->http_ready)) {
    net_http *http = SIP_CONTAINER(loop->http_ready.next, net_http, link);
    sip_link_remove(&http->link);
    pump(http);
  }
}

void net_http_expire(sip_timer *timer, net_loop *loop) {
  net_http *http = SIP_CONTAINER(timer, net_http, timer);
  bool has_begun = web_request_has_begun(&http->reader);
  sip_id id = http->id;
  loop->counts.timed_out++;
  if (has_begun && http->out.len == 0 && !http->is_last) {
    refuse(http, 408);
    if (is_alive(loop, id)) pump(http);
  } else {
    end(http, SIP_E_TIMEOUT);
  }
}
