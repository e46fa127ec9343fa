/* SPDX-License-Identifier: MIT
 *
 * Date: RFC 1123 dates, in GMT only (RFC 3261 20.17).
 */
#ifndef MOONSIP_SIP_DATE_H
#define MOONSIP_SIP_DATE_H

#include "base/buffer.h"

/* Seconds since 1970-01-01 00:00:00 GMT. 0, or SIP_E_HEADER also for a day that
 * does not exist and a week day that is not that of the date. */
int sip_date_parse(sip_str value, int64_t *out);

/* The years that four digits can write: 0 to 9999. */
#define SIP_DATE_MIN INT64_C(-62167219200)
#define SIP_DATE_MAX INT64_C(253402300799)

/* "Sat, 13 Nov 2010 23:29:00 GMT". From SIP_DATE_MIN to SIP_DATE_MAX. */
void sip_date_write(int64_t seconds, sip_buffer *out);

#endif
