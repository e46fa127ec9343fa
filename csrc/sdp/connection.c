/* SPDX-License-Identifier: MIT
 *
 * nettype SP addrtype SP connection-address
 */
#include "sdp/connection.h"

#include "base/chars.h"
#include "base/error.h"

enum { MULTICAST4_FIRST = 224, MULTICAST4_END = 240, MULTICAST6 = 0xff };

/* FQDN, whose last label begins with a letter: 999.1.2.3 is no name. */
static bool is_name(sip_str text) {
  if (!sip_str_is(text, SIP_CHAR_HOST)) return false;
  if (text.len > 1 && text.ptr[text.len - 1] == '.') text.len--;
  size_t label = text.len;
  while (label > 0 && text.ptr[label - 1] != '.') label--;
  return label < text.len && sip_char_is(text.ptr[label], SIP_CHAR_ALPHA);
}

static bool is_multicast(const sip_sockaddr *ip) {
  if (ip->family == 4) return ip->ip[0] >= MULTICAST4_FIRST && ip->ip[0] < MULTICAST4_END;
  return ip->family == 6 && ip->ip[0] == MULTICAST6;
}

/* RFC 6157 4.1: what 0.0.0.0 says in IPv4, a name of this domain says in IPv6. */
static bool is_invalid(sip_str name) {
  const sip_str domain = SIP_STR(".invalid");
  if (name.len > 1 && name.ptr[name.len - 1] == '.') name.len--;
  if (name.len < domain.len) return false;
  return sip_str_equal_nocase(sip_str_make(name.ptr + name.len - domain.len, domain.len), domain);
}

/* An address of that family, or a name. Brackets are for URIs. */
static bool take_ip(sdp_connection *c, uint8_t family) {
  if (c->address.len == 0 || c->address.ptr[0] == '[') return false;
  if (!sip_sockaddr_parse(c->address, 0, &c->ip)) {
    c->unspecified = is_invalid(c->address);
    return is_name(c->address);
  }
  if (c->ip.family != family) return false;
  c->multicast = is_multicast(&c->ip);
  c->unspecified = sip_sockaddr_is_any(&c->ip);
  return true;
}

/* "/ttl", "/ttl/count" behind an IPv4 multicast address, which needs the ttl;
 * "/count" behind an IPv6 one; nothing behind others. */
static bool take_suffix(sdp_connection *c, sip_str suffix) {
  if (!c->multicast) return suffix.len == 0;
  uint64_t ttl = 0, count = 1;
  if (c->ip.family == 4) {
    size_t slash = sip_str_index(suffix, '/');
    if (!sip_str_to_number(sip_str_make(suffix.ptr, slash), UINT8_MAX, &ttl)) return false;
    bool more = slash < suffix.len;
    suffix = more ? sip_str_between(suffix.ptr + slash + 1, suffix.ptr + suffix.len) : (sip_str){0};
    if (more && suffix.len == 0) return false;
  }
  if (suffix.len > 0 && !sip_str_to_number(suffix, UINT16_MAX, &count)) return false;
  c->ttl = (uint8_t)ttl;
  c->count = (uint16_t)count;
  return count > 0;
}

static bool take_address(sdp_connection *c, sip_str field) {
  bool ip4 = sip_str_equal(c->addrtype, SIP_STR("IP4"));
  bool ip6 = sip_str_equal(c->addrtype, SIP_STR("IP6"));
  bool internet = sip_str_equal(c->nettype, SIP_STR("IN")) && (ip4 || ip6);
  c->address = field;
  if (!internet) return true;
  size_t slash = sip_str_index(field, '/');
  bool has_suffix = slash < field.len;
  c->address.len = slash;
  if (!take_ip(c, ip4 ? 4 : 6) || (has_suffix && slash + 1 == field.len)) return false;
  size_t from = has_suffix ? slash + 1 : slash;
  return take_suffix(c, sip_str_make(field.ptr + from, field.len - from));
}

int sdp_connection_parse(sdp_fields *fields, sdp_connection *out) {
  *out = (sdp_connection){.count = 1};
  sip_str field;
  if (!sdp_field_token(fields, &out->nettype) || !sdp_field_token(fields, &out->addrtype) ||
      !sdp_field_visible(fields, &field)) {
    return SIP_E_SDP_LINE;
  }
  if (!take_address(out, field)) {
    fields->at = field.ptr;
    return SIP_E_SDP_LINE;
  }
  return sdp_fields_finish(fields) ? 0 : SIP_E_SDP_LINE;
}

bool sdp_address_is_valid(sip_str address) {
  sip_sockaddr ip;
  if (address.len == 0 || address.ptr[0] == '[') return false;
  return sip_sockaddr_parse(address, 0, &ip) ? !is_multicast(&ip) : is_name(address);
}

void sdp_connection_write(sip_str address, sip_buffer *out) {
  bool ip6 = sip_str_index(address, ':') < address.len;
  sip_buffer_add(out, ip6 ? SIP_STR("IN IP6 ") : SIP_STR("IN IP4 "));
  sip_buffer_add(out, address);
}
