/* SPDX-License-Identifier: MIT
 *
 * For specs: system calls that fail on demand. Preloaded (LD_PRELOAD) it stands in
 * front of the C library for calls that come from moonsip; as a Lua module of the
 * same process it says which call fails, when and how.
 */
#undef _FORTIFY_SOURCE /* its inline recv would be another definition */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

static struct {
  char call[16];
  int at;    /* calls until the first that fails */
  int times; /* how many fail from there on */
  int error; /* SHORT: sendmsg takes one byte */
  int failed;
} plan;

enum { SHORT = -1 };

static bool is_ours(const void *caller) {
  Dl_info info;
  return dladdr(caller, &info) && info.dli_fname && strstr(info.dli_fname, "moonsip/core.so");
}

/* What the call is to fail with, or 0. */
static int verdict(const char *call, const void *caller) {
  if (plan.times == 0 || strcmp(plan.call, call) != 0 || !is_ours(caller)) return 0;
  if (--plan.at > 0) return 0;
  plan.times--;
  plan.failed++;
  return plan.error;
}

#define EXPORTED __attribute__((visibility("default")))

/* The C library's own. A cast from void * to a function is not ISO C. */
#define GET_REAL(name, real)              \
  __typeof__(&name) real;                 \
  void *symbol = dlsym(RTLD_NEXT, #name); \
  memcpy(&(real), &symbol, sizeof(real))

/* One stand-in: its result type, name, parameters and arguments. */
#define STAND_IN(type, name, parameters, arguments)          \
  EXPORTED type name parameters {                            \
    int error = verdict(#name, __builtin_return_address(0)); \
    GET_REAL(name, real);                                    \
    if (error <= 0) return real arguments;                   \
    errno = error;                                           \
    return -1;                                               \
  }

STAND_IN(int, socket, (int domain, int type, int protocol), (domain, type, protocol))
STAND_IN(int, bind, (int fd, __CONST_SOCKADDR_ARG address, socklen_t len), (fd, address, len))
STAND_IN(int, listen, (int fd, int backlog), (fd, backlog))
STAND_IN(int, connect, (int fd, __CONST_SOCKADDR_ARG address, socklen_t len), (fd, address, len))
STAND_IN(int, accept4, (int fd, __SOCKADDR_ARG address, socklen_t *len, int flags),
         (fd, address, len, flags))
STAND_IN(int, getsockname, (int fd, __SOCKADDR_ARG address, socklen_t *len), (fd, address, len))
STAND_IN(int, sendmmsg, (int fd, struct mmsghdr *messages, unsigned count, int flags),
         (fd, messages, count, flags))
STAND_IN(int, recvmmsg,
         (int fd, struct mmsghdr *messages, unsigned count, int flags, struct timespec *timeout),
         (fd, messages, count, flags, timeout))
STAND_IN(ssize_t, recv, (int fd, void *bytes, size_t len, int flags), (fd, bytes, len, flags))

EXPORTED ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  int error = verdict("sendmsg", __builtin_return_address(0));
  if (error > 0) {
    errno = error;
    return -1;
  }
  if (error == SHORT) return send(fd, message->msg_iov[0].iov_base, 1, flags);
  GET_REAL(sendmsg, real);
  return real(fd, message, flags);
}

/* fail(call, at, error name [, times]) */
static int fail(lua_State *L) {
  static const struct {
    const char *name;
    int value;
  } errors[] = {
#define E(name) {#name, name}
      E(EAGAIN),       E(EINTR),        E(EMFILE),
      E(ENFILE),       E(ENOBUFS),      E(ENOMEM),
      E(EPERM),        E(EPROTO),       E(EPIPE),
      E(EADDRINUSE),   E(ECONNABORTED), E(ECONNREFUSED),
      E(ECONNRESET),   E(ETIMEDOUT),    E(EMSGSIZE),
      E(ENETUNREACH),  E(EHOSTUNREACH), E(EADDRNOTAVAIL),
      E(EAFNOSUPPORT), {"SHORT", SHORT}
#undef E
  };
  const char *name = luaL_checkstring(L, 3);
  memset(&plan, 0, sizeof plan);
  strncpy(plan.call, luaL_checkstring(L, 1), sizeof plan.call - 1);
  plan.at = (int)luaL_checkinteger(L, 2);
  plan.times = (int)luaL_optinteger(L, 4, 1);
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
    if (strcmp(errors[i].name, name) == 0) plan.error = errors[i].value;
  }
  luaL_argcheck(L, plan.error != 0, 3, "unknown error name");
  return 0;
}

/* Ends it; returns how many calls failed. */
static int stop(lua_State *L) {
  plan.times = 0;
  lua_pushinteger(L, plan.failed);
  return 1;
}

EXPORTED int luaopen_failing_calls(lua_State *L);

int luaopen_failing_calls(lua_State *L) {
  static const luaL_Reg functions[] = {{"fail", fail}, {"stop", stop}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
