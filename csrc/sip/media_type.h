/* SPDX-License-Identifier: MIT
 *
 * media-type of Content-Type (RFC 3261 20.15, 25.1).
 */
#ifndef MOONSIP_SIP_MEDIA_TYPE_H
#define MOONSIP_SIP_MEDIA_TYPE_H

#include "sip/param.h"

typedef struct sip_media_type {
  sip_str type;
  sip_str subtype;
  sip_str params; /* with the first ";", or empty */
} sip_media_type;

/* 0 or SIP_E_HEADER. */
int sip_media_type_parse(sip_str value, sip_media_type *out);

/* m-type SLASH m-subtype at a cursor. */
bool sip_scan_media_type(sip_scan *scan, sip_media_type *out);

/* Compares with "type/subtype", without case and without parameters. */
bool sip_media_type_is(const sip_media_type *media, sip_str name);

#endif
