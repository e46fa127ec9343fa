/* SPDX-License-Identifier: MIT
 *
 * A sender speaks of itself when the Contact names the host that its own Via names, or
 * the address that it sent from. Another host in Contact is a diversion (RFC 3261
 * 10.2.1), and the flow does not lead there.
 */
#include "location/reach.h"

#include "sip/host.h"

bool sip_reach_is_direct(const sip_message *request) {
  sip_value_cursor cursor = {0};
  sip_str via;
  return sip_message_next_value(request, SIP_HEADER_VIA, &cursor, &via) &&
         !sip_message_next_value(request, SIP_HEADER_VIA, &cursor, &via);
}

static bool names_sender(const sip_message *request, sip_str host) {
  sip_via via;
  return sip_message_via(request, &via) == 0 && sip_host_equal(host, via.host);
}

bool sip_reach_by_flow(const sip_message *request, const sip_flow *flow, const sip_uri *contact) {
  if (contact->scheme != SIP_SCHEME_SIP && contact->scheme != SIP_SCHEME_SIPS) return false;
  if (flow->transport == SIP_TRANSPORT_NONE) return false;
  sip_sockaddr address;
  bool is_address = sip_sockaddr_parse(contact->host, 0, &address);
  bool is_source = is_address && sip_sockaddr_equal_ip(&address, &flow->remote);
  bool is_stream = sip_transport_is_reliable(flow->transport);
  if (!is_stream && (is_source || !is_address)) return false;
  return sip_reach_is_direct(request) && (is_source || names_sender(request, contact->host));
}
