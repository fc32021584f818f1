// Modules: text in (wasm_text.hpp), a line of ----, commented hex dump out:
// tests/targets/cases/assembler/*.txt. WEFT_UPDATE=1 rewrites the dumps. tests/node/assembler.test.mjs gives
// the dumps' bytes to independent validators.
#include "targets/wasm/assembler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "targets/wasm/reader.hpp"
#include "targets/wasm_text.hpp"

namespace weft::wasm {
namespace {

const std::string kSeparator = "----\n";

std::string dump_of(const std::string& input) {
  Module module;
  TextAssembler text(module);
  std::istringstream lines(input);
  for (std::string line; std::getline(lines, line);) text.line(line);
  return describe(module);
}

TEST(AssemblerCases, AllFiles) {
  const std::filesystem::path folder = WEFT_SOURCE_DIR "/tests/targets/cases/assembler";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  for (const auto& path : files) {
    std::stringstream all;
    all << std::ifstream(path).rdbuf();
    const std::string content = all.str();
    const size_t split = content.find(kSeparator);
    const std::string input = content.substr(0, split);
    const std::string expected = split == std::string::npos ? "" : content.substr(split + kSeparator.size());
    const std::string actual = dump_of(input);
    EXPECT_EQ(actual, expected) << path.filename();
    if (std::getenv("WEFT_UPDATE") != nullptr) std::ofstream(path) << input << kSeparator << actual;
  }
}

/// sum of n floats at p, four at a time.
void add_sum(Module& module, bool relaxed) {
  Function& f =
      module.add_function(relaxed ? "sum_relaxed" : "sum", {{ValType::i32, ValType::i32}, {ValType::f32}});
  const Local p = f.param(0), n = f.param(1);
  const Local acc = f.local(ValType::v128, "acc");
  f.block([&](Label done) {
    f.loop([&](Label again) {
      f.get(n);
      f.op(Instr::i32_eqz);
      f.br_if(done);
      f.get(p);
      f.memory(Instr::v128_load, 0, 2);
      f.get(acc);
      if (relaxed) {
        f.get(acc);
        f.op(Instr::f32x4_relaxed_madd);
      } else {
        f.op(Instr::f32x4_add);
      }
      f.set(acc);
      for (const auto& [local, step] : {std::pair{p, 16}, std::pair{n, -4}}) {
        f.get(local);
        f.i32(step);
        f.op(Instr::i32_add);
        f.set(local);
      }
      f.br(again);
    });
  });
  f.get(acc);
  f.lane(Instr::f32x4_extract_lane, 0);
}

TEST(Assembler, ReaderCountsInstructionsOfEachFunction) {
  Module module;
  module.import_memory("env", "memory", {1, {}, false});
  module.import_function("env", "log", {{ValType::f64}, {}});
  add_sum(module, false);
  add_sum(module, true);
  const std::vector<uint8_t> bytes = module.encode();
  const auto functions = read_functions(bytes);
  ASSERT_TRUE(functions.has_value()) << functions.error().message;
  ASSERT_EQ(functions->size(), 2u);
  EXPECT_EQ((*functions)[0].name, "sum");
  EXPECT_EQ((*functions)[1].name, "sum_relaxed");
  EXPECT_EQ((*functions)[0].counts.at(Instr::f32x4_add), 1u);
  EXPECT_FALSE((*functions)[0].counts.contains(Instr::f32x4_relaxed_madd));
  EXPECT_EQ((*functions)[1].counts.at(Instr::f32x4_relaxed_madd), 1u);
  const auto counts = count_instructions(bytes).value();
  EXPECT_EQ(counts.at("v128.load"), 2u);
  EXPECT_EQ(counts.at("i32.const"), 4u);
  EXPECT_EQ(counts.at("end"), 6u);
  EXPECT_EQ(module.features(), (std::vector<Feature>{Feature::simd, Feature::relaxed_simd}));
}

TEST(Assembler, ReaderRefusesDamagedModules) {
  Module module;
  module.add_memory({1, {}, false});
  add_sum(module, true);
  const std::vector<uint8_t> bytes = module.encode();
  ASSERT_TRUE(read_functions(bytes).has_value());
  size_t refused = 0;
  for (size_t size = 0; size < bytes.size(); size++) {
    refused += read_functions(std::span(bytes).first(size)).has_value() ? 0 : 1;
  }
  // A module cut between two sections is whole: the header and 4 sections (type, function, memory, code).
  EXPECT_EQ(refused, bytes.size() - 5);
  std::vector<uint8_t> unknown = bytes;
  const uint8_t madd[] = {0xFD, 0x85, 0x02};
  const auto at = std::search(unknown.begin(), unknown.end(), std::begin(madd), std::end(madd));
  ASSERT_NE(at, unknown.end());
  at[1] = 0xFF;
  EXPECT_EQ(read_functions(unknown).error().kind, ErrorKind::unsupported);
}

TEST(Assembler, EncodingIsRepeatable) {
  const auto build = [] {
    Module module;
    module.add_memory({1, {}, false});
    for (int i = 0; i < 300; i++) add_sum(module, i % 2 == 0);
    return module.encode();
  };
  EXPECT_EQ(build(), build());
}

TEST(Assembler, TheSameTypeAndSlotIsSharedByAll) {
  Module module;
  const FuncIndex a = module.add_function("a", {}).index();
  const FuncIndex b = module.add_function("b", {}).index();
  EXPECT_EQ(module.type_index({}), 0u);
  EXPECT_EQ(module.type_index({{ValType::i32}, {}}), 1u);
  EXPECT_EQ(module.type_index({{}, {ValType::i32}}), 2u);
  EXPECT_EQ(module.table_slot(b), 0u);
  EXPECT_EQ(module.table_slot(a), 1u);
  EXPECT_EQ(module.table_slot(b), 0u);
}

// --- the stack checker: each of these is a compiler bug that must not reach an engine ---

void expect_stopped(const std::string& input, const std::string& message) {
  EXPECT_DEATH(dump_of("memory 1\nfunction f i32 f32 -> i32\n" + input), message) << input;
}

TEST(AssemblerDeathTest, WrongOperands) {
  expect_stopped("i32.add", "an operand is missing");
  expect_stopped("local.get 0\nlocal.get 1\ni32.add", "expected an operand of type i32");
  expect_stopped("local.get 1\nlocal.set 0", "expected an operand of type i32");
  expect_stopped("local.get 1\nv128.load 0", "expected an operand of type i32");
  expect_stopped("local.get 0\nlocal.get 1\nlocal.get 0\nselect", "expected an operand of type f32");
  expect_stopped("local.get 0\nblock\ni32.eqz\nend", "an operand is missing");
  expect_stopped("local.get 1\nreturn", "expected an operand of type i32");
  expect_stopped("local.get 1\ncall 0", "an operand is missing");
}

TEST(AssemblerDeathTest, WrongResults) {
  expect_stopped("nop", "wrong number of values at the end of a construct");
  expect_stopped("local.get 1", "wrong types at the end of a construct");
  expect_stopped("local.get 0\nlocal.get 0", "wrong number of values at the end of a construct");
  expect_stopped("block i32\nend", "wrong number of values at the end of a construct");
  expect_stopped("local.get 0\nif i32\nlocal.get 0\nelse\nlocal.get 1\nend",
                 "wrong types at the end of a construct");
  expect_stopped("local.get 0\nif i32\nlocal.get 0\nend", "needs an else");
  expect_stopped("block i32\nbr 0\nend", "an operand is missing");
  expect_stopped("block i32\nlocal.get 0\nlocal.get 0\nbr_if 0", "a construct is still open");
}

TEST(AssemblerDeathTest, WrongStructure) {
  expect_stopped("br 0\nlocal.get 0", "an operand is missing");
  expect_stopped("unreachable\nlocal.get 0", "code that cannot be reached");
  expect_stopped("block\nelse\nend", "else without if");
  expect_stopped("local.get 0\nlocal.get 0\nif\n", "still open");
}

TEST(AssemblerDeathTest, WrongImmediates) {
  expect_stopped("local.get 0\nf32.load 0 3", "natural");
  expect_stopped("local.get 0\ni32.atomic.load 0 1", "natural");
  expect_stopped("v128.const 0 0 0 0\nf32x4.extract_lane 4", "lane_count");
  expect_stopped(
      "v128.const 0 0 0 0\nv128.const 0 0 0 0\ni8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 32",
      "lane < 32");
  expect_stopped("function g\nglobal.get 0", "globals");
}

}  // namespace
}  // namespace weft::wasm
