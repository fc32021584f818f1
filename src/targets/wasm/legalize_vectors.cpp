// Vectors that the variant cannot hold, and vector operations without an instruction, become scalars. A
// vector that can be held stays whole as far as it can: only the operation that has no instruction is taken
// apart,
//
//   c[0] = add(div(load i32x4 a[0], load i32x4 b[0]), load i32x4 d[0])   ->
//   c[0] = add(lanes(div(load i32 a[0], load i32 b[0]), …), load i32x4 d[0])
#include <map>
#include <unordered_map>

#include "loops/rebuild.hpp"
#include "targets/wasm/emit_table.hpp"
#include "targets/wasm/legalize.hpp"

namespace weft::wasm {

using namespace loops;

namespace {

class VectorLegalizer {
 public:
  VectorLegalizer(const Kernel& kernel, bool has_vectors) : has_vectors_(has_vectors), names_(kernel) {}

  Block block(const Block& statements) {
    Block out;
    for (const Statement& s : statements) {
      whole_.clear();
      lanes_.clear();
      statement(s, out);
    }
    return out;
  }

 private:
  bool holds(const Type& type) const { return type.lanes == 1 || (has_vectors_ && is_held(type)); }

  void statement(const Statement& s, Block& out) {
    if (const auto* loop = std::get_if<For>(&s.node)) {
      out.push_back(make_for(loop->variable, loop->extent, loop->kind, block(*loop->body)));
    } else if (const auto* node = std::get_if<Store>(&s.node)) {
      store(*node, out);
    } else if (const auto* bound = std::get_if<Let>(&s.node)) {
      let(*bound, out);
    } else if (const auto* index = std::get_if<LetIndex>(&s.node)) {
      out.push_back(make_let_index(index->variable, whole(index->value)));
    } else {
      const If& branch = std::get<If>(s.node);
      Block then_block = block(*branch.then_block);
      out.push_back(make_if(branch.condition, std::move(then_block),
                            branch.else_block ? block(*branch.else_block) : Block{}));
    }
  }

  // All lanes are computed before the first is written: a store may overlap what the others load.
  void store(const Store& s, Block& out) {
    const Type type = s.value->type;
    if (holds(type)) {
      out.push_back(make_store(s.buffer, s.index, whole(s.value)));
      return;
    }
    const std::vector<std::string> names = let_lanes("lane", s.value, out);
    for (uint32_t l = 0; l < type.lanes; ++l)
      out.push_back(
          make_store(s.buffer, s.index + Expr(static_cast<int64_t>(l)), local({type.dtype, 1}, names[l])));
  }

  void let(const Let& s, Block& out) {
    if (holds(s.value->type)) out.push_back(make_let(s.name, whole(s.value)));
    else split_[s.name] = let_lanes(s.name, s.value, out);
  }

  std::vector<std::string> let_lanes(const std::string& base, const Value& v, Block& out) {
    std::vector<std::string> names;
    for (uint32_t l = 0; l < v->type.lanes; ++l) {
      names.push_back(names_.make(base));
      out.push_back(make_let(names.back(), lane(v, l)));
    }
    return names;
  }

  static bool is_uniform(const Value& v) { return v->op == ValueOp::constant || v->op == ValueOp::broadcast; }

  bool has_form(const ValueNode& n) const {
    for (const Value& operand : n.operands)
      if (!holds(operand->type)) return false;
    const DType to = n.type.dtype;
    switch (n.op) {
      case ValueOp::shift_left:
      case ValueOp::shift_right: return is_uniform(n.operands[1]);
      case ValueOp::cast: {
        const DType from = n.operands[0]->type.dtype;
        return find_cast(from, to, n.type.lanes) || (!is_float(from) && !is_float(to));
      }
      case ValueOp::muladd: return true;
      default: break;
    }
    return info(n.op).operands == OperandRule::mixed || find_instr(n.op, n.operands[0]->type.dtype, true);
  }

  // A value of a type that the variant holds.
  Value whole(const Value& v) {
    if (const auto known = whole_.find(v.get()); known != whole_.end()) return known->second;
    Value result = make_whole(v);
    whole_.emplace(v.get(), result);
    return result;
  }

  Value make_whole(const Value& v) {
    if (v->op == ValueOp::extract) return lane(v->operands[0], static_cast<uint32_t>(v->bits));
    if (v->type.lanes > 1 && !has_form(*v)) {
      std::vector<Value> parts;
      for (uint32_t l = 0; l < v->type.lanes; ++l) parts.push_back(scalar(v, l));
      return make_lanes(std::move(parts));
    }
    std::vector<Value> operands;
    for (const Value& operand : v->operands) operands.push_back(whole(operand));
    return operands.empty() ? v : with_operands(*v, std::move(operands));
  }

  // One lane of a vector.
  Value lane(const Value& v, uint32_t l) {
    const auto key = std::pair(v.get(), l);
    if (const auto known = lanes_.find(key); known != lanes_.end()) return known->second;
    const bool cheap = v->op == ValueOp::load || info(v->op).arity == 0 || v->op == ValueOp::broadcast ||
                       v->op == ValueOp::lanes;
    Value result = holds(v->type) && (v->op == ValueOp::local || (!cheap && has_form(*v)))
                       ? extract(whole(v), l)
                       : scalar(v, l);
    lanes_.emplace(key, result);
    return result;
  }

  Value scalar(const Value& v, uint32_t l) {
    const ValueNode& n = *v;
    const Expr at(static_cast<int64_t>(l));
    const Type type{n.type.dtype, 1};
    switch (n.op) {
      case ValueOp::constant: return constant_bits(type, n.bits);
      case ValueOp::index: return index_value(n.indices[0] + n.indices[1] * at, type.dtype);
      case ValueOp::local: return holds(n.type) ? extract(v, l) : local(type, split_.at(n.name)[l]);
      case ValueOp::load:
        if (!n.predicate) return load(type, n.buffer, n.indices[0] + at);
        return load_if(type, n.buffer, n.indices[0] + at, *n.predicate, lane(n.operands[0], l));
      case ValueOp::broadcast: return whole(n.operands[0]);
      case ValueOp::lanes: return whole(n.operands[l]);
      default: break;
    }
    std::vector<Value> operands;
    for (const Value& operand : n.operands) operands.push_back(lane(operand, l));
    ValueNode node;
    node.op = n.op;
    node.type = type;
    node.bits = n.bits;
    return with_operands(node, std::move(operands));
  }

  bool has_vectors_;
  FreshNames names_;
  std::map<std::string, std::vector<std::string>> split_;
  std::unordered_map<const ValueNode*, Value> whole_;             ///< looked up only
  std::map<std::pair<const ValueNode*, uint32_t>, Value> lanes_;  ///< looked up only
};

}  // namespace

Kernel legalize_vectors(const Kernel& kernel, const WasmFeatures& features) {
  Kernel result = kernel;
  result.body = VectorLegalizer(kernel, features.simd128).block(kernel.body);
  return result;
}

}  // namespace weft::wasm
