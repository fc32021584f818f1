// lifetimes CASE: graphs and contexts that go before each other.
#include "kit.h"

static const float kX[3] = {1, 2, 3}, kY[3] = {2, 4, 6};

static void works(nnw_context context) {
  const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("x", TENSOR(NNW_FP32, kX, 1, 3)))));
  IS(outputs.data[0].tensor, NNW_FP32, kY, 1, 3);
  free_outputs(outputs);
}

// Contexts outlive their graph, and go on.
static void graph(void) {
  const nnw_graph graph = load("double");
  const nnw_context context = REQUIRE(context_for(graph)), other = REQUIRE(context_for(graph));
  works(context);
  nnw_graph_drop(graph);
  works(context);
  nnw_context_drop(context);
  works(other);
  const nnw_graph again = load("double");
  works(REQUIRE(context_for(again)));
  works(other);
}

// More graphs and contexts than may be there at a time, one after the other.
static void cycles(void) {
  for (int i = 0; i < 600; ++i) {
    nnw_made made = by_name("double");
    if (!made.failed) {
      const nnw_graph graph = made.handle;
      nnw_init_execution_context(graph, &made);
      nnw_graph_drop(graph);
    }
    if (!made.failed) nnw_context_drop(made.handle);
    if (made.failed || i == 599) check("a graph and a context, 600 times", 0, made.failed);
    if (made.failed) return;
  }
}

// The same of bytes, which a guest does not get back by dropping nothing.
static void loads(void) {
  const nnw_bytes part = file("double");
  int count = 0;
  for (; count < 200; ++count) {
    const nnw_made made = load_bytes(part.data, part.size, NNW_ONNX, NNW_CPU);
    if (made.failed) break;
    nnw_graph_drop(made.handle);
  }
  TRUE(count == 200);
}

MAIN({"graph", graph}, {"cycles", cycles}, {"loads", loads})
