/* SPDX-License-Identifier: MIT
 *
 * core.media: media beside a loop, on its thread. The thread wakes the loop as a guest;
 * in that turn what happened is told. Files are read on libuv's pool.
 */
#include "media/thread.h"

#include "base/error.h"
#include "binding/loop.h"
#include "binding/media.h"
#include "binding/object.h"
#include "media/reader.h"
#include "net/guest.h"
#include "net/random.h"

#define THREAD_CLASS "moonsip.media_thread"

/* The host of one media object: a userdata with its loop, which keeps it in LOOP_MEDIA
 * as long as it is open. */
enum { THREAD_LOOP = 1, THREAD_MEDIA, THREAD_VALUES = THREAD_MEDIA };

typedef struct bind_media_thread {
  bind_loop_guest place; /* first: in the loop's list */
  bind_loop *loop;
  bind_media *media;    /* NULL before there is one */
  media_thread *thread; /* NULL: closed */
  net_guest *guest;
  sip_alloc alloc;
  bind_allocator allocator;
  media_reader reader;
  bool is_telling;
  bool is_closing; /* by what was told: when that is over */
} bind_media_thread;

/* --- The end ---------------------------------------------------------------------- */

/* The thread ends, and with it whatever was open; files are whole after that. */
static void close_thread(bind_media_thread *self) {
  if (!self->thread) return;
  media_thread *thread = self->thread;
  self->thread = NULL;
  if (self->media) self->media->control = NULL;
  sip_link_remove(&self->place.link);
  media_reader_deinit(&self->reader);
  media_thread_free(thread);
  net_guest_close(self->guest);
}

/* --- Told ------------------------------------------------------------------------- */

static void set_hold(bind_media_thread *self) {
  const media_control *control = media_thread_control(self->thread);
  net_guest_hold(self->guest, control->handles.count > 0 || media_reader_is_busy(&self->reader));
}

/* The media object that this host has: at the top. */
static bool push_media(lua_State *L, void *owner) {
  lua_getiuservalue(L, 1, LOOP_MEDIA);
  bool found = lua_rawgetp(L, -1, owner) == LUA_TUSERDATA;
  lua_remove(L, -2);
  if (!found) lua_pop(L, 1);
  return found;
}

static void tell_loaded(lua_State *L, bind_media_thread *self) {
  media_load *job;
  while ((job = media_reader_next(&self->reader)) != NULL) {
    int top = lua_gettop(L);
    if (push_media(L, job->owner)) {
      bind_media_loaded(L, top + 1, job);
    } else {
      media_load_free(job);
    }
    lua_settop(L, top);
  }
}

/* loop, host */
static int tell(lua_State *L) {
  bind_media_thread *self = lua_touserdata(L, 2);
  tell_loaded(L, self);
  bind_media_tell(L, media_thread_control(self->thread), push_media);
  return 0;
}

/* Until nothing is left, also when a handler raised in between. */
static void on_ready(void *context) {
  bind_media_thread *self = context;
  bool is_well = false;
  self->is_telling = true;
  while (!is_well && !self->is_closing && !self->loop->is_closing) {
    is_well = bind_loop_enter(self->loop, tell, self);
  }
  self->is_telling = false;
  if (self->is_closing) {
    close_thread(self);
  } else {
    set_hold(self);
  }
}

static void wake(void *context) {
  net_guest_wake(((bind_media_thread *)context)->guest);
}

static int load(bind_media *media, media_load *job) {
  return media_reader_start(&((bind_media_thread *)media->host)->reader, job);
}

/* --- Life ------------------------------------------------------------------------- */

static void on_loop_closing(bind_loop_guest *place) {
  close_thread((bind_media_thread *)(void *)place);
}

static int thread_gc(lua_State *L) {
  close_thread(luaL_checkudata(L, 1, THREAD_CLASS));
  return 0;
}

static void acted(lua_State *L, bind_media *media) {
  bind_media_thread *self = media->host;
  set_hold(self);
  bind_loop_touch(L, self->loop);
}

/* Nothing is told of it any more. */
static void closing(lua_State *L, bind_media *media) {
  bind_media_thread *self = media->host;
  lua_getiuservalue(L, 1, MEDIA_HOST);
  lua_getiuservalue(L, -1, THREAD_LOOP);
  lua_getiuservalue(L, -1, LOOP_MEDIA);
  lua_pushnil(L);
  lua_rawsetp(L, -2, media);
  lua_pop(L, 3);
  self->is_closing = self->is_telling;
  if (!self->is_telling) close_thread(self);
}

/* --- Making ----------------------------------------------------------------------- */

static void take_options(lua_State *L, media_thread_config *config) {
  config->first_port = 16384;
  config->last_port = 32767;
  config->realtime = config->io_uring = true;
  if (lua_isnoneornil(L, 2)) return;
  luaL_checktype(L, 2, LUA_TTABLE);
  if (lua_getfield(L, 2, "ports") != LUA_TNIL) {
    if (!lua_istable(L, -1)) bind_bad_value(L, "ports", "{ first, last } expected");
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    lua_Integer first = luaL_optinteger(L, -2, 0), last = luaL_optinteger(L, -1, 0);
    bool fits = first >= 1 && last <= UINT16_MAX && last > first;
    if (!fits) bind_bad_value(L, "ports", "{ first, last } of 1 to 65535 expected");
    config->first_port = (uint32_t)first;
    config->last_port = (uint32_t)last;
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
  config->realtime = bind_option_flag(L, 2, "realtime", true);
  config->io_uring = bind_option_flag(L, 2, "io_uring", true);
  config->max_sessions = (uint32_t)bind_option_integer(L, 2, "max_sessions", 1, 1 << 20, 4096);
}

/* The host at the top of the stack: 0 or an error. */
static int open_host(lua_State *L, bind_loop *loop, const media_thread_config *config) {
  bind_media_thread *self = lua_newuserdatauv(L, sizeof *self, THREAD_VALUES);
  *self = (bind_media_thread){.place.closing = on_loop_closing, .loop = loop};
  sip_link_init(&self->place.link);
  if (lua_istable(L, 2)) bind_allocator_read(L, 2, &self->allocator);
  sip_alloc_init(&self->alloc, bind_alloc, &self->allocator);
  luaL_setmetatable(L, THREAD_CLASS);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, THREAD_LOOP);
  int error = net_guest_open(loop->net, on_ready, self, &self->guest);
  if (error) return error;
  media_reader_init(&self->reader, net_guest_uv(self->guest), wake, self);
  media_thread_config own = *config;
  own.context = self;
  error = media_thread_new(&self->alloc, &own, &self->thread);
  if (error) {
    net_guest_close(self->guest);
    return error;
  }
  sip_link_append(&loop->guests, &self->place.link);
  return 0;
}

/* core.media(loop [, options]) -> media */
static int media_new(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  lua_settop(L, 2);
  media_thread_config config = {.random = net_random, .wake = wake};
  take_options(L, &config);
  int error = open_host(L, loop, &config);
  if (error) return bind_fail(L, error, NULL);
  bind_media_thread *self = lua_touserdata(L, 3);
  bind_media *media = bind_media_push(L, 3, media_thread_control(self->thread));
  media->host = self;
  self->media = media;
  media->acted = acted;
  media->closing = closing;
  media->load = load;
  lua_getiuservalue(L, 1, LOOP_MEDIA);
  lua_pushvalue(L, 4);
  lua_rawsetp(L, -2, media);
  lua_settop(L, 4);
  return 1;
}

/* --- Figures ---------------------------------------------------------------------- */

static void set_ms(lua_State *L, const char *name, uint64_t us) {
  lua_pushnumber(L, (lua_Number)us / 1000);
  lua_setfield(L, -2, name);
}

/* media:counts([anew]) */
static int media_counts_of(lua_State *L) {
  static const char *const priorities[] = {[MEDIA_PRIORITY_NORMAL] = "normal",
                                           [MEDIA_PRIORITY_NICE] = "nice",
                                           [MEDIA_PRIORITY_REALTIME] = "realtime"};
  const bind_media *media = bind_media_check(L);
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, MEDIA_HOST);
  bind_media_thread *self = luaL_testudata(L, -1, THREAD_CLASS);
  lua_createtable(L, 0, 17);
  lua_pushinteger(L, (lua_Integer)media->control->alloc->live_bytes);
  lua_setfield(L, -2, "bytes");
  if (!self) {
    lua_pushinteger(L, (lua_Integer)media->control->sessions);
    lua_setfield(L, -2, "sessions");
    lua_pushinteger(L, (lua_Integer)media->control->verbs);
    lua_setfield(L, -2, "verbs");
    return 1;
  }
  media_thread_counts counts;
  media_thread_get_counts(self->thread, &counts);
#define FIELD(name) (lua_pushinteger(L, (lua_Integer)counts.name), lua_setfield(L, -2, #name))
  FIELD(sessions);
  FIELD(verbs);
  FIELD(packets_in);
  FIELD(packets_out);
  FIELD(overruns);
  FIELD(skipped_frames);
  FIELD(commands_waiting);
  FIELD(events_waiting);
#undef FIELD
  if (lua_toboolean(L, 2)) media_thread_forget_lateness(self->thread);
  set_ms(L, "late_p50", counts.late_p50_us);
  set_ms(L, "late_p99", counts.late_p99_us);
  set_ms(L, "late_p999", counts.late_p999_us);
  set_ms(L, "late_max", counts.late_max_us);
  set_ms(L, "cpu", counts.cpu_us);
  lua_pushstring(L, priorities[counts.priority]);
  lua_setfield(L, -2, "priority");
  lua_pushboolean(L, counts.io_uring);
  lua_setfield(L, -2, "io_uring");
  return 1;
}

const luaL_Reg bind_media_thread_methods[] = {{"counts", media_counts_of}, {NULL, NULL}};

void bind_media_thread_open(lua_State *L) {
  luaL_newmetatable(L, THREAD_CLASS);
  lua_pushcfunction(L, thread_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_pushcfunction(L, media_new);
  lua_setfield(L, -2, "media");
}
