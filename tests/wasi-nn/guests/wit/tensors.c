// tensors CASE: the resource tensor on its own.
#include "kit.h"

// It is what it was made of, whether that fits together or not.
static void made(void) {
  const uint8_t bytes[3] = {1, 2, 3};
  const nnw_tensor tensor = nnw_tensor_new(DIMS(2, 3), NNW_BF16, bytes, 3);
  IS(tensor, NNW_BF16, bytes, 2, 3);
  IS(tensor, NNW_BF16, bytes, 2, 3);  // asking does not change it
  nnw_tensor_drop(tensor);
  const nnw_tensor scalar = nnw_tensor_new(NULL, 0, NNW_U8, bytes, 1), empty = nnw_tensor_new(DIMS(0, 0xffffffff), NNW_I64, NULL, 0);
  TRUE(is(scalar, NNW_U8, NULL, 0, bytes, 1));
  TRUE(is(empty, NNW_I64, DIMS(0, 0xffffffff), NULL, 0));
}

// More than there may be at a time, one after the other.
static void cycles(void) {
  const uint8_t bytes[64] = {7};
  int right = 1;
  for (int i = 0; i < 10000; ++i) {
    const nnw_tensor tensor = nnw_tensor_new(DIMS(64), NNW_U8, bytes, 64);
    right &= nnw_tensor_ty(tensor) == NNW_U8;
    nnw_tensor_drop(tensor);
  }
  TRUE(right);
}

// A run takes its tensors, and frees them when it fails as well.
static void taken_by_runs(void) {
  const nnw_context context = context_of("double");
  const float x[3] = {1, 2, 3};
  int right = 1;
  for (int i = 0; i < 5000; ++i) {
    const nnw_tensor tensor = i % 2 == 0 ? TENSOR(NNW_FP32, x, 3) : TENSOR(NNW_FP32, x, 1, 3);
    const nnw_computed computed = compute(context, INPUTS(named("x", tensor)));
    right &= computed.failed == (i % 2 == 0);
    if (computed.failed) nnw_error_drop(computed.error);
    else free_outputs(computed.outputs);
  }
  TRUE(right);
}

// What a run gave outlives the context.
static void outlive(void) {
  const nnw_context context = context_of("double");
  const float x[3] = {1, 2, 3}, y[3] = {2, 4, 6}, z[3] = {0, 0, 0};
  const nnw_named_tensors first = COMPUTE(compute(context, INPUTS(named("x", TENSOR(NNW_FP32, x, 1, 3)))));
  const nnw_named_tensors second = COMPUTE(compute(context, INPUTS(named("x", TENSOR(NNW_FP32, z, 1, 3)))));
  nnw_context_drop(context);
  IS(first.data[0].tensor, NNW_FP32, y, 1, 3);
  IS(second.data[0].tensor, NNW_FP32, z, 1, 3);
  free_outputs(first);
  free_outputs(second);
}

MAIN({"made", made}, {"cycles", cycles}, {"taken", taken_by_runs}, {"outlive", outlive})
