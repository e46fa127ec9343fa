/* SPDX-License-Identifier: MIT
 *
 * Whom a certificate is for: the SIP domain identities of RFC 5922 7.1 and 7.2.
 */
#ifndef MOONSIP_NET_CERTIFICATE_H
#define MOONSIP_NET_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/str.h"

/* True when the certificate is for that domain, or for that IP address, as a whole: a
 * wildcard or a suffix is no match (7.2). */
bool net_certificate_is_for(X509 *certificate, sip_str name);

/* True when what its extended key usage allows has SIP in it (RFC 5924 5), or TLS in the
 * role of the peer, which is what is issued in practice. Without the extension: true. */
bool net_certificate_may_speak_sip(X509 *certificate, bool is_server);

/* Calls fn for each identity, in order. */
typedef void (*net_certificate_fn)(void *context, sip_str identity);
void net_certificate_each(X509 *certificate, net_certificate_fn fn, void *context);

#endif
