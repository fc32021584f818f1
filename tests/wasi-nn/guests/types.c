// types TYPE: an input of each type comes back as it is, and doubled (a boolean: negated).
#include "kit.h"

struct row {
  const char* name;
  uint8_t code;  // of the type itself, or of the one that carries it
  uint32_t size;
  uint64_t in[3], out[3];  // bits
};
static const struct row kRows[] = {
    {"f16", NN_F16, 2, {0x3c00, 0xc100, 0x0000}, {0x4000, 0xc500, 0x0000}},
    {"f32", NN_F32, 4, {0x3f800000, 0xc0200000, 0}, {0x40000000, 0xc0a00000, 0}},
    {"f64", NN_F64, 8, {0x3ff0000000000000, 0xc004000000000000, 0}, {0x4000000000000000, 0xc014000000000000, 0}},
    {"u8", NN_U8, 1, {1, 100, 200}, {2, 200, 144}},
    {"i32", NN_I32, 4, {1, 0xffffffff, 0x7fffffff}, {2, 0xfffffffe, 0xfffffffe}},
    {"i64", NN_I64, 8, {1, 0xffffffffffffffff, 0x4000000000000001}, {2, 0xfffffffffffffffe, 0x8000000000000002}},
    {"boolean", NN_U8, 1, {0, 1, 1}, {1, 0, 0}},
    {"i8", NN_U8, 1, {1, 0xff, 0x40}, {2, 0xfe, 0x80}},
    {"i16", NN_F16, 2, {1, 0xffff, 0x4000}, {2, 0xfffe, 0x8000}},
    {"u16", NN_F16, 2, {1, 0xffff, 0x4000}, {2, 0xfffe, 0x8000}},
    {"u32", NN_I32, 4, {1, 0xffffffff, 0x40000000}, {2, 0xfffffffe, 0x80000000}},
    {"u64", NN_I64, 8, {1, 0xffffffffffffffff, 0x4000000000000000}, {2, 0xfffffffffffffffe, 0x8000000000000000}},
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
  const nn_context context = context_of(load(name));
  uint8_t in[24], wanted[24], got[24];
  pack(in, row->in, row->size);
  const uint32_t bytes = 3 * row->size;
  const nn_tensor tensor = {DIMS(1, 3), row->code, in, bytes};
  REQUIRE(nn_set_input(context, 0, &tensor));
  memset(in, 0, sizeof in);  // it was copied
  REQUIRE(nn_compute(context));
  uint32_t written = 0;
  pack(wanted, row->in, row->size);
  REQUIRE(nn_get_output(context, 0, got, sizeof got, &written));
  TRUE(written == bytes);
  TRUE(memcmp(got, wanted, bytes) == 0);
  pack(wanted, row->out, row->size);
  REQUIRE(nn_get_output(context, 1, got, bytes, &written));
  TRUE(written == bytes);
  TRUE(memcmp(got, wanted, bytes) == 0);
  return failures > 0;
}
