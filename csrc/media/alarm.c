/* SPDX-License-Identifier: MIT
 *
 * A timerfd on an absolute time does not drift, however late it is looked at.
 */
#include "media/alarm.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { GONE_OFF = -1 /* not read: it is set anew before the next wait, which clears it */ };

int media_alarm_init(media_alarm *alarm) {
  *alarm = (media_alarm){.poll = epoll_create1(EPOLL_CLOEXEC),
                         .timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
                         .wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (alarm->poll < 0 || alarm->timer < 0 || alarm->wake < 0) return -errno;
  int error = media_alarm_watch(alarm, alarm->wake);
  return error ? error : media_alarm_watch(alarm, alarm->timer);
}

void media_alarm_deinit(media_alarm *alarm) {
  const int fds[] = {alarm->poll, alarm->timer, alarm->wake};
  for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
    if (fds[i] >= 0) close(fds[i]);
  }
}

int media_alarm_watch(media_alarm *alarm, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  return epoll_ctl(alarm->poll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

void media_alarm_mind(media_alarm *alarm, int fd, bool minds) {
  struct epoll_event event = {.events = minds ? EPOLLIN : 0, .data.fd = fd};
  epoll_ctl(alarm->poll, EPOLL_CTL_MOD, fd, &event);
}

static void set(media_alarm *alarm, rtp_time at) {
  if (at == RTP_TIME_NEVER) at = 0; /* the timer stops */
  if (at == alarm->set_to) return;
  alarm->set_to = at;
  struct itimerspec when = {
      .it_value = {.tv_sec = (time_t)(at / RTP_SECOND), .tv_nsec = (long)(at % RTP_SECOND)}};
  timerfd_settime(alarm->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void clear(int fd) {
  uint64_t count;
  if (read(fd, &count, sizeof count) < 0) { /* nothing was there */
  }
}

void media_alarm_wait(media_alarm *alarm, rtp_time until) {
  struct epoll_event events[4];
  set(alarm, until);
  int count = epoll_wait(alarm->poll, events, 4, -1);
  for (int i = 0; i < count; i++) {
    int fd = events[i].data.fd;
    if (fd == alarm->wake) clear(fd);
    if (fd == alarm->timer) alarm->set_to = GONE_OFF;
  }
}

void media_alarm_ring(const media_alarm *alarm) {
  uint64_t one = 1;
  if (write(alarm->wake, &one, sizeof one) < 0) { /* it is awake already */
  }
}
