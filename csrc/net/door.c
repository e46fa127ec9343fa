/* SPDX-License-Identifier: MIT
 *
 * One block: the struct, then the slices, then the bytes they are of.
 */
#include "net/door.h"

#include <string.h>

static size_t bytes_of(const sip_str *list, size_t count) {
  size_t bytes = 0;
  for (size_t i = 0; i < count; i++) bytes += list[i].len;
  return bytes;
}

/* Copies the texts to *at and their slices to `out`. */
static void copy(const sip_str *list, size_t count, sip_str *out, char **at) {
  for (size_t i = 0; i < count; i++) {
    if (list[i].len) memcpy(*at, list[i].ptr, list[i].len);
    out[i] = sip_str_make(*at, list[i].len);
    *at += list[i].len;
  }
}

net_door *net_door_new(sip_alloc *alloc, const net_listen_options *options) {
  size_t paths = options->path_count, origins = options->origin_count;
  size_t size = sizeof(net_door) + (paths + origins) * sizeof(sip_str) +
                bytes_of(options->paths, paths) + bytes_of(options->origins, origins);
  net_door *self = sip_alloc_new(alloc, size);
  if (!self) return NULL;
  sip_str *slices = (sip_str *)(void *)(self + 1);
  char *bytes = (char *)(slices + paths + origins);
  copy(options->paths, paths, slices, &bytes);
  copy(options->origins, origins, slices + paths, &bytes);
  self->size = size;
  self->http = options->http ? *options->http : (net_http_host){0};
  self->door = (web_door){
      .paths = slices, .path_count = paths, .origins = slices + paths, .origin_count = origins};
  return self;
}

void net_door_free(sip_alloc *alloc, net_door *door) {
  if (door) sip_alloc_free(alloc, door, door->size);
}
