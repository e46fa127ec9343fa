/* SPDX-License-Identifier: MIT
 *
 * PROGRAM CORPUS check          one line of fields per message, to compare parsers
 * PROGRAM CORPUS time DEPTH MS  nanoseconds per message: the median of five spans
 * PROGRAM CORPUS once DEPTH     parses all once, for counting instructions
 *
 * The corpus is a run of messages, each behind its length in four bytes.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "parser.h"

enum { SPANS = 5, MESSAGES_MAX = 4096, NS_PER_S = 1000000000, NS_PER_MS = 1000000 };

typedef struct message {
  char *bytes;
  size_t len;
} message;

static message corpus[MESSAGES_MAX];
static size_t corpus_count;

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", bench_name, what);
  exit(1);
}

static void load(const char *path) {
  FILE *file = fopen(path, "rb");
  uint32_t len;
  if (!file) fail("no corpus");
  while (corpus_count < MESSAGES_MAX && fread(&len, sizeof len, 1, file) == 1) {
    message *m = &corpus[corpus_count++];
    m->len = len;
    m->bytes = calloc(len + 1, 1);
    if (!m->bytes || fread(m->bytes, 1, len, file) != len) fail("corpus cut short");
  }
  fclose(file);
}

static void parse(int depth, const message *m, fields *out) {
  if (!bench_parse(depth, m->bytes, m->len, out)) fail(m->bytes);
}

/* The function that instructions are counted in. */
__attribute__((noinline)) void bench_pass(int depth);
static volatile size_t sink;

void bench_pass(int depth) {
  fields out;
  for (size_t i = 0; i < corpus_count; i++) {
    parse(depth, &corpus[i], &out);
    sink += out.call_id.len + out.cseq;
    bench_release();
  }
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static double time_span(int depth, int64_t span) {
  int64_t start = now(), spent;
  size_t passes = 0;
  do {
    bench_pass(depth);
    passes++;
    spent = now() - start;
  } while (spent < span);
  return (double)spent / (double)(passes * corpus_count);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_time(int depth, int64_t ms) {
  double spans[SPANS];
  bench_pass(depth); /* caches and branch predictors see it once */
  for (int i = 0; i < SPANS; i++) spans[i] = time_span(depth, ms * NS_PER_MS / SPANS);
  qsort(spans, SPANS, sizeof *spans, compare);
  printf("%.1f\n", spans[SPANS / 2]);
}

static void print_slice(slice s) {
  printf("%.*s|", (int)s.len, s.ptr ? s.ptr : "");
}

static void print_fields(void) {
  for (size_t i = 0; i < corpus_count; i++) {
    fields f;
    char *before = malloc(corpus[i].len);
    if (!before) fail("out of memory");
    memcpy(before, corpus[i].bytes, corpus[i].len);
    parse(DEPTH_ALL, &corpus[i], &f);
    print_slice(f.branch);
    print_slice(f.call_id);
    print_slice(f.from_tag);
    print_slice(f.to_tag);
    printf("%u|%ld|%d\n", f.cseq, f.content_length, f.status);
    bench_release();
    if (memcmp(before, corpus[i].bytes, corpus[i].len) != 0) fail("changed the message");
    free(before);
  }
}

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  load(argv[1]);
  if (!bench_init()) fail("cannot start");
  if (strcmp(argv[2], "check") == 0) {
    print_fields();
  } else if (strcmp(argv[2], "time") == 0 && argc == 5) {
    print_time((int)strtol(argv[3], NULL, 10), strtol(argv[4], NULL, 10));
  } else if (strcmp(argv[2], "once") == 0 && argc == 4) {
    bench_pass((int)strtol(argv[3], NULL, 10));
  } else {
    return 2;
  }
  return 0;
}
