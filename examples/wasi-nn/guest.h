// What the programs of this folder share: errors and outputs of wasi-nn.
#ifndef GUEST_H
#define GUEST_H

#include "../../runtimes/guest/wasi_nn.h"
#include "picture.h"

static void check(const char* what, uint32_t code) {
  static const char* const kCodes[] = {"success", "invalid_argument", "invalid_encoding", "missing_memory", "busy", "runtime_error", "unsupported_operation", "too_large", "not_found"};
  if (code != NN_SUCCESS) fail(what, code < sizeof kCodes / sizeof *kCodes ? kCodes[code] : "another error");
}

/* How many bytes an output has, asked with no room for it. */
static inline float* output_of(nn_context context, uint32_t* bytes) {
  const uint32_t code = nn_get_output(context, 0, NULL, 0, bytes);
  if (code != NN_TOO_LARGE) check("get_output:", code);
  float* output = malloc(*bytes);
  if (output == NULL) fail("no memory for", "the output");
  check("get_output:", nn_get_output(context, 0, output, *bytes, bytes));
  return output;
}

/* Of the named model, a context. */
static inline nn_context open_model(const char* name, const char* config) {
  nn_graph graph;
  nn_context context;
  check("load_by_name_with_config:", nn_load_by_name_with_config(name, (uint32_t)strlen(name), config, (uint32_t)strlen(config), &graph));
  check("init_execution_context:", nn_init_execution_context(graph, &context));
  return context;
}

#endif
