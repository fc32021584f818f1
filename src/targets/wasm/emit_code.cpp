#include "targets/wasm/emit_code.hpp"

#include <bit>

#include "base/check.hpp"

namespace weft::wasm {
namespace {

Op make_op(OpKind kind) {
  Op op;
  op.kind = kind;
  return op;
}

Op local_op(OpKind kind, uint32_t local) {
  Op op = make_op(kind);
  op.local = local;
  return op;
}

}  // namespace

void Code::op(Instr instr) {
  Op op = make_op(OpKind::plain);
  op.instr = instr;
  ops.push_back(op);
}

void Code::get(uint32_t local) {
  // set x; get x is tee x.
  if (!ops.empty() && ops.back().kind == OpKind::set && ops.back().local == local)
    ops.back().kind = OpKind::tee;
  else ops.push_back(local_op(OpKind::get, local));
}

void Code::set(uint32_t local) { ops.push_back(local_op(OpKind::set, local)); }
void Code::tee(uint32_t local) { ops.push_back(local_op(OpKind::tee, local)); }

void Code::constant(ValType type, uint64_t bits) {
  Op op = make_op(OpKind::constant);
  op.type = type;
  op.bits = bits;
  ops.push_back(op);
}

void Code::i32(int64_t value) { constant(ValType::i32, static_cast<uint64_t>(value) & 0xffffffffu); }
void Code::i64(int64_t value) { constant(ValType::i64, static_cast<uint64_t>(value)); }

void Code::v128(const Bytes16& value) {
  Op op = make_op(OpKind::constant);
  op.type = ValType::v128;
  op.wide = value;
  ops.push_back(op);
}

void Code::shuffle(const Bytes16& lanes) {
  Op op = make_op(OpKind::shuffle);
  op.wide = lanes;
  ops.push_back(op);
}

void Code::lane(Instr instr, uint32_t index) {
  Op op = make_op(OpKind::lane);
  op.instr = instr;
  op.lane = static_cast<uint8_t>(index);
  ops.push_back(op);
}

void Code::begin(OpKind kind, std::optional<ValType> result) {
  Op op = make_op(kind);
  op.has_result = result.has_value();
  if (result) op.type = *result;
  ops.push_back(op);
}

void Code::begin_else() { ops.push_back(make_op(OpKind::begin_else)); }
void Code::end() { ops.push_back(make_op(OpKind::end)); }

void Code::append(Code other) {
  if (ops.empty()) ops = std::move(other.ops);
  else ops.insert(ops.end(), other.ops.begin(), other.ops.end());
}

uint32_t Locals::make(ValType type, bool whole) {
  list.push_back({type, whole});
  return static_cast<uint32_t>(list.size() - 1);
}

namespace {

class Writer {
 public:
  Writer(Function& function, std::vector<Local> locals) : f_(function), locals_(std::move(locals)) {}

  void write(const Op& op) {
    switch (op.kind) {
      case OpKind::plain: return f_.op(op.instr);
      case OpKind::get: return f_.get(locals_[op.local]);
      case OpKind::set: return f_.set(locals_[op.local]);
      case OpKind::tee: return f_.tee(locals_[op.local]);
      case OpKind::constant: return constant(op);
      case OpKind::shuffle: return f_.shuffle(op.wide);
      case OpKind::memory: return f_.memory(op.instr, static_cast<uint32_t>(op.bits), op.align);
      case OpKind::memory_lane:
        return f_.memory_lane(op.instr, static_cast<uint32_t>(op.bits), op.align, op.lane);
      case OpKind::lane: return f_.lane(op.instr, op.lane);
      case OpKind::begin_block:
      case OpKind::begin_loop:
      case OpKind::begin_if: return begin(op);
      case OpKind::begin_else: return f_.begin_else();
      case OpKind::end: return end();
      case OpKind::repeat: return f_.br_if(loops_.back());
      case OpKind::adjust: WEFT_UNREACHABLE("an address that was not resolved");
    }
  }

 private:
  void constant(const Op& op) {
    switch (op.type) {
      case ValType::i32: return f_.i32(static_cast<int32_t>(op.bits));
      case ValType::i64: return f_.i64(static_cast<int64_t>(op.bits));
      case ValType::f32: return f_.f32(std::bit_cast<float>(static_cast<uint32_t>(op.bits)));
      case ValType::f64: return f_.f64(std::bit_cast<double>(op.bits));
      case ValType::v128: return f_.v128(op.wide);
    }
  }

  void begin(const Op& op) {
    const BlockType type = op.has_result ? BlockType(op.type) : BlockType();
    const bool is_loop = op.kind == OpKind::begin_loop;
    const Label label = is_loop                       ? f_.begin_loop(type)
                        : op.kind == OpKind::begin_if ? f_.begin_if(type)
                                                      : f_.begin_block(type);
    if (is_loop) loops_.push_back(label);
    is_loop_.push_back(is_loop);
  }

  void end() {
    if (is_loop_.back()) loops_.pop_back();
    is_loop_.pop_back();
    f_.end();
  }

  Function& f_;
  std::vector<Local> locals_;
  std::vector<Label> loops_;
  std::vector<bool> is_loop_;
};

}  // namespace

void write(const std::vector<Op>& ops, const std::vector<LocalInfo>& locals, Function& function) {
  const uint32_t params = static_cast<uint32_t>(function.type().params.size());
  const std::vector<uint32_t> shared = share_locals(ops, locals, params);
  std::vector<std::optional<Local>> real;
  for (uint32_t i = 0; i < params; ++i) real.push_back(function.param(i));
  std::vector<Local> by_virtual(locals.size());
  for (size_t i = 0; i < locals.size(); ++i) {
    if (shared[i] == UINT32_MAX) continue;  // never mentioned
    if (shared[i] >= real.size()) real.resize(shared[i] + 1);
    if (!real[shared[i]]) real[shared[i]] = function.local(locals[i].type);
    by_virtual[i] = *real[shared[i]];
  }
  Writer writer(function, std::move(by_virtual));
  for (const Op& op : ops) writer.write(op);
}

}  // namespace weft::wasm
