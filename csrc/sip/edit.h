/* SPDX-License-Identifier: MIT
 *
 * Changes to a message that leave every other byte as it was. Each one writes
 * the whole new message to a buffer; parse that to go on. The new text is
 * checked first: SIP_E_INJECTION for CR, LF or NUL, SIP_E_HEADER_NAME, SIP_E_URI,
 * SIP_E_INVALID for a start-line part that is no token.
 */
#ifndef MOONSIP_SIP_EDIT_H
#define MOONSIP_SIP_EDIT_H

#include "sip/message.h"

int sip_edit_request_uri(const sip_message *message, sip_str uri, sip_buffer *out);
int sip_edit_method(const sip_message *message, sip_str method, sip_buffer *out);
int sip_edit_status(const sip_message *message, int status, sip_str reason, sip_buffer *out);

/* Replaces all lines of a name by one line per value, where the first stood;
 * appends after the last header when there was none; no values removes them. */
int sip_edit_header(const sip_message *message, sip_str name, const sip_str *values, size_t count,
                    sip_buffer *out);
/* One more line: before the first of that name, or after the last (or last of all). */
int sip_edit_add_header(const sip_message *message, sip_str name, sip_str value, bool first,
                        sip_buffer *out);
/* Replaces header number `index`'s value. */
int sip_edit_header_at(const sip_message *message, size_t index, sip_str value, sip_buffer *out);

/* The body with its Content-Length; Content-Type too unless type.ptr is NULL. */
int sip_edit_body(const sip_message *message, sip_str type, sip_str body, sip_buffer *out);

#endif
