/* SPDX-License-Identifier: MIT
 *
 * sofia PORT: a UDP server on 127.0.0.1 over sofia-sip's transaction engine (nta),
 * to compare with. OPTIONS to a user that begins with t, INVITE and BYE are answered
 * in a transaction, other OPTIONS without one.
 */
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/su.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/su_wait.h>
#include <stdio.h>
#include <stdlib.h>

enum { URL_SIZE = 64, MESSAGE_MAX = 65536 };

/* The same description as moonsip.lua sends. */
static const char description[] =
    "v=0\r\n"
    "o=- 1 1 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "c=IN IP4 127.0.0.1\r\n"
    "t=0 0\r\n"
    "m=audio 40002 RTP/AVP 8 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n";

static char contact[URL_SIZE];

static void answer_invite(nta_incoming_t *transaction) {
  nta_incoming_tag(transaction, NULL);
  nta_incoming_treply(transaction, SIP_200_OK, SIPTAG_CONTACT_STR(contact),
                      SIPTAG_CONTENT_TYPE_STR("application/sdp"), SIPTAG_PAYLOAD_STR(description),
                      TAG_END());
}

static int answer_in_transaction(nta_agent_t *agent, msg_t *message, sip_t *sip) {
  int is_invite = sip->sip_request->rq_method == sip_method_invite;
  nta_incoming_t *transaction = nta_incoming_create(agent, NULL, message, sip, TAG_END());
  if (!transaction) return 0;
  if (is_invite) {
    answer_invite(transaction);
  } else {
    nta_incoming_treply(transaction, SIP_200_OK, TAG_END());
  }
  nta_incoming_destroy(transaction); /* it ends by itself */
  return 0;
}

static int on_message(nta_agent_magic_t *context, nta_agent_t *agent, msg_t *message, sip_t *sip) {
  (void)context;
  if (!sip || !sip->sip_request || sip->sip_request->rq_method == sip_method_ack) {
    nta_msg_discard(agent, message);
    return 0;
  }
  const char *user = sip->sip_request->rq_url->url_user;
  switch (sip->sip_request->rq_method) {
  case sip_method_options:
    if (user && *user == 't') return answer_in_transaction(agent, message, sip);
    nta_msg_treply(agent, message, SIP_200_OK, TAG_END());
    return 0;
  case sip_method_invite:
  case sip_method_bye:
    return answer_in_transaction(agent, message, sip);
  default:
    nta_msg_treply(agent, message, SIP_501_NOT_IMPLEMENTED, TAG_END());
    return 0;
  }
}

int main(int count, char **words) {
  char url[URL_SIZE];
  if (count != 2) return EXIT_FAILURE;
  snprintf(url, sizeof url, "sip:127.0.0.1:%s;transport=udp", words[1]);
  snprintf(contact, sizeof contact, "<sip:127.0.0.1:%s>", words[1]);
  su_init();
  su_log_set_level(NULL, 0);
  su_root_t *root = su_root_create(NULL);
  nta_agent_t *agent =
      nta_agent_create(root, URL_STRING_MAKE(url), on_message, NULL, NTATAG_MAXSIZE(MESSAGE_MAX),
                       NTATAG_UDP_MTU(MESSAGE_MAX), TAG_END());
  if (!agent) return EXIT_FAILURE;
  su_root_run(root);
  return EXIT_SUCCESS;
}
