// Builds wasm modules: a Module owns types, imports, functions and data; a Function appends instructions and
// checks the types of the operand stack as it goes, so that a compiler bug stops where it is made and not in
// an engine.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "targets/wasm/isa.hpp"

namespace weft::wasm {

class Module;
struct ModuleData;

/// A function's signature.
struct FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;
  friend auto operator<=>(const FuncType&, const FuncType&) = default;
};

/// An index into the module's functions, imported ones first.
struct FuncIndex {
  uint32_t value = 0;
  friend auto operator<=>(const FuncIndex&, const FuncIndex&) = default;
};

struct GlobalIndex {
  uint32_t value = 0;
  friend auto operator<=>(const GlobalIndex&, const GlobalIndex&) = default;
};

/// A data segment of a relocatable module.
struct DataIndex {
  uint32_t value = 0;
};
struct DataAddress {
  DataIndex segment;
  uint32_t offset = 0;
};

/// A word (u32) of a data segment that the linker fills in: the function's slot in the table, or an address.
struct DataReference {
  uint32_t at = 0;  ///< the word's first byte in the segment
  std::variant<FuncIndex, DataAddress> target;
};

/// A data segment of a relocatable module, and a symbol of this name that is all of it.
struct ObjectData {
  std::string name;
  std::vector<uint8_t> bytes;
  uint64_t outside = 0;   ///< bytes that follow, which the module does not hold (Module::encode_object)
  uint8_t alignment = 0;  ///< log2
  std::vector<DataReference> references = {};  ///< ascending
};

/// A relocatable module. Between head and tail belong the bytes that its last data segment has outside.
struct ObjectBytes {
  std::vector<uint8_t> head, tail;
};

/// A parameter or local of one function, in the order of declaration. encode() renumbers the locals that are
/// no parameters by type, so this is not the index in the bytes.
struct Local {
  uint32_t index = 0;
  ValType type = ValType::i32;
};

/// A block, loop or if that is open in one function. A branch to a loop's label goes to its start, to
/// another's to its end.
struct Label {
  uint32_t depth = 0;  ///< enclosing constructs; 0 is the function's body
};

/// What a block leaves on the stack: nothing or one value. Blocks take no operands.
using BlockType = std::optional<ValType>;

/// 16 bytes as they lie in memory, lane 0 first.
using Bytes16 = std::array<uint8_t, 16>;

/// One instruction with its immediates, before encoding.
struct Instruction {
  Instr instr;
  uint8_t align;  ///< memarg: log2
  uint8_t lane;
  uint32_t index;  ///< local, global, function, type, data, relative label depth, block type's byte; index
                   ///< into a pool
  uint64_t bits;   ///< constant (sign-extended), memarg's offset
};

/// A function under construction. Get one from Module::add_function; it lives as long as the module.
///
/// Each method appends one instruction and checks it against the types on the stack: a mismatch is an
/// internal_error that names the function and shows the stack. Code after unreachable, br, br_table or return
/// must be closed by `end` (or begin_else) at once: dead code is a compiler bug here.
class Function {
 public:
  Function(const Function&) = delete;
  Function& operator=(const Function&) = delete;

  FuncIndex index() const { return index_; }
  const std::string& name() const { return name_; }
  const FuncType& type() const { return type_; }

  // --- locals ---
  Local param(uint32_t i) const;
  /// A new local, zero at the start of a call. `name` is for describe() and the name section; may be empty.
  Local local(ValType type, std::string name = {});
  void get(Local local);
  void set(Local local);
  void tee(Local local);
  void get(GlobalIndex global);
  void set(GlobalIndex global);

  // --- constants ---
  void i32(int32_t value);
  /// An address of a relocatable module's data: i32.
  void address(DataAddress address);
  void i64(int64_t value);
  void f32(float value);
  void f64(double value);
  void v128(const Bytes16& value);
  /// v128.const with the same i32 or f32 in each lane.
  void v128_i32x4(int32_t value);
  void v128_f32x4(float value);

  // --- instructions by the kind of their immediates ---
  /// Instructions without immediates, and memory.size, memory.grow, memory.fill, memory.copy, atomic.fence;
  /// drop, select, unreachable, nop, return too.
  void op(Instr instr);
  /// Loads, stores, atomics: `offset` in bytes is added to the address operand. `align` is log2 of the
  /// alignment that the address is known to have; it defaults to the natural one and may not exceed it.
  void memory(Instr instr, uint32_t offset = 0);
  void memory(Instr instr, uint32_t offset, uint8_t align);
  /// v128.load32_lane and its like.
  void memory_lane(Instr instr, uint32_t offset, uint8_t lane);
  void memory_lane(Instr instr, uint32_t offset, uint8_t align, uint8_t lane);
  /// extract_lane, replace_lane.
  void lane(Instr instr, uint8_t lane);
  /// i8x16.shuffle: each entry picks a byte of the two operands, 0 to 31.
  void shuffle(const Bytes16& lanes);
  /// memory.init of a passive segment, data.drop.
  void memory_init(uint32_t segment);
  void data_drop(uint32_t segment);

  // --- structured control ---
  Label begin_block(BlockType type = {});
  Label begin_loop(BlockType type = {});
  /// Pops the i32 condition.
  Label begin_if(BlockType type = {});
  void begin_else();
  void end();
  /// The construct with its body: `body` is called at once, as body() or body(Label).
  template <class Body>
  void block(Body&& body, BlockType type = {}) {
    wrap(begin_block(type), body);
  }
  template <class Body>
  void loop(Body&& body, BlockType type = {}) {
    wrap(begin_loop(type), body);
  }
  template <class Body>
  void if_(Body&& body) {
    wrap(begin_if(), body);
  }
  template <class Then, class Else>
  void if_else(Then&& then, Else&& otherwise, BlockType type = {}) {
    Label label = begin_if(type);
    invoke(label, then);
    begin_else();
    wrap(label, otherwise);
  }

  void br(Label label);
  void br_if(Label label);
  void br_table(std::span<const Label> labels, Label otherwise);
  void return_();
  /// The label of the function's body: br to it is a return.
  Label body() const { return Label{0}; }

  // --- calls ---
  void call(FuncIndex function);
  void call(const Function& function) { call(function.index()); }
  /// Calls the function at the i32 on top of the stack in the module's table.
  void call_indirect(const FuncType& type);

  /// Types on the operand stack of the innermost construct, the last is the top.
  std::vector<ValType> stack() const;
  size_t instruction_count() const { return code_.size(); }

 private:
  friend class Module;
  friend class FunctionEncoder;
  struct Control {
    Instr kind;
    BlockType type;
    uint32_t height;   ///< size of the value stack at the construct's start
    bool unreachable;  ///< after a branch that is always taken
  };

  Function(Module& module, FuncIndex index, std::string name, FuncType type);
  template <class Body>
  static void invoke(Label label, Body& body) {
    if constexpr (std::invocable<Body&, Label>) {
      body(label);
    } else {
      body();
    }
  }
  template <class Body>
  void wrap(Label label, Body& body) {
    invoke(label, body);
    end_of(label);
  }
  void append(Instr instr, uint32_t index = 0, uint64_t bits = 0, uint8_t align = 0, uint8_t lane = 0);
  void push(ValType type) { stack_.push_back(type); }
  void pop(ValType type);
  ValType pop_any();
  void pops_and_pushes(Instr instr);
  void check_results(std::span<const ValType> results) const;
  std::vector<ValType> label_types(const Control& control) const;
  void check_branch(Label label);
  uint32_t relative(Label label) const { return static_cast<uint32_t>(control_.size()) - 1 - label.depth; }
  Label begin(Instr instr, BlockType type);
  void end_of(Label label);
  void select();
  void check_local(Local local) const;
  void constant(Instr instr, uint64_t bits);
  void wide(Instr instr, const Bytes16& value);
  void close();
  void leave();
  void pass_and_receive(const FuncType& type);
  void check_closed() const;
  [[noreturn]] void mismatch(std::string_view what) const;

  Module& module_;
  FuncIndex index_;
  std::string name_;
  FuncType type_;
  std::vector<ValType> locals_;  ///< parameters first
  std::vector<std::string> local_names_;
  std::vector<Instruction> code_;
  std::vector<Bytes16> wide_;                  ///< operands of v128.const and shuffle
  std::vector<std::vector<uint32_t>> tables_;  ///< br_table: relative depths, the default last
  std::vector<ValType> stack_;
  std::vector<Control> control_;
};

/// Sizes in pages of 64 KiB.
struct Limits {
  uint32_t min = 0;
  std::optional<uint32_t> max;
  bool shared = false;  ///< needs max
};

/// A module under construction. encode() is a function of what was added, in the order in which it was added.
class Module {
 public:
  Module();
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// For the name section.
  void set_name(std::string name);

  // --- memory: at most one, imported or own ---
  void import_memory(std::string_view module, std::string_view name, const Limits& limits);
  void add_memory(const Limits& limits);
  void export_memory(std::string_view name);

  // --- functions: imports come before the first add_function ---
  FuncIndex import_function(std::string_view module, std::string_view name, FuncType type);
  /// `name` is for the name section and for messages; it need not be unique.
  Function& add_function(std::string name, FuncType type);
  void export_function(std::string_view name, FuncIndex function);
  const FuncType& type_of(FuncIndex function) const;
  /// Index of a type among the module's, which are unique; adds it when new.
  uint32_t type_index(const FuncType& type);

  // --- one funcref table, filled by one element segment from 0 ---
  /// The slot of a function in the table; the same function twice gives the same slot.
  uint32_t table_slot(FuncIndex function);
  void export_table(std::string_view name);

  // --- globals ---
  GlobalIndex add_global(ValType type, bool is_mutable, uint64_t initial_bits, std::string name = {});
  void export_global(std::string_view name, GlobalIndex global);

  // --- data ---
  /// Copied into memory at instantiation.
  void add_data(uint32_t offset, std::vector<uint8_t> bytes);
  /// For Function::memory_init; returns the segment's index.
  uint32_t add_passive_data(std::vector<uint8_t> bytes);

  // --- relocatable modules (tool-conventions, Linking.md): what wasm-ld takes ---
  /// Before anything else: memory, table and types become the linker's, functions symbols.
  void make_relocatable();
  /// Only here: the function's name is its symbol, known to other objects; else it is local to this one.
  void make_global(FuncIndex function);
  /// Where there are bytes outside, no other may follow.
  DataIndex add_object_data(ObjectData data);
  ObjectBytes encode_object() const;

  /// A custom section, after all others; sections of one name are allowed.
  void add_custom_section(std::string_view name, std::vector<uint8_t> bytes);

  /// The binary. Every function must be closed (Function::end of its body is implied here).
  std::vector<uint8_t> encode() const;

  /// The features that an engine needs for this module's instructions and memory, without mvp; sorted.
  std::vector<Feature> features() const;

 private:
  friend class Function;
  friend class ModuleEncoder;
  std::unique_ptr<ModuleData> data_;
};

/// The module's bytes as a commented hex dump, one line per field: offset, bytes, comment; for tests and for
/// people.
std::string describe(const Module& module);

}  // namespace weft::wasm
