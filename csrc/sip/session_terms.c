/* SPDX-License-Identifier: MIT
 *
 * Session-Expires and Min-SE, read and written (RFC 4028 7, 9).
 */
#include "sip/session_terms.h"

#define OPTION_TAG SIP_STR("timer")

static uint32_t larger(uint32_t a, uint32_t b) {
  return a > b ? a : b;
}

uint32_t sip_session_min(const sip_message *message) {
  const sip_header *header = sip_message_find(message, SIP_HEADER_MIN_SE, 0);
  sip_session_expires min;
  if (!header || sip_min_se_parse(sip_message_value(message, header), &min) != 0) return 0;
  return min.seconds;
}

bool sip_session_expires_of(const sip_message *message, sip_session_expires *out) {
  const sip_header *header = sip_message_find(message, SIP_HEADER_SESSION_EXPIRES, 0);
  return header && sip_session_expires_parse(sip_message_value(message, header), out) == 0;
}

static void add_expires(sip_buffer *out, uint32_t seconds, sip_refresher refresher) {
  SIP_BUFFER_ADD(out, "Session-Expires: ");
  sip_buffer_add_number(out, seconds);
  if (refresher == SIP_REFRESHER_UAC) SIP_BUFFER_ADD(out, ";refresher=uac");
  if (refresher == SIP_REFRESHER_UAS) SIP_BUFFER_ADD(out, ";refresher=uas");
  SIP_BUFFER_ADD(out, "\r\n");
}

static void add_min(sip_buffer *out, uint32_t seconds) {
  SIP_BUFFER_ADD(out, "Min-SE: ");
  sip_buffer_add_number(out, seconds);
  SIP_BUFFER_ADD(out, "\r\n");
}

/* In a dialog the roles stay as they are (7.4); before, the choice is left to the other side
 * unless somebody here has made it (7.1). */
static sip_refresher refresher_of(const sip_session_wish *wish, const sip_dialog *dialog) {
  if (wish->refresher == SIP_REFRESHES_US) return SIP_REFRESHER_UAC;
  if (wish->refresher == SIP_REFRESHES_THEM) return SIP_REFRESHER_UAS;
  if (!dialog) return SIP_REFRESHER_NONE;
  return dialog->session.is_ours ? SIP_REFRESHER_UAC : SIP_REFRESHER_UAS;
}

void sip_session_add_request(const sip_engine *engine, sip_buffer *out,
                             const sip_session_wish *wish, const sip_dialog *dialog) {
  const sip_session_wish *own = &engine->session;
  sip_session_wish chosen = *wish;
  if (chosen.interval_s == SIP_SESSION_NEVER) return;
  if (dialog && dialog->state == SIP_DIALOG_EARLY) return; /* no session yet */
  if (!chosen.interval_s) chosen.interval_s = dialog ? dialog->session.interval_s : own->interval_s;
  if (!chosen.interval_s) return;
  if (!chosen.refresher && !dialog) chosen.refresher = own->refresher;
  uint32_t min = larger(chosen.min_s, own->min_s);
  if (dialog) min = larger(min, dialog->session.min_s);
  add_expires(out, larger(chosen.interval_s, min), refresher_of(&chosen, dialog));
  if (min > SIP_SESSION_MIN_S) add_min(out, min);
}

bool sip_session_is_too_short(const sip_engine *engine, const sip_message *request) {
  sip_session_expires asked;
  return engine->session.interval_s && sip_session_expires_of(request, &asked) &&
         asked.seconds < engine->session.min_s &&
         sip_message_has_token(request, SIP_HEADER_SUPPORTED, OPTION_TAG);
}

void sip_session_add_min(const sip_engine *engine, sip_buffer *out) {
  add_min(out, engine->session.min_s);
}

sip_session_terms sip_session_answer(const sip_engine *engine, const sip_message *request,
                                     const sip_session_wish *wish) {
  sip_session_terms terms = {0};
  uint32_t own = wish->interval_s ? wish->interval_s : engine->session.interval_s;
  bool is_known = sip_message_has_token(request, SIP_HEADER_SUPPORTED, OPTION_TAG);
  sip_session_expires asked;
  bool is_asked = sip_session_expires_of(request, &asked);
  if (own == 0 || own == SIP_SESSION_NEVER || !(is_asked || is_known)) return terms;
  uint32_t interval = larger(own, larger(sip_session_min(request), SIP_SESSION_MIN_S));
  if (is_asked && asked.seconds < interval) interval = asked.seconds; /* never increased */
  if (interval < SIP_SESSION_MIN_S) return terms;
  sip_refreshes choice = wish->refresher ? wish->refresher : engine->session.refresher;
  terms.interval_s = interval;
  terms.is_required = is_known;
  terms.uac_refreshes = is_known && choice != SIP_REFRESHES_US;
  if (is_known && is_asked && asked.refresher) {
    terms.uac_refreshes = asked.refresher == SIP_REFRESHER_UAC;
  }
  return terms;
}

void sip_session_add_response(sip_buffer *out, const sip_session_terms *terms) {
  if (!terms->interval_s) return;
  add_expires(out, terms->interval_s, terms->uac_refreshes ? SIP_REFRESHER_UAC : SIP_REFRESHER_UAS);
  if (terms->is_required) SIP_BUFFER_ADD(out, "Require: timer\r\n");
}
