/* SPDX-License-Identifier: MIT
 *
 * Whether every header field of a message keeps to its grammar (RFC 3261 25.1).
 */
#include "base/error.h"
#include "sip/value.h"
#include "sip/values.h"

/* Lists that may hold nothing: their grammar has all values in brackets. */
static bool may_be_empty(sip_header_id id) {
  switch (id) {
  case SIP_HEADER_ACCEPT:
  case SIP_HEADER_ACCEPT_ENCODING:
  case SIP_HEADER_ACCEPT_LANGUAGE:
  case SIP_HEADER_ALLOW:
  case SIP_HEADER_RECV_INFO: /* RFC 6086 4.2.6 */
  case SIP_HEADER_SUPPORTED:
    return true;
  default:
    return sip_value_kind_of(id) == SIP_VALUE_TEXT;
  }
}

/* All values on one line. */
static int check_line(sip_header_id id, sip_str line, size_t *count) {
  sip_value parsed;
  if (line.len == 0) return may_be_empty(id) ? 0 : SIP_E_HEADER;
  if (sip_header_kind_of(id) != SIP_HEADER_LIST) {
    *count += 1;
    return sip_value_parse(id, line, &parsed);
  }
  sip_str rest = line, value;
  for (bool first = true; sip_values_next(&rest, id, first, &value); first = false) {
    *count += 1;
    int error = sip_value_parse(id, value, &parsed);
    if (error) return error;
  }
  return 0;
}

/* "*" says that there is no other Contact (25.1 Contact). */
static int check_star(const sip_message *m, size_t contacts, size_t *header) {
  const sip_header *h = sip_message_find(m, SIP_HEADER_CONTACT, 0);
  for (; h && contacts > 1; h = sip_message_find(m, SIP_HEADER_CONTACT, *header + 1)) {
    *header = (size_t)(h - m->headers);
    sip_str rest = sip_message_value(m, h), value;
    for (bool first = true; sip_values_next(&rest, SIP_HEADER_CONTACT, first, &value);
         first = false) {
      if (sip_str_equal(value, SIP_STR("*"))) return SIP_E_HEADER;
    }
  }
  return 0;
}

int sip_value_check_message(const sip_message *message, size_t *header) {
  size_t contacts = 0;
  for (size_t i = 0; i < message->header_count; i++) {
    const sip_header *h = &message->headers[i];
    sip_header_id id = (sip_header_id)h->id;
    size_t count = 0;
    int error = check_line(id, sip_message_value(message, h), &count);
    if (error) {
      *header = i;
      return error;
    }
    if (id == SIP_HEADER_CONTACT) contacts += count;
  }
  return check_star(message, contacts, header);
}
