// wasi:nn@0.2.0-rc-2024-10-28 (wit/nn.wit) for C: what a component's core module imports, by the canonical ABI. A resource is a handle that is
// dropped when its owner is done with it. What a call returns by reference is written to its last pointer, and lists come in memory that the
// program's cabi_realloc gave (cabi_realloc.c): free() them. tools: component.mjs makes a component of such a program.
#ifndef WASI_NN_WIT_H
#define WASI_NN_WIT_H

#include <stdint.h>

#define WASI_NN_WIT(interface, function) __attribute__((import_module("wasi:nn/" interface "@0.2.0-rc-2024-10-28"), import_name(function)))

enum { NNW_FP16 = 0, NNW_FP32 = 1, NNW_FP64 = 2, NNW_BF16 = 3, NNW_U8 = 4, NNW_I32 = 5, NNW_I64 = 6 };
enum { NNW_OPENVINO = 0, NNW_ONNX = 1, NNW_TENSORFLOW = 2, NNW_PYTORCH = 3, NNW_TENSORFLOWLITE = 4, NNW_GGML = 5, NNW_AUTODETECT = 6 };
enum { NNW_CPU = 0, NNW_GPU = 1, NNW_TPU = 2 };
enum {
  NNW_INVALID_ARGUMENT = 0, NNW_INVALID_ENCODING = 1, NNW_TIMEOUT = 2, NNW_RUNTIME_ERROR = 3, NNW_UNSUPPORTED_OPERATION = 4,
  NNW_TOO_LARGE = 5, NNW_NOT_FOUND = 6, NNW_SECURITY = 7, NNW_UNKNOWN = 8
};

typedef uint32_t nnw_tensor, nnw_error, nnw_graph, nnw_context;  // own<…>, and borrow<…> of methods

typedef struct {
  void* data;
  uint32_t size;
} nnw_bytes;  // list<u8>, string

typedef struct {
  uint32_t* data;
  uint32_t count;
} nnw_dimensions;

typedef struct {
  nnw_bytes name;
  nnw_tensor tensor;
} nnw_named_tensor;

typedef struct {
  nnw_named_tensor* data;
  uint32_t count;
} nnw_named_tensors;

/// result<graph, error> and result<graph-execution-context, error>.
typedef struct {
  uint8_t failed;
  union {
    uint32_t handle;
    nnw_error error;
  };
} nnw_made;

typedef struct {
  uint8_t failed;
  union {
    nnw_named_tensors outputs;
    nnw_error error;
  };
} nnw_computed;
_Static_assert(sizeof(nnw_named_tensor) == 12 && sizeof(nnw_made) == 8 && sizeof(nnw_computed) == 12, "as the canonical ABI lays them out");

WASI_NN_WIT("tensor", "[constructor]tensor") nnw_tensor nnw_tensor_new(const uint32_t* dimensions, uint32_t rank, uint32_t type, const void* data, uint32_t size);
WASI_NN_WIT("tensor", "[method]tensor.dimensions") void nnw_tensor_dimensions(nnw_tensor tensor, nnw_dimensions* out);
WASI_NN_WIT("tensor", "[method]tensor.ty") uint32_t nnw_tensor_ty(nnw_tensor tensor);
WASI_NN_WIT("tensor", "[method]tensor.data") void nnw_tensor_data(nnw_tensor tensor, nnw_bytes* out);
WASI_NN_WIT("tensor", "[resource-drop]tensor") void nnw_tensor_drop(nnw_tensor tensor);

WASI_NN_WIT("graph", "load") void nnw_load(const nnw_bytes* parts, uint32_t count, uint32_t encoding, uint32_t target, nnw_made* out);
WASI_NN_WIT("graph", "load-by-name") void nnw_load_by_name(const char* name, uint32_t length, nnw_made* out);
WASI_NN_WIT("graph", "[method]graph.init-execution-context") void nnw_init_execution_context(nnw_graph graph, nnw_made* out);
WASI_NN_WIT("graph", "[resource-drop]graph") void nnw_graph_drop(nnw_graph graph);

/// Takes the tensors: their handles are gone afterwards, however it ends.
WASI_NN_WIT("inference", "[method]graph-execution-context.compute") void nnw_compute(nnw_context context, const nnw_named_tensor* inputs, uint32_t count, nnw_computed* out);
WASI_NN_WIT("inference", "[resource-drop]graph-execution-context") void nnw_context_drop(nnw_context context);

WASI_NN_WIT("errors", "[method]error.code") uint32_t nnw_error_code(nnw_error error);
WASI_NN_WIT("errors", "[method]error.data") void nnw_error_data(nnw_error error, nnw_bytes* out);
WASI_NN_WIT("errors", "[resource-drop]error") void nnw_error_drop(nnw_error error);

#endif
