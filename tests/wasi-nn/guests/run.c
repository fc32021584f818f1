// run CASE: models that work.
#include "kit.h"

static void ports(void) {
  const nn_context context = context_of(load("ports"));
  const float a[6] = {1, 2, 3, 4, 5, 6};
  const int64_t b[4] = {1, -2, 3, INT64_C(1) << 40};
  REQUIRE(nn_set_input(context, 1, TENSOR(NN_I64, b, 4)));
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, a, 2, 3)));
  REQUIRE(nn_compute(context));
  float s[6];
  int64_t t[4];
  uint32_t written;
  REQUIRE(nn_get_output(context, 1, t, sizeof t, &written));
  TRUE(written == sizeof t);
  for (int i = 0; i < 4; ++i) TRUE(t[i] == 3 * b[i]);
  REQUIRE(nn_get_output(context, 0, s, sizeof s, &written));
  TRUE(written == sizeof s);
  for (int i = 0; i < 6; ++i) TRUE(s[i] == a[i] + 1);
}

static void weights(void) {
  const nn_context context = context_of(load("linear"));
  float x[8], y[4];
  for (int i = 0; i < 8; ++i) x[i] = (float)(i - 3);
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, x, 1, 8)));
  REQUIRE(nn_compute(context));
  uint32_t written;
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
  for (int j = 0; j < 4; ++j) {
    float sum = (float)j;
    for (int i = 0; i < 8; ++i) sum += x[i] * (float)(i + 10 * j);
    TRUE(y[j] == sum);
  }
}

static void batch(void) {
  const nn_context context = context_of(load("batch"));
  float x[15], y[15];
  for (int i = 0; i < 15; ++i) x[i] = (float)i;
  const uint32_t counts[] = {2, 5, 1};
  for (int k = 0; k < 3; ++k) {
    const uint32_t bytes = counts[k] * 12;
    const nn_tensor tensor = {DIMS(counts[k], 3), NN_F32, x, bytes};
    REQUIRE(nn_set_input(context, 0, &tensor));
    REQUIRE(nn_compute(context));
    uint32_t written = 0;
    REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
    TRUE(written == bytes);
    for (uint32_t i = 0; i < 3 * counts[k]; ++i) TRUE(y[i] == 2 * x[i]);
  }
}

static void unnamed(void) {
  const nn_context context = context_of(load("unnamed"));
  const float x[4] = {1, 2, 3, 4};
  float y[4];
  uint32_t written = 0;
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, x, 2, 2)));
  REQUIRE(nn_compute(context));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
  TRUE(written == 16 && y[3] == 8);
}

// Two inputs of one symbol must agree.
static void agree(void) {
  const nn_context context = context_of(load("agree"));
  const float a[6] = {1, 2, 3, 4, 5, 6}, b[4] = {1, 2, 3, 4};
  float y[6];
  uint32_t written = 0;
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, a, 3, 2)));
  REQUIRE(nn_set_input(context, 1, TENSOR(NN_F32, b, 2, 2)));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute(context));
  EXPECT(NN_RUNTIME_ERROR, nn_get_output(context, 0, y, sizeof y, &written));
  REQUIRE(nn_set_input(context, 1, TENSOR(NN_F32, a, 3, 2)));
  REQUIRE(nn_compute(context));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
  TRUE(written == 24 && y[5] == 12);
}

// Inputs stay until they are replaced; outputs until the next run.
static void again(void) {
  const nn_context context = context_of(load("ports"));
  const float a[6] = {1, 2, 3, 4, 5, 6}, c[6] = {9};
  const int64_t b[4] = {1, 2, 3, 4};
  float s[6];
  uint32_t written;
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, a, 2, 3)));
  REQUIRE(nn_set_input(context, 1, TENSOR(NN_I64, b, 4)));
  REQUIRE(nn_compute(context));
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, c, 2, 3)));
  REQUIRE(nn_get_output(context, 0, s, sizeof s, &written));
  TRUE(s[0] == 2);
  REQUIRE(nn_get_output(context, 0, s, sizeof s, &written));
  TRUE(s[5] == 7);
  REQUIRE(nn_compute(context));
  REQUIRE(nn_get_output(context, 0, s, sizeof s, &written));
  TRUE(s[0] == 10 && s[5] == 1);
}

// Contexts of one graph, and graphs of one model, do not see each other.
static void many(void) {
  nn_context contexts[8];
  const nn_graph first = load("double"), second = load("double");
  TRUE(first != second);
  float x[3] = {0}, y[3];
  uint32_t written;
  for (int k = 0; k < 8; ++k) {
    contexts[k] = context_of(k % 2 == 0 ? first : second);
    for (int j = 0; j < k; ++j) TRUE(contexts[j] != contexts[k]);
    x[0] = (float)k;
    REQUIRE(nn_set_input(contexts[k], 0, TENSOR(NN_F32, x, 1, 3)));
  }
  for (int k = 7; k >= 0; --k) REQUIRE(nn_compute(contexts[k]));
  for (int k = 0; k < 8; ++k) {
    REQUIRE(nn_get_output(contexts[k], 0, y, sizeof y, &written));
    TRUE(y[0] == (float)(2 * k));
  }
}

// The guest's memory grows between calls.
static void grow(void) {
  const nn_context context = context_of(load("double"));
  const float x[3] = {1, 2, 3};
  float y[3];
  uint32_t written = 0;
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, x, 1, 3)));
  TRUE(__builtin_wasm_memory_grow(0, 16) != (size_t)-1);
  REQUIRE(nn_compute(context));
  const size_t pages = __builtin_wasm_memory_grow(0, 1);
  float* end = (float*)((pages + 1) * 65536 - sizeof y);
  REQUIRE(nn_get_output(context, 0, end, sizeof y, &written));
  TRUE(written == sizeof y && end[2] == 6);
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
}

static void autodetect(void) {
  nn_part part = file("double");
  nn_graph graph = 0;
  REQUIRE(nn_load(&part, 1, NN_AUTODETECT, NN_CPU, &graph));
  context_of(graph);
}

static const struct {
  const char* name;
  void (*run)(void);
} kCases[] = {{"ports", ports}, {"weights", weights}, {"batch", batch}, {"unnamed", unnamed}, {"agree", agree},
              {"again", again}, {"many", many}, {"grow", grow}, {"autodetect", autodetect}};

int main(int argc, char** argv) {
  for (size_t i = 0; i < sizeof kCases / sizeof *kCases; ++i)
    if (argc > 1 && strcmp(kCases[i].name, argv[1]) == 0) {
      kCases[i].run();
      return failures > 0;
    }
  return 1;
}
