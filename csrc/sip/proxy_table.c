/* SPDX-License-Identifier: MIT
 *
 * What a branch does with what happens to it (RFC 3261 16.7 to 16.10). An input without
 * an arrow means nothing in its state.
 */
#include "sip/proxy.h"

#define ON(state, input, next_state, what)        \
  [SIP_BRANCH_##state][SIP_BRANCH_IN_##input] = { \
      .exists = true, .next = SIP_BRANCH_##next_state, .actions = (what)}

#define SEND SIP_BRANCH_DO_SEND
#define FORWARD SIP_BRANCH_DO_FORWARD
#define STOP SIP_BRANCH_DO_STOP
#define STOP_OTHERS SIP_BRANCH_DO_STOP_OTHERS
#define COUNT SIP_BRANCH_DO_COUNT
#define TELL SIP_BRANCH_DO_TELL
#define END_EARLY SIP_BRANCH_DO_END_EARLY

static const sip_branch_arrow table[SIP_BRANCH_STATE_COUNT][SIP_BRANCH_INPUT_COUNT] = {
    ON(WAITING, BEGIN, TRYING, SEND | TELL),
    ON(WAITING, CANCEL, FAILED, 0),

    ON(TRYING, PROVISIONAL, RINGING, FORWARD | TELL),
    ON(TRYING, ACCEPT, ACCEPTED, FORWARD | TELL | STOP_OTHERS),
    ON(TRYING, REFUSE, FAILED, COUNT | TELL),
    ON(TRYING, LOSE, FAILED, COUNT | TELL),
    ON(TRYING, LATE, GIVEN_UP, COUNT | TELL | STOP),
    ON(TRYING, CANCEL, CANCELLING, STOP),

    ON(RINGING, PROVISIONAL, RINGING, FORWARD | TELL),
    ON(RINGING, ACCEPT, ACCEPTED, FORWARD | TELL | STOP_OTHERS),
    ON(RINGING, REFUSE, FAILED, END_EARLY | COUNT | TELL),
    ON(RINGING, LOSE, FAILED, COUNT | TELL),
    ON(RINGING, LATE, GIVEN_UP, COUNT | TELL | STOP), /* 16.8 too */
    ON(RINGING, CANCEL, CANCELLING, STOP),

    ON(CANCELLING, PROVISIONAL, CANCELLING, FORWARD | TELL),
    ON(CANCELLING, ACCEPT, ACCEPTED, FORWARD | TELL | STOP_OTHERS),
    ON(CANCELLING, REFUSE, FAILED, END_EARLY | COUNT | TELL),
    ON(CANCELLING, LOSE, FAILED, COUNT | TELL),
    ON(CANCELLING, LATE, GIVEN_UP, COUNT | TELL),

    /* Another target may be ringing by now; whoever answers first has the call. */
    ON(GIVEN_UP, ACCEPT, ACCEPTED, FORWARD | TELL | STOP_OTHERS),
    ON(GIVEN_UP, REFUSE, FAILED, 0),
    ON(GIVEN_UP, LOSE, FAILED, 0),

    /* A copy, or the answer of another device behind it (RFC 6026 7.2). */
    ON(ACCEPTED, ACCEPT, ACCEPTED, FORWARD),
    ON(ACCEPTED, LOSE, ACCEPTED, 0),
};

sip_branch_arrow sip_branch_arrow_of(sip_branch_state state, sip_branch_input input) {
  return table[state][input];
}

#define X(name) #name,
static const char *const state_names[] = {SIP_BRANCH_STATES(X)};
static const char *const input_names[] = {SIP_BRANCH_INPUTS(X)};
static const char *const action_names[] = {SIP_BRANCH_ACTIONS(X)};
#undef X

#define NAME_OF(names, index) \
  ((index) >= 0 && (size_t)(index) < sizeof(names) / sizeof *(names) ? (names)[index] : NULL)

const char *sip_branch_state_name(int state) {
  return NAME_OF(state_names, state);
}

const char *sip_branch_input_name(int input) {
  return NAME_OF(input_names, input);
}

const char *sip_branch_action_name(int index) {
  return NAME_OF(action_names, index);
}
