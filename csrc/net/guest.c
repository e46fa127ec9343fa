/* SPDX-License-Identifier: MIT
 *
 * An async handle, and a mark that its turn has come.
 */
#include "net/guest.h"

#include "base/error.h"
#include "net/state.h"

struct net_guest {
  uv_async_t async; /* first */
  sip_link link;    /* in loop->guests */
  net_loop *loop;
  void (*ready)(void *context);
  void *context;
  bool is_ready;
  bool holds;
  bool is_closed;
};

static void on_wake(uv_async_t *async) {
  net_guest *guest = (net_guest *)(void *)async;
  guest->is_ready = true;
}

int net_guest_open(net_loop *loop, void (*ready)(void *context), void *context, net_guest **out) {
  net_guest *guest = sip_alloc_zero(&loop->alloc, sizeof *guest);
  if (!guest) return SIP_E_MEMORY;
  int error = uv_async_init(&loop->uv, &guest->async, on_wake);
  if (error) {
    sip_alloc_free(&loop->alloc, guest, sizeof *guest);
    return error;
  }
  guest->loop = loop;
  guest->ready = ready;
  guest->context = context;
  sip_link_init(&guest->link);
  sip_link_append(&loop->guests, &guest->link);
  *out = guest;
  return 0;
}

static void on_closed(uv_handle_t *handle) {
  net_guest *guest = (net_guest *)(void *)handle;
  sip_alloc_free(&guest->loop->alloc, guest, sizeof *guest);
}

void net_guest_close(net_guest *guest) {
  if (guest->is_closed) return;
  net_guest_hold(guest, false);
  guest->is_closed = true;
  guest->is_ready = false;
  sip_link_remove(&guest->link);
  uv_close((uv_handle_t *)&guest->async, on_closed);
}

void net_guest_wake(net_guest *guest) {
  uv_async_send(&guest->async);
}

void net_guest_hold(net_guest *guest, bool holds) {
  if (guest->holds == holds) return;
  guest->holds = holds;
  guest->loop->held += holds ? 1 : -1;
}

uv_loop_t *net_guest_uv(net_guest *guest) {
  return &guest->loop->uv;
}

void net_guest_tell(net_loop *loop) {
  sip_link *link = loop->guests.next;
  while (link != &loop->guests) {
    net_guest *guest = SIP_CONTAINER(link, net_guest, link);
    link = link->next;
    if (!guest->is_ready) continue;
    guest->is_ready = false;
    guest->ready(guest->context);
    link = loop->guests.next; /* whoever has come or gone meanwhile: those told are not ready */
  }
}

void net_guest_close_all(net_loop *loop) {
  while (!sip_link_alone(&loop->guests)) {
    net_guest_close(SIP_CONTAINER(loop->guests.next, net_guest, link));
  }
}
