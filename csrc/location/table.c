/* SPDX-License-Identifier: MIT
 *
 * Records are found by their whole text, entries by the list of their record. What is
 * taken out stays in `gone` until the next call, because updates name it.
 */
#include "location/table.h"

#include "base/error.h"
#include "location/packed_flow.h"

/* A contact, packed: the flow, if there is one, and the texts lie behind it. The timer
 * has the instant it expires at; its spare fields have q and CSeq. */
typedef struct sip_entry {
  sip_timer timer;
  struct sip_entry *next;
  struct record *record;
  sip_time gruu_at;
  uint32_t reg_id;
  uint16_t uri_len, params_len, path_len, call_id_len;
  uint8_t flow_size;
  char data[];
} sip_entry;

typedef struct record {
  sip_map_node node;
  union {
    sip_entry *first; /* the latest */
    sip_link away;    /* of those without a contact */
  };
  bool is_away;
  uint8_t len;
  char aor[];
} record;

/* --- Entries ------------------------------------------------------------------------ */

static size_t entry_size(const sip_entry *e) {
  return offsetof(sip_entry, data) + e->flow_size + e->uri_len + e->params_len + e->path_len +
         e->call_id_len;
}

static char *append(char *at, sip_str text) {
  if (text.len) memcpy(at, text.ptr, text.len);
  return at + text.len;
}

/* A copy of a contact, in no record. NULL without memory. */
static sip_entry *pack(sip_location *location, const sip_contact *c) {
  char flow[SIP_PACKED_FLOW_MAX];
  sip_entry head = {.gruu_at = c->gruu_at,
                    .reg_id = c->reg_id,
                    .uri_len = (uint16_t)c->uri.len,
                    .params_len = (uint16_t)c->params.len,
                    .path_len = (uint16_t)c->path.len,
                    .call_id_len = (uint16_t)c->call_id.len,
                    .flow_size = (uint8_t)sip_flow_pack(&c->flow, flow)};
  sip_entry *e = sip_alloc_new(&location->alloc, entry_size(&head));
  if (!e) return NULL;
  *e = head;
  sip_timer_init(&e->timer);
  e->timer.at = c->expires_at;
  e->timer.kind = c->q;
  e->timer.tag = c->cseq;
  char *at = append(e->data, sip_str_make(flow, e->flow_size));
  at = append(append(at, c->uri), c->params);
  append(append(at, c->path), c->call_id);
  return e;
}

static sip_str take(const char **at, size_t len) {
  sip_str text = sip_str_make(*at, len);
  *at += len;
  return text;
}

static void unpack(const sip_entry *e, sip_contact *c) {
  *c = (sip_contact){.expires_at = e->timer.at,
                     .gruu_at = e->gruu_at,
                     .cseq = e->timer.tag,
                     .reg_id = e->reg_id,
                     .q = e->timer.kind};
  sip_flow_unpack(e->data, e->flow_size, &c->flow);
  const char *at = e->data + e->flow_size;
  c->uri = take(&at, e->uri_len);
  c->params = take(&at, e->params_len);
  c->path = take(&at, e->path_len);
  c->call_id = take(&at, e->call_id_len);
}

static void free_entry(sip_location *location, sip_entry *e) {
  sip_alloc_free(&location->alloc, e, entry_size(e));
}

static void free_list(sip_location *location, sip_entry *e) {
  while (e) {
    sip_entry *next = e->next;
    free_entry(location, e);
    e = next;
  }
}

static void bury(sip_location *location, sip_entry *e) {
  sip_timer_stop(&location->wheel, &e->timer);
  e->next = location->gone;
  location->gone = e;
  location->contacts--;
}

static void forget_gone(sip_location *location) {
  free_list(location, location->gone);
  location->gone = NULL;
}

/* --- Records ------------------------------------------------------------------------ */

static size_t record_size(size_t len) {
  return offsetof(record, aor) + len;
}

static record *find_record(const sip_location *location, sip_str aor, uint64_t hash) {
  sip_map_node *node = sip_map_find(&location->records, hash);
  for (; node; node = sip_map_find_next(node)) {
    record *r = SIP_CONTAINER(node, record, node);
    if (sip_str_equal(sip_str_make(r->aor, r->len), aor)) return r;
  }
  return NULL;
}

static record *new_record(sip_location *location, sip_str aor, uint64_t hash) {
  record *r = sip_alloc_new(&location->alloc, record_size(aor.len));
  if (!r) return NULL;
  r->first = NULL;
  r->is_away = false;
  r->len = (uint8_t)aor.len;
  append(r->aor, aor);
  sip_map_add(&location->records, &r->node, hash);
  return r;
}

static void drop_record(sip_location *location, record *r) {
  if (r->is_away) {
    sip_link_remove(&r->away);
    location->away_count--;
  }
  sip_map_remove(&location->records, &r->node);
  sip_alloc_free(&location->alloc, r, record_size(r->len));
}

static void come_back(sip_location *location, record *r) {
  if (!r->is_away) return;
  sip_link_remove(&r->away);
  location->away_count--;
  r->is_away = false;
  r->first = NULL;
}

/* Its last contact has gone. */
static void leave(sip_location *location, record *r) {
  r->is_away = true;
  sip_link_init(&r->away);
  sip_link_append(&location->away, &r->away);
  location->away_count++;
  if (location->away_count <= location->away_max) return;
  drop_record(location, SIP_CONTAINER(location->away.next, record, away));
}

static sip_entry *first_of(const record *r) {
  return r && !r->is_away ? r->first : NULL;
}

/* --- Life ----------------------------------------------------------------------------- */

int sip_location_init(sip_location *location, const sip_location_config *config) {
  *location = (sip_location){.key = config->key, .away_max = config->away_max};
  sip_alloc_init(&location->alloc, config->alloc, config->alloc_context);
  sip_wheel_init(&location->wheel, config->now);
  sip_link_init(&location->away);
  return sip_map_init(&location->records, &location->alloc);
}

static void free_node(sip_location *location, sip_map_node *node) {
  record *r = SIP_CONTAINER(node, record, node);
  free_list(location, first_of(r));
  sip_alloc_free(&location->alloc, r, record_size(r->len));
}

void sip_location_deinit(sip_location *location) {
  sip_map_node *node;
  size_t cursor = 0;
  forget_gone(location);
  while ((node = sip_map_take(&location->records, &cursor))) free_node(location, node);
  sip_map_deinit(&location->records);
}

/* --- Saving ------------------------------------------------------------------------------ */

static size_t list_contacts(const record *r, sip_contact *contacts) {
  size_t count = 0;
  for (const sip_entry *e = first_of(r); e && count < SIP_CONTACTS_MAX; e = e->next) {
    unpack(e, &contacts[count++]);
  }
  return count;
}

/* The new entries of an update as a list in its order; false without memory. */
static bool pack_new(sip_location *location, const sip_update *update, sip_entry **list) {
  sip_entry **end = list;
  *list = NULL;
  for (size_t i = 0; i < update->count; i++) {
    const sip_change *change = &update->of[i];
    if (!change->after || change->kind == SIP_CONTACT_KEPT) continue;
    sip_entry *e = pack(location, change->after);
    if (!e) {
      free_list(location, *list);
      return false;
    }
    e->next = NULL;
    *end = e;
    end = &e->next;
  }
  return true;
}

/* Whether the update keeps an entry: it names its text. */
static bool is_kept(const sip_update *update, const sip_entry *e) {
  const char *uri = e->data + e->flow_size;
  for (size_t i = 0; i < update->count; i++) {
    const sip_change *change = &update->of[i];
    if (change->kind == SIP_CONTACT_KEPT && change->before->uri.ptr == uri) return true;
  }
  return false;
}

/* New entries in front, then those that are kept, in their order. */
static void link_entries(sip_location *location, record *r, const sip_update *update,
                         sip_entry *list) {
  sip_entry *old = first_of(r), **end = &r->first;
  come_back(location, r);
  r->first = list;
  for (; *end; end = &(*end)->next) {
    (*end)->record = r;
    location->contacts++;
    sip_timer_start(&location->wheel, &(*end)->timer, (*end)->timer.at);
  }
  while (old) {
    sip_entry *next = old->next;
    if (is_kept(update, old)) {
      *end = old;
      end = &old->next;
    } else {
      bury(location, old);
    }
    old = next;
  }
  *end = NULL;
  if (!r->first) leave(location, r);
}

int sip_location_save(sip_location *location, sip_str aor, sip_registration *registration,
                      const sip_registrar *registrar, sip_time now, sip_update *update) {
  forget_gone(location);
  uint64_t hash = sip_hash(location->key, aor);
  record *r = find_record(location, aor, hash);
  update->had = list_contacts(r, update->current);
  int status = sip_update_make(update, registration, registrar, now);
  if (status || !update->changes) return status;
  sip_entry *list;
  if (!pack_new(location, update, &list)) return 500;
  if (!r) r = new_record(location, aor, hash);
  if (!r) {
    free_list(location, list);
    return 500;
  }
  link_entries(location, r, update, list);
  return 0;
}

/* --- Looking, removing ---------------------------------------------------------------------- */

size_t sip_location_find(sip_location *location, sip_str aor, sip_time now, sip_contact *contacts,
                         bool *known) {
  forget_gone(location);
  const record *r = find_record(location, aor, sip_hash(location->key, aor));
  *known = r != NULL;
  size_t count = 0;
  for (const sip_entry *e = first_of(r); e && count < SIP_CONTACTS_MAX; e = e->next) {
    if (e->timer.at > now) unpack(e, &contacts[count++]);
  }
  return count;
}

static bool is_named(const sip_entry *e, const sip_uri *uri) {
  sip_uri own;
  sip_str text = sip_str_make(e->data + e->flow_size, e->uri_len);
  return !uri || (sip_uri_parse(text, &own, NULL) == 0 && sip_uri_equal(&own, uri));
}

size_t sip_location_remove(sip_location *location, sip_str aor, const sip_uri *uri,
                           sip_contact *gone) {
  forget_gone(location);
  record *r = find_record(location, aor, sip_hash(location->key, aor));
  size_t count = 0;
  if (!first_of(r)) return 0;
  for (sip_entry **at = &r->first; *at;) {
    sip_entry *e = *at;
    if (!is_named(e, uri)) {
      at = &e->next;
      continue;
    }
    *at = e->next;
    unpack(e, &gone[count++]);
    bury(location, e);
  }
  if (!r->first) leave(location, r);
  return count;
}

bool sip_location_expire(sip_location *location, sip_time now, sip_contact *contact, sip_str *aor) {
  forget_gone(location);
  sip_timer *due = sip_wheel_expire(&location->wheel, now);
  if (!due) return false;
  sip_entry *e = SIP_CONTAINER(due, sip_entry, timer);
  record *r = e->record;
  sip_entry **at = &r->first;
  while (*at != e) at = &(*at)->next;
  *at = e->next;
  bury(location, e);
  unpack(e, contact);
  append(location->aor, sip_str_make(r->aor, r->len));
  *aor = sip_str_make(location->aor, r->len);
  if (!r->first) leave(location, r);
  return true;
}

sip_time sip_location_deadline(const sip_location *location) {
  return sip_wheel_deadline(&location->wheel);
}
