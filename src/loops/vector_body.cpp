#include "loops/vector_body.hpp"

#include <unordered_set>

#include "base/check.hpp"

namespace weft::loops {
namespace {

bool fits_lane(DType type) { return type == DType::f32 || type == DType::i32 || type == DType::u32; }

class FitCheck {
 public:
  FitCheck(const std::string& variable, const Kernel& kernel) : variance_(variable), kernel_(kernel) {}

  bool block(const Block& statements) {
    for (const Statement& s : statements)
      if (!std::visit([&](const auto& node) { return fits(node); }, s.node)) return false;
    return true;
  }

 private:
  bool fits(const For& loop) { return block(*loop.body); }
  bool fits(const Store& store) {
    return fits_lane(kernel_.buffers[store.buffer].dtype) && store.value->type.lanes == 1 &&
           value(store.value);
  }
  bool fits(const Let& let) {
    variance_.bind(let);
    return value(let.value);
  }
  bool fits(const LetIndex& let) {
    variance_.bind(let);
    return value(let.value);
  }
  bool fits(const If& node) {
    return block(*node.then_block) && (!node.else_block || block(*node.else_block));
  }

  bool value(const Value& v) {
    if (!variance_.varies(v) || !seen_.insert(v.get()).second) return true;
    if (v->type.lanes != 1) return false;
    if (!fits_lane(v->type.dtype) && (v->type.dtype != DType::boolean || v->op == ValueOp::load))
      return false;
    for (const Value& operand : v->operands)
      if (operand->type.lanes != 1 || !value(operand)) return false;
    return true;
  }

  Variance variance_;
  const Kernel& kernel_;
  std::unordered_set<const ValueNode*> seen_;  // what failed ended the check
};

class VectorBody {
 public:
  VectorBody(const std::string& variable, const Expr& base, uint32_t lanes, FreshNames& fresh)
      : lanes_(lanes), fresh_(fresh), variance_(variable) {
    each_.reserve(lanes);
    for (uint32_t lane = 0; lane < lanes; ++lane)
      each_.emplace_back(Replacements{{{variable, base + Expr(static_cast<int64_t>(lane))}}, {}}, &fresh);
  }

  void append(const Block& statements, Block& out) {
    for (const Statement& s : statements) {
      done_.clear();
      std::visit([&](const auto& node) { emit(node, s, out); }, s.node);
    }
  }

 private:
  // Statements
  // --------------------------------------------------------------------------------------------------------------

  Block block(const Block& statements) {
    Block out;
    append(statements, out);
    return out;
  }

  void emit_for_each_lane(const Statement& s, Block& out) {
    for (Rebuilder& lane : each_) lane.append(s, out);
  }

  void emit(const For& loop, const Statement& s, Block& out) {
    if (variance_.varies(loop.extent)) return emit_for_each_lane(s, out);
    Expr extent = each_[0].expr(loop.extent);
    // The new extent differs at most by the names of index variables: the loop's own variable keeps its
    // facts.
    out.push_back(make_for(loop.variable, std::move(extent), loop.kind, block(*loop.body)));
  }

  void emit(const If& node, const Statement& s, Block& out) {
    if (variance_.varies(node.condition)) return emit_for_each_lane(s, out);
    Block then_block = block(*node.then_block);
    Block else_block;
    if (node.else_block) else_block = block(*node.else_block);
    out.push_back(make_if(each_[0].expr(node.condition), std::move(then_block), std::move(else_block)));
  }

  void emit(const Store& store, const Statement&, Block& out) {
    const std::vector<Expr> indices = of_each(store.index);
    Value v = vector(store.value);
    if (stride(indices) == Expr(1)) return out.push_back(make_store(store.buffer, indices[0], std::move(v)));
    if (!folds_extract(v)) {
      const std::string name = fresh_.make("lanes");
      const Type type = v->type;
      out.push_back(make_let(name, std::move(v)));
      v = local(type, name);
    }
    for (uint32_t lane = 0; lane < lanes_; ++lane)
      out.push_back(make_store(store.buffer, indices[lane], extract(v, lane)));
  }

  void emit(const Let& let, const Statement&, Block& out) {
    const bool varies = variance_.bind(let);
    Value v = varies ? vector(let.value) : each_[0].value(let.value);
    const Value bound = local(v->type, fresh_.make(let.name));
    out.push_back(make_let(bound->name, std::move(v)));
    for (uint32_t lane = 0; lane < lanes_; ++lane)
      each_[lane].bind_local(let.name, varies ? extract(bound, lane) : bound);
    vectors_.erase(let.name);
    if (varies) vectors_.emplace(let.name, bound);
  }

  void emit(const LetIndex& let, const Statement&, Block& out) {
    const bool varies = variance_.bind(let);
    for (uint32_t lane = 0; lane < lanes_; ++lane) {
      if (varies || lane == 0) out.push_back(index_of_lane(let, lane));
      each_[lane].bind_index(let.variable.name, last_index_);
    }
  }

  Statement index_of_lane(const LetIndex& let, uint32_t lane) {
    expr::Variable variable = let.variable;
    variable.name = fresh_.make(let.variable.name);
    last_index_ = expr::variable(variable.name, variable.range, variable.multiple_of);
    return make_let_index(std::move(variable), each_[lane].value(let.value));
  }

  // Values
  // --------------------------------------------------------------------------------------------------------------------

  std::vector<Expr> of_each(const Expr& e) const {
    std::vector<Expr> list;
    list.reserve(lanes_);
    for (const Rebuilder& lane : each_) list.push_back(lane.expr(e));
    return list;
  }

  // The step from lane to lane, if it is the same between all.
  std::optional<Expr> stride(const std::vector<Expr>& indices) const {
    const Expr step = indices[1] - indices[0];
    for (size_t lane = 2; lane < indices.size(); ++lane)
      if (indices[lane] - indices[0] != step * Expr(static_cast<int64_t>(lane))) return std::nullopt;
    return step;
  }

  static bool folds_extract(const Value& v) {
    return v->op == ValueOp::lanes || v->op == ValueOp::broadcast || v->op == ValueOp::constant ||
           v->op == ValueOp::local || v->op == ValueOp::index;
  }

  Value of_lanes(const Value& v) {
    std::vector<Value> scalars;
    scalars.reserve(lanes_);
    for (Rebuilder& lane : each_) scalars.push_back(lane.value(v));
    return make_lanes(std::move(scalars));
  }

  /// The value of every lane; one that does not differ is computed once and broadcast.
  Value vector(const Value& v) {
    if (const auto known = done_.find(v.get()); known != done_.end()) return known->second;
    Value result = variance_.varies(v) ? differing(v) : broadcast(each_[0].value(v), lanes_);
    done_.emplace(v.get(), result);
    return result;
  }

  Value differing(const Value& v) {
    switch (v->op) {
      case ValueOp::local: return vectors_.find(v->name)->second;
      case ValueOp::index: return index(v);
      case ValueOp::load: return load_lanes(v);
      default: return scalar_only(*v) ? of_lanes_of_operands(v) : operation(*v);
    }
  }

  Value index(const Value& v) {
    const std::vector<Expr> bases = of_each(v->indices[0]);
    const auto step = stride(bases);
    return step ? index_vector(bases[0], *step, lanes_, v->type.dtype) : of_lanes(v);
  }

  Value load_lanes(const Value& v) {
    const std::vector<Expr> indices = of_each(v->indices[0]);
    std::optional<Expr> predicate;
    if (v->predicate) {
      const std::vector<Expr> predicates = of_each(*v->predicate);
      for (const Expr& p : predicates)
        if (p != predicates[0]) return of_lanes(v);
      predicate = predicates[0];
    }
    const auto step = stride(indices);
    if (step != Expr(1)) {
      const bool one_for_all = step == Expr(0) && (!predicate || !variance_.varies(v->operands[0]));
      return one_for_all ? broadcast(each_[0].value(v), lanes_) : of_lanes(v);
    }
    const Type type{v->type.dtype, lanes_};
    if (!predicate) return load(type, v->buffer, indices[0]);
    return load_if(type, v->buffer, indices[0], *predicate, vector(v->operands[0]));
  }

  // No vector instruction set divides integers or shifts each lane by its own count.
  bool scalar_only(const ValueNode& v) {
    if (v.op == ValueOp::rem) return true;
    if (v.op == ValueOp::div) return is_integer(v.type.dtype);
    return (v.op == ValueOp::shift_left || v.op == ValueOp::shift_right) && variance_.varies(v.operands[1]);
  }

  Value of_lanes_of_operands(const Value& v) {
    std::vector<Value> operands;
    for (const Value& operand : v->operands) operands.push_back(vector(operand));
    std::vector<Value> scalars;
    for (uint32_t lane = 0; lane < lanes_; ++lane) {
      std::vector<Value> parts;
      for (const Value& operand : operands) parts.push_back(extract(operand, lane));
      scalars.push_back(with_operands(*v, std::move(parts)));
    }
    return make_lanes(std::move(scalars));
  }

  Value operation(const ValueNode& v) {
    ValueNode wide;
    wide.op = v.op;
    wide.type = {v.type.dtype, lanes_};
    std::vector<Value> operands;
    operands.reserve(v.operands.size());
    for (const Value& operand : v.operands) operands.push_back(vector(operand));
    return with_operands(wide, std::move(operands));
  }

  uint32_t lanes_;
  FreshNames& fresh_;
  Variance variance_;
  std::vector<Rebuilder> each_;                        ///< the scalar code of each lane
  std::map<std::string, Value, std::less<>> vectors_;  ///< locals that differ, as vectors
  std::unordered_map<const ValueNode*, Value> done_;   ///< within the present statement
  Expr last_index_;
};

}  // namespace

bool fits_vectors(const Block& body, const std::string& variable, const Kernel& kernel) {
  return FitCheck(variable, kernel).block(body);
}

void append_vector_body(const Block& body, const std::string& variable, const Expr& base, uint32_t lanes,
                        FreshNames& fresh, Block& out) {
  WEFT_CHECK(lanes > 1, "a vector has several lanes");
  VectorBody(variable, base, lanes, fresh).append(body, out);
}

}  // namespace weft::loops
