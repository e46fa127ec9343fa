/* SPDX-License-Identifier: MIT
 *
 * How late this machine wakes a thread that has nothing to do: wake SECONDS. One thread on
 * each core, above the media thread's priority where that is allowed, wants to be woken
 * every millisecond. Prints for the worst core what 99.9 % of its wake-ups were not later
 * than, and the latest, in ms.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CORES_MAX = 64, STEP_US = 10, STEPS = 10000, PRIORITY = 30 };

typedef struct watch {
  pthread_t thread;
  int core;
  long ticks;
  long counts[STEPS];
  double p999, most; /* us */
} watch;

static watch watches[CORES_MAX];

static double late_us(const struct timespec *at) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - at->tv_sec) * 1e6 + (double)(now.tv_nsec - at->tv_nsec) / 1e3;
}

static void note(watch *w, double late) {
  int step = (int)(late / STEP_US);
  w->counts[step < STEPS ? step : STEPS - 1]++;
  if (late > w->most) w->most = late;
}

static void judge(watch *w) {
  long sum = 0;
  for (int i = 0; i < STEPS && (double)sum < 0.999 * (double)w->ticks; i++) {
    sum += w->counts[i];
    w->p999 = (i + 1) * STEP_US;
  }
}

static void *run(void *argument) {
  watch *w = argument;
  cpu_set_t cores;
  struct sched_param param = {.sched_priority = PRIORITY};
  struct timespec at;
  CPU_ZERO(&cores);
  CPU_SET(w->core, &cores);
  pthread_setaffinity_np(pthread_self(), sizeof cores, &cores);
  pthread_setschedparam(pthread_self(), SCHED_FIFO, &param);
  clock_gettime(CLOCK_MONOTONIC, &at);
  for (long tick = 0; tick < w->ticks; tick++) {
    at.tv_nsec += 1000000;
    at.tv_sec += at.tv_nsec / 1000000000;
    at.tv_nsec %= 1000000000;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
    note(w, late_us(&at));
  }
  judge(w);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  cpu_set_t allowed;
  int count = 0;
  double p999 = 0, most = 0;
  sched_getaffinity(0, sizeof allowed, &allowed);
  for (int core = 0; core < CPU_SETSIZE && count < CORES_MAX; core++) {
    if (!CPU_ISSET(core, &allowed)) continue;
    watches[count] = (watch){.core = core, .ticks = (long)(strtod(argv[1], NULL) * 1000)};
    if (pthread_create(&watches[count].thread, NULL, run, &watches[count]) == 0) count++;
  }
  for (int i = 0; i < count; i++) {
    pthread_join(watches[i].thread, NULL);
    if (watches[i].p999 > p999) p999 = watches[i].p999;
    if (watches[i].most > most) most = watches[i].most;
  }
  printf("%.3f %.3f\n", p999 / 1e3, most / 1e3);
  return 0;
}
