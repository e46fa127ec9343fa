/* SPDX-License-Identifier: MIT
 *
 * For specs: a thread that has so much to do in each millisecond, and keeps to its share.
 */
#include "media/priority.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

enum { WINDOW_US = 1000000, RUN_US = 5000000, TICK_US = 1000, BURST_TICKS = 60, US = 1000 };

typedef struct thread {
  media_budget budget;
  int64_t now;                /* us */
  int64_t worked, rested;     /* us */
  int64_t most;               /* work within a window */
  unsigned char busy[RUN_US]; /* each us */
} thread;

static void work(thread *t, int64_t us) {
  media_budget_begin(&t->budget, t->now * US);
  for (; us > 0 && t->now < RUN_US; us--) {
    t->busy[t->now++] = 1;
    t->worked++;
  }
  int64_t rest = media_budget_end(&t->budget, t->now * US) / US;
  t->rested += rest;
  t->now += rest;
}

static int64_t most_of_window(const thread *t) {
  int64_t sum = 0, most = 0;
  for (int64_t i = 0; i < RUN_US; i++) {
    sum += t->busy[i];
    if (i >= WINDOW_US) sum -= t->busy[i - WINDOW_US];
    if (sum > most) most = sum;
  }
  return most;
}

/* budget.run(us) -> share of a core that it had, most of a second, share that it rested; when
 * each millisecond brings so many microseconds of work, and a burst of it is bounded */
static int run(lua_State *L) {
  thread *t = lua_newuserdatauv(L, sizeof *t, 0);
  int64_t each = luaL_checkinteger(L, 1), done = 0;
  memset(t, 0, sizeof *t);
  media_budget_init(&t->budget, 0);
  while (t->now < RUN_US) {
    int64_t ticks = t->now / TICK_US - done;
    done += ticks;
    work(t, (ticks < BURST_TICKS ? ticks : BURST_TICKS) * each);
    if (t->now / TICK_US == done) t->now = (done + 1) * TICK_US;
  }
  lua_pushnumber(L, (lua_Number)t->worked / RUN_US);
  lua_pushnumber(L, (lua_Number)most_of_window(t) / WINDOW_US);
  lua_pushnumber(L, (lua_Number)t->rested / RUN_US);
  return 3;
}

int luaopen_media_budget(lua_State *L);

int luaopen_media_budget(lua_State *L) {
  static const luaL_Reg functions[] = {{"run", run}, {NULL, NULL}};
  luaL_newlib(L, functions);
  return 1;
}
