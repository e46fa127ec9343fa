/* SPDX-License-Identifier: MIT
 *
 * A millisecond at a time: the frames that are due, then the packets that arrive.
 */
#include "media/fabric.h"

#include <string.h>

#include "base/error.h"

enum {
  WRITE_MS = 200,  /* between the writes of a recording */
  SETTLE_MS = 500, /* what was done may show for so long */
  ACTIVE_MS = 100, /* who heard something within that is not about to be inactive */
};

/* --- Recordings ---------------------------------------------------------------------------------
 */

static void record(void *context, media_recorder *recorder) {
  media_fabric *fabric = context;
  sip_link_append(&fabric->recorders, &recorder->link);
}

static void finish(void *context, media_recorder *recorder, uint64_t trim_ms) {
  media_fabric *fabric = context;
  recorder->trim_ms = trim_ms;
  recorder->is_over = true;
  media_recorder_write(recorder);
  sip_link_remove(&recorder->link);
  sip_link_append(&fabric->finished, &recorder->link);
}

static media_recorder *next_finished(void *context) {
  media_fabric *fabric = context;
  if (sip_link_alone(&fabric->finished)) return NULL;
  media_recorder *recorder = SIP_CONTAINER(fabric->finished.next, media_recorder, link);
  sip_link_remove(&recorder->link);
  return recorder;
}

static void write_recordings(media_fabric *fabric) {
  if (fabric->now - fabric->written_at < WRITE_MS * RTP_MS) return;
  fabric->written_at = fabric->now;
  const sip_link *head = &fabric->recorders;
  for (const sip_link *link = head->next; link != head; link = link->next) {
    media_recorder_write(SIP_CONTAINER(link, media_recorder, link));
  }
}

/* --- Commands and events ---------------------------------------------------------- */

/* What was done may show later, once it has gone over the wire. */
static void stay_busy(media_fabric *fabric) {
  fabric->busy_until = fabric->now + (SETTLE_MS + fabric->wire.slowest_ms) * RTP_MS;
}

static void post(void *context, const media_command *command) {
  media_fabric *fabric = context;
  stay_busy(fabric);
  media_world_command(&fabric->world, fabric->now, command);
}

static bool take(void *context, media_event *event) {
  media_fabric *fabric = context;
  if (!media_world_next_event(&fabric->world, event)) return false;
  stay_busy(fabric);
  return true;
}

static bool has_events(const media_fabric *fabric) {
  return !sip_link_alone(&fabric->world.reports) || !sip_link_alone(&fabric->finished) ||
         fabric->control.closed != 0;
}

/* --- Time ------------------------------------------------------------------------- */

int64_t media_fabric_now(const media_fabric *fabric) {
  return fabric->now / RTP_MS;
}

static void step(media_fabric *fabric, int64_t at_ms) {
  fabric->now = at_ms * RTP_MS;
  media_world_tick(&fabric->world, fabric->now);
  media_wire_deliver(&fabric->wire, at_ms, &fabric->world);
  if (!sip_link_alone(&fabric->recorders)) write_recordings(fabric);
}

void media_fabric_advance(media_fabric *fabric, int64_t to_ms) {
  while (media_fabric_now(fabric) < to_ms && !has_events(fabric)) {
    bool is_idle = fabric->world.parties == 0 && fabric->wire.packets == 0;
    step(fabric, is_idle ? to_ms : media_fabric_now(fabric) + 1);
  }
}

void media_fabric_stall(media_fabric *fabric, int64_t ms) {
  step(fabric, media_fabric_now(fabric) + ms);
}

/* Somebody may be about to miss packets. */
static bool may_fall_silent(media_fabric *fabric) {
  size_t cursor = 0;
  const media_handle *handle;
  while ((handle = sip_slots_next(&fabric->control.handles, &cursor)) != NULL) {
    const media_session *session = media_session_of(handle->party);
    const media_settings *settings = session ? session->settings : NULL;
    if (!settings || !settings->receive || !settings->inactivity_ms) continue;
    rtp_time quiet_for = rtp_time_since(fabric->now, session->heard_at);
    if (!session->is_inactive && quiet_for > ACTIVE_MS * RTP_MS) return true;
  }
  return false;
}

int64_t media_fabric_deadline(media_fabric *fabric) {
  if (has_events(fabric)) return media_fabric_now(fabric);
  if (fabric->world.parties == 0) return -1;
  bool is_busy = fabric->world.verbs > 0 || fabric->now < fabric->busy_until;
  return is_busy || may_fall_silent(fabric) ? media_fabric_now(fabric) + 1 : -1;
}

/* --- Life ------------------------------------------------------------------------- */

static int bind_session(void *context, media_session *session) {
  return media_wire_bind(&((media_fabric *)context)->wire, session);
}

static void release_session(void *context, media_session *session) {
  media_wire_release(&((media_fabric *)context)->wire, session);
}

static bool send_packet(void *context, const media_datagram *datagram) {
  media_fabric *fabric = context;
  return media_wire_send(&fabric->wire, media_fabric_now(fabric), datagram);
}

/* What was heard in the frame before this one. */
static void overhear(void *context, media_session *session) {
  (void)context;
  media_wire_look_ahead(session);
  if (session->ear && session->in.samples) media_ear_take(session->ear, &session->in);
}

static void close_session(void *context, media_session *session) {
  overhear(context, session);
  session->ear = NULL;
}

int media_fabric_init(media_fabric *fabric, sip_alloc *alloc, uint64_t seed, int64_t start_ms) {
  memset(fabric, 0, sizeof *fabric);
  fabric->now = fabric->written_at = start_ms * RTP_MS;
  int error = media_wire_init(&fabric->wire, alloc, seed);
  if (error) return error;
  media_output output = {
      .send = send_packet, .due = overhear, .closed = close_session, .context = fabric};
  media_world_init(&fabric->world, &output, fabric->now);
  sip_random_init_seeded(&fabric->world.random, ~seed);
  sip_link_init(&fabric->recorders);
  sip_link_init(&fabric->finished);
  sip_link_init(&fabric->ears);
  media_backend backend = {.bind = bind_session,
                           .release = release_session,
                           .post = post,
                           .take = take,
                           .record = record,
                           .finish = finish,
                           .finished = next_finished,
                           .is_direct = true,
                           .context = fabric};
  media_control_init(&fabric->control, alloc, &backend);
  return 0;
}

void media_fabric_deinit(media_fabric *fabric) {
  media_event event;
  void *owner;
  fabric->wire.tap = NULL;
  media_control_close_all(&fabric->control, NULL);
  while (media_control_next(&fabric->control, &event, &owner)) {
    media_control_settle(&fabric->control, &event);
  }
  while (!sip_link_alone(&fabric->ears)) {
    media_fabric_forget(fabric, SIP_CONTAINER(fabric->ears.next, media_ear, link));
  }
  media_control_deinit(&fabric->control);
  media_wire_deinit(&fabric->wire);
}

/* --- Ears --------------------------------------------------------------------------- */

media_ear *media_fabric_find_ear(const media_fabric *fabric, sip_id id) {
  const sip_link *head = &fabric->ears;
  for (sip_link *link = head->next; link != head; link = link->next) {
    media_ear *ear = SIP_CONTAINER(link, media_ear, link);
    if (ear->id == id) return ear;
  }
  return NULL;
}

int media_fabric_listen(media_fabric *fabric, sip_id id, uint32_t ms) {
  const media_handle *handle = media_control_session(&fabric->control, id);
  if (!handle) return SIP_E_GONE;
  media_session *session = media_session_of(handle->party);
  if (session->ear) return SIP_E_STATE;
  media_ear *ear = media_ear_new(fabric->control.alloc, id, ms);
  if (!ear) return SIP_E_MEMORY;
  sip_link_append(&fabric->ears, &ear->link);
  session->ear = ear;
  return 0;
}

void media_fabric_forget(media_fabric *fabric, media_ear *ear) {
  const media_handle *handle = sip_slots_find(&fabric->control.handles, ear->id);
  media_session *session = handle ? media_session_of(handle->party) : NULL;
  if (session && session->ear == ear) session->ear = NULL;
  sip_link_remove(&ear->link);
  media_ear_free(fabric->control.alloc, ear);
}

int media_fabric_inject(media_fabric *fabric, const sip_sockaddr *from, const sip_sockaddr *to,
                        sip_str bytes) {
  media_datagram datagram = {.address = *to, .bytes = (const uint8_t *)bytes.ptr, .len = bytes.len};
  stay_busy(fabric);
  return media_wire_inject(&fabric->wire, media_fabric_now(fabric), from, &datagram);
}
