/* SPDX-License-Identifier: MIT
 *
 * gather: a prompt, and digits. The time for the first digit runs from the end of the
 * prompt, the time for each further one from when the last key was let go. A digit stops
 * the whole prompt; a stop key is no part of the result; the last one that is wanted ends
 * it at once.
 */
#include "media/party.h"
#include "media/world.h"

static void wait_for(media_verb *verb, media_gather_state state, uint32_t ms) {
  verb->gather.state = state;
  verb->gather.deadline_at = rtp_time_after(verb->party->world->now, (rtp_time)ms * RTP_MS);
}

/* One digit; true when it ended the verb. */
static bool take(media_verb *verb, char digit) {
  media_gather *gather = &verb->gather;
  media_result *result = &verb->result;
  if (media_digit_in(gather->stop, digit)) {
    result->key = digit;
    media_verb_end(verb, result->count < gather->min ? MEDIA_WHY_NOMATCH : MEDIA_WHY_STOP);
    return true;
  }
  uint8_t place = result->count;
  result->digits[result->count++] = digit;
  if (place < gather->places && !media_digit_in(gather->allowed[place], digit)) {
    media_verb_end(verb, MEDIA_WHY_NOMATCH);
    return true;
  }
  if (result->count >= gather->max) {
    media_verb_end(verb, MEDIA_WHY_MAX);
    return true;
  }
  wait_for(verb, MEDIA_GATHER_NEXT, gather->interdigit_ms);
  return false;
}

/* Those that were typed before anybody waited for them; true when they ended it. */
static bool take_typed(media_verb *verb) {
  char digit;
  while ((digit = media_digits_next(&verb->party->digits)) != 0) {
    if (take(verb, digit)) return true;
  }
  return false;
}

static void end_prompt(media_verb *verb) {
  verb->result.ms = media_program_ms(&verb->gather.program);
  wait_for(verb, MEDIA_GATHER_FIRST, verb->gather.timeout_ms);
  take_typed(verb);
}

static void start(media_verb *verb) {
  media_gather *gather = &verb->gather;
  media_program_start(&gather->program);
  if (gather->flush) media_digits_flush(&verb->party->digits);
  if (gather->program.has_ended) {
    end_prompt(verb);
  } else if (gather->barge && verb->party->digits.count > 0) {
    verb->result.barged = true;
    end_prompt(verb);
  }
}

static bool speak(media_verb *verb, media_frame *frame) {
  if (verb->gather.state != MEDIA_GATHER_PROMPT) return false;
  if (media_program_read(&verb->gather.program, frame)) return true;
  end_prompt(verb);
  return false;
}

static bool take_digit(media_verb *verb, char digit) {
  if (verb->gather.state == MEDIA_GATHER_PROMPT) {
    if (!verb->gather.barge) return false; /* typed ahead, for after the prompt */
    verb->result.barged = true;
    verb->result.ms = media_program_ms(&verb->gather.program);
  }
  take(verb, digit);
  return true;
}

static void let_go(media_verb *verb) {
  if (verb->gather.state != MEDIA_GATHER_NEXT) return;
  wait_for(verb, MEDIA_GATHER_NEXT, verb->gather.interdigit_ms);
}

static void watch_time(media_verb *verb, const media_frame *in, const media_frame *out) {
  (void)in;
  (void)out;
  media_gather *gather = &verb->gather;
  if (gather->state == MEDIA_GATHER_PROMPT || verb->party->digits.down) return;
  if (verb->party->world->now < gather->deadline_at) return;
  if (gather->state == MEDIA_GATHER_FIRST) {
    media_verb_end(verb, MEDIA_WHY_TIMEOUT);
  } else {
    media_verb_end(verb,
                   verb->result.count < gather->min ? MEDIA_WHY_NOMATCH : MEDIA_WHY_INTERDIGIT);
  }
}

const media_verb_ops media_gather_ops = {.start = start,
                                         .speak = speak,
                                         .listen = watch_time,
                                         .digit = take_digit,
                                         .digit_ended = let_go};
