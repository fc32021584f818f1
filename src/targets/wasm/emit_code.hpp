// Instructions over an unlimited number of virtual locals: what the emitter writes, piece by piece, before
// locals are shared and the pieces are handed to the assembler.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "targets/wasm/assembler.hpp"

namespace weft::wasm {

inline constexpr uint32_t kNoGroup = UINT32_MAX;

enum class OpKind : uint8_t {
  plain,  ///< instr alone
  get,
  set,
  tee,
  constant,  ///< bits, of `type`; v128 in wide
  shuffle,   ///< wide
  memory,    ///< instr; offset in `bits`, relative to the pointer group `group` when there is one
  memory_lane,
  lane,
  begin_block,
  begin_loop,
  begin_if,
  begin_else,
  end,
  repeat,  ///< br_if to the innermost loop
  adjust,  ///< adds (bias of `group` - bias of `other` - bits) to the i32 on the stack; nothing when that is
           ///< 0
};

struct Op {
  OpKind kind = OpKind::plain;
  Instr instr = Instr::nop;
  ValType type = ValType::i32;
  bool has_result = false;  ///< begin_*: leaves a `type`
  uint8_t lane = 0;
  uint8_t align = 0;
  uint32_t local = 0;
  uint32_t group = kNoGroup;
  uint32_t other = kNoGroup;
  uint64_t bits = 0;
  Bytes16 wide = {};
};

/// A piece of code.
class Code {
 public:
  std::vector<Op> ops;

  void op(Instr instr);
  void get(uint32_t local);
  void set(uint32_t local);
  void tee(uint32_t local);
  void i32(int64_t value);  ///< modulo 2^32
  void i64(int64_t value);
  void constant(ValType type, uint64_t bits);
  void v128(const Bytes16& value);
  void shuffle(const Bytes16& lanes);
  void lane(Instr instr, uint32_t index);
  void begin(OpKind kind, std::optional<ValType> result = {});
  void begin_else();
  void end();
  void append(Code other);
};

/// Virtual locals of one function: the parameters come first.
struct LocalInfo {
  ValType type = ValType::i32;
  bool whole = false;  ///< its value lives for the whole call: never shared
};
class Locals {
 public:
  uint32_t make(ValType type, bool whole = false);
  std::vector<LocalInfo> list;
};

/// Gives virtual locals that never live at the same time one local: the result maps each to a local with the
/// same type, numbered from 0, parameters first and unchanged. A value lives from its first to its last
/// mention, and to the end of every loop that it lives into.
std::vector<uint32_t> share_locals(const std::vector<Op>& ops, const std::vector<LocalInfo>& locals,
                                   uint32_t params);

/// Appends the code to `function`, with locals shared.
void write(const std::vector<Op>& ops, const std::vector<LocalInfo>& locals, Function& function);

}  // namespace weft::wasm
