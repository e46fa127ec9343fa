/* SPDX-License-Identifier: MIT
 *
 * t=, r= and z=: when a session takes place (RFC 8866 5.9 to 5.11). Calls have
 * "t=0 0"; the others are checked and kept.
 */
#ifndef MOONSIP_SDP_TIMING_H
#define MOONSIP_SDP_TIMING_H

#include "sdp/field.h"

/* Each 0, or SIP_E_SDP_LINE with the cursor at the field that is wrong. */
int sdp_time_check(sdp_fields *fields);   /* t=start stop */
int sdp_repeat_check(sdp_fields *fields); /* r=interval duration offset ... */
int sdp_zone_check(sdp_fields *fields);   /* z=time offset ... */

#endif
