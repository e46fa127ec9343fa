/* SPDX-License-Identifier: MIT
 *
 * sofia-sip: a message object, the bytes copied into its buffer, and extraction,
 * which parses every header it knows. There is no lesser depth.
 */
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <sofia-sip/su_wait.h>

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_parser.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>

#include "parser.h"

const char *const bench_name = "sofia-sip";

static const msg_mclass_t *class;
static msg_t *message;

bool bench_init(void) {
  su_init();
  class = sip_default_mclass();
  return class != NULL;
}

static slice slice_of(const char *text) {
  return (slice){text, text ? strlen(text) : 0};
}

static bool receive(const char *bytes, size_t len) {
  msg_iovec_t parts[2];
  ssize_t count = msg_recv_iovec(message, parts, 2, len, 1);
  size_t at = 0;
  for (ssize_t i = 0; i < count && at < len; i++) {
    size_t take = parts[i].mv_len < len - at ? parts[i].mv_len : len - at;
    memcpy(parts[i].mv_base, bytes + at, take);
    at += take;
  }
  msg_recv_commit(message, len, 1);
  return at == len && msg_extract(message) > 0;
}

bool bench_parse(int depth, char *bytes, size_t len, fields *out) {
  (void)depth;
  message = msg_create(class, 0);
  if (!receive(bytes, len)) return false;
  const sip_t *sip = (sip_t *)msg_object(message);
  if (!sip->sip_via || !sip->sip_from || !sip->sip_to || !sip->sip_call_id || !sip->sip_cseq) {
    return false;
  }
  *out = (fields){
      .branch = slice_of(sip->sip_via->v_branch),
      .call_id = slice_of(sip->sip_call_id->i_id),
      .from_tag = slice_of(sip->sip_from->a_tag),
      .to_tag = slice_of(sip->sip_to->a_tag),
      .cseq = sip->sip_cseq->cs_seq,
      .content_length = sip->sip_content_length ? (long)sip->sip_content_length->l_length : 0,
      .status = sip->sip_status ? sip->sip_status->st_status : 0};
  return !(sip->sip_flags & MSG_FLG_ERROR);
}

void bench_release(void) {
  msg_destroy(message);
  message = NULL;
}
