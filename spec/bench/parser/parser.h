/* SPDX-License-Identifier: MIT
 *
 * What the benchmark asks of each parser: one file implements this for one.
 */
#ifndef MOONSIP_BENCH_PARSER_H
#define MOONSIP_BENCH_PARSER_H

#include <stdbool.h>
#include <stddef.h>

enum {
  DEPTH_TRANSACTION = 1, /* what a transaction layer needs */
  DEPTH_ALL = 2          /* every header in the struct of its type */
};

/* A slice of the message or of the parser's memory. */
typedef struct slice {
  const char *ptr;
  size_t len;
} slice;

/* What depth 1 yields, so that all parsers can be seen to do the same work. */
typedef struct fields {
  slice branch, call_id, from_tag, to_tag;
  unsigned cseq;
  long content_length;
  int status; /* 0 in a request */
} fields;

extern const char *const bench_name;

bool bench_init(void);
/* bytes[len] is a NUL; the bytes must stay as they are. */
bool bench_parse(int depth, char *bytes, size_t len, fields *out);
/* Releases what the last bench_parse made. */
void bench_release(void);

#endif
