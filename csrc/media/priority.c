/* SPDX-License-Identifier: MIT
 *
 * A bucket that fills while the thread rests and works, and that work empties.
 */
#include "media/priority.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
  LEVEL = 20, /* of SCHED_FIFO: below the kernel's own threads */
  NICE = -11
};

media_priority media_priority_raise(void) {
  struct sched_param param = {.sched_priority = LEVEL};
  if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0) {
    return MEDIA_PRIORITY_REALTIME;
  }
  bool is_nicer = setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE) == 0;
  return is_nicer ? MEDIA_PRIORITY_NICE : MEDIA_PRIORITY_NORMAL;
}

void media_budget_init(media_budget *budget, rtp_time now) {
  *budget = (media_budget){.left = MEDIA_BUDGET_MS * RTP_MS, .at = now};
}

static void fill(media_budget *budget, rtp_time now) {
  rtp_time most = MEDIA_BUDGET_MS * RTP_MS;
  rtp_time span = rtp_time_since(now, budget->at);
  if (span > RTP_SECOND) span = RTP_SECOND; /* more does not matter */
  budget->left += span / 100 * MEDIA_BUDGET_PERCENT;
  if (budget->left > most) budget->left = most;
  budget->at = now;
}

void media_budget_begin(media_budget *budget, rtp_time now) {
  fill(budget, now);
}

rtp_time media_budget_end(media_budget *budget, rtp_time now) {
  budget->left -= rtp_time_since(now, budget->at);
  fill(budget, now);
  return budget->left < 0 ? -budget->left : 0;
}
