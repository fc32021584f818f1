// The module wasi_ephemeral_nn of wasi-nn (witx, preview 1), for C: every function returns an errno, results go through the last pointer.
// WasmEdge's extensions are in the second half; a program imports only what it calls.
#ifndef WASI_NN_H
#define WASI_NN_H

#include <stdint.h>

#define WASI_NN(name) __attribute__((import_module("wasi_ephemeral_nn"), import_name(#name))) uint32_t nn_##name

enum {
  NN_SUCCESS = 0, NN_INVALID_ARGUMENT = 1, NN_INVALID_ENCODING = 2, NN_MISSING_MEMORY = 3, NN_BUSY = 4,
  NN_RUNTIME_ERROR = 5, NN_UNSUPPORTED_OPERATION = 6, NN_TOO_LARGE = 7, NN_NOT_FOUND = 8,
  NN_END_OF_SEQUENCE = 100, NN_CONTEXT_FULL = 101, NN_PROMPT_TOO_LONG = 102  // WasmEdge's
};
enum { NN_F16 = 0, NN_F32 = 1, NN_F64 = 2, NN_U8 = 3, NN_I32 = 4, NN_I64 = 5 };
enum { NN_OPENVINO = 0, NN_ONNX = 1, NN_TENSORFLOW = 2, NN_PYTORCH = 3, NN_TENSORFLOWLITE = 4, NN_AUTODETECT = 5 };
enum { NN_CPU = 0, NN_GPU = 1, NN_TPU = 2 };

typedef uint32_t nn_graph;
typedef uint32_t nn_context;

typedef struct {
  const void* data;
  uint32_t size;
} nn_part;

typedef struct {
  const uint32_t* dims;
  uint32_t rank;
  uint8_t type;  // three bytes of padding follow
  const void* data;
  uint32_t size;  // in bytes
} nn_tensor;
_Static_assert(sizeof(nn_tensor) == 20, "as witx lays it out");

WASI_NN(load)(const nn_part* parts, uint32_t count, uint32_t encoding, uint32_t target, nn_graph* graph);
WASI_NN(load_by_name)(const char* name, uint32_t length, nn_graph* graph);
WASI_NN(init_execution_context)(nn_graph graph, nn_context* context);
WASI_NN(set_input)(nn_context context, uint32_t index, const nn_tensor* tensor);
WASI_NN(compute)(nn_context context);
WASI_NN(get_output)(nn_context context, uint32_t index, void* buffer, uint32_t size, uint32_t* written);

WASI_NN(load_by_name_with_config)(const char* name, uint32_t length, const char* config, uint32_t config_length, nn_graph* graph);
WASI_NN(compute_single)(nn_context context);
WASI_NN(get_output_single)(nn_context context, uint32_t index, void* buffer, uint32_t size, uint32_t* written);
WASI_NN(fini_single)(nn_context context);
WASI_NN(finalize_execution_context)(nn_context context);
WASI_NN(unload)(nn_graph graph);

#endif
