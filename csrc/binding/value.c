/* SPDX-License-Identifier: MIT
 *
 * From parsed headers to Lua tables. Keys are lower case; `params` is a table by
 * lower-case name, true where there is no value.
 */
#include "binding/value.h"

#include "base/error.h"
#include "binding/uri.h"
#include "sip/date.h"
#include "sip/value.h"

enum { THOUSAND = 1000, DATE_ROOM = 32 };

static void set_text(lua_State *L, const char *key, sip_str text) {
  if (text.len == 0) return;
  bind_push_unquoted(L, text);
  lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, lua_Integer number) {
  lua_pushinteger(L, number);
  lua_setfield(L, -2, key);
}

static void set_params(lua_State *L, sip_str params) {
  lua_newtable(L);
  sip_param param;
  while (sip_param_next(&params, &param) == 1) {
    bind_push_lower(L, param.name);
    if (param.has_value) {
      bind_push_unquoted(L, param.value);
    } else {
      lua_pushboolean(L, true);
    }
    lua_settable(L, -3);
  }
  lua_setfield(L, -2, "params");
}

void bind_push_via(lua_State *L, const sip_via *via) {
  lua_createtable(L, 0, 10);
  set_text(L, "transport", via->transport_text);
  set_text(L, "sent_by", via->sent_by);
  set_text(L, "host", via->host);
  if (via->port) set_number(L, "port", via->port);
  set_text(L, "branch", via->branch);
  set_text(L, "received", via->received);
  set_text(L, "maddr", via->maddr);
  if (via->has_rport && via->rport) set_number(L, "rport", via->rport);
  set_params(L, via->params);
  bind_push_unfolded(L, via->text);
  lua_setfield(L, -2, "text");
}

static void set_lower(lua_State *L, const char *key, sip_str text) {
  bind_push_lower(L, text);
  lua_setfield(L, -2, key);
}

static void set_flag(lua_State *L, const char *key, bool flag) {
  lua_pushboolean(L, flag);
  lua_setfield(L, -2, key);
}

/* Thousandths; an integer where it is one: 1 rather than 1.0. */
static void set_q(lua_State *L, int q) {
  if (q % THOUSAND == 0) {
    lua_pushinteger(L, q / THOUSAND);
  } else {
    lua_pushnumber(L, (lua_Number)q / THOUSAND);
  }
  lua_setfield(L, -2, "q");
}

static void push_media_type(lua_State *L, const sip_media_type *media) {
  lua_createtable(L, 0, 4);
  set_lower(L, "type", media->type);
  set_lower(L, "subtype", media->subtype);
  lua_getfield(L, -1, "type");
  lua_pushliteral(L, "/");
  lua_getfield(L, -3, "subtype");
  lua_concat(L, 3);
  lua_setfield(L, -2, "value");
  set_params(L, media->params);
}

static void push_accept(lua_State *L, const sip_value *value) {
  if (value->kind == SIP_VALUE_ACCEPT) {
    push_media_type(L, &value->accept.media);
  } else {
    lua_createtable(L, 0, 3);
    set_lower(L, "value", value->accept.range);
    set_params(L, value->accept.params);
  }
  set_q(L, value->accept.q);
}

static void push_cseq(lua_State *L, const sip_cseq *cseq) {
  lua_createtable(L, 0, 3);
  set_number(L, "number", cseq->number);
  set_text(L, "method", cseq->method_text);
}

static void push_tagged(lua_State *L, sip_str token, sip_str params) {
  lua_createtable(L, 0, 4);
  set_text(L, "value", token);
  set_params(L, params);
}

static void push_subscription_state(lua_State *L, const sip_subscription_state *state) {
  push_tagged(L, (sip_str){0}, state->params);
  set_lower(L, "value", state->state_text);
  set_text(L, "reason", state->reason);
  if (state->has_expires) set_number(L, "expires", state->expires);
  if (state->has_retry_after) set_number(L, "retry_after", state->retry_after);
}

static void push_reason(lua_State *L, const sip_reason *reason) {
  push_tagged(L, reason->protocol, reason->params);
  if (reason->has_cause) set_number(L, "cause", reason->cause);
  set_text(L, "text", reason->text);
}

static void push_warning(lua_State *L, const sip_warning *warning) {
  lua_createtable(L, 0, 3);
  set_number(L, "code", warning->code);
  set_text(L, "agent", warning->agent);
  set_text(L, "text", warning->text);
}

static void push_retry_after(lua_State *L, const sip_retry_after *retry) {
  lua_createtable(L, 0, 4);
  set_number(L, "seconds", retry->seconds);
  if (retry->has_duration) set_number(L, "duration", retry->duration);
  sip_str comment = retry->comment;
  if (comment.len > 2) set_text(L, "comment", sip_str_make(comment.ptr + 1, comment.len - 2));
  set_params(L, retry->params);
}

static void push_session_expires(lua_State *L, const sip_session_expires *session) {
  lua_createtable(L, 0, 3);
  set_number(L, "seconds", session->seconds);
  set_params(L, session->params);
  if (session->refresher == SIP_REFRESHER_NONE) return;
  lua_pushstring(L, session->refresher == SIP_REFRESHER_UAC ? "uac" : "uas");
  lua_setfield(L, -2, "refresher");
}

static void push_auth(lua_State *L, const sip_auth *auth) {
  lua_createtable(L, 0, 3);
  set_text(L, "scheme", auth->scheme);
  set_text(L, "token", auth->token68);
  lua_newtable(L);
  sip_str rest = auth->params;
  sip_param param;
  while (sip_auth_next(&rest, &param) == 1) {
    bind_push_lower(L, param.name);
    bind_push_unquoted(L, param.value);
    lua_settable(L, -3);
  }
  lua_setfield(L, -2, "params");
}

static void push_auth_param(lua_State *L, const sip_param *param) {
  lua_createtable(L, 0, 2);
  set_lower(L, "name", param->name);
  set_text(L, "value", param->value);
}

static void push_dialog_id(lua_State *L, const sip_dialog_id *dialog) {
  lua_createtable(L, 0, 5);
  set_text(L, "call_id", dialog->call_id);
  set_text(L, "to_tag", dialog->to_tag);
  set_text(L, "from_tag", dialog->from_tag);
  set_flag(L, "early_only", dialog->early_only);
  set_params(L, dialog->params);
}

static void push_timestamp(lua_State *L, const sip_timestamp *timestamp) {
  lua_createtable(L, 0, 2);
  set_text(L, "time", timestamp->time);
  set_text(L, "delay", timestamp->delay);
}

static void push_disposition(lua_State *L, const sip_disposition *disposition) {
  push_tagged(L, (sip_str){0}, disposition->params);
  set_lower(L, "value", disposition->type);
  set_flag(L, "optional", disposition->optional);
}

static void push_rack(lua_State *L, const sip_rack *rack) {
  push_cseq(L, &rack->cseq);
  set_number(L, "rseq", rack->rseq);
}

static void push_event(lua_State *L, const sip_event_package *event) {
  push_tagged(L, event->type, event->params);
  set_text(L, "id", event->id);
}

static void push_parsed(lua_State *L, const sip_value *value, sip_str text) {
  switch (value->kind) {
  case SIP_VALUE_NUMBER:
    lua_pushinteger(L, value->number);
    break;
  case SIP_VALUE_DATE:
    lua_pushinteger(L, value->date);
    break;
  case SIP_VALUE_ADDRESS:
  case SIP_VALUE_NAME_ADDR:
  case SIP_VALUE_INFO:
    bind_push_address(L, text, 0, SIP_HEADER_UNKNOWN);
    break;
  case SIP_VALUE_TAGGED:
    push_tagged(L, value->tagged.token, value->tagged.params);
    break;
  case SIP_VALUE_VIA:
    bind_push_via(L, &value->via);
    break;
  case SIP_VALUE_CSEQ:
    push_cseq(L, &value->cseq);
    break;
  case SIP_VALUE_RACK:
    push_rack(L, &value->rack);
    break;
  case SIP_VALUE_TIMESTAMP:
    push_timestamp(L, &value->timestamp);
    break;
  case SIP_VALUE_MEDIA_TYPE:
    push_media_type(L, &value->media_type);
    break;
  case SIP_VALUE_ACCEPT:
  case SIP_VALUE_ACCEPT_ENCODING:
  case SIP_VALUE_ACCEPT_LANGUAGE:
    push_accept(L, value);
    break;
  case SIP_VALUE_DISPOSITION:
    push_disposition(L, &value->disposition);
    break;
  case SIP_VALUE_EVENT:
    push_event(L, &value->event);
    break;
  case SIP_VALUE_SUBSCRIPTION_STATE:
    push_subscription_state(L, &value->subscription_state);
    break;
  case SIP_VALUE_REASON:
    push_reason(L, &value->reason);
    break;
  case SIP_VALUE_WARNING:
    push_warning(L, &value->warning);
    break;
  case SIP_VALUE_RETRY_AFTER:
    push_retry_after(L, &value->retry_after);
    break;
  case SIP_VALUE_SESSION_EXPIRES:
  case SIP_VALUE_MIN_SE:
    push_session_expires(L, &value->session_expires);
    break;
  case SIP_VALUE_AUTH:
    push_auth(L, &value->auth);
    break;
  case SIP_VALUE_AUTH_PARAM:
    push_auth_param(L, &value->param);
    break;
  case SIP_VALUE_REPLACES:
  case SIP_VALUE_TARGET_DIALOG:
    push_dialog_id(L, &value->dialog_id);
    break;
  default:
    bind_push_unfolded(L, value->text);
  }
}

int bind_push_value(lua_State *L, sip_header_id id, sip_str text) {
  sip_value value;
  int error = sip_value_parse(id, text, &value);
  if (!error) push_parsed(L, &value, text);
  return error;
}

static int fail(lua_State *L, int error, sip_str name) {
  bind_fail(L, error, NULL);
  bind_push_str(L, name);
  lua_setfield(L, -2, "header");
  return 2;
}

int bind_push_values(lua_State *L, const sip_message *message, sip_str name) {
  sip_header_id id = sip_header_find(name);
  const sip_header *h = sip_message_find_name(message, name, 0);
  if (!h) {
    lua_pushnil(L);
    return 1;
  }
  if (id == SIP_HEADER_UNKNOWN || sip_header_kind_of(id) == SIP_HEADER_ONE) {
    int error = bind_push_value(L, id, sip_message_value(message, h));
    return error ? fail(L, error, name) : 1;
  }
  lua_newtable(L);
  lua_Integer count = 0;
  sip_value_cursor cursor = {0};
  sip_str value;
  while (sip_message_next_value(message, id, &cursor, &value)) {
    int error = bind_push_value(L, id, value);
    if (error) return fail(L, error, name);
    lua_seti(L, -2, ++count);
  }
  return 1;
}

/* core.header(name, value): one value, parsed as message:typed would */
static int parse_header(lua_State *L) {
  sip_str name = bind_check_str(L, 1), text = bind_check_str(L, 2);
  int error = bind_push_value(L, sip_header_find(name), sip_str_trim(text));
  return error ? fail(L, error, name) : 1;
}

/* core.date(seconds) -> the text of a Date header */
static int write_date(lua_State *L) {
  lua_Integer seconds = luaL_checkinteger(L, 1);
  bool fits = seconds >= SIP_DATE_MIN && seconds <= SIP_DATE_MAX;
  luaL_argcheck(L, fits, 1, "not in the years 0 to 9999");
  sip_buffer text = bind_buffer(L, DATE_ROOM);
  sip_date_write(seconds, &text);
  bind_push_str(L, sip_buffer_str(&text));
  return 1;
}

void bind_value_open(lua_State *L) {
  lua_pushcfunction(L, parse_header);
  lua_setfield(L, -2, "header");
  lua_pushcfunction(L, write_date);
  lua_setfield(L, -2, "date");
}
