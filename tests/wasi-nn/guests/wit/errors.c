// errors CASE: each error with its text, and that what was there works afterwards.
#include "kit.h"

static const float kX[3] = {1, 2, 3}, kY[3] = {2, 4, 6};

static nnw_tensor good(void) { return TENSOR(NNW_FP32, kX, 1, 3); }

static void works(nnw_context context) {
  const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("x", good()))));
  TRUE(outputs.count == 1);
  IS(outputs.data[0].tensor, NNW_FP32, kY, 1, 3);
  free_outputs(outputs);
}

static void encodings(void) {
  const nnw_bytes onnx = file("double");
  for (uint32_t encoding = 0; encoding <= NNW_TENSORFLOWLITE; ++encoding)
    if (encoding != NNW_ONNX) REFUSED(NNW_INVALID_ENCODING, load_bytes(onnx.data, onnx.size, encoding, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes("GGUF\3\0\0\0\0\0\0\0", 12, NNW_ONNX, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes("GGUF\3\0\0\0\0\0\0\0", 12, NNW_GGML, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes("GGUF\3\0\0\0\0\0\0\0", 12, NNW_AUTODETECT, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes("\34\0\0\0TFL3\0\0\0\0", 12, NNW_TENSORFLOWLITE, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes("<?xml version=\"1.0\"?><net/>", 27, NNW_OPENVINO, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes("PK\3\4 archive", 12, NNW_PYTORCH, NNW_CPU));
}

static void damaged(void) {
  const nnw_bytes onnx = file("linear");
  REFUSED(NNW_INVALID_ENCODING, load_bytes("", 0, NNW_ONNX, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes("no model at all", 15, NNW_ONNX, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes("no model at all", 15, NNW_AUTODETECT, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes(onnx.data, onnx.size / 2, NNW_ONNX, NNW_CPU));
  REFUSED(NNW_INVALID_ENCODING, load_bytes("\0asm\1\0\0\0", 8, NNW_AUTODETECT, NNW_CPU));
  REQUIRE(load_bytes(onnx.data, onnx.size, NNW_ONNX, NNW_CPU));
}

static void targets(void) {
  const nnw_bytes onnx = file("double");
  REFUSED(NNW_UNSUPPORTED_OPERATION, load_bytes(onnx.data, onnx.size, NNW_ONNX, NNW_TPU));
}

// On a host that has a GPU this is left out.
static void gpu(void) {
  const nnw_bytes onnx = file("double");
  REFUSED(NNW_UNSUPPORTED_OPERATION, load_bytes(onnx.data, onnx.size, NNW_ONNX, NNW_GPU));
}

static void operators(void) {
  const nnw_bytes onnx = file("unsupported");
  REFUSED(NNW_UNSUPPORTED_OPERATION, load_bytes(onnx.data, onnx.size, NNW_ONNX, NNW_CPU));
}

static void parts(void) {
  const nnw_bytes one = file("double");
  const nnw_bytes two[2] = {one, one};
  nnw_made made;
  nnw_load(two, 0, NNW_ONNX, NNW_CPU, &made);
  check("no parts", NNW_INVALID_ARGUMENT, refused(made));
  nnw_load(two, 2, NNW_ONNX, NNW_CPU, &made);
  check("two parts", NNW_UNSUPPORTED_OPERATION, refused(made));
}

// Every input exactly once, by a name or index that there is.
static void names(void) {
  const nnw_context context = context_of("double");
  static const char* const kWrong[] = {"y", "X", "", "x ", "1", "-1", "+0", "0 ", "0x0", "99999999999999999999", "\xce\xba"};
  for (size_t i = 0; i < sizeof kWrong / sizeof *kWrong; ++i) COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named(kWrong[i], good()))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, NULL, 0));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", good()), named("x", good()))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", good()), named("0", good()))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", good()), named("z", good()))));
  works(context);
}

static void inputs(void) {
  const nnw_context context = context_of("double");
  const double d[3] = {1, 2, 3};
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", TENSOR(NNW_FP32, kX, 3)))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", TENSOR(NNW_FP32, kX, 3, 1)))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", TENSOR(NNW_FP32, kX, 1, 1, 3)))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", TENSOR(NNW_FP32, kX, 1, 0xffffffff)))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", nnw_tensor_new(NULL, 0, NNW_FP32, kX, 12)))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", nnw_tensor_new(DIMS(1, 3), NNW_FP32, kX, 11)))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", nnw_tensor_new(DIMS(1, 3), NNW_FP32, d, 24)))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", nnw_tensor_new(DIMS(1, 3), NNW_FP32, NULL, 0)))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", TENSOR(NNW_FP64, d, 1, 3)))));
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", TENSOR(NNW_I32, kX, 1, 3)))));
  works(context);
}

// What the model's data decides: an index out of range is an error of the run, and the context takes another one.
static void range(void) {
  const nnw_context context = context_of("lookup");
  const int64_t wrong[2] = {1, 7}, right[2] = {1, 4};
  const float y[2] = {10, 40};
  COMPUTE_REFUSED(NNW_RUNTIME_ERROR, compute(context, INPUTS(named("index", TENSOR(NNW_I64, wrong, 2)))));
  const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("index", TENSOR(NNW_I64, right, 2)))));
  IS(outputs.data[0].tensor, NNW_FP32, y, 2);
  free_outputs(outputs);
}

// Beyond what a guest may have at a time; what it frees it may have again.
static void contexts(void) {
  const nnw_graph graph = load("double");
  enum { kMost = 4096 };
  static nnw_context all[kMost];
  int count = 0;
  nnw_made made;
  for (;; ++count) {
    nnw_init_execution_context(graph, &made);
    if (made.failed || count == kMost) break;
    all[count] = made.handle;
  }
  check("one more", NNW_TOO_LARGE, refused(made));
  TRUE(count > 1);
  works(all[count - 1]);
  nnw_context_drop(all[0]);
  works(REQUIRE(context_for(graph)));
}

// An error is the guest's: it lives until it is dropped, and what it came of may go before.
static void kept(void) {
  const nnw_context context = context_of("double");
  enum { kCount = 100 };
  nnw_error all[kCount];
  for (int i = 0; i < kCount; ++i) {
    const nnw_computed computed = compute(context, NULL, 0);
    if (!computed.failed) exit(1);
    all[i] = computed.error;
  }
  nnw_context_drop(context);
  int right = 1;
  for (int i = kCount - 1; i >= 0; --i) {
    right &= nnw_error_code(all[i]) == NNW_INVALID_ARGUMENT;
    nnw_error_drop(all[i]);
  }
  TRUE(right);
}

MAIN({"encodings", encodings}, {"damaged", damaged}, {"targets", targets}, {"gpu", gpu}, {"operators", operators}, {"parts", parts}, {"names", names},
     {"inputs", inputs}, {"range", range}, {"contexts", contexts}, {"kept", kept})
