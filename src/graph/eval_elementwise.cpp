// Elementwise operations and casts.
#include <array>
#include <bit>

#include "graph/eval_scalar.hpp"
#include "graph/evaluators.hpp"
#include "graph/half.hpp"

namespace weft::graph::evaluators {
namespace {

constexpr size_t kMaxOperands = 3;

/// Axes to walk, outermost first, with each operand's stride (0 where it is broadcast); adjacent axes that
/// every operand walks alike are one.
struct Walk {
  Ints shape;
  std::vector<std::array<int64_t, kMaxOperands>> strides;
};

Walk plan_walk(const Call& call) {
  const Ints& shape = call.y.shape;
  Walk walk;
  std::array<Ints, kMaxOperands> own;
  for (size_t k = 0; k < call.x.size(); ++k) own[k] = strides_of(call.x[k]->shape);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    std::array<int64_t, kMaxOperands> strides{};
    for (size_t k = 0; k < call.x.size(); ++k) {
      const Ints& extents = call.x[k]->shape;
      const size_t missing = shape.size() - extents.size();
      if (i >= missing && extents[i - missing] != 1) strides[k] = own[k][i - missing];
    }
    bool merges = !walk.shape.empty();
    for (size_t k = 0; merges && k < call.x.size(); ++k)
      merges = walk.strides.back()[k] == strides[k] * shape[i];
    if (merges) {
      walk.shape.back() *= shape[i];
      walk.strides.back() = strides;
    } else {
      walk.shape.push_back(shape[i]);
      walk.strides.push_back(strides);
    }
  }
  return walk;
}

/// Calls row(y offset, operand offsets, count, operand strides) for each innermost run.
template <class Row>
void for_each_row(const Call& call, Row row) {
  const int64_t total = element_count(call.y.shape);
  if (total == 0) return;
  Walk walk = plan_walk(call);
  int64_t count = 1;
  std::array<int64_t, kMaxOperands> steps{};
  if (!walk.shape.empty()) {
    count = walk.shape.back();
    steps = walk.strides.back();
    walk.shape.pop_back();
  }
  Ints index(walk.shape.size(), 0);
  int64_t offset = 0;
  do {
    std::array<int64_t, kMaxOperands> from{};
    for (size_t i = 0; i < index.size(); ++i)
      for (size_t k = 0; k < kMaxOperands; ++k) from[k] += index[i] * walk.strides[i][k];
    row(offset, from, count, steps);
    offset += count;
  } while (next_index(index, walk.shape));
}

template <class S, class T>
void unary_as(const Call& call) {
  if constexpr (requires(T a) { S::of(a); }) {
    using R = decltype(S::of(T{}));
    const T* x = data<T>(*call.x[0]);
    R* y = data<R>(call.y);
    const int64_t n = element_count(call.y.shape);
    for (int64_t i = 0; i < n; ++i) y[i] = S::of(x[i]);
  } else {
    WEFT_UNREACHABLE("an element type that the shape rule refuses");
  }
}

template <class S, class T>
void binary_as(const Call& call) {
  if constexpr (requires(T a) { S::of(a, a); }) {
    using R = decltype(S::of(T{}, T{}));
    const T* a = data<T>(*call.x[0]);
    const T* b = data<T>(*call.x[1]);
    R* y = data<R>(call.y);
    for_each_row(call, [&](int64_t at, const auto& from, int64_t count, const auto& steps) {
      const T* pa = a + from[0];
      const T* pb = b + from[1];
      for (int64_t i = 0; i < count; ++i) y[at + i] = S::of(pa[i * steps[0]], pb[i * steps[1]]);
    });
  } else {
    WEFT_UNREACHABLE("an element type that the shape rule refuses");
  }
}

static_assert(sizeof(bool) == 1);

template <class S>
void scalar_rule(const Call& call) {
  with_type(call.x[0]->dtype, [&]<class T>(std::type_identity<T>) {
    if constexpr (requires(float a) { S::of(a); } || requires(uint8_t a) { S::of(a); }) unary_as<S, T>(call);
    else binary_as<S, T>(call);
  });
}

void bitcast_rule(const Call& call) { call.y.bytes = call.x[0]->bytes; }

void select_rule(const Call& call) {
  with_width(call.y.dtype, [&]<class T>(std::type_identity<T>) {
    const uint8_t* c = data<uint8_t>(*call.x[0]);
    const T* a = data<T>(*call.x[1]);
    const T* b = data<T>(*call.x[2]);
    T* y = data<T>(call.y);
    for_each_row(call, [&](int64_t at, const auto& from, int64_t count, const auto& steps) {
      for (int64_t i = 0; i < count; ++i)
        y[at + i] = c[from[0] + i * steps[0]] ? a[from[1] + i * steps[1]] : b[from[2] + i * steps[2]];
    });
  });
}

template <class To, class From>
To convert_number(From x) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    if (x != x) return 0;
    // Both bounds as powers of two: exact in every float type.
    constexpr From kHigh = static_cast<From>(std::numeric_limits<To>::max() / 2 + 1) * 2;
    constexpr From kLow = static_cast<From>(std::numeric_limits<To>::min());
    if (x >= kHigh) return std::numeric_limits<To>::max();
    if (x <= kLow) return std::numeric_limits<To>::min();
  }
  return static_cast<To>(x);
}

/// Through f64 for f16 and bf16, which every other type's values round to alike.
void cast_numbers(const Tensor& from, Tensor& to) {
  with_type(from.dtype, [&]<class From>(std::type_identity<From>) {
    const From* x = data<From>(from);
    const int64_t n = element_count(to.shape);
    if (to.dtype == DType::boolean) {
      for (int64_t i = 0; i < n; ++i) data<uint8_t>(to)[i] = x[i] != 0;
      return;
    }
    with_type(to.dtype, [&]<class To>(std::type_identity<To>) {
      for (int64_t i = 0; i < n; ++i) data<To>(to)[i] = convert_number<To>(x[i]);
    });
  });
}

bool is_half(DType type) { return type == DType::f16 || type == DType::bf16; }

// The rows of ops.def by name. A row of another class has no scalar function; cast and select are not of one
// element type.
using Rule = void (*)(const Call&);
void no_rule(const Call&) { WEFT_UNREACHABLE("an operation that is not elementwise"); }
void cast_rule(const Call& call) { WEFT_CHECK(cast(call).has_value()); }

template <class S>
constexpr Rule rule_of = scalar_rule<S>;
template <>
constexpr Rule rule_of<scalar::select> = select_rule;
template <>
constexpr Rule rule_of<scalar::cast> = cast_rule;
template <>
constexpr Rule rule_of<scalar::bitcast> = bitcast_rule;
template <>
constexpr Rule rule_of<scalar::iota> = no_rule;  // has an evaluator of its own
template <>
constexpr Rule rule_of<scalar::extents> = no_rule;

#define WEFT_RULE_elementwise(name) rule_of<scalar::name>
#define WEFT_RULE_reduce(name) no_rule
#define WEFT_RULE_contraction(name) no_rule
#define WEFT_RULE_movement(name) no_rule
#define WEFT_RULE_indexing(name) no_rule
constexpr Rule kRules[] = {
#define WEFT_OP(name, op_class, ...) WEFT_RULE_##op_class(name),
#include "graph/ops.def"
#undef WEFT_OP
};

}  // namespace

Tensor convert(const Tensor& x, DType to) {
  if (x.dtype == to) return x;
  Tensor y{to, x.shape, {}};
  y.bytes.resize(static_cast<size_t>(element_count(x.shape)) * byte_size(to));
  if (is_half(x.dtype)) {
    Tensor wide{DType::f32, x.shape, {}};
    const auto n = static_cast<size_t>(element_count(x.shape));
    wide.bytes.resize(n * sizeof(float));
    for (size_t i = 0; i < n; ++i) data<float>(wide)[i] = widen_half(x.dtype, data<uint16_t>(x)[i]);
    return convert(wide, to);
  }
  if (is_half(to)) {
    const Tensor wide = convert(x, DType::f64);
    const auto n = static_cast<size_t>(element_count(x.shape));
    for (size_t i = 0; i < n; ++i) data<uint16_t>(y)[i] = round_to_half(to, data<double>(wide)[i]);
    return y;
  }
  cast_numbers(x, y);
  return y;
}

Result<void> cast(const Call& call) {
  call.y.bytes = convert(*call.x[0], call.y.dtype).bytes;
  return {};
}

Result<void> elementwise(const Call& call) {
  if (call.node.op == Op::mod && call.attributes<ModAttributes>().truncate)
    scalar_rule<scalar::truncated_mod>(call);
  else kRules[static_cast<size_t>(call.node.op)](call);
  return {};
}

}  // namespace weft::graph::evaluators
