// Ids in and out, of the programs that speak.
#ifndef TOKENS_H
#define TOKENS_H

#include <stdint.h>

#include "fail.h"

static inline int64_t* read_ids(char** texts, uint32_t count) {
  int64_t* ids = malloc(count * sizeof *ids);
  if (ids == NULL) fail("no memory for", "the ids");
  for (uint32_t i = 0; i < count; ++i) ids[i] = atoll(texts[i]);
  return ids;
}

static inline void print_token(int64_t token) {
  printf("%lld ", (long long)token);
  fflush(stdout);
}

#endif
