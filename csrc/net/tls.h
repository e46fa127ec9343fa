/* SPDX-License-Identifier: MIT
 *
 * Who we are over TLS and whom we trust: certificates, keys and rules, read from
 * files by OpenSSL, for connections that are accepted or opened. TLS 1.2 and up.
 *
 * What was read can be read again while connections use it: those that are open keep
 * what they began with.
 */
#ifndef MOONSIP_NET_TLS_H
#define MOONSIP_NET_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/str.h"

typedef struct net_tls net_tls;

typedef enum net_tls_clients {
  NET_TLS_ANY_CLIENT,      /* no certificate is asked for */
  NET_TLS_CHECKED_CLIENT,  /* asked for; one that is sent must be good */
  NET_TLS_REQUIRED_CLIENT, /* a good one, or no connection (RFC 5922 7.4) */
} net_tls_clients;

/* A certificate with its key. Names of files in PEM. */
typedef struct net_tls_identity {
  const char *certificate; /* and the chain that follows it */
  const char *key;         /* NULL: in the same file */
} net_tls_identity;

enum { NET_TLS_IDENTITIES_MAX = 64, NET_TLS_WHY_SIZE = 256 };

typedef struct net_tls_config {
  /* A server takes the first, unless the client asks by name (SNI, RFC 6066 3) for one
   * that another is for. A client has the first, if any. */
  const net_tls_identity *identities;
  size_t identity_count;
  const char *authorities; /* file or folder of those we trust; NULL: the system's */
  const char *revoked;     /* file of revocation lists; NULL: none are looked at */
  bool trusts_anybody;     /* connections that we open are not verified */
  net_tls_clients clients;
  const char *ciphers; /* of TLS 1.2 and before, as OpenSSL names them; NULL: its own */
  bool wants_1_3;      /* nothing older */
  bool is_web;         /* servers prove their names as those of the web do (RFC 9525), with
                          wildcards; else as those of SIP do (RFC 5922 7.2) */
} net_tls_config;

/* Copies the config. NULL with the reason in why, of NET_TLS_WHY_SIZE: which file, and
 * what is wrong with it. */
net_tls *net_tls_new(const net_tls_config *config, char *why);
net_tls *net_tls_keep(net_tls *tls);
void net_tls_release(net_tls *tls);

/* It has a certificate of ours. */
bool net_tls_has_identity(const net_tls *tls);

/* Reads all files again. False with the reason in why, and everything is as before. */
bool net_tls_reload(net_tls *tls, char *why);
/* A file was replaced or touched since it was read. */
bool net_tls_has_changed(const net_tls *tls);

/* A handshake to be; NULL without memory. `name` is the peer's domain, which it must
 * prove when we open the connection (RFC 5922 7.3); empty for one that we accept. */
SSL *net_tls_start(net_tls *tls, bool is_client, sip_str name);

/* Whether a peer may be talked to, once the handshake is done: 0, or SIP_E_CERTIFICATE
 * with the reason in why. */
int net_tls_check_peer(const net_tls *tls, SSL *ssl, sip_str name, char *why);

#endif
