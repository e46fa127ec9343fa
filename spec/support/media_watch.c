/* SPDX-License-Identifier: MIT
 *
 * For specs: loaded by LD_PRELOAD it counts what the media thread must not do (allocate,
 * lock, open files) while it is told to; as a Lua module it is told to, and tells.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALLOCATIONS, LOCKS, FILES, KINDS };

static _Atomic long counts[KINDS];
static _Atomic int is_on;

/* A thread asks once what it is called; 0: not yet, 1: another, 2: the media thread. */
static __thread int kind_of_thread;

static int is_media_thread(void) {
  if (!atomic_load_explicit(&is_on, memory_order_relaxed)) return 0;
  if (kind_of_thread == 0) {
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    kind_of_thread = strcmp(name, "moonsip-media") == 0 ? 2 : 1;
  }
  return kind_of_thread == 2;
}

static void count(int kind) {
  if (is_media_thread()) atomic_fetch_add_explicit(&counts[kind], 1, memory_order_relaxed);
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *ptr, size_t size);
extern void __libc_free(void *ptr);

void *malloc(size_t size) {
  count(ALLOCATIONS);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count(ALLOCATIONS);
  return __libc_calloc(number, size);
}

void *realloc(void *ptr, size_t size) {
  count(ALLOCATIONS);
  return __libc_realloc(ptr, size);
}

void free(void *ptr) {
  if (ptr) count(ALLOCATIONS);
  __libc_free(ptr);
}

/* What the symbol would be without us, as a pointer to a function. */
#define FIND_NEXT(name, into)              \
  do {                                     \
    void *found = dlsym(RTLD_NEXT, name);  \
    memcpy(&(into), &found, sizeof(into)); \
  } while (0)

int pthread_mutex_lock(pthread_mutex_t *mutex) {
  static int (*next)(pthread_mutex_t *);
  if (!next) FIND_NEXT("pthread_mutex_lock", next);
  count(LOCKS);
  return next(mutex);
}

FILE *fopen(const char *path, const char *mode) {
  static FILE *(*next)(const char *, const char *);
  if (!next) FIND_NEXT("fopen", next);
  count(FILES);
  return next(path, mode);
}

int open(const char *path, int flags, ...) {
  static int (*next)(const char *, int, ...);
  if (!next) FIND_NEXT("open", next);
  va_list list;
  va_start(list, flags);
  int mode = va_arg(list, int); /* whatever it is without O_CREAT, it is not looked at */
  va_end(list);
  count(FILES);
  return next(path, flags, mode);
}

static int lua_start(lua_State *L) {
  atomic_store(&is_on, lua_toboolean(L, 1));
  for (int i = 0; i < KINDS; i++) atomic_store(&counts[i], 0);
  return 0;
}

/* watch.counts() -> allocations, locks, files */
static int lua_counts(lua_State *L) {
  for (int i = 0; i < KINDS; i++) lua_pushinteger(L, (lua_Integer)atomic_load(&counts[i]));
  return KINDS;
}

int luaopen_media_watch(lua_State *L);

int luaopen_media_watch(lua_State *L) {
  static const luaL_Reg functions[] = {{"start", lua_start}, {"counts", lua_counts}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
