/* SPDX-License-Identifier: MIT
 *
 * c-ares takes the message apart, with its compressed names; here its lists are copied.
 */
#include "net/dns_answer.h"

#include <string.h>

#include "base/error.h"
#include "net/address.h"

enum {
  HEADER_LEN = 12, /* RFC 1035 4.1.1 */
  QUESTION_LEN = 4,
  RECORD_LEN = 10, /* what follows the name of a record (4.1.3) */
  TYPE_SOA = 6,
  TTL_MAX_S = 86400
};

/* --- How long it is good for ---------------------------------------------------------- */

typedef struct cursor {
  const unsigned char *message;
  int len;
  int at; /* -1: cut short, or damaged */
} cursor;

static uint32_t number_at(const cursor *c, int at, int bytes) {
  uint32_t number = 0;
  for (int i = 0; i < bytes; i++) number = number << 8 | c->message[at + i];
  return number;
}

static void skip(cursor *c, long len) {
  if (c->at < 0) return;
  c->at = len <= c->len - c->at ? c->at + (int)len : -1;
}

static void skip_name(cursor *c) {
  char *name;
  long len;
  if (c->at < 0) return;
  int status = ares_expand_name(c->message + c->at, c->message, c->len, &name, &len);
  if (status != ARES_SUCCESS) {
    c->at = -1;
    return;
  }
  ares_free_string(name);
  skip(c, len);
}

/* The TTL of the record at the cursor, which goes behind it. Of an SOA it is the span for
 * which its zone says that something is not there (RFC 2308 5). */
static uint32_t next_ttl(cursor *c, uint32_t type) {
  skip_name(c);
  int head = c->at;
  skip(c, RECORD_LEN);
  if (c->at < 0) return 0;
  uint32_t ttl = number_at(c, head + 4, 4);
  skip(c, (long)number_at(c, head + 8, 2));
  if (c->at < 0 || number_at(c, head, 2) != type) return TTL_MAX_S;
  if (type != TYPE_SOA) return ttl;
  uint32_t minimum = c->at - 4 >= head + RECORD_LEN ? number_at(c, c->at - 4, 4) : 0;
  return minimum < ttl ? minimum : ttl;
}

static uint32_t ttl_of(sip_str reply, sip_dns_type type) {
  cursor c = {(const unsigned char *)reply.ptr, (int)reply.len, HEADER_LEN};
  if (reply.len < HEADER_LEN) return 0;
  uint32_t questions = number_at(&c, 4, 2), answers = number_at(&c, 6, 2);
  uint32_t authorities = number_at(&c, 8, 2), least = TTL_MAX_S;
  for (uint32_t i = 0; i < questions && c.at >= 0; i++) {
    skip_name(&c);
    skip(&c, QUESTION_LEN);
  }
  bool is_negative = answers == 0;
  uint32_t count = is_negative ? authorities : answers;
  if (count == 0) return 0;
  for (uint32_t i = 0; i < count && c.at >= 0; i++) {
    uint32_t ttl = next_ttl(&c, is_negative ? TYPE_SOA : (uint32_t)type);
    if (ttl < least) least = ttl;
  }
  return c.at < 0 ? 0 : least;
}

/* --- Blocks ------------------------------------------------------------------------------ */

static int error_of(int status) {
  switch (status) {
  case ARES_SUCCESS:
  case ARES_ENODATA:
  case ARES_ENOTFOUND:
    return 0;
  case ARES_ETIMEOUT:
    return SIP_E_DNS_TIMEOUT;
  case ARES_ECONNREFUSED:
    return SIP_E_DNS_FAILED;
  case ARES_ENOMEM:
    return SIP_E_MEMORY;
  default:
    return SIP_E_DNS;
  }
}

typedef struct writer {
  net_dns_answer *block; /* NULL while room is counted */
  sip_dns_record *records;
  size_t count;
  size_t text_len;
  char *text;
} writer;

static net_dns_answer *new_block(sip_alloc *alloc, sip_dns_type type, writer *w) {
  size_t records = w->count * sizeof(sip_dns_record);
  size_t size = sizeof(net_dns_answer) + records + w->text_len;
  net_dns_answer *block = sip_alloc_zero(alloc, size);
  if (!block) return NULL;
  *w = (writer){.block = block, .records = (sip_dns_record *)(void *)(block + 1)};
  w->text = (char *)w->records + records;
  *block = (net_dns_answer){.references = 1,
                            .size = size,
                            .alloc = alloc,
                            .answer = {.type = type, .records = w->records}};
  return block;
}

void net_dns_answer_release(net_dns_answer *answer) {
  if (!answer || --answer->references > 0) return;
  sip_alloc_free(answer->alloc, answer, answer->size);
}

net_dns_answer *net_dns_answer_copy(sip_alloc *alloc, const sip_dns_answer *answer) {
  writer w = {.count = answer->count};
  net_dns_answer *block = new_block(alloc, answer->type, &w);
  if (!block) return NULL;
  memcpy(w.records, answer->records, answer->count * sizeof *w.records);
  block->answer.count = answer->count;
  return block;
}

static void take_record(writer *w, const sip_dns_record *record) {
  if (w->block) w->records[w->count] = *record;
  w->count++;
}

static sip_str take_text(writer *w, const void *text) {
  size_t len = text ? strlen(text) : 0;
  sip_str copy = {NULL, len};
  if (w->block && len) {
    copy.ptr = memcpy(w->text + w->text_len, text, len);
  }
  w->text_len += len;
  return copy;
}

/* --- Lists of c-ares ---------------------------------------------------------------------- */

static void take_services(writer *w, const struct ares_naptr_reply *one) {
  for (; one && w->count < NET_DNS_RECORDS; one = one->next) {
    sip_dns_record record = {.naptr = {.order = one->order,
                                       .preference = one->preference,
                                       .flags = take_text(w, one->flags),
                                       .service = take_text(w, one->service),
                                       .regexp = take_text(w, one->regexp),
                                       .replacement = take_text(w, one->replacement)}};
    take_record(w, &record);
  }
}

static void take_servers(writer *w, const struct ares_srv_reply *one) {
  for (; one && w->count < NET_DNS_RECORDS; one = one->next) {
    sip_dns_record record = {.srv = {.priority = one->priority,
                                     .weight = one->weight,
                                     .port = one->port,
                                     .target = take_text(w, one->host)}};
    take_record(w, &record);
  }
}

static void take_addresses(writer *w, const struct ares_addrinfo_node *one) {
  for (; one && w->count < NET_DNS_RECORDS; one = one->ai_next) {
    net_address address = {0};
    sip_dns_record record = {0};
    size_t len = (size_t)one->ai_addrlen;
    memcpy(&address, one->ai_addr, len < sizeof address ? len : sizeof address);
    net_address_to(&record.address, &address);
    if (record.address.family) take_record(w, &record);
  }
}

typedef void (*take_fn)(writer *w, const void *list);

static void take_any_services(writer *w, const void *list) {
  take_services(w, list);
}

static void take_any_servers(writer *w, const void *list) {
  take_servers(w, list);
}

/* Counts, makes room, and copies. */
static net_dns_answer *copy_list(sip_alloc *alloc, sip_dns_type type, take_fn take,
                                 const void *list) {
  writer w = {0};
  take(&w, list);
  net_dns_answer *block = new_block(alloc, type, &w);
  if (!block) return NULL;
  take(&w, list);
  block->answer.count = w.count;
  return block;
}

net_dns_answer *net_dns_answer_of_reply(sip_alloc *alloc, sip_dns_type type, int status,
                                        sip_str reply) {
  void *list = NULL;
  bool is_naptr = type == SIP_DNS_NAPTR;
  const unsigned char *bytes = (const unsigned char *)reply.ptr;
  if (status == ARES_SUCCESS && is_naptr) {
    status = ares_parse_naptr_reply(bytes, (int)reply.len, (struct ares_naptr_reply **)&list);
  } else if (status == ARES_SUCCESS) {
    status = ares_parse_srv_reply(bytes, (int)reply.len, (struct ares_srv_reply **)&list);
  }
  net_dns_answer *block =
      copy_list(alloc, type, is_naptr ? take_any_services : take_any_servers, list);
  if (list) ares_free_data(list);
  if (!block) return NULL;
  block->answer.error = error_of(status);
  if (!block->answer.error && reply.ptr) block->ttl_s = ttl_of(reply, type);
  return block;
}

static void take_any_addresses(writer *w, const void *list) {
  take_addresses(w, list);
}

net_dns_answer *net_dns_answer_of_addresses(sip_alloc *alloc, int status,
                                            const struct ares_addrinfo *found) {
  const struct ares_addrinfo_node *first = found ? found->nodes : NULL;
  net_dns_answer *block = copy_list(alloc, SIP_DNS_A, take_any_addresses, first);
  if (!block) return NULL;
  if (block->answer.count == 0) block->answer.error = error_of(status);
  uint32_t least = first ? TTL_MAX_S : 0;
  for (const struct ares_addrinfo_node *one = first; one; one = one->ai_next) {
    uint32_t ttl = one->ai_ttl > 0 ? (uint32_t)one->ai_ttl : 0;
    if (ttl < least) least = ttl;
  }
  block->ttl_s = least;
  return block;
}
