/* SPDX-License-Identifier: MIT
 *
 * Each typed header: the first byte chooses it, the rest is its value.
 */
#include "fuzz.h"

#include "base/error.h"
#include "sip/credentials.h"
#include "sip/date.h"
#include "sip/value.h"

static void print_again(sip_str text) {
  written out, twice;
  written_init(&out);
  written_init(&twice);
  sip_unfold(text, &out.buffer);
  HOLDS(out.buffer.len <= text.len);
  sip_unfold(written_str(&out), &twice.buffer);
  HOLDS(sip_str_equal(written_str(&out), written_str(&twice)));
  sip_buffer_clear(&out.buffer);
  sip_unquote(text, &out.buffer);
  sip_buffer_clear(&twice.buffer);
  if (sip_quote(written_str(&out), &twice.buffer) == 0) {
    sip_scan scan = sip_scan_over(written_str(&twice));
    sip_str quoted;
    bool ascii = true;
    for (size_t i = 0; i < out.buffer.len; i++)
      ascii = ascii && (unsigned char)out.buffer.ptr[i] < 0x80;
    HOLDS(!ascii || (sip_scan_quoted(&scan, &quoted) && sip_scan_done(&scan)));
  }
  written_deinit(&out);
  written_deinit(&twice);
}

static void check_address(const sip_name_addr *address, sip_str text) {
  if (address->star) return;
  holds_inside(address->display, text);
  holds_inside(address->uri.text, text);
  holds_inside(address->params, text);
  holds_inside(address->tag, text);
  int q = sip_name_addr_q(address);
  HOLDS(q == SIP_E_HEADER || (q >= 0 && q <= 1000));
  sip_name_addr_expires(address, 0);
}

static void check_via(const sip_via *via, sip_str text) {
  holds_inside(via->text, text);
  holds_inside(via->sent_by, text);
  holds_inside(via->branch, text);
  sip_sockaddr target;
  sip_str host;
  sip_via_response_target(via, &target, &host);
  holds_inside(host, text);
}

/* They say what a look-up by name says, and a copy of them says the same. */
static void check_credentials(const sip_auth *auth) {
  written texts, plain;
  written_init(&texts);
  written_init(&plain);
  sip_credentials read, moved;
  sip_param param;
  HOLDS(sip_credentials_parse(auth->params, &texts.buffer, &read) == 0);
  if (sip_auth_find(auth, SIP_STR("username"), &param)) {
    sip_unquote(param.value, &plain.buffer);
    HOLDS(read.username.ptr && sip_str_equal(read.username, written_str(&plain)));
  } else {
    HOLDS(!read.username.ptr);
  }
  char *copy = malloc(auth->params.len + 1);
  memcpy(copy, auth->params.ptr, auth->params.len);
  moved = read;
  sip_credentials_move(&moved, auth->params, copy);
  HOLDS(sip_str_equal(moved.username, read.username) && sip_str_equal(moved.nc, read.nc));
  free(copy);
  written_deinit(&texts);
  written_deinit(&plain);
}

static void check_auth(const sip_auth *auth, sip_str text) {
  holds_inside(auth->params, text);
  holds_inside(auth->token68, text);
  sip_str rest = auth->params;
  sip_param param, found;
  while (sip_auth_next(&rest, &param) == 1) {
    HOLDS(sip_auth_find(auth, param.name, &found));
    HOLDS(found.value.ptr == param.value.ptr); /* a name comes once */
  }
  if (auth->params.len > 0) check_credentials(auth);
}

static void check_date(int64_t seconds) {
  written out;
  int64_t again;
  written_init(&out);
  HOLDS(seconds >= SIP_DATE_MIN && seconds <= SIP_DATE_MAX);
  sip_date_write(seconds, &out.buffer);
  HOLDS(sip_date_parse(written_str(&out), &again) == 0 && again == seconds);
  written_deinit(&out);
}

static void check_value(const sip_value *value, sip_str text) {
  switch (value->kind) {
  case SIP_VALUE_ADDRESS:
  case SIP_VALUE_NAME_ADDR:
  case SIP_VALUE_INFO:
    check_address(&value->address, text);
    break;
  case SIP_VALUE_VIA:
    check_via(&value->via, text);
    break;
  case SIP_VALUE_AUTH:
    check_auth(&value->auth, text);
    break;
  case SIP_VALUE_DATE:
    check_date(value->date);
    break;
  case SIP_VALUE_TAGGED:
    holds_inside(value->tagged.params, text);
    break;
  case SIP_VALUE_ACCEPT:
  case SIP_VALUE_ACCEPT_ENCODING:
  case SIP_VALUE_ACCEPT_LANGUAGE:
    HOLDS(value->accept.q >= 0 && value->accept.q <= 1000);
    break;
  default:
    break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  sip_header_id id = (sip_header_id)(data[0] % SIP_HEADER_COUNT);
  sip_str text = exact_copy(sip_str_make((const char *)data + 1, size - 1));
  sip_value value;
  int error = sip_value_parse(id, text, &value);
  HOLDS(error <= 0);
  if (error == 0) check_value(&value, text);
  print_again(text);
  free_copy(text);
  return 0;
}
