/* SPDX-License-Identifier: MIT
 *
 * The thread waits for a timer that is set to the next frame's instant, for commands, and,
 * while there are few sessions, for their packets. With many of them sockets are looked at
 * with each millisecond's frames instead.
 */
#include "media/thread.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "base/error.h"
#include "base/ring.h"
#include "media/alarm.h"
#include "media/clock.h"
#include "media/disk.h"
#include "media/lateness.h"
#include "media/poll.h"

enum {
  COMMANDS = 1024, /* that wait in the ring; powers of two */
  EVENTS = 1024,
  WATCHED_SESSIONS = 32, /* up to as many, each packet wakes the thread */
  STACK_SIZE = 512 * 1024
};

struct media_thread {
  sip_alloc *alloc;
  media_thread_config config;
  media_world world;
  media_control control;
  media_ports ports;
  media_disk *disk; /* NULL before the first recording */
  pthread_t thread;
  bool is_running;
  _Atomic bool is_stopping;
  _Atomic bool is_full; /* events wait in the world for room in the ring */
  _Atomic int priority;
  media_alarm alarm;
  media_budget budget;
  media_poll sockets;
  media_ring commands, events;
  sip_ring overflow; /* commands that found no room: the main thread's */
  media_lateness lateness;
  _Atomic uint64_t cpu_us, sessions, verbs, packets_in, packets_out, overruns, skipped;
  media_command command_memory[COMMANDS];
  media_event event_memory[EVENTS];
};

/* --- In the thread: packets --------------------------------------------------------- */

static bool send_datagram(void *context, const media_datagram *datagram) {
  return media_poll_send(&((media_thread *)context)->sockets, datagram);
}

static void frame_is_due(void *context, media_session *session) {
  media_poll_due(&((media_thread *)context)->sockets, session);
}

static void close_session(void *context, media_session *session) {
  media_poll_close(&((media_thread *)context)->sockets, session->socket);
}

/* With few sessions each packet wakes the thread. */
static void watch_sockets(media_thread *self) {
  bool watches = self->world.parties <= WATCHED_SESSIONS;
  if (watches == self->sockets.watches_all) return;
  media_alarm_mind(&self->alarm, self->sockets.fd, watches);
  self->sockets.watches_all = watches;
}

/* --- In the thread: commands, events, time ------------------------------------------------------
 */

static void take_commands(media_thread *self) {
  media_command command;
  while (media_ring_take(&self->commands, &command, 1) == 1) {
    if (command.kind == MEDIA_COMMAND_OPEN && command.party->kind == MEDIA_SESSION) {
      media_poll_open(&self->sockets, media_session_of(command.party)->socket);
    }
    media_world_command(&self->world, media_clock_now(), &command);
  }
  watch_sockets(self);
}

static void give_events(media_thread *self) {
  media_event event;
  bool is_any = false;
  while (media_ring_space(&self->events) > 0 && media_world_next_event(&self->world, &event)) {
    media_ring_put(&self->events, &event, 1);
    is_any = true;
  }
  bool is_full = !sip_link_alone(&self->world.reports);
  if (is_full) atomic_store_explicit(&self->is_full, true, memory_order_release);
  if (is_any) self->config.wake(self->config.context);
}

static void store(_Atomic uint64_t *to, uint64_t value) {
  atomic_store_explicit(to, value, memory_order_relaxed);
}

static void show_counts(media_thread *self) {
  const media_world *world = &self->world;
  store(&self->sessions, world->parties);
  store(&self->verbs, world->verbs);
  store(&self->packets_in, world->counts.packets_in);
  store(&self->packets_out, world->counts.packets_out);
  store(&self->overruns, world->counts.overruns);
  store(&self->skipped, world->counts.skipped_frames);
  store(&self->cpu_us, (uint64_t)media_clock(CLOCK_THREAD_CPUTIME_ID) / 1000);
}

/* One that is not real-time is made to rest by its neighbours. */
static void rest(media_thread *self) {
  rtp_time span = media_budget_end(&self->budget, media_clock_now());
  if (span == 0 || atomic_load(&self->priority) != MEDIA_PRIORITY_REALTIME) return;
  nanosleep(&(struct timespec){.tv_nsec = (long)(span < RTP_SECOND ? span : RTP_SECOND - 1)}, NULL);
}

static void *run(void *argument) {
  media_thread *self = argument;
  pthread_setname_np(pthread_self(), "moonsip-media");
  if (self->config.realtime) atomic_store(&self->priority, media_priority_raise());
  media_budget_init(&self->budget, media_clock_now());
  while (!atomic_load_explicit(&self->is_stopping, memory_order_acquire)) {
    media_alarm_wait(&self->alarm, media_world_deadline(&self->world));
    rtp_time now = self->sockets.now = media_clock_now();
    media_budget_begin(&self->budget, now);
    take_commands(self);
    media_world_tick(&self->world, now);
    media_poll_flush(&self->sockets);
    media_poll_receive(&self->sockets, media_world_deadline(&self->world));
    media_poll_flush(&self->sockets);
    give_events(self);
    show_counts(self);
    rest(self);
  }
  take_commands(self);
  return NULL;
}

/* --- From the main thread --------------------------------------------------------- */

static void flush_overflow(media_thread *self) {
  while (self->overflow.count > 0 && media_ring_space(&self->commands) > 0) {
    media_ring_put(&self->commands, sip_ring_pop(&self->overflow), 1);
  }
}

static void post(void *context, const media_command *command) {
  media_thread *self = context;
  if (!self->is_running) { /* it was ended: the world is ours */
    media_world_command(&self->world, media_clock_now(), command);
    return;
  }
  flush_overflow(self);
  if (self->overflow.count > 0 || media_ring_put(&self->commands, command, 1) == 0) {
    if (!sip_ring_reserve(&self->overflow, 1)) {
      /* Without memory the thread has to catch up first. */
      while (media_ring_put(&self->commands, command, 1) == 0) sched_yield();
    } else {
      memcpy(sip_ring_push(&self->overflow), command, sizeof *command);
    }
  }
  media_alarm_ring(&self->alarm);
}

static bool take(void *context, media_event *event) {
  media_thread *self = context;
  flush_overflow(self);
  if (media_ring_take(&self->events, event, 1) == 1) return true;
  if (!self->is_running) return media_world_next_event(&self->world, event);
  bool was_full = atomic_exchange_explicit(&self->is_full, false, memory_order_acq_rel);
  if (was_full) media_alarm_ring(&self->alarm);
  return false;
}

/* All signals go to the other threads of the process. */
static int start(media_thread *self) {
  sigset_t all, before;
  pthread_attr_t attributes;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = -pthread_create(&self->thread, &attributes, run, self);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  self->is_running = error == 0;
  return error;
}

static int bind_session(void *context, media_session *session) {
  media_thread *self = context;
  media_socket *socket = sip_alloc_zero(self->alloc, sizeof *socket);
  if (!socket) return SIP_E_MEMORY;
  int error = media_socket_open(socket, &session->local, &self->ports);
  if (!error && !self->is_running) {
    error = start(self);
    if (error) media_socket_close(socket);
  }
  if (error) {
    sip_alloc_free(self->alloc, socket, sizeof *socket);
    return error;
  }
  socket->session = session;
  session->socket = socket;
  return 0;
}

static void release_session(void *context, media_session *session) {
  media_thread *self = context;
  media_socket *socket = session->socket;
  media_socket_close(socket);
  sip_alloc_free(self->alloc, socket, sizeof *socket);
}

/* --- Recordings ------------------------------------------------------------------- */

static int need_disk(void *context) {
  media_thread *self = context;
  if (self->disk) return 0;
  return media_disk_new(self->alloc, self->config.wake, self->config.context, &self->disk);
}

static void record(void *context, media_recorder *recorder) {
  media_disk_add(((media_thread *)context)->disk, recorder);
}

static void finish(void *context, media_recorder *recorder, uint64_t trim_ms) {
  media_disk_finish(((media_thread *)context)->disk, recorder, trim_ms);
}

static media_recorder *finished(void *context) {
  media_thread *self = context;
  return self->disk ? media_disk_finished(self->disk) : NULL;
}

/* --- Life ------------------------------------------------------------------------- */

media_control *media_thread_control(media_thread *thread) {
  return &thread->control;
}

void media_thread_forget_lateness(media_thread *self) {
  media_lateness_forget(&self->lateness);
}

void media_thread_get_counts(const media_thread *self, media_thread_counts *out) {
  *out = (media_thread_counts){
      .sessions = self->control.sessions,
      .verbs = self->control.verbs,
      .packets_in = atomic_load(&self->packets_in),
      .packets_out = atomic_load(&self->packets_out),
      .overruns = atomic_load(&self->overruns),
      .skipped_frames = atomic_load(&self->skipped),
      .commands_waiting = media_ring_count(&self->commands) + self->overflow.count,
      .events_waiting = media_ring_count(&self->events),
      .late_p50_us = media_lateness_read(&self->lateness, 500000),
      .late_p99_us = media_lateness_read(&self->lateness, 990000),
      .late_p999_us = media_lateness_read(&self->lateness, 999000),
      .late_max_us = atomic_load(&self->lateness.most_us),
      .cpu_us = atomic_load(&self->cpu_us),
      .priority = (media_priority)atomic_load(&self->priority),
      .io_uring = self->sockets.batch != NULL};
}

static void close_descriptors(media_thread *self) {
  media_alarm_deinit(&self->alarm);
  media_poll_deinit(&self->sockets);
}

static int open_descriptors(media_thread *self) {
  int error = media_alarm_init(&self->alarm);
  int poll_error = media_poll_init(&self->sockets, &self->world, &self->lateness);
  if (self->config.io_uring) media_poll_batch(&self->sockets, self->alloc);
  if (!error) error = poll_error;
  return error ? error : media_alarm_watch(&self->alarm, self->sockets.fd);
}

static void init_world(media_thread *self) {
  media_output output = {
      .send = send_datagram, .due = frame_is_due, .closed = close_session, .context = self};
  media_world_init(&self->world, &output, media_clock_now());
  self->world.wall_offset = media_clock(CLOCK_REALTIME) - media_clock_now();
  sip_random_init(&self->world.random, self->config.random, NULL);
  media_backend backend = {.bind = bind_session,
                           .release = release_session,
                           .post = post,
                           .take = take,
                           .need_disk = need_disk,
                           .record = record,
                           .finish = finish,
                           .finished = finished,
                           .context = self};
  media_control_init(&self->control, self->alloc, &backend);
  if (self->config.max_sessions) self->control.max_sessions = self->config.max_sessions;
}

int media_thread_new(sip_alloc *alloc, const media_thread_config *config, media_thread **out) {
  media_ports ports;
  if (!media_ports_init(&ports, config->first_port, config->last_port)) return SIP_E_INVALID;
  media_thread *self = sip_alloc_zero(alloc, sizeof *self);
  if (!self) return SIP_E_MEMORY;
  self->alloc = alloc;
  self->config = *config;
  self->ports = ports;
  media_ring_init(&self->commands, self->command_memory, sizeof(media_command), COMMANDS);
  media_ring_init(&self->events, self->event_memory, sizeof(media_event), EVENTS);
  sip_ring_init(&self->overflow, alloc, sizeof(media_command));
  int error = open_descriptors(self);
  if (error) {
    close_descriptors(self);
    sip_alloc_free(alloc, self, sizeof *self);
    return error;
  }
  init_world(self);
  *out = self;
  return 0;
}

/* Ends the thread; from then on the world is this thread's. */
static void join(media_thread *self) {
  if (!self->is_running) return;
  atomic_store_explicit(&self->is_stopping, true, memory_order_release);
  media_alarm_ring(&self->alarm);
  pthread_join(self->thread, NULL);
  self->is_running = false;
  while (self->overflow.count > 0) {
    media_world_command(&self->world, media_clock_now(), sip_ring_pop(&self->overflow));
  }
}

/* Recordings are waited for: their files are whole when this returns. */
void media_thread_free(media_thread *self) {
  if (!self) return;
  media_event event;
  void *owner;
  join(self);
  media_control_close_all(&self->control, NULL);
  while (self->control.handles.count > 0) {
    if (media_control_next(&self->control, &event, &owner)) {
      media_control_settle(&self->control, &event);
    } else {
      sched_yield();
    }
  }
  media_disk_free(self->disk);
  media_control_deinit(&self->control);
  sip_ring_deinit(&self->overflow);
  close_descriptors(self);
  sip_alloc_free(self->alloc, self, sizeof *self);
}
