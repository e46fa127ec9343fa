/* SPDX-License-Identifier: MIT
 *
 * The end of a verb: out of its party's list, into the reports.
 */
#include "media/verb.h"

#include "media/party.h"
#include "media/world.h"

const char *media_why_name(media_why why) {
  static const char *const names[] = {
#define X(name, text) text,
      MEDIA_WHYS(X)
#undef X
  };
  return names[why];
}

const media_verb_ops *media_verb_get_ops(media_verb_kind kind) {
  static const media_verb_ops *const all[] = {
      [MEDIA_PLAY] = &media_play_ops,       [MEDIA_GATHER] = &media_gather_ops,
      [MEDIA_DTMF] = &media_dtmf_ops,       [MEDIA_RECORD] = &media_record_ops,
      [MEDIA_MONITOR] = &media_monitor_ops, [MEDIA_DETECT] = &media_detect_ops,
      [MEDIA_STREAM] = &media_stream_ops,   [MEDIA_BACKGROUND] = &media_background_ops};
  return all[kind];
}

uint64_t media_verb_ms(const media_verb *verb) {
  if (!verb->is_started) return 0;
  return (uint64_t)(rtp_time_since(verb->party->world->now, verb->started_at) / RTP_MS);
}

void media_verb_tell(media_verb *verb, uint8_t news) {
  verb->news |= news;
  media_world_report(verb->party->world, &verb->parcel);
}

void media_verb_end(media_verb *verb, media_why why) {
  if (verb->why != MEDIA_WHY_NONE) return;
  verb->why = why;
  const media_verb_ops *ops = media_verb_get_ops(verb->kind);
  if (ops->ended) ops->ended(verb);
  sip_link_remove(&verb->link);
  verb->party->world->verbs--;
  media_verb_tell(verb, MEDIA_VERB_END);
}
