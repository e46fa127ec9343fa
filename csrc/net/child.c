/* SPDX-License-Identifier: MIT
 *
 * A child has three pipes and a descriptor that becomes readable at its end (pidfd).
 * It is in one list, `running`, then `ended`. What a grandchild still holds of its
 * pipes is not waited for: after the end of the child they are read until they are
 * empty.
 */
#include "net/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "net/sigpipe.h"
#include "net/state.h"

enum { INPUT, OUTPUT, ERRORS, END, POLLS };

typedef struct net_child {
  sip_link link;
  net_loop *loop;
  uv_poll_t polls[POLLS];
  int fds[POLLS]; /* -1: closed */
  int open_polls; /* handles that libuv still knows */
  pid_t pid;
  net_child_fn done; /* NULL: nobody waits */
  void *context;
  sip_id id;
  char *input; /* copied; NULL once it is written */
  size_t input_size, input_sent;
  sip_buffer output;
  sip_buffer errors;
  net_child_end end;
  bool is_reaped; /* the number may be another process's by now */
  bool is_told;
} net_child;

/* --- Life --------------------------------------------------------------------- */

static void free_child(net_child *child) {
  net_loop *loop = child->loop;
  sip_buffer_deinit(&child->output);
  sip_buffer_deinit(&child->errors);
  sip_alloc_free(&loop->alloc, child->input, child->input_size);
  sip_alloc_free(&loop->alloc, child, sizeof *child);
}

static void on_closed(uv_handle_t *handle) {
  net_child *child = handle->data;
  if (--child->open_polls == 0 && child->is_told) free_child(child);
}

static void close_poll(net_child *child, int which) {
  if (child->fds[which] < 0) return;
  uv_close((uv_handle_t *)&child->polls[which], on_closed);
  close(child->fds[which]);
  child->fds[which] = -1;
}

/* --- What comes of it ------------------------------------------------------------ */

static void kill_group(const net_child *child) {
  if (!child->is_reaped) kill(-child->pid, SIGKILL);
}

static void feed(net_child *child) {
  size_t left = child->input_size - child->input_sent;
  net_sigpipe held;
  net_sigpipe_hold(&held);
  ssize_t sent = write(child->fds[INPUT], child->input + child->input_sent, left);
  net_sigpipe_release(&held);
  if (sent > 0) child->input_sent += (size_t)sent;
  bool is_blocked = sent < 0 && (errno == EAGAIN || errno == EINTR);
  if (child->input_sent == child->input_size || (sent < 0 && !is_blocked)) {
    close_poll(child, INPUT); /* all is written, or nobody reads it */
  }
}

static void keep_output(net_child *child, sip_str bytes) {
  sip_buffer_add(&child->output, bytes);
  if (!child->output.failed) return;
  bool is_over = child->output.len + bytes.len > child->output.max;
  child->end.error = is_over ? SIP_E_LIMIT : SIP_E_MEMORY;
  close_poll(child, OUTPUT);
  kill_group(child);
}

/* The beginning says what went wrong; the rest is read and dropped. */
static void keep_errors(net_child *child, sip_str bytes) {
  size_t room = NET_CHILD_ERRORS_MAX - child->errors.len;
  if (bytes.len > room) bytes.len = room;
  sip_buffer_add(&child->errors, bytes);
}

/* Reads once; false when there is nothing more for now, or ever. */
static bool read_some(net_child *child, int which) {
  if (child->fds[which] < 0) return false;
  ssize_t got = read(child->fds[which], child->loop->scratch, NET_SCRATCH_SIZE);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got <= 0) {
    close_poll(child, which);
    return false;
  }
  sip_str bytes = sip_str_make(child->loop->scratch, (size_t)got);
  if (which == OUTPUT) {
    keep_output(child, bytes);
  } else {
    keep_errors(child, bytes);
  }
  return true;
}

static void finish(net_child *child) {
  siginfo_t info = {0};
  if (waitid(P_PIDFD, (id_t)child->fds[END], &info, WEXITED | WNOHANG) != 0) {
    info.si_code = CLD_EXITED; /* somebody else has reaped it: how it ended is lost */
    info.si_status = 0;
  } else if (info.si_pid == 0) {
    return;
  }
  child->is_reaped = true;
  while (read_some(child, OUTPUT)) {
  }
  while (read_some(child, ERRORS)) {
  }
  for (int i = 0; i < POLLS; i++) close_poll(child, i);
  if (info.si_code == CLD_EXITED) {
    child->end.status = info.si_status;
  } else {
    child->end.signal = info.si_status;
  }
  sip_link_remove(&child->link);
  sip_link_append(&child->loop->children.ended, &child->link);
}

static void on_ready(uv_poll_t *poll, int status, int events) {
  (void)status; /* read and write say what is wrong */
  (void)events;
  net_child *child = poll->data;
  switch (poll - child->polls) {
  case INPUT:
    feed(child);
    break;
  case END:
    finish(child);
    break;
  default:
    read_some(child, (int)(poll - child->polls));
    break;
  }
}

/* --- Starting ------------------------------------------------------------------- */

/* [INPUT], [OUTPUT], [ERRORS]: ours and the child's ends. All closed on exec. */
typedef struct pipes {
  int ours[END];
  int theirs[END];
} pipes;

static void close_all(int *fds, int count) {
  for (int i = 0; i < count; i++) {
    if (fds[i] >= 0) close(fds[i]);
    fds[i] = -1;
  }
}

static int open_pipes(pipes *p) {
  *p = (pipes){.ours = {-1, -1, -1}, .theirs = {-1, -1, -1}};
  for (int i = 0; i < END; i++) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
      int error = -errno;
      close_all(p->ours, END);
      close_all(p->theirs, END);
      return error;
    }
    p->ours[i] = fds[i == INPUT ? 1 : 0];
    p->theirs[i] = fds[i == INPUT ? 0 : 1];
    fcntl(p->ours[i], F_SETFL, O_NONBLOCK);
  }
  return 0;
}

/* A group of its own, no signal blocked, none ignored: Lua programs that ignore SIGPIPE
 * would hand that down. */
static int set_attributes(posix_spawnattr_t *attributes) {
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setpgroup(attributes, 0);
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &all);
  return posix_spawnattr_setflags(
      attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

extern char **environ;

static int spawn(net_child *child, const net_program *program, const pipes *p) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  if (posix_spawn_file_actions_init(&actions) != 0) return SIP_E_MEMORY;
  if (posix_spawnattr_init(&attributes) != 0) {
    posix_spawn_file_actions_destroy(&actions);
    return SIP_E_MEMORY;
  }
  int error = set_attributes(&attributes);
  for (int i = 0; i < END && !error; i++) {
    error = posix_spawn_file_actions_adddup2(&actions, p->theirs[i], i);
  }
  /* Not even what the program that hosts us left open. */
  if (!error) error = posix_spawn_file_actions_addclosefrom_np(&actions, END);
  if (!error && program->folder) {
    error = posix_spawn_file_actions_addchdir_np(&actions, program->folder);
  }
  if (!error) {
    char *const *environment = program->environment ? program->environment : environ;
    error = posix_spawnp(&child->pid, program->arguments[0], &actions, &attributes,
                         program->arguments, environment);
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return -error;
}

/* Takes over our ends; all of the child is watched, or none. */
static int watch(net_child *child, const pipes *p) {
  memcpy(child->fds, p->ours, sizeof p->ours);
  child->fds[END] = pidfd_open(child->pid, 0);
  int error = child->fds[END] < 0 ? -errno : 0;
  int opened = 0;
  while (!error && opened < POLLS) {
    uv_poll_t *poll = &child->polls[opened];
    error = uv_poll_init(&child->loop->uv, poll, child->fds[opened]);
    poll->data = child;
    if (!error) opened++;
  }
  child->open_polls = opened;
  if (!error) {
    for (int i = 0; i < POLLS; i++) {
      uv_poll_start(&child->polls[i], i == INPUT ? UV_WRITABLE : UV_READABLE, on_ready);
    }
    return 0;
  }
  close_all(child->fds + opened, POLLS - opened);
  for (int i = 0; i < opened; i++) close_poll(child, i);
  return error;
}

static net_child *new_child(net_loop *loop, const net_program *program) {
  net_child *child = sip_alloc_zero(&loop->alloc, sizeof *child);
  if (!child) return NULL;
  child->loop = loop;
  child->done = program->done;
  child->context = program->context;
  child->id = program->id;
  sip_link_init(&child->link);
  for (int i = 0; i < POLLS; i++) child->fds[i] = -1;
  sip_buffer_init(&child->output, &loop->alloc, program->output_max);
  sip_buffer_init(&child->errors, &loop->alloc, NET_CHILD_ERRORS_MAX);
  child->input_size = program->input.len;
  if (child->input_size == 0) return child;
  child->input = sip_alloc_new(&loop->alloc, child->input_size);
  if (!child->input) {
    sip_alloc_free(&loop->alloc, child, sizeof *child);
    return NULL;
  }
  memcpy(child->input, program->input.ptr, child->input_size);
  return child;
}

/* It runs and cannot be watched: it ends at once, and is not told. */
static void give_up(net_child *child) {
  kill_group(child);
  while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
  }
  child->is_told = true;
  if (child->open_polls == 0) free_child(child);
}

int net_child_start(net_loop *loop, const net_program *program) {
  if (loop->counts.children >= NET_CHILDREN_MAX) return SIP_E_LIMIT;
  net_child *child = new_child(loop, program);
  if (!child) return SIP_E_MEMORY;
  pipes p;
  int error = open_pipes(&p);
  if (!error) error = spawn(child, program, &p);
  close_all(p.theirs, END);
  if (error) {
    close_all(p.ours, END);
    free_child(child);
    return error;
  }
  error = watch(child, &p);
  if (error) {
    give_up(child);
    return error;
  }
  loop->counts.children++;
  sip_link_append(&loop->children.running, &child->link);
  return 0;
}

/* --- Ending --------------------------------------------------------------------- */

int net_child_kill(net_loop *loop, sip_id id) {
  const sip_link *head = &loop->children.running;
  for (sip_link *link = head->next; link != head; link = link->next) {
    net_child *child = SIP_CONTAINER(link, net_child, link);
    if (child->id != id) continue;
    kill_group(child);
    return 0;
  }
  return SIP_E_GONE;
}

/* Its memory goes when libuv has closed its handles. */
static void forget(net_child *child) {
  sip_link_remove(&child->link);
  child->loop->counts.children--;
  child->is_told = true;
  if (child->open_polls == 0) free_child(child);
}

void net_child_tell(net_loop *loop) {
  while (!sip_link_alone(&loop->children.ended)) {
    net_child *child = SIP_CONTAINER(loop->children.ended.next, net_child, link);
    sip_link_remove(&child->link);
    sip_link_init(&child->link);
    child->end.output = sip_buffer_str(&child->output);
    child->end.errors = sip_buffer_str(&child->errors);
    child->done(child->context, child->id, &child->end);
    forget(child);
  }
}

void net_child_close_all(net_loop *loop) {
  while (!sip_link_alone(&loop->children.ended)) {
    forget(SIP_CONTAINER(loop->children.ended.next, net_child, link));
  }
  while (!sip_link_alone(&loop->children.running)) {
    net_child *child = SIP_CONTAINER(loop->children.running.next, net_child, link);
    kill_group(child);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    for (int i = 0; i < POLLS; i++) close_poll(child, i);
    forget(child);
  }
}
