/* SPDX-License-Identifier: MIT
 *
 * The scheduler's own count of nanoseconds (/proc/PID/task/TID/schedstat): ticks
 * are too coarse for a window of some seconds at a low rate.
 */
#define _GNU_SOURCE
#include "usage.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 300, LINE_SIZE = 1024, NS_PER_S = 1000000000 };

/* The first line of a file of /proc; false when there is none any more. */
static int read_line(const char *path, char line[LINE_SIZE]) {
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  int is_read = fgets(line, LINE_SIZE, file) != NULL;
  fclose(file);
  return is_read;
}

/* Field 6 of proc(5)'s stat; the name before it may hold anything. */
static int session_of(const char *process) {
  char path[PATH_SIZE], line[LINE_SIZE];
  snprintf(path, sizeof path, "/proc/%s/stat", process);
  if (!read_line(path, line)) return -1;
  const char *after_name = strrchr(line, ')');
  int session;
  if (!after_name || sscanf(after_name + 1, " %*c %*d %*d %d", &session) != 1) return -1;
  return session;
}

void usage_find(usage *u, int session) {
  u->count = 0;
  DIR *folder = opendir("/proc");
  if (!folder) return;
  struct dirent *entry;
  while ((entry = readdir(folder)) && u->count < USAGE_PROCESSES_MAX) {
    int process = (int)strtol(entry->d_name, NULL, 10);
    if (process > 0 && session_of(entry->d_name) == session) u->processes[u->count++] = process;
  }
  closedir(folder);
}

static int64_t process_ns(int process) {
  char path[PATH_SIZE], line[LINE_SIZE];
  snprintf(path, sizeof path, "/proc/%d/task", process);
  DIR *folder = opendir(path);
  if (!folder) return 0;
  int64_t sum = 0;
  struct dirent *entry;
  while ((entry = readdir(folder))) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", process, entry->d_name);
    if (read_line(path, line)) sum += strtoll(line, NULL, 10);
  }
  closedir(folder);
  return sum;
}

static int64_t own_ns(void) {
  struct timespec spent;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return (int64_t)spent.tv_sec * NS_PER_S + spent.tv_nsec;
}

/* Everything of /proc/stat's first line but idle and iowait; guest time is in
 * user time already. */
static int64_t everyone_ns(void) {
  char line[LINE_SIZE];
  long long user, nice, system, irq, softirq, steal;
  if (!read_line("/proc/stat", line)) return 0;
  if (sscanf(line, "cpu %lld %lld %lld %*d %*d %lld %lld %lld", &user, &nice, &system, &irq,
             &softirq, &steal) != 6) {
    return 0;
  }
  return (user + nice + system + irq + softirq + steal) * (NS_PER_S / sysconf(_SC_CLK_TCK));
}

static int64_t all_ns(const usage *u) {
  int64_t sum = 0;
  for (int i = 0; i < u->count; i++) sum += process_ns(u->processes[i]);
  return sum;
}

usage_sample usage_take(const usage *server, const usage *beside) {
  return (usage_sample){.server_ns = all_ns(server),
                        .own_ns = own_ns() + all_ns(beside),
                        .everyone_ns = everyone_ns()};
}

usage_sample usage_between(usage_sample from, usage_sample to) {
  return (usage_sample){.server_ns = to.server_ns - from.server_ns,
                        .own_ns = to.own_ns - from.own_ns,
                        .everyone_ns = to.everyone_ns - from.everyone_ns};
}
