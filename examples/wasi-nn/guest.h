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

/* The output that the named model gives for a line of a picture: its input is f32 [1, 3, height, width]. */
static inline float* infer_line(const char* name, const Picture* picture, uint32_t height, uint32_t width, uint32_t* bytes) {
  nn_graph graph;
  nn_context context;
  check("load_by_name:", nn_load_by_name(name, (uint32_t)strlen(name), &graph));
  check("init_execution_context:", nn_init_execution_context(graph, &context));
  const uint32_t dims[] = {1, 3, height, width};
  const nn_tensor tensor = {dims, 4, NN_F32, line_tensor(picture, height, width), (uint32_t)sizeof(float) * 3 * height * width};
  check("set_input:", nn_set_input(context, 0, &tensor));
  check("compute:", nn_compute(context));
  return output_of(context, bytes);
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
