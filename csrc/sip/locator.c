/* SPDX-License-Identifier: MIT
 *
 * The three steps of RFC 3263 4, each of which ends when its last question is answered.
 */
#include "sip/locator.h"

#include <string.h>

#include "base/error.h"

enum { NAME_MAX_LEN = 255 }; /* RFC 1035 2.3.4 */

/* 4.1 and RFC 7118 5.5: what a NAPTR record calls a transport, and how its SRV records are
 * found without one. In our order of preference. */
static const struct service_name {
  const char *naptr;
  const char *srv; /* NULL: only a NAPTR record leads to it */
  sip_transport transport;
  bool secure;
} service_names[] = {
    {"SIPS+D2T", "_sips._tcp.", SIP_TRANSPORT_TLS, true},
    {"SIP+D2U", "_sip._udp.", SIP_TRANSPORT_UDP, false},
    {"SIP+D2T", "_sip._tcp.", SIP_TRANSPORT_TCP, false},
    {"SIPS+D2W", NULL, SIP_TRANSPORT_WSS, true},
    {"SIP+D2W", NULL, SIP_TRANSPORT_WS, false},
};
enum { SERVICE_NAMES = sizeof service_names / sizeof *service_names };

static sip_str text_of(const char *text) {
  return sip_str_make(text, strlen(text));
}

static bool is_spoken(const sip_locator *locator, sip_transport transport) {
  return transport < SIP_TRANSPORT_OTHER && (locator->spoken & sip_locator_bit(transport));
}

/* --- Names ------------------------------------------------------------------------ */

static sip_str name_of(const sip_locator *locator, sip_span span) {
  return sip_str_make(locator->text + span.at, span.len);
}

/* prefix + name without a dot at its end; false when there is no room, or no name. */
static bool keep_name(sip_locator *locator, sip_str prefix, sip_str name, sip_span *out) {
  if (name.len > 0 && name.ptr[name.len - 1] == '.') name.len--;
  size_t len = prefix.len + name.len;
  if (name.len == 0 || len > NAME_MAX_LEN) return false;
  if (len > SIP_LOCATOR_TEXT - locator->text_len) return false;
  char *at = locator->text + locator->text_len;
  *out = (sip_span){locator->text_len, (uint32_t)len};
  if (prefix.len) memcpy(at, prefix.ptr, prefix.len);
  memcpy(at + prefix.len, name.ptr, name.len);
  locator->text_len += (uint32_t)len;
  return true;
}

/* --- Steps ------------------------------------------------------------------------ */

static void enter(sip_locator *locator, sip_locator_step step) {
  locator->step = step;
  locator->asked = locator->answered = 0;
}

static void add_server(sip_locator *locator, sip_transport transport, uint16_t port) {
  if (!port) port = sip_transport_default_port(transport);
  locator->servers[0] =
      (sip_server_name){.host = locator->host, .transport = transport, .port = port};
  locator->server_count = 1;
}

/* 4.1: UDP, or TLS for sips, unless something else was said; what we speak, if not those. */
static sip_transport default_transport(const sip_locator *locator) {
  static const sip_transport order[] = {SIP_TRANSPORT_UDP, SIP_TRANSPORT_TCP, SIP_TRANSPORT_TLS,
                                        SIP_TRANSPORT_WS, SIP_TRANSPORT_WSS};
  if (locator->transport != SIP_TRANSPORT_NONE) return locator->transport;
  for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
    if (locator->secure && !sip_transport_is_secure(order[i])) continue;
    if (is_spoken(locator, order[i])) return order[i];
  }
  return locator->secure ? SIP_TRANSPORT_TLS : SIP_TRANSPORT_UDP;
}

static void find_addresses_of_host(sip_locator *locator) {
  add_server(locator, default_transport(locator), locator->port);
  enter(locator, SIP_LOCATE_ADDRESSES);
}

static void add_service(sip_locator *locator, const struct service_name *name) {
  sip_service *service = &locator->services[locator->service_count];
  *service = (sip_service){.transport = name->transport};
  if (keep_name(locator, text_of(name->srv), name_of(locator, locator->host), &service->name)) {
    locator->service_count++;
  }
}

/* 4.2: of the transport that was said, else of each that we speak. */
static void find_servers_without_naptr(sip_locator *locator) {
  for (size_t i = 0; i < SERVICE_NAMES; i++) {
    const struct service_name *name = &service_names[i];
    bool wanted = locator->transport == name->transport ||
                  (locator->transport == SIP_TRANSPORT_NONE && locator->secure == name->secure);
    if (wanted && name->srv && is_spoken(locator, name->transport)) add_service(locator, name);
  }
  enter(locator, SIP_LOCATE_SERVERS);
  if (locator->service_count == 0) find_addresses_of_host(locator);
}

void sip_locator_start(sip_locator *locator, const sip_locator_wish *wish) {
  const sip_query *query = wish->query;
  memset(locator, 0, offsetof(sip_locator, services));
  locator->text_len = 0;
  locator->random = wish->random;
  locator->spoken = wish->spoken;
  locator->port = query->port;
  locator->transport = query->transport;
  locator->secure = query->secure;
  bool speakable = query->transport == SIP_TRANSPORT_NONE
                       ? is_spoken(locator, default_transport(locator))
                       : is_spoken(locator, query->transport);
  if (!speakable || !keep_name(locator, (sip_str){0}, query->host, &locator->host)) {
    locator->error = speakable ? SIP_E_DNS : SIP_E_NO_ROUTE;
    locator->step = SIP_LOCATE_DONE;
  } else if (query->port || wish->plain) {
    find_addresses_of_host(locator);
  } else if (query->transport != SIP_TRANSPORT_NONE) {
    find_servers_without_naptr(locator);
  } else {
    enter(locator, SIP_LOCATE_SERVICES);
  }
}

/* --- Services: NAPTR ---------------------------------------------------------------- */

static const struct service_name *service_of(const sip_locator *locator, const sip_naptr *record) {
  if (!sip_str_equal_nocase(record->flags, SIP_STR("s"))) return NULL;
  for (size_t i = 0; i < SERVICE_NAMES; i++) {
    const struct service_name *name = &service_names[i];
    if (!sip_str_equal_nocase(record->service, text_of(name->naptr))) continue;
    bool usable = is_spoken(locator, name->transport) && (name->secure || !locator->secure);
    return usable ? name : NULL;
  }
  return NULL;
}

static bool comes_before(const sip_service *a, const sip_service *b) {
  if (a->order != b->order) return a->order < b->order;
  return a->preference < b->preference;
}

/* RFC 3403 4.1: lower order first, and lower preference within one; records that are equal
 * keep the order in which they came. */
static void insert_service(sip_locator *locator, sip_service service) {
  if (locator->service_count == SIP_LOCATOR_SERVICES) return;
  uint32_t at = locator->service_count++;
  for (; at > 0 && comes_before(&service, &locator->services[at - 1]); at--) {
    locator->services[at] = locator->services[at - 1];
  }
  locator->services[at] = service;
}

static void take_services(sip_locator *locator, const sip_dns_answer *answer) {
  for (size_t i = 0; i < answer->count; i++) {
    const sip_naptr *record = &answer->records[i].naptr;
    const struct service_name *name = service_of(locator, record);
    sip_service service = {.order = record->order, .preference = record->preference};
    if (!name || !keep_name(locator, (sip_str){0}, record->replacement, &service.name)) continue;
    service.transport = name->transport;
    insert_service(locator, service);
  }
}

/* --- Servers: SRV --------------------------------------------------------------------- */

static void take_servers(sip_locator *locator, uint32_t number, const sip_dns_answer *answer) {
  for (size_t i = 0; i < answer->count && locator->server_count < SIP_LOCATOR_SERVERS; i++) {
    const sip_srv *record = &answer->records[i].srv;
    sip_server_name *server = &locator->servers[locator->server_count];
    *server = (sip_server_name){.transport = locator->services[number].transport,
                                .port = record->port,
                                .service = (uint16_t)number,
                                .priority = record->priority,
                                .weight = record->weight};
    if (record->target.len <= 1) locator->refused = true; /* RFC 2782: "." */
    if (record->port == 0) continue;
    if (keep_name(locator, (sip_str){0}, record->target, &server->host)) locator->server_count++;
  }
}

/* Negative: a before b. Without randomness the heavier comes first, then by name. */
static int compare(const sip_locator *locator, const sip_server_name *a, const sip_server_name *b) {
  if (a->service != b->service) return a->service < b->service ? -1 : 1;
  if (a->priority != b->priority) return a->priority < b->priority ? -1 : 1;
  if (locator->random) return 0;
  if (a->weight != b->weight) return a->weight > b->weight ? -1 : 1;
  sip_str left = name_of(locator, a->host), right = name_of(locator, b->host);
  int order = memcmp(left.ptr, right.ptr, left.len < right.len ? left.len : right.len);
  return order ? order : (left.len > right.len) - (left.len < right.len);
}

static void sort_servers(sip_locator *locator) {
  for (uint32_t i = 1; i < locator->server_count; i++) {
    sip_server_name server = locator->servers[i];
    uint32_t at = i;
    for (; at > 0 && compare(locator, &server, &locator->servers[at - 1]) < 0; at--) {
      locator->servers[at] = locator->servers[at - 1];
    }
    locator->servers[at] = server;
  }
}

/* Moves the server at `from` to `to`, in front of those between. */
static void move_up(sip_locator *locator, uint32_t from, uint32_t to) {
  sip_server_name server = locator->servers[from];
  for (uint32_t at = from; at > to; at--) locator->servers[at] = locator->servers[at - 1];
  locator->servers[to] = server;
}

/* RFC 2782, "Weight": the next of those from `at` to `end`. One without weight is chosen
 * only when the number drawn is 0. */
static uint32_t draw(sip_locator *locator, uint32_t at, uint32_t end) {
  uint64_t sum = 0, running = 0;
  for (uint32_t i = at; i < end; i++) sum += locator->servers[i].weight;
  uint64_t number = sip_random_number(locator->random) % (sum + 1);
  for (uint32_t i = at; i < end; i++) {
    if (locator->servers[i].weight == 0 && number == 0) return i;
  }
  for (uint32_t i = at; i < end; i++) {
    running += locator->servers[i].weight;
    if (locator->servers[i].weight > 0 && running >= number) return i;
  }
  return at;
}

static void shuffle_servers(sip_locator *locator) {
  for (uint32_t at = 0; at + 1 < locator->server_count; at++) {
    uint32_t end = at + 1;
    while (end < locator->server_count &&
           compare(locator, &locator->servers[at], &locator->servers[end]) == 0) {
      end++;
    }
    if (end > at + 1) move_up(locator, draw(locator, at, end), at);
  }
}

static void end_servers(sip_locator *locator) {
  if (locator->server_count == 0 && locator->refused) {
    locator->error = SIP_E_DNS;
    locator->step = SIP_LOCATE_DONE;
    return;
  }
  if (locator->server_count == 0) {
    find_addresses_of_host(locator);
    return;
  }
  sort_servers(locator);
  if (locator->random) shuffle_servers(locator);
  enter(locator, SIP_LOCATE_ADDRESSES);
}

/* --- Addresses ------------------------------------------------------------------------- */

/* In front of those of servers that come later, whichever was answered first. */
static void insert_target(sip_locator *locator, sip_located target) {
  uint32_t at = locator->target_count;
  if (at == SIP_LOCATOR_TARGETS) {
    if (locator->targets[at - 1].server <= target.server) return;
    at--;
  } else {
    locator->target_count++;
  }
  for (; at > 0 && locator->targets[at - 1].server > target.server; at--) {
    locator->targets[at] = locator->targets[at - 1];
  }
  locator->targets[at] = target;
}

static void take_addresses(sip_locator *locator, uint32_t number, const sip_dns_answer *answer) {
  for (size_t i = 0; i < answer->count; i++) {
    sip_located target = {.address = answer->records[i].address, .server = (uint16_t)number};
    target.address.port = locator->servers[number].port;
    if (target.address.family) insert_target(locator, target);
  }
}

/* --- Questions and answers ----------------------------------------------------------------- */

static uint32_t questions(const sip_locator *locator) {
  switch (locator->step) {
  case SIP_LOCATE_SERVICES:
    return 1;
  case SIP_LOCATE_SERVERS:
    return locator->service_count;
  case SIP_LOCATE_ADDRESSES:
    return locator->server_count;
  case SIP_LOCATE_DONE:
    break;
  }
  return 0;
}

bool sip_locator_next(sip_locator *locator, sip_dns_question *out) {
  if (locator->asked >= questions(locator)) return false;
  uint32_t number = locator->asked++;
  *out = (sip_dns_question){.number = number};
  if (locator->step == SIP_LOCATE_SERVICES) {
    out->type = SIP_DNS_NAPTR;
    out->name = name_of(locator, locator->host);
  } else if (locator->step == SIP_LOCATE_SERVERS) {
    out->type = SIP_DNS_SRV;
    out->name = name_of(locator, locator->services[number].name);
  } else {
    out->type = SIP_DNS_A;
    out->name = name_of(locator, locator->servers[number].host);
  }
  return true;
}

static void end_step(sip_locator *locator) {
  switch (locator->step) {
  case SIP_LOCATE_SERVICES:
    if (locator->service_count) {
      enter(locator, SIP_LOCATE_SERVERS);
    } else {
      find_servers_without_naptr(locator);
    }
    break;
  case SIP_LOCATE_SERVERS:
    end_servers(locator);
    break;
  default:
    locator->step = SIP_LOCATE_DONE;
  }
}

/* Further questions would only take time. One that fails at once on one type of record may
 * well know the others. */
static bool is_hopeless(const sip_locator *locator) {
  int error = locator->error;
  if (error == 0 || error == SIP_E_DNS || error == SIP_E_DNS_FAILED) return false;
  return locator->service_count == 0 || locator->server_count == 0;
}

void sip_locator_answer(sip_locator *locator, uint32_t number, const sip_dns_answer *answer) {
  if (locator->step == SIP_LOCATE_DONE || number >= locator->asked) return;
  locator->answered++;
  if (answer->error) locator->error = answer->error;
  switch (locator->step) {
  case SIP_LOCATE_SERVICES:
    take_services(locator, answer);
    break;
  case SIP_LOCATE_SERVERS:
    take_servers(locator, number, answer);
    break;
  default:
    take_addresses(locator, number, answer);
  }
  if (locator->answered < questions(locator)) return;
  if (is_hopeless(locator)) {
    locator->step = SIP_LOCATE_DONE;
  } else {
    end_step(locator);
  }
}

int sip_locator_targets(const sip_locator *locator, sip_target *out) {
  for (uint32_t i = 0; i < locator->target_count; i++) {
    const sip_located *target = &locator->targets[i];
    out[i] = (sip_target){.transport = locator->servers[target->server].transport,
                          .address = target->address};
  }
  if (locator->target_count) return (int)locator->target_count;
  return locator->error ? locator->error : SIP_E_DNS;
}
