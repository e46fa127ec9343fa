/* SPDX-License-Identifier: MIT
 *
 * Session descriptions, inside the binding. An object keeps its text as a Lua string
 * that its tables point into; an edit gives it another text and other tables.
 */
#ifndef MOONSIP_BINDING_SDP_H
#define MOONSIP_BINDING_SDP_H

#include "binding/object.h"
#include "sdp/session.h"

#define BIND_SDP_CLASS "moonsip.sdp"
#define BIND_SDP_MEDIA_CLASS "moonsip.sdp_media"

/* The description at the index, or a Lua error. */
const sdp_session *bind_check_sdp(lua_State *L, int index);
/* The same, or NULL for nil. */
const sdp_session *bind_opt_sdp(lua_State *L, int index);

/* Pushes an object for the text, or pushes nil and an error with `line` and `at`.
 * Returns how many it pushed. */
int bind_push_sdp(lua_State *L, sip_str text);

/* A section: the session level of the object at a stack index, or one of its media. */
typedef struct bind_sdp_section {
  int session;
  const sdp_media *media; /* NULL: the session level */
} bind_sdp_section;

/* The section that the description or medium at the index is. Of a medium the object is
 * pushed, and stays. */
bind_sdp_section bind_check_section(lua_State *L, int index);
const sdp_session *bind_section_session(lua_State *L, bind_sdp_section section);

/* Pushes a buffer for the new text of an edit. */
sip_buffer *bind_sdp_edit_start(lua_State *L);
/* `error` is what the edit returned: raises for one, or when the new text would be
 * malformed, naming the field; else the object takes the text. Pops the buffer. */
void bind_sdp_edit_finish(lua_State *L, int session, int error, const char *field);

/* What both classes have: line, lines, set_line, attribute_values, add_attribute. */
extern const luaL_Reg bind_section_methods[];
/* name, information, uri, address, direction, bandwidth: pushes one of the section, or
 * sets it to the value at index 3. */
typedef enum bind_section_field {
  BIND_SECTION_NAME = 100,
  BIND_SECTION_INFORMATION,
  BIND_SECTION_URI,
  BIND_SECTION_ADDRESS,
  BIND_SECTION_DIRECTION,
  BIND_SECTION_BANDWIDTH,
  BIND_SECTION_ATTRIBUTES
} bind_section_field;
void bind_push_section_field(lua_State *L, bind_sdp_section section, int field);
void bind_set_section_field(lua_State *L, bind_sdp_section section, int field);

/* The proxy behind `attributes`, for the description or medium at the index. */
void bind_push_attributes(lua_State *L, int index);
void bind_attributes_open(lua_State *L);

/* Pushes the medium with that index (from 0) of the description at a stack index. */
void bind_push_sdp_media(lua_State *L, int session, size_t index);
void bind_sdp_media_open(lua_State *L);

/* Pushes { name, rate, channels, payload_type, fmtp }. */
void bind_push_codec(lua_State *L, const sdp_codec *codec);

/* core.sdp_offer, sdp_answer, sdp_check, sdp_revise, sdp_payloads; and sdp_stream,
 * sdp_exchange. The table of the core is at the top of the stack. */
void bind_sdp_offer_open(lua_State *L);
void bind_sdp_stream_open(lua_State *L);

#endif
