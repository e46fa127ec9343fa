/* SPDX-License-Identifier: MIT
 *
 * Whose turn it is, and who hears what.
 */
#include "media/party.h"

#include "media/world.h"

void media_party_init(media_party *party, media_party_kind kind, sip_id id) {
  media_parcel_init(&party->parcel, MEDIA_PARCEL_PARTY);
  sip_link_init(&party->tick);
  sip_link_init(&party->speaking);
  sip_link_init(&party->listening);
  party->kind = kind;
  party->id = id;
}

void media_party_tell(media_party *party, uint8_t news) {
  party->news |= news;
  media_world_report(party->world, &party->parcel);
}

/* --- Verbs come and go ------------------------------------------------------------ */

static media_verb *first_of(const sip_link *list) {
  return sip_link_alone(list) ? NULL : SIP_CONTAINER(list->next, media_verb, link);
}

static void start(media_verb *verb) {
  verb->is_started = true;
  verb->started_at = verb->party->world->now;
  const media_verb_ops *ops = media_verb_get_ops(verb->kind);
  if (ops->start) ops->start(verb);
}

void media_party_add(media_party *party, media_verb *verb) {
  verb->party = party;
  party->world->verbs++;
  bool speaks = media_verb_speaks(verb->kind);
  sip_link_append(speaks ? &party->speaking : &party->listening, &verb->link);
  if (!speaks) start(verb);
}

static media_verb *find_in(sip_link *list, uint32_t number) {
  for (sip_link *link = list->next; link != list; link = link->next) {
    media_verb *verb = SIP_CONTAINER(link, media_verb, link);
    if (verb->number == number) return verb;
  }
  return NULL;
}

media_verb *media_party_find(media_party *party, uint32_t number) {
  media_verb *verb = find_in(&party->speaking, number);
  return verb ? verb : find_in(&party->listening, number);
}

static void end_list(sip_link *list, media_why why) {
  while (!sip_link_alone(list)) media_verb_end(first_of(list), why);
}

void media_party_stop(media_party *party, uint32_t number) {
  if (number == 0) {
    end_list(&party->speaking, MEDIA_WHY_STOPPED);
    return;
  }
  media_verb *verb = media_party_find(party, number);
  if (verb) media_verb_end(verb, MEDIA_WHY_STOPPED);
}

void media_party_end_all(media_party *party, media_why why) {
  end_list(&party->speaking, why);
  end_list(&party->listening, why);
  if (party->background) media_verb_end(party->background, why);
  party->background = NULL;
}

/* --- A frame ---------------------------------------------------------------------- */

bool media_party_speak(media_party *party, media_frame *frame, bool *mixes) {
  media_verb *verb;
  *mixes = false;
  while ((verb = first_of(&party->speaking)) != NULL) {
    if (!verb->is_started) start(verb);
    const media_verb_ops *ops = media_verb_get_ops(verb->kind);
    bool spoke = verb->why == MEDIA_WHY_NONE && ops->speak && ops->speak(verb, frame);
    if (spoke) *mixes = verb->kind == MEDIA_PLAY && verb->play.mix;
    if (spoke || verb->why == MEDIA_WHY_NONE) return spoke;
  }
  return false;
}

static void listen(media_verb *verb, const media_frame *in, const media_frame *out) {
  const media_verb_ops *ops = media_verb_get_ops(verb->kind);
  if (ops->listen && verb->is_started) ops->listen(verb, in, out);
}

void media_party_listen(media_party *party, const media_frame *in, const media_frame *out) {
  media_verb *speaking = first_of(&party->speaking);
  if (speaking) listen(speaking, in, out);
  sip_link *head = &party->listening;
  for (sip_link *link = head->next, *next; link != head; link = next) {
    next = link->next; /* a verb may end here, itself alone */
    listen(SIP_CONTAINER(link, media_verb, link), in, out);
  }
}

static bool wants_in(const media_verb *verb) {
  const media_verb_ops *ops = media_verb_get_ops(verb->kind);
  return ops->wants_in && ops->wants_in(verb);
}

static bool wants_out(const media_verb *verb) {
  const media_verb_ops *ops = media_verb_get_ops(verb->kind);
  return ops->wants_out && ops->wants_out(verb);
}

static bool any_wants(const media_party *party, bool (*wants)(const media_verb *verb)) {
  const media_verb *speaking = first_of(&party->speaking);
  if (speaking && wants(speaking)) return true;
  const sip_link *head = &party->listening;
  for (const sip_link *link = head->next; link != head; link = link->next) {
    if (wants(SIP_CONTAINER(link, media_verb, link))) return true;
  }
  return false;
}

bool media_party_wants_in(const media_party *party) {
  return any_wants(party, wants_in);
}

bool media_party_wants_out(const media_party *party) {
  return any_wants(party, wants_out);
}

/* --- Digits ----------------------------------------------------------------------- */

bool media_party_digit(media_party *party, char digit, media_digit_way way) {
  if (!media_digits_begin(&party->digits, digit, way, party->world->now)) return false;
  if (party->digit_news_count < MEDIA_DIGIT_NEWS) {
    party->digit_news[party->digit_news_count++] = (media_digit_news){digit, way};
    media_party_tell(party, MEDIA_NEWS_DIGITS);
  }
  media_verb *verb = first_of(&party->speaking);
  const media_verb_ops *ops = verb ? media_verb_get_ops(verb->kind) : NULL;
  bool is_used = verb && verb->is_started && ops->digit && ops->digit(verb, digit);
  if (!is_used) media_digits_keep(&party->digits, digit);
  return true;
}

void media_party_digit_end(media_party *party, media_digit_way way) {
  media_digits_end(&party->digits, way, party->world->now);
  media_verb *verb = first_of(&party->speaking);
  if (!verb || !verb->is_started) return;
  const media_verb_ops *ops = media_verb_get_ops(verb->kind);
  if (ops->digit_ended) ops->digit_ended(verb);
}
