/* SPDX-License-Identifier: MIT
 *
 * Names and texts for both kinds of codes that come out of net: those of
 * base/error.h and libuv's (a negative errno).
 */
#ifndef MOONSIP_NET_ERROR_H
#define MOONSIP_NET_ERROR_H

/* Never NULL; literals. */
const char *net_error_name(int error); /* "LINE_END", "EADDRINUSE" */
const char *net_error_kind(int error); /* of a system error: "io" */
const char *net_error_text(int error); /* "address already in use" */
/* The code of a name; SIP_E_TRANSPORT when there is none. */
int net_error_code(const char *name);

#endif
