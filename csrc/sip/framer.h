/* SPDX-License-Identifier: MIT
 *
 * Cuts a byte stream into messages (RFC 3261 18.3, 7.5; RFC 5626 3.5.1). It
 * reads header boundaries by the parser's own rules, so both agree on every
 * message and every split, and it never allocates for a body that has not come.
 */
#ifndef MOONSIP_SIP_FRAMER_H
#define MOONSIP_SIP_FRAMER_H

#include "sip/message.h"

typedef enum sip_frame_kind {
  SIP_FRAME_MORE,    /* needs more bytes */
  SIP_FRAME_MESSAGE, /* bytes [0, len) are one message */
  SIP_FRAME_PING,    /* the second CRLF of two: answer with CRLF */
  SIP_FRAME_PONG,    /* one CRLF between messages */
  SIP_FRAME_ERROR    /* framing is lost: answer the len bytes if they can be, then close */
} sip_frame_kind;

typedef struct sip_frame {
  sip_frame_kind kind;
  size_t len; /* to consume */
  int error;  /* SIP_E_CONTENT_LENGTH, SIP_E_TOO_LARGE, ... for SIP_FRAME_ERROR */
} sip_frame;

typedef struct sip_framer {
  size_t scanned;  /* bytes of the front that are known to hold no end of headers */
  size_t whole;    /* length of the message once its headers are known, else 0 */
  bool after_crlf; /* a CRLF was the last thing reported */
} sip_framer;

static inline void sip_framer_init(sip_framer *framer) {
  *framer = (sip_framer){0};
}

/* What the front of `bytes` is. Call again with more bytes after MORE, and with
 * `len` bytes fewer at the front after anything else. What it says does not
 * depend on how the stream was split: a ping is a PONG followed by a PING. */
sip_frame sip_framer_next(sip_framer *framer, sip_str bytes, const sip_limits *limits);

#endif
