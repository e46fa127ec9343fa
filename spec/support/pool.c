/* SPDX-License-Identifier: MIT
 *
 * For specs: a pool, and its blocks by number. Each block is filled with a byte of
 * its own, so that two blocks that share memory tell.
 */
#include "base/pool.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#define POOL_CLASS "spec.pool"

enum { BLOCKS_MAX = 20000, ALIGNMENT = 16 };

typedef struct block {
  unsigned char *bytes;
  size_t size;
  unsigned char mark;
} block;

typedef struct pool {
  sip_pool pool;
  block blocks[BLOCKS_MAX];
} pool;

static pool *check_pool(lua_State *L) {
  return luaL_checkudata(L, 1, POOL_CLASS);
}

static block *check_block(lua_State *L, pool *p) {
  lua_Integer number = luaL_checkinteger(L, 2);
  luaL_argcheck(L, number >= 1 && number <= BLOCKS_MAX, 2, "no such block");
  return &p->blocks[number - 1];
}

/* What was written up to `len` is still there. */
static int is_whole(const block *b, size_t len) {
  for (size_t i = 0; i < len; i++) {
    if (b->bytes[i] != b->mark) return 0;
  }
  return 1;
}

/* pool:resize(number, size, mark): true when what the block held is still there. */
static int pool_resize(lua_State *L) {
  pool *p = check_pool(L);
  block *b = check_block(L, p);
  size_t size = (size_t)luaL_checkinteger(L, 3);
  size_t kept = b->size < size ? b->size : size;
  if (size == 0) {
    int whole = is_whole(b, b->size);
    sip_pool_alloc(&p->pool, b->bytes, b->size, 0);
    *b = (block){0};
    lua_pushboolean(L, whole);
    return 1;
  }
  unsigned char *bytes = sip_pool_alloc(&p->pool, b->bytes, b->size, size);
  if (!bytes) return luaL_error(L, "no memory");
  b->bytes = bytes;
  b->size = size;
  lua_pushboolean(L, is_whole(b, kept) && (size_t)bytes % ALIGNMENT == 0);
  b->mark = (unsigned char)luaL_checkinteger(L, 4);
  memset(bytes, b->mark, size);
  return 1;
}

/* Runs that were said to do well with large pages, and whether they could be one each. */
static int advised, misfits;

static void advise(void *ptr, size_t size) {
  advised++;
  misfits += (size_t)ptr % SIP_REGION_SIZE != 0 || size != SIP_REGION_SIZE;
}

/* pool:advised() -> how many, and how many misfits among them */
static int pool_advised(lua_State *L) {
  lua_pushinteger(L, advised);
  lua_pushinteger(L, misfits);
  return 2;
}

static int pool_slabs(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_pool(L)->pool.regions.slabs);
  return 1;
}

static int pool_gc(lua_State *L) {
  pool *p = check_pool(L);
  for (size_t i = 0; i < BLOCKS_MAX; i++) {
    if (p->blocks[i].bytes) sip_pool_alloc(&p->pool, p->blocks[i].bytes, p->blocks[i].size, 0);
    p->blocks[i] = (block){0};
  }
  sip_pool_deinit(&p->pool);
  lua_pushinteger(L, (lua_Integer)p->pool.regions.slabs);
  return 1;
}

static int pool_new(lua_State *L) {
  pool *p = lua_newuserdatauv(L, sizeof *p, 0);
  memset(p, 0, sizeof *p);
  sip_pool_init(&p->pool, advise);
  advised = misfits = 0;
  luaL_setmetatable(L, POOL_CLASS);
  return 1;
}

int luaopen_pool(lua_State *L);

int luaopen_pool(lua_State *L) {
  static const luaL_Reg methods[] = {{"resize", pool_resize},
                                     {"slabs", pool_slabs},
                                     {"advised", pool_advised},
                                     {"close", pool_gc},
                                     {NULL, NULL}};
  static const luaL_Reg functions[] = {{"new", pool_new}, {NULL, NULL}};
  luaL_newmetatable(L, POOL_CLASS);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, pool_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, functions);
  return 1;
}
