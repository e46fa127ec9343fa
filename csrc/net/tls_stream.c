/* SPDX-License-Identifier: MIT
 *
 * OpenSSL reads from one memory BIO what the socket brought, and writes into another
 * what the socket is to take. What it could not take yet stays there, and then no more
 * is encrypted: a peer that does not read holds no more than one write.
 */
#include "net/tls_stream.h"

#include <openssl/err.h>

#include "base/error.h"
#include "net/socket.h"

static const net_stream_user tcp_user;

enum { CLEAR_SIZE = 16384 /* a record's most (RFC 8446 5.1) */ };

static net_tls_stream *tls_of(net_stream *stream) {
  return SIP_CONTAINER(stream, net_tls_stream, stream);
}

static net_tls_stream *tls_of_tcp(const net_stream *tcp) {
  return tcp->context;
}

/* --- Failing -------------------------------------------------------------------- */

static void tell(net_tls_stream *tls, const char *why) {
  tls->stream.user->refused(&tls->stream, why);
}

static void fail(net_tls_stream *tls, int error) {
  tls->stream.user->failed(&tls->stream, error);
}

/* What OpenSSL did not like. */
static void fail_by_library(net_tls_stream *tls) {
  char why[NET_TLS_WHY_SIZE];
  long verdict = SSL_get_verify_result(tls->ssl);
  unsigned long code = ERR_peek_error();
  bool is_certificate = verdict != X509_V_OK && !tls->is_open;
  const char *text =
      is_certificate ? X509_verify_cert_error_string(verdict) : ERR_reason_error_string(code);
  snprintf(why, sizeof why, "%s", text ? text : "connection closed in the handshake");
  ERR_clear_error();
  if (!tls->is_open) tell(tls, why);
  fail(tls, is_certificate ? SIP_E_CERTIFICATE : SIP_E_TLS);
}

/* --- To the socket ---------------------------------------------------------------- */

static bool is_blocked(const net_tls_stream *tls) {
  return BIO_ctrl_pending(SSL_get_wbio(tls->ssl)) > 0;
}

/* Takes what was sent out of the BIO. */
static void drop(const net_tls_stream *tls, size_t len) {
  while (len > 0) {
    int most = len < NET_SCRATCH_SIZE ? (int)len : NET_SCRATCH_SIZE;
    int got = BIO_read(SSL_get_wbio(tls->ssl), tls->stream.loop->scratch, most);
    if (got <= 0) return;
    len -= (size_t)got;
  }
}

/* Gives the socket what is encrypted, as far as it takes it: 0 or an error. */
static int flush(net_tls_stream *tls) {
  char *bytes;
  long len;
  while ((len = BIO_get_mem_data(SSL_get_wbio(tls->ssl), &bytes)) > 0) {
    struct iovec part = {bytes, (size_t)len};
    ssize_t sent = net_stream_write(&tls->tcp.stream, &part, 1);
    if (sent < 0) return (int)sent;
    if (sent == 0) return 0;
    drop(tls, (size_t)sent);
  }
  return 0;
}

/* The same; false when the stream has failed by it. */
static bool push(net_tls_stream *tls) {
  int error = flush(tls);
  if (error) fail(tls, error);
  return error == 0;
}

/* A record at most. Bytes taken, or an error. */
static ssize_t write_some(net_tls_stream *tls, const char *bytes, size_t len) {
  size_t written;
  ERR_clear_error();
  if (SSL_write_ex(tls->ssl, bytes, len, &written) != 1) {
    ERR_clear_error();
    return SIP_E_TLS;
  }
  int error = flush(tls);
  return error ? error : (ssize_t)written;
}

static ssize_t tls_write(net_stream *stream, struct iovec *parts, int count) {
  net_tls_stream *tls = tls_of(stream);
  ssize_t taken = 0;
  for (int i = 0; i < count; i++) {
    for (size_t done = 0; done < parts[i].iov_len;) {
      tls->is_short = is_blocked(tls);
      if (tls->is_short) return taken;
      ssize_t part = write_some(tls, (char *)parts[i].iov_base + done, parts[i].iov_len - done);
      if (part < 0) return part;
      done += (size_t)part;
      taken += part;
    }
  }
  return taken;
}

/* --- From the socket -------------------------------------------------------------- */

static void open_now(net_tls_stream *tls) {
  char why[NET_TLS_WHY_SIZE];
  int error = net_tls_check_peer(tls->tls, tls->ssl, tls->name, why);
  if (error) {
    tell(tls, why);
    fail(tls, error);
    return;
  }
  tls->is_open = true;
  tls->stream.user->opened(&tls->stream);
}

static void shake_hands(net_tls_stream *tls) {
  ERR_clear_error();
  int result = SSL_do_handshake(tls->ssl);
  bool goes_on = result == 1 || SSL_get_error(tls->ssl, result) == SSL_ERROR_WANT_READ;
  if (!push(tls)) return; /* an alert too */
  if (!goes_on) {
    fail_by_library(tls);
  } else if (result == 1) {
    open_now(tls);
  }
}

/* All that can be read was handed on; a record may have begun behind it. */
static void end_reading(net_tls_stream *tls) {
  bool is_whole = BIO_ctrl_pending(SSL_get_rbio(tls->ssl)) == 0 && !SSL_has_pending(tls->ssl);
  if (push(tls)) { /* answers of the protocol itself, such as a key update's */
    net_stream_stir(&tls->stream, is_whole);
  }
}

/* Hands on what can be read. */
static void read_clear(net_tls_stream *tls) {
  char clear[CLEAR_SIZE];
  while (!tls->has_closed) {
    size_t got, room = tls->stream.user->room(&tls->stream);
    ERR_clear_error();
    if (SSL_read_ex(tls->ssl, clear, room < sizeof clear ? room : sizeof clear, &got) == 1) {
      tls->stream.user->received(&tls->stream, sip_str_make(clear, got));
      continue;
    }
    int error = SSL_get_error(tls->ssl, 0);
    if (error == SSL_ERROR_ZERO_RETURN) {
      tls->stream.user->finished(&tls->stream);
    } else if (error != SSL_ERROR_WANT_READ) {
      if (push(tls)) fail_by_library(tls);
    } else {
      end_reading(tls);
    }
    return;
  }
}

static size_t tcp_room(const net_stream *tcp) {
  (void)tcp;
  return NET_SCRATCH_SIZE;
}

static void tcp_received(net_stream *tcp, sip_str bytes) {
  net_tls_stream *tls = tls_of_tcp(tcp);
  if (BIO_write(SSL_get_rbio(tls->ssl), bytes.ptr, (int)bytes.len) != (int)bytes.len) {
    fail(tls, SIP_E_MEMORY);
    return;
  }
  if (!tls->is_open) shake_hands(tls);
  if (!tls->has_closed && tls->is_open) read_clear(tls);
}

static void tcp_opened(net_stream *tcp) {
  shake_hands(tls_of_tcp(tcp));
}

static void tcp_writable(net_stream *tcp) {
  net_tls_stream *tls = tls_of_tcp(tcp);
  if (!push(tls) || is_blocked(tls) || !tls->is_short) return;
  tls->is_short = false;
  tls->stream.user->writable(&tls->stream);
}

/* Without a close_notify before it is how most peers end; SIP's framing tells whether
 * something is missing. */
static void tcp_finished(net_stream *tcp) {
  net_tls_stream *tls = tls_of_tcp(tcp);
  if (tls->is_open) {
    tls->stream.user->finished(&tls->stream);
    return;
  }
  tell(tls, "connection closed in the handshake");
  fail(tls, SIP_E_TLS);
}

static void tcp_failed(net_stream *tcp, int error) {
  fail(tls_of_tcp(tcp), error);
}

static void tcp_closed(net_stream *tcp) {
  net_tls_stream *tls = tls_of_tcp(tcp);
  SSL_free(tls->ssl);
  net_tls_release(tls->tls);
  tls->stream.user->closed(&tls->stream);
}

static const net_stream_user tcp_user = {.opened = tcp_opened,
                                         .room = tcp_room,
                                         .received = tcp_received,
                                         .writable = tcp_writable,
                                         .finished = tcp_finished,
                                         .failed = tcp_failed,
                                         .closed = tcp_closed};

/* --- Life --------------------------------------------------------------------- */

int net_tls_stream_open(net_tls_stream *tls, net_loop *loop, const net_tls_opening *opening) {
  tls->ssl = net_tls_start(opening->tls, opening->is_connecting, opening->name);
  if (!tls->ssl) {
    net_socket_close(opening->fd);
    return SIP_E_MEMORY;
  }
  tls->stream.kind = &net_tls_stream_kind;
  tls->stream.loop = loop;
  tls->tcp.stream.user = &tcp_user;
  tls->tcp.stream.context = tls;
  int error = net_tcp_stream_open(&tls->tcp, loop, opening->fd, opening->is_connecting);
  if (error) {
    SSL_free(tls->ssl);
    return error;
  }
  tls->tls = net_tls_keep(opening->tls);
  tls->name = opening->name;
  return 0;
}

static void tls_finish(net_stream *stream) {
  net_tls_stream *tls = tls_of(stream);
  ERR_clear_error();
  if (SSL_shutdown(tls->ssl) < 0) ERR_clear_error();
  if (push(tls) && !is_blocked(tls)) net_stream_finish(&tls->tcp.stream);
}

static void tls_close(net_stream *stream) {
  net_tls_stream *tls = tls_of(stream);
  tls->has_closed = true;
  net_stream_close(&tls->tcp.stream);
}

static void tls_get_local(const net_stream *stream, sip_sockaddr *out) {
  net_stream_get_local(&SIP_CONTAINER(stream, net_tls_stream, stream)->tcp.stream, out);
}

const net_stream_kind net_tls_stream_kind = {.size = sizeof(net_tls_stream),
                                             .write = tls_write,
                                             .finish = tls_finish,
                                             .close = tls_close,
                                             .get_local = tls_get_local};

X509 *net_tls_stream_peer(const net_stream *stream) {
  if (stream->kind != &net_tls_stream_kind) return NULL;
  const net_tls_stream *tls = SIP_CONTAINER(stream, net_tls_stream, stream);
  return tls->is_open ? SSL_get0_peer_certificate(tls->ssl) : NULL;
}
