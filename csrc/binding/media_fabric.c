/* SPDX-License-Identifier: MIT
 *
 * core.media_fabric: media under a clock that is moved. One fabric is the audio network
 * of a whole simulation; each of its media objects has its own sessions and events.
 */
#include "media/fabric.h"

#include "base/error.h"
#include "binding/media.h"
#include "binding/object.h"

#define FABRIC_CLASS "moonsip.media_fabric"

/* [bind_media pointer] = media object; the function of tap. */
enum { FABRIC_OWNERS = 1, FABRIC_TAP, FABRIC_VALUES = FABRIC_TAP };

typedef struct bind_fabric {
  media_fabric fabric;
  sip_alloc alloc;
  bind_allocator allocator;
  sip_link loaded; /* jobs that are done */
  bool is_open;
  bool is_advancing;
  lua_State *L; /* of the call that advances, for the tap */
} bind_fabric;

static bind_fabric *check(lua_State *L) {
  bind_fabric *self = luaL_checkudata(L, 1, FABRIC_CLASS);
  luaL_argcheck(L, self->is_open, 1, "the fabric is closed");
  return self;
}

/* --- Media objects of it ------------------------------------------------------------------------
 */

static void acted(lua_State *L, bind_media *media) {
  (void)L;
  (void)media;
}

static int run_load(bind_media *media, media_load *job) {
  bind_fabric *self = media->host;
  media_load_run(job);
  sip_link_append(&self->loaded, &job->link);
  return 0;
}

/* [media] of the owners; at the top, or nothing and false. */
static bool push_owner(lua_State *L, void *owner) {
  lua_getiuservalue(L, 1, FABRIC_OWNERS);
  bool found = lua_rawgetp(L, -1, owner) == LUA_TUSERDATA;
  lua_remove(L, -2);
  if (!found) lua_pop(L, 1);
  return found;
}

/* Its sessions close with the next advance; nothing is told of them. */
static void closing(lua_State *L, bind_media *media) {
  lua_getiuservalue(L, 1, MEDIA_HOST);
  if (!lua_isuserdata(L, -1)) return;
  lua_getiuservalue(L, -1, FABRIC_OWNERS);
  lua_pushnil(L);
  lua_rawsetp(L, -2, media);
  lua_pop(L, 2);
}

/* fabric:media() -> media */
static int fabric_media(lua_State *L) {
  bind_fabric *self = check(L);
  lua_settop(L, 1);
  bind_media *media = bind_media_push(L, 1, &self->fabric.control);
  media->host = self;
  media->acted = acted;
  media->closing = closing;
  media->load = run_load;
  lua_getiuservalue(L, 1, FABRIC_OWNERS);
  lua_pushvalue(L, 2);
  lua_rawsetp(L, -2, media);
  lua_pop(L, 1);
  return 1;
}

/* --- Time ----------------------------------------------------------------------------------------
 */

static void tell_loaded(lua_State *L, bind_fabric *self) {
  while (!sip_link_alone(&self->loaded)) {
    media_load *job = SIP_CONTAINER(self->loaded.next, media_load, link);
    sip_link_remove(&job->link);
    int top = lua_gettop(L);
    if (push_owner(L, job->owner)) {
      bind_media_loaded(L, top + 1, job);
    } else {
      media_load_free(job);
    }
    lua_settop(L, top);
  }
}

static int advance(lua_State *L) {
  bind_fabric *self = lua_touserdata(L, 1);
  if (sip_link_alone(&self->loaded)) {
    media_fabric_advance(&self->fabric, (int64_t)lua_tointeger(L, 2));
  }
  tell_loaded(L, self);
  bind_media_tell(L, &self->fabric.control, push_owner);
  return 0;
}

static int stall(lua_State *L) {
  bind_fabric *self = lua_touserdata(L, 1);
  media_fabric_stall(&self->fabric, (int64_t)lua_tointeger(L, 2));
  return 0;
}

/* Time passes: fn(fabric, integer), in which what a tap raises leaves all in order. */
static void pass_time(lua_State *L, lua_CFunction fn) {
  bind_fabric *self = check(L);
  luaL_checkinteger(L, 2);
  lua_settop(L, 2);
  if (self->is_advancing) luaL_error(L, "the fabric is advancing already");
  self->is_advancing = true;
  self->L = L;
  lua_pushcfunction(L, fn);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  int status = lua_pcall(L, 2, 0, 0);
  self->is_advancing = false;
  if (status != LUA_OK) lua_error(L);
}

static int fabric_now(lua_State *L) {
  lua_pushinteger(L, media_fabric_now(&check(L)->fabric));
  return 1;
}

/* advance(to) -> now */
static int fabric_advance(lua_State *L) {
  pass_time(L, advance);
  return fabric_now(L);
}

/* stall(ms): the clock comes that late, once */
static int fabric_stall(lua_State *L) {
  lua_Integer ms = luaL_checkinteger(L, 2);
  luaL_argcheck(L, ms > 0 && ms <= INT32_MAX, 2, "milliseconds expected");
  pass_time(L, stall);
  return 0;
}

/* deadline() -> ms | nil */
static int fabric_deadline(lua_State *L) {
  bind_fabric *self = check(L);
  int64_t at = media_fabric_deadline(&self->fabric);
  if (!sip_link_alone(&self->loaded)) at = media_fabric_now(&self->fabric);
  if (at < 0) return 0;
  lua_pushinteger(L, at);
  return 1;
}

/* --- The wire --------------------------------------------------------------------- */

static double option_share(lua_State *L, const char *name) {
  double value = 0;
  if (lua_getfield(L, 4, name) != LUA_TNIL) {
    int is_number;
    value = lua_tonumberx(L, -1, &is_number);
    if (!is_number || value < 0 || value > 1) bind_bad_value(L, name, "a share of 0 to 1 expected");
  }
  lua_pop(L, 1);
  return value;
}

static const sip_sockaddr *opt_ip(lua_State *L, int index, sip_sockaddr *out) {
  if (lua_isnil(L, index)) return NULL;
  if (!sip_sockaddr_parse(bind_check_str(L, index), 0, out)) {
    luaL_argerror(L, index, "IP address expected");
  }
  return out;
}

/* link(from, to, { loss, duplicate, reorder, delay, jitter }) */
static int fabric_link(lua_State *L) {
  bind_fabric *self = check(L);
  luaL_checktype(L, 4, LUA_TTABLE);
  sip_sockaddr from, to;
  const sip_sockaddr *a = opt_ip(L, 2, &from), *b = opt_ip(L, 3, &to);
  media_link link = {.loss = option_share(L, "loss"),
                     .duplicate = option_share(L, "duplicate"),
                     .reorder = option_share(L, "reorder"),
                     .delay_ms = (uint32_t)bind_option_integer(L, 4, "delay", 0, 900, 0),
                     .jitter_ms = (uint32_t)bind_option_integer(L, 4, "jitter", 0, 900, 0)};
  int error = media_wire_set_link(&self->fabric.wire, a, b, &link);
  if (error) return bind_fail(L, error, NULL);
  lua_pushboolean(L, true);
  return 1;
}

static void tap_packet(void *context, const sip_sockaddr *from, const media_datagram *datagram,
                       bool lost) {
  const bind_fabric *self = context;
  lua_State *L = self->L;
  if (!lua_checkstack(L, 10)) return;
  int top = lua_gettop(L);
  lua_pushvalue(L, 1);
  lua_getiuservalue(L, -1, FABRIC_TAP);
  lua_pushinteger(L, media_fabric_now(&self->fabric));
  bind_push_sockaddr(L, from);
  bind_push_sockaddr(L, &datagram->address);
  lua_pushlstring(L, (const char *)datagram->bytes, datagram->len);
  lua_pushboolean(L, lost);
  lua_pcall(L, 5, 0, 0); /* the world is in the midst of a frame: nothing may unwind it */
  lua_settop(L, top);
}

/* tap(fn | nil) */
static int fabric_tap(lua_State *L) {
  bind_fabric *self = check(L);
  lua_settop(L, 2);
  bool is_set = !lua_isnil(L, 2);
  if (is_set) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_setiuservalue(L, 1, FABRIC_TAP);
  self->fabric.wire.tap = is_set ? tap_packet : NULL;
  self->fabric.wire.tap_context = self;
  return 0;
}

/* "192.0.2.1:4000" or "[2001:db8::1]:4000" */
static sip_sockaddr check_address(lua_State *L, int index) {
  sip_str text = bind_check_str(L, index);
  sip_sockaddr out = {0};
  size_t colon = text.len;
  while (colon > 0 && text.ptr[colon - 1] != ':') colon--;
  uint64_t port = 0;
  bool is_sound = colon > 1 && sip_str_to_number(sip_str_make(text.ptr + colon, text.len - colon),
                                                 UINT16_MAX, &port);
  if (!is_sound || !sip_sockaddr_parse(sip_str_make(text.ptr, colon - 1), (uint16_t)port, &out)) {
    luaL_argerror(L, index, "IP address and port expected");
  }
  return out;
}

/* inject(from, to, bytes) -> whether somebody is there */
static int fabric_inject(lua_State *L) {
  bind_fabric *self = check(L);
  sip_sockaddr from = check_address(L, 2), to = check_address(L, 3);
  int error = media_fabric_inject(&self->fabric, &from, &to, bind_check_str(L, 4));
  if (error && error != SIP_E_NO_ROUTE) return bind_fail(L, error, NULL);
  lua_pushboolean(L, error == 0);
  return 1;
}

/* listen(id [, ms]) */
static int fabric_listen(lua_State *L) {
  bind_fabric *self = check(L);
  lua_Integer ms = luaL_optinteger(L, 3, 20000);
  luaL_argcheck(L, ms >= 20 && ms <= 3600000, 3, "20 ms to an hour expected");
  int error = media_fabric_listen(&self->fabric, bind_media_id(L, 2), (uint32_t)ms);
  if (error) return bind_media_fail(L, error);
  lua_pushboolean(L, true);
  return 1;
}

/* heard(id [, from]) -> samples, from, to */
static int fabric_heard(lua_State *L) {
  const media_ear *ear = media_fabric_find_ear(&check(L)->fabric, bind_media_id(L, 2));
  lua_Integer from = luaL_optinteger(L, 3, 0);
  luaL_argcheck(L, from >= 0, 3, "a place that is not negative expected");
  if (!ear) return bind_media_fail(L, SIP_E_GONE);
  uint64_t first = media_ear_first(ear), at = (uint64_t)from;
  if (at < first) at = first;
  if (at > ear->heard) at = ear->heard;
  size_t count = (size_t)(ear->heard - at);
  int16_t *samples = lua_newuserdatauv(L, (count + 1) * sizeof *samples, 0);
  media_ear_copy(ear, at, count, samples);
  lua_pushlstring(L, (const char *)samples, count * sizeof *samples);
  lua_pushinteger(L, (lua_Integer)at);
  lua_pushinteger(L, (lua_Integer)ear->heard);
  return 3;
}

/* forget(id) */
static int fabric_forget(lua_State *L) {
  bind_fabric *self = check(L);
  media_ear *ear = media_fabric_find_ear(&self->fabric, bind_media_id(L, 2));
  if (!ear) return bind_media_fail(L, SIP_E_GONE);
  media_fabric_forget(&self->fabric, ear);
  lua_pushboolean(L, true);
  return 1;
}

static int fabric_digest(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check(L)->fabric.wire.digest);
  return 1;
}

/* --- Life ------------------------------------------------------------------------- */

static int fabric_close(lua_State *L) {
  bind_fabric *self = luaL_checkudata(L, 1, FABRIC_CLASS);
  if (!self->is_open) return 0;
  if (self->is_advancing) return luaL_error(L, "the fabric is advancing");
  self->is_open = false;
  lua_getiuservalue(L, 1, FABRIC_OWNERS);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    bind_media *media = lua_touserdata(L, -1);
    media->control = NULL;
    lua_pop(L, 1);
  }
  while (!sip_link_alone(&self->loaded)) {
    media_load *job = SIP_CONTAINER(self->loaded.next, media_load, link);
    sip_link_remove(&job->link);
    media_load_free(job);
  }
  media_fabric_deinit(&self->fabric);
  return 0;
}

/* core.media_fabric([{ seed, now }]) */
static int fabric_new(lua_State *L) {
  lua_settop(L, 1);
  lua_Integer seed = 1, now = 0;
  bind_allocator allocator = {0};
  if (!lua_isnil(L, 1)) {
    luaL_checktype(L, 1, LUA_TTABLE);
    seed = bind_option_integer(L, 1, "seed", LUA_MININTEGER, LUA_MAXINTEGER, 1);
    now = bind_option_integer(L, 1, "now", 0, INT64_MAX / 2 / RTP_MS, 0);
    bind_allocator_read(L, 1, &allocator);
  }
  bind_fabric *self = lua_newuserdatauv(L, sizeof *self, FABRIC_VALUES);
  self->is_open = self->is_advancing = false;
  self->allocator = allocator;
  self->L = L;
  sip_link_init(&self->loaded);
  sip_alloc_init(&self->alloc, bind_alloc, &self->allocator);
  luaL_setmetatable(L, FABRIC_CLASS);
  lua_newtable(L);
  lua_setiuservalue(L, -2, FABRIC_OWNERS);
  int error = media_fabric_init(&self->fabric, &self->alloc, (uint64_t)seed, now);
  if (error) return bind_fail(L, error, NULL);
  self->is_open = true;
  return 1;
}

void bind_media_fabric_open(lua_State *L) {
  static const luaL_Reg methods[] = {{"media", fabric_media},       {"advance", fabric_advance},
                                     {"stall", fabric_stall},       {"now", fabric_now},
                                     {"deadline", fabric_deadline}, {"link", fabric_link},
                                     {"tap", fabric_tap},           {"inject", fabric_inject},
                                     {"digest", fabric_digest},     {"close", fabric_close},
                                     {"listen", fabric_listen},     {"heard", fabric_heard},
                                     {"forget", fabric_forget},     {NULL, NULL}};
  luaL_newmetatable(L, FABRIC_CLASS);
  lua_pushcfunction(L, fabric_close);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, fabric_close);
  lua_setfield(L, -2, "__close");
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushcfunction(L, fabric_new);
  lua_setfield(L, -2, "media_fabric");
}
