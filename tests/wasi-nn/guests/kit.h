// What the guests of the suite share. A step is printed with what it gave; main returns 1 when one was not as expected.
#ifndef KIT_H
#define KIT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../runtimes/guest/wasi_nn.h"

static int failures = 0;

static void check(const char* step, int64_t expected, int64_t got) {
  printf("%s %s: %lld", expected == got ? "ok  " : "FAIL", step, (long long)got);
  if (expected != got) {
    printf(", expected %lld", (long long)expected);
    ++failures;
  }
  printf("\n");
}
/// The errno of a call.
#define EXPECT(code, call) check(#call, code, call)
/// What the rest cannot go on without.
#define REQUIRE(call)                     \
  do {                                    \
    uint32_t code_ = call;                \
    check(#call, NN_SUCCESS, code_);      \
    if (code_ != NN_SUCCESS) exit(1);     \
  } while (0)
#define TRUE(condition) check(#condition, 1, (condition) ? 1 : 0)

static inline nn_part file(const char* name) {
  char path[128];
  snprintf(path, sizeof path, "/models/%s.onnx", name);
  FILE* in = fopen(path, "rb");
  if (in == NULL) {
    printf("FAIL there is no %s\n", path);
    exit(1);
  }
  static char buffer[1 << 16];
  const size_t size = fread(buffer, 1, sizeof buffer, in);
  fclose(in);
  void* copy = malloc(size + 1);
  memcpy(copy, buffer, size);
  return (nn_part){copy, (uint32_t)size};
}

static inline nn_graph load(const char* name) {
  nn_part part = file(name);
  nn_graph graph = 0;
  REQUIRE(nn_load(&part, 1, NN_ONNX, NN_CPU, &graph));
  free((void*)part.data);
  return graph;
}

static inline nn_context context_of(nn_graph graph) {
  nn_context context = 0;
  REQUIRE(nn_init_execution_context(graph, &context));
  return context;
}

#define DIMS(...) ((const uint32_t[]){__VA_ARGS__}), sizeof((const uint32_t[]){__VA_ARGS__}) / 4
#define TENSOR(type, array, ...) (&(nn_tensor){DIMS(__VA_ARGS__), type, array, sizeof array})

#endif
