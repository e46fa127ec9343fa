/* SPDX-License-Identifier: MIT
 *
 * libre: a list of headers, with the top Via, From, To and CSeq decoded. The second
 * depth decodes the other headers that it has a decoder for.
 */
#include <re.h>

#include "parser.h"

const char *const bench_name = "libre";

static struct sip_msg *message;
static struct mbuf *buffer;

bool bench_init(void) {
  buffer = mbuf_alloc(16);
  buffer->buf = mem_deref(buffer->buf); /* it will look at the message in place */
  return true;
}

static slice slice_of(struct pl text) {
  return (slice){text.p, text.l};
}

static void decode_header(const struct sip_hdr *header) {
  struct sip_addr address;
  struct sip_via via;
  struct httpauth_digest_resp response;
  struct httpauth_digest_chall challenge;
  switch (header->id) {
  case SIP_HDR_CONTACT:
  case SIP_HDR_ROUTE:
  case SIP_HDR_RECORD_ROUTE:
    sip_addr_decode(&address, &header->val);
    break;
  case SIP_HDR_VIA:
    sip_via_decode(&via, &header->val);
    break;
  case SIP_HDR_AUTHORIZATION:
  case SIP_HDR_PROXY_AUTHORIZATION:
    httpauth_digest_response_decode(&response, &header->val);
    break;
  case SIP_HDR_WWW_AUTHENTICATE:
  case SIP_HDR_PROXY_AUTHENTICATE:
    httpauth_digest_challenge_decode(&challenge, &header->val);
    break;
  default:
    break;
  }
}

bool bench_parse(int depth, char *bytes, size_t len, fields *out) {
  buffer->buf = (uint8_t *)bytes;
  buffer->pos = 0;
  buffer->end = buffer->size = len;
  if (sip_msg_decode(&message, buffer)) return false;
  *out = (fields){.branch = slice_of(message->via.branch),
                  .call_id = slice_of(message->callid),
                  .from_tag = slice_of(message->from.tag),
                  .to_tag = slice_of(message->to.tag),
                  .cseq = message->cseq.num,
                  .content_length = pl_isset(&message->clen) ? (long)pl_u32(&message->clen) : 0,
                  .status = message->scode};
  if (depth < DEPTH_ALL) return true;
  struct uri uri;
  if (!message->scode) uri_decode(&uri, &message->ruri);
  for (struct le *le = list_head(&message->hdrl); le; le = le->next) decode_header(le->data);
  return true;
}

void bench_release(void) {
  message = mem_deref(message);
}
