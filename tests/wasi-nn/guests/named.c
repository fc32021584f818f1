// named CASE: models that the embedder has registered: double, alias (the same file), unsupported.
#include "kit.h"

static uint32_t named(const char* name, nn_graph* graph) { return nn_load_by_name(name, (uint32_t)strlen(name), graph); }

static void found(void) {
  nn_graph graph = 0, again = 0, alias = 0;
  REQUIRE(named("double", &graph));
  REQUIRE(named("double", &again));
  REQUIRE(named("alias", &alias));
  TRUE(graph != again && again != alias);
  const float x[3] = {1, 2, 3};
  float y[3];
  uint32_t written = 0;
  const nn_context context = context_of(again);
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, x, 1, 3)));
  REQUIRE(nn_compute(context));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
  TRUE(written == 12 && y[2] == 6);
}

static void missing(void) {
  nn_graph graph = 5;
  EXPECT(NN_NOT_FOUND, named("nothing", &graph));
  EXPECT(NN_NOT_FOUND, named("", &graph));
  EXPECT(NN_NOT_FOUND, named("double ", &graph));
  EXPECT(NN_NOT_FOUND, named("Double", &graph));
  EXPECT(NN_NOT_FOUND, nn_load_by_name("double", 5, &graph));
  EXPECT(NN_NOT_FOUND, nn_load_by_name("double", 7, &graph));  // with the zero behind it
  EXPECT(NN_NOT_FOUND, named("__proto__", &graph));
  EXPECT(NN_NOT_FOUND, named("constructor", &graph));
  EXPECT(NN_NOT_FOUND, nn_load_by_name("\xff\xfe", 2, &graph));
  // A name is no path, even to what the guest may read.
  EXPECT(NN_NOT_FOUND, named("/models/double.onnx", &graph));
  EXPECT(NN_NOT_FOUND, named("../models/double.onnx", &graph));
  EXPECT(NN_NOT_FOUND, named("/etc/passwd", &graph));
  TRUE(graph == 5);
}

static void hostile(void) {
  nn_graph graph = 5;
  EXPECT(NN_INVALID_ARGUMENT, nn_load_by_name((const char*)0xfffffff0u, 32, &graph));
  EXPECT(NN_INVALID_ARGUMENT, nn_load_by_name("double", 0xffffffff, &graph));
  EXPECT(NN_INVALID_ARGUMENT, nn_load_by_name("double", 6, (nn_graph*)0xfffffffeu));
  TRUE(graph == 5);
}

static void refused(void) {
  nn_graph graph = 5;
  EXPECT(NN_UNSUPPORTED_OPERATION, named("unsupported", &graph));
  EXPECT(NN_UNSUPPORTED_OPERATION, named("unsupported", &graph));
  TRUE(graph == 5);
}

static const struct {
  const char* name;
  void (*run)(void);
} kCases[] = {{"found", found}, {"missing", missing}, {"hostile", hostile}, {"refused", refused}};

int main(int argc, char** argv) {
  for (size_t i = 0; i < sizeof kCases / sizeof *kCases; ++i)
    if (argc > 1 && strcmp(kCases[i].name, argv[1]) == 0) {
      kCases[i].run();
      return failures > 0;
    }
  return 1;
}
