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

/* The part of a list that is read value by value, without looking for the commas
 * first: it is behind the one that was read, or malformed. */
static bool next_value(sip_scan *scan, size_t *count) {
  *count += 1;
  return sip_scan_separator(scan, ',');
}

static int check_tokens(sip_scan *scan, size_t *count) {
  sip_str token;
  do {
    if (!sip_scan_token(scan, &token)) return SIP_E_HEADER;
  } while (next_value(scan, count));
  return sip_scan_done(scan) ? 0 : SIP_E_HEADER;
}

static int check_vias(sip_scan *scan, size_t *count) {
  sip_via via;
  do {
    int error = sip_scan_via(scan, &via);
    if (error) return error;
  } while (next_value(scan, count));
  return 0;
}

static int check_addresses(sip_header_id id, sip_scan *scan, size_t *count) {
  sip_name_addr address;
  if (id == SIP_HEADER_CONTACT && sip_scan_peek(scan) == '*' && scan->end - scan->at == 1) {
    *count += 1;
    return 0;
  }
  do {
    int error = sip_scan_name_addr(scan, &address);
    if (!error) error = sip_value_check_address(id, &address);
    if (error) return error;
  } while (next_value(scan, count));
  return 0;
}

static int check_values(sip_header_id id, sip_str rest, size_t *count) {
  sip_value parsed;
  sip_str value;
  for (bool first = true; sip_values_next(&rest, id, first, &value); first = false) {
    *count += 1;
    int error = sip_value_parse(id, value, &parsed);
    if (error) return error;
  }
  return 0;
}

/* All values on one line. */
static int check_line(const sip_message *m, const sip_header *h, size_t *count) {
  sip_header_id id = (sip_header_id)h->id;
  sip_str line = sip_message_value(m, h);
  if (line.len == 0) return may_be_empty(id) ? 0 : SIP_E_HEADER;
  sip_value_kind kind = sip_value_kind_of(id);
  if (kind == SIP_VALUE_TEXT) return 0;
  if (sip_header_kind_of(id) != SIP_HEADER_LIST) return check_values(id, line, count);
  sip_scan scan = {line.ptr, line.ptr + line.len, m->bytes + m->len};
  switch (kind) {
  case SIP_VALUE_TOKEN:
    return check_tokens(&scan, count);
  case SIP_VALUE_VIA:
    return check_vias(&scan, count);
  case SIP_VALUE_ADDRESS:
  case SIP_VALUE_NAME_ADDR:
  case SIP_VALUE_INFO:
    return check_addresses(id, &scan, count);
  default:
    return check_values(id, line, count);
  }
}

/* What the parser of the message has read already. */
static bool was_parsed(const sip_message *m, size_t index) {
  switch (m->headers[index].id) {
  case SIP_HEADER_FROM:
  case SIP_HEADER_TO:
  case SIP_HEADER_CALL_ID:
  case SIP_HEADER_CSEQ:
  case SIP_HEADER_MAX_FORWARDS:
  case SIP_HEADER_CONTENT_LENGTH:
    return m->error == 0;
  default:
    return false;
  }
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
    if (was_parsed(message, i)) continue;
    const sip_header *h = &message->headers[i];
    size_t count = 0;
    int error = check_line(message, h, &count);
    if (error) {
      *header = i;
      return error;
    }
    if (h->id == SIP_HEADER_CONTACT) contacts += count;
  }
  return check_star(message, contacts, header);
}
