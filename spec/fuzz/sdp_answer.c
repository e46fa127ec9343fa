/* SPDX-License-Identifier: MIT
 *
 * Offer x answer: two descriptions, with NUL between. Whatever the offer, our answer
 * is a description that fits it, and so is the next; whatever they answer, it is taken
 * or refused.
 */
#include "sdp/answer.h"

#include "sdp.h"

#include "sdp/offer.h"
#include "sdp/revision.h"
#include "sdp/stream.h"

#define CODEC(text, hz, count)                                             \
  {                                                                        \
    .name = {(text), sizeof(text) - 1}, .rate = (hz), .channels = (count), \
    .payload_type = SDP_NO_PAYLOAD,                                        \
  }

static const sdp_codec codecs[] = {CODEC("PCMU", 8000, 1), CODEC("PCMA", 8000, 1),
                                   CODEC("opus", 48000, 2), CODEC("telephone-event", 8000, 1),
                                   CODEC("telephone-event", 48000, 1)};

#define AUDIO(at)                                                                           \
  {                                                                                         \
    .type = {"audio", 5}, .proto = {"RTP/AVP", 7}, .port = (at), .direction = SDP_SENDRECV, \
    .rtcp_mux = true, .ptime = 20, .codecs = codecs,                                        \
    .codec_count = sizeof codecs / sizeof *codecs,                                          \
  }

static const sdp_local_media media[] = {AUDIO(4000), AUDIO(4002)};

static const sdp_local local = {
    .id = 1, .version = 1, .address = {"192.0.2.7", 9}, .media = media, .media_count = 2};

static void read_streams(const sdp_session *ours, const sdp_session *theirs) {
  sdp_stream stream;
  for (size_t i = 0; sdp_stream_init(&stream, ours, theirs, i); i++) {
    if (!stream.active) continue;
    const sdp_stream_codec *best = sdp_stream_main(&stream);
    HOLDS(best && sdp_stream_auxiliary(&stream, best->codec.name));
  }
}

/* Our answer fits its offer. A text at `sent` is our last; the new one is returned. */
static sdp_session *answer(const sdp_session *offer, const sdp_session *sent, unsigned options,
                           sip_buffer *out) {
  uint16_t used[UINT8_MAX];
  size_t at;
  sdp_answering how = {.local = &local,
                       .sent = sent,
                       .our_order = options & 1,
                       .one_codec = options & 2,
                       .cannot_refuse = options & 4,
                       .used = used};
  int error = sdp_answer_write(offer, &how, out);
  HOLDS(!error || error == SIP_E_SDP_MEDIA || error == SIP_E_SDP_OFFER);
  HOLDS(!error || !(options & 4) || error == SIP_E_SDP_OFFER);
  if (error) return NULL;
  sdp_session *made = parse(sip_buffer_str(out));
  HOLDS(!made->error && sdp_answer_check(offer, made, &at) == 0);
  read_streams(made, offer);
  return made;
}

/* An offer that goes on from any description, with the payload types of both sides. */
static void offer_again(const sdp_session *sent, const sdp_session *received, sip_buffer *out) {
  sdp_payloads payloads = {0};
  sdp_payloads_note(&payloads, sent);
  sdp_payloads_note(&payloads, received);
  sdp_offering how = {.local = &local, .sent = sent, .payloads = &payloads};
  int error = sdp_offer_write(&how, out);
  HOLDS(!error || error == SIP_E_NUMBER || error == SIP_E_SDP_LIMIT);
  if (!error) {
    sdp_session *made = parse(sip_buffer_str(out));
    HOLDS(!made->error && made->media_count >= sent->media_count);
    free(made);
  }
  sip_buffer_clear(out);
  error = sdp_revise(sdp_session_text(received), sdp_session_text(sent), out);
  HOLDS(!error || error == SIP_E_NUMBER);
  sip_buffer_clear(out);
}

static void negotiate(const sdp_session *a, const sdp_session *b, unsigned options) {
  written out, next;
  written_init(&out);
  written_init(&next);
  sdp_session *made = answer(a, NULL, options, &out.buffer);
  if (made && !b->error) free(answer(b, made, options, &next.buffer));
  sip_buffer_clear(&next.buffer);
  if (!b->error) {
    size_t at;
    sdp_answer_check(a, b, &at);
    read_streams(a, b);
    offer_again(a, b, &next.buffer);
  }
  free(made);
  written_deinit(&out);
  written_deinit(&next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  unsigned options = *data++ & 7U;
  sip_str text = sip_str_make((const char *)data, --size);
  size_t cut = sip_str_index(text, '\0');
  size_t rest = cut < size ? size - cut - 1 : 0;
  sip_str first = exact_copy(sip_str_make(text.ptr, cut));
  sip_str second = exact_copy(sip_str_make(text.ptr + size - rest, rest));
  sdp_session *a = parse(first), *b = parse(second);
  if (!a->error) negotiate(a, b, options);
  free(a);
  free(b);
  free_copy(first);
  free_copy(second);
  return 0;
}
