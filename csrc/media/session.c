/* SPDX-License-Identifier: MIT
 *
 * A session's life and its settings.
 */
#include "media/session.h"

#include "media/bridge.h"
#include "media/world.h"

enum { SNAPSHOT_MS = 500, RTP_BANDWIDTH = 64000 /* bit/s that RTCP's share is of */ };

void media_session_init(media_session *session, sip_id id, const sip_sockaddr *local) {
  media_party_init(&session->party, MEDIA_SESSION, id);
  session->local = *local;
  session->receiving = MEDIA_NO_TYPE;
  session->sender.sent_at = RTP_TIME_NEVER;
  rtp_latch_init(&session->latch, &(rtp_latch_config){.mode = RTP_LATCH_ONCE});
  rtp_event_receiver_init(&session->events_in);
  rtp_event_sender_init(&session->events_out);
}

void media_session_open(media_session *session) {
  media_world *world = session->party.world;
  session->opened_at = session->heard_at = world->now;
  /* Not all at once, when many were opened together. */
  session->reported_at =
      world->now - (rtp_time)(sip_random_number(&world->random) % SNAPSHOT_MS) * RTP_MS;
  sip_random_token(&world->random, session->cname, sizeof session->cname);
  rtcp_schedule_init(&session->schedule, RTP_BANDWIDTH, world->now,
                     (uint32_t)sip_random_number(&world->random));
}

/* A stream of ours: another one for another clock (RFC 7160 4.1). */
static void start_sender(media_session *session) {
  media_world *world = session->party.world;
  uint32_t clock_rate = session->settings->voice->clock_rate;
  if (session->has_sender && session->sender.clock_rate == clock_rate) return;
  uint64_t a = sip_random_number(&world->random), b = sip_random_number(&world->random);
  rtp_sender_config config = {.ssrc = (uint32_t)a,
                              .first_timestamp = (uint32_t)(a >> 32),
                              .first_sequence = (uint16_t)b,
                              .clock_rate = clock_rate,
                              .start_at = world->now / RTP_MS * RTP_MS};
  rtp_sender_init(&session->sender, &config);
  if (!session->has_sender) rtp_source_init(&session->source, clock_rate, 1);
  session->has_sender = true;
  media_relay_stop(&session->relay);
}

/* Decoders and what waits in the buffer go on when nothing about them changed. */
static void keep_voice(media_settings *now, media_settings *before) {
  if (!before || !media_voice_same(now->voice, before->voice)) return;
  media_voice *kept = before->voice;
  before->voice = now->voice;
  now->voice = kept;
}

void media_session_apply(media_session *session, media_settings *settings) {
  media_world *world = session->party.world;
  media_settings *before = session->settings;
  keep_voice(settings, before);
  session->settings = settings;
  session->party.rate = settings->voice->rate;
  session->in = (media_frame){0};
  session->packed = 0;
  session->is_noisy = false;
  session->latch.mode = settings->latch;
  rtp_latch_expect(&session->latch, &settings->remote, NULL, world->now);
  if (!before || !before->receive) session->heard_at = world->now;
  start_sender(session);
  if (before) media_world_report(world, &before->parcel);
}

void media_session_close(media_session *session) {
  media_leave(session);
  media_session_report(session, true);
  media_stats stats;
  media_session_stats(session, &stats);
  media_snapshot_write(&session->snapshot, &stats);
  media_settings *settings = session->settings;
  session->settings = NULL;
  if (settings) media_world_report(session->party.world, &settings->parcel);
}

bool media_session_sends_events(const media_session *session) {
  return session->settings && session->settings->events_send != MEDIA_NO_TYPE;
}

/* --- Digits ----------------------------------------------------------------------- */

void media_session_digit(media_session *session, char digit, media_digit_way way) {
  if (!media_party_digit(&session->party, digit, way)) return;
  session->digits_count++;
  media_bridge_digit(session, digit, way);
}

void media_session_digit_end(media_session *session, media_digit_way way) {
  bool was_down = session->party.digits.down != 0;
  media_party_digit_end(&session->party, way);
  if (was_down && session->party.digits.down == 0) media_bridge_digit_end(session);
}

/* --- A frame's time ----------------------------------------------------------------------------
 */

static void watch_events(media_session *session) {
  media_world *world = session->party.world;
  if (!session->events_in.active) return;
  rtp_event_receiver_tick(&session->events_in, world->now);
  media_session_take_events(session);
}

static void watch_inactivity(media_session *session) {
  const media_settings *settings = session->settings;
  if (!settings->receive || settings->inactivity_ms == 0 || session->is_inactive) return;
  rtp_time quiet_for = rtp_time_since(session->party.world->now, session->heard_at);
  if (quiet_for < (rtp_time)settings->inactivity_ms * RTP_MS) return;
  session->is_inactive = true;
  media_party_tell(&session->party, MEDIA_NEWS_INACTIVITY);
}

static void show_stats(media_session *session) {
  media_world *world = session->party.world;
  if (rtp_time_since(world->now, session->reported_at) < SNAPSHOT_MS * RTP_MS) return;
  session->reported_at = world->now;
  media_stats stats;
  media_session_stats(session, &stats);
  media_snapshot_write(&session->snapshot, &stats);
}

void media_session_tick(media_session *session) {
  media_world *world = session->party.world;
  if (!session->settings) {
    media_party_listen(&session->party, NULL, NULL);
    return;
  }
  int16_t samples[MEDIA_FRAME_MAX];
  const media_voice *voice = session->settings->voice;
  media_frame out = {.codec = voice->codecs[0].codec,
                     .rate = voice->rate,
                     .count = media_frame_samples(voice->rate),
                     .samples = samples,
                     .payload_does = !media_party_wants_out(&session->party)};
  rtp_sender_tick(&session->sender, world->now);
  watch_events(session);
  media_session_hear(session);
  media_session_say(session, &out);
  media_party_listen(&session->party, session->in.samples ? &session->in : NULL, &out);
  watch_inactivity(session);
  if (world->now >= session->schedule.next_at) media_session_report(session, false);
  show_stats(session);
}
