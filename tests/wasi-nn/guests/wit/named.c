// named CASE: models that the embedder has registered: double, alias (the same file), unsupported.
#include "kit.h"

static void found(void) {
  const nnw_graph graph = REQUIRE(by_name("double")), again = REQUIRE(by_name("double")), alias = REQUIRE(by_name("alias"));
  TRUE(graph != again && again != alias);
  const float x[3] = {1, 2, 3}, y[3] = {2, 4, 6};
  const nnw_context context = REQUIRE(context_for(again));
  const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("x", TENSOR(NNW_FP32, x, 1, 3)))));
  IS(outputs.data[0].tensor, NNW_FP32, y, 1, 3);
  free_outputs(outputs);
}

static void missing(void) {
  // A name is no path, even to what the guest may read.
  static const char* const kWrong[] = {"nothing", "", "double ", "Double", "doubl", "__proto__", "constructor", "/models/double.onnx", "../models/double.onnx", "/etc/passwd"};
  for (size_t i = 0; i < sizeof kWrong / sizeof *kWrong; ++i) REFUSED(NNW_NOT_FOUND, by_name(kWrong[i]));
  nnw_made made;
  nnw_load_by_name("double", 7, &made);  // with the zero behind it
  check("a zero in the name", NNW_NOT_FOUND, refused(made));
}

static void broken(void) {
  REFUSED(NNW_UNSUPPORTED_OPERATION, by_name("unsupported"));
  REFUSED(NNW_UNSUPPORTED_OPERATION, by_name("unsupported"));
}

MAIN({"found", found}, {"missing", missing}, {"refused", broken})
