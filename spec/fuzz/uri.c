/* SPDX-License-Identifier: MIT
 *
 * Two URIs with a newline between them: each equals itself, both agree on whether
 * they are equal, and what is printed of one is one.
 */
#include "fuzz.h"

#include "sip/name_addr.h"

static void check_parts(const sip_uri *uri) {
  const sip_str parts[] = {uri->scheme_text, uri->user,   uri->password,
                           uri->host,        uri->params, uri->headers};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) holds_inside(parts[i], uri->text);
  sip_str rest = uri->params, value;
  sip_param param;
  size_t count = 0;
  while (sip_uri_param_next(&rest, &param)) {
    HOLDS(param.name.len > 0 && sip_uri_param(uri, param.name, &value));
    HOLDS(value.ptr == param.value.ptr); /* a name comes once (19.1.1) */
    count++;
  }
  HOLDS(count <= SIP_URI_PARTS_MAX);
  sip_uri_transport(uri);
  HOLDS(sip_uri_port(uri) > 0);
}

static void check_printed(const sip_uri *uri) {
  written out;
  sip_uri again;
  written_init(&out);
  sip_uri_write_request(uri, &out.buffer);
  HOLDS(sip_uri_parse(written_str(&out), &again, NULL) == 0);
  HOLDS(again.headers.len == 0 || uri->scheme == SIP_SCHEME_OTHER);
  written_deinit(&out);
}

static void check_escapes(sip_str text) {
  written plain, escaped;
  written_init(&plain);
  written_init(&escaped);
  sip_escape(text, SIP_CHAR_USER, &escaped.buffer);
  HOLDS(sip_unescape(written_str(&escaped), &plain.buffer) == 0);
  HOLDS(sip_str_equal(text, written_str(&plain)));
  sip_buffer_clear(&plain.buffer);
  sip_unescape(text, &plain.buffer);
  written_deinit(&plain);
  written_deinit(&escaped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sip_str whole = sip_str_make((const char *)data, size);
  size_t newline = sip_str_index(whole, '\n'), behind = newline + (newline < size);
  sip_str a_text = exact_copy(sip_str_make(whole.ptr, newline));
  sip_str b_text = exact_copy(sip_str_make(whole.ptr + behind, size - behind));
  sip_uri a, b;
  size_t error_at = 0;
  int a_error = sip_uri_parse(a_text, &a, &error_at);
  HOLDS(error_at <= a_text.len);
  int b_error = sip_uri_parse(b_text, &b, NULL);
  if (a_error == 0) {
    check_parts(&a);
    check_printed(&a);
    HOLDS(sip_uri_equal(&a, &a));
  }
  if (a_error == 0 && b_error == 0) HOLDS(sip_uri_equal(&a, &b) == sip_uri_equal(&b, &a));
  check_escapes(a_text);
  sip_name_addr address;
  sip_name_addr_parse(a_text, &address);
  free_copy(a_text);
  free_copy(b_text);
  return 0;
}
