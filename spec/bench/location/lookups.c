/* SPDX-License-Identifier: MIT
 *
 * lookups find|refresh COUNT: that, with COUNT users registered. Prints how often. What is
 * to be counted happens in measured_find and measured_refresh, and nowhere else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "location/table.h"

enum { DONE = 1000, TEXT = 128, HOUR_MS = 3600000 };

typedef struct bench {
  sip_location location;
  sip_registrar registrar;
  sip_registration registration;
  sip_update update;
  sip_message *request;
  size_t count;
  char aors[DONE][TEXT];
} bench;

static void name(char *out, size_t user) {
  snprintf(out, TEXT, "%zu@example.com", 1000000 + user);
}

/* A REGISTER as it is when it has been read. */
static void wish(bench *b, size_t user) {
  static char uri[TEXT], call_id[TEXT];
  snprintf(uri, sizeof uri, "sip:%zu@192.0.2.100:5060;transport=udp", 1000000 + user);
  snprintf(call_id, sizeof call_id, "%016zx@192.0.2.100", user);
  sip_wish *w = &b->registration.wishes[0];
  *w = (sip_wish){.seconds = HOUR_MS / 1000};
  w->contact.uri = sip_str_make(uri, strlen(uri));
  w->contact.call_id = sip_str_make(call_id, strlen(call_id));
  w->contact.q = 1000;
  w->contact.cseq = b->request->cseq;
  sip_uri_parse(w->contact.uri, &w->uri, NULL);
  b->registration.count = 1;
  b->registration.request = b->request;
}

static int save(bench *b, const char *aor, size_t user) {
  wish(b, user);
  return sip_location_save(&b->location, sip_str_make(aor, strlen(aor)), &b->registration,
                           &b->registrar, (sip_time)user, &b->update);
}

__attribute__((noinline)) static size_t measured_find(bench *b) {
  size_t found = 0;
  for (size_t i = 0; i < DONE; i++) {
    sip_contact contacts[SIP_CONTACTS_MAX];
    bool known;
    sip_str aor = sip_str_make(b->aors[i], strlen(b->aors[i]));
    found += sip_location_find(&b->location, aor, 1, contacts, &known);
  }
  return found;
}

__attribute__((noinline)) static size_t measured_refresh(bench *b) {
  size_t done = 0;
  for (size_t i = 0; i < DONE; i++) done += save(b, b->aors[i], i * (b->count / DONE)) == 0;
  return done;
}

int main(int count, char **words) {
  static bench b;
  if (count != 3) return EXIT_FAILURE;
  b.count = strtoul(words[2], NULL, 10);
  b.registrar = (sip_registrar){.max_s = HOUR_MS / 1000, .max_contacts = 10};
  sip_alloc alloc;
  sip_alloc_init(&alloc, NULL, NULL);
  b.request = sip_message_new(&alloc, &sip_limits_default);
  sip_location_config config = {.key = {1, 2}};
  if (!b.request || b.count < DONE || sip_location_init(&b.location, &config)) return EXIT_FAILURE;
  char aor[TEXT];
  for (size_t i = 0; i < b.count; i++) {
    name(aor, i);
    b.request->cseq++;
    if (save(&b, aor, i)) return EXIT_FAILURE;
  }
  for (size_t i = 0; i < DONE; i++) name(b.aors[i], i * (b.count / DONE));
  b.request->cseq++;
  size_t done = strcmp(words[1], "find") == 0 ? measured_find(&b) : measured_refresh(&b);
  printf("%zu\n", done);
  return done == DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
