/* SPDX-License-Identifier: MIT
 *
 * Names are compared by their length, so that a NUL in one ends nothing early.
 */
#include "net/certificate.h"

#include <openssl/x509v3.h>

#include "base/sockaddr.h"
#include "sip/uri.h"

static sip_str text_of(const ASN1_STRING *string) {
  return sip_str_make((const char *)ASN1_STRING_get0_data(string),
                      (size_t)ASN1_STRING_length(string));
}

/* No byte that a host name cannot have: a NUL least of all. */
static bool is_name(sip_str text) {
  for (size_t i = 0; i < text.len; i++) {
    if ((unsigned char)text.ptr[i] <= ' ' || (unsigned char)text.ptr[i] >= 0x7f) return false;
  }
  return text.len > 0;
}

/* The domain of a URI identity: scheme sip, no user (7.1). Empty when it is none. */
static sip_str domain_of(sip_str text) {
  sip_uri uri;
  if (!is_name(text) || sip_uri_parse(text, &uri, NULL) != 0) return sip_str_make(NULL, 0);
  if (uri.scheme != SIP_SCHEME_SIP || uri.user.len) return sip_str_make(NULL, 0);
  return uri.host;
}

typedef struct names {
  GENERAL_NAMES *list; /* NULL: the certificate has no subjectAltName */
  bool has_domains;    /* some of them are SIP URIs, which then are all that count */
} names;

static sip_str identity_of(const GENERAL_NAME *name, bool wants_uris) {
  if (wants_uris && name->type == GEN_URI) {
    return domain_of(text_of(name->d.uniformResourceIdentifier));
  }
  if (!wants_uris && name->type == GEN_DNS && is_name(text_of(name->d.dNSName))) {
    return text_of(name->d.dNSName);
  }
  return sip_str_make(NULL, 0);
}

static names get_names(X509 *certificate) {
  names n = {.list = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL)};
  for (int i = 0; n.list && i < sk_GENERAL_NAME_num(n.list); i++) {
    if (identity_of(sk_GENERAL_NAME_value(n.list, i), true).len) n.has_domains = true;
  }
  return n;
}

/* The common name, when it is one and there is no subjectAltName (7.1, step 2). */
static sip_str common_name(X509 *certificate) {
  const X509_NAME *subject = X509_get_subject_name(certificate);
  int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  bool is_only = at >= 0 && X509_NAME_get_index_by_NID(subject, NID_commonName, at) < 0;
  if (!is_only) return sip_str_make(NULL, 0);
  sip_str text = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  return is_name(text) ? text : sip_str_make(NULL, 0);
}

void net_certificate_each(X509 *certificate, net_certificate_fn fn, void *context) {
  names n = get_names(certificate);
  for (int i = 0; n.list && i < sk_GENERAL_NAME_num(n.list); i++) {
    sip_str identity = identity_of(sk_GENERAL_NAME_value(n.list, i), n.has_domains);
    if (identity.len) fn(context, identity);
  }
  if (!n.list && common_name(certificate).len) fn(context, common_name(certificate));
  GENERAL_NAMES_free(n.list);
}

typedef struct search {
  sip_str name;
  bool is_found;
} search;

static void compare(void *context, sip_str identity) {
  search *s = context;
  if (sip_str_equal_nocase(identity, s->name)) s->is_found = true;
}

bool net_certificate_is_for(X509 *certificate, sip_str name) {
  sip_sockaddr address;
  if (sip_sockaddr_parse(name, 0, &address)) {
    /* No domain, so RFC 5922 says nothing of it; RFC 5280 4.2.1.6 does. */
    return X509_check_ip(certificate, address.ip, address.family == 4 ? 4 : 16, 0) == 1;
  }
  search s = {.name = name};
  net_certificate_each(certificate, compare, &s);
  return s.is_found;
}

bool net_certificate_may_speak_sip(X509 *certificate, bool is_server) {
  EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(certificate, NID_ext_key_usage, NULL, NULL);
  if (!usage) return true;
  ASN1_OBJECT *sip_domain = OBJ_txt2obj("1.3.6.1.5.5.7.3.20", 1); /* id-kp-sipDomain */
  int role = is_server ? NID_server_auth : NID_client_auth;
  bool is_allowed = false;
  for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
    const ASN1_OBJECT *purpose = sk_ASN1_OBJECT_value(usage, i);
    int nid = OBJ_obj2nid(purpose);
    if (nid == role || nid == NID_anyExtendedKeyUsage) is_allowed = true;
    if (sip_domain && OBJ_cmp(purpose, sip_domain) == 0) is_allowed = true;
  }
  ASN1_OBJECT_free(sip_domain);
  EXTENDED_KEY_USAGE_free(usage);
  return is_allowed;
}
