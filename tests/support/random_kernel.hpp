// Seeded random kernels: nests, affine indices in bounds by construction, predicates, vectors, data-dependent
// indices. They pass verify() and mean something definite, so that two evaluations can be compared bit for
// bit.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "loops/lane.hpp"
#include "loops/loops.hpp"

namespace weft::loops {

class RandomKernel {
 public:
  explicit RandomKernel(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x1234567u) {}

  Kernel make() {
    kernel_.name = "random";
    tame_ = chance(50);
    add_buffer("f", DType::f32, BufferSpace::read, 8);
    add_buffer("g", DType::i32, BufferSpace::read, 0);
    add_buffer("h", DType::f16, BufferSpace::read, 0);
    add_buffer("l", DType::i64, BufferSpace::read, 4);
    add_buffer("b", DType::boolean, BufferSpace::read, 0);
    add_buffer("x", DType::f32, BufferSpace::write, 0);
    add_buffer("y", DType::f32, BufferSpace::read_write, 0);
    add_buffer("z", DType::i32, BufferSpace::read_write, 0);
    add_buffer("d", DType::f64, BufferSpace::read_write, 0);
    add_buffer("t", DType::f32, BufferSpace::scratch, 0);
    add_buffer("acc", DType::f32, BufferSpace::registers, 0);
    kernel_.symbols["n"] = {"n", {1, 7}, 1};
    if (chance(50)) {
      kernel_.body.push_back(loop(0, ForKind::blocks));
    } else {
      kernel_.body = block(0);
    }
    return std::move(kernel_);
  }

  uint64_t next() {  // splitmix64
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(next() % static_cast<uint64_t>(n)); }
  bool chance(int percent) { return below(100) < percent; }

 private:
  struct Local {
    std::string name;
    Type type;
  };

  void add_buffer(const std::string& name, DType dtype, BufferSpace space, int64_t slack) {
    kernel_.buffers.push_back({name, dtype, space, Expr((tame_ ? 150 : 40) + below(200)), slack});
  }

  std::string fresh(const char* base) { return base + std::to_string(counter_++); }

  int64_t elements(uint32_t buffer) { return *kernel_.buffers[buffer].elements.as_constant(); }

  // An affine index below `room`, of variables in scope.
  Expr index_below(int64_t room) {
    Expr index = 0;
    int64_t most = 0;
    for (const Expr& v : variables_) {
      if (!chance(60)) continue;
      constexpr int64_t kFactors[] = {1, 1, 1, 1, 2, 3, 8};
      const int64_t factor = kFactors[below(7)];
      const int64_t top = *expr::bounds(v).max * factor;
      if (most + top >= room) continue;
      most += top;
      index = index + v * Expr(factor);
    }
    if (chance(15) && !variables_.empty()) {
      const Expr v = variables_[static_cast<size_t>(below(static_cast<int64_t>(variables_.size())))];
      const Expr extra = chance(50) ? mod(v, Expr(3)) : floor_div(v, Expr(2));
      const int64_t top = *expr::bounds(extra).max;
      if (most + top < room) index = index + extra, most += top;
    }
    return index + Expr(below(room - most));
  }

  // The vectorized (or else the innermost) loop's variable and multiples of 16: iterations of that loop store
  // to different elements.
  Expr strided_index(int64_t room) {
    const Expr innermost = lanes_variable_ ? *lanes_variable_ : variables_.back();
    int64_t most = *expr::bounds(innermost).max;
    Expr index = innermost;
    if (most >= room) return Expr(0);
    for (const Expr& v : variables_) {
      const int64_t top = 16 * *expr::bounds(v).max;
      if (v == innermost || chance(50) || most + top >= room) continue;
      most += top;
      index = index + Expr(16) * v;
    }
    return index + Expr(16 * below((room - most + 15) / 16));
  }

  uint32_t buffer_of(DType dtype, bool stored) {
    std::vector<uint32_t> found;
    for (uint32_t i = 0; i < kernel_.buffers.size(); ++i) {
      const Buffer& b = kernel_.buffers[i];
      const bool readable = tame_ ? b.space == BufferSpace::read : b.space != BufferSpace::write;
      const bool allowed = stored ? b.space != BufferSpace::read : readable;
      if (b.dtype == dtype && allowed) found.push_back(i);
    }
    if (found.empty()) return UINT32_MAX;
    return found[static_cast<size_t>(below(static_cast<int64_t>(found.size())))];
  }

  Expr condition() {
    const Expr a = index_below(24), b = index_below(24);
    const Expr first = chance(50) ? less(a, b) : less_equal(a, Expr(below(20)));
    return chance(30) ? logical_and(first, less(index_below(12), Expr(below(12)))) : first;
  }

  Value random_constant(Type type) {
    if (type.dtype == DType::boolean) return constant_bits(type, next() & 1);
    if (is_integer(type.dtype)) return constant_int(type, below(41) - 20);
    constexpr double kSpecial[] = {0.0, -0.0, 1.0, 2.5, -3.25, 1e30, 0.1};
    return constant(type, kSpecial[below(7)]);
  }

  Value random_load(Type type) {
    const uint32_t buffer = buffer_of(type.dtype, false);
    if (buffer == UINT32_MAX) return random_constant(type);
    const int64_t room = elements(buffer) - type.lanes + 1;
    if (chance(75)) return load(type, buffer, index_below(room));
    // Beyond the end but for its predicate.
    const Expr index = index_below(room) + index_below(9);
    return load_if(type, buffer, index, logical_and(less(index, Expr(room)), condition()), value(type, 0));
  }

  Value leaf(Type type) {
    if (chance(30)) {
      for (size_t i = locals_.size(); i-- > 0;)
        if (locals_[i].type == type && chance(60)) return local(type, locals_[i].name);
    }
    if (type.dtype == DType::i32 && chance(25)) {
      if (type.lanes > 1) return index_vector(index_below(100), Expr(below(4)), type.lanes);
      return index_value(index_below(100));
    }
    return chance(75) ? random_load(type) : random_constant(type);
  }

  Value converted(Type type, int depth) {
    constexpr DType kFrom[] = {DType::f32, DType::i32, DType::f64, DType::i64, DType::boolean, DType::f16};
    const DType from = tame_ ? (chance(50) ? DType::f32 : DType::i32) : kFrom[below(6)];
    if (from == DType::f16) return cast(type.dtype, random_load({from, type.lanes}));
    if (from != type.dtype && from != DType::boolean && info(from).bits == info(type.dtype).bits &&
        type.dtype != DType::boolean && chance(30))
      return bitcast(type.dtype, value({from, type.lanes}, depth - 1));
    return cast(type.dtype, value({from, type.lanes}, depth - 1));
  }

  Value boolean(Type type, int depth) {
    const Type compared{chance(60) ? DType::f32 : DType::i32, type.lanes};
    constexpr ValueOp kCompare[] = {ValueOp::equal, ValueOp::less, ValueOp::less_equal};
    if (chance(60)) return pair(kCompare[below(3)], compared, depth);
    if (chance(30)) return unary(ValueOp::logical_not, value(type, depth - 1));
    return pair(chance(50) ? ValueOp::logical_and : ValueOp::logical_or, type, depth);
  }

  Value pair(ValueOp op, Type type, int depth) {
    Value a = value(type, depth - 1);
    Value b = value(type, depth - 1);
    return binary(op, std::move(a), std::move(b));
  }

  Value arithmetic(Type type, int depth) {
    constexpr ValueOp kAny[] = {ValueOp::add, ValueOp::sub, ValueOp::mul,
                                ValueOp::div, ValueOp::min, ValueOp::max};
    constexpr ValueOp kInteger[] = {ValueOp::rem,     ValueOp::bit_and,    ValueOp::bit_or,
                                    ValueOp::bit_xor, ValueOp::shift_left, ValueOp::shift_right};
    constexpr ValueOp kFloat[] = {ValueOp::floor, ValueOp::ceil, ValueOp::trunc, ValueOp::nearest,
                                  ValueOp::sqrt};
    if (chance(20)) {
      Value a = value(type, depth - 1);
      Value b = value(type, depth - 1);
      return muladd(std::move(a), std::move(b), value(type, depth - 1));
    }
    if (chance(20)) return unary(chance(50) ? ValueOp::neg : ValueOp::abs, value(type, depth - 1));
    if (chance(25) && is_float(type.dtype)) return unary(kFloat[below(5)], value(type, depth - 1));
    if (chance(40) && is_integer(type.dtype)) return pair(kInteger[below(6)], type, depth);
    return pair(kAny[below(6)], type, depth);
  }

  Value from_parts(Type type, int depth) {
    if (type.lanes == 1) return extract(value({type.dtype, 4}, depth - 1), static_cast<uint32_t>(below(4)));
    if (chance(60)) return broadcast(value({type.dtype, 1}, depth - 1), type.lanes);
    std::vector<Value> parts;
    for (uint32_t i = 0; i < type.lanes; ++i) parts.push_back(value({type.dtype, 1}, 0));
    return make_lanes(std::move(parts));
  }

  Value value(Type type, int depth) {
    if (depth <= 0) return leaf(type);
    if (chance(10)) return leaf(type);
    if (chance(type.lanes > 1 ? 20 : tame_ ? 0 : 3)) return from_parts(type, depth);
    if (chance(12)) return converted(type, depth);
    if (chance(12)) {
      Value c = value({DType::boolean, type.lanes}, depth - 1);
      Value a = value(type, depth - 1);
      return select(std::move(c), std::move(a), value(type, depth - 1));
    }
    return type.dtype == DType::boolean ? boolean(type, depth) : arithmetic(type, depth);
  }

  Type any_type() {
    if (tame_) return {chance(60) ? DType::f32 : DType::i32, 1};
    constexpr DType kTypes[] = {DType::f32, DType::f32, DType::f32, DType::i32, DType::i32, DType::f64};
    return {kTypes[below(6)], chance(12) ? 4u : 1u};
  }

  Statement store() {
    const Type type = any_type();
    const uint32_t buffer = buffer_of(type.dtype, true);
    Value v = value(type, 1 + static_cast<int>(below(3)));
    const int64_t room = elements(buffer) - type.lanes + 1;
    return make_store(buffer, tame_ && !variables_.empty() ? strided_index(room) : index_below(room),
                      std::move(v));
  }

  Statement let() {
    Type type = any_type();
    if (chance(15)) type.dtype = DType::boolean;
    Value v = value(type, 2);
    const std::string name = fresh("v");
    locals_.push_back({name, type});
    return make_let(name, std::move(v));
  }

  Statement let_index() {
    const Type i32{DType::i32, 1};
    Value v = binary(ValueOp::max, value(i32, 1), constant_int(i32, 0));
    v = binary(ValueOp::min, std::move(v), constant_int(i32, 9));
    const expr::Variable variable{fresh("k"), {0, 9}, 1};
    variables_.push_back(expr::variable(variable.name, variable.range));
    return make_let_index(variable, std::move(v));
  }

  Statement loop(int depth, ForKind kind) {
    const std::string name = fresh("i");
    Expr extent = chance(15)
                      ? expr::variable("n", {1, 7})
                      : Expr(kind == ForKind::vectorized && chance(70) ? 4 * (1 + below(3)) : below(10));
    if (chance(10)) extent = min(extent, index_below(9) + Expr(1));
    if (kind == ForKind::vectorized && chance(5)) extent = 44;
    variables_.push_back(loop_variable(name, extent));
    const std::optional<Expr> outer = lanes_variable_;
    if (kind == ForKind::vectorized && !outer) lanes_variable_ = variables_.back();
    Block body = block(depth + 1);
    variables_.pop_back();
    lanes_variable_ = outer;
    return make_for(name, extent, kind, std::move(body));
  }

  Statement conditional(int depth) {
    const Expr c = condition();
    Block then_block = block(depth + 1);
    return make_if(c, std::move(then_block), chance(40) ? block(depth + 1) : Block{});
  }

  Block block(int depth) {
    const size_t locals = locals_.size(), variables = variables_.size();
    Block out;
    const int64_t count = 1 + below(3);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t roll = below(100);
      if (depth < 3 && roll < (tame_ && lanes_variable_ ? 15 : 50)) {
        constexpr ForKind kKinds[] = {ForKind::serial, ForKind::unrolled, ForKind::vectorized,
                                      ForKind::vectorized};
        out.push_back(loop(depth, kKinds[below(4)]));
      } else if (depth < 3 && roll < 58) {
        out.push_back(conditional(depth));
      } else if (roll < 64) {
        out.push_back(let_index());
      } else if (roll < 78) {
        out.push_back(let());
      } else {
        out.push_back(store());
      }
    }
    out.push_back(store());
    locals_.resize(locals);
    variables_.resize(variables);
    return out;
  }

  uint64_t state_;
  bool tame_ = false;  ///< mostly vectorizable: 32-bit types, no loads from what is stored, strided stores
  Kernel kernel_;
  std::vector<Expr> variables_;
  std::optional<Expr> lanes_variable_;  ///< of the outermost vectorized loop around
  std::vector<Local> locals_;
  int counter_ = 0;
};

/// Memories of the kernel's sizes with reproducible contents: small floats and integers, booleans 0 or 1.
inline std::vector<Memory> random_memories(const Kernel& kernel, uint64_t seed) {
  RandomKernel random(seed);
  std::vector<Memory> memories(kernel.buffers.size());
  for (size_t i = 0; i < memories.size(); ++i) {
    const Buffer& b = kernel.buffers[i];
    if (b.space == BufferSpace::registers) continue;
    const size_t count = static_cast<size_t>(*b.elements.as_constant());
    for (size_t k = 0; k < count; ++k) {
      const Value v = b.dtype == DType::boolean ? constant_bits({b.dtype, 1}, random.next() & 1)
                      : is_float(b.dtype)
                          ? constant({b.dtype, 1}, static_cast<double>(random.below(2001) - 1000) / 64)
                          : constant_bits({b.dtype, 1}, integer_lane(b.dtype, random.below(201) - 100));
      for (uint32_t byte = 0; byte < byte_size(b.dtype); ++byte)
        memories[i].bytes.push_back(static_cast<uint8_t>(v->bits >> (8 * byte)));
    }
  }
  return memories;
}

}  // namespace weft::loops
