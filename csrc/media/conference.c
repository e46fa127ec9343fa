/* SPDX-License-Identifier: MIT
 *
 * Every member has one frame in 20 ms, and so has the conference: it takes what each said
 * last and sums it up; each member, in its own phase, takes the sum without its own part.
 */
#include "media/conference.h"

#include "media/bridge.h"
#include "media/stream.h"
#include "media/world.h"

void media_conference_init(media_conference *conference, sip_id id, uint32_t rate) {
  media_party_init(&conference->party, MEDIA_CONFERENCE, id);
  conference->party.rate = rate;
  sip_link_init(&conference->members);
}

void media_member_init(media_member *member, media_conference *conference) {
  media_parcel_init(&member->parcel, MEDIA_PARCEL_MEMBER);
  sip_link_init(&member->link);
  member->conference = conference;
  member->gain_in = member->gain_out = AUDIO_GAIN_UNITY;
}

/* --- Coming and going ------------------------------------------------------------- */

static void start_silence(media_member *member) {
  audio_silence_settings settings = {.attack_ms = MEDIA_TALK_MS, .hang_ms = MEDIA_HUSH_MS};
  audio_silence_init(&member->silence, member->conference->party.rate, &settings);
}

void media_join(media_session *session, media_member *member) {
  media_leave(session);
  member->session = session;
  session->member = member;
  start_silence(member);
  sip_link_append(&member->conference->members, &member->link);
  member->conference->count++;
}

static void give_back(media_member *member) {
  media_world_report(member->session->party.world, &member->parcel);
}

static void take_out(media_member *member) {
  member->session->member = NULL;
  member->conference->count--;
  sip_link_remove(&member->link);
  give_back(member);
}

void media_leave_conference(media_session *session) {
  take_out(session->member);
}

void media_change_member(media_session *session, media_member *member) {
  media_member *old = session->member;
  member->session = session;
  if (!old || old->conference != member->conference) {
    give_back(member);
    return;
  }
  member->silence = old->silence;
  sip_link_append(&old->link, &member->link); /* before it, in its place */
  sip_link_remove(&old->link);
  session->member = member;
  give_back(old);
}

void media_conference_close(media_conference *conference) {
  while (!sip_link_alone(&conference->members)) {
    take_out(SIP_CONTAINER(conference->members.next, media_member, link));
  }
}

/* --- The sum ---------------------------------------------------------------------- */

static void watch_talk(media_member *member, size_t count) {
  audio_span span = audio_span_make(member->words, count);
  audio_silence_event event;
  while (audio_silence_feed(&member->silence, &span, &event)) {
    media_party *party = &member->session->party;
    party->news &= (uint8_t) ~(MEDIA_NEWS_TALK | MEDIA_NEWS_SILENCE);
    media_party_tell(party, event.speech ? MEDIA_NEWS_TALK : MEDIA_NEWS_SILENCE);
  }
}

/* What the member said last, at our rate; in the sum unless it is muted or whispers. */
static void collect(media_conference *conference, media_member *member) {
  if (!member->is_muted) conference->audible++;
  const media_frame *in = &member->session->in;
  size_t count = media_frame_samples(conference->party.rate);
  member->has_words = in->samples && !member->is_muted;
  if (!member->has_words) return;
  media_frame to = {.rate = conference->party.rate, .count = count, .samples = member->words};
  media_convert(&member->in, in, &to);
  if (member->gain_in != AUDIO_GAIN_UNITY) audio_gain_apply(member->gain_in, to.samples, count);
  watch_talk(member, count);
  if (member->whisper_count == 0) audio_mixer_add(&conference->mix, member->words);
}

static void say(media_conference *conference, size_t count) {
  media_party *party = &conference->party;
  bool mixes;
  media_frame frame = {.rate = party->rate, .count = count, .samples = conference->played};
  conference->has_played = media_party_speak(party, &frame, &mixes);
  if (!conference->has_played) conference->has_played = media_stream_speak(party, &frame);
  /* Music is for who is alone, and where all wait in silence: never under a talk. */
  bool is_quiet = conference->count < 2 || conference->audible == 0;
  if (!conference->has_played && is_quiet && party->background) {
    conference->has_played = media_background_ops.speak(party->background, &frame);
  }
  if (conference->has_played) audio_mixer_add(&conference->mix, conference->played);
}

void media_conference_tick(media_conference *conference) {
  media_party *party = &conference->party;
  size_t count = media_frame_samples(party->rate);
  audio_mixer_begin(&conference->mix, count);
  conference->audible = 0;
  sip_link *head = &conference->members;
  for (sip_link *link = head->next; link != head; link = link->next) {
    collect(conference, SIP_CONTAINER(link, media_member, link));
  }
  say(conference, count);
  if (!media_party_wants_in(party) && !media_party_wants_out(party)) {
    media_party_listen(party, NULL, NULL);
    return;
  }
  int16_t samples[MEDIA_FRAME_MAX];
  media_frame all = {.rate = party->rate, .count = count, .samples = samples};
  audio_mixer_take(&conference->mix, NULL, NULL, samples);
  media_party_listen(party, &all, &all);
}

/* --- What a member hears ---------------------------------------------------------- */

static bool is_for(const media_member *speaker, sip_id id) {
  for (uint8_t i = 0; i < speaker->whisper_count; i++) {
    if (speaker->whispers[i] == id) return true;
  }
  return false;
}

/* What is whispered to this member alone; false: nothing. */
static bool whispered(const media_member *member, int16_t *out, size_t count) {
  const sip_link *head = &member->conference->members;
  bool is_any = false;
  for (const sip_link *link = head->next; link != head; link = link->next) {
    const media_member *other = SIP_CONTAINER(link, media_member, link);
    if (other->whisper_count == 0 || !other->has_words) continue;
    if (!is_for(other, member->session->party.id)) continue;
    if (!is_any) memset(out, 0, count * sizeof *out);
    is_any = true;
    audio_mix(out, other->words, count);
  }
  return is_any;
}

bool media_member_say(media_member *member, media_frame *frame) {
  media_conference *conference = member->conference;
  if (member->is_deaf || conference->mix.count == 0) return false;
  int16_t whisper[MEDIA_FRAME_MAX], mixed[MEDIA_FRAME_MAX];
  bool has_whisper = whispered(member, whisper, conference->mix.count);
  bool is_in_sum = member->has_words && member->whisper_count == 0;
  if (conference->mix.speakers == (is_in_sum ? 1u : 0u) && !has_whisper) return false;
  audio_mixer_take(&conference->mix, is_in_sum ? member->words : NULL, has_whisper ? whisper : NULL,
                   mixed);
  media_frame all = {
      .rate = conference->party.rate, .count = conference->mix.count, .samples = mixed};
  media_convert(&member->out, &all, frame);
  if (member->gain_out != AUDIO_GAIN_UNITY) {
    audio_gain_apply(member->gain_out, frame->samples, frame->count);
  }
  return true;
}
