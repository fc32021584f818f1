// The module of a bundle: all kernels in one table, and `step`, the interpreter of the plan's instruction
// records.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loops/loops.hpp"
#include "targets/wasm/facts.hpp"

namespace weft::wasm {

struct DataSegment {
  uint32_t address = 0;
  std::vector<uint8_t> bytes;
};
struct CustomSection {
  std::string name;
  std::vector<uint8_t> bytes;
};

struct ModuleInput {
  std::span<const loops::Kernel> kernels;  ///< unrolled, and vectorized for the variant; legalised here
  WasmFeatures features;
  uint32_t memory_pages_min = 1;  ///< of 64 KiB
  std::optional<uint32_t> memory_pages_max;
  std::vector<DataSegment> data;
  std::vector<CustomSection> sections;
  bool debug_names = false;  ///< keep the kernels' names
  bool jumps = false;        ///< whether records jump; without, `step` is smaller
  bool has_custom = false;   ///< whether step meets custom records
};

/// What a record does. A record is 8 little-endian u32 words {opcode, a, b, c, d, e, node, reserved}.
enum class Opcode : uint32_t {
  end = 0,   ///< step returns done
  call = 1,  ///< kernel a, params address b, blocks c, grain d, first e: kernel(b, e + i, e + min(i + d, c))
             ///< for all i; grain 0: all at once
  fill = 2,  ///< address a, bytes b, byte value c
  copy = 3,  ///< destination a, source b, bytes c; may overlap
  load = 4,  ///< step returns load: the caller copies b bytes from c + d * 2^32 of the weights to address a
  jump = 5,  ///< goes on at the record at c if a is 0 or the byte at a is b
  next = 6,  ///< adds 1 to the word at a; goes on at the record at c if it is below b, and d is 0 or the byte
             ///< at d is not 0
  custom = 7,  ///< step returns custom: the caller does what a says with the tensors that b lists
};
inline constexpr uint32_t kRecordBytes = 32;

/// What step returns.
enum class StepResult : uint32_t { done = 0, yield = 1, readback = 2, custom = 3, error = 4, load = 5 };

/// Words (u32) of the context. A kernel that finds a value out of range writes error_code (not 0) and
/// error_value; step adds the record's node.
enum class ContextWord : uint32_t {
  next_record = 0,
  block = 1,
  error_code = 2,
  error_node = 3,
  error_value = 4
};
inline constexpr uint32_t kContextBytes = 24;
/// error_code when step meets a record that it does not know.
inline constexpr uint32_t kUnknownOpcode = UINT32_MAX;

/// The binary. It imports env.memory and exports step(context: i32, budget: i32) -> i32, which runs records
/// from the context's position until the end, an error, or `budget` kernel calls and records that jump (0: no
/// limit); the position is kept, so that the next call goes on.
std::vector<uint8_t> emit_module(const ModuleInput& input);

}  // namespace weft::wasm
