/* SPDX-License-Identifier: MIT
 *
 * getrandom(2), whole.
 */
#include "net/random.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void net_random(void *context, unsigned char *out, size_t len) {
  (void)context;
  while (len > 0) {
    ssize_t got = getrandom(out, len, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) abort();
    out += got;
    len -= (size_t)got;
  }
}
