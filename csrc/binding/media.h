/* SPDX-License-Identifier: MIT
 *
 * core.media: the audio of calls. This comment is the whole of what Lua sees; times are
 * milliseconds, gains decibels. Wrong arguments raise at the caller's line. What can fail
 * returns nil and an error object whose kind is "limit" (a bound, memory, no free port),
 * "gone" (the session or verb has ended), "io" (a file, a socket) or "media" (no such codec,
 * not audio).
 *
 *   media = core.media(loop [, options])                 sockets, and a thread of their own
 *     ports        {16384, 32766}  range of even RTP ports; RTCP has the odd one above (RFC 3550
 * 11) max_sessions 4096 realtime     true            asks for SCHED_FIFO; without the right to it,
 * runs as it is The thread starts with the first session. While a session is open the loop is not
 * empty.
 *
 *   fabric = core.media_fabric{ seed = 1, now = 0 }      the same, under a clock that is moved
 *   media  = fabric:media([options])                     for one host or for all: ids are the
 * fabric's fabric:advance(to) -> now      runs the audio of all until the instant `to` (ms), or
 * stops sooner, at the first instant that has an event for somebody or a file read: then tells it
 * to that media's on_event, before it returns. fabric:advance(fabric:now()) does what is due.
 *     fabric:now() -> ms
 *     fabric:deadline() -> ms | nil  nil: no verb, inactivity timer or packet under way could still
 *                                    make an event. Else the next instant that may have one.
 *     fabric:link(from, to, o)       one direction between two IPs; nil for `to` or both: all that
 *                                    have none of their own. Shares of 1, ms:
 *                                    { loss = 0, duplicate = 0, reorder = 0, delay = 0, jitter = 0
 * } fabric:tap(fn|nil)             fn(now, from, to, bytes, lost) for every packet sent (slow)
 *     fabric:inject(from, to, bytes) a datagram by hand, "192.0.2.1:4000" both; false: nobody there
 *     fabric:digest() -> integer     of all packets so far: the same for the same seed and acts
 *     fabric:close()
 *
 * ---- Sessions: one call's audio ----
 *
 *   media:open(ip [, { port = , rtp_only = false }]) -> id, port      binds; no packet leaves
 * before apply media:close(id)        ends its verbs ("closed"), leaves bridge and conference,
 * sends an RTCP BYE; what has begun to be recorded is in its file. The last event is "closed".
 *   media:apply(id, {      everything anew each time; seq, SSRC and timestamps go on
 *     remote_ip, remote_port, remote_rtcp_port (remote_port + 1), rtcp_mux = false,
 *                          no remote_ip: nothing is sent until a source is latched
 *     send = true, receive = true,        the direction of RFC 3264; RTCP goes on while held
 *     codecs = { { name, rate, channels = 1, payload_type, receive = payload_type, fmtp = "" ,
 * own_fmtp = "" }, ... } best first, at most 8 are kept; the first is sent, each is received; the
 *                          tables of core.sdp_stream fit. Formats that are no audio codec of ours
 *                          (telephone-event, CN) are passed over
 *     ptime = 20,          of what is sent: 20, 40 or 60; others are rounded down to these
 *     events = { payload_type, receive, rate },       telephone-event (RFC 4733)
 *     comfort_noise = { payload_type, receive } ,      or the payload type alone (RFC 3389): sent
 * in silence inband = not events, detect digits in the audio; never while events are negotiated
 * unless true latch = "once",      "once": the first valid source within the first packets;
 * "relearn": also another later when the first is silent; "off": remote_ip alone inactivity = 0, ms
 * without a valid packet while receive: an event (RFC 3550 leaves it open) jitter = { min = 20, max
 * = 200, fixed = false },
 *   }) -> true | nil, err  kind "media": none of the codecs is ours
 *   media:digit(id, digit [, ms])    a digit that came by signalling (SIP INFO)
 *   media:flush(id)                  forgets digits typed ahead
 *   media:background(id, { clips... , gain = 0 } | nil)   a loop for when nothing else is sent
 * (hold music): everyone who has the same clip hears the same place media:mute(id, { send = false,
 * receive = false })  silence instead of audio, verbs go on media:stats(id) -> table         see
 * below; also in the "closed" event
 *
 * ---- Verbs: each returns its number, which counts up; each ends with one "end" event ----
 *
 *   Speaking verbs of a session wait for each other, at most 32 of them (limit): play, gather,
 * dtmf, record. The listening ones run beside them and each other, at most 8: monitor, detect,
 * stream. media:stop(id, verb) -> true | nil, err(gone)    ends it: "stopped", at the next frame
 *   media:stop(id)                                   all speaking verbs
 *
 *   A program is a list of items, played without a gap, and options beside them:
 *     { clip, "tone", 500, { clip = , from = 0, to = end, gain = 0 }, { tone = "...", ms = , gain =
 * 0 }, { silence = ms }; loop = 1 (0: for ever), gain = 0, from = 0, max = 0 } an item that is a
 * string is a tone (see audio/tone.h): "425/1000,0/4000" is 1 s of 425 Hz and 4 s of none,
 * "350+440", "beep", "ringback/de", "busy" ... ; one that is a number is silence. `from` skips that
 * much of the first round of the whole list; `max` ends it.
 *
 *   media:play(id, program + { stop = "" , mix = false, barge_typed = true })
 *     stop   digits that end it: "any", or some of "0123456789*#ABCD"; such a digit is used up
 *     mix    over what is sent anyhow (bridge, conference, background) instead of in its place
 *     a digit typed ahead stops it at once
 *     end: "done" "digit" "max" "stopped" "closed"; info { ms = played, digits = "5" }
 *   media:gather(id, program + { ... })      the program is the prompt and may be empty
 *     max = 32          digits after which it ends at once;   min = 0: a stop key before that many
 * is a digit too few: "nomatch" stop = "#"        keys that end it and are not part of the result;
 * "" for none digits = nil      { "012", "0123456789" }: what is allowed at each place; the first
 * other one ends it, "nomatch"; its length is max timeout = 5000    from the end of the prompt to
 * the first digit;   interdigit = 3000 barge = true      a digit stops the whole prompt; false:
 * digits of that time are kept for after it flush = false     forget what was typed ahead first
 *     end: "max" "stop" "interdigit" "timeout" "nomatch" "stopped" "closed"
 *     info { digits = "12", key = "#", ms = , barged = bool }
 *   media:dtmf(id, { digits = "12#w", ms = 100, gap = 70, volume = -10, how = "auto" })
 *     "w" and "," wait 500 ms, "W" 1000; "auto": events when negotiated, tones otherwise; or
 * "events", "inband" end: "done" "stopped" "closed" ("failed": events asked for, none negotiated)
 *   media:record(id, { path = , ... })       takes its turn among the speaking verbs, silent
 * meanwhile media:monitor(id, { path = , ... })      beside them; id may be a conference: its whole
 * mix what     "in" (what they say; record's default), "out" (what they hear), "both" mixed
 * (monitor's default), "stereo": in on the left, out on the right format "pcm16" ("ulaw", "alaw"),
 * rate (the codec's), append = false, beep = nil (a program; record only), max = 0, silence = 0 (ms
 * of it that end the file), threshold = 256 (mean amplitude from which on it is no silence, 1 to
 * 32767), trim = true (that silence is not kept), stop = "" (as play; record only), min_free = 0
 *     The file is a WAV that can be read at any time; its header is true to the second.
 *     end, when the file is complete: "stop" "silence" "max" "stopped" "closed" "io"
 *     info { ms, bytes, digits, err = error object when "io" }
 *   media:pause(id, verb, on)                monitor, record: silence instead of what is said (card
 * numbers) media:detect(id, { ... }) amd = true | { initial = 2500, greeting = 1500, after = 800,
 * total = 5000, word = 100, between = 50, words = 2, threshold = 256 } beep = false, fax = false,
 * silence = 0 (ms), speech = 0 (ms), max = 0, threshold = 256 (as record), report = false: a
 * "heard" event for each instead of the end at the first end: "human" "machine" "notsure" "beep"
 * "fax" "silence" "speech" "max" "stopped" "closed" info { ms = } media:stream(id, { rate = 8000 |
 * 16000, what = "in" | "out" | "both" | "stereo" | "none", speak = true, buffer = 20000, frame = 20
 * }) 16-bit little-endian frames both ways. With `speak`, what is written is sent, in the place of
 *     bridge and background while there is any; speaking verbs go before it.
 *     media:read(id, verb [, max_bytes]) -> string ("" when there is none) | nil, err
 *     media:write(id, verb, string) -> bytes taken | nil, err     fewer than given: over `buffer`;
 * wait for "xon" media:mark(id, verb, number)   a "mark" event when all that was written before it
 * was sent media:clear(id, verb)          drops what was written and not sent; its marks come at
 * once, cleared media:finish(id, verb)         "done" when all that was written was sent end:
 * "done" "stopped" "closed"; info { ms, dropped = ms of what nobody read in time }
 *
 * ---- Together ----
 *
 *   media:bridge(a, b [, { digits = true, transcode = "auto" }])   "auto": packets pass as they are
 * when both have the same codec and nothing else speaks; "always". Each leaves what it was in
 * before. media:unbridge(id) conf = media:conference{ rate = 8000, max = 100 } -> id | nil, err
 *   media:join(conf, id, { mute = false, deaf = false, gain_in = 0, gain_out = 0, to = nil })
 *             to = { id, ... }: only those hear it (whisper); they need not be members yet
 *   media:set_member(id, the same)         everything anew: what is not named is the default again
 *   media:leave(id)                        conference or bridge
 *   media:close(conf)                      all leave
 *   play, monitor, detect, stream, stop, background, stats take a conference too: play is heard by
 * all.
 *
 * ---- Clips: audio that is loaded, converted and encoded once, and shared ----
 *
 *   media:load(path, wanted, fn) -> true    fn(clip, err) in a later turn; wanted = { "PCMU",
 * "PCMA", 16000, ... } a codec's name: encoded for the wire; a number: linear at that rate. Default
 * { "PCMU", "PCMA", 8000 }. Cached by path, size and time of change; what is wanted newly is added.
 *             err: "notfound", "io", "media" (not audio), "limit" (over an hour)
 *   media:clip(string, rate [, wanted]) -> clip        from 16-bit little-endian samples, at once
 *   clip.ms, clip.rate, clip.path; clip:samples(rate) -> string
 *   It lives as long as somebody has it, here or in a verb.
 *
 * ---- Events ----
 *
 *   media:on_event(fn): called in the loop's turn (the fabric's advance), one at a time, never
 * inside a call of media. An error in it goes the loop's way (on_error). "end", id, verb, why, info
 *     "digit", id, digit, ms, how     when it began; how: "event" "info" "inband". Each key press
 * once, whichever ways it came by; also those that a verb uses up "latched", id, ip, port whom we
 * send to from now on "inactivity", id, ms            once until a packet comes again; "activity",
 * id then "talk", id / "silence", id      members of conferences "heard", id, verb, what, ms detect
 * with report "frames", id, verb              a stream has something to read; once until read says
 * "" "xoff", id, verb / "xon", id, verb     write no more, write on: at 90 % and 50 % of the buffer
 *     "mark", id, verb, number, cleared
 *     "bye", id                       RTCP BYE of the peer
 *     "closed", id, stats
 *   After media:stop or media:close the events of that verb or session still come, in order, up to
 * its "end" or "closed".
 *
 * ---- Figures ----
 *
 *   stats: { local_port, remote_ip, remote_port, latched, codec, send_payload_type, ssrc,
 * remote_ssrc, sent = { packets, bytes, events, errors }, received = { packets, bytes, lost, late,
 * duplicates, reordered, concealed_ms, discarded, digits, stranger, wrong_type, malformed, flood },
 * jitter (ms), jitter_buffer (ms), rtcp = { sent, received, rtt (ms), remote_lost, remote_jitter },
 * since (ms) } media:counts() -> { sessions, verbs, packets_in, packets_out, events_waiting,
 * commands_waiting, priority = "realtime" | "nice" | "normal", overruns, skipped_frames, late_p50,
 * late_p99, late_p999, late_max (ms that packets were off their 20 ms), cpu (ms of the thread),
 * bytes (of memory) }; of a fabric only the first two and bytes core.media_codecs() -> { { name,
 * rate, channels, payload_type }, ... } as for core.sdp_offer, best first; core.media_missing() ->
 * { Opus = "libopus-dev", ... }: what was not there when this was built media:close() closes all;
 * with it the thread ends. Also __gc and __close. Later calls: "gone".
 */
#ifndef MOONSIP_BINDING_MEDIA_H
#define MOONSIP_BINDING_MEDIA_H

#include "binding/allocator.h"
#include "binding/binding.h"
#include "media/control.h"
#include "media/load.h"

#define MEDIA_CLASS "moonsip.media"

/* A media object is the owner of its parties in a control, which its host has: a fabric,
 * or the thread beside a loop. */
enum {
  MEDIA_HOST = 1,
  MEDIA_HANDLER, /* on_event's */
  MEDIA_CLIPS,   /* [path] = clip, weak */
  MEDIA_LOADS,   /* [job] = function */
  MEDIA_VALUES = MEDIA_LOADS
};

typedef struct bind_media {
  media_control *control; /* NULL: closed */
  void *host;
  /* Work was given to the world; or all of ours is closed and nothing follows. */
  void (*acted)(lua_State *L, struct bind_media *self);
  void (*closing)(lua_State *L, struct bind_media *self);
  /* Runs it, somewhere, and then has bind_media_loaded called. */
  int (*load)(struct bind_media *self, media_load *job);
} bind_media;

/* A new media object at the top; the host is at a stack index and is kept. */
bind_media *bind_media_push(lua_State *L, int host_index, media_control *control);
/* The open one at index 1, or a Lua error; the second: also a closed one. */
bind_media *bind_media_check(lua_State *L);
bind_media *bind_media_test(lua_State *L);
/* Its on_event function and the event's arguments, how many those are; 0 and nothing
 * pushed without a function. Gives back what the event brought. */
int bind_media_push_event(lua_State *L, int media_index, media_control *control,
                          const media_event *event);

/* Tells what happened to whoever owns the party; `media_of` pushes that media object. */
typedef bool (*bind_media_of)(lua_State *L, void *owner);
void bind_media_tell(lua_State *L, media_control *control, bind_media_of media_of);

/* Arguments and options. Each raises at the caller's line. */
sip_id bind_media_id(lua_State *L, int index);
uint32_t bind_media_number(lua_State *L, int index);
/* An option of the table at `index`, or the default; milliseconds are 0 to 2^31. */
lua_Integer bind_option_integer(lua_State *L, int index, const char *name, lua_Integer least,
                                lua_Integer most, lua_Integer default_value);
uint64_t bind_option_ms(lua_State *L, int index, const char *name, lua_Integer default_value);
bool bind_option_flag(lua_State *L, int index, const char *name, bool default_value);
audio_gain bind_option_gain(lua_State *L, int index, const char *name);
media_digit_set bind_option_digits(lua_State *L, int index, const char *name,
                                   const char *default_value);
/* The index of the option's text in a list that ends with NULL. */
int bind_option_name(lua_State *L, int index, const char *name, const char *default_value,
                     const char *const *names);

/* The program of the table at `index`: first checked, which raises; then made for a party,
 * which does not: what its clips lack for that party's codec is made now. 0 or
 * SIP_E_MEMORY; the program is to be freed either way. */
void bind_media_check_program(lua_State *L, int index);
int bind_media_program(lua_State *L, int index, media_control *control, const media_handle *handle,
                       media_program *out);

/* nil, error; or the number of a verb that was given to the world. */
int bind_media_fail(lua_State *L, int error);
int bind_media_add(lua_State *L, bind_media *self, media_verb *verb);

/* The clip at a stack index, or NULL when it is none. */
audio_clip *bind_media_test_clip(lua_State *L, int index);
/* A file was read: calls the function that waits for it. The media object is at an index
 * of the stack, and the job is freed. */
void bind_media_loaded(lua_State *L, int media_index, media_load *job);

void bind_media_push_stats(lua_State *L, const media_control *control, sip_id id);

/* Methods of the parts of the class. */
extern const luaL_Reg bind_media_session_methods[];
extern const luaL_Reg bind_media_verb_methods[];
extern const luaL_Reg bind_media_record_methods[];
extern const luaL_Reg bind_media_stream_methods[];
extern const luaL_Reg bind_media_together_methods[];
extern const luaL_Reg bind_media_clip_methods[];
extern const luaL_Reg bind_media_thread_methods[];

void bind_media_clip_open(lua_State *L);
void bind_media_fabric_open(lua_State *L); /* core.media_fabric */
void bind_media_thread_open(lua_State *L); /* core.media */

#endif
