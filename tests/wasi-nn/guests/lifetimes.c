// lifetimes CASE: WasmEdge's functions that free, and those that make tokens one by one.
#include "kit.h"

static const float kX[3] = {1, 2, 3};

static nn_context ran(nn_graph graph) {
  const nn_context context = context_of(graph);
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 3)));
  REQUIRE(nn_compute(context));
  return context;
}

// Contexts outlive the handle of their graph: outputs may be read, nothing else.
static void unload(void) {
  const nn_graph graph = load("double"), other = load("double");
  const nn_context context = ran(graph);
  REQUIRE(nn_unload(graph));
  nn_context more = 0;
  float y[3];
  uint32_t written = 0;
  EXPECT(NN_INVALID_ARGUMENT, nn_init_execution_context(graph, &more));
  EXPECT(NN_INVALID_ARGUMENT, nn_unload(graph));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
  TRUE(y[2] == 6);
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute(context));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
  REQUIRE(nn_finalize_execution_context(context));
  ran(other);
}

static void finalize(void) {
  const nn_graph graph = load("double");
  const nn_context context = ran(graph), other = ran(graph);
  REQUIRE(nn_finalize_execution_context(context));
  float y[3];
  uint32_t written = 0;
  EXPECT(NN_INVALID_ARGUMENT, nn_finalize_execution_context(context));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute(context));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output(context, 0, y, sizeof y, &written));
  REQUIRE(nn_get_output(other, 0, y, sizeof y, &written));
  EXPECT(NN_INVALID_ARGUMENT, nn_unload(0));
  EXPECT(NN_INVALID_ARGUMENT, nn_unload(12345));
  EXPECT(NN_INVALID_ARGUMENT, nn_finalize_execution_context(0));
}

// A handle is never used again, and one of the other kind is none.
static void reuse(void) {
  nn_graph graphs[20];
  for (int i = 0; i < 20; ++i) {
    graphs[i] = load("double");
    for (int j = 0; j < i; ++j) TRUE(graphs[i] != graphs[j]);
    REQUIRE(nn_unload(graphs[i]));
  }
  const nn_graph graph = load("double");
  nn_context last = 0;
  for (int i = 0; i < 20; ++i) {
    const nn_context context = context_of(graph);
    TRUE(context != last);
    last = context;
    REQUIRE(nn_finalize_execution_context(context));
  }
  for (int i = 0; i < 20; ++i) EXPECT(NN_INVALID_ARGUMENT, nn_unload(graphs[i]));
}

// More graphs and contexts than may be there at a time, one after the other.
static void cycles(void) {
  for (int i = 0; i < 600; ++i) {
    nn_graph graph;
    nn_context context;
    uint32_t code = nn_load_by_name("double", 6, &graph);
    if (code == NN_SUCCESS) code = nn_init_execution_context(graph, &context);
    if (code == NN_SUCCESS) code = nn_unload(graph);
    if (code == NN_SUCCESS) code = nn_finalize_execution_context(context);
    if (code != NN_SUCCESS || i == 599) check("a graph and a context, 600 times", NN_SUCCESS, code);
    if (code != NN_SUCCESS) return;
  }
}

static void config(void) {
  nn_graph graph = 0;
  const char text[] = "{\"threads\": 4}";
  REQUIRE(nn_load_by_name_with_config("double", 6, text, sizeof text - 1, &graph));
  ran(graph);
  REQUIRE(nn_load_by_name_with_config("double", 6, "", 0, &graph));
  EXPECT(NN_INVALID_ARGUMENT, nn_load_by_name_with_config("double", 6, "{", 1, &graph));
  EXPECT(NN_INVALID_ARGUMENT, nn_load_by_name_with_config("double", 6, "[1]", 3, &graph));
  EXPECT(NN_INVALID_ARGUMENT, nn_load_by_name_with_config("double", 6, (const char*)0xfffffff0u, 32, &graph));
  EXPECT(NN_NOT_FOUND, nn_load_by_name_with_config("nothing", 7, text, sizeof text - 1, &graph));
}

static void single(void) {
  const nn_context context = ran(load("double"));
  float y[3];
  uint32_t written = 0;
  EXPECT(NN_UNSUPPORTED_OPERATION, nn_compute_single(context));
  EXPECT(NN_UNSUPPORTED_OPERATION, nn_get_output_single(context, 0, y, sizeof y, &written));
  EXPECT(NN_UNSUPPORTED_OPERATION, nn_fini_single(context));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute_single(12345));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output_single(12345, 0, y, sizeof y, &written));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output_single(context, 9, y, sizeof y, &written));
  EXPECT(NN_INVALID_ARGUMENT, nn_fini_single(12345));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
}

static const struct {
  const char* name;
  void (*run)(void);
} kCases[] = {{"unload", unload}, {"finalize", finalize}, {"reuse", reuse}, {"cycles", cycles}, {"config", config}, {"single", single}};

int main(int argc, char** argv) {
  for (size_t i = 0; i < sizeof kCases / sizeof *kCases; ++i)
    if (argc > 1 && strcmp(kCases[i].name, argv[1]) == 0) {
      kCases[i].run();
      return failures > 0;
    }
  return 1;
}
