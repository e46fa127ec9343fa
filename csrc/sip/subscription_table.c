/* SPDX-License-Identifier: MIT
 *
 * The arrows of the state diagrams in RFC 6665 4.1.2 (subscriber) and 4.2.2 (notifier), and
 * of what 4.1.2.2, 4.1.2.4 and 4.4.1 say beside them. An input without an arrow changes nothing
 * in its state.
 */
#include "sip/subscription_usage.h"

#define ON(state, input, next_state, what) \
  [SIP_USAGE_##state][SIP_USAGE_ON_##input] = {.next = SIP_USAGE_##next_state, .actions = (what)}

#define NOTIFY SIP_USAGE_DOES_NOTIFY
#define SUBSCRIBE SIP_USAGE_DOES_SUBSCRIBE
#define NEXT SIP_USAGE_DOES_NEXT
#define END SIP_USAGE_DOES_END

typedef sip_usage_arrow table[SIP_USAGE_STATE_COUNT][SIP_USAGE_INPUT_COUNT];

/* The figure's resp_wait is a transaction that its user has not answered yet. */
static const table notifier = {
    ON(PENDING, NEWS, PENDING, NOTIFY),     ON(PENDING, GRANTED, ACTIVE, NOTIFY),
    ON(PENDING, REFRESH, PENDING, NOTIFY),  ON(PENDING, LEAVE, ENDING, NOTIFY),
    ON(PENDING, TERMINATE, ENDING, NOTIFY), ON(PENDING, EXPIRED, ENDING, NOTIFY),
    ON(PENDING, DELIVERED, PENDING, NEXT),  ON(PENDING, REFUSED, PENDING, NEXT),
    ON(PENDING, FAILED, GONE, END),

    ON(ACTIVE, NEWS, ACTIVE, NOTIFY),       ON(ACTIVE, REFRESH, ACTIVE, NOTIFY),
    ON(ACTIVE, LEAVE, ENDING, NOTIFY),      ON(ACTIVE, TERMINATE, ENDING, NOTIFY),
    ON(ACTIVE, EXPIRED, ENDING, NOTIFY),    ON(ACTIVE, DELIVERED, ACTIVE, NEXT),
    ON(ACTIVE, REFUSED, ACTIVE, NEXT),      ON(ACTIVE, FAILED, GONE, END),

    ON(ENDING, DELIVERED, ENDING, NEXT), /* of the NOTIFY before the last one */
    ON(ENDING, REFUSED, ENDING, NEXT),      ON(ENDING, FAILED, GONE, END),
};

static const table subscriber = {
    ON(NOTIFY_WAIT, PENDING, PENDING, 0),
    ON(NOTIFY_WAIT, ACTIVE, ACTIVE, 0),
    ON(NOTIFY_WAIT, TERMINATED, GONE, END),
    ON(NOTIFY_WAIT, TIMER_N, GONE, END), /* 4.1.2.4 */

    ON(PENDING, PENDING, PENDING, 0),
    ON(PENDING, ACTIVE, ACTIVE, 0),
    ON(PENDING, TERMINATED, GONE, END),
    ON(PENDING, REFRESH, PENDING, SUBSCRIBE),
    ON(PENDING, LEAVE, ENDING, SUBSCRIBE),
    ON(PENDING, EXPIRED, GONE, END),
    ON(PENDING, DELIVERED, PENDING, NEXT),
    ON(PENDING, REFUSED, PENDING, NEXT), /* 4.1.2.2: valid until it expires */
    ON(PENDING, FAILED, GONE, END),
    ON(PENDING, TIMER_N, GONE, END),

    ON(ACTIVE, PENDING, PENDING, 0),
    ON(ACTIVE, ACTIVE, ACTIVE, 0),
    ON(ACTIVE, TERMINATED, GONE, END),
    ON(ACTIVE, REFRESH, ACTIVE, SUBSCRIBE),
    ON(ACTIVE, LEAVE, ENDING, SUBSCRIBE),
    ON(ACTIVE, EXPIRED, GONE, END),
    ON(ACTIVE, DELIVERED, ACTIVE, NEXT),
    ON(ACTIVE, REFUSED, ACTIVE, NEXT),
    ON(ACTIVE, FAILED, GONE, END),
    ON(ACTIVE, TIMER_N, GONE, END),

    ON(ENDING, PENDING, ENDING, 0), /* crossed our last SUBSCRIBE */
    ON(ENDING, ACTIVE, ENDING, 0),
    ON(ENDING, TERMINATED, GONE, END), /* 4.1.2.3 */
    ON(ENDING, EXPIRED, GONE, END),
    ON(ENDING, DELIVERED, ENDING, NEXT),
    ON(ENDING, REFUSED, GONE, END),
    ON(ENDING, FAILED, GONE, END),
    ON(ENDING, TIMER_N, GONE, END),
};

sip_usage_arrow sip_subscription_arrow(sip_subscription_role role, sip_usage_state state,
                                       sip_usage_input input) {
  return role == SIP_NOTIFIER ? notifier[state][input] : subscriber[state][input];
}
