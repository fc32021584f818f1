// How the programs of this folder end when something is wrong.
#ifndef FAIL_H
#define FAIL_H

#include <stdio.h>
#include <stdlib.h>

extern const char kProgram[];

static inline _Noreturn void fail(const char* what, const char* name) {
  fprintf(stderr, "%s: %s %s\n", kProgram, what, name);
  exit(1);
}

#endif
