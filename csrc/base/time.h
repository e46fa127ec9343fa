/* SPDX-License-Identifier: MIT
 *
 * Time is an argument: milliseconds on a monotonic clock the caller owns.
 */
#ifndef MOONSIP_BASE_TIME_H
#define MOONSIP_BASE_TIME_H

#include <stdint.h>

typedef int64_t sip_time;

#define SIP_TIME_NEVER INT64_MAX

#endif
