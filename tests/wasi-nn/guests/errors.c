// errors CASE: each error, and that what was there works afterwards.
#include "kit.h"

static const float kX[3] = {1, 2, 3};

static void works(nn_context context) {
  float y[3];
  uint32_t written = 0;
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 3)));
  REQUIRE(nn_compute(context));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
  TRUE(written == 12 && y[0] == 2 && y[2] == 6);
}

static uint32_t load_as(const char* bytes, uint32_t size, uint32_t encoding, uint32_t target) {
  const nn_part part = {bytes, size};
  nn_graph graph = 77;
  const uint32_t code = nn_load(&part, 1, encoding, target, &graph);
  if (code != NN_SUCCESS) TRUE(graph == 77);  // nothing was written
  return code;
}

static void encodings(void) {
  const nn_part onnx = file("double");
  for (uint32_t encoding = 0; encoding < 5; ++encoding)
    if (encoding != NN_ONNX) EXPECT(NN_INVALID_ENCODING, load_as(onnx.data, onnx.size, encoding, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as(onnx.data, onnx.size, 99, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as("GGUF\3\0\0\0\0\0\0\0", 12, NN_ONNX, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as("GGUF\3\0\0\0\0\0\0\0", 12, NN_AUTODETECT, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as("\34\0\0\0TFL3\0\0\0\0", 12, NN_TENSORFLOWLITE, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as("<?xml version=\"1.0\"?><net/>", 27, NN_OPENVINO, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as("PK\3\4 archive", 12, NN_PYTORCH, NN_CPU));
}

static void damaged(void) {
  const nn_part onnx = file("linear");
  EXPECT(NN_INVALID_ENCODING, load_as("", 0, NN_ONNX, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as("no model at all", 15, NN_ONNX, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as("no model at all", 15, NN_AUTODETECT, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as(onnx.data, onnx.size / 2, NN_ONNX, NN_CPU));
  EXPECT(NN_INVALID_ENCODING, load_as("\0asm\1\0\0\0", 8, NN_AUTODETECT, NN_CPU));
  EXPECT(NN_SUCCESS, load_as(onnx.data, onnx.size, NN_ONNX, NN_CPU));
}

static void targets(void) {
  const nn_part onnx = file("double");
  EXPECT(NN_UNSUPPORTED_OPERATION, load_as(onnx.data, onnx.size, NN_ONNX, NN_TPU));
  EXPECT(NN_INVALID_ARGUMENT, load_as(onnx.data, onnx.size, NN_ONNX, 3));
  EXPECT(NN_INVALID_ARGUMENT, load_as(onnx.data, onnx.size, NN_ONNX, 0xffffffff));
}

// On a host that has a GPU this is left out.
static void gpu(void) {
  const nn_part onnx = file("double");
  EXPECT(NN_UNSUPPORTED_OPERATION, load_as(onnx.data, onnx.size, NN_ONNX, NN_GPU));
}

static void operators(void) {
  const nn_part onnx = file("unsupported");
  EXPECT(NN_UNSUPPORTED_OPERATION, load_as(onnx.data, onnx.size, NN_ONNX, NN_CPU));
}

static void parts(void) {
  nn_graph graph = 0;
  const nn_part one = file("double");
  EXPECT(NN_INVALID_ARGUMENT, nn_load(&one, 0, NN_ONNX, NN_CPU, &graph));
  const nn_part two[2] = {one, one};
  EXPECT(NN_UNSUPPORTED_OPERATION, nn_load(two, 2, NN_ONNX, NN_CPU, &graph));
}

static void handles(void) {
  const nn_graph graph = load("double");
  const nn_context context = context_of(graph);
  nn_context other = 55;
  uint32_t written;
  float y[3];
  const uint32_t wrong[] = {0, 12345, 0xffffffff, 0x80000000};
  for (int i = 0; i < 4; ++i) {
    EXPECT(NN_INVALID_ARGUMENT, nn_init_execution_context(wrong[i], &other));
    TRUE(other == 55);
    EXPECT(NN_INVALID_ARGUMENT, nn_set_input(wrong[i], 0, TENSOR(NN_F32, kX, 1, 3)));
    EXPECT(NN_INVALID_ARGUMENT, nn_compute(wrong[i]));
    EXPECT(NN_INVALID_ARGUMENT, nn_get_output(wrong[i], 0, y, sizeof y, &written));
  }
  works(context);
}

static void inputs(void) {
  const nn_context context = context_of(load("double"));
  const double d[3] = {1, 2, 3};
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 1, TENSOR(NN_F32, kX, 1, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0xffffffff, TENSOR(NN_F32, kX, 1, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(NN_F32, kX, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(NN_F32, kX, 3, 1)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 1, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 2)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, &(nn_tensor){DIMS(0, 3), NN_F32, kX, 0}));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(NN_F64, d, 1, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(NN_I32, kX, 1, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(6, kX, 1, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(255, kX, 1, 3)));
  works(context);
}

// A type of another size is no input, whatever its bytes.
static void types(void) {
  static const struct {
    const char* model;
    uint32_t size;
  } kModels[] = {{"type-f16", 2}, {"type-f32", 4}, {"type-f64", 8}, {"type-u8", 1}, {"type-i32", 4}, {"type-i64", 8}, {"type-boolean", 1},
                 {"type-i8", 1}, {"type-i16", 2}, {"type-u16", 2}, {"type-u32", 4}, {"type-u64", 8}};
  static const struct {
    uint8_t type;
    uint32_t size;
  } kTypes[] = {{NN_F16, 2}, {NN_F32, 4}, {NN_F64, 8}, {NN_U8, 1}, {NN_I32, 4}, {NN_I64, 8}};
  static const uint8_t kBytes[24];
  for (size_t i = 0; i < sizeof kModels / sizeof *kModels; ++i) {
    const nn_context context = context_of(load(kModels[i].model));
    for (size_t j = 0; j < sizeof kTypes / sizeof *kTypes; ++j)
      if (kTypes[j].size != kModels[i].size) EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, &(nn_tensor){DIMS(1, 3), kTypes[j].type, kBytes, 3 * kTypes[j].size}));
  }
}

// A tensor that is refused leaves the input before it.
static void kept(void) {
  const nn_context context = context_of(load("double"));
  float y[3];
  uint32_t written;
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, TENSOR(NN_F32, kX, 3, 1)));
  REQUIRE(nn_compute(context));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
  TRUE(y[2] == 6);
}

static void order(void) {
  const nn_context context = context_of(load("ports"));
  const float a[6] = {0};
  const int64_t b[4] = {0};
  float y[6];
  uint32_t written = 99;
  EXPECT(NN_RUNTIME_ERROR, nn_get_output(context, 0, y, sizeof y, &written));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute(context));
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, a, 2, 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_compute(context));
  EXPECT(NN_RUNTIME_ERROR, nn_get_output(context, 0, y, sizeof y, &written));
  REQUIRE(nn_set_input(context, 1, TENSOR(NN_I64, b, 4)));
  REQUIRE(nn_compute(context));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output(context, 2, y, sizeof y, &written));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output(context, 0xffffffff, y, sizeof y, &written));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
}

static void buffer(void) {
  const nn_context context = context_of(load("double"));
  works(context);
  uint8_t y[16];
  uint32_t written = 0;
  memset(y, 0xaa, sizeof y);
  EXPECT(NN_TOO_LARGE, nn_get_output(context, 0, y, 11, &written));
  TRUE(written == 12);
  written = 0;
  EXPECT(NN_TOO_LARGE, nn_get_output(context, 0, y, 0, &written));
  TRUE(written == 12);
  TRUE(y[0] == 0xaa && y[10] == 0xaa);
  REQUIRE(nn_get_output(context, 0, y, 12, &written));
  TRUE(written == 12 && y[12] == 0xaa);
}

// What the model's data decides: an index out of range is an error of the run, and the context takes another one.
static void range(void) {
  const nn_context context = context_of(load("lookup"));
  int64_t index[2] = {1, 7};
  float y[2];
  uint32_t written = 0;
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_I64, index, 2)));
  EXPECT(NN_RUNTIME_ERROR, nn_compute(context));
  EXPECT(NN_RUNTIME_ERROR, nn_get_output(context, 0, y, sizeof y, &written));
  index[1] = 4;
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_I64, index, 2)));
  REQUIRE(nn_compute(context));
  REQUIRE(nn_get_output(context, 0, y, sizeof y, &written));
  TRUE(y[0] == 10 && y[1] == 40);
}

static const struct {
  const char* name;
  void (*run)(void);
} kCases[] = {{"encodings", encodings}, {"damaged", damaged}, {"targets", targets}, {"gpu", gpu}, {"operators", operators},
              {"parts", parts}, {"handles", handles}, {"inputs", inputs}, {"types", types}, {"kept", kept}, {"order", order}, {"buffer", buffer}, {"range", range}};

int main(int argc, char** argv) {
  for (size_t i = 0; i < sizeof kCases / sizeof *kCases; ++i)
    if (argc > 1 && strcmp(kCases[i].name, argv[1]) == 0) {
      kCases[i].run();
      return failures > 0;
    }
  return 1;
}
