// Values of a legalised kernel as instructions.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "targets/wasm/addresses.hpp"
#include "targets/wasm/emit_registers.hpp"
#include "targets/wasm/facts.hpp"

namespace weft::wasm {

class ValueEmitter {
 public:
  ValueEmitter(const loops::Kernel& kernel, const WasmFeatures& features, Locals& locals,
               Addresses& addresses, const Registers& registers)
      : kernel_(kernel), features_(features), locals_(locals), addresses_(addresses), registers_(registers) {}

  /// Pushes one statement's value. Nodes that it mentions more than once are computed once.
  void emit(const loops::Value& root, Code& out);
  /// Writes buffer[index] = value.
  void store(const loops::Store& store, Code& out);

  /// The locals that `let` bound. A name that is bound again hides the older one.
  std::map<std::string, uint32_t, std::less<>> bound;

 private:
  using Value = loops::Value;
  void count(const Value& root);
  void value(const Value& v, Code& out);
  void node(const loops::ValueNode& n, Code& out);
  void operands(const loops::ValueNode& n, Code& out);
  void constant(const loops::ValueNode& n, Code& out);
  void index(const loops::ValueNode& n, Code& out);
  void load(const loops::ValueNode& n, Code& out);
  void plain_load(const loops::ValueNode& n, Code& out);
  void register_load(const loops::ValueNode& n, Code& out);
  void predicated_load(const loops::ValueNode& n, Code& out);
  void memory(Instr instr, const loops::ValueNode& n, Code& out);
  void broadcast(const loops::ValueNode& n, Code& out);
  void lanes(const loops::ValueNode& n, Code& out);
  void extract(const loops::ValueNode& n, Code& out);
  void muladd(const loops::ValueNode& n, Code& out);
  void select(const loops::ValueNode& n, Code& out);
  void shift(const loops::ValueNode& n, Code& out);
  void cast(const loops::ValueNode& n, Code& out);
  void bitcast(const loops::ValueNode& n, Code& out);
  void operation(const loops::ValueNode& n, Code& out);
  void register_store(const loops::Store& store, Code& out);

  const loops::Kernel& kernel_;
  WasmFeatures features_;
  Locals& locals_;
  Addresses& addresses_;
  const Registers& registers_;
  std::unordered_map<const loops::ValueNode*, uint32_t> uses_;  ///< within the statement; looked up only
  std::unordered_map<const loops::ValueNode*, uint32_t> kept_;
};

/// Code for lanes and memory that knows nothing of kernels: emit_lanes.cpp.
/// Pops a scalar, pushes the vector with it in every lane.
void splat(const loops::Type& type, Code& out);
/// Pops a vector, pushes one lane of it.
void extract_lane(const loops::Type& type, uint32_t lane, Code& out);
/// Pops a vector and a scalar, pushes the vector with the lane replaced.
void replace_lane(const loops::Type& type, uint32_t lane, Code& out);
/// The instruction that loads a scalar or (the first step of) a vector, and what follows it.
Instr load_instr(const loops::Type& type);
void after_load(const loops::Type& type, Code& out);
/// What prepares a vector for store_instr, whose lane is 0 where it has one.
void before_store(const loops::Type& type, Code& out);
Instr store_instr(const loops::Type& type);
/// Reduces an i32 (or its vector) to a narrower integer, as it is held.
void narrow(const loops::Type& type, Code& out);
/// Masks of 32-bit lanes in the low half <-> masks of two 64-bit lanes.
void widen_mask(Code& out);
void narrow_lanes(Code& out);
Bytes16 splat_bytes(uint64_t bits, uint32_t width);

}  // namespace weft::wasm
