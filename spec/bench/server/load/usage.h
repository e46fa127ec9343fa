/* SPDX-License-Identifier: MIT
 *
 * CPU time: of the server's processes, of this one, and of everybody else, who
 * disturb the measurement.
 */
#ifndef LOAD_USAGE_H
#define LOAD_USAGE_H

#include <stdint.h>

enum { USAGE_PROCESSES_MAX = 256 };

/* The processes of one session, found once. */
typedef struct usage {
  int processes[USAGE_PROCESSES_MAX];
  int count;
} usage;

typedef struct usage_sample {
  int64_t server_ns;   /* all threads of the server's processes */
  int64_t own_ns;      /* this process, and those beside it */
  int64_t everyone_ns; /* all cores, also what a hypervisor took away; in ticks of 10 ms */
} usage_sample;

/* The server leads a session of its own (setsid), which its children share. */
void usage_find(usage *u, int session);

/* `beside`: of the load's side too, as one who answers what a proxy forwards. */
usage_sample usage_take(const usage *server, const usage *beside);
usage_sample usage_between(usage_sample from, usage_sample to);

#endif
