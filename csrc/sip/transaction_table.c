/* SPDX-License-Identifier: MIT
 *
 * The arrows of RFC 3261 figures 5 to 8 with the changes of RFC 6026 section 8,
 * RFC 4320 section 4, and 17.2.1's 100 after 200 ms. An input without an arrow
 * changes nothing in its state.
 */
#include "sip/transaction.h"

#define ON(state, input, next_state, what) \
  [SIP_STATE_##state][SIP_INPUT_##input] = {.next = SIP_STATE_##next_state, .actions = (what)}

#define STOP SIP_ACTION_STOP
#define SEND SIP_ACTION_SEND
#define TRYING SIP_ACTION_TRYING
#define ACK SIP_ACTION_ACK
#define CANCEL SIP_ACTION_CANCEL
#define TO_USER SIP_ACTION_TO_USER
#define TIMED_OUT SIP_ACTION_TIMED_OUT
#define FAILED SIP_ACTION_FAILED
#define RETRANSMIT SIP_ACTION_RETRANSMIT
#define LIMIT SIP_ACTION_LIMIT
#define LINGER SIP_ACTION_LINGER
#define GUARD SIP_ACTION_GUARD

typedef sip_arrow table[SIP_STATE_COUNT][SIP_INPUT_COUNT];

/* Figure 5 of RFC 6026 8.4. */
static const table client_invite = {
    ON(CALLING, TIMER_A, CALLING, SEND | RETRANSMIT),
    ON(CALLING, TIMER_B, TERMINATED, TIMED_OUT),
    ON(CALLING, TRANSPORT_ERROR, TERMINATED, FAILED),
    ON(CALLING, RECV_1XX, PROCEEDING, STOP | TO_USER | GUARD),
    ON(CALLING, RECV_2XX, ACCEPTED, STOP | TO_USER | LINGER),
    ON(CALLING, RECV_FAILURE, COMPLETED, STOP | ACK | TO_USER | LINGER),

    ON(PROCEEDING, RECV_1XX, PROCEEDING, TO_USER | GUARD),
    ON(PROCEEDING, RECV_2XX, ACCEPTED, STOP | TO_USER | LINGER),
    ON(PROCEEDING, RECV_FAILURE, COMPLETED, STOP | ACK | TO_USER | LINGER),
    ON(PROCEEDING, TIMER_C, PROCEEDING, CANCEL),         /* 16.8, and for user agents too */
    ON(PROCEEDING, TIMER_CANCEL, TERMINATED, TIMED_OUT), /* 9.1 */

    ON(ACCEPTED, RECV_2XX, ACCEPTED, TO_USER),
    ON(ACCEPTED, TIMER_M, TERMINATED, 0),

    ON(COMPLETED, RECV_FAILURE, COMPLETED, ACK),
    ON(COMPLETED, TRANSPORT_ERROR, TERMINATED, FAILED),
    ON(COMPLETED, TIMER_D, TERMINATED, 0),
};

/* Figure 6. */
static const table client_other = {
    ON(TRYING, TIMER_E, TRYING, SEND | RETRANSMIT),
    ON(TRYING, TIMER_F, TERMINATED, TIMED_OUT),
    ON(TRYING, TRANSPORT_ERROR, TERMINATED, FAILED),
    ON(TRYING, RECV_1XX, PROCEEDING, TO_USER),
    ON(TRYING, RECV_2XX, COMPLETED, STOP | TO_USER | LINGER),
    ON(TRYING, RECV_FAILURE, COMPLETED, STOP | TO_USER | LINGER),

    ON(PROCEEDING, TIMER_E, PROCEEDING, SEND | RETRANSMIT),
    ON(PROCEEDING, TIMER_F, TERMINATED, TIMED_OUT),
    ON(PROCEEDING, TRANSPORT_ERROR, TERMINATED, FAILED),
    ON(PROCEEDING, RECV_1XX, PROCEEDING, TO_USER),
    ON(PROCEEDING, RECV_2XX, COMPLETED, STOP | TO_USER | LINGER),
    ON(PROCEEDING, RECV_FAILURE, COMPLETED, STOP | TO_USER | LINGER),

    ON(COMPLETED, TIMER_K, TERMINATED, 0),
};

/* Figure 7 of RFC 6026 8.6: no transport error ends it (7.1). */
static const table server_invite = {
    ON(PROCEEDING, RECV_REQUEST, PROCEEDING, SEND),
    ON(PROCEEDING, TIMER_100, PROCEEDING, TRYING),
    ON(PROCEEDING, SEND_1XX, PROCEEDING, STOP | SEND),
    ON(PROCEEDING, SEND_2XX, ACCEPTED, STOP | SEND | LINGER),
    ON(PROCEEDING, SEND_FAILURE, COMPLETED, STOP | SEND | RETRANSMIT | LIMIT),
    ON(PROCEEDING, TRANSPORT_ERROR, PROCEEDING, FAILED),

    ON(ACCEPTED, RECV_REQUEST, ACCEPTED, 0),
    ON(ACCEPTED, RECV_ACK, ACCEPTED, TO_USER),
    ON(ACCEPTED, SEND_2XX, ACCEPTED, SEND),
    ON(ACCEPTED, TRANSPORT_ERROR, ACCEPTED, FAILED),
    ON(ACCEPTED, TIMER_L, TERMINATED, 0),

    ON(COMPLETED, RECV_REQUEST, COMPLETED, SEND),
    ON(COMPLETED, RECV_ACK, CONFIRMED, STOP | LINGER),
    ON(COMPLETED, TIMER_G, COMPLETED, SEND | RETRANSMIT),
    ON(COMPLETED, TIMER_H, TERMINATED, TIMED_OUT),
    ON(COMPLETED, TRANSPORT_ERROR, COMPLETED, FAILED),

    ON(CONFIRMED, TIMER_I, TERMINATED, 0),
};

/* Figure 8. TIMER_F is the peer's: an answer after it reaches nobody (RFC 4320
 * 4.2), so the transaction ends without one. Transport
 * errors: 17.2.4 as replaced by RFC 6026 8.8. */
static const table server_other = {
    ON(TRYING, RECV_REQUEST, TRYING, 0),
    ON(TRYING, SEND_1XX, PROCEEDING, SEND),
    ON(TRYING, SEND_2XX, COMPLETED, STOP | SEND | LINGER),
    ON(TRYING, SEND_FAILURE, COMPLETED, STOP | SEND | LINGER),
    ON(TRYING, TIMER_F, TERMINATED, TIMED_OUT),

    ON(PROCEEDING, RECV_REQUEST, PROCEEDING, SEND),
    ON(PROCEEDING, SEND_1XX, PROCEEDING, SEND),
    ON(PROCEEDING, SEND_2XX, COMPLETED, STOP | SEND | LINGER),
    ON(PROCEEDING, SEND_FAILURE, COMPLETED, STOP | SEND | LINGER),
    ON(PROCEEDING, TRANSPORT_ERROR, PROCEEDING, FAILED),
    ON(PROCEEDING, TIMER_F, TERMINATED, TIMED_OUT),

    ON(COMPLETED, RECV_REQUEST, COMPLETED, SEND),
    ON(COMPLETED, TRANSPORT_ERROR, COMPLETED, FAILED),
    ON(COMPLETED, TIMER_J, TERMINATED, 0),
};

static const table *const machines[SIP_MACHINE_COUNT] = {
    [SIP_CLIENT_INVITE] = &client_invite,
    [SIP_CLIENT_OTHER] = &client_other,
    [SIP_SERVER_INVITE] = &server_invite,
    [SIP_SERVER_OTHER] = &server_other,
};

sip_arrow sip_transaction_arrow(sip_machine machine, sip_state state, sip_input input) {
  return (*machines[machine])[state][input];
}

#define X(name) #name,
static const char *const state_names[] = {SIP_STATES(X)};
static const char *const input_names[] = {SIP_INPUTS(X)};
static const char *const action_names[] = {SIP_ACTIONS(X)};
#undef X
static const char *const machine_names[] = {"client_invite", "client_other", "server_invite",
                                            "server_other"};

#define NAME_OF(names, index) \
  ((index) >= 0 && (size_t)(index) < sizeof(names) / sizeof *(names) ? (names)[index] : NULL)

const char *sip_state_name(int state) {
  return NAME_OF(state_names, state);
}

const char *sip_input_name(int input) {
  return NAME_OF(input_names, input);
}

const char *sip_action_name(int index) {
  return NAME_OF(action_names, index);
}

const char *sip_machine_name(int machine) {
  return NAME_OF(machine_names, machine);
}
