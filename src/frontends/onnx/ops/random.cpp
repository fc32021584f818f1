// RandomUniform, RandomNormal, Bernoulli, Multinomial and Dropout in training mode.
//
// Numbers come from a counter: element i of a node is a function of i and of a key, so they are elementwise
// operations on iota like any other, in any order and on any number of lanes. The function is Threefry-2x32
// with 20 rounds (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011), which
// has additions, rotations and exclusive or only. The key is the bits of the attribute `seed`, or, without
// one, the input kSeedInput of the graph and the node's number.
#include <fmt/format.h>

#include <bit>

#include "frontends/onnx/ops/converters.hpp"
#include "frontends/onnx/ops/term.hpp"

namespace weft::onnx {
namespace {

constexpr double kTwoPi = 6.283185307179586;

Term rotated(const Term& x, int by) {
  const Term left(Op::shift_left, {x, by}), right(Op::shift_right, {x, 32 - by});
  return {Op::bit_or, {left, right}};
}

Term exclusive_or(const Term& a, const Term& b) { return {Op::bit_xor, {a, b}}; }

struct Pair {
  ValueId first = kNoValue, second = kNoValue;
};

/// Two words (u32[n]) of each counter 0 … n - 1.
Pair random_words(Call& c, const expr::Expr& n, const Pair& key) {
  constexpr int kRotations[] = {13, 15, 26, 6, 17, 29, 16, 24};
  constexpr double kParity = 0x1BD11BDA;
  const Term third = emit(c, exclusive_or(exclusive_or(key.first, key.second), kParity));
  const Term keys[] = {key.first, key.second, third};
  // The counter's first word is the index, its second is 0.
  Term a = convert(iota({n}, 0), DType::u32) + keys[0], b = keys[1];
  for (int round = 0; round < 20; ++round) {
    a = a + b;
    b = exclusive_or(rotated(b, kRotations[round % 8]), a);
    if (round % 4 != 3) continue;
    const int step = round / 4 + 1;
    a = a + keys[step % 3];
    b = b + keys[(step + 1) % 3] + step;
  }
  Pair words;
  words.first = emit(c, a);
  words.second = emit(c, b);
  return words;
}

/// The attribute is a float, but an integer of Dropout.
uint32_t seed_of(Call& c) {
  if (c.node().op_type == "Dropout") return static_cast<uint32_t>(c.integer("seed", 0));
  return std::bit_cast<uint32_t>(static_cast<float>(c.number("seed", 0)));
}

Pair key_of(Call& c) {
  const auto word = [&](uint32_t value) { return c.scalar(DType::u32, value); };
  Pair key;
  if (c.has_attribute("seed")) {
    key.first = word(seed_of(c));
    key.second = word(0);
  } else {
    key.first = emit(c, convert(c.random_seed(), DType::u32));
    key.second = word(static_cast<uint32_t>(c.next_random()) + 1);
  }
  return key;
}

/// The type that random numbers for results of a type are computed in.
DType computed(DType type) { return type == DType::f64 ? DType::f64 : DType::f32; }

/// In [0, 1), f32 with 24 bits or f64 with 53, of one counter each.
Term fraction(const Pair& words, DType type) {
  const Term high(Op::shift_right, {words.first, type == DType::f64 ? 5 : 8});
  if (type != DType::f64) return convert(high, type) * (1.0 / (1 << 24));
  const Term low(Op::shift_right, {words.second, 6});
  return (convert(high, type) * 67108864.0 + convert(low, type)) * (1.0 / 9007199254740992.0);
}

/// Of the shape; in [0, 1).
ValueId uniform(Call& c, const Dims& shape, DType type) {
  const Pair words = random_words(c, element_count(shape), key_of(c));
  return c.ok() ? reshape(c, emit(c, fraction(words, type)), shape) : kNoValue;
}

/// Normally distributed (Box and Muller 1958); each of its two words gives one uniform number.
ValueId normal(Call& c, const Dims& shape, DType type) {
  const Pair words = random_words(c, element_count(shape), key_of(c));
  const auto part = [&](ValueId word) {
    return convert(Term(Op::shift_right, {word, 8}), type) * (1.0 / (1 << 24));
  };
  const Term radius = sqrt(log(1.0 - part(words.first)) * -2.0);
  const ValueId flat = emit(c, radius * cos(part(words.second) * kTwoPi));
  return c.ok() ? reshape(c, flat, shape) : kNoValue;
}

/// The type that the attribute names, or what stands for its absence.
std::optional<DType> type_of(Call& c, DType fallback) {
  const auto type = c.has_attribute("dtype") ? dtype_of(static_cast<int32_t>(c.integer("dtype", 1)))
                                             : std::optional(fallback);
  if (!type) c.unsupported("weft has no element type for dtype");
  return type;
}

void random_numbers(Call& c, const Dims& shape, DType fallback, bool is_normal) {
  const auto type = type_of(c, fallback);
  const double low = c.number(is_normal ? "mean" : "low", 0),
               high = c.number(is_normal ? "scale" : "high", 1);
  if (!c.ok() || !check_extents(c, shape)) return;
  if (!is_float(*type)) return c.unsupported("random numbers that are no floats");
  const DType wide = computed(*type);
  const ValueId x = is_normal ? normal(c, shape, wide) : uniform(c, shape, wide);
  if (c.ok()) c.out(0, emit(c, convert(Term(x) * (is_normal ? high : high - low) + low, *type)));
}

Dims shape_attribute(Call& c) {
  const Ints shape = c.integers("shape");
  if (!c.has_attribute("shape")) c.invalid("the attribute \"shape\" is missing");
  return shape;
}

}  // namespace

void convert_random_uniform(Call& c) { random_numbers(c, shape_attribute(c), DType::f32, false); }
void convert_random_normal(Call& c) { random_numbers(c, shape_attribute(c), DType::f32, true); }

void convert_random_uniform_like(Call& c) {
  const ValueId x = c.in(0);
  random_numbers(c, c.dims(x), c.dtype(x), false);
}
void convert_random_normal_like(Call& c) {
  const ValueId x = c.in(0);
  random_numbers(c, c.dims(x), c.dtype(x), true);
}

/// 1 with the probability that the operand gives.
void convert_bernoulli(Call& c) {
  const ValueId x = c.in(0);
  const auto type = type_of(c, c.dtype(x));
  if (!c.ok()) return;
  const ValueId u = uniform(c, c.dims(x), computed(c.dtype(x)));
  if (c.ok()) c.out(0, emit(c, convert(less(u, convert(x, c.dtype(u))), *type)));
}

/// sample_size classes for each row of unnormalised logarithms of probabilities: the number of classes whose
/// cumulative probability a random number is not below.
void convert_multinomial(Call& c) {
  const ValueId x = c.in(0);
  const auto type = type_of(c, DType::i32);
  const int64_t samples = c.integer("sample_size", 1);
  if (!c.ok()) return;
  if (c.rank(x) != 2 || samples < 1 || samples > kMaxExtent)
    return c.invalid("it has no [batch, classes] or no samples");
  const expr::Expr batch = c.dims(x)[0], classes = c.dims(x)[1];
  const DType wide = computed(c.dtype(x));
  const ValueId shares = softmax(c, cast(c, x, wide), {1}, false);
  const ValueId sums = reshape(c, running_sum(c, shares, 1), {batch, 1, classes});
  const ValueId u = uniform(c, {batch, samples, 1}, wide);
  if (!c.ok()) return;
  const ValueId above = emit(c, convert(less_equal(sums, u), DType::i32));
  const ValueId index = reduce(c, above, ReduceKind::sum, {2}, false);
  // The last sum may be rounded below 1.
  c.out(0, emit(c, convert(minimum(index, number(c, classes - 1)), *type)));
}

void random_dropout(Call& c, ValueId x, ValueId ratio) {
  if (!c.ok()) return;
  const DType wide = computed(c.dtype(x));
  const ValueId u = uniform(c, c.dims(x), wide);
  const ValueId drop = reshape(c, ratio, {});
  if (!c.ok()) return;
  const ValueId kept = emit(c, less_equal(convert(drop, wide), u));
  const Term scaled = convert(x, wide) / (1.0 - convert(drop, wide));
  c.out(0, emit(c, convert(select(kept, scaled, 0.0), c.dtype(x))));
  c.out(1, kept);
}

}  // namespace weft::onnx
