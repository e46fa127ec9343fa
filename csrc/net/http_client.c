/* SPDX-License-Identifier: MIT
 *
 * One multi handle for a loop, made by the first request. libcurl says which descriptors to
 * poll and when to call it again; what has ended is told in the turn.
 */
#include "net/http_client.h"

#include "base/error.h"
#include "net/state.h"

#ifdef HAVE_LIBCURL

#include <curl/curl.h>

enum { ASKED_MAX = 1024, FIELDS_MAX = 65536 };

struct net_http_client {
  net_loop *loop;
  CURLM *multi;
  sip_timer timer;
  sip_slots asked; /* request */
  sip_link over;   /* requests that have ended */
  sip_link sockets;
};

typedef struct request {
  sip_link link; /* in `over`, or alone */
  sip_id id;
  net_http_client *client;
  CURL *easy;
  struct curl_slist *fields;
  net_http_done_fn done;
  void *context;
  sip_buffer head;
  sip_buffer body;
  CURLcode code;
  char why[CURL_ERROR_SIZE];
} request;

typedef struct client_socket {
  sip_link link;
  uv_poll_t poll;
  curl_socket_t fd;
  net_http_client *client;
  net_loop *loop;
} client_socket;

bool net_http_client_is_built(void) {
  return true;
}

/* --- libcurl on the loop ----------------------------------------------------------------- */

static void collect(net_http_client *client) {
  int left;
  CURLMsg *message;
  while ((message = curl_multi_info_read(client->multi, &left))) {
    request *one = NULL;
    if (message->msg != CURLMSG_DONE) continue;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&one);
    one->code = message->data.result;
    curl_multi_remove_handle(client->multi, one->easy);
    sip_link_append(&client->over, &one->link);
    client->loop->is_woken = true;
  }
}

static void act(net_http_client *client, curl_socket_t fd, int events) {
  int running;
  curl_multi_socket_action(client->multi, fd, events, &running);
  collect(client);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  client_socket *socket = SIP_CONTAINER(poll, client_socket, poll);
  int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
              (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) | (status < 0 ? CURL_CSELECT_ERR : 0);
  act(socket->client, socket->fd, flags);
}

void net_http_client_expire(sip_timer *timer, net_loop *loop) {
  (void)loop;
  act(SIP_CONTAINER(timer, net_http_client, timer), CURL_SOCKET_TIMEOUT, 0);
}

static void on_socket_closed(uv_handle_t *handle) {
  client_socket *socket = SIP_CONTAINER(handle, client_socket, poll);
  sip_alloc_free(&socket->loop->alloc, socket, sizeof *socket);
}

static client_socket *add_socket(net_http_client *client, curl_socket_t fd) {
  net_loop *loop = client->loop;
  client_socket *socket = sip_alloc_zero(&loop->alloc, sizeof *socket);
  if (!socket) return NULL;
  if (uv_poll_init(&loop->uv, &socket->poll, fd) != 0) {
    sip_alloc_free(&loop->alloc, socket, sizeof *socket);
    return NULL;
  }
  socket->fd = fd;
  socket->client = client;
  socket->loop = loop;
  sip_link_init(&socket->link);
  sip_link_append(&client->sockets, &socket->link);
  curl_multi_assign(client->multi, fd, socket);
  return socket;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known) {
  (void)easy;
  net_http_client *client = context;
  client_socket *socket = known;
  if (what == CURL_POLL_REMOVE) {
    if (!socket) return 0;
    sip_link_remove(&socket->link);
    curl_multi_assign(client->multi, fd, NULL);
    uv_close((uv_handle_t *)&socket->poll, on_socket_closed);
    return 0;
  }
  if (!socket) socket = add_socket(client, fd);
  if (!socket) return -1;
  int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
  uv_poll_start(&socket->poll, events, on_ready);
  return 0;
}

static int on_timer(CURLM *multi, long ms, void *context) {
  (void)multi;
  net_http_client *client = context;
  net_loop *loop = client->loop;
  if (ms < 0) {
    sip_timer_stop(&loop->wheel, &client->timer);
  } else {
    sip_timer_start(&loop->wheel, &client->timer, net_loop_now(loop) + ms);
  }
  return 0;
}

static net_http_client *client_new(net_loop *loop) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return NULL;
  net_http_client *client = sip_alloc_zero(&loop->alloc, sizeof *client);
  CURLM *multi = client ? curl_multi_init() : NULL;
  if (!multi) {
    sip_alloc_free(&loop->alloc, client, sizeof *client);
    curl_global_cleanup();
    return NULL;
  }
  client->loop = loop;
  client->multi = multi;
  sip_timer_init(&client->timer);
  client->timer.kind = NET_TIMER_HTTP_CLIENT;
  sip_slots_init(&client->asked, &loop->alloc);
  sip_link_init(&client->over);
  sip_link_init(&client->sockets);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
  return client;
}

/* --- One request ----------------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
  request *one = context;
  sip_buffer_add(&one->body, sip_str_make(bytes, size * count));
  return one->body.failed ? 0 : size * count;
}

/* Line by line; a status line begins the head of another answer. */
static size_t on_head(char *bytes, size_t size, size_t count, void *context) {
  request *one = context;
  sip_str line = sip_str_make(bytes, size * count);
  if (sip_str_starts_nocase(line, SIP_STR("HTTP/"))) {
    sip_buffer_clear(&one->head);
  } else {
    sip_buffer_add(&one->head, line);
  }
  return one->head.failed ? 0 : line.len;
}

static void free_request(request *one) {
  net_http_client *client = one->client;
  sip_link_remove(&one->link);
  sip_slots_remove(&client->asked, one->id);
  if (one->easy) {
    curl_multi_remove_handle(client->multi, one->easy);
    curl_easy_cleanup(one->easy);
  }
  curl_slist_free_all(one->fields);
  sip_buffer_deinit(&one->head);
  sip_buffer_deinit(&one->body);
  client->loop->counts.lookups--;
  sip_alloc_free(&client->loop->alloc, one, sizeof *one);
}

/* False without memory. */
static bool add_fields(request *one, const char *const *fields) {
  for (; fields && *fields; fields++) {
    struct curl_slist *longer = curl_slist_append(one->fields, *fields);
    if (!longer) return false;
    one->fields = longer;
  }
  return true;
}

/* A method that libcurl knows changes as redirects ask for (RFC 9110 15.4); others stay. */
static void set_method(CURL *easy, const net_http_wish *wish) {
  bool is_post = strcmp(wish->method, "POST") == 0, is_get = strcmp(wish->method, "GET") == 0;
  if (wish->has_body || is_post) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)wish->body.len);
    curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, wish->body.len ? wish->body.ptr : "");
  }
  if (strcmp(wish->method, "HEAD") == 0) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (!is_post && (!is_get || wish->has_body)) {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, wish->method);
  }
}

static void set_options(request *one, const net_http_wish *wish) {
  CURL *easy = one->easy;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, one);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, one->why);
  curl_easy_setopt(easy, CURLOPT_URL, wish->url);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, wish->max_redirects > 0 ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long)wish->max_redirects);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)wish->timeout_ms);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, one->fields);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, one);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_head);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, one);
  if (wish->authorities) curl_easy_setopt(easy, CURLOPT_CAINFO, wish->authorities);
  set_method(easy, wish);
}

static request *request_new(net_http_client *client, const net_http_wish *wish) {
  net_loop *loop = client->loop;
  request *one = sip_alloc_zero(&loop->alloc, sizeof *one);
  if (!one) return NULL;
  one->client = client;
  sip_link_init(&one->link);
  sip_buffer_init(&one->head, &loop->alloc, FIELDS_MAX);
  sip_buffer_init(&one->body, &loop->alloc, wish->max_body);
  one->id = sip_slots_add(&client->asked, one);
  loop->counts.lookups++;
  one->easy = curl_easy_init();
  if (one->id && one->easy && add_fields(one, wish->fields)) return one;
  free_request(one);
  return NULL;
}

int net_http_ask(net_loop *loop, const net_http_wish *wish, net_http_done_fn done, void *context,
                 sip_id *id) {
  if (!loop->http_client) loop->http_client = client_new(loop);
  net_http_client *client = loop->http_client;
  if (!client) return SIP_E_MEMORY;
  if (client->asked.count >= ASKED_MAX) return SIP_E_LIMIT;
  request *one = request_new(client, wish);
  if (!one) return SIP_E_MEMORY;
  one->done = done;
  one->context = context;
  set_options(one, wish);
  *id = one->id;
  if (curl_multi_add_handle(client->multi, one->easy) == CURLM_OK) return 0;
  free_request(one);
  return SIP_E_MEMORY;
}

void net_http_cancel(net_loop *loop, sip_id id) {
  request *one = loop->http_client ? sip_slots_find(&loop->http_client->asked, id) : NULL;
  if (one) free_request(one);
}

/* --- Answers -------------------------------------------------------------------------------------
 */

static int error_of(const request *one) {
  switch (one->code) {
  case CURLE_OK:
    return 0;
  case CURLE_OPERATION_TIMEDOUT:
    return SIP_E_TIMEOUT;
  case CURLE_WRITE_ERROR:
    return SIP_E_LIMIT;
  case CURLE_URL_MALFORMAT:
  case CURLE_UNSUPPORTED_PROTOCOL:
    return SIP_E_URI;
  case CURLE_COULDNT_RESOLVE_HOST:
    return SIP_E_DNS;
  case CURLE_PEER_FAILED_VERIFICATION:
    return SIP_E_CERTIFICATE;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_CACERT_BADFILE:
    return SIP_E_TLS;
  case CURLE_OUT_OF_MEMORY:
    return SIP_E_MEMORY;
  default:
    return SIP_E_TRANSPORT;
  }
}

static void tell(request *one) {
  long status = 0;
  curl_easy_getinfo(one->easy, CURLINFO_RESPONSE_CODE, &status);
  const net_http_result result = {.error = error_of(one),
                                  .why = one->why[0] ? one->why : curl_easy_strerror(one->code),
                                  .status = (int)status,
                                  .fields = sip_buffer_str(&one->head),
                                  .body = sip_buffer_str(&one->body)};
  one->done(one->context, one->id, &result);
}

void net_http_client_tell(net_loop *loop) {
  net_http_client *client = loop->http_client;
  while (client && !sip_link_alone(&client->over)) {
    request *one = SIP_CONTAINER(client->over.next, request, link);
    sip_id id = one->id;
    sip_link_remove(&one->link);
    tell(one);
    client = loop->http_client;
    one = client ? sip_slots_find(&client->asked, id) : NULL;
    if (one) free_request(one);
  }
}

void net_http_client_close(net_loop *loop) {
  net_http_client *client = loop->http_client;
  if (!client) return;
  size_t cursor = 0;
  request *one;
  while ((one = sip_slots_next(&client->asked, &cursor))) free_request(one);
  curl_multi_cleanup(client->multi);
  while (!sip_link_alone(&client->sockets)) {
    client_socket *socket = SIP_CONTAINER(client->sockets.next, client_socket, link);
    sip_link_remove(&socket->link);
    uv_close((uv_handle_t *)&socket->poll, on_socket_closed);
  }
  sip_timer_stop(&loop->wheel, &client->timer);
  sip_slots_deinit(&client->asked);
  sip_alloc_free(&loop->alloc, client, sizeof *client);
  loop->http_client = NULL;
  curl_global_cleanup();
}

#else

bool net_http_client_is_built(void) {
  return false;
}

int net_http_ask(net_loop *loop, const net_http_wish *wish, net_http_done_fn done, void *context,
                 sip_id *id) {
  (void)loop;
  (void)wish;
  (void)done;
  (void)context;
  *id = 0;
  return SIP_E_STATE;
}

void net_http_cancel(net_loop *loop, sip_id id) {
  (void)loop;
  (void)id;
}

void net_http_client_tell(net_loop *loop) {
  (void)loop;
}

void net_http_client_expire(sip_timer *timer, net_loop *loop) {
  (void)timer;
  (void)loop;
}

void net_http_client_close(net_loop *loop) {
  (void)loop;
}

#endif
