/* SPDX-License-Identifier: MIT
 *
 * One mutex for the two queues. The loop is woken by a handle of its own, and takes what
 * has run when its turn comes to that.
 */
#include "net/workers.h"

#include <stdlib.h>

#include "base/error.h"
#include "net/state.h"

struct net_workers {
  sip_link link; /* in loop->workers */
  net_loop *loop;
  net_workers_config config;
  uv_thread_t *threads;
  size_t thread_count;
  size_t jobs; /* that are not done yet */
  uv_async_t waker;
  uv_mutex_t mutex; /* of all that follows */
  uv_cond_t work;
  sip_link waiting, ended;
  bool is_ending;
};

static sip_link *take_first(sip_link *list) {
  sip_link *link = list->next;
  sip_link_remove(link);
  return link;
}

/* --- In a thread ------------------------------------------------------------------- */

/* The next job, or NULL at the end. The mutex is held. */
static net_job *next_job(net_workers *workers) {
  while (sip_link_alone(&workers->waiting) && !workers->is_ending) {
    uv_cond_wait(&workers->work, &workers->mutex);
  }
  if (sip_link_alone(&workers->waiting)) return NULL;
  return SIP_CONTAINER(take_first(&workers->waiting), net_job, link);
}

static void work(void *argument) {
  net_workers *workers = argument;
  void *state = NULL;
  net_job *job;
  uv_mutex_lock(&workers->mutex);
  while ((job = next_job(workers))) {
    uv_mutex_unlock(&workers->mutex);
    job->run(job, &state);
    uv_mutex_lock(&workers->mutex);
    job->has_run = true;
    sip_link_append(&workers->ended, &job->link);
    uv_async_send(&workers->waker);
  }
  uv_mutex_unlock(&workers->mutex);
  if (state) workers->config.end(state);
}

/* --- In the loop --------------------------------------------------------------------- */

int net_workers_new(net_loop *loop, const net_workers_config *config, net_workers **out) {
  net_workers *workers = calloc(1, sizeof *workers);
  if (!workers) return SIP_E_MEMORY;
  *workers = (net_workers){.loop = loop, .config = *config};
  workers->threads = calloc(config->threads, sizeof *workers->threads);
  int error = workers->threads ? uv_async_init(&loop->uv, &workers->waker, NULL) : SIP_E_MEMORY;
  if (error) {
    free(workers->threads);
    free(workers);
    return error;
  }
  uv_mutex_init(&workers->mutex);
  uv_cond_init(&workers->work);
  sip_link_init(&workers->waiting);
  sip_link_init(&workers->ended);
  sip_link_init(&workers->link);
  sip_link_append(&loop->workers, &workers->link);
  *out = workers;
  return 0;
}

static int start_thread(net_workers *workers) {
  if (workers->thread_count == workers->config.threads) return 0;
  int error = uv_thread_create(&workers->threads[workers->thread_count], work, workers);
  if (!error) workers->thread_count++;
  return workers->thread_count ? 0 : error;
}

int net_workers_add(net_workers *workers, net_job *job) {
  job->has_run = false;
  sip_link_init(&job->link);
  if (workers->jobs >= workers->config.threads + workers->config.waiting) return SIP_E_LIMIT;
  int error = workers->jobs >= workers->thread_count ? start_thread(workers) : 0;
  if (error) return error;
  uv_mutex_lock(&workers->mutex);
  sip_link_append(&workers->waiting, &job->link);
  uv_cond_signal(&workers->work);
  uv_mutex_unlock(&workers->mutex);
  workers->jobs++;
  workers->loop->counts.jobs++;
  return 0;
}

static void finish(net_workers *workers, sip_link *jobs) {
  net_loop *loop = workers->loop;
  while (!sip_link_alone(jobs)) {
    net_job *job = SIP_CONTAINER(take_first(jobs), net_job, link);
    loop->counts.jobs--;
    workers->jobs--;
    job->has_run = job->has_run && !workers->is_ending;
    job->done(job);
  }
}

/* Moves all of a list, under the mutex. */
static void take_all(net_workers *workers, sip_link *from, sip_link *to) {
  uv_mutex_lock(&workers->mutex);
  while (!sip_link_alone(from)) sip_link_append(to, take_first(from));
  uv_mutex_unlock(&workers->mutex);
}

void net_workers_tell(net_loop *loop) {
  sip_link jobs;
  sip_link_init(&jobs);
  /* A callback may free workers or make some: the list is walked from its start again. */
  const sip_link *head = &loop->workers;
  for (sip_link *link = head->next; link != head; link = link->next) {
    net_workers *workers = SIP_CONTAINER(link, net_workers, link);
    take_all(workers, &workers->ended, &jobs);
    if (sip_link_alone(&jobs)) continue;
    finish(workers, &jobs);
    loop->is_woken = true; /* the next turn looks at the others */
    return;
  }
}

static void free_closed(uv_handle_t *handle) {
  net_workers *workers = SIP_CONTAINER(handle, net_workers, waker);
  free(workers->threads);
  free(workers);
}

void net_workers_free(net_workers *workers) {
  sip_link jobs;
  sip_link_init(&jobs);
  sip_link_remove(&workers->link);
  uv_mutex_lock(&workers->mutex);
  workers->is_ending = true;
  while (!sip_link_alone(&workers->waiting)) {
    sip_link_append(&jobs, take_first(&workers->waiting));
  }
  uv_cond_broadcast(&workers->work);
  uv_mutex_unlock(&workers->mutex);
  for (size_t i = 0; i < workers->thread_count; i++) uv_thread_join(&workers->threads[i]);
  take_all(workers, &workers->ended, &jobs);
  finish(workers, &jobs);
  uv_cond_destroy(&workers->work);
  uv_mutex_destroy(&workers->mutex);
  uv_close((uv_handle_t *)&workers->waker, free_closed);
}

void net_workers_close_all(net_loop *loop) {
  while (!sip_link_alone(&loop->workers)) {
    net_workers_free(SIP_CONTAINER(loop->workers.next, net_workers, link));
  }
}
