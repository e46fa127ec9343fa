/* SPDX-License-Identifier: MIT
 *
 * What the fuzz targets of session descriptions share.
 */
#ifndef MOONSIP_FUZZ_SDP_H
#define MOONSIP_FUZZ_SDP_H

#include "base/error.h"
#include "fuzz.h"
#include "sdp/session.h"

/* For free(). What is wrong with the text is in it. */
static inline sdp_session *parse(sip_str text) {
  sdp_room room = sdp_room_for(text, &sdp_limits_default);
  sdp_session *session = sdp_session_init(malloc(sdp_session_size(room)), room);
  int error = sdp_session_parse(session, text, &sdp_limits_default);
  HOLDS(error == session->error && session->error_at <= text.len);
  HOLDS(!error || session->error_line > 0);
  return session;
}

#endif
