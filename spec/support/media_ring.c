/* SPDX-License-Identifier: MIT
 *
 * For specs: a ring between two threads, one that puts numbers and one that takes them.
 */
#include "media/ring.h"

#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>

enum { ROOM = 64, PIECE = 24 };

typedef struct crossing {
  media_ring ring;
  uint64_t memory[ROOM];
  uint64_t count;
} crossing;

/* Pieces of changing length, so that they go round the end in every way. */
static void *put_all(void *argument) {
  crossing *c = argument;
  uint64_t piece[PIECE], next = 0;
  while (next < c->count) {
    size_t want = 1 + next % PIECE;
    for (size_t i = 0; i < want; i++) piece[i] = next + i;
    size_t put = media_ring_put(&c->ring, piece, want);
    if (put == 0) sched_yield();
    next += put;
  }
  return NULL;
}

/* ring.cross(count) -> whether so many came, in order */
static int cross(lua_State *L) {
  crossing c = {.count = (uint64_t)luaL_checkinteger(L, 1)};
  pthread_t other;
  uint64_t piece[PIECE], next = 0;
  media_ring_init(&c.ring, c.memory, sizeof(uint64_t), ROOM);
  if (pthread_create(&other, NULL, put_all, &c) != 0) return luaL_error(L, "no thread");
  bool in_order = true;
  while (next < c.count) {
    size_t got = media_ring_take(&c.ring, piece, 1 + next % (PIECE - 1));
    if (got == 0) sched_yield();
    for (size_t i = 0; i < got; i++) in_order = in_order && piece[i] == next + i;
    next += got;
  }
  pthread_join(other, NULL);
  lua_pushboolean(L, in_order);
  return 1;
}

/* ring.fill() -> how many went in, how many then came out, what is left: 64, 64, 0 */
static int fill(lua_State *L) {
  uint64_t memory[ROOM], value = 7;
  media_ring ring;
  media_ring_init(&ring, memory, sizeof value, ROOM);
  lua_Integer in = 0, out = 0;
  while (media_ring_put(&ring, &value, 1) == 1) in++;
  lua_pushinteger(L, in);
  media_ring_drop(&ring, 10);
  while (media_ring_take(&ring, &value, 1) == 1) out++;
  lua_pushinteger(L, out);
  lua_pushinteger(L, (lua_Integer)media_ring_space(&ring));
  return 3;
}

int luaopen_media_ring(lua_State *L);

int luaopen_media_ring(lua_State *L) {
  static const luaL_Reg functions[] = {{"cross", cross}, {"fill", fill}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
