/* SPDX-License-Identifier: MIT
 *
 * Which bytes those are shows a profile of misses: what is not listed here is not looked at
 * in most frames, or lies beside what is.
 */
#include "media/lookahead.h"

enum {
  CACHE_LINE = 64,
  PACKET_SIZE = 200, /* of 20 ms of G.711, and what stands before it */
  SOCKET_SIZE = 128, /* of whatever the output has for a session */
};

static inline void fetch(const void *from, size_t size) {
  const char *end = (const char *)from + size;
  const char *at = (const char *)from - (uintptr_t)from % CACHE_LINE;
  for (; at < end; at += CACHE_LINE) __builtin_prefetch(at);
}

/* --- For a packet ----------------------------------------------------------------- */

void media_fetch_session(const media_session *session) {
  fetch(&session->party, offsetof(media_party, digits));
  fetch(&session->settings, offsetof(media_session, latch) - offsetof(media_session, settings));
  fetch(&session->latch, offsetof(rtp_latch, candidates));
  fetch(&session->source, offsetof(rtp_source, candidate));
  fetch(&session->source.heard_at, sizeof session->source.heard_at);
  fetch(&session->events_in, 1);
  fetch(&session->heard_at, 1);
}

void media_fetch_settings(const media_session *session) {
  fetch(session->settings, sizeof *session->settings);
  fetch(&session->peer, 1);
}

void media_fetch_voice(const media_session *session) {
  const media_settings *settings = session->settings;
  if (!settings) return;
  fetch(settings->voice, offsetof(media_voice, codecs) + sizeof(media_codec));
  fetch(&settings->voice->is_running, 1);
}

/* --- For a frame -------------------------------------------------------------------------------
 */

static const media_verb *speaking_of(const media_session *session) {
  const sip_link *list = &session->party.speaking;
  return sip_link_alone(list) ? NULL : SIP_CONTAINER(list->next, media_verb, link);
}

static void fetch_parts(const media_session *session) {
  const media_verb *verb = speaking_of(session);
  media_fetch_settings(session);
  fetch(&session->in, offsetof(media_session, heard_at) - offsetof(media_session, in));
  fetch(&session->sender, offsetof(rtp_sender, heard));
  fetch(&session->schedule.next_at, CACHE_LINE);
  fetch(&session->events_out.count, PACKET_SIZE);
  fetch(&session->peer, offsetof(media_session, tones.at) - offsetof(media_session, peer));
  fetch(&session->tones.has_tone, 1);
  fetch(session->socket, SOCKET_SIZE);
  if (!verb) return;
  fetch(verb, offsetof(media_verb, result));
  fetch(&verb->play.program, offsetof(media_program, generator));
}

static void fetch_rest(const media_session *session) {
  const media_verb *verb = speaking_of(session);
  media_fetch_voice(session);
  bool has_program = verb && (verb->kind == MEDIA_PLAY || verb->kind == MEDIA_GATHER);
  if (has_program) fetch(verb->play.program.items, sizeof(media_item));
}

typedef void step(const media_session *session);

/* The first step of the next session, the second of the one behind it ... */
static void take_steps(const sip_link *bucket, const sip_link *link, step *const steps[]) {
  for (; *steps; steps++) {
    link = link->next;
    if (link == bucket) return;
    media_party *party = SIP_CONTAINER(link, media_party, tick);
    if (party->kind == MEDIA_SESSION) (*steps)(media_session_of(party));
  }
}

void media_look_ahead(const sip_link *bucket, const sip_link *link) {
  static step *const steps[] = {fetch_rest, fetch_parts, media_fetch_session, NULL};
  take_steps(bucket, link, steps);
}

static void fetch_socket(const media_session *session) {
  fetch(session->socket, SOCKET_SIZE);
}

static void fetch_session_socket(const media_session *session) {
  fetch(&session->party.tick, sizeof session->party.tick);
  fetch(&session->socket, sizeof session->socket);
  fetch(&session->peer, 1);
}

void media_fetch_sockets(const sip_link *bucket, const sip_link *link) {
  static step *const steps[] = {fetch_socket, fetch_session_socket, NULL};
  take_steps(bucket, link, steps);
}
