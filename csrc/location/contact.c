/* SPDX-License-Identifier: MIT
 *
 * Reading, comparing and writing contacts.
 */
#include "location/contact.h"

#include "base/error.h"

enum { THOUSAND = 1000 };

/* reg-id = 1*DIGIT, 1 to 2**31-1 (RFC 5626 11.2). */
static uint32_t parse_reg_id(sip_str value) {
  uint64_t number;
  return sip_str_to_number(value, INT32_MAX, &number) ? (uint32_t)number : 0;
}

void sip_contact_read(sip_contact *contact, const sip_name_addr *value, sip_buffer *params) {
  contact->uri = value->uri.text;
  contact->q = (uint16_t)sip_name_addr_q(value);
  contact->reg_id = 0;
  size_t from = params->len;
  sip_str rest = value->params;
  sip_param param;
  while (sip_param_next(&rest, &param) == 1) {
    if (SIP_IS(param.name, "q") || SIP_IS(param.name, "expires")) continue;
    /* RFC 5627 5.1: they are for us to say. */
    if (SIP_IS(param.name, "pub-gruu") || SIP_IS(param.name, "temp-gruu")) continue;
    if (SIP_IS(param.name, "reg-id")) contact->reg_id = parse_reg_id(param.value);
    sip_buffer_add_char(params, ';');
    sip_buffer_add(params, param.name);
    if (!param.has_value) continue;
    sip_buffer_add_char(params, '=');
    sip_unfold(param.value, params);
  }
  contact->params = sip_str_make(params->ptr + from, params->len - from);
  if (contact->reg_id && sip_contact_instance(contact).len == 0) contact->reg_id = 0;
}

sip_str sip_contact_instance(const sip_contact *contact) {
  sip_param param;
  if (contact->params.len == 0) return (sip_str){0};
  bool has = sip_param_find(contact->params, SIP_STR("+sip.instance"), &param);
  return has ? param.value : (sip_str){0};
}

bool sip_contact_same(const sip_contact *a, const sip_uri *parsed, const sip_contact *b) {
  if (a->reg_id || b->reg_id) {
    return a->reg_id == b->reg_id &&
           sip_str_equal_nocase(sip_contact_instance(a), sip_contact_instance(b));
  }
  if (sip_str_equal(a->uri, b->uri)) return true;
  sip_uri uri;
  return sip_uri_parse(b->uri, &uri, NULL) == 0 && sip_uri_equal(parsed, &uri);
}

uint32_t sip_contact_seconds(const sip_contact *contact, sip_time now) {
  if (contact->expires_at <= now) return 0;
  sip_time seconds = (contact->expires_at - now + THOUSAND - 1) / THOUSAND;
  return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

static void add_q(uint16_t q, sip_buffer *out) {
  char digits[] = {'.', (char)('0' + q / 100 % 10), (char)('0' + q / 10 % 10),
                   (char)('0' + q % 10)};
  size_t len = sizeof digits;
  while (len > 1 && digits[len - 1] == '0') len--;
  SIP_BUFFER_ADD(out, ";q=0");
  if (len > 1) sip_buffer_add(out, sip_str_make(digits, len));
}

void sip_contact_write(const sip_contact *contact, sip_time now, sip_buffer *out) {
  sip_buffer_add_char(out, '<');
  sip_buffer_add(out, contact->uri);
  sip_buffer_add_char(out, '>');
  if (contact->q < THOUSAND) add_q(contact->q, out);
  SIP_BUFFER_ADD(out, ";expires=");
  sip_buffer_add_number(out, sip_contact_seconds(contact, now));
  sip_buffer_add(out, contact->params);
}

size_t sip_contact_text_len(const sip_contact *contact) {
  return contact->uri.len + contact->params.len + contact->path.len + contact->call_id.len;
}
