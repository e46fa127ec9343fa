/* SPDX-License-Identifier: MIT
 *
 * Out of order is a request with the Call-ID of a binding whose CSeq is not higher than
 * the binding's. It fails as one inside a dialog does (12.2.2).
 */
#include "location/update.h"

enum { THOUSAND = 1000, OUT_OF_ORDER = 500, TOO_MANY = 403 };

/* What the request means for each of the bindings there were. */
typedef struct verdicts {
  const sip_wish *wish[SIP_CONTACTS_MAX]; /* NULL: none */
  bool has_expired[SIP_CONTACTS_MAX];
} verdicts;

static bool is_out_of_order(const sip_registration *r, const sip_contact *binding) {
  const sip_message *request = r->request;
  return request->cseq <= binding->cseq &&
         sip_str_equal(sip_message_span(request, request->call_id), binding->call_id);
}

static int refuse(sip_registration *r, int status, const char *reason) {
  r->reason = reason;
  return status;
}

static void add(sip_update *update, sip_change_kind kind, const sip_contact *before,
                const sip_contact *after) {
  update->of[update->count++] = (sip_change){.kind = kind, .before = before, .after = after};
  update->changes = update->changes || kind != SIP_CONTACT_KEPT;
}

/* The index of the binding that a wish is for, or update->had. */
static size_t find(const sip_update *update, const verdicts *v, const sip_wish *wish) {
  size_t i = 0;
  while (i < update->had && (v->has_expired[i] ||
                             !sip_contact_same(&wish->contact, &wish->uri, &update->current[i]))) {
    i++;
  }
  return i;
}

/* A contact that the request names again later: that one counts. */
static bool is_repeated(const sip_registration *r, size_t at) {
  for (size_t i = at + 1; i < r->count; i++) {
    const sip_wish *wish = &r->wishes[at];
    if (sip_contact_same(&wish->contact, &wish->uri, &r->wishes[i].contact)) return true;
  }
  return false;
}

/* Since when temporary GRUUs of its device are good (RFC 5627 5.1, 5.3): since the first
 * of its bindings that followed each other without a gap, or the last change of Call-ID. */
static sip_time gruu_since(const sip_update *update, const verdicts *v, const sip_contact *contact,
                           const sip_contact *before, sip_time now) {
  sip_str instance = sip_contact_instance(contact);
  if (instance.len == 0) return 0;
  if (before) return sip_str_equal(before->call_id, contact->call_id) ? before->gruu_at : now;
  sip_time since = -1;
  for (size_t i = 0; i < update->had; i++) {
    const sip_contact *other = &update->current[i];
    bool is_same =
        !v->has_expired[i] && sip_str_equal_nocase(sip_contact_instance(other), instance);
    if (is_same && other->gruu_at > since) since = other->gruu_at;
  }
  return since < 0 ? now : since;
}

/* Step 7: the wishes, one by one. */
static int grant(sip_update *update, sip_registration *r, verdicts *v, sip_time now) {
  for (size_t i = 0; i < r->count; i++) {
    sip_wish *wish = &r->wishes[i];
    if (r->count > 1 && is_repeated(r, i)) continue;
    wish->contact.expires_at = now + (sip_time)wish->seconds * THOUSAND;
    size_t at = find(update, v, wish);
    const sip_contact *before = at < update->had ? &update->current[at] : NULL;
    if (before && is_out_of_order(r, before)) {
      return refuse(r, OUT_OF_ORDER, "CSeq Out Of Order");
    }
    if (before) v->wish[at] = wish;
    wish->contact.gruu_at = gruu_since(update, v, &wish->contact, before, now);
    if (wish->seconds == 0) continue; /* removed below, when it was there */
    add(update, before ? SIP_CONTACT_REFRESHED : SIP_CONTACT_REGISTERED, before, &wish->contact);
  }
  return 0;
}

/* Step 6: Contact "*". */
static int remove_all(sip_update *update, sip_registration *r, const verdicts *v) {
  for (size_t i = 0; i < update->had; i++) {
    const sip_contact *binding = &update->current[i];
    if (v->has_expired[i]) {
      add(update, SIP_CONTACT_EXPIRED, binding, NULL);
    } else if (is_out_of_order(r, binding)) {
      return refuse(r, OUT_OF_ORDER, "CSeq Out Of Order");
    } else {
      add(update, SIP_CONTACT_REMOVED, binding, NULL);
    }
  }
  return 0;
}

/* What the request does not name stays, the first `room` of it; what it wants gone and
 * what had expired goes. */
static void settle(sip_update *update, const verdicts *v, size_t room) {
  for (size_t i = 0; i < update->had; i++) {
    const sip_contact *binding = &update->current[i];
    if (v->has_expired[i]) {
      add(update, SIP_CONTACT_EXPIRED, binding, NULL);
    } else if (!v->wish[i] && room > 0) {
      add(update, SIP_CONTACT_KEPT, binding, binding);
      room--;
    } else if (!v->wish[i] || v->wish[i]->seconds == 0) {
      add(update, SIP_CONTACT_REMOVED, binding, NULL);
    }
  }
}

static size_t count_others(const sip_update *update, const verdicts *v) {
  size_t others = 0;
  for (size_t i = 0; i < update->had; i++) others += !v->has_expired[i] && !v->wish[i];
  return others;
}

static bool adds_contact(const sip_update *update) {
  for (size_t i = 0; i < update->count; i++) {
    if (update->of[i].kind == SIP_CONTACT_REGISTERED) return true;
  }
  return false;
}

int sip_update_make(sip_update *update, sip_registration *r, const sip_registrar *registrar,
                    sip_time now) {
  verdicts v;
  for (size_t i = 0; i < update->had; i++) {
    v.wish[i] = NULL;
    v.has_expired[i] = update->current[i].expires_at <= now;
  }
  update->count = 0;
  update->changes = false;
  int status = r->removes_all ? remove_all(update, r, &v) : grant(update, r, &v, now);
  if (status || r->removes_all) return status;
  size_t granted = update->count, others = count_others(update, &v);
  bool is_full = granted + others > registrar->max_contacts && adds_contact(update);
  if (is_full && (granted > registrar->max_contacts || !registrar->evicts)) {
    return refuse(r, TOO_MANY, "Too Many Contacts");
  }
  settle(update, &v, is_full ? registrar->max_contacts - granted : others);
  return 0;
}
