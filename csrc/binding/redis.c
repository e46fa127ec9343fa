/* SPDX-License-Identifier: MIT
 *
 * core.redis: a connection to a Redis server, by hiredis. Every call blocks, for a bounded
 * time: it is for the threads of workers (lua/moonsip/redis.lua). Without the library
 * there is no core.redis.
 */
#include "binding/binding.h"

#ifdef HAVE_HIREDIS

#include <hiredis/hiredis.h>

#define REDIS_CLASS "moonsip.redis"

enum { THOUSAND = 1000, WORDS_MAX = 4096, DEPTH_MAX = 16 };

typedef struct bind_redis {
  redisContext *context; /* NULL: closed */
  redisReply *reply;     /* being pushed */
} bind_redis;

static bind_redis *check_any(lua_State *L) {
  return luaL_checkudata(L, 1, REDIS_CLASS);
}

/* nil, { kind = "store", name, reason }; a plain table, which can be copied. */
static int fail(lua_State *L, const char *name, const char *reason) {
  lua_pushnil(L);
  lua_createtable(L, 0, 3);
  lua_pushliteral(L, "store");
  lua_setfield(L, -2, "kind");
  lua_pushstring(L, name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, reason);
  lua_setfield(L, -2, "reason");
  return 2;
}

static struct timeval span(lua_Integer ms) {
  return (struct timeval){.tv_sec = (time_t)(ms / THOUSAND),
                          .tv_usec = (suseconds_t)(ms % THOUSAND * THOUSAND)};
}

/* redis(host, port, timeout_ms) -> connection | nil, err */
static int redis_open(lua_State *L) {
  const char *host = luaL_checkstring(L, 1);
  int port = (int)luaL_checkinteger(L, 2);
  struct timeval timeout = span(luaL_checkinteger(L, 3));
  bind_redis *self = lua_newuserdatauv(L, sizeof *self, 0);
  *self = (bind_redis){0};
  luaL_setmetatable(L, REDIS_CLASS);
  self->context = redisConnectWithTimeout(host, port, timeout);
  if (!self->context) return fail(L, "OPEN", "not enough memory");
  if (self->context->err) return fail(L, "OPEN", self->context->errstr);
  redisSetTimeout(self->context, timeout);
  return 1;
}

/* Also __gc and __close. */
static int redis_close(lua_State *L) {
  bind_redis *self = check_any(L);
  if (self->reply) freeReplyObject(self->reply);
  if (self->context) redisFree(self->context);
  *self = (bind_redis){0};
  return 0;
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
    lua_pushlstring(L, reply->str, reply->len);
  }
}

/* connection:command(word ...) -> reply | nil, err; name COMMAND: the server refused it,
 * IO: the connection is of no use any more */
static int redis_command(lua_State *L) {
  bind_redis *self = check_any(L);
  luaL_argcheck(L, self->context, 1, "the connection is closed");
  const char *words[WORDS_MAX];
  size_t lengths[WORDS_MAX];
  int count = lua_gettop(L) - 1;
  luaL_argcheck(L, count >= 1 && count <= WORDS_MAX, 2, "1 to 4096 words");
  for (int i = 0; i < count; i++) words[i] = luaL_checklstring(L, i + 2, &lengths[i]);
  self->reply = redisCommandArgv(self->context, count, words, lengths);
  if (!self->reply) return fail(L, "IO", self->context->errstr);
  int results = 1;
  if (self->reply->type == REDIS_REPLY_ERROR) {
    results = fail(L, "COMMAND", self->reply->str);
  } else {
    push_reply(L, self->reply, 0);
  }
  freeReplyObject(self->reply);
  self->reply = NULL;
  return results;
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
  lua_pushcfunction(L, redis_open);
  lua_setfield(L, -2, "redis");
}

#else

void bind_redis_open(lua_State *L) {
  (void)L;
}

#endif
