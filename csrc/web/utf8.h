/* SPDX-License-Identifier: MIT
 *
 * UTF-8 (RFC 3629): text frames are, all others may be what they like.
 */
#ifndef MOONSIP_WEB_UTF8_H
#define MOONSIP_WEB_UTF8_H

#include "base/str.h"

bool web_is_utf8(sip_str text);

#endif
