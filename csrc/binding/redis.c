/* SPDX-License-Identifier: MIT
 *
 * loop:redis{...}: a Redis server on a loop. A reply is made into Lua values where hiredis has
 * it, in the loop's turn. Without the library there is no core.redis, and loop:redis raises.
 */
#include "net/redis.h"

#include "base/error.h"
#include "binding/loop.h"

#ifdef HAVE_HIREDIS

#include <hiredis/hiredis.h>

#define REDIS_CLASS "moonsip.redis"

enum { WORDS_MAX = 4096, DEPTH_MAX = 16, LOOP_VALUE = 1 };

typedef struct bind_redis {
  net_redis *net; /* NULL: closed */
  bind_loop *loop;
} bind_redis;

static bind_redis *check(lua_State *L) {
  bind_redis *self = luaL_checkudata(L, 1, REDIS_CLASS);
  luaL_argcheck(L, self->net && self->loop->net, 1, "it is closed");
  return self;
}

/* A nil of Redis is false, so that lists keep their length. Bounded by DEPTH_MAX. */
static void push_reply(lua_State *L, const redisReply *reply, int depth) {
  switch (reply->type) {
  case REDIS_REPLY_INTEGER:
    lua_pushinteger(L, reply->integer);
    break;
  case REDIS_REPLY_NIL:
    lua_pushboolean(L, false);
    break;
  case REDIS_REPLY_ARRAY:
    luaL_checkstack(L, 4, NULL);
    lua_newtable(L);
    for (size_t i = 0; i < reply->elements && depth < DEPTH_MAX; i++) {
      push_reply(L, reply->element[i], depth + 1);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    break;
  default:
    lua_pushlstring(L, reply->str, (size_t)reply->len);
  }
}

/* nil, name, reason */
static int push_failure(lua_State *L, const char *name, const char *reason) {
  lua_pushnil(L);
  lua_pushstring(L, name);
  lua_pushstring(L, reason);
  return 3;
}

typedef struct answered {
  sip_id id;
  const net_redis_answer *answer;
} answered;

static int call_answered(lua_State *L) {
  const answered *a = lua_touserdata(L, 2);
  const redisReply *reply = a->answer->reply;
  lua_getiuservalue(L, 1, LOOP_LOOKUPS);
  lua_rawgeti(L, -1, (lua_Integer)a->id);
  lua_pushnil(L);
  lua_rawseti(L, -3, (lua_Integer)a->id);
  int count = 1;
  if (!reply) {
    count = push_failure(L, a->answer->name, a->answer->reason);
  } else if (reply->type == REDIS_REPLY_ERROR) {
    count = push_failure(L, "COMMAND", reply->str);
  } else {
    push_reply(L, reply, 0);
  }
  lua_call(L, count, 0);
  return 0;
}

static void on_answer(void *context, sip_id id, const net_redis_answer *answer) {
  bind_loop_enter(context, call_answered, &(answered){.id = id, .answer = answer});
}

static lua_Integer integer_field(lua_State *L, const char *name, lua_Integer max) {
  lua_getfield(L, 2, name);
  lua_Integer value = luaL_checkinteger(L, -1);
  if (value < 0 || value > max) luaL_error(L, "bad option '%s'", name);
  lua_pop(L, 1);
  return value;
}

/* loop:redis{ host, port, password or nil, database, timeout (ms), waiting: commands at a time } */
static int loop_redis(lua_State *L) {
  bind_loop *loop = bind_loop_check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  net_redis_config config = {.port = (uint16_t)integer_field(L, "port", UINT16_MAX),
                             .database = (int)integer_field(L, "database", INT32_MAX),
                             .timeout_ms = (uint32_t)integer_field(L, "timeout", INT32_MAX),
                             .waiting = (uint32_t)integer_field(L, "waiting", INT32_MAX),
                             .answered = on_answer,
                             .context = loop};
  lua_getfield(L, 2, "host");
  config.host = luaL_checkstring(L, 3);
  lua_getfield(L, 2, "password");
  config.password = luaL_optstring(L, 4, NULL);
  bind_redis *self = lua_newuserdatauv(L, sizeof *self, LOOP_VALUE);
  *self = (bind_redis){.loop = loop};
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, LOOP_VALUE);
  luaL_setmetatable(L, REDIS_CLASS);
  int error = net_redis_new(loop->net, &config, &self->net);
  return error ? bind_fail(L, error, NULL) : 1;
}

/* redis:command(fn, word ...): true, or nil and an error. Later fn(reply), or fn(nil, name,
 * reason): OPEN, IO or COMMAND (net/redis.h), or what the server refused. */
static int redis_command(lua_State *L) {
  bind_redis *self = check(L);
  const char *words[WORDS_MAX];
  size_t lengths[WORDS_MAX];
  int count = lua_gettop(L) - 2;
  luaL_checktype(L, 2, LUA_TFUNCTION);
  luaL_argcheck(L, count >= 1 && count <= WORDS_MAX, 3, "1 to 4096 words");
  for (int i = 0; i < count; i++) words[i] = luaL_checklstring(L, i + 3, &lengths[i]);
  sip_id id = ++self->loop->last_lookup;
  lua_getiuservalue(L, 1, LOOP_VALUE);
  lua_getiuservalue(L, -1, LOOP_LOOKUPS);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, (lua_Integer)id);
  net_redis_words all = {.count = count, .words = words, .lengths = lengths};
  int error = net_redis_command(self->net, id, &all);
  if (!error) {
    bind_loop_touch(L, self->loop);
    lua_pushboolean(L, true);
    return 1;
  }
  lua_pushnil(L);
  lua_rawseti(L, -2, (lua_Integer)id);
  return bind_fail(L, error, NULL);
}

/* Also __gc and __close. Nobody is answered any more. */
static int redis_close(lua_State *L) {
  bind_redis *self = luaL_checkudata(L, 1, REDIS_CLASS);
  if (self->net && self->loop->net) net_redis_free(self->net);
  self->net = NULL;
  return 0;
}

void bind_redis_open(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"command", redis_command}, {"close", redis_close}, {NULL, NULL}};
  static const luaL_Reg meta[] = {{"__gc", redis_close}, {"__close", redis_close}, {NULL, NULL}};
  luaL_newmetatable(L, REDIS_CLASS);
  luaL_setfuncs(L, meta, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  lua_pushboolean(L, true);
  lua_setfield(L, -2, "redis");
}

#else

static int loop_redis(lua_State *L) {
  return luaL_error(L, "built without Redis; install libhiredis-dev and build again");
}

void bind_redis_open(lua_State *L) {
  (void)L;
}

#endif

const luaL_Reg bind_loop_redis_methods[] = {{"redis", loop_redis}, {NULL, NULL}};
