/* SPDX-License-Identifier: MIT
 *
 * Locating SIP servers (RFC 3263), without asking anybody: questions for the DNS come
 * out, answers go in, and in the end there are targets in the order in which to try them.
 * NAPTR records choose the transports (4.1), SRV records the servers (4.2, RFC 2782), and
 * A and AAAA records their addresses. Questions of one step may be asked all at once and
 * be answered in any order.
 */
#ifndef MOONSIP_SIP_LOCATOR_H
#define MOONSIP_SIP_LOCATOR_H

#include "base/random.h"
#include "sip/engine.h"

/* By their numbers (RFC 1035 3.2.2, RFC 2782, RFC 3403); A asks for AAAA too. */
typedef enum sip_dns_type { SIP_DNS_A = 1, SIP_DNS_SRV = 33, SIP_DNS_NAPTR = 35 } sip_dns_type;

typedef struct sip_srv {
  uint16_t priority;
  uint16_t weight;
  uint16_t port;
  sip_str target; /* empty or ".": decidedly not available */
} sip_srv;

typedef struct sip_naptr {
  uint16_t order;
  uint16_t preference;
  sip_str flags;
  sip_str service;
  sip_str regexp;
  sip_str replacement;
} sip_naptr;

typedef struct sip_dns_record {
  union {
    sip_sockaddr address; /* without port */
    sip_srv srv;
    sip_naptr naptr;
  };
} sip_dns_record;

/* A name that does not exist, or has no such records, is an answer without records and
 * without error. */
typedef struct sip_dns_answer {
  sip_dns_type type;
  int error; /* SIP_E_DNS_FAILED: no server is there, or all of them fail; SIP_E_DNS_TIMEOUT;
              * SIP_E_DNS: damaged; SIP_E_LIMIT, SIP_E_MEMORY */
  size_t count;
  const sip_dns_record *records;
} sip_dns_answer;

typedef struct sip_dns_question {
  uint32_t number; /* for the answer */
  sip_dns_type type;
  sip_str name; /* valid as long as the locator */
} sip_dns_question;

/* Records past these are left out. */
enum {
  SIP_LOCATOR_SERVICES = 8,
  SIP_LOCATOR_SERVERS = 24,
  SIP_LOCATOR_TARGETS = 32,
  SIP_LOCATOR_TEXT = 4096
};

typedef struct sip_service {
  sip_span name; /* of the SRV records */
  sip_transport transport;
  uint16_t order;
  uint16_t preference;
} sip_service;

typedef struct sip_server_name {
  sip_span host;
  sip_transport transport;
  uint16_t port;
  uint16_t service; /* it was found by */
  uint16_t priority;
  uint16_t weight;
} sip_server_name;

typedef struct sip_located {
  sip_sockaddr address;
  uint16_t server;
} sip_located;

typedef enum sip_locator_step {
  SIP_LOCATE_SERVICES, /* NAPTR */
  SIP_LOCATE_SERVERS,  /* SRV */
  SIP_LOCATE_ADDRESSES,
  SIP_LOCATE_DONE
} sip_locator_step;

typedef struct sip_locator {
  sip_random *random; /* NULL: the same records give the same order (4.4) */
  sip_locator_step step;
  sip_span host; /* TARGET of RFC 3263 */
  uint16_t port;
  sip_transport transport;
  bool secure;
  bool refused; /* an SRV record says that there is no such service */
  uint8_t spoken;
  int error;         /* of what could not be asked */
  uint32_t asked;    /* questions of this step that were handed out ... */
  uint32_t answered; /* ... and answered */
  uint32_t service_count;
  uint32_t server_count;
  uint32_t target_count;
  sip_service services[SIP_LOCATOR_SERVICES];
  sip_server_name servers[SIP_LOCATOR_SERVERS];
  sip_located targets[SIP_LOCATOR_TARGETS];
  uint32_t text_len;
  char text[SIP_LOCATOR_TEXT];
} sip_locator;

/* A bit for sip_locator_start. */
static inline uint8_t sip_locator_bit(sip_transport transport) {
  return (uint8_t)(1u << transport);
}

typedef struct sip_locator_wish {
  const sip_query *query;
  uint8_t spoken;     /* transports that can be used: bits */
  bool plain;         /* the name is of this machine: it has addresses and nothing else */
  sip_random *random; /* lives as long as the locator; NULL as above */
} sip_locator_wish;

/* The wish is copied. A name that is too long is found nowhere. */
void sip_locator_start(sip_locator *locator, const sip_locator_wish *wish);

/* The next question; false when none can be asked before the others are answered. */
bool sip_locator_next(sip_locator *locator, sip_dns_question *out);

/* An answer to the question of that number, once for each. */
void sip_locator_answer(sip_locator *locator, uint32_t number, const sip_dns_answer *answer);

static inline bool sip_locator_is_done(const sip_locator *locator) {
  return locator->step == SIP_LOCATE_DONE;
}

/* The targets, at most SIP_LOCATOR_TARGETS: how many, or SIP_E_DNS, SIP_E_NO_ROUTE (none
 * by a transport of ours), or what the answers failed of. */
int sip_locator_targets(const sip_locator *locator, sip_target *out);

#endif
