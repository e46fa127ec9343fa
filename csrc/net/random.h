/* SPDX-License-Identifier: MIT
 *
 * The system's CSPRNG, as base/random.h wants a source.
 */
#ifndef MOONSIP_NET_RANDOM_H
#define MOONSIP_NET_RANDOM_H

#include <stddef.h>

/* A sip_random_fn; the context is not used. Without entropy there is no safe
 * tag, branch or key: the process ends then rather than guess. */
void net_random(void *context, unsigned char *out, size_t len);

#endif
