// One line of isa.txt per row of isa.def: the instruction in the text format, its operands and results, its
// bytes. tests/node/isa.test.mjs assembles the same lines with an independent assembler. WEFT_UPDATE=1
// rewrites the file.
#include "targets/wasm/isa.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "targets/wasm/assembler.hpp"
#include "targets/wasm/encoder.hpp"

namespace weft::wasm {
namespace {

const char kPath[] = WEFT_SOURCE_DIR "/tests/targets/isa.txt";

constexpr Bytes16 kBytes = {0, 17, 2, 31, 4, 21, 6, 23, 8, 25, 10, 27, 12, 29, 14, 30};

/// Appends `instr` where nothing but its operands is on the stack, with immediates that take more than one
/// byte.
void append_plain(Function& f, Instr instr) {
  switch (info(instr).immediates) {
    case Immediates::memarg: return f.memory(instr, 300);
    case Immediates::memarg_lane:
      return f.memory_lane(instr, 300, static_cast<uint8_t>(lane_count(instr) - 1));
    case Immediates::lane: return f.lane(instr, static_cast<uint8_t>(lane_count(instr) - 1));
    case Immediates::i32: return f.i32(-123456);
    case Immediates::i64: return f.i64(int64_t{-1} << 40);
    case Immediates::f32: return f.f32(-1.5f);
    case Immediates::f64: return f.f64(0.1);
    case Immediates::v128: return f.v128(kBytes);
    case Immediates::shuffle: return f.shuffle(kBytes);
    case Immediates::data_memory: return f.memory_init(0);
    case Immediates::data: return f.data_drop(0);
    default: return f.op(instr);
  }
}

std::vector<ValType> types_of(std::string_view letters) {
  std::vector<ValType> types;
  for (char letter : letters) types.push_back(type_of_letter(letter));
  return types;
}

/// Text and bytes of the field that the last of the function's instructions became.
std::string row_text(const InstrInfo& row, const Function& function, size_t from_end) {
  FieldWriter out(true);
  FunctionEncoder(function).write(out);
  const Field field = out.fields()[out.fields().size() - 1 - from_end];
  const std::vector<uint8_t> bytes = out.take();
  std::string hex;
  for (size_t i = 0; i < field.size; i++) hex += fmt::format("{:02x} ", bytes[field.offset + i]);
  hex.pop_back();
  const std::string comment = field.comment.substr(field.comment.find_first_not_of(' '));
  return fmt::format("{} | {} | {} -> {} | {}", comment, to_string(row.feature),
                     row.pops.empty() ? "-" : row.pops, row.pushes.empty() ? "-" : row.pushes, hex);
}

std::string plain_row(Instr instr) {
  const InstrInfo& row = info(instr);
  Module module;
  module.add_memory({1, 1, true});
  module.add_passive_data({1, 2, 3});
  Function& f = module.add_function("f", {types_of(row.pops), types_of(row.pushes)});
  for (uint32_t i = 0; i < row.pops.size(); i++) f.get(f.param(i));
  append_plain(f, instr);
  return row_text(row, f, 1);
}

/// The instructions whose operands depend on where they stand: the same programs as in isa.test.mjs. Returns
/// how many instructions follow the one in question.
size_t append_in_context(Function& f, Instr instr, Module& module) {
  const Local local = f.local(ValType::i32);
  const GlobalIndex global = module.add_global(ValType::i32, true, 0);
  switch (instr) {
    case Instr::unreachable: f.op(instr); return 1;
    case Instr::block:
      f.begin_block();
      f.end();
      return 2;
    case Instr::loop:
      f.begin_loop();
      f.end();
      return 2;
    case Instr::if_:
      f.i32(1);
      f.begin_if();
      f.end();
      return 2;
    case Instr::else_:
      f.i32(1);
      f.begin_if();
      f.begin_else();
      f.end();
      return 2;
    case Instr::end:
      f.begin_block();
      f.end();
      return 1;
    case Instr::br:
      f.br(f.begin_block());
      f.end();
      return 2;
    case Instr::br_if: {
      const Label label = f.begin_block();
      f.i32(1);
      f.br_if(label);
      f.end();
      return 2;
    }
    case Instr::br_table: {
      const Label label = f.begin_block();
      const Label labels[] = {label, f.body(), label};
      f.i32(1);
      f.br_table(labels, f.body());
      f.end();
      return 2;
    }
    case Instr::return_: f.op(instr); return 1;
    case Instr::call: f.call(f); return 1;
    case Instr::call_indirect:
      f.i32(0);
      f.call_indirect(f.type());
      return 1;
    case Instr::drop:
      f.i32(0);
      f.op(instr);
      return 1;
    case Instr::select:
      for (int32_t i = 0; i < 3; i++) f.i32(i);
      f.op(instr);
      f.op(Instr::drop);
      return 2;
    case Instr::local_get:
      f.get(local);
      f.op(Instr::drop);
      return 2;
    case Instr::local_set:
      f.i32(0);
      f.set(local);
      return 1;
    case Instr::local_tee:
      f.i32(0);
      f.tee(local);
      f.op(Instr::drop);
      return 2;
    case Instr::global_get:
      f.get(global);
      f.op(Instr::drop);
      return 2;
    case Instr::global_set:
      f.i32(0);
      f.set(global);
      return 1;
    default: ADD_FAILURE() << info(instr).text << " has no context"; return 0;
  }
}

std::string context_row(Instr instr) {
  Module module;
  Function& f = module.add_function("f", {});
  const size_t from_end = append_in_context(f, instr, module);
  return row_text(info(instr), f, from_end);
}

std::string all_rows() {
  std::string text;
  for (uint32_t i = 0; i < instr_count(); i++) {
    const auto instr = static_cast<Instr>(i);
    text += (info(instr).pops == "*" ? context_row(instr) : plain_row(instr)) + "\n";
  }
  return text;
}

TEST(Isa, EveryInstructionHasItsBytes) {
  const std::string actual = all_rows();
  if (std::getenv("WEFT_UPDATE") != nullptr) std::ofstream(kPath) << actual;
  std::ifstream file(kPath);
  ASSERT_TRUE(file) << kPath;
  std::istringstream rows(actual);
  uint32_t line = 0;
  for (std::string expected, got; std::getline(file, expected); line++) {
    ASSERT_TRUE(std::getline(rows, got)) << "isa.txt has a line more: " << expected;
    EXPECT_EQ(got, expected) << "line " << line + 1;
  }
  EXPECT_EQ(line, instr_count());
}

TEST(Isa, CountsOfTheSpecification) {
  std::map<Feature, uint32_t> counts;
  for (uint32_t i = 0; i < instr_count(); i++) counts[info(static_cast<Instr>(i)).feature]++;
  EXPECT_EQ(counts[Feature::simd], 236u);
  EXPECT_EQ(counts[Feature::relaxed_simd], 20u);
  EXPECT_EQ(counts[Feature::threads], 67u);
  EXPECT_EQ(counts[Feature::saturating], 8u);
  EXPECT_EQ(counts[Feature::sign_extension], 5u);
}

TEST(Isa, FindsByOpcodeAndByName) {
  for (uint32_t i = 0; i < instr_count(); i++) {
    const auto instr = static_cast<Instr>(i);
    EXPECT_EQ(find_instr(info(instr).prefix, info(instr).opcode), instr);
    EXPECT_EQ(find_instr(info(instr).text), instr);
  }
  EXPECT_EQ(find_instr(0, 0x06), std::nullopt);
  EXPECT_EQ(find_instr(0xFD, 0x9A), std::nullopt);
  EXPECT_EQ(find_instr(0xFD, 0x120), std::nullopt);
  EXPECT_EQ(find_instr(0xFB, 0), std::nullopt);
  EXPECT_EQ(find_instr(0xFF, 0), std::nullopt);
  EXPECT_EQ(find_instr("f32x4.fma"), std::nullopt);
}

}  // namespace
}  // namespace weft::wasm
