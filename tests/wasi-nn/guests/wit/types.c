// types TYPE: an input of each type comes back as it is, and doubled (a boolean: negated). The tensors say which type they are.
#include "kit.h"

struct row {
  const char* name;
  uint32_t type;  // itself, or the one that carries it
  uint32_t size;
  uint64_t in[3], out[3];  // bits
};
static const struct row kRows[] = {
    {"f16", NNW_FP16, 2, {0x3c00, 0xc100, 0x0000}, {0x4000, 0xc500, 0x0000}},
    {"f32", NNW_FP32, 4, {0x3f800000, 0xc0200000, 0}, {0x40000000, 0xc0a00000, 0}},
    {"f64", NNW_FP64, 8, {0x3ff0000000000000, 0xc004000000000000, 0}, {0x4000000000000000, 0xc014000000000000, 0}},
    {"bf16", NNW_BF16, 2, {0x3f80, 0xc020, 0}, {0x4000, 0xc0a0, 0}},
    {"u8", NNW_U8, 1, {1, 100, 200}, {2, 200, 144}},
    {"i32", NNW_I32, 4, {1, 0xffffffff, 0x7fffffff}, {2, 0xfffffffe, 0xfffffffe}},
    {"i64", NNW_I64, 8, {1, 0xffffffffffffffff, 0x4000000000000001}, {2, 0xfffffffffffffffe, 0x8000000000000002}},
    {"boolean", NNW_U8, 1, {0, 1, 1}, {1, 0, 0}},
    {"i8", NNW_U8, 1, {1, 0xff, 0x40}, {2, 0xfe, 0x80}},
    {"i16", NNW_FP16, 2, {1, 0xffff, 0x4000}, {2, 0xfffe, 0x8000}},
    {"u16", NNW_FP16, 2, {1, 0xffff, 0x4000}, {2, 0xfffe, 0x8000}},
    {"u32", NNW_I32, 4, {1, 0xffffffff, 0x40000000}, {2, 0xfffffffe, 0x80000000}},
    {"u64", NNW_I64, 8, {1, 0xffffffffffffffff, 0x4000000000000000}, {2, 0xfffffffffffffffe, 0x8000000000000000}},
};

static void pack(uint8_t* out, const uint64_t* bits, uint32_t size) {
  for (int i = 0; i < 3; ++i) memcpy(out + i * size, &bits[i], size);
}

int main(int argc, char** argv) {
  const struct row* row = NULL;
  for (size_t i = 0; i < sizeof kRows / sizeof *kRows; ++i)
    if (argc > 1 && strcmp(kRows[i].name, argv[1]) == 0) row = &kRows[i];
  if (row == NULL) return 1;
  char name[32];
  snprintf(name, sizeof name, "type-%s", row->name);
  const nnw_context context = context_of(name);
  const uint32_t dims[2] = {1, 3}, bytes = 3 * row->size;
  uint8_t in[24], same[24], doubled[24];
  pack(in, row->in, row->size);
  pack(same, row->in, row->size);
  pack(doubled, row->out, row->size);
  const nnw_tensor tensor = nnw_tensor_new(dims, 2, row->type, in, bytes);
  memset(in, 0, sizeof in);  // it was copied
  TRUE(is(tensor, row->type, dims, 2, same, bytes));
  const nnw_named_tensors outputs = COMPUTE(compute(context, INPUTS(named("x", tensor))));
  TRUE(outputs.count == 2);
  TRUE(is(outputs.data[0].tensor, row->type, dims, 2, same, bytes));
  TRUE(is(outputs.data[1].tensor, row->type, dims, 2, doubled, bytes));
  free_outputs(outputs);
  // A type of another size is no input of it, whatever its bytes.
  for (uint32_t type = 0; type < 7; ++type) {
    static const uint32_t sizes[] = {2, 4, 8, 2, 1, 4, 8};
    if (sizes[type] != row->size) COMPUTE_REFUSED(NNW_INVALID_ARGUMENT, compute(context, INPUTS(named("x", nnw_tensor_new(dims, 2, type, in, 3 * sizes[type])))));
  }
  return failures > 0;
}
