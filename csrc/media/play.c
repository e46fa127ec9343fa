/* SPDX-License-Identifier: MIT
 *
 * play: a program, until it ends or a digit stops it. background: a loop under
 * everything, whose place is the world's time, so all who hear it hear the same.
 */
#include "media/party.h"
#include "media/world.h"

static bool stop_by(media_verb *verb, char digit) {
  if (!media_digit_in(verb->play.stop, digit)) return false;
  verb->result.digits[0] = digit;
  verb->result.count = 1;
  media_verb_end(verb, MEDIA_WHY_DIGIT);
  return true;
}

/* One typed ahead stops it too; those that do not are kept for who comes next. */
static void start_play(media_verb *verb) {
  media_program_start(&verb->play.program);
  media_digits *digits = &verb->party->digits;
  if (digits->count == 0 || !media_digit_in(verb->play.stop, digits->typed[0])) return;
  stop_by(verb, media_digits_next(digits));
}

static bool speak_play(media_verb *verb, media_frame *frame) {
  if (verb->play.mix) frame->payload_does = false;
  if (media_program_read(&verb->play.program, frame)) return true;
  media_verb_end(verb, verb->play.program.is_cut ? MEDIA_WHY_MAX : MEDIA_WHY_DONE);
  return false;
}

static void note_length(media_verb *verb) {
  verb->result.ms = media_program_ms(&verb->play.program);
}

const media_verb_ops media_play_ops = {
    .start = start_play, .speak = speak_play, .digit = stop_by, .ended = note_length};

/* --- Background ------------------------------------------------------------------- */

static bool speak_background(media_verb *verb, media_frame *frame) {
  media_program *program = &verb->play.program;
  uint64_t round_ms = media_program_round_ms(program);
  if (round_ms == 0) return false;
  if (round_ms == UINT64_MAX) return media_program_read(program, frame);
  uint64_t now_ms = (uint64_t)(verb->party->world->now / MEDIA_FRAME_NS) * MEDIA_FRAME_MS;
  media_program_seek(program, now_ms % round_ms);
  return media_program_read(program, frame);
}

static void start_background(media_verb *verb) {
  media_program_start(&verb->play.program);
}

const media_verb_ops media_background_ops = {.start = start_background, .speak = speak_background};
