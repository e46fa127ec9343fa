/* SPDX-License-Identifier: MIT
 *
 * A doubly linked list whose links live inside the members. A list head is a
 * link that points at itself while empty; so does a member that is in no list.
 */
#ifndef MOONSIP_BASE_LIST_H
#define MOONSIP_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct sip_link {
  struct sip_link *prev;
  struct sip_link *next;
} sip_link;

/* The struct of `type` whose member `field` is at `ptr`. */
#define SIP_CONTAINER(ptr, type, field) ((type *)(void *)((char *)(ptr)-offsetof(type, field)))

static inline void sip_link_init(sip_link *link) {
  link->prev = link->next = link;
}

static inline bool sip_link_alone(const sip_link *link) {
  return link->next == link;
}

static inline void sip_link_append(sip_link *head, sip_link *link) {
  link->prev = head->prev;
  link->next = head;
  head->prev->next = link;
  head->prev = link;
}

static inline void sip_link_insert_behind(sip_link *place, sip_link *link) {
  sip_link_append(place->next, link);
}

static inline void sip_link_remove(sip_link *link) {
  link->prev->next = link->next;
  link->next->prev = link->prev;
  sip_link_init(link);
}

#endif
