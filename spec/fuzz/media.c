/* SPDX-License-Identifier: MIT
 *
 * A program for the world of media: sessions, settings, verbs, bridges, conferences and
 * packets, a byte of operation and a few of arguments each. Every verb that was given
 * away ends exactly once, every party closes, and nothing is left of any of them.
 */
#include "fuzz.h"
#include "media/fabric.h"
#include "media/order.h"

enum { PARTIES = 6, STEPS_MAX = 400, VERBS_MAX = 4096 };

typedef struct world {
  media_fabric fabric;
  sip_alloc alloc;
  const uint8_t *at, *end;
  sip_id parties[PARTIES]; /* the last is a conference */
  uint8_t ended[VERBS_MAX];
  audio_clip *clip;
} world;

static uint8_t next(world *w) {
  return w->at < w->end ? *w->at++ : 0;
}

static uint16_t next16(world *w) {
  uint8_t high = next(w);
  return (uint16_t)(high << 8 | next(w));
}

static sip_id party(world *w) {
  return w->parties[next(w) % PARTIES];
}

static sip_sockaddr address_of(uint8_t host) {
  sip_sockaddr address = {.family = 4, .ip = {10, 0, 0, host}};
  return address;
}

static void drain(world *w) {
  media_event event;
  void *owner;
  while (media_control_next(&w->fabric.control, &event, &owner)) {
    if (event.kind == MEDIA_EVENT_END) {
      HOLDS(event.number < VERBS_MAX && !w->ended[event.number]);
      w->ended[event.number] = 1;
    }
    if (event.kind == MEDIA_EVENT_MARK) {
      media_mark mark;
      media_verb *verb = media_control_verb(&w->fabric.control, event.id, event.number);
      while (verb && media_ring_take(&verb->stream->passed, &mark, 1) == 1) continue;
    }
    if (event.kind == MEDIA_EVENT_CLOSED) {
      for (int i = 0; i < PARTIES; i++) {
        if (w->parties[i] == event.id) w->parties[i] = 0;
      }
    }
    media_control_settle(&w->fabric.control, &event);
  }
}

static void advance(world *w) {
  int64_t to = media_fabric_now(&w->fabric) + 1 + next(w);
  while (media_fabric_now(&w->fabric) < to) {
    media_fabric_advance(&w->fabric, to);
    drain(w);
  }
}

/* --- Parties -------------------------------------------------------------------------- */

static void open_party(world *w) {
  uint8_t which = next(w) % PARTIES;
  media_control *control = &w->fabric.control;
  if (w->parties[which]) return;
  if (which == PARTIES - 1) {
    uint32_t rate = next(w) % 2 ? 8000 : 16000;
    HOLDS(media_control_conference(control, rate, w, &w->parties[which]) == 0);
    media_control_find(control, w->parties[which])->most = 3;
    return;
  }
  sip_sockaddr local = address_of(which);
  HOLDS(media_control_open(control, &local, w, &w->parties[which]) == 0);
}

static void choose_codecs(world *w, media_voice_config *config) {
  static const struct {
    const char *name;
    uint32_t rate;
    uint8_t type;
  } all[] = {{"PCMU", 8000, 0}, {"PCMA", 8000, 8}, {"L16", 16000, 96}, {"L16", 8000, 97}};
  uint8_t bits = next(w), first = next(w) % 4;
  for (uint8_t i = 0; i < 4; i++) {
    uint8_t which = (uint8_t)(first + i) % 4;
    if (i > 0 && !(bits >> which & 1)) continue;
    sip_str name = sip_str_make(all[which].name, strlen(all[which].name));
    media_codec_choice *choice = &config->choices[config->count++];
    choice->codec = audio_codecs_find(&w->fabric.control.codecs, name, all[which].rate, 0);
    choice->send = choice->receive = all[which].type;
    if (!choice->codec) config->count--;
  }
}

static void apply(world *w) {
  sip_id id = party(w);
  media_control *control = &w->fabric.control;
  media_voice_config config = {.noise_type = next(w) % 2 ? 13 : MEDIA_NO_TYPE};
  choose_codecs(w, &config);
  media_settings *settings = media_settings_new(&w->alloc);
  HOLDS(settings && media_voice_new(&w->alloc, &config, &settings->voice) == 0);
  uint8_t flags = next(w);
  settings->send = !(flags & 1);
  settings->receive = !(flags & 2);
  settings->rtcp_mux = flags & 4;
  settings->inband = flags & 8;
  settings->latch = (rtp_latch_mode)(flags >> 4 & 1);
  settings->noise_send = config.noise_type;
  settings->frames = 1 + next(w) % MEDIA_PACKET_FRAMES_MAX;
  settings->inactivity_ms = (uint32_t)next(w) * 10;
  if (flags & 32) {
    settings->events_send = settings->events_receive = 101;
    settings->events_rate = 8000;
  }
  uint8_t to = next(w) % PARTIES;
  settings->remote = address_of(to);
  const media_handle *handle = media_control_session(control, w->parties[to]);
  const media_session *there = handle ? media_session_of(handle->party) : NULL;
  if (there) settings->remote.port = there->local.port;
  if (!there) settings->remote.family = 0;
  media_control_apply(control, id, settings);
}

/* --- Verbs ---------------------------------------------------------------------------- */

static void make_program(world *w, media_program *program) {
  uint8_t count = next(w) % 4;
  HOLDS(media_program_init(&w->alloc, program, count) == 0);
  for (uint8_t i = 0; i < count; i++) {
    media_item *item = media_program_item(program, i);
    uint8_t kind = next(w);
    item->gain = kind & 8 ? audio_gain_of_db(-6) : AUDIO_GAIN_UNITY;
    item->ms = kind & 16 ? UINT64_MAX : next(w);
    item->from_ms = next(w);
    audio_tone tone;
    if (kind % 3 == 0 && audio_tone_parse(SIP_STR("440/30,0/30;repeat=2"), &tone, NULL)) {
      media_item_set_tone(&w->alloc, item, &tone);
    } else if (kind % 3 == 1) {
      item->kind = MEDIA_ITEM_CLIP;
      item->clip = w->clip;
      audio_clip_ref(w->clip);
    } else {
      item->kind = MEDIA_ITEM_SILENCE;
      item->ms = kind;
    }
  }
  program->rounds = next(w) % 3;
  program->skip_ms = next(w);
  program->max_ms = next(w);
}

static void make_gather(world *w, media_gather *gather) {
  make_program(w, &gather->program);
  gather->max = 1 + next(w) % MEDIA_DIGITS_MAX;
  gather->places = next(w) % (gather->max + 1);
  for (uint8_t i = 0; i < gather->places; i++) gather->allowed[i] = next16(w);
  gather->min = next(w) % (gather->max + 1);
  gather->stop = next16(w);
  uint8_t flags = next(w);
  gather->barge = flags & 1;
  gather->flush = flags & 2;
  gather->timeout_ms = next(w);
  gather->interdigit_ms = next(w);
}

static void make_dtmf(world *w, media_dtmf *dtmf) {
  static const char digits[] = "0123456789*#ABCDwW,";
  uint8_t len = 1 + next(w) % 8;
  for (uint8_t i = 0; i < len; i++) dtmf->digits[i] = digits[next(w) % (sizeof digits - 1)];
  dtmf->on_ms = 20 + next(w);
  dtmf->gap_ms = 20 + next(w);
  dtmf->volume = next(w) % 64;
  dtmf->how = (media_dtmf_how)(next(w) % 3);
}

static void make_detect(world *w, media_detect *detect) {
  uint8_t flags = next(w);
  *detect = (media_detect){.amd = flags & 1,
                           .beep = flags & 2,
                           .fax = flags & 4,
                           .report = flags & 8,
                           .silence_ms = next(w),
                           .speech_ms = next(w),
                           .max_ms = next16(w),
                           .threshold = 256};
}

static void make_stream(world *w, media_verb *verb) {
  media_stream_config config = {.rate = next(w) % 2 ? 8000 : 16000,
                                .what = (media_what)(next(w) % 5),
                                .speaks = next(w) % 2,
                                .buffer_ms = 40 + next(w)};
  HOLDS(media_stream_new(&w->alloc, &config, &verb->stream) == 0);
}

static void give_verb(world *w) {
  static const media_verb_kind kinds[] = {MEDIA_PLAY, MEDIA_GATHER, MEDIA_DTMF, MEDIA_DETECT,
                                          MEDIA_STREAM};
  sip_id id = party(w);
  media_verb *verb = media_verb_new(&w->alloc, kinds[next(w) % 5]);
  HOLDS(verb != NULL);
  switch (verb->kind) {
  case MEDIA_PLAY:
    make_program(w, &verb->play.program);
    verb->play.stop = next16(w);
    verb->play.mix = next(w) % 2;
    break;
  case MEDIA_GATHER:
    make_gather(w, &verb->gather);
    break;
  case MEDIA_DTMF:
    make_dtmf(w, &verb->dtmf);
    break;
  case MEDIA_DETECT:
    make_detect(w, &verb->detect);
    break;
  default:
    make_stream(w, verb);
    break;
  }
  uint32_t number;
  media_control_add(&w->fabric.control, id, verb, &number);
}

static void use_stream(world *w) {
  sip_id id = party(w);
  uint32_t number = 1 + next(w) % 16;
  media_control *control = &w->fabric.control;
  media_verb *verb = media_control_verb(control, id, number);
  if (!verb || verb->kind != MEDIA_STREAM) return;
  media_stream *stream = verb->stream;
  int16_t samples[400] = {0};
  uint8_t what = next(w);
  if (what % 4 == 0) stream->written += media_ring_put(&stream->spoken, samples, next(w));
  if (what % 4 == 1) {
    media_mark mark = {.at = stream->written, .number = what};
    media_ring_put(&stream->marks, &mark, 1);
  }
  if (what % 4 == 2) {
    media_command command = {
        .kind = MEDIA_COMMAND_CLEAR, .number = number, .count = stream->written};
    media_control_tell(control, id, &command);
  }
  if (what % 4 == 3) media_ring_take(&stream->heard, samples, 400);
  if (what == 255) atomic_store(&stream->is_finished, true);
}

/* --- Together, and the rest ------------------------------------------------------------- */

static void join(world *w, bool is_change) {
  media_control *control = &w->fabric.control;
  media_conference *of = media_control_find_conference(control, w->parties[PARTIES - 1]);
  sip_id id = party(w), other = party(w);
  uint8_t flags = next(w);
  if (!of) return;
  media_member *member = sip_alloc_zero(&w->alloc, sizeof *member);
  HOLDS(member != NULL);
  media_member_init(member, of);
  member->is_muted = flags & 1;
  member->is_deaf = flags & 2;
  member->whisper_count = flags >> 2 & 1;
  member->whispers[0] = other;
  if (is_change) {
    media_control_change(control, id, member);
  } else {
    media_control_join(control, w->parties[PARTIES - 1], id, member);
  }
}

static void set_background(world *w) {
  sip_id id = party(w);
  media_verb *verb = next(w) % 3 ? media_verb_new(&w->alloc, MEDIA_BACKGROUND) : NULL;
  if (verb) {
    make_program(w, &verb->play.program);
    verb->play.program.rounds = 0;
  }
  media_control_background(&w->fabric.control, id, verb);
}

static void inject(world *w, bool as_rtp) {
  media_handle *handle = media_control_session(&w->fabric.control, party(w));
  uint8_t bytes[64] = {0x80};
  if (!handle) return;
  uint8_t kind = next(w), len = next(w) % (sizeof bytes + 1);
  for (uint8_t i = as_rtp ? 1 : 0; i < len; i++) bytes[i] = next(w);
  sip_sockaddr to = media_session_of(handle->party)->local, from = address_of(kind % 8);
  if (kind & 8) to.port++;
  from.port = kind & 16 ? 4000 : 16384;
  media_fabric_inject(&w->fabric, &from, &to, sip_str_make((const char *)bytes, len));
}

static void command(world *w) {
  sip_id id = party(w);
  uint8_t what = next(w);
  media_control *control = &w->fabric.control;
  media_command command = {.kind = MEDIA_COMMAND_FLUSH};
  if (what % 5 == 0) {
    command.kind = MEDIA_COMMAND_DIGIT;
    command.number = (uint32_t)rtp_event_digit(what / 5 % RTP_EVENT_DIGITS);
  } else if (what % 5 == 1 && media_control_session(control, id)) {
    command.kind = MEDIA_COMMAND_MUTE;
    command.number = what / 5 % 4;
  } else if (what % 5 == 2) {
    media_control_stop(control, id, what / 5 % 20);
    return;
  } else if (what % 5 == 3) {
    media_control_leave(control, id);
    return;
  }
  media_control_tell(control, id, &command);
}

static void step(world *w) {
  sip_id a;
  switch (next(w) % 13) {
  case 0:
  case 1:
  case 2:
    advance(w);
    break;
  case 3:
    open_party(w);
    break;
  case 4:
    apply(w);
    break;
  case 5:
    give_verb(w);
    break;
  case 6:
    use_stream(w);
    break;
  case 7:
    a = party(w);
    media_control_bridge(&w->fabric.control, a, party(w), next(w) % 4);
    break;
  case 8:
    join(w, next(w) % 2);
    break;
  case 9:
    set_background(w);
    break;
  case 10:
    inject(w, next(w) % 4 != 0);
    break;
  case 11:
    command(w);
    break;
  case 12:
    media_control_close(&w->fabric.control, party(w));
    break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  world *w = calloc(1, sizeof *w);
  HOLDS(w != NULL);
  w->at = data;
  w->end = data + size;
  sip_alloc_init(&w->alloc, NULL, NULL);
  HOLDS(media_fabric_init(&w->fabric, &w->alloc, size, 0) == 0);
  w->clip = audio_clip_new(NULL, NULL, 8000, 0);
  int16_t samples[1000] = {1, 2, 3};
  audio_clip_append(w->clip, audio_span_make(samples, 1000));
  for (int i = 0; i < STEPS_MAX && w->at < w->end; i++) step(w);
  size_t verbs = w->fabric.control.last_number;
  media_control_close_all(&w->fabric.control, NULL);
  drain(w);
  for (size_t i = 1; i <= verbs && i < VERBS_MAX; i++) HOLDS(w->ended[i]);
  HOLDS(w->fabric.control.handles.count == 0 && w->fabric.world.verbs == 0);
  media_fabric_deinit(&w->fabric);
  HOLDS(w->alloc.live_bytes == 0);
  audio_clip_unref(w->clip);
  free(w);
  return 0;
}
