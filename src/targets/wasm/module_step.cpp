// The interpreter of the plan's records. It is small on purpose: engines run it in their baseline tier, and
// all the time is in kernels.
#include "targets/wasm/module_step.hpp"

#include "targets/wasm/emit.hpp"
#include "targets/wasm/module.hpp"

namespace weft::wasm {
namespace {

class StepEmitter {
 public:
  StepEmitter(Function& function, bool jumps, bool has_custom)
      : f_(function),
        jumps_(jumps),
        has_custom_(has_custom),
        context_(function.param(0)),
        budget_(function.param(1)),
        record_(function.local(ValType::i32)),
        opcode_(function.local(ValType::i32)),
        block_(function.local(ValType::i32)),
        take_(function.local(ValType::i32)) {}

  void emit() {
    context_word(ContextWord::next_record);
    f_.set(record_);
    const Label next = f_.begin_loop();
    record_word(0);
    f_.set(opcode_);
    when(Opcode::call, [&] { call(); });
    when(Opcode::fill, [&] { words(Instr::memory_fill, 1, 3, 2); });
    when(Opcode::copy, [&] { words(Instr::memory_copy, 1, 2, 3); });
    when(Opcode::end, [&] { leave(StepResult::done); });
    unknown();
    if (jumps_) {
      when(Opcode::jump, [&] { jump(); });
      when(Opcode::next, [&] { next_iteration(); });
    }
    f_.get(context_);
    f_.get(record_);
    f_.i32(kRecordBytes);
    f_.op(Instr::i32_add);
    f_.tee(record_);
    f_.memory(Instr::i32_store, 0);
    when(Opcode::load, [&] { leave(StepResult::load); });
    if (has_custom_) when(Opcode::custom, [&] { leave(StepResult::custom); });
    if (jumps_) {
      f_.get(opcode_);
      f_.i32(static_cast<int32_t>(Opcode::load));
      f_.op(Instr::i32_gt_u);
      f_.if_([&] { count(); });
    }
    f_.br(next);
    f_.end();
    f_.op(Instr::unreachable);
  }

 private:
  static uint32_t offset(ContextWord word) { return 4 * static_cast<uint32_t>(word); }

  void context_word(ContextWord word) {
    f_.get(context_);
    f_.memory(Instr::i32_load, offset(word));
  }
  void record_word(uint32_t word) {
    f_.get(record_);
    f_.memory(Instr::i32_load, 4 * word);
  }
  template <class Push>
  void set_context(ContextWord word, Push push) {
    f_.get(context_);
    push();
    f_.memory(Instr::i32_store, offset(word));
  }
  void leave(StepResult result) {
    f_.i32(static_cast<int32_t>(result));
    f_.return_();
  }
  template <class Then>
  void when(Opcode opcode, Then then) {
    f_.get(opcode_);
    f_.i32(static_cast<int32_t>(opcode));
    f_.op(Instr::i32_eq);
    f_.if_(then);
  }
  void words(Instr instr, uint32_t a, uint32_t b, uint32_t c) {
    record_word(a);
    record_word(b);
    record_word(c);
    f_.op(instr);
  }

  void fail() {
    set_context(ContextWord::error_node, [&] { record_word(6); });
    leave(StepResult::error);
  }

  void unknown() {
    f_.get(opcode_);
    f_.i32(static_cast<int32_t>(has_custom_ ? Opcode::custom : jumps_ ? Opcode::next : Opcode::load));
    f_.op(Instr::i32_gt_u);
    f_.if_([&] {
      set_context(ContextWord::error_code, [&] { f_.i32(static_cast<int32_t>(kUnknownOpcode)); });
      fail();
    });
  }

  // One grain at a time: the cursor in the context moves before the call's outcome is looked at.
  void call() {
    f_.loop([&](Label again) {
      context_word(ContextWord::block);
      f_.tee(block_);
      record_word(3);
      f_.op(Instr::i32_lt_u);
      f_.if_([&] {
        grain();
        kernel();
        set_context(ContextWord::block, [&] { block_after(); });
        context_word(ContextWord::error_code);
        f_.if_([&] { fail(); });
        count();
        f_.br(again);
      });
    });
    set_context(ContextWord::block, [&] { f_.i32(0); });
  }

  void count() {
    f_.get(budget_);
    f_.i32(1);
    f_.op(Instr::i32_sub);
    f_.tee(budget_);
    f_.op(Instr::i32_eqz);
    f_.if_([&] { leave(StepResult::yield); });
  }

  /// The byte at the address that a word of the record holds.
  void byte_at(uint32_t word) {
    record_word(word);
    f_.memory(Instr::i32_load8_u, 0);
  }
  /// The record before the one to go on with, since one is added to it.
  void go_to_target() {
    record_word(3);
    f_.i32(kRecordBytes);
    f_.op(Instr::i32_sub);
    f_.set(record_);
  }
  void jump() {
    record_word(1);
    f_.op(Instr::i32_eqz);
    byte_at(1);
    record_word(2);
    f_.op(Instr::i32_eq);
    f_.op(Instr::i32_or);
    f_.if_([&] { go_to_target(); });
  }
  void next_iteration() {
    record_word(1);
    record_word(1);
    f_.memory(Instr::i32_load, 0);
    f_.i32(1);
    f_.op(Instr::i32_add);
    f_.tee(take_);
    f_.memory(Instr::i32_store, 0);
    f_.get(take_);
    record_word(2);
    f_.op(Instr::i32_lt_u);
    record_word(4);
    f_.op(Instr::i32_eqz);
    byte_at(4);
    f_.op(Instr::i32_or);
    f_.op(Instr::i32_and);
    f_.if_([&] { go_to_target(); });
  }

  // take = min(grain, blocks - block), where grain 0 is as large as can be.
  void grain() {
    record_word(4);
    remaining();
    record_word(4);
    f_.i32(1);
    f_.op(Instr::i32_sub);
    remaining();
    f_.op(Instr::i32_lt_u);
    f_.op(Instr::select);
    f_.set(take_);
  }
  void remaining() {
    record_word(3);
    f_.get(block_);
    f_.op(Instr::i32_sub);
  }
  void block_after() {
    f_.get(block_);
    f_.get(take_);
    f_.op(Instr::i32_add);
  }
  template <class Push>
  void from_first(Push push) {
    push();
    record_word(5);
    f_.op(Instr::i32_add);
  }
  void kernel() {
    record_word(2);
    from_first([&] { f_.get(block_); });
    from_first([&] { block_after(); });
    record_word(1);
    f_.call_indirect(kernel_type());
  }

  Function& f_;
  bool jumps_;
  bool has_custom_;
  Local context_, budget_, record_, opcode_, block_, take_;
};

}  // namespace

Function& emit_step(Module& module, std::string name, bool jumps, bool has_custom) {
  Function& function = module.add_function(std::move(name), {{ValType::i32, ValType::i32}, {ValType::i32}});
  StepEmitter(function, jumps, has_custom).emit();
  return function;
}

}  // namespace weft::wasm
