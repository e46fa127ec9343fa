/* SPDX-License-Identifier: MIT
 *
 * type "/" subtype *( ";" attribute "=" value )
 */
#include "sip/media_type.h"

#include "base/error.h"

bool sip_scan_media_type(sip_scan *scan, sip_media_type *out) {
  return sip_scan_token(scan, &out->type) && sip_scan_separator(scan, '/') &&
         sip_scan_token(scan, &out->subtype);
}

/* m-parameter: a value is not optional here. */
static bool all_have_values(sip_str params) {
  sip_param param;
  while (sip_param_next(&params, &param) == 1) {
    if (!param.has_value) return false;
  }
  return true;
}

int sip_media_type_parse(sip_str value, sip_media_type *out) {
  *out = (sip_media_type){0};
  sip_scan scan = sip_scan_over(value);
  sip_scan_space(&scan);
  bool matches = sip_scan_media_type(&scan, out) && sip_scan_params(&scan, &out->params) &&
                 sip_scan_finish(&scan) && all_have_values(out->params);
  return matches ? 0 : SIP_E_HEADER;
}

bool sip_media_type_is(const sip_media_type *media, sip_str name) {
  size_t slash = sip_str_index(name, '/');
  if (slash == name.len) return false;
  sip_str type = sip_str_make(name.ptr, slash);
  sip_str subtype = sip_str_between(name.ptr + slash + 1, name.ptr + name.len);
  return sip_str_equal_nocase(media->type, type) && sip_str_equal_nocase(media->subtype, subtype);
}
