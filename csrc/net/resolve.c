/* SPDX-License-Identifier: MIT
 *
 * A lookup is in one list: `asked`, then `answered`. c-ares may still hold one
 * that was answered at its deadline, so it is freed when both are through.
 */
#include "net/resolve.h"

#include <netdb.h>
#include <string.h>

#include "base/error.h"
#include "net/random.h"
#include "net/state.h"

enum {
  HOST_MAX = 255, /* RFC 1035 2.3.4 */
  CLASS_IN = 1,
  LOOKUPS_MAX = 4096,
  FILES_TTL_S = 5 /* how soon a change of the hosts file is seen */
};

typedef struct net_lookup {
  sip_link link;
  sip_timer timer;
  net_loop *loop;
  net_question question; /* done NULL: nobody waits any more */
  bool is_held;          /* by c-ares */
  int error;             /* without an answer */
  net_dns_answer *answer;
  char host[HOST_MAX + 1];
} net_lookup;

static net_dns_key key_of(const net_lookup *lookup) {
  return (net_dns_key){.type = lookup->question.is_of_files ? 0 : (int)lookup->question.type,
                       .name = sip_str_make(lookup->host, strlen(lookup->host))};
}

static void free_lookup(net_lookup *lookup) {
  sip_link_remove(&lookup->link);
  net_dns_answer_release(lookup->answer);
  sip_alloc_free(&lookup->loop->alloc, lookup, sizeof *lookup);
}

/* The answer is known; it is told in the turn. NULL: `error` is all there is. */
static void settle(net_lookup *lookup, net_dns_answer *answer, int error) {
  net_loop *loop = lookup->loop;
  sip_timer_stop(&loop->wheel, &lookup->timer);
  lookup->answer = answer;
  lookup->error = error;
  sip_link_remove(&lookup->link);
  sip_link_append(&loop->resolver.answered, &lookup->link);
  loop->is_woken = true;
}

void net_lookup_expire(sip_timer *timer, net_loop *loop) {
  (void)loop;
  settle(SIP_CONTAINER(timer, net_lookup, timer), NULL, SIP_E_DNS_TIMEOUT);
}

/* --- What c-ares answers ----------------------------------------------------------- */

/* Whoever waits is told; an answer that comes late is good for the next who asks. */
static void take(net_lookup *lookup, net_dns_answer *answer) {
  net_loop *loop = lookup->loop;
  lookup->is_held = false;
  if (answer) net_dns_cache_add(&loop->resolver.cache, key_of(lookup), net_loop_now(loop), answer);
  if (lookup->question.done && sip_timer_started(&lookup->timer)) {
    settle(lookup, answer, SIP_E_MEMORY);
    return;
  }
  net_dns_answer_release(answer);
  if (!lookup->question.done) free_lookup(lookup);
}

static void on_addresses(void *context, int status, int timeouts, struct ares_addrinfo *found) {
  (void)timeouts;
  net_lookup *lookup = context;
  net_dns_answer *answer = net_dns_answer_of_addresses(&lookup->loop->alloc, status, found);
  if (found) ares_freeaddrinfo(found);
  if (answer && lookup->question.is_of_files) {
    answer->answer.error = 0;
    answer->ttl_s = FILES_TTL_S;
  }
  take(lookup, answer);
}

static void on_reply(void *context, int status, int timeouts, unsigned char *bytes, int len) {
  (void)timeouts;
  net_lookup *lookup = context;
  sip_str reply = sip_str_make((const char *)bytes, bytes && len > 0 ? (size_t)len : 0);
  take(lookup, net_dns_answer_of_reply(&lookup->loop->alloc, lookup->question.type, status, reply));
}

/* --- Asking ---------------------------------------------------------------------------- */

static void ask_addresses(net_lookup *lookup, ares_channel channel) {
  struct ares_addrinfo_hints hints = {.ai_flags = ARES_AI_ENVHOSTS, /* $CARES_HOSTS */
                                      .ai_family = AF_UNSPEC,
                                      .ai_socktype = SOCK_STREAM};
  ares_getaddrinfo(channel, lookup->host, NULL, &hints, on_addresses, lookup);
}

static void ask(net_lookup *lookup) {
  net_loop *loop = lookup->loop;
  const net_dns_channel *channel = &loop->resolver.channel;
  const net_question *question = &lookup->question;
  int error = net_dns_channel_open(loop);
  if (!error && question->is_of_files && !channel->files) error = SIP_E_MEMORY;
  if (error) {
    settle(lookup, NULL, error);
    return;
  }
  lookup->is_held = true;
  if (question->type == SIP_DNS_A) {
    ask_addresses(lookup, question->is_of_files ? channel->files : channel->ares);
  } else {
    ares_query(channel->ares, lookup->host, CLASS_IN, (int)question->type, on_reply, lookup);
  }
  net_dns_channel_arm(loop);
}

static bool ends_with(sip_str text, sip_str end) {
  if (text.len < end.len) return false;
  return sip_str_equal_nocase(sip_str_make(text.ptr + text.len - end.len, end.len), end);
}

/* RFC 6761 6.3: the loopback, whatever files and servers say, or do not. */
static bool is_localhost(sip_str host) {
  if (host.len > 0 && host.ptr[host.len - 1] == '.') host.len--;
  return sip_str_equal_nocase(host, SIP_STR("localhost")) || ends_with(host, SIP_STR(".localhost"));
}

/* True when nobody needs to be asked. */
static bool answer_at_once(net_lookup *lookup, sip_str host) {
  sip_dns_record records[2];
  size_t count = 0;
  if (lookup->question.type != SIP_DNS_A) return false;
  if (sip_sockaddr_parse(host, 0, &records[0].address)) {
    count = 1;
  } else if (is_localhost(host)) {
    sip_sockaddr_parse(SIP_STR("127.0.0.1"), 0, &records[0].address);
    sip_sockaddr_parse(SIP_STR("::1"), 0, &records[1].address);
    count = 2;
  }
  if (!count) return false;
  const sip_dns_answer answer = {.type = SIP_DNS_A, .count = count, .records = records};
  settle(lookup, net_dns_answer_copy(&lookup->loop->alloc, &answer), SIP_E_MEMORY);
  return true;
}

static bool answer_from_cache(net_lookup *lookup) {
  net_loop *loop = lookup->loop;
  net_dns_answer *known =
      net_dns_cache_find(&loop->resolver.cache, key_of(lookup), net_loop_now(loop));
  if (known) settle(lookup, net_dns_answer_keep(known), 0);
  return known != NULL;
}

static net_lookup *lookup_new(net_loop *loop, const net_question *question) {
  net_lookup *lookup = sip_alloc_zero(&loop->alloc, sizeof *lookup);
  if (!lookup) return NULL;
  lookup->loop = loop;
  lookup->question = *question;
  lookup->question.host = (sip_str){0};
  sip_timer_init(&lookup->timer);
  lookup->timer.kind = NET_TIMER_LOOKUP;
  sip_link_init(&lookup->link);
  sip_link_append(&loop->resolver.asked, &lookup->link);
  loop->counts.lookups++;
  sip_time until = question->until;
  if (!until) until = net_loop_now(loop) + loop->config.resolve_ms;
  sip_timer_start(&loop->wheel, &lookup->timer, until);
  return lookup;
}

int net_resolve(net_loop *loop, const net_question *question) {
  if (loop->counts.lookups >= LOOKUPS_MAX) return SIP_E_LIMIT;
  net_lookup *lookup = lookup_new(loop, question);
  if (!lookup) return SIP_E_MEMORY;
  if (answer_at_once(lookup, question->host)) return 0;
  if (question->host.len == 0 || question->host.len > HOST_MAX ||
      memchr(question->host.ptr, 0, question->host.len)) {
    settle(lookup, NULL, SIP_E_DNS);
    return 0;
  }
  memcpy(lookup->host, question->host.ptr, question->host.len);
  if (!answer_from_cache(lookup)) ask(lookup);
  return 0;
}

/* --- Telling ------------------------------------------------------------------------------ */

/* Nobody waits for it any more; c-ares may. */
static void drop(net_lookup *lookup) {
  lookup->loop->counts.lookups--;
  lookup->question.done = NULL;
  sip_timer_stop(&lookup->loop->wheel, &lookup->timer);
  sip_link_remove(&lookup->link);
  if (!lookup->is_held) free_lookup(lookup);
}

static void forget_in(sip_link *list, const void *context) {
  for (sip_link *link = list->next, *next = link->next; link != list;
       link = next, next = link->next) {
    net_lookup *lookup = SIP_CONTAINER(link, net_lookup, link);
    if (lookup->question.context == context) drop(lookup);
  }
}

void net_resolve_forget(net_loop *loop, const void *context) {
  forget_in(&loop->resolver.asked, context);
  forget_in(&loop->resolver.answered, context);
}

void net_resolver_tell(net_loop *loop) {
  sip_link *answered = &loop->resolver.answered;
  while (!sip_link_alone(answered)) {
    net_lookup *lookup = SIP_CONTAINER(answered->next, net_lookup, link);
    net_question question = lookup->question;
    net_dns_answer *answer = lookup->answer;
    const sip_dns_answer failure = {.type = question.type, .error = lookup->error};
    lookup->answer = NULL;
    drop(lookup);
    question.done(&question, answer ? &answer->answer : &failure);
    net_dns_answer_release(answer);
  }
}

void net_resolver_init(net_loop *loop) {
  net_resolver *resolver = &loop->resolver;
  net_dns_channel_init(&resolver->channel);
  net_dns_cache_init(&resolver->cache, &loop->alloc, loop->key);
  sip_random_init(&resolver->random, net_random, NULL);
  sip_link_init(&resolver->asked);
  sip_link_init(&resolver->answered);
}

int net_resolver_set(net_loop *loop, const char *servers, uint32_t timeout_ms) {
  net_resolver *resolver = &loop->resolver;
  int error = net_dns_channel_open(loop);
  if (error) return error;
  if (ares_set_servers_ports_csv(resolver->channel.ares, servers) != ARES_SUCCESS) {
    return SIP_E_INVALID;
  }
  net_dns_cache_deinit(&resolver->cache);
  net_dns_cache_init(&resolver->cache, &loop->alloc, loop->key);
  if (timeout_ms) loop->config.resolve_ms = timeout_ms;
  return 0;
}

static void drop_all(sip_link *list) {
  while (!sip_link_alone(list)) drop(SIP_CONTAINER(list->next, net_lookup, link));
}

void net_resolver_deinit(net_loop *loop) {
  net_resolver *resolver = &loop->resolver;
  drop_all(&resolver->asked);
  drop_all(&resolver->answered);
  net_dns_channel_close(loop); /* answers what it holds, which frees it */
  net_dns_cache_deinit(&resolver->cache);
}
