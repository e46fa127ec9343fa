/* SPDX-License-Identifier: MIT
 *
 * Contacts one by one; then what holds for all of them.
 */
#include "location/registration.h"

#include "base/error.h"
#include "location/gruu.h"
#include "location/reach.h"
#include "sip/seconds.h"

enum { HOUR_S = 3600, BRIEF = 423, NO_OUTBOUND = 439, TOO_LARGE = 513 };

static int refuse(sip_registration *r, int status, const char *reason) {
  r->reason = reason;
  return status;
}

static bool supports(const sip_registration *r, sip_str tag) {
  return sip_message_has_token(r->request, SIP_HEADER_SUPPORTED, tag);
}

/* Step 5 of 10.3 begins with an address of record, which only these schemes can be (10.2). */
static bool has_aor(const sip_message *request) {
  sip_name_addr to;
  if (request->to == SIP_NO_HEADER) return false;
  if (sip_name_addr_parse(sip_message_value(request, &request->headers[request->to]), &to)) {
    return false;
  }
  return to.uri.scheme == SIP_SCHEME_SIP || to.uri.scheme == SIP_SCHEME_SIPS;
}

/* --- Path (RFC 3327) ------------------------------------------------------------ */

static bool is_route(sip_str text, sip_uri *uri) {
  sip_name_addr address;
  if (sip_name_addr_parse(text, &address) || !address.bracketed) return false;
  *uri = address.uri;
  return uri->scheme == SIP_SCHEME_SIP || uri->scheme == SIP_SCHEME_SIPS;
}

/* All values as one text, and what its URIs have in common. */
typedef struct path {
  sip_str text;
  bool is_secure; /* all are sips; so are none */
  bool has_ob;    /* the proxy next to the phone, who came first, gave a flow token */
} path;

static int read_path(sip_registration *r, path *p) {
  sip_value_cursor cursor = {0};
  sip_str value, ob;
  sip_uri uri;
  size_t from = r->texts->len;
  *p = (path){.is_secure = true};
  while (sip_message_next_value(r->request, SIP_HEADER_PATH, &cursor, &value)) {
    if (!is_route(value, &uri)) return refuse(r, 400, "Malformed Path");
    if (r->texts->len > from) sip_buffer_add_char(r->texts, ',');
    sip_unfold(value, r->texts);
    p->is_secure = p->is_secure && uri.scheme == SIP_SCHEME_SIPS;
    p->has_ob = sip_uri_param(&uri, SIP_STR("ob"), &ob);
  }
  p->text = sip_str_make(r->texts->ptr + from, r->texts->len - from);
  return 0;
}

bool sip_registration_shows_path(const sip_registration *r) {
  return supports(r, SIP_STR("path")) && sip_message_find(r->request, SIP_HEADER_PATH, 0);
}

/* --- Contacts -------------------------------------------------------------------- */

/* What Expires says for those that say nothing themselves (10.2.1.1, 20.19). */
static uint32_t common_seconds(const sip_message *request, const sip_registrar *registrar) {
  const sip_header *h = sip_message_find(request, SIP_HEADER_EXPIRES, 0);
  uint32_t seconds;
  if (!h) return registrar->default_s;
  return sip_seconds_parse(sip_message_value(request, h), &seconds) == SIP_E_HEADER ? HOUR_S
                                                                                    : seconds;
}

/* Only to say that all go, and alone (step 6). */
static int read_star(sip_registration *r, bool is_alone) {
  const sip_header *h = sip_message_find(r->request, SIP_HEADER_EXPIRES, 0);
  uint32_t seconds;
  if (!is_alone) return refuse(r, 400, "Contact * With Others");
  if (!h || sip_seconds_parse(sip_message_value(r->request, h), &seconds) || seconds > 0) {
    return refuse(r, 400, "Contact * Without Expires 0");
  }
  r->removes_all = true;
  return 0;
}

static int read_contact(sip_registration *r, sip_str value, uint32_t otherwise) {
  sip_name_addr address;
  if (sip_name_addr_parse(value, &address)) return refuse(r, 400, "Malformed Contact");
  if (address.star || r->removes_all) return read_star(r, r->count == 0 && !r->removes_all);
  if (sip_name_addr_q(&address) < 0) return refuse(r, 400, "Malformed q");
  if (r->count == SIP_CONTACTS_MAX) return refuse(r, 403, "Too Many Contacts");
  sip_wish *wish = &r->wishes[r->count++];
  wish->uri = address.uri;
  wish->seconds = sip_name_addr_expires(&address, otherwise);
  sip_contact_read(&wish->contact, &address, r->texts);
  return 0;
}

static int read_contacts(sip_registration *r, uint32_t otherwise) {
  sip_value_cursor cursor = {0};
  sip_str value;
  int status = 0;
  while (!status && sip_message_next_value(r->request, SIP_HEADER_CONTACT, &cursor, &value)) {
    status = read_contact(r, value, otherwise);
  }
  return status;
}

/* --- What holds for all ------------------------------------------------------------ */

static bool has_reg_id(const sip_registration *r) {
  for (size_t i = 0; i < r->count; i++) {
    if (r->wishes[i].contact.reg_id) return true;
  }
  return false;
}

/* RFC 5626 6: whether flows name bindings here. */
static int check_outbound(sip_registration *r, const path *p) {
  if (!has_reg_id(r)) return 0;
  bool wants = supports(r, SIP_STR("outbound"));
  if (!sip_reach_is_direct(r->request) && !p->has_ob) {
    if (wants) return refuse(r, NO_OUTBOUND, NULL);
    for (size_t i = 0; i < r->count; i++) r->wishes[i].contact.reg_id = 0;
    return 0;
  }
  size_t lasting = 0;
  for (size_t i = 0; i < r->count; i++) lasting += r->wishes[i].seconds > 0;
  if (lasting > 1) return refuse(r, 400, "One Flow For Several Contacts");
  r->outbound = wants;
  return 0;
}

/* RFC 5630 5.2: a sips contact is reached by nothing but sips. */
static int check_secure(sip_registration *r, const path *p) {
  bool has_sips = false, has_sip = false;
  for (size_t i = 0; i < r->count; i++) {
    has_sips = has_sips || r->wishes[i].uri.scheme == SIP_SCHEME_SIPS;
    has_sip = has_sip || r->wishes[i].uri.scheme == SIP_SCHEME_SIP;
  }
  if (!has_sips) return 0;
  sip_uri uri;
  bool asked = sip_message_request_uri(r->request, &uri) == 0 && uri.scheme == SIP_SCHEME_SIPS;
  return asked && !has_sip && p->is_secure ? 0 : refuse(r, 400, "SIPS Contact By Way Of SIP");
}

/* RFC 5627 5.1 */
static int check_gruu(sip_registration *r) {
  const sip_message *request = r->request;
  sip_name_addr to;
  if (sip_name_addr_parse(sip_message_value(request, &request->headers[request->to]), &to))
    return 0;
  for (size_t i = 0; i < r->count; i++) {
    const sip_wish *wish = &r->wishes[i];
    int status = wish->seconds ? sip_gruu_check(&wish->contact, &wish->uri, &to.uri) : 0;
    if (status) return refuse(r, status, "Contact Leads Back");
  }
  return 0;
}

/* Step 7: less than the minimum is refused, but never an hour or more. */
static int limit_seconds(sip_registration *r, const sip_registrar *registrar) {
  for (size_t i = 0; i < r->count; i++) {
    uint32_t *seconds = &r->wishes[i].seconds;
    if (*seconds > 0 && *seconds < HOUR_S && *seconds < registrar->min_s) {
      return refuse(r, BRIEF, NULL);
    }
    if (*seconds > registrar->max_s) *seconds = registrar->max_s;
  }
  return 0;
}

static int finish(sip_registration *r, const sip_flow *flow, const path *p) {
  const sip_message *request = r->request;
  for (size_t i = 0; i < r->count; i++) {
    sip_contact *contact = &r->wishes[i].contact;
    contact->path = p->text;
    contact->gruu_at = 0;
    contact->call_id = sip_message_span(request, request->call_id);
    contact->cseq = request->cseq;
    contact->flow = (sip_flow){0};
    if (contact->reg_id ? sip_reach_is_direct(request)
                        : sip_reach_by_flow(request, flow, &r->wishes[i].uri)) {
      contact->flow = *flow;
    }
    if (sip_contact_text_len(contact) > SIP_CONTACT_TEXT_MAX) return refuse(r, TOO_LARGE, NULL);
  }
  return 0;
}

int sip_registration_read(sip_registration *r, const sip_message *request, const sip_flow *flow,
                          const sip_registrar *registrar) {
  r->request = request;
  r->reason = NULL;
  r->removes_all = r->outbound = false;
  r->count = 0;
  /* No text is longer than where it came from: the slices do not move. */
  if (!sip_buffer_reserve(r->texts, request->len)) return 500;
  if (!has_aor(request)) return refuse(r, 400, "No Address of Record in To");
  path p;
  int status = read_path(r, &p);
  if (status) return status;
  if (p.text.len && !registrar->takes_any_path && !supports(r, SIP_STR("path"))) return 420;
  if ((status = read_contacts(r, common_seconds(request, registrar)))) return status;
  if ((status = check_outbound(r, &p))) return status;
  if ((status = check_secure(r, &p))) return status;
  if ((status = check_gruu(r))) return status;
  if ((status = limit_seconds(r, registrar))) return status;
  return finish(r, flow, &p);
}
