/* SPDX-License-Identifier: MIT
 *
 * For specs: an io_uring that is refused, or stops. Preloaded (LD_PRELOAD) it stands in
 * front of liburing; as a Lua module it says when to fail, and whether the kernel has one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct io_uring;

static _Atomic int is_refused;
static _Atomic int submits_left = -1; /* less than 0: no end of them */
static _Atomic int submits;

/* A module's libraries are not among those that RTLD_NEXT looks into. */
static void find(const char *name, void *into) {
  void *found = dlsym(dlopen("liburing.so.2", RTLD_LAZY), name);
  memcpy(into, &found, sizeof found);
}

int io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags);
int io_uring_submit_and_wait(struct io_uring *ring, unsigned wanted);
int luaopen_failing_ring(lua_State *L);

int io_uring_queue_init(unsigned entries, struct io_uring *ring, unsigned flags) {
  int (*next)(unsigned, struct io_uring *, unsigned);
  find("io_uring_queue_init", &next);
  return is_refused ? -EPERM : next(entries, ring, flags);
}

int io_uring_submit_and_wait(struct io_uring *ring, unsigned wanted) {
  static int (*next)(struct io_uring *, unsigned);
  if (!next) find("io_uring_submit_and_wait", &next);
  if (submits_left == 0) return -ENXIO;
  if (submits_left > 0) submits_left--;
  submits++;
  return next(ring, wanted);
}

/* ring.refuse(): the next one is not made */
static int lua_refuse(lua_State *L) {
  (void)L;
  is_refused = 1;
  return 0;
}

/* ring.stop(n): it ends after so many submits */
static int lua_stop(lua_State *L) {
  submits_left = (int)luaL_checkinteger(L, 1);
  return 0;
}

static int lua_submits(lua_State *L) {
  lua_pushinteger(L, submits);
  return 1;
}

/* ring.works() -> the kernel lets us */
static int lua_works(lua_State *L) {
  char parameters[256] = {0};
  long fd = syscall(SYS_io_uring_setup, 1, parameters);
  if (fd >= 0) close((int)fd);
  lua_pushboolean(L, fd >= 0);
  return 1;
}

int luaopen_failing_ring(lua_State *L) {
  static const luaL_Reg functions[] = {{"refuse", lua_refuse},
                                       {"stop", lua_stop},
                                       {"submits", lua_submits},
                                       {"works", lua_works},
                                       {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
