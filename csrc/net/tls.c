/* SPDX-License-Identifier: MIT
 *
 * All that comes from the files is one `set`, built whole beside the old one and put
 * in its place: a broken file leaves nothing half new.
 */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/sockaddr.h"
#include "net/certificate.h"

enum { DEPTH_MAX = 10, NAME_MAX_LEN = 255 /* RFC 1035 2.3.4 */ };

/* When a file was as it was read. */
typedef struct stamp {
  struct timespec changed_at;
  off_t size;
  ino_t inode;
} stamp;

typedef struct set {
  SSL_CTX *client;
  SSL_CTX *servers[NET_TLS_IDENTITIES_MAX];
  stamp stamps[2 * NET_TLS_IDENTITIES_MAX + 2];
} set;

struct net_tls {
  size_t references;
  net_tls_config config; /* its strings and identities are ours */
  net_tls_identity identities[NET_TLS_IDENTITIES_MAX];
  set set;
};

/* --- What went wrong ------------------------------------------------------------ */

/* The first that OpenSSL has to say, which is the cause of the rest. */
static void explain(char *why, const char *file) {
  unsigned long code = ERR_get_error();
  const char *text = code ? ERR_reason_error_string(code) : NULL;
  snprintf(why, NET_TLS_WHY_SIZE, "%s: %s", file, text ? text : "cannot be read");
  ERR_clear_error();
}

static bool refuse(char *why, const char *file, const char *text) {
  snprintf(why, NET_TLS_WHY_SIZE, "%s: %s", file, text);
  return false;
}

/* --- Files ---------------------------------------------------------------------- */

/* Names of all files of the config, and where their stamps are kept. */
static size_t list_files(const net_tls *tls, const char **files) {
  const net_tls_config *config = &tls->config;
  size_t count = 0;
  for (size_t i = 0; i < config->identity_count; i++) {
    files[count++] = config->identities[i].certificate;
    if (config->identities[i].key) files[count++] = config->identities[i].key;
  }
  if (config->authorities) files[count++] = config->authorities;
  if (config->revoked) files[count++] = config->revoked;
  return count;
}

static stamp stamp_of(const char *file) {
  struct stat status;
  if (!file || stat(file, &status) != 0) return (stamp){0};
  return (stamp){status.st_mtim, status.st_size, status.st_ino};
}

static bool is_same(const stamp *a, const stamp *b) {
  return a->changed_at.tv_sec == b->changed_at.tv_sec &&
         a->changed_at.tv_nsec == b->changed_at.tv_nsec && a->size == b->size &&
         a->inode == b->inode;
}

static void take_stamps(const net_tls *tls, stamp *stamps) {
  const char *files[2 * NET_TLS_IDENTITIES_MAX + 2];
  size_t count = list_files(tls, files);
  for (size_t i = 0; i < count; i++) stamps[i] = stamp_of(files[i]);
}

bool net_tls_has_changed(const net_tls *tls) {
  stamp now[2 * NET_TLS_IDENTITIES_MAX + 2];
  const char *files[2 * NET_TLS_IDENTITIES_MAX + 2];
  size_t count = list_files(tls, files);
  take_stamps(tls, now);
  for (size_t i = 0; i < count; i++) {
    if (!is_same(&now[i], &tls->set.stamps[i])) return true;
  }
  return false;
}

/* --- Contexts ------------------------------------------------------------------- */

/* A key that wants a passphrase is an error, not a question on the terminal. */
static int no_passphrase(char *text, int size, int writes, void *context) {
  (void)text;
  (void)size;
  (void)writes;
  (void)context;
  return -1;
}

static SSL_CTX *new_context(const net_tls *tls, char *why) {
  SSL_CTX *context = SSL_CTX_new(TLS_method());
  if (!context) {
    explain(why, "TLS");
    return NULL;
  }
  SSL_CTX_set_min_proto_version(context, tls->config.wants_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  SSL_CTX_set_verify_depth(context, DEPTH_MAX);
  /* Purposes are ours to check: OpenSSL knows none for SIP. */
  X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(context), X509_PURPOSE_ANY);
  const char *ciphers = tls->config.ciphers;
  if (ciphers && SSL_CTX_set_cipher_list(context, ciphers) != 1) {
    explain(why, ciphers);
    SSL_CTX_free(context);
    return NULL;
  }
  return context;
}

static bool load_identity(SSL_CTX *context, const net_tls_identity *identity, char *why) {
  const char *key = identity->key ? identity->key : identity->certificate;
  if (SSL_CTX_use_certificate_chain_file(context, identity->certificate) != 1) {
    explain(why, identity->certificate);
    return false;
  }
  if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    explain(why, key);
    return false;
  }
  const X509 *certificate = SSL_CTX_get0_certificate(context);
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    return refuse(why, identity->certificate, "the certificate has expired");
  }
  return true;
}

static bool is_folder(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool load_trust(SSL_CTX *context, const net_tls_config *config, char *why) {
  const char *from = config->authorities;
  if (!from) {
    SSL_CTX_set_default_verify_paths(context);
  } else if ((is_folder(from) ? SSL_CTX_load_verify_dir(context, from)
                              : SSL_CTX_load_verify_file(context, from)) != 1) {
    explain(why, from);
    return false;
  }
  if (!config->revoked) return true;
  X509_STORE *store = SSL_CTX_get_cert_store(context);
  X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
  if (!lookup || X509_load_crl_file(lookup, config->revoked, X509_FILETYPE_PEM) < 1) {
    explain(why, config->revoked);
    return false;
  }
  X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
  return true;
}

/* The identity that is for the name a client asks for, in place of the first. */
static int on_server_name(SSL *ssl, int *alert, void *context) {
  (void)alert;
  const net_tls *tls = context;
  const char *wanted = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (!wanted) return SSL_TLSEXT_ERR_NOACK;
  sip_str name = sip_str_make(wanted, strlen(wanted));
  for (size_t i = 0; i < tls->config.identity_count; i++) {
    if (net_certificate_is_for(SSL_CTX_get0_certificate(tls->set.servers[i]), name)) {
      SSL_set_SSL_CTX(ssl, tls->set.servers[i]);
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_NOACK;
}

static SSL_CTX *new_server(net_tls *tls, const net_tls_identity *identity, char *why) {
  static const int modes[] = {
      [NET_TLS_ANY_CLIENT] = SSL_VERIFY_NONE,
      [NET_TLS_CHECKED_CLIENT] = SSL_VERIFY_PEER,
      [NET_TLS_REQUIRED_CLIENT] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
  };
  SSL_CTX *context = new_context(tls, why);
  if (!context) return NULL;
  SSL_CTX_set_verify(context, modes[tls->config.clients], NULL);
  SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
  SSL_CTX_set_tlsext_servername_arg(context, tls);
  bool has_trust = tls->config.clients == NET_TLS_ANY_CLIENT;
  if (load_identity(context, identity, why) &&
      (has_trust || load_trust(context, &tls->config, why))) {
    return context;
  }
  SSL_CTX_free(context);
  return NULL;
}

static SSL_CTX *new_client(const net_tls *tls, char *why) {
  SSL_CTX *context = new_context(tls, why);
  if (!context) return NULL;
  const net_tls_config *config = &tls->config;
  SSL_CTX_set_verify(context, config->trusts_anybody ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
  bool is_whole = config->trusts_anybody || load_trust(context, config, why);
  if (is_whole && config->identity_count > 0) {
    is_whole = load_identity(context, &config->identities[0], why);
  }
  if (is_whole) return context;
  SSL_CTX_free(context);
  return NULL;
}

static void free_set(set *s) {
  SSL_CTX_free(s->client);
  for (size_t i = 0; i < NET_TLS_IDENTITIES_MAX; i++) SSL_CTX_free(s->servers[i]);
}

bool net_tls_reload(net_tls *tls, char *why) {
  set fresh = {0};
  ERR_clear_error();
  take_stamps(tls, fresh.stamps); /* before reading: what changes meanwhile is seen later */
  fresh.client = new_client(tls, why);
  bool is_whole = fresh.client != NULL;
  for (size_t i = 0; i < tls->config.identity_count && is_whole; i++) {
    fresh.servers[i] = new_server(tls, &tls->config.identities[i], why);
    is_whole = fresh.servers[i] != NULL;
  }
  if (!is_whole) {
    free_set(&fresh);
    memcpy(tls->set.stamps, fresh.stamps, sizeof fresh.stamps); /* told once */
    return false;
  }
  free_set(&tls->set);
  tls->set = fresh;
  return true;
}

/* --- Life --------------------------------------------------------------------- */

/* False without memory. */
static bool copy(const char **text) {
  if (!*text) return true;
  *text = strdup(*text);
  return *text != NULL;
}

static bool copy_config(net_tls *tls, const net_tls_config *config) {
  tls->config = *config;
  tls->config.identities = tls->identities;
  bool is_whole = true;
  for (size_t i = 0; i < config->identity_count; i++) {
    tls->identities[i] = config->identities[i];
    is_whole = copy(&tls->identities[i].certificate) && is_whole;
    is_whole = copy(&tls->identities[i].key) && is_whole;
  }
  is_whole = copy(&tls->config.authorities) && is_whole;
  is_whole = copy(&tls->config.revoked) && is_whole;
  return copy(&tls->config.ciphers) && is_whole;
}

static void free_tls(net_tls *tls) {
  free_set(&tls->set);
  for (size_t i = 0; i < tls->config.identity_count; i++) {
    free((void *)tls->identities[i].certificate);
    free((void *)tls->identities[i].key);
  }
  free((void *)tls->config.authorities);
  free((void *)tls->config.revoked);
  free((void *)tls->config.ciphers);
  free(tls);
}

net_tls *net_tls_new(const net_tls_config *config, char *why) {
  net_tls *tls = calloc(1, sizeof *tls);
  bool is_whole = tls && copy_config(tls, config);
  if (!is_whole) snprintf(why, NET_TLS_WHY_SIZE, "%s", sip_error_text(SIP_E_MEMORY));
  if (is_whole && net_tls_reload(tls, why)) {
    tls->references = 1;
    return tls;
  }
  if (tls) free_tls(tls);
  return NULL;
}

net_tls *net_tls_keep(net_tls *tls) {
  if (tls) tls->references++;
  return tls;
}

void net_tls_release(net_tls *tls) {
  if (tls && --tls->references == 0) free_tls(tls);
}

bool net_tls_has_identity(const net_tls *tls) {
  return tls->config.identity_count > 0;
}

/* --- Handshakes ----------------------------------------------------------------- */

/* The name a server may choose its certificate by: a domain, not an address. */
static void ask_by_name(SSL *ssl, sip_str name) {
  char text[NAME_MAX_LEN + 1];
  sip_sockaddr address;
  if (name.len == 0 || name.len > NAME_MAX_LEN || sip_sockaddr_parse(name, 0, &address)) return;
  memcpy(text, name.ptr, name.len);
  text[name.len] = '\0';
  SSL_set_tlsext_host_name(ssl, text);
}

SSL *net_tls_start(net_tls *tls, bool is_client, sip_str name) {
  ERR_clear_error();
  SSL *ssl = SSL_new(is_client ? tls->set.client : tls->set.servers[0]);
  if (!ssl) return NULL;
  BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
  if (!in || !out) {
    BIO_free(in);
    BIO_free(out);
    SSL_free(ssl);
    return NULL;
  }
  SSL_set_bio(ssl, in, out);
  if (is_client) {
    ask_by_name(ssl, name);
    SSL_set_connect_state(ssl);
  } else {
    SSL_set_accept_state(ssl);
  }
  return ssl;
}

static bool is_for(const net_tls *tls, X509 *certificate, sip_str name) {
  if (!tls->config.is_web) return net_certificate_is_for(certificate, name);
  char text[NET_TLS_WHY_SIZE];
  if (name.len >= sizeof text) return false;
  memcpy(text, name.ptr, name.len);
  text[name.len] = '\0';
  return X509_check_ip_asc(certificate, text, 0) == 1 ||
         X509_check_host(certificate, text, name.len, 0, NULL) == 1;
}

int net_tls_check_peer(const net_tls *tls, SSL *ssl, sip_str name, char *why) {
  bool is_server = !SSL_is_server(ssl); /* the peer */
  if (is_server ? tls->config.trusts_anybody : tls->config.clients == NET_TLS_ANY_CLIENT) return 0;
  X509 *certificate = SSL_get0_peer_certificate(ssl);
  if (!certificate) {
    if (!is_server) return 0; /* it sent none, and did not have to */
    snprintf(why, NET_TLS_WHY_SIZE, "the peer has no certificate");
    return SIP_E_CERTIFICATE;
  }
  if (!net_certificate_may_speak_sip(certificate, is_server)) {
    snprintf(why, NET_TLS_WHY_SIZE, "the peer's certificate is for another purpose");
    return SIP_E_CERTIFICATE;
  }
  if (is_server && !is_for(tls, certificate, name)) {
    snprintf(why, NET_TLS_WHY_SIZE, "the peer's certificate is not for %.*s", (int)name.len,
             name.ptr);
    return SIP_E_CERTIFICATE;
  }
  return 0;
}
