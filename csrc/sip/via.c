/* SPDX-License-Identifier: MIT
 *
 * sent-protocol LWS sent-by *( SEMI via-params )
 */
#include "sip/via.h"

#include "base/error.h"
#include "sip/host.h"

enum { TTL_MAX = 255 };

/* "SIP/2.0/" as nearly everybody writes it. */
static bool scan_usual_protocol(sip_scan *scan) {
  static const char usual[] = "SIP/2.0/";
  if (scan->end - scan->at < 8 || memcmp(scan->at, usual, 8) != 0) return false;
  scan->at += 8;
  return true;
}

/* protocol-name SLASH protocol-version SLASH; *ours for SIP/2.0 */
static bool scan_protocol(sip_scan *scan, bool *ours) {
  *ours = true;
  if (scan_usual_protocol(scan)) {
    sip_scan_space(scan);
    return true;
  }
  sip_str name, version;
  bool matches = sip_scan_token(scan, &name) && sip_scan_separator(scan, '/') &&
                 sip_scan_token(scan, &version) && sip_scan_separator(scan, '/');
  *ours = matches && sip_str_equal_nocase(name, SIP_STR("SIP")) &&
          sip_str_equal(version, SIP_STR("2.0"));
  return matches;
}

/* host [ COLON port ] */
static bool scan_sent_by(sip_scan *scan, sip_via *out) {
  const char *from = scan->at;
  if (!sip_scan_host(scan, &out->host)) return false;
  sip_scan ahead = *scan;
  if (sip_scan_separator(&ahead, ':')) {
    *scan = ahead;
    if (!sip_scan_port(scan, &out->port)) return false;
  }
  out->sent_by = sip_str_between(from, scan->at);
  return true;
}

static int take_branch(const sip_param *param, sip_via *out) {
  if (out->branch.len > 0 || param->value.len == 0 || param->value.ptr[0] == '"') {
    return SIP_E_HEADER;
  }
  out->branch = param->value;
  return 0;
}

/* via-received = IPv4address / IPv6address, in brackets too (RFC 5118 4.5) */
static int take_received(const sip_param *param, sip_via *out) {
  sip_sockaddr address;
  if (out->received.len > 0 || !sip_sockaddr_parse(param->value, 0, &address)) return SIP_E_HEADER;
  out->received = param->value;
  return 0;
}

static int take_maddr(const sip_param *param, sip_via *out) {
  sip_scan scan = sip_scan_over(param->value);
  sip_str host;
  if (out->maddr.len > 0 || !sip_scan_host(&scan, &host) || !sip_scan_done(&scan)) {
    return SIP_E_HEADER;
  }
  out->maddr = host;
  return 0;
}

static int take_rport(const sip_param *param, sip_via *out) {
  if (out->has_rport) return SIP_E_HEADER;
  out->has_rport = true;
  if (!param->has_value) return 0;
  sip_scan scan = sip_scan_over(param->value);
  return sip_scan_port(&scan, &out->rport) && sip_scan_done(&scan) ? 0 : SIP_E_NUMBER;
}

static int check_ttl(const sip_param *param) {
  uint64_t ttl;
  return sip_str_to_number(param->value, TTL_MAX, &ttl) ? 0 : SIP_E_NUMBER;
}

static int take_param(const sip_param *param, sip_via *out) {
  sip_str name = param->name;
  if (SIP_IS(name, "branch")) return take_branch(param, out);
  if (SIP_IS(name, "rport")) return take_rport(param, out);
  if (SIP_IS(name, "received")) return take_received(param, out);
  if (SIP_IS(name, "maddr")) return take_maddr(param, out);
  return SIP_IS(name, "ttl") ? check_ttl(param) : 0;
}

static int scan_params(sip_scan *scan, sip_via *out) {
  sip_scan_space(scan);
  const char *from = scan->at, *until = from;
  sip_param param;
  while (sip_scan_separator(scan, ';')) {
    if (!sip_scan_param(scan, &param)) return SIP_E_HEADER;
    until = scan->at;
    int error = take_param(&param, out);
    if (error) {
      scan->at = param.name.ptr;
      return error;
    }
  }
  out->params = sip_str_between(from, until);
  return 0;
}

static int scan_value(sip_scan *scan, sip_via *out) {
  bool ours;
  sip_scan_space(scan);
  const char *from = scan->at;
  if (!scan_protocol(scan, &ours) || !sip_scan_token(scan, &out->transport_text) ||
      !sip_scan_gap(scan) || !scan_sent_by(scan, out)) {
    return SIP_E_HEADER;
  }
  out->transport = sip_transport_parse(out->transport_text);
  int error = scan_params(scan, out);
  out->text = sip_str_between(from, out->params.ptr ? out->params.ptr + out->params.len : scan->at);
  if (error) return error;
  if (!sip_scan_done(scan) && *scan->at != ',') return SIP_E_HEADER;
  return ours ? 0 : SIP_E_VERSION;
}

int sip_scan_via(sip_scan *scan, sip_via *out) {
  static const sip_via nothing; /* to copy it is faster than to clear, where that is `rep stos` */
  *out = nothing;
  sip_scan local = *scan;
  int error = scan_value(&local, out);
  *scan = local;
  return error;
}

int sip_via_parse(sip_str value, sip_via *out) {
  sip_scan scan = sip_scan_over(value);
  int error = sip_scan_via(&scan, out);
  if (error) return error;
  return sip_scan_done(&scan) ? 0 : SIP_E_HEADER;
}

bool sip_branch_is_rfc3261(sip_str branch) {
  sip_str cookie = SIP_STR(SIP_BRANCH_COOKIE);
  return branch.len > cookie.len && sip_str_starts_nocase(branch, cookie);
}

static bool host_is(sip_str host, const sip_sockaddr *address) {
  sip_sockaddr literal;
  return sip_sockaddr_parse(host, 0, &literal) && sip_sockaddr_equal_ip(&literal, address);
}

/* The sender offers keep-alives, and nobody has answered that yet (RFC 6223 4.2). */
static bool offers_keep(const sip_via *via) {
  sip_param param;
  return via->params.len > 0 && sip_param_find(via->params, SIP_STR("keep"), &param) &&
         !param.has_value;
}

void sip_via_write_received(const sip_via *via, const sip_sockaddr *source, uint32_t keep_s,
                            sip_buffer *out) {
  bool add_received = via->has_rport || !host_is(via->host, source);
  bool add_keep = keep_s > 0 && offers_keep(via);
  if (!add_received && !add_keep && via->received.len == 0) {
    sip_buffer_add(out, via->text);
    return;
  }
  sip_buffer_add(
      out, sip_str_between(via->text.ptr,
                           via->params.len ? via->params.ptr : via->text.ptr + via->text.len));
  sip_str rest = via->params;
  sip_param param;
  while (sip_param_next(&rest, &param) == 1) {
    if (SIP_IS(param.name, "received") || SIP_IS(param.name, "rport")) continue;
    sip_buffer_add_char(out, ';');
    sip_buffer_add(out, param.name);
    bool is_keep = add_keep && SIP_IS(param.name, "keep");
    if (!param.has_value && !is_keep) continue;
    sip_buffer_add_char(out, '=');
    sip_buffer_add(out, param.value);
    if (is_keep) sip_buffer_add_number(out, keep_s);
  }
  if (!add_received && via->received.len == 0) return;
  SIP_BUFFER_ADD(out, ";received=");
  sip_sockaddr_write_ip(source, out);
  if (!via->has_rport) return;
  SIP_BUFFER_ADD(out, ";rport=");
  sip_buffer_add_number(out, source->port);
}

bool sip_via_response_target(const sip_via *via, sip_sockaddr *out, sip_str *host) {
  uint16_t port = via->port ? via->port : sip_transport_default_port(via->transport);
  if (via->maddr.len > 0 && !sip_transport_is_reliable(via->transport)) {
    *host = via->maddr;
  } else if (via->received.len > 0) {
    *host = via->received;
    if (via->rport) port = via->rport;
  } else {
    *host = via->host;
  }
  if (sip_sockaddr_parse(*host, port, out)) return true;
  *out = (sip_sockaddr){.port = port};
  return false;
}
