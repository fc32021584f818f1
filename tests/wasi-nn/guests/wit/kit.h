// What the guests of the suite for components share; the twin of ../kit.h.
#ifndef WIT_KIT_H
#define WIT_KIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../../runtimes/guest/wasi_nn_wit.h"

static int failures = 0;

static inline void check(const char* step, int64_t expected, int64_t got) {
  printf("%s %s: %lld", expected == got ? "ok  " : "FAIL", step, (long long)got);
  if (expected != got) {
    printf(", expected %lld", (long long)expected);
    ++failures;
  }
  printf("\n");
}
#define TRUE(condition) check(#condition, 1, (condition) ? 1 : 0)

/// Prints and drops an error, whose text must be there. Returns its code.
static inline uint32_t taken(nnw_error error) {
  nnw_bytes text;
  const uint32_t code = nnw_error_code(error);
  nnw_error_data(error, &text);
  printf("     %u: %.*s\n", code, (int)text.size, (const char*)text.data);
  if (text.size == 0) {
    printf("FAIL the error has no text\n");
    ++failures;
  } else {
    free(text.data);
  }
  nnw_error_drop(error);
  return code;
}

/// The code of a call that must fail; 99 where it did not.
static inline uint32_t refused(nnw_made made) { return made.failed ? taken(made.error) : 99; }
#define REFUSED(code, ...) check(#__VA_ARGS__, code, refused(__VA_ARGS__))

/// The handle of a call that the rest cannot go on without.
static inline uint32_t required(const char* step, nnw_made made) {
  check(step, 0, made.failed);
  if (made.failed) {
    taken(made.error);
    exit(1);
  }
  return made.handle;
}
#define REQUIRE(...) required(#__VA_ARGS__, __VA_ARGS__)

static inline nnw_bytes file(const char* name) {
  char path[128];
  snprintf(path, sizeof path, "/models/%s.onnx", name);
  FILE* in = fopen(path, "rb");
  if (in == NULL) {
    printf("FAIL there is no %s\n", path);
    exit(1);
  }
  const size_t most = 1 << 16;
  void* data = malloc(most);
  const size_t size = fread(data, 1, most, in);
  fclose(in);
  return (nnw_bytes){data, (uint32_t)size};
}

static inline nnw_made load_bytes(const void* data, uint32_t size, uint32_t encoding, uint32_t target) {
  const nnw_bytes part = {(void*)data, size};
  nnw_made made;
  nnw_load(&part, 1, encoding, target, &made);
  return made;
}
static inline nnw_made by_name(const char* name) {
  nnw_made made;
  nnw_load_by_name(name, strlen(name), &made);
  return made;
}
static inline nnw_made context_for(nnw_graph graph) {
  nnw_made made;
  nnw_init_execution_context(graph, &made);
  return made;
}

/// A graph of a model of the suite: by its name on hosts that have it so, else of its bytes.
static inline nnw_graph load(const char* name) {
  if (getenv("NN_BY_NAME") != NULL) return REQUIRE(by_name(name));
  const nnw_bytes part = file(name);
  const nnw_graph graph = REQUIRE(load_bytes(part.data, part.size, NNW_ONNX, NNW_CPU));
  free(part.data);
  return graph;
}
/// A context, which keeps its graph.
static inline nnw_context context_of(const char* name) {
  const nnw_graph graph = load(name);
  const nnw_context context = REQUIRE(context_for(graph));
  nnw_graph_drop(graph);
  return context;
}

#define DIMS(...) ((const uint32_t[]){__VA_ARGS__}), sizeof((const uint32_t[]){__VA_ARGS__}) / 4
#define TENSOR(type, array, ...) nnw_tensor_new(DIMS(__VA_ARGS__), type, array, sizeof array)

static inline nnw_named_tensor named(const char* name, nnw_tensor tensor) {
  return (nnw_named_tensor){{(void*)name, (uint32_t)strlen(name)}, tensor};
}
#define INPUTS(...) ((const nnw_named_tensor[]){__VA_ARGS__}), sizeof((const nnw_named_tensor[]){__VA_ARGS__}) / sizeof(nnw_named_tensor)

static inline nnw_computed compute(nnw_context context, const nnw_named_tensor* inputs, uint32_t count) {
  nnw_computed computed;
  nnw_compute(context, inputs, count, &computed);
  return computed;
}
static inline uint32_t compute_refused(nnw_computed computed) { return computed.failed ? taken(computed.error) : 99; }
#define COMPUTE_REFUSED(code, ...) check(#__VA_ARGS__, code, compute_refused(__VA_ARGS__))

static inline nnw_named_tensors compute_required(const char* step, nnw_computed computed) {
  check(step, 0, computed.failed);
  if (computed.failed) {
    taken(computed.error);
    exit(1);
  }
  return computed.outputs;
}
#define COMPUTE(...) compute_required(#__VA_ARGS__, __VA_ARGS__)

/// Whether a tensor is of this type and shape and has these bytes.
static inline int is(nnw_tensor tensor, uint32_t type, const uint32_t* dims, uint32_t rank, const void* data, uint32_t size) {
  nnw_dimensions shape;
  nnw_bytes bytes;
  nnw_tensor_dimensions(tensor, &shape);
  nnw_tensor_data(tensor, &bytes);
  const int same = nnw_tensor_ty(tensor) == type && shape.count == rank && memcmp(shape.data, dims, 4 * rank) == 0 && bytes.size == size &&
                   memcmp(bytes.data, data, size) == 0;
  if (rank > 0) free(shape.data);
  if (size > 0) free(bytes.data);
  return same;
}
#define IS(tensor, type, array, ...) TRUE(is(tensor, type, DIMS(__VA_ARGS__), array, sizeof array))

static inline int is_called(const nnw_named_tensor* output, const char* name) {
  return output->name.size == strlen(name) && memcmp(output->name.data, name, output->name.size) == 0;
}
static inline void free_outputs(nnw_named_tensors outputs) {
  for (uint32_t i = 0; i < outputs.count; ++i) {
    free(outputs.data[i].name.data);
    nnw_tensor_drop(outputs.data[i].tensor);
  }
  if (outputs.count > 0) free(outputs.data);
}

struct test_case {
  const char* name;
  void (*run)(void);
};
/// main of a guest: the case that its argument names.
static inline int run_case(int argc, char** argv, const struct test_case* cases, size_t count) {
  for (size_t i = 0; i < count; ++i)
    if (argc > 1 && strcmp(cases[i].name, argv[1]) == 0) {
      cases[i].run();
      return failures > 0;
    }
  return 1;
}
#define MAIN(...)                                                      \
  int main(int argc, char** argv) {                                    \
    static const struct test_case kCases[] = {__VA_ARGS__};            \
    return run_case(argc, argv, kCases, sizeof kCases / sizeof *kCases); \
  }

#endif
