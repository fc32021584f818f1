// Function: appending instructions, and the types of the operand stack (specification, appendix "validation
// algorithm").
#include "targets/wasm/assembler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/check.hpp"
#include "targets/wasm/assembler_data.hpp"

namespace weft::wasm {

Function::Function(Module& module, FuncIndex index, std::string name, FuncType type)
    : module_(module), index_(index), name_(std::move(name)), type_(std::move(type)), locals_(type_.params) {
  local_names_.resize(locals_.size());
  control_.push_back({Instr::block, std::nullopt, 0, false});
}

void Function::mismatch(std::string_view what) const {
  std::string types;
  for (ValType type : stack()) types += fmt::format(" {}", to_string(type));
  const std::string_view last = code_.empty() ? "nothing" : info(code_.back().instr).text;
  internal_error(__FILE__, __LINE__, what,
                 fmt::format("function {} \"{}\", after {} instructions, the last is {}, stack [{} ]",
                             index_.value, name_, code_.size(), last, types));
}

void Function::append(Instr instr, uint32_t index, uint64_t bits, uint8_t align, uint8_t lane) {
  code_.push_back({instr, align, lane, index, bits});
}

std::vector<ValType> Function::stack() const {
  return {stack_.begin() + control_.back().height, stack_.end()};
}

// --- types
// -----------------------------------------------------------------------------------------------------------

ValType Function::pop_any() {
  if (control_.back().unreachable) mismatch("code that cannot be reached");
  if (stack_.size() <= control_.back().height) mismatch("an operand is missing");
  const ValType type = stack_.back();
  stack_.pop_back();
  return type;
}

void Function::pop(ValType type) {
  const ValType actual = pop_any();
  if (actual == type) return;
  stack_.push_back(actual);
  mismatch(fmt::format("expected an operand of type {}", to_string(type)));
}

void Function::pops_and_pushes(Instr instr) {
  if (control_.back().unreachable) mismatch("code that cannot be reached");
  const InstrInfo& row = info(instr);
  for (size_t i = row.pops.size(); i-- > 0;) pop(type_of_letter(row.pops[i]));
  for (char letter : row.pushes) push(type_of_letter(letter));
}

void Function::check_results(std::span<const ValType> results) const {
  const size_t height = control_.back().height;
  if (control_.back().unreachable) return;
  if (stack_.size() != height + results.size()) mismatch("wrong number of values at the end of a construct");
  if (!std::equal(results.begin(), results.end(),
                  stack_.end() - static_cast<std::ptrdiff_t>(results.size()))) {
    mismatch("wrong types at the end of a construct");
  }
}

std::vector<ValType> Function::label_types(const Control& control) const {
  if (&control == &control_.front()) return type_.results;
  if (control.kind == Instr::loop || !control.type) return {};
  return {*control.type};
}

void Function::check_branch(Label label) {
  if (control_.back().unreachable) mismatch("code that cannot be reached");
  if (label.depth >= control_.size()) mismatch("branch to a label that is closed");
  const std::vector<ValType> types = label_types(control_[label.depth]);
  for (size_t i = types.size(); i-- > 0;) pop(types[i]);
  for (ValType type : types) push(type);
}

// --- locals and globals
// ----------------------------------------------------------------------------------------------

Local Function::param(uint32_t i) const {
  WEFT_CHECK(i < type_.params.size(), name_);
  return {i, type_.params[i]};
}

Local Function::local(ValType type, std::string name) {
  const auto index = static_cast<uint32_t>(locals_.size());
  locals_.push_back(type);
  local_names_.push_back(std::move(name));
  return {index, type};
}

void Function::check_local(Local local) const {
  if (local.index >= locals_.size() || locals_[local.index] != local.type)
    mismatch("a local of another function");
}

void Function::get(Local local) {
  check_local(local);
  if (control_.back().unreachable) mismatch("code that cannot be reached");
  append(Instr::local_get, local.index);
  push(local.type);
}

void Function::set(Local local) {
  check_local(local);
  pop(local.type);
  append(Instr::local_set, local.index);
}

void Function::tee(Local local) {
  check_local(local);
  pop(local.type);
  push(local.type);
  append(Instr::local_tee, local.index);
}

void Function::get(GlobalIndex global) {
  if (control_.back().unreachable) mismatch("code that cannot be reached");
  WEFT_CHECK(global.value < module_.data_->globals.size(), name_);
  append(Instr::global_get, global.value);
  push(module_.data_->globals[global.value].type);
}

void Function::set(GlobalIndex global) {
  WEFT_CHECK(global.value < module_.data_->globals.size(), name_);
  const Global& row = module_.data_->globals[global.value];
  if (!row.is_mutable) mismatch("global.set of a constant");
  pop(row.type);
  append(Instr::global_set, global.value);
}

// --- constants
// -------------------------------------------------------------------------------------------------------

void Function::constant(Instr instr, uint64_t bits) {
  pops_and_pushes(instr);
  append(instr, 0, bits);
}

void Function::i32(int32_t value) { constant(Instr::i32_const, static_cast<uint64_t>(int64_t{value})); }
void Function::address(DataAddress address) {
  WEFT_CHECK(address.segment.value < module_.data_->object_data.size(), name_);
  pops_and_pushes(Instr::i32_const);
  append(Instr::i32_const, address.segment.value + 1, address.offset);
}
void Function::i64(int64_t value) { constant(Instr::i64_const, static_cast<uint64_t>(value)); }
void Function::f32(float value) { constant(Instr::f32_const, std::bit_cast<uint32_t>(value)); }
void Function::f64(double value) { constant(Instr::f64_const, std::bit_cast<uint64_t>(value)); }

void Function::wide(Instr instr, const Bytes16& value) {
  pops_and_pushes(instr);
  append(instr, static_cast<uint32_t>(wide_.size()));
  wide_.push_back(value);
}

void Function::v128(const Bytes16& value) { wide(Instr::v128_const, value); }

void Function::v128_i32x4(int32_t value) {
  const auto bits = static_cast<uint32_t>(value);
  Bytes16 bytes;
  for (size_t i = 0; i < 16; i++) bytes[i] = static_cast<uint8_t>(bits >> (8 * (i % 4)));
  v128(bytes);
}

void Function::v128_f32x4(float value) { v128_i32x4(std::bit_cast<int32_t>(value)); }

// --- instructions by the kind of their immediates
// --------------------------------------------------------------------

void Function::select() {
  pop(ValType::i32);
  const ValType type = pop_any();
  pop(type);
  push(type);
}

void Function::op(Instr instr) {
  switch (instr) {
    case Instr::return_: return return_();
    case Instr::end: return end();
    case Instr::else_: return begin_else();
    case Instr::drop: pop_any(); break;
    case Instr::select: select(); break;
    case Instr::unreachable:
      if (control_.back().unreachable) mismatch("code that cannot be reached");
      break;
    default: {
      const Immediates kind = info(instr).immediates;
      WEFT_CHECK(kind == Immediates::none || kind == Immediates::memory ||
                     kind == Immediates::memory_memory || kind == Immediates::zero_byte,
                 info(instr).text);
      pops_and_pushes(instr);
    }
  }
  append(instr);
  if (instr == Instr::unreachable) leave();
}

void Function::memory(Instr instr, uint32_t offset) { memory(instr, offset, natural_alignment(instr)); }

void Function::memory(Instr instr, uint32_t offset, uint8_t align) {
  const InstrInfo& row = info(instr);
  WEFT_CHECK(row.immediates == Immediates::memarg, row.text);
  const uint8_t natural = natural_alignment(instr);
  WEFT_CHECK(align == natural || (align < natural && row.feature != Feature::threads), row.text);
  pops_and_pushes(instr);
  append(instr, 0, offset, align);
}

void Function::memory_lane(Instr instr, uint32_t offset, uint8_t lane) {
  memory_lane(instr, offset, natural_alignment(instr), lane);
}

void Function::memory_lane(Instr instr, uint32_t offset, uint8_t align, uint8_t lane) {
  const InstrInfo& row = info(instr);
  WEFT_CHECK(row.immediates == Immediates::memarg_lane, row.text);
  WEFT_CHECK(align <= natural_alignment(instr) && lane < lane_count(instr), row.text);
  pops_and_pushes(instr);
  append(instr, 0, offset, align, lane);
}

void Function::lane(Instr instr, uint8_t lane) {
  const InstrInfo& row = info(instr);
  WEFT_CHECK(row.immediates == Immediates::lane && lane < lane_count(instr), row.text);
  pops_and_pushes(instr);
  append(instr, 0, 0, 0, lane);
}

void Function::shuffle(const Bytes16& lanes) {
  for (uint8_t lane : lanes) WEFT_CHECK(lane < 32, name_);
  wide(Instr::i8x16_shuffle, lanes);
}

void Function::memory_init(uint32_t segment) {
  WEFT_CHECK(segment < module_.data_->data.size(), name_);
  pops_and_pushes(Instr::memory_init);
  append(Instr::memory_init, segment);
}

void Function::data_drop(uint32_t segment) {
  WEFT_CHECK(segment < module_.data_->data.size(), name_);
  pops_and_pushes(Instr::data_drop);
  append(Instr::data_drop, segment);
}

// --- structured control
// ----------------------------------------------------------------------------------------------

Label Function::begin(Instr instr, BlockType type) {
  if (control_.back().unreachable) mismatch("code that cannot be reached");
  append(instr, type ? static_cast<uint32_t>(*type) : kEmptyBlock);
  control_.push_back({instr, type, static_cast<uint32_t>(stack_.size()), false});
  return Label{static_cast<uint32_t>(control_.size()) - 1};
}

Label Function::begin_block(BlockType type) { return begin(Instr::block, type); }
Label Function::begin_loop(BlockType type) { return begin(Instr::loop, type); }

Label Function::begin_if(BlockType type) {
  pop(ValType::i32);
  return begin(Instr::if_, type);
}

/// Checks what the innermost construct leaves and takes it off the stack.
void Function::close() {
  const Control& control = control_.back();
  if (control.type) {
    const ValType result = *control.type;
    check_results({&result, 1});
  } else {
    check_results({});
  }
  stack_.resize(control.height);
}

void Function::begin_else() {
  if (control_.size() < 2 || control_.back().kind != Instr::if_) mismatch("else without if");
  close();
  append(Instr::else_);
  control_.back().kind = Instr::else_;
  control_.back().unreachable = false;
}

void Function::end() {
  if (control_.size() < 2) mismatch("end without a construct; the body's end is implied");
  const Control control = control_.back();
  if (control.kind == Instr::if_ && control.type) mismatch("an if that gives a value needs an else");
  close();
  append(Instr::end);
  control_.pop_back();
  if (control.type) push(*control.type);
}

void Function::end_of(Label label) {
  if (label.depth + 1 != control_.size())
    mismatch("a construct inside this one is still open, or this one is closed");
  end();
}

/// The rest of the innermost construct is never run.
void Function::leave() {
  stack_.resize(control_.back().height);
  control_.back().unreachable = true;
}

void Function::br(Label label) {
  check_branch(label);
  append(Instr::br, relative(label));
  leave();
}

void Function::br_if(Label label) {
  pop(ValType::i32);
  check_branch(label);
  append(Instr::br_if, relative(label));
}

void Function::br_table(std::span<const Label> labels, Label otherwise) {
  pop(ValType::i32);
  std::vector<uint32_t> depths;
  for (Label label : labels) {
    check_branch(label);
    depths.push_back(relative(label));
  }
  check_branch(otherwise);
  depths.push_back(relative(otherwise));
  append(Instr::br_table, static_cast<uint32_t>(tables_.size()));
  tables_.push_back(std::move(depths));
  leave();
}

void Function::return_() {
  check_branch(body());
  append(Instr::return_);
  leave();
}

// --- calls
// -----------------------------------------------------------------------------------------------------------

void Function::pass_and_receive(const FuncType& type) {
  if (control_.back().unreachable) mismatch("code that cannot be reached");
  for (size_t i = type.params.size(); i-- > 0;) pop(type.params[i]);
  for (ValType result : type.results) push(result);
}

void Function::call(FuncIndex function) {
  pass_and_receive(module_.type_of(function));
  append(Instr::call, function.value);
}

void Function::call_indirect(const FuncType& type) {
  pop(ValType::i32);
  pass_and_receive(type);
  module_.data_->needs_table = true;
  append(Instr::call_indirect, module_.type_index(type));
}

void Function::check_closed() const {
  if (control_.size() != 1) mismatch("a construct is still open at the end of the function");
  check_results(type_.results);
}

}  // namespace weft::wasm
