/* SPDX-License-Identifier: MIT
 *
 * CSeq and RAck (RFC 3261 20.16, RFC 3262 7.2).
 */
#ifndef MOONSIP_SIP_CSEQ_H
#define MOONSIP_SIP_CSEQ_H

#include "sip/method.h"
#include "sip/scan.h"

typedef struct sip_cseq {
  uint32_t number; /* below 2^31 (8.1.1.5) */
  sip_method method;
  sip_str method_text;
} sip_cseq;

typedef struct sip_rack {
  uint32_t rseq; /* 1 to 2^32-1 */
  sip_cseq cseq;
} sip_rack;

/* 0, SIP_E_HEADER or SIP_E_NUMBER. */
int sip_cseq_parse(sip_str value, sip_cseq *out);
int sip_rack_parse(sip_str value, sip_rack *out);

/* The same at a cursor that must reach the end. */
int sip_scan_cseq(sip_scan *scan, sip_cseq *out);

#endif
