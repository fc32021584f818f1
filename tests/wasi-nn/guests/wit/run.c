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

MAIN({"ports", ports})
