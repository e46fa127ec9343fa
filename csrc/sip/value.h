/* SPDX-License-Identifier: MIT
 *
 * Any header field's value, parsed into the struct of its grammar. Which grammar a
 * header has is one table; a header without an entry is text.
 */
#ifndef MOONSIP_SIP_VALUE_H
#define MOONSIP_SIP_VALUE_H

#include "sip/accept.h"
#include "sip/auth.h"
#include "sip/cseq.h"
#include "sip/dialog_id.h"
#include "sip/disposition.h"
#include "sip/event_package.h"
#include "sip/header.h"
#include "sip/message.h"
#include "sip/name_addr.h"
#include "sip/reason.h"
#include "sip/retry_after.h"
#include "sip/session_expires.h"
#include "sip/subscription_state.h"
#include "sip/timestamp.h"
#include "sip/via.h"
#include "sip/warning.h"

typedef enum sip_value_kind {
  SIP_VALUE_TEXT,   /* TEXT-UTF8-TRIM, or a grammar that nobody here reads */
  SIP_VALUE_TOKEN,  /* one token: option tags, methods, codings ... */
  SIP_VALUE_TAGGED, /* token *( SEMI generic-param ) */
  SIP_VALUE_NUMBER, /* 1*DIGIT: seconds and counts, to 2**32-1 */
  SIP_VALUE_PRODUCTS,
  SIP_VALUE_LANGUAGE,
  SIP_VALUE_CALL_ID,
  SIP_VALUE_ADDRESS,   /* name-addr or addr-spec */
  SIP_VALUE_NAME_ADDR, /* in brackets always: Route and the like */
  SIP_VALUE_INFO,      /* <absoluteURI> without a display name: Alert-Info ... */
  SIP_VALUE_VIA,
  SIP_VALUE_CSEQ,
  SIP_VALUE_RACK,
  SIP_VALUE_DATE,
  SIP_VALUE_TIMESTAMP,
  SIP_VALUE_MEDIA_TYPE,
  SIP_VALUE_ACCEPT,
  SIP_VALUE_ACCEPT_ENCODING,
  SIP_VALUE_ACCEPT_LANGUAGE,
  SIP_VALUE_DISPOSITION,
  SIP_VALUE_EVENT,
  SIP_VALUE_EVENT_TYPE,
  SIP_VALUE_SUBSCRIPTION_STATE,
  SIP_VALUE_REASON,
  SIP_VALUE_WARNING,
  SIP_VALUE_RETRY_AFTER,
  SIP_VALUE_SESSION_EXPIRES,
  SIP_VALUE_MIN_SE,
  SIP_VALUE_AUTH,       /* challenge or credentials */
  SIP_VALUE_AUTH_PARAM, /* one parameter of Authentication-Info */
  SIP_VALUE_REPLACES,
  SIP_VALUE_TARGET_DIALOG
} sip_value_kind;

typedef struct sip_tagged {
  sip_str token;
  sip_str params; /* with the first ";", or empty */
} sip_tagged;

typedef struct sip_value {
  sip_value_kind kind;
  union {
    sip_str text; /* TEXT, TOKEN, PRODUCTS, LANGUAGE, CALL_ID, EVENT_TYPE */
    sip_tagged tagged;
    uint32_t number;
    sip_name_addr address; /* ADDRESS, NAME_ADDR, INFO */
    sip_via via;
    sip_cseq cseq;
    sip_rack rack;
    int64_t date; /* seconds since 1970 */
    sip_timestamp timestamp;
    sip_media_type media_type;
    sip_accept accept; /* the three of them */
    sip_disposition disposition;
    sip_event_package event;
    sip_subscription_state subscription_state;
    sip_reason reason;
    sip_warning warning;
    sip_retry_after retry_after;
    sip_session_expires session_expires; /* and MIN_SE */
    sip_auth auth;
    sip_param param;
    sip_dialog_id dialog_id; /* REPLACES, TARGET_DIALOG */
  };
} sip_value;

sip_value_kind sip_value_kind_of(sip_header_id id);

/* One value, as sip_message_next_value gives them. 0, or the error of its noun:
 * SIP_E_HEADER, SIP_E_NUMBER, SIP_E_URI, SIP_E_VERSION. */
int sip_value_parse(sip_header_id id, sip_str text, sip_value *out);

/* What the header's grammar wants of an address beyond that it parses: brackets, no
 * display name. 0 or SIP_E_HEADER. */
int sip_value_check_address(sip_header_id id, const sip_name_addr *address);

/* Every header field of a message, by its grammar: 0, or the first error, with
 * the index of the header it is in. sip_message_parse has read From, To, Call-ID,
 * CSeq, Max-Forwards and Content-Length already; this reads all the others. */
int sip_value_check_message(const sip_message *message, size_t *header);

#endif
