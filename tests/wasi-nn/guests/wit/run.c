// run CASE: models that work.
#include "kit.h"

static const float kA[6] = {1, 2, 3, 4, 5, 6}, kS[6] = {2, 3, 4, 5, 6, 7};
static const int64_t kB[4] = {1, -2, 3, INT64_C(1) << 40}, kT[4] = {3, -6, 9, 3 * (INT64_C(1) << 40)};

static nnw_tensor a(void) { return TENSOR(NNW_FP32, kA, 2, 3); }
static nnw_tensor b(void) { return TENSOR(NNW_I64, kB, 4); }

static void is_ports(nnw_named_tensors outputs) {
  TRUE(outputs.count == 2);
  TRUE(is_called(&outputs.data[0], "s") && is_called(&outputs.data[1], "t"));
  IS(outputs.data[0].tensor, NNW_FP32, kS, 2, 3);
  IS(outputs.data[1].tensor, NNW_I64, kT, 4);
  free_outputs(outputs);
}

// Inputs by name or index, in any order; outputs by name, in the model's order.
static void ports(void) {
  const nnw_context context = context_of("ports");
  is_ports(COMPUTE(compute(context, INPUTS(named("a", a()), named("b", b())))));
  is_ports(COMPUTE(compute(context, INPUTS(named("b", b()), named("a", a())))));
  is_ports(COMPUTE(compute(context, INPUTS(named("0", a()), named("1", b())))));
  is_ports(COMPUTE(compute(context, INPUTS(named("1", b()), named("a", a())))));
  nnw_context_drop(context);
}

static void weights(void) {
  const nnw_context context = context_of("linear");
  float x[8], y[4];
  for (int i = 0; i < 8; ++i) x[i] = (float)(i - 3);
  for (int j = 0; j < 4; ++j) {
    y[j] = (float)j;
    for (int i = 0; i < 8; ++i) y[j] += x[i] * (float)(i + 10 * j);
  }
  const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("x", TENSOR(NNW_FP32, x, 1, 8)))));
  IS(outputs.data[0].tensor, NNW_FP32, y, 1, 4);
  free_outputs(outputs);
}

static void batch(void) {
  const nnw_context context = context_of("batch");
  float x[15], y[15];
  for (int i = 0; i < 15; ++i) x[i] = (float)i, y[i] = (float)(2 * i);
  const uint32_t counts[] = {2, 5, 1};
  for (int k = 0; k < 3; ++k) {
    const uint32_t dims[2] = {counts[k], 3}, bytes = counts[k] * 12;
    const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("x", nnw_tensor_new(dims, 2, NNW_FP32, x, bytes)))));
    TRUE(outputs.count == 1 && is(outputs.data[0].tensor, NNW_FP32, dims, 2, y, bytes));
    free_outputs(outputs);
  }
}

// Two inputs of one symbol must agree.
static void agree(void) {
  const nnw_context context = context_of("agree");
  const float c[6] = {2, 4, 6, 8, 10, 12};
  const nnw_tensor wide = TENSOR(NNW_FP32, kA, 3, 2), narrow = nnw_tensor_new(DIMS(2, 2), NNW_FP32, kA, 16);
  COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("a", wide), named("b", narrow))));
  const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("a", TENSOR(NNW_FP32, kA, 3, 2)), named("b", TENSOR(NNW_FP32, kA, 3, 2)))));
  IS(outputs.data[0].tensor, NNW_FP32, c, 3, 2);
  free_outputs(outputs);
}

// A run is its inputs and nothing else: what came before does not show.
static void again(void) {
  const nnw_context context = context_of("double");
  for (int k = 0; k < 4; ++k) {
    const float x[3] = {(float)k, 1, -1}, y[3] = {(float)(2 * k), 2, -2};
    const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("x", TENSOR(NNW_FP32, x, 1, 3)))));
    IS(outputs.data[0].tensor, NNW_FP32, y, 1, 3);
    free_outputs(outputs);
    COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, NULL, 0));
  }
}

// What a run gave is what another takes, by the same handle.
static void chain(void) {
  const nnw_context context = context_of("double");
  float x[3] = {1, -3, 0.5f};
  nnw_tensor tensor = TENSOR(NNW_FP32, x, 1, 3);
  for (int k = 0; k < 5; ++k) {
    const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("x", tensor))));
    tensor = outputs.data[0].tensor;
    free(outputs.data[0].name.data);
    free(outputs.data);
    for (int i = 0; i < 3; ++i) x[i] *= 2;
  }
  IS(tensor, NNW_FP32, x, 1, 3);
  nnw_tensor_drop(tensor);
}

// Contexts of one graph, and graphs of one model, do not see each other.
static void many(void) {
  nnw_context contexts[8];
  const nnw_graph first = load("double"), second = load("double");
  TRUE(first != second);
  for (int k = 0; k < 8; ++k) contexts[k] = REQUIRE(context_for(k % 2 == 0 ? first : second));
  nnw_named_tensors outputs[8];
  for (int k = 7; k >= 0; --k) {
    const float x[3] = {(float)k, 0, 0};
    outputs[k] = COMPUTE(compute(contexts[k], INPUTS(named("x", TENSOR(NNW_FP32, x, 1, 3)))));
  }
  for (int k = 0; k < 8; ++k) {
    const float y[3] = {(float)(2 * k), 0, 0};
    IS(outputs[k].data[0].tensor, NNW_FP32, y, 1, 3);
    free_outputs(outputs[k]);
  }
}

static void autodetect(void) {
  const nnw_bytes part = file("double");
  REQUIRE(context_for(REQUIRE(load_bytes(part.data, part.size, NNW_AUTODETECT, NNW_CPU))));
}

MAIN({"ports", ports}, {"weights", weights}, {"batch", batch}, {"agree", agree}, {"again", again}, {"chain", chain}, {"many", many}, {"autodetect", autodetect})
