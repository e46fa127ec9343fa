/* SPDX-License-Identifier: MIT
 *
 * core.media: the audio of calls. This comment is the whole of what Lua sees. Times are
 * milliseconds, gains decibels. Wrong arguments raise at the caller's line. What can fail
 * returns nil and an error object whose kind is "limit" (a bound, memory, no free port),
 * "gone" (the session or verb has ended), "io" (a file, a socket), "media" (no such codec,
 * not audio) or "invalid".
 *
 * ---- The thread, and the fabric ----
 *
 *   media = core.media(loop [, options])       sockets, and a thread of their own
 *     ports         {16384, 32767}: RTP on the even ones, RTCP above each (RFC 3550 11)
 *     max_sessions  4096
 *     realtime      true: asks for SCHED_FIFO, else a better nice, else runs as it is
 *   The thread starts with the first session. The loop is not empty while one is open.
 *
 *   fabric = core.media_fabric{ seed = 1, now = 0 }    the same under a clock that is moved
 *   media = fabric:media()       one for each host, or one for all: ids are the fabric's
 *   fabric:advance(to) -> now    runs the audio of all until the instant `to`, or until the
 *                                first that has an event or a file read: those are told to
 *                                on_event before it returns
 *   fabric:now() -> ms
 *   fabric:deadline() -> ms      the next instant that may have an event; nil: no verb, no
 *                                inactivity and nothing under way could make one
 *   fabric:link(from, to, o)     one direction between two IPs; nil: any. o = { loss = 0,
 *                                duplicate = 0, reorder = 0 (shares), delay = 0, jitter = 0 }
 *   fabric:tap(fn | nil)         fn(now, from, to, bytes, lost) for every packet sent: slow
 *   fabric:inject(from, to, bytes) -> bool     "192.0.2.1:4000"; false: nobody is there
 *   fabric:digest() -> integer   of all packets so far: equal for equal seeds and acts
 *   fabric:listen(id [, ms = 20000])           keeps the last of what that session hears, at
 *                                8000 Hz; no verb, and the fabric may be quiet all the same
 *   fabric:heard(id [, from]) -> samples, from, to     16-bit; places counted since listen,
 *                                from the oldest that is kept; also of a closed session
 *   fabric:forget(id)
 *   fabric:close()
 *
 * ---- Sessions: one call's audio ----
 *
 *   media:open(ip [, { port = }]) -> id, port  binds; nothing is sent before apply
 *   media:close(id)              its verbs end ("closed"), it leaves bridge and conference
 *                                and sends an RTCP BYE; the last event is "closed"
 *   media:apply(id, { ... }) -> true     everything anew each time; SSRC, numbers and
 *                                timestamps go on. "media": none of the codecs is ours
 *     remote_ip, remote_port     without: nothing is sent until a source is latched
 *     remote_rtcp_port, remote_rtcp_ip         remote_port + 1; rtcp_mux = false
 *     send, receive              true; the direction of RFC 3264. RTCP goes on while held
 *     codecs                     { { name, rate, channels = 1, payload_type, receive =
 *                                payload_type, fmtp, own_fmtp }, ... }, best first: the first
 *                                is sent, each is received, 8 are kept. The tables of
 *                                core.sdp_stream fit; what is no audio codec is passed over
 *     ptime                      20, 40 or 60 of what is sent; others are rounded down
 *     events                     { payload_type, receive, rate }: telephone-event (RFC 4733)
 *     comfort_noise              { payload_type, receive }, or a payload type: what is sent
 *                                in silence (RFC 3389)
 *     inband                     look for digits in the audio; without `events` only, unless
 *                                it is said
 *     latch                      "once": the first source that proves itself; "relearn": and
 *                                another when that moves or is silent; "off": remote_ip alone
 *     inactivity                 0; without a packet for so long, while it receives: an event
 *     jitter                     { min = 20, max = 200, fixed = false }
 *   media:digit(id, digit)       one that came by signalling (SIP INFO)
 *   media:flush(id)              forgets digits typed ahead
 *   media:background(id, program | nil)        a loop for when nothing else is sent: who has
 *                                the same clips hears the same place of them
 *   media:mute(id, { send = false, receive = false })  silence instead of audio
 *   media:stats(id) -> table     see below
 *
 * ---- Verbs: each returns its number, which counts up, and ends with one "end" event ----
 *
 *   play, gather, dtmf and record speak: those of a session wait for each other, at most 32
 *   of them. monitor, detect and stream listen, beside them: at most 8.
 *   media:stop(id, verb)         ends it at once: "stopped"
 *   media:stop(id)               all that speak
 *
 *   A program is a list of items, played without a gap, with options:
 *     { clip, "440/1000,0/4000", 500, { clip =, from = 0, to =, gain = 0 },
 *       { tone =, ms =, gain = 0 }, { silence = }; loop = 1, gain = 0, from = 0 }
 *     a string is a tone (audio/tone.h), "busy" and "ringback/de" too, which goes on as its
 *     text says unless it has `ms`; a number is silence. loop = 0: for ever. `from` skips so
 *     much of the first round
 *
 *   media:play(id, program + { stop = "", mix = false, max = 0 })
 *     stop    digits that end it: "any", or some of "0123456789*#ABCD". It is used up; one
 *             typed ahead ends it at once
 *     mix     over what is sent anyhow (bridge, conference, background), not in its place
 *     ends    "done" "digit" "max" "stopped" "closed"; info { ms = played, digits }
 *   media:gather(id, program + { ... })        the program is the prompt, and may be empty
 *     max     32: the digit that ends it at once
 *     min     0: fewer at a stop key or a time-out are "nomatch"
 *     stop    "#": keys that end it, no part of the result; "": none
 *     digits  { "012", "0123456789" }: what each place takes; their number is max. The
 *             first other one ends it: "nomatch"
 *     timeout 5000, from the end of the prompt to the first digit
 *     interdigit       3000, from when a key was let go
 *     barge   true: a digit ends the whole prompt; false: it is kept for after it
 *     flush   false; true forgets what was typed ahead
 *     ends    "max" "stop" "interdigit" "timeout" "nomatch" "stopped" "closed"; info
 *             { digits, key = of stop, ms = of the prompt, barged }
 *   media:dtmf(id, { digits =, ms = 100, gap = 70, volume = -10, how = "auto" })
 *     "w" and "," wait 500, "W" 1000. how: "auto" is events when there are, else tones;
 *     "events" "inband". Ends "done" "stopped" "closed", "failed": no events agreed on
 *   media:record(id, { path = ... })           in its turn, silent meanwhile
 *   media:monitor(id, { path = ... })          beside; id may be a conference: its whole mix
 *     what    "in": what they say (record), "out", "both" mixed (monitor), "stereo": in on
 *             the left, out on the right
 *     format  "pcm16" "ulaw" "alaw"; rate (the codec's); append = false
 *     beep    a program before it (record)
 *     stop    "": as play (record)
 *     max     0; silence = 0: so much of it ends the file, and is cut off unless trim = false;
 *             threshold = 256, the mean amplitude from which on it is none
 *     ends    when the file is complete: "stop" "silence" "max" "stopped" "closed" "io"; info
 *             { ms, bytes, digits, key, err }. The file is a WAV that can be read at any
 *             time, true to the second
 *   media:pause(id, verb, on)    monitor, record: silence in the file
 *   media:detect(id, { ... })
 *     amd     true, or { initial = 2500, greeting = 1500, after = 800, total = 5000,
 *             word = 100, between = 50, words = 2, threshold = 256 }
 *     beep, fax, tone = false (tones of an exchange); silence, speech = 0; threshold = 256; max = 0
 *     report  false; true: a "heard" event for each, and it goes on
 *     ends    "human" "machine" "notsure" "beep" "fax" "dial" "ringback" "busy" "congestion"
 *             "silence" "speech" "max" "stopped" "closed"; info { ms }
 *   media:stream(id, { rate =, what = "in", speak = true, buffer = 20000 })
 *     16-bit little-endian samples both ways. what: also "out" "both" "stereo" "none". What
 *     is written is sent in the place of bridge and background; speaking verbs go first
 *     media:read(id, verb [, bytes]) -> string         "": none is left
 *     media:write(id, verb, string) -> bytes taken     fewer: wait for "xon"
 *     media:mark(id, verb, number)     "mark" when all before it was sent; 64 at once
 *     media:clear(id, verb)            drops what was not sent; its marks come, cleared
 *     media:finish(id, verb)           "done" when all was sent
 *     ends    "done" "stopped" "closed"; info { ms, dropped = ms that nobody read in time }
 *
 * ---- Together ----
 *
 *   media:bridge(a, b [, { digits = true, transcode = "auto" }])     each leaves what it was
 *             in. "auto": packets pass as they are where codecs allow it; "always"
 *   media:unbridge(id), media:leave(id)        out of bridge or conference
 *   media:conference([{ rate = 8000, max = 100 }]) -> id
 *   media:join(conference, id [, { mute = false, deaf = false, gain_in = 0, gain_out = 0,
 *             to = { id, ... } }])     to: only those hear it
 *   media:set_member(id, the same)     anew: what is not named is the default again
 *   media:close(conference)            all leave
 *   play, monitor, detect, stream, stop and background take a conference too.
 *
 * ---- Clips: audio that is loaded, converted and encoded once, and shared ----
 *
 *   media:load(path, wanted, fn) -> true       fn(clip, err) in a later turn. wanted: names of
 *             codecs (encoded) and rates (linear), { "PCMU", "PCMA", 8000 }. Cached by path,
 *             size and time of change
 *   media:clip(samples, rate [, wanted]) -> clip       16-bit little-endian, at once
 *   clip.ms, clip.rate, clip.path, clip.bytes, clip:samples([rate]) -> string
 *
 * ---- Events ----
 *
 *   media:on_event(fn | nil): in the loop's turn, or in the fabric's advance, one at a time,
 *   never inside another call ("xoff" is told by write). fn raises to the loop's on_error.
 *     "end", id, verb, why, info
 *     "digit", id, digit, how          when it began, each key press once; how: "event" "info"
 *                                      "inband"
 *     "latched", id, ip, port          whom we send to from now on
 *     "inactivity", id; "activity", id when packets come again
 *     "talk", id; "silence", id        of members
 *     "heard", id, verb, what, ms      detect with report
 *     "frames", id, verb               there is something to read; once until read gave ""
 *     "xoff", id, verb; "xon", id, verb        the buffer is nine tenths full; half empty
 *     "mark", id, verb, number, cleared
 *     "bye", id                        RTCP BYE of the peer
 *     "closed", id, stats
 *   What was stopped or closed has its events, in order, up to its "end" or "closed".
 *
 * ---- Figures ----
 *
 *   stats: { local_port, remote_ip, remote_port, latched, codec, ssrc, remote_ssrc, since,
 *     jitter, jitter_buffer, sent = { packets, bytes, events, errors },
 *     received = { packets, bytes, lost, late, duplicates, reordered, concealed_ms,
 *       discarded, digits, strangers, wrong_type, wrong_ssrc, malformed, floods },
 *     rtcp = { sent, received, rtt, remote_lost, remote_jitter } }; half a second old at most
 *   media:counts([anew]) -> { sessions, verbs, bytes (of memory) }, and of a thread: packets_in,
 *     packets_out, commands_waiting, events_waiting, overruns, skipped_frames,
 *     priority = "realtime" | "nice" | "normal", cpu, and how far packets were off their
 *     20 ms: late_p50, late_p99, late_p999, late_max; anew: those are counted from now on
 *   core.media_codecs() -> { { name, rate, channels, payload_type }, ... }, best first
 *   core.media_missing(codec) -> what to install before building; nil: it is there
 *   core.media_tone(text) -> true | nil, err   whether a program takes it as a tone
 *   media:close()                closes all; the thread ends. Also __gc and __close
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
