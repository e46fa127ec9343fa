/* SPDX-License-Identifier: MIT
 *
 * When a session is refreshed, and when it ends (RFC 4028 7.2, 10).
 */
#include "sip/session_timer.h"

#include "base/error.h"
#include "sip/client.h"
#include "sip/retry_after.h"

enum {
  END_MARGIN_MS = 32000, /* 10: or a third of the interval, when that is less */
  BUSY_MS = 2000,        /* an INVITE is under way, which may refresh the session itself */
  TRIES_MAX = 5,         /* of one refresh */
  OWNER_GLARE_MS = 2100, /* RFC 3261 14.1: 2.1 to 4 s for the owner of the Call-ID ... */
  OWNER_GLARE_STEPS = 191,
  OTHER_GLARE_STEPS = 201, /* ... 0 to 2 s for the other, by 10 ms */
  GLARE_STEP_MS = 10
};

static void start(sip_engine *engine, sip_session_timer *session, sip_time at) {
  if (!sip_timer_started(&session->timer)) engine->session_timers++;
  sip_timer_start(&engine->wheel, &session->timer, at);
}

void sip_session_stop(sip_engine *engine, sip_dialog *dialog) {
  if (!sip_timer_started(&dialog->session.timer)) return;
  engine->session_timers--;
  sip_timer_stop(&engine->wheel, &dialog->session.timer);
}

static void begin(sip_engine *engine, sip_dialog *dialog, uint32_t interval_s, bool is_ours) {
  sip_session_timer *session = &dialog->session;
  sip_session_stop(engine, dialog);
  session->interval_s = interval_s;
  session->is_ours = is_ours;
  session->tries = 0;
  if (!interval_s || dialog->state != SIP_DIALOG_CONFIRMED || !dialog->by_invite) return;
  sip_time span = (sip_time)interval_s * 1000;
  sip_time margin = span / 3 < END_MARGIN_MS ? span / 3 : END_MARGIN_MS;
  session->ends_at = engine->now + span - margin;
  start(engine, session, is_ours ? engine->now + span / 2 : session->ends_at);
}

static void note_min(sip_dialog *dialog, uint32_t min_s) {
  if (min_s > dialog->session.min_s) dialog->session.min_s = min_s;
}

void sip_session_promise(sip_dialog *dialog, const sip_session_terms *terms,
                         const sip_message *request) {
  dialog->session.next_interval_s = terms->interval_s;
  dialog->session.next_is_ours = !terms->uac_refreshes;
  note_min(dialog, sip_session_min(request));
}

void sip_session_promised(sip_engine *engine, sip_dialog *dialog) {
  begin(engine, dialog, dialog->session.next_interval_s, dialog->session.next_is_ours);
}

void sip_session_accepted(sip_engine *engine, sip_dialog *dialog, const sip_message *response) {
  sip_session_expires terms;
  if (!sip_session_expires_of(response, &terms)) { /* turned off, or not known there */
    begin(engine, dialog, 0, false);
    return;
  }
  uint32_t interval = terms.seconds < SIP_SESSION_MIN_S ? SIP_SESSION_MIN_S : terms.seconds;
  begin(engine, dialog, interval, terms.refresher != SIP_REFRESHER_UAS);
}

/* The refresh again, or the end, whichever comes first. */
static void again_in(sip_engine *engine, sip_dialog *dialog, sip_time ms) {
  sip_session_timer *session = &dialog->session;
  sip_time at = engine->now + ms < session->ends_at ? engine->now + ms : session->ends_at;
  start(engine, session, at);
}

/* The user has to: it needs an offer, or a proof of who we are. */
static void ask_user(sip_engine *engine, const sip_dialog *dialog, int code) {
  sip_event event = {.kind = SIP_EVENT_REFRESH, .dialog = dialog->id, .code = code};
  sip_engine_push_event(engine, &event, NULL);
}

static void refresh(sip_engine *engine, sip_dialog *dialog) {
  if (sip_dialog_is_inviting(dialog)) {
    again_in(engine, dialog, BUSY_MS);
    return;
  }
  start(engine, &dialog->session, dialog->session.ends_at);
  if (!dialog->peer_updates) {
    ask_user(engine, dialog, 0);
    return;
  }
  sip_request update = {.method = SIP_STR("UPDATE"), .orphan = true, .is_refresh = true};
  sip_id ignored;
  sip_client_open(engine, &update, dialog, &ignored);
}

/* RFC 3261 14.1: who made the Call-ID waits for longer. */
static sip_time glare_ms(sip_engine *engine, const sip_dialog *dialog) {
  uint64_t chance = sip_random_number(&engine->random);
  if (dialog->is_uas) return (sip_time)(chance % OTHER_GLARE_STEPS) * GLARE_STEP_MS;
  return OWNER_GLARE_MS + (sip_time)(chance % OWNER_GLARE_STEPS) * GLARE_STEP_MS;
}

/* Milliseconds; -1 without a Retry-After. */
static sip_time retry_after_ms(const sip_message *response) {
  const sip_header *header = sip_message_find(response, SIP_HEADER_RETRY_AFTER, 0);
  sip_retry_after after;
  if (!header || sip_retry_after_parse(sip_message_value(response, header), &after) != 0) return -1;
  return (sip_time)after.seconds * 1000;
}

static void retry(sip_engine *engine, sip_dialog *dialog, const sip_message *response) {
  uint32_t min = sip_session_min(response);
  sip_time after = retry_after_ms(response);
  if (response->status == 422 && min > dialog->session.min_s) { /* else it would get the same */
    note_min(dialog, min);
    refresh(engine, dialog);
  } else if (response->status == 491) {
    again_in(engine, dialog, glare_ms(engine, dialog));
  } else if (response->status >= 500 && after >= 0) {
    again_in(engine, dialog, after);
  }
}

void sip_session_refreshed(sip_engine *engine, sip_dialog *dialog, const sip_message *response) {
  int status = response->status;
  if (status < 300) return; /* the 2xx itself began anew */
  if (status == 405 || status == 501) {
    dialog->peer_updates = false;
    ask_user(engine, dialog, 0);
  } else if (status == 401 || status == 407) {
    ask_user(engine, dialog, status);
  } else if (++dialog->session.tries < TRIES_MAX) {
    retry(engine, dialog, response);
  }
}

void sip_session_timer_due(sip_engine *engine, sip_dialog *dialog) {
  engine->session_timers--; /* it has fired */
  if (engine->now < dialog->session.ends_at) {
    refresh(engine, dialog);
  } else {
    sip_dialog_end_with_bye(engine, dialog, SIP_E_EXPIRED);
  }
}
