// hostile CASE: pointers and lengths that lead outside of the memory, or around its end, are invalid_argument.
#include "kit.h"

static const float kX[3] = {1, 2, 3};

static uintptr_t end(void) { return __builtin_wasm_memory_size(0) * 65536; }
#define AT(address) ((void*)(uintptr_t)(address))

static void builders(void) {
  nn_graph graph = 0;
  EXPECT(NN_INVALID_ARGUMENT, nn_load(AT(end()), 1, NN_ONNX, NN_CPU, &graph));
  EXPECT(NN_INVALID_ARGUMENT, nn_load(AT(end() - 4), 1, NN_ONNX, NN_CPU, &graph));
  EXPECT(NN_INVALID_ARGUMENT, nn_load(AT(0xfffffff8u), 1, NN_ONNX, NN_CPU, &graph));
  // 8 * 0x20000001 is 8 in 32 bits
  nn_part part = file("double");
  EXPECT(NN_INVALID_ARGUMENT, nn_load(&part, 0x20000001, NN_ONNX, NN_CPU, &graph));
  EXPECT(NN_INVALID_ARGUMENT, nn_load(&part, 0xffffffff, NN_ONNX, NN_CPU, &graph));
  nn_part wrong = {part.data, 0xffffffff};
  EXPECT(NN_INVALID_ARGUMENT, nn_load(&wrong, 1, NN_ONNX, NN_CPU, &graph));
  wrong = (nn_part){AT(0xffffff00u), 0x200};
  EXPECT(NN_INVALID_ARGUMENT, nn_load(&wrong, 1, NN_ONNX, NN_CPU, &graph));
  EXPECT(NN_INVALID_ARGUMENT, nn_load(&part, 1, NN_ONNX, NN_CPU, AT(end() - 3)));
  EXPECT(NN_INVALID_ARGUMENT, nn_load(&part, 1, NN_ONNX, NN_CPU, AT(0xffffffffu)));
  REQUIRE(nn_load(&part, 1, NN_ONNX, NN_CPU, &graph));
}

static void tensors(void) {
  const nn_context context = context_of(load("double"));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, AT(end() - 16)));
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, AT(0xfffffff0u)));
  nn_tensor tensor = {AT(end() - 4), 2, NN_F32, kX, sizeof kX};
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, &tensor));
  tensor = (nn_tensor){DIMS(1, 3), NN_F32, kX, sizeof kX};
  tensor.rank = 0x40000002;  // 8 bytes in 32 bits
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, &tensor));
  tensor.rank = 0xffffffff;
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, &tensor));
  tensor = (nn_tensor){DIMS(1, 3), NN_F32, AT(0xfffffffcu), sizeof kX};
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, &tensor));
  tensor = (nn_tensor){DIMS(1, 3), NN_F32, AT(end() - 8), sizeof kX};
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, &tensor));
  // The product of the extents is 12 in 32 bits, and 0 in 64.
  tensor = (nn_tensor){DIMS(0x80000001, 0x80000001, 3), NN_F32, kX, sizeof kX};
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, &tensor));
  tensor = (nn_tensor){DIMS(0x80000000, 0x80000000, 4), NN_F32, kX, 0};
  EXPECT(NN_INVALID_ARGUMENT, nn_set_input(context, 0, &tensor));
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 3)));
  REQUIRE(nn_compute(context));
}

static void outputs(void) {
  const nn_context context = context_of(load("double"));
  float y[3];
  uint32_t written = 77;
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 3)));
  REQUIRE(nn_compute(context));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output(context, 0, AT(end() - 8), 12, &written));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output(context, 0, y, 0xffffffff, &written));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output(context, 0, AT(0xfffffff8u), 12, &written));
  TRUE(written == 77);
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output(context, 0, y, sizeof y, AT(end() - 2)));
  EXPECT(NN_INVALID_ARGUMENT, nn_get_output(context, 0, y, sizeof y, AT(0xfffffffeu)));
  EXPECT(NN_INVALID_ARGUMENT, nn_init_execution_context(1, AT(end())));
  // To the last byte of the memory.
  REQUIRE(nn_get_output(context, 0, AT(end() - 12), 12, &written));
  TRUE(written == 12);
}

// The place of the result lies in the tensor, or in the buffer.
static void overlaps(void) {
  const nn_context context = context_of(load("double"));
  REQUIRE(nn_set_input(context, 0, TENSOR(NN_F32, kX, 1, 3)));
  REQUIRE(nn_compute(context));
  union { float y[3]; uint32_t words[3]; } both;
  REQUIRE(nn_get_output(context, 0, both.y, sizeof both.y, &both.words[1]));
  TRUE(both.y[0] == 2 && both.words[1] == 12 && both.y[2] == 6);
  nn_part part = file("double");
  REQUIRE(nn_load(&part, 1, NN_ONNX, NN_CPU, &part.size));
  context_of(part.size);
}

// More contexts than any host has memory for: it says so, and what is there works.
static void flood(void) {
  const nn_graph graph = load("double");
  const nn_context first = context_of(graph);
  uint32_t code = NN_SUCCESS;
  for (int i = 0; i < 100000 && code == NN_SUCCESS; ++i) {
    nn_context context;
    code = nn_init_execution_context(graph, &context);
  }
  check("contexts without end", NN_MISSING_MEMORY, code);
  REQUIRE(nn_set_input(first, 0, TENSOR(NN_F32, kX, 1, 3)));
  REQUIRE(nn_compute(first));
  const nn_part part = file("double");
  code = NN_SUCCESS;
  for (int i = 0; i < 100000 && code == NN_SUCCESS; ++i) {
    nn_graph more;
    code = nn_load(&part, 1, NN_ONNX, NN_CPU, &more);
  }
  check("graphs without end", NN_MISSING_MEMORY, code);
}

static const struct {
  const char* name;
  void (*run)(void);
} kCases[] = {{"builders", builders}, {"tensors", tensors}, {"outputs", outputs}, {"overlaps", overlaps}, {"flood", flood}};

int main(int argc, char** argv) {
  for (size_t i = 0; i < sizeof kCases / sizeof *kCases; ++i)
    if (argc > 1 && strcmp(kCases[i].name, argv[1]) == 0) {
      kCases[i].run();
      return failures > 0;
    }
  return 1;
}
