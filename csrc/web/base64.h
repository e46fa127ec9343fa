/* SPDX-License-Identifier: MIT
 *
 * Base64 (RFC 4648 4), as WebSockets carry audio in text.
 */
#ifndef MOONSIP_WEB_BASE64_H
#define MOONSIP_WEB_BASE64_H

#include "base/buffer.h"

/* Appends so many bytes as text, with its padding. */
void web_base64_write(sip_str bytes, sip_buffer *out);

/* Appends what a text stands for. False when it is none: other characters, no padding. */
bool web_base64_read(sip_str text, sip_buffer *out);

#endif
